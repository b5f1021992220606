"""What keys are called until their owners call them otherwise: by the model of their authenticator (AAGUID)."""

from collections.abc import Sequence
from typing import Final

_ICLOUD: Final = "iCloud Keychain"
_WINDOWS: Final = "Windows Hello"
_YUBIKEY: Final = "YubiKey 5"
_MODELS: Final = {
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": _ICLOUD,
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": _ICLOUD,
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": _WINDOWS,
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": _WINDOWS,
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": _WINDOWS,
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-40d8-a3d8-11116f7e8349": "Bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "cb69481e-8ff7-4039-93ec-0a2729a154a8": _YUBIKEY,
    "ee882879-721c-4913-9775-3dfcce97072a": _YUBIKEY,
    "fa2b99dc-9e39-4257-8f92-4a30d23c4118": _YUBIKEY,
    "2fc0579f-8113-47ea-b116-bb5a8db9202a": _YUBIKEY,
}


def name_of(aaguid: str, transports: Sequence[str]) -> str:
    """The model's name; where it is not known, what kind of thing it is."""
    return _MODELS.get(aaguid) or ("This device" if "internal" in transports else "Security key")
