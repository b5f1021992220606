"""Settings of clients, apps and servers that are not built yet.

Each stands here with the one value that says what is true today. Another value is refused, with the member named: an
administrator who asks for more safety must not get less without a word. A new setting starts here, and leaves when it
is built.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..http.fields import Fields

#: Of ``settings.oauthClient``, and of registered clients (RFC 7591 §2).
CLIENT: Final[Mapping[str, Any]] = {
    "idp_initiated_login": {"mode": "DISABLED", "default_scope": []},
    "participate_slo": False,
    "frontchannel_logout_uri": None,
    "frontchannel_logout_session_required": False,
    "backchannel_custom_authenticator_id": None,
    "backchannel_token_delivery_mode": "poll",
    "backchannel_client_notification_endpoint": None,
    "backchannel_user_code_parameter": False,
    "authorization_encrypted_response_alg": None,
    "default_acr_values": [],
    "default_max_age": None,
    "id_token_encrypted_response_alg": None,
    "id_token_encrypted_response_enc": None,
    "id_token_signed_response_alg": "RS256",
    "network": {"connection": "ANYWHERE", "include": [], "exclude": []},
    "request_object_encryption_alg": None,
    "require_auth_time": False,
    "sector_identifier_uri": None,
    "software_statement": None,
    "subject_type": "public",
    "userinfo_encrypted_response_alg": None,
}
#: Those that an app always shows.
SHOWN: Final = ("idp_initiated_login", "participate_slo")

#: Of an app itself.
APP: Final[Mapping[str, Any]] = {"licensing": {"seatCount": 0}, "expressConfiguration": None}
#: Of ``settings`` of an app.
APP_SETTINGS: Final[Mapping[str, Any]] = {
    "app": {},
    "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}},
    "manualProvisioning": False,
    "identityStoreId": None,
    "inlineHookId": None,
}
#: Of ``credentials`` of an app: an app calls its users by their login.
APP_CREDENTIALS: Final[Mapping[str, Any]] = {"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"}}

#: Of an authorization server.
SERVER: Final[Mapping[str, Any]] = {"accessTokenEncryptedResponseAlgorithm": None, "jwks": None, "jwks_uri": None}


def refuse_unbuilt(fields: Fields, fixed: Mapping[str, Any]) -> None:
    """Note each member that asks for what is not built."""
    for name, value in fixed.items():
        if fields.has(name) and not _same(fields.raw(name), value):
            fields.problem(name, _text(value))


def refuse_unknown(fields: Fields, known: frozenset[str]) -> None:
    """Note each member that nobody reads: for objects whose every member narrows what is allowed."""
    for name in fields.names():
        if name not in known and fields.raw(name) not in (None, {}, []):
            fields.problem(name[:100], "This condition is not supported.")


def _same(sent: Any, fixed: Any) -> bool:
    """Whether a value says nothing but the fixed one. Nothing, empty or left out is the fixed one too."""
    if isinstance(fixed, Mapping):
        return isinstance(sent, Mapping) and all(_same(value, fixed.get(name)) for name, value in sent.items())
    if sent is None or sent in ("", [], {}):
        return True
    return type(sent) is type(fixed) and bool(sent == fixed)


def _text(fixed: Any) -> str:
    if isinstance(fixed, bool | str):
        shown = f"set it to '{str(fixed).lower() if isinstance(fixed, bool) else fixed}'"
        return f"This is not supported: leave it out or {shown}."
    return "This is not supported: leave it out."
