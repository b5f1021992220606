"""What administrators want of keys of WebAuthn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Preference = Literal["discouraged", "preferred", "required"]
Attachment = Literal["platform", "cross-platform"]


@dataclass(frozen=True)
class KeySettings:
    """The settings.

    Attributes:
        verification: Whether authenticators have to know who uses them, as keys are made.
        verification_for_use: The same, as they are used; ``None``: required where it was as they are made.
        resident_key: Whether keys are to be found without a user name.
        attachment: ``platform`` or ``cross-platform``; ``None``: either.
        synced: Keys that leave their device are taken, too.
    """

    verification: Preference = "preferred"
    verification_for_use: Preference | None = None
    resident_key: Preference = "preferred"
    attachment: Attachment | None = None
    synced: bool = True

    @property
    def of_use(self) -> Preference:
        """Whether authenticators have to know who uses them, as keys are used."""
        return self.verification_for_use or ("required" if self.verification == "required" else "preferred")


_ATTACHMENTS: Final[Mapping[str, Attachment]] = {"BUILT_IN": "platform", "ROAMING": "cross-platform"}
_PREFERENCES: Final[Mapping[str, Preference]] = {
    "DISCOURAGED": "discouraged",
    "PREFERRED": "preferred",
    "REQUIRED": "required",
}


def key_settings(method: Mapping[str, Any]) -> KeySettings:
    """The settings as the management API knows them; what was not set is as it is at first."""
    first = KeySettings()
    return KeySettings(
        verification=_PREFERENCES.get(method.get("userVerification", ""), first.verification),
        verification_for_use=_PREFERENCES.get(method.get("userVerificationForVerify", "")),
        resident_key=_PREFERENCES.get(method.get("residentKeyRequirement", ""), first.resident_key),
        attachment=_ATTACHMENTS.get(method.get("attachment", "ANY")),
        synced=method.get("allowSyncablePasskeys", True) is not False,
    )
