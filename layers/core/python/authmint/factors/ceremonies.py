"""What is checked of the answers of keys (WebAuthn §7.1, §7.2), in the order of the standard. Pure.

CBOR, COSE and the structures are read by ``fido2``; every condition stands here.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from ..storage.factors import Credential
from .answers import AssertionAnswer, RegistrationAnswer, binary, unpadded
from .refusals import WrongAnswer
from .relying_party import RelyingParty

#: COSE algorithms (RFC 9053), the one that is liked best first.
ES256: Final = -7
EDDSA: Final = -8
RS256: Final = -257
ALGORITHMS: Final = (ES256, EDDSA, RS256)
#: WebAuthn §7.1 step 25.
LONGEST_ID: Final = 1_023
_SHORTEST_RSA: Final = 2_048
_LONGEST_RSA: Final = 8_192
#: Bytes of a key, whatever else it says beside what it is.
_LONGEST_KEY: Final = 2_048
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})

# COSE_Key (RFC 9052 §7, RFC 9053 §7.1): labels and values.
_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_N, _E = -1, -2
_OKP, _EC2, _RSA = 1, 2, 3
_P256, _ED25519 = 1, 6


@dataclass(frozen=True)
class Asserted:
    """What an assertion says beside that it is right."""

    sign_count: int
    backed_up: bool
    verified: bool


def challenge_of(client_data: bytes) -> bytes:
    """The challenge that an answer is to. Raises WrongAnswer: nobody could read it."""
    with _malformed():
        return bytes(CollectedClientData(client_data).challenge)


def registered(answer: RegistrationAnswer, party: RelyingParty, *, handle: str, verify_user: bool) -> Credential:
    """The credential that a registration makes. Its challenge was looked at already.

    Args:
        answer: Of the browser.
        party: Where it may come from.
        handle: What the authenticator was told to call the user.
        verify_user: The authenticator has to know who uses it.

    Raises:
        WrongAnswer: A condition does not hold; the reason names it.
    """
    with _malformed():
        client_data = CollectedClientData(answer.client_data)
        rp_id = party.id_at(_origin(client_data, "webauthn.create"))
        # Its format and its statement say nothing here: none is asked for, and no maker's root is trusted.
        data = AttestationObject(answer.attestation).auth_data
        flags = _flags(data, rp_id, verify_user=verify_user)
        made = data.credential_data
        if made is None:
            raise WrongAnswer("NO_CREDENTIAL")
        if not 0 < len(made.credential_id) <= LONGEST_ID:
            raise WrongAnswer("CREDENTIAL_ID")
        _check_key(made.public_key)
        if len(cbor.encode(made.public_key)) > _LONGEST_KEY:
            raise WrongAnswer("KEY")
        return _credential(answer, made, flags, rp_id=rp_id or "", handle=handle, sign_count=data.counter)


def asserted(answer: AssertionAnswer, credential: Credential, party: RelyingParty, *, verify_user: bool) -> Asserted:
    """What an assertion by a credential says. Challenge and counter are looked at elsewhere.

    Raises:
        WrongAnswer: A condition does not hold; the reason names it.
    """
    with _malformed():
        client_data = CollectedClientData(answer.client_data)
        origin = _origin(client_data, "webauthn.get")
        if answer.user_handle is not None and answer.user_handle != credential.handle:
            raise WrongAnswer("USER_HANDLE")
        if not party.takes(origin, credential.rp_id):
            raise WrongAnswer("ORIGIN")
        data = AuthenticatorData(answer.authenticator_data)
        flags = _flags(data, credential.rp_id, verify_user=verify_user)
        if flags.synced != credential.synced:
            raise WrongAnswer("BACKUP_ELIGIBILITY")
        if not _signed(credential, answer, client_data):
            raise WrongAnswer("SIGNATURE")
        return Asserted(data.counter, flags.backed_up, flags.verified)


@dataclass(frozen=True)
class _Flags:
    synced: bool
    backed_up: bool
    verified: bool


def _origin(client_data: CollectedClientData, ceremony: str) -> str:
    if client_data.type != ceremony:
        raise WrongAnswer("TYPE")
    said = client_data._data
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise WrongAnswer("CROSS_ORIGIN")
    return str(client_data.origin)


def _flags(data: AuthenticatorData, rp_id: str | None, *, verify_user: bool) -> _Flags:
    if rp_id is None:
        raise WrongAnswer("ORIGIN")
    if not hmac.compare_digest(bytes(data.rp_id_hash), hashlib.sha256(rp_id.encode()).digest()):
        raise WrongAnswer("RP_ID")
    if not data.is_user_present():
        raise WrongAnswer("USER_PRESENCE")
    if verify_user and not data.is_user_verified():
        raise WrongAnswer("USER_VERIFICATION")
    if data.is_backed_up() and not data.is_backup_eligible():
        raise WrongAnswer("BACKUP_STATE")
    return _Flags(data.is_backup_eligible(), data.is_backed_up(), data.is_user_verified())


def _credential(
    answer: RegistrationAnswer,
    made: AttestedCredentialData,
    flags: _Flags,
    *,
    rp_id: str,
    handle: str,
    sign_count: int,
) -> Credential:
    told = answer.extensions.get("credProps")
    return Credential(
        id=unpadded(bytes(made.credential_id)),
        public_key=unpadded(cbor.encode(made.public_key)),
        rp_id=rp_id,
        handle=handle,
        sign_count=sign_count,
        aaguid=str(made.aaguid),
        transports=tuple(sorted(_TRANSPORTS.intersection(answer.transports))),
        synced=flags.synced,
        backed_up=flags.backed_up,
        verified=flags.verified,
        discoverable=isinstance(told, dict) and told.get("rk") is True,
    )


def _signed(credential: Credential, answer: AssertionAnswer, client_data: CollectedClientData) -> bool:
    key = CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(binary(credential.public_key))))
    try:
        key.verify(answer.authenticator_data + client_data.hash, answer.signature)
    except InvalidSignature:
        return False
    return True


def _check_key(key: CoseKey) -> None:
    """That a public key is one, of an algorithm that was offered."""
    match key.get(_ALG):
        case -7:
            good = (key.get(_KTY), key.get(_CRV)) == (_EC2, _P256) and _on_p256(key.get(_X), key.get(_Y))
        case -8:
            good = (key.get(_KTY), key.get(_CRV)) == (_OKP, _ED25519) and _on_edwards25519(key.get(_X))
        case -257:
            good = key.get(_KTY) == _RSA and _good_rsa(key.get(_N), key.get(_E))
        case _:
            raise WrongAnswer("ALGORITHM")
    if not good:
        raise WrongAnswer("KEY")


def _on_p256(x: Any, y: Any) -> bool:
    if not (isinstance(x, bytes) and isinstance(y, bytes) and len(x) == len(y) == 32):
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    except ValueError:
        return False
    return True


_FIELD: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _FIELD) % _FIELD


def _on_edwards25519(encoded: Any) -> bool:
    """RFC 8032 §5.1.3. ``cryptography`` takes any 32 bytes for a key."""
    if not (isinstance(encoded, bytes) and len(encoded) == 32):
        return False
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _FIELD) % _FIELD
    # A point with x = 0 is of small order: anybody can sign for it.
    return y < _FIELD and square != 0 and pow(square, (_FIELD - 1) // 2, _FIELD) == 1


def _good_rsa(n: Any, e: Any) -> bool:
    if not (isinstance(n, bytes) and isinstance(e, bytes)):
        return False
    bits, exponent = int.from_bytes(n, "big").bit_length(), int.from_bytes(e, "big")
    return _SHORTEST_RSA <= bits <= _LONGEST_RSA and 3 <= exponent < 2**32 and exponent % 2 == 1


@contextmanager
def _malformed() -> Iterator[None]:
    """What cannot be read at all is wrong, too: its bytes are anybody's."""
    try:
        yield
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
        NotImplementedError,
        struct.error,
        UnsupportedAlgorithm,
    ):
        raise WrongAnswer("MALFORMED") from None
