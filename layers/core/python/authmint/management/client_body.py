"""What a client may be (contract §13, §14.3): one reading for both views of it."""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from ..ids import Ids
from ..storage.clients import Client
from .client_keys import read_jwks
from .client_secrets import SECRET_METHODS, check_secret
from .errors import ApiError
from .fields import Fields

AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
_SAML: Final = "urn:ietf:params:oauth:grant-type:saml2-bearer"
_DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
#: §13: the grant types that each kind of application may have.
GRANTS: Final = {
    "web": (
        "authorization_code", "implicit", "refresh_token", "client_credentials", _SAML, _EXCHANGE,
        "urn:openid:params:grant-type:ciba",
    ),
    "native": ("authorization_code", "implicit", "password", "refresh_token", _SAML, _DEVICE, _EXCHANGE),
    "browser": ("authorization_code", "implicit", "refresh_token", _SAML, _EXCHANGE),
    "service": ("client_credentials", _SAML, _EXCHANGE),
}  # fmt: skip
_REDIRECTING: Final = frozenset({"authorization_code", "implicit"})
#: Kept for administrators and their tools; the protocol does not read them.
KEPT_URIS: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "initiate_login_uri")
#: Seconds for which a rotated refresh token may be used again (runtime contract §5.3).
DEFAULT_LEEWAY, MOST_LEEWAY = 30, 60
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9$\-_.+!*'(),]{6,100}")


def read_client(
    base: Client, settings: Fields, credentials: Fields, ids: Ids, *, now: int, new: bool, consent: str
) -> Client:
    """The client that a body describes, without its secrets.

    Args:
        base: Identity, times, status, and keys known so far.
        settings: Members of ``settings.oauthClient``.
        credentials: Members of ``credentials.oauthClient``; the same object in dynamic registration.
        ids: For new keys.
        now: Unix seconds.
        new: Whether the client is being made.
        consent: Default consent method of this view.

    Raises:
        ApiError: E0000001 with every field that is wrong; E0000078 for what cannot change.
    """
    kind = settings.choice("application_type", tuple(GRANTS), "web" if new else base.application_type)
    if not new and kind != base.application_type:
        raise ApiError("E0000078", "application_type")
    default_grant = "client_credentials" if kind == "service" else "authorization_code"
    grants = settings.texts("grant_types") or (default_grant,)
    default_response = () if kind == "service" else ("code",)
    responses = settings.texts("response_types")
    method = credentials.choice(
        "token_endpoint_auth_method", AUTH_METHODS, "client_secret_basic" if new else base.auth_method
    )
    refresh = settings.below("refresh_token")
    rotation = refresh.choice("rotation_type", ("ROTATE", "STATIC"), "ROTATE" if kind == "browser" else "STATIC")
    leeway = refresh.number("leeway")
    if leeway is not None and not 0 <= leeway <= MOST_LEEWAY:
        refresh.problem("leeway", f"must be between 0 and {MOST_LEEWAY}.")
    client = replace(
        base,
        rotates_refresh_tokens=rotation == "ROTATE",
        refresh_leeway=DEFAULT_LEEWAY if leeway is None else leeway,
        application_type=kind,
        grant_types=grants,
        response_types=default_response if responses is None else responses,
        redirect_uris=settings.texts("redirect_uris") or (),
        post_logout_redirect_uris=settings.texts("post_logout_redirect_uris") or (),
        auth_method=method,
        pkce_required=credentials.flag("pkce_required", default=kind in {"browser", "native"} or method == "none"),
        consent_method=settings.choice("consent_method", ("TRUSTED", "REQUIRED"), consent),
        issuer_mode=settings.choice("issuer_mode", ("ORG_URL", "CUSTOM_URL", "DYNAMIC"), "ORG_URL"),
        jwks_uri=settings.text("jwks_uri", longest=1_024),
        settings={name: settings.text(name, longest=1_024) for name in KEPT_URIS if settings.has(name)},
    )
    _check_grants(client, settings)
    for name, uris in (
        ("redirect_uris", client.redirect_uris),
        ("post_logout_redirect_uris", client.post_logout_redirect_uris),
    ):
        if any(not is_redirect_uri(uri) for uri in uris):
            settings.problem(name, "Each must be an absolute URI without a fragment.")
    if _REDIRECTING & set(grants) and not client.redirect_uris:
        settings.problem("redirect_uris", "At least one redirect URI is needed for these grant types.")
    if kind == "browser" and method in SECRET_METHODS:
        credentials.problem("token_endpoint_auth_method", "A browser application cannot keep a secret: use 'none'.")
    if method == "none" and not client.pkce_required:
        credentials.problem("pkce_required", "must be true when 'token_endpoint_auth_method' is 'none'.")
    client = _with_keys(client, settings, ids, now)
    settings.check()
    credentials.check()
    secret = credentials.text("client_secret", longest=10_000)
    if secret is not None and (new or secret):
        check_secret(secret, method)
    return client


