"""How APIs spell factors: their types, what they show of them, and how answers come in."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ..storage.factors import Factor, FactorKind
from .answers import AssertionAnswer, RegistrationAnswer, binary
from .refusals import WrongAnswer

_TYPES: Final[Mapping[FactorKind, str]] = {
    "totp": "token:software:totp",
    "webauthn": "webauthn",
    "email": "email",
    "question": "question",
}
_KINDS: Final[Mapping[tuple[str, str], FactorKind]] = {
    ("token:software:totp", "GOOGLE"): "totp",
    ("token:software:totp", "OKTA"): "totp",
    ("webauthn", "FIDO"): "webauthn",
    ("email", "OKTA"): "email",
    ("question", "OKTA"): "question",
}
#: Bytes: an attestation with certificates in it is longer than anything else that comes.
_LONGEST: Final = 32_768


def type_of(kind: FactorKind) -> str:
    """``factorType``."""
    return _TYPES[kind]


def kind_of(factor_type: Any, provider: Any) -> FactorKind | None:
    """The kind of a ``factorType`` of a ``provider``; ``None``: there is none here."""
    return _KINDS.get((factor_type, provider)) if isinstance(factor_type, str) and isinstance(provider, str) else None


def profile_of(factor: Factor, login: str) -> dict[str, Any]:
    """What is told of a factor. Of whose it is: ``login``."""
    match factor.kind:
        case "totp":
            return {"credentialId": login}
        case "email":
            return {"email": factor.address}
        case "webauthn":
            if factor.credential is None:
                return {}
            return {"credentialId": factor.credential.id, "authenticatorName": factor.name}
        case "question":
            return {"question": factor.question}


def masked(address: str) -> str:
    """An address that its owner recognises: ``a...1@example.com``."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}...{local[-1:]}{at}{domain}"


def assertion_of(members: Mapping[str, Any]) -> AssertionAnswer:
    """What ``navigator.credentials.get`` gave, as SDKs send it. Raises WrongAnswer: it is none."""
    credential_id, handle = members.get("credentialId"), members.get("userHandle")
    return AssertionAnswer(
        client_data=_bytes(members, "clientData"),
        authenticator_data=_bytes(members, "authenticatorData"),
        signature=_bytes(members, "signatureData"),
        credential_id=credential_id if isinstance(credential_id, str) and credential_id else None,
        user_handle=handle if isinstance(handle, str) and handle else None,
    )


def registration_of(members: Mapping[str, Any]) -> RegistrationAnswer:
    """What ``navigator.credentials.create`` gave, as SDKs send it: some members are texts of JSON.

    Raises:
        WrongAnswer: It is none.
    """
    transports, extensions = _json(members, "transports"), _json(members, "clientExtensions")
    return RegistrationAnswer(
        client_data=_bytes(members, "clientData"),
        attestation=_bytes(members, "attestation"),
        transports=tuple(t for t in transports if isinstance(t, str))[:8] if isinstance(transports, list) else (),
        extensions=extensions if isinstance(extensions, dict) else {},
    )


def _bytes(members: Mapping[str, Any], name: str) -> bytes:
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise WrongAnswer(f"no {name}")
    return binary(value)


def _json(members: Mapping[str, Any], name: str) -> Any:
    value = members.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
