"""What an authentication request says (OpenID CIBA Core 1.0 §7.1): as a form, or signed by its client."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import scopes
from ..client_auth.assertions import MAX_LIFETIME
from ..errors import OAuthError
from ..form import RESOURCE, Form

#: Seconds.
LIFETIME: Final = 300
#: Of the request itself: what a signed request says in its object, and nowhere else. The second name of the lifetime is
#: the compatible product's.
PARAMETERS: Final = (
    "scope",
    "login_hint",
    "id_token_hint",
    "login_hint_token",
    "binding_message",
    "acr_values",
    "user_code",
    "requested_expiry",
    "request_expiry",
    "client_notification_token",
    "authorization_details",
)
_EXPIRY: Final = ("requested_expiry", "request_expiry")
#: Members that a signed request has (§7.1.1).
SIGNED: Final = ("iss", "aud", "exp", "iat", "nbf", "jti")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_LONGEST_MESSAGE: Final = 64
#: Characters of a login, and a few more: what is longer is nobody's.
_LONGEST_HINT: Final = 256
_MOST_CLASSES: Final = 10


@dataclass(frozen=True)
class Asked:
    """A request that is well-formed.

    Attributes:
        login_hint, id_token_hint: One of these.
        scopes: In its order, ``openid`` among them.
        classes: ``acr_values``, in its order.
        lifetime: Seconds.
    """

    login_hint: str | None
    id_token_hint: str | None
    scopes: tuple[str, ...]
    binding_message: str
    classes: tuple[str, ...]
    lifetime: int
    resources: tuple[str, ...]


def in_object(payload: Mapping[str, Any], outside: Form) -> Form:
    """The parameters of a signed request.

    Raises:
        OAuthError: A member is missing or of another kind, or a parameter stands beside the object.
    """
    if missing := [name for name in SIGNED if payload.get(name) is None]:
        raise OAuthError("request_object_invalid", reason=f"without {missing[0]}")
    # FAPI CIBA §5.2.2; each of the two was read as a time before.
    if payload["exp"] - payload["nbf"] > MAX_LIFETIME:
        raise OAuthError("request_object_jwt_expiration_too_long")
    beside = [name for name in PARAMETERS if name in outside.values] + [RESOURCE] * bool(outside.resources)
    if beside:
        raise OAuthError("ciba_request_outside_of_object", beside[0])
    values: dict[str, str] = {}
    for name in PARAMETERS:
        value = payload.get(name)
        if name in _EXPIRY and type(value) is int:
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise OAuthError("request_object_invalid", reason=f"{name} is of the wrong kind")
        if value:
            values[name] = value
    named = payload.get(RESOURCE, [])
    named = named if isinstance(named, list) else [named]
    if not all(isinstance(uri, str) for uri in named):
        raise OAuthError("request_object_invalid", reason="resource is of the wrong kind")
    return Form(values, tuple(filter(None, named)))


def asked(form: Form) -> Asked:
    """The request that parameters make. Raises OAuthError: they make none."""
    values = form.values
    if "authorization_details" in values:  # a limit that is dropped is worse than an error (RFC 9396)
        raise OAuthError("authorization_details_not_supported")
    if "login_hint_token" in values:
        raise OAuthError("ciba_request_login_hint_token")
    if ("login_hint" in values) == ("id_token_hint" in values):
        raise OAuthError("ciba_request_invalid_hint")
    names = scopes.requested(values.get("scope", ""))
    check_scopes(names)
    classes = (values.get("acr_values") or "").split()
    return Asked(
        login_hint=values.get("login_hint", "")[:_LONGEST_HINT] or None,
        id_token_hint=values.get("id_token_hint"),
        scopes=names,
        binding_message=_message(values.get("binding_message")),
        classes=tuple(dict.fromkeys(classes))[:_MOST_CLASSES],
        lifetime=_lifetime(values),
        resources=form.resources,
    )


def check_scopes(names: Sequence[str]) -> None:
    """Who asks for an authentication names ``openid``. Raises OAuthError."""
    if not names:
        raise OAuthError("ciba_request_missing_scope")
    if "openid" not in names:
        raise OAuthError("ciba_request_invalid_scope")


def _message(text: str | None) -> str:
    """What the user compares: no marks that nobody sees, or that turn the text around."""
    if text is None:
        return ""
    if len(text) > _LONGEST_MESSAGE or not text.isprintable() or not text.strip():
        raise OAuthError("ciba_request_invalid_binding_message")
    return text


def _lifetime(values: Mapping[str, str]) -> int:
    given = [name for name in _EXPIRY if name in values]
    if not given:
        return LIFETIME
    text = values[given[0]]
    lifetime = int(text) if _NUMBER.fullmatch(text) else 0
    if not 1 <= lifetime <= LIFETIME or any(values[name] != text for name in given):
        raise OAuthError("ciba_request_invalid_expiry", given[0])
    return lifetime
