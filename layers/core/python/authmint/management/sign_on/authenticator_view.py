"""What administrators see of authenticators (docs/protocol.md §32.8), and what they may set."""

from collections.abc import Mapping
from typing import Any, Final

from ...clock import timestamp
from ...storage.authenticators import Authenticator, AuthenticatorKey
from ..http.call import Call, lifecycle, link

PATH: Final = "/api/v1/authenticators"
TYPES: Final[Mapping[AuthenticatorKey, str]] = {
    "okta_email": "email",
    "google_otp": "app",
    "okta_password": "password",
    "webauthn": "security_key",
    "security_question": "security_question",
}
METHODS: Final[Mapping[AuthenticatorKey, str]] = {
    "okta_email": "email",
    "google_otp": "otp",
    "okta_password": "password",
    "webauthn": "webauthn",
    "security_question": "security_question",
}
_FIRST_METHOD: Final = {"userVerification": "PREFERRED", "attachment": "ANY"}


def authenticator_json(one: Authenticator, call: Call) -> dict[str, Any]:
    """One authenticator, its members in the order of recorded answers."""
    href = call.url(f"{PATH}/{one.id}")
    shown: dict[str, Any] = {
        "type": TYPES[one.key],
        "id": one.id,
        "key": one.key,
        "status": one.status,
        "name": one.name,
        "created": timestamp(one.created_at),
        "lastUpdated": timestamp(one.updated_at),
    }
    if one.settings is not None:
        shown["settings"] = dict(one.settings)
    switch = {} if one.key == "okta_password" else lifecycle(href, one.status)
    shown["_links"] = {"self": link(href, "GET", "PUT"), **switch, "methods": link(f"{href}/methods", "GET")}
    return shown


def method_json(one: Authenticator, call: Call) -> dict[str, Any]:
    """The one method that an authenticator has."""
    method = METHODS[one.key]
    shown: dict[str, Any] = {"type": method, "status": one.status}
    if one.method is not None:
        shown["settings"] = dict(one.method) or _FIRST_METHOD
    return shown | {"_links": {"self": link(call.url(f"{PATH}/{one.id}/methods/{method}"), "GET", "PUT")}}
