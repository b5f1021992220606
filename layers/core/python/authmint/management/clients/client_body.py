"""What a client may be: one reading for both views of it, as an app and as registered metadata (RFC 7591 §2)."""

import re
from dataclasses import replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from ...ids import Ids
from ...oauth.client_auth.methods import METHODS, TLS_METHODS
from ...oauth.form import CIBA
from ...storage.client_registration import ALL_CLIENTS, DYNAMIC_ID, class_of
from ...storage.clients import Client, WildcardRedirect
from ..http.errors import ApiError
from ..http.fields import Fields
from .abilities import PLAIN, Abilities
from .app_connections import check_connections, read_connections
from .certificate_settings import check_certificates, read_certificates
from .client_keys import read_jwks
from .client_secrets import SECRET_METHODS, check_secret
from .client_uris import check_redirect_uris, read_logout_uri, read_page_uri
from .fixed_settings import CLIENT, refuse_unbuilt
from .security_settings import check_answers, check_profile, check_signing, read_security
from .workload_bindings import check_bindings, read_bindings

#: Seconds for which requests of a client may share a token.
MOST_SHARED: Final = 600
Consent = Literal["TRUSTED", "REQUIRED"]
_SAML: Final = "urn:ietf:params:oauth:grant-type:saml2-bearer"
_DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
#: The grant types that each kind of application may have.
GRANTS: Final = {
    "web": (
        "authorization_code", "implicit", "refresh_token", "client_credentials", _SAML, _EXCHANGE, _JWT,
        CIBA,
    ),
    "native": ("authorization_code", "implicit", "password", "refresh_token", _SAML, _DEVICE, _EXCHANGE, _JWT),
    "browser": ("authorization_code", "implicit", "refresh_token", _SAML, _EXCHANGE),
    "service": ("client_credentials", _SAML, _EXCHANGE, _JWT),
}  # fmt: skip
#: An app of type service may name it, which leads nowhere: it has no redirect URI.
_APPS_ONLY: Final = {"service": ("implicit",)}
_REDIRECTING: Final = frozenset({"authorization_code", "implicit"})
#: Apps that have nothing else need no codes; registered clients always do.
_WITHOUT_CODE: Final = frozenset({"client_credentials", _DEVICE, "password", "implicit", _JWT, CIBA})
_PKCE_REQUIRED: Final = "''pkce_required'' must be set to true when ''token_endpoint_auth_method'' is ''none''"
#: Kept for administrators and their tools; the protocol does not read them.
KEPT_URIS: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "initiate_login_uri")
#: Seconds for which a rotated refresh token may be used again (docs/protocol.md §6.6).
DEFAULT_LEEWAY, MOST_LEEWAY = 30, 60
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9$\-_.+!*'(),]{6,100}")