def _check_grants(client: Client, settings: Fields) -> None:
    allowed = GRANTS[client.application_type]
    if unfit := [grant for grant in client.grant_types if grant not in allowed]:
        settings.problem(
            "grant_types", f"'{unfit[0][:100]}' is not allowed for application type '{client.application_type}'."
        )
    if client.application_type in {"web", "native"} and "authorization_code" not in client.grant_types:
        machine_only = set(client.grant_types) <= {"client_credentials", _DEVICE, "password", "implicit"}
        if not machine_only:
            settings.problem("grant_types", "'authorization_code' is mandatory for this application type.")
    responses = set(client.response_types)
    if responses - {"code", "token", "id_token"}:
        settings.problem("response_types", "must be of [code, token, id_token].")
    if "authorization_code" in client.grant_types and "code" not in responses:
        settings.problem("response_types", "must contain 'code' with the grant type 'authorization_code'.")
    if "implicit" in client.grant_types and not responses & {"token", "id_token"}:
        settings.problem("response_types", "must contain 'token' or 'id_token' with the grant type 'implicit'.")


def _with_keys(client: Client, settings: Fields, ids: Ids, now: int) -> Client:
    jwks = settings.raw("jwks")
    if client.jwks_uri is not None and jwks is not None:
        settings.problem("jwks", "''jwks'' and ''jwks_uri'' exclude each other.")
    if client.jwks_uri is not None and not _is_https(client.jwks_uri):
        settings.problem("jwks_uri", "must be an https URI.")
    keys = () if jwks is None else read_jwks(jwks, ids, client.keys, now)
    if client.auth_method == "private_key_jwt" and not keys and client.jwks_uri is None:
        settings.problem("jwks", "''jwks'' or ''jwks_uri'' is needed for 'private_key_jwt'.")
    return replace(client, keys=keys)


def is_redirect_uri(uri: str) -> bool:
    """Absolute, with a scheme that no browser runs, without a fragment (RFC 6749 §3.1.2)."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if not parts.scheme or "#" in uri or any(c.isspace() or not c.isprintable() for c in uri):
        return False
    if parts.scheme in {"javascript", "data", "vbscript", "file", "about", "blob"}:
        return False
    return bool(parts.netloc) if parts.scheme in {"http", "https"} else bool(parts.netloc or parts.path)


def _is_https(uri: str) -> bool:
    """Or plain http to this machine itself, which only the local stack fetches."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "127.0.0.1"))


def client_id_of(credentials: Fields) -> str | None:
    """The client id that a caller chose (§14.3), if it did."""
    chosen = credentials.text("client_id", longest=100)
    if chosen is not None and (not _CLIENT_ID.fullmatch(chosen) or chosen == "ALL_CLIENTS"):
        credentials.problem("client_id", "must be 6 to 100 characters of A-Za-z0-9$-_.+!*'(), and not 'ALL_CLIENTS'.")
    return chosen