def read_client(
    base: Client,
    settings: Fields,
    credentials: Fields,
    ids: Ids,
    *,
    base_url: str,
    now: int,
    new: bool,
    registered: bool = False,
    able: Abilities = PLAIN,
) -> Client:
    """The client that a body describes, without its secrets.

    Args:
        base: Identity, times, status, and keys known so far.
        settings: Members of ``settings.oauthClient``.
        credentials: Members of ``credentials.oauthClient``; the same object in dynamic registration.
        ids: For new keys.
        base_url: Of the deployment.
        now: Unix seconds.
        new: Whether the client is being made.
        able: What the deployment can do for clients.
        registered: Whether the body is registered metadata; an update leaves alone what that has no name for.

    Raises:
        ApiError: E0000001 with every field that is wrong; E0000078 for what cannot change.
    """
    kind = settings.choice("application_type", tuple(GRANTS), "web" if new else base.application_type)
    if not new and kind != base.application_type:
        raise ApiError("E0000078", "application_type")
    refuse_unbuilt(settings, CLIENT)
    client = replace(
        _with_types(replace(base, application_type=kind), settings),
        redirect_uris=settings.texts("redirect_uris") or (),
        post_logout_redirect_uris=settings.texts("post_logout_redirect_uris") or (),
        auth_method=credentials.choice(
            "token_endpoint_auth_method", (*METHODS, *TLS_METHODS), "client_secret_basic" if new else base.auth_method
        ),
        logout_uri=read_logout_uri(settings),
        logout_needs_session=settings.flag("backchannel_logout_session_required", default=False),
        jwks_uri=settings.text("jwks_uri", longest=1_024),
        settings=_with_uris(base, settings),
    )
    untouched = base if registered and not new else _defaults(client, consent="REQUIRED" if registered else "TRUSTED")
    client = _with_choices(client, untouched, settings, credentials)
    client = read_security(client, untouched, settings)
    client = replace(client, wildcard_redirect=_wildcards(base, settings, registered=registered))
    _check_grants(client, settings, registered=registered)
    _check_uris(client, settings)
    _check_method(client, credentials)
    client = _with_keys(read_bindings(client, settings), settings, ids, now)
    client = read_certificates(read_connections(client, settings), settings)
    check_bindings(client, settings, credentials)
    check_connections(client, settings)
    check_signing(client, settings)
    check_answers(client, settings, signed=able.signs_answers)
    check_certificates(client, settings, credentials, able=able.mutual_tls)
    check_profile(client, settings, credentials, base_url)
    settings.check()
    credentials.check()
    _check_secret(client, credentials, new=new)
    return client


def _with_uris(base: Client, settings: Fields) -> dict[str, Any]:
    others = {name: value for name, value in base.settings.items() if name not in KEPT_URIS}
    return others | {name: read_page_uri(settings, name) for name in KEPT_URIS if settings.has(name)}


def _check_secret(client: Client, credentials: Fields, *, new: bool) -> None:
    secret = credentials.text("client_secret", longest=10_000)
    if secret is not None and (new or secret):
        check_secret(secret, client.auth_method)


def _check_method(client: Client, credentials: Fields) -> None:
    if client.application_type == "browser" and client.auth_method in SECRET_METHODS:
        credentials.problem("token_endpoint_auth_method", "A browser application cannot keep a secret: use 'none'.")
    if client.auth_method == "none" and CIBA in client.grant_types:
        credentials.problem("token_endpoint_auth_method", f"'{CIBA}' is for clients that authenticate.")
    if client.auth_method == "none" and not client.pkce_required:
        credentials.problem("pkce_required", _PKCE_REQUIRED)


def _with_types(client: Client, settings: Fields) -> Client:
    """The client with its grant and response types."""
    service = client.application_type == "service"
    grants = settings.texts("grant_types") or ("client_credentials" if service else "authorization_code",)
    default = ("token",) if "implicit" in grants else ()
    responses = settings.texts("response_types")
    if responses is None:
        responses = default if service else ("code",)
    return replace(client, grant_types=grants, response_types=responses)


def _defaults(client: Client, *, consent: Consent) -> Client:
    """The client with what holds where a body says nothing."""
    return replace(
        client,
        rotates_refresh_tokens=client.application_type == "browser",
        refresh_leeway=DEFAULT_LEEWAY,
        pkce_required=client.application_type in {"browser", "native"},
        consent_method=consent,
        issuer_mode="DYNAMIC",
    )


def _with_choices(client: Client, default: Client, settings: Fields, credentials: Fields) -> Client:
    """The client with what a body may say and need not."""
    refresh = settings.below("refresh_token")
    rotation = refresh.choice(
        "rotation_type", ("ROTATE", "STATIC"), "ROTATE" if default.rotates_refresh_tokens else "STATIC"
    )
    leeway = refresh.number("leeway")
    if leeway is not None and not 0 <= leeway <= MOST_LEEWAY:
        refresh.problem("leeway", f"must be between 0 and {MOST_LEEWAY}.")
    pkce = default.pkce_required or client.auth_method == "none"
    shared = settings.number("token_sharing_seconds") or 0
    if not 0 <= shared <= MOST_SHARED or (shared and "client_credentials" not in client.grant_types):
        settings.problem(
            "token_sharing_seconds", f"must be from 0 to {MOST_SHARED}, of a client with client_credentials."
        )
    return replace(
        client,
        shares_seconds=shared,
        rotates_refresh_tokens=rotation == "ROTATE",
        refresh_leeway=default.refresh_leeway if leeway is None else leeway,
        pkce_required=credentials.flag("pkce_required", default=pkce),
        dpop_bound=settings.flag("dpop_bound_access_tokens", default=default.dpop_bound),
        consent_method=settings.choice("consent_method", ("TRUSTED", "REQUIRED"), default.consent_method),
        issuer_mode=settings.choice("issuer_mode", ("ORG_URL", "CUSTOM_URL", "DYNAMIC"), default.issuer_mode),
    )


def _check_uris(client: Client, settings: Fields) -> None:
    wildcards = client.wildcard_redirect == "SUBDOMAIN"
    check_redirect_uris(settings, "redirect_uris", client.redirect_uris, wildcards=wildcards)
    check_redirect_uris(settings, "post_logout_redirect_uris", client.post_logout_redirect_uris)
    redirecting = client.application_type != "service" and _REDIRECTING & set(client.grant_types)
    if redirecting and not client.redirect_uris:
        settings.problem("redirect_uris", "At least one redirect URI is needed for these grant types.")


def _wildcards(base: Client, settings: Fields, *, registered: bool) -> WildcardRedirect:
    """Whether redirect URIs may have wildcards: administrators of apps say so, registered metadata cannot."""
    known = base.wildcard_redirect if registered else "DISABLED"
    asked: WildcardRedirect = settings.choice("wildcard_redirect", ("DISABLED", "SUBDOMAIN"), known)
    if registered and asked != known:
        settings.problem("wildcard_redirect", "Only the settings of an app can say this.")
    return asked


def _check_grants(client: Client, settings: Fields, *, registered: bool) -> None:
    allowed = GRANTS[client.application_type]
    if not registered:
        allowed = (*allowed, *_APPS_ONLY.get(client.application_type, ()))
    if unfit := [grant for grant in client.grant_types if grant not in allowed]:
        settings.problem(
            "grant_types", f"'{unfit[0][:100]}' is not allowed for application type '{client.application_type}'."
        )
    codeless = not registered and set(client.grant_types) <= _WITHOUT_CODE
    if client.application_type in {"web", "native"} and "authorization_code" not in client.grant_types and not codeless:
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
    if client.jwks_uri is not None and not _is_fetchable(client.jwks_uri):
        settings.problem("jwks_uri", "must be an https URI.")
    keys = () if jwks is None else read_jwks(jwks, ids, client.keys, now)
    if client.auth_method == "private_key_jwt" and not (keys or client.jwks_uri or client.workload_bindings):
        settings.problem("jwks", "''jwks'' or ''jwks_uri'' is needed for 'private_key_jwt'.")
    return replace(client, keys=keys)


def client_id_of(credentials: Fields) -> str | None:
    """The client id that a caller chose (docs/protocol.md §26.1), if it did."""
    chosen = credentials.text("client_id", longest=100)
    if chosen is not None and (not _CLIENT_ID.fullmatch(chosen) or _is_taken(chosen)):
        reserved = f"and neither '{ALL_CLIENTS}' nor what means unregistered clients ('{DYNAMIC_ID}…')"
        credentials.problem("client_id", f"must be 6 to 100 characters of A-Za-z0-9$-_.+!*'(), {reserved}.")
    return chosen


def _is_taken(client_id: str) -> bool:
    """Whether policies would mean others by it."""
    return client_id == ALL_CLIENTS or class_of(client_id) != "REGISTERED"


def _is_fetchable(uri: str) -> bool:
    """An https URI; or plain http to this machine itself, which only the local stack fetches."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "127.0.0.1"))
