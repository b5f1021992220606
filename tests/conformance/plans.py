"""Which plans there are, and the configuration that each gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.conformance.browser import browser
from tests.conformance.deployment import CIBA, LOGIN, SCOPES, Deployment

_STATIC = {"server_metadata": "discovery", "client_registration": "static_client"}
#: The suite registers its clients itself.
REGISTERED = {"server_metadata": "discovery", "client_registration": "dynamic_client"}
_FAPI = "fapi2-security-profile-final"
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi"})
_ANY_ANSWER = {
    "grant_types": ["authorization_code", "implicit", "refresh_token"],
    "response_types": ["code", "token", "id_token"],
}


@dataclass(frozen=True)
class Setting:
    """Where a plan runs: the suite's URL, the deployment, what the suite calls this run, where the API is served."""

    suite: str
    deployment: Deployment
    alias: str
    api: str

    @property
    def pages(self) -> str:
        return self.deployment.url

    @property
    def callback(self) -> str:
        return f"{self.suite}/test/a/{self.alias}/callback"


@dataclass(frozen=True)
class Kind:
    """A plan: the suite's name for it, its variant, and what makes its configuration.

    Attributes:
        asks: It asks the person without her browser.
    """

    name: str
    variant: Mapping[str, str]
    configuration: Callable[[Setting, Mapping[str, str]], dict[str, Any]]
    asks: bool = False


def _common(setting: Setting, issuer: str) -> dict[str, Any]:
    setting.deployment.person()
    return {
        "alias": setting.alias,
        "description": issuer,
        "server": {"discoveryUrl": f"{issuer}/.well-known/openid-configuration", "login_hint": LOGIN},
        "browser": browser(setting.pages, setting.suite),
    }


def _shown_again(setting: Setting) -> dict[str, Any]:
    """Modules after which somebody looks at the sign-in page."""
    steps = {"browser": browser(setting.pages, setting.suite, shown=True)}
    return {f"oidcc-{name}": steps for name in ("prompt-login", "max-age-1")}


def _openid(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    signed_out = f"{setting.suite}/test/a/{setting.alias}/post_logout_redirect"
    settings = _ANY_ANSWER | {"redirect_uris": [setting.callback], "post_logout_redirect_uris": [signed_out]}
    make = setting.deployment.client
    return _common(setting, setting.deployment.server()) | {
        "client": make("client_secret_basic", settings),
        "client_secret_post": make("client_secret_post", settings),
        "client2": make("client_secret_basic", settings),
        "override": _shown_again(setting),
    }


def _told_of_ends(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    """A client that is told when a session ends: by code alone, for what the front channel gave could not be found."""
    settings = {
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [setting.callback],
        "post_logout_redirect_uris": [f"{setting.suite}/test/a/{setting.alias}/post_logout_redirect"],
        "backchannel_logout_uri": f"{setting.suite}/test/a/{setting.alias}/backchannel_logout",
        "backchannel_logout_session_required": True,
    }
    client = setting.deployment.client("client_secret_basic", settings)
    return _common(setting, setting.deployment.server()) | {"client": client}


def _openid_registered(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    client = {"client_name": "conformance", "initial_access_token": setting.deployment.registrar()}
    return _common(setting, setting.deployment.server()) | {
        "client": client,
        "client2": client,
        "override": _shown_again(setting),
    }


def _openid_by_keys(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    settings = _ANY_ANSWER | {"redirect_uris": [setting.callback]}
    return _common(setting, setting.deployment.server()) | {
        "client": _keyed_client(setting, settings, "openid", "RS256"),
        "client2": _keyed_client(setting, settings, "openid", "RS256"),
        "override": _shown_again(setting),
    }


def _fapi(setting: Setting, variant: Mapping[str, str]) -> dict[str, Any]:
    signing = variant.get("fapi_request_method") == "signed_non_repudiation"
    issuer = setting.deployment.server("ES256", profile="FAPI2_MESSAGE_SIGNING" if signing else "FAPI2")
    openid = variant.get("openid") == "openid_connect"
    scope = " ".join((*(("openid",) if openid else ()), *SCOPES, "offline_access"))
    looks = {"match": f"{setting.pages}/oauth2/*", "match-limit": 1, "tasks": []}

    def clients() -> dict[str, Any]:
        # The suite's second client comes back to a redirect URI with a query.
        return {
            "client": _fapi_client(setting, scope, setting.callback, "PS256"),
            "client2": _fapi_client(setting, scope, f"{setting.callback}?dummy1=lorem&dummy2=ipsum", "ES256"),
        }

    return {
        **_common(setting, issuer),
        **clients(),
        "resource": {"resourceUrl": f"{issuer}/v1/userinfo" if openid else f"https://{setting.api}/orders"},
        "override": {
            # Clients that nobody agreed to before, so that the person is asked.
            f"{_FAPI}-user-rejects-authentication": {
                "browser": browser(setting.pages, setting.suite, "deny"),
                **clients(),
            },
            f"{_FAPI}-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": {
                "browser": [looks, *browser(setting.pages, setting.suite)]
            },
        },
    }


def _machines(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    issuer = setting.deployment.server("ES256", profile="FAPI2")
    settings = {"application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"]}
    scope = " ".join(SCOPES)
    return {
        "alias": setting.alias,
        "description": issuer,
        "server": {"discoveryUrl": issuer.replace("/oauth2/", "/.well-known/oauth-authorization-server/oauth2/")},
        "resource": {"resourceUrl": f"https://{setting.api}/orders"},
        "client": _keyed_client(setting, settings, scope, "PS256"),
        "client2": _keyed_client(setting, settings, scope, "ES256"),
    }


def _without_a_browser(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    issuer = setting.deployment.server("ES256")
    setting.deployment.person()
    scope = " ".join(("openid", *SCOPES, "offline_access"))

    def client(algorithm: str) -> dict[str, Any]:
        settings = {
            "grant_types": ["authorization_code", CIBA, "refresh_token"],
            "redirect_uris": [setting.callback],
            "refresh_token": {"rotation_type": "STATIC"},
            "backchannel_authentication_request_signing_alg": algorithm,
            "token_endpoint_auth_signing_alg": algorithm,
        }
        hint = {"hint_type": "login_hint", "hint_value": LOGIN, "acr_value": "urn:okta:loa:1fa:pwd"}
        return _keyed_client(setting, settings, scope, algorithm) | hint

    return {
        "alias": setting.alias,
        "description": issuer,
        "server": {"discoveryUrl": f"{issuer}/.well-known/openid-configuration"},
        "client": client("PS256"),
        "client2": client("ES256"),
        "mtls": _certificate(),
        "mtls2": _certificate(),
        "resource": {"resourceUrl": f"https://{setting.api}/orders"},
        "automated_ciba_approval_url": f"https://{setting.api}/decide?action={{action}}&auth_req_id={{auth_req_id}}",
    }


def _certificate() -> dict[str, str]:
    """Of a client, by itself. Nobody here asks for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(1))
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"cert": made.sign(key, hashes.SHA256()).public_bytes(pem).decode(), "key": secret.decode()}


def _fapi_client(setting: Setting, scope: str, redirect_uri: str, algorithm: str) -> dict[str, Any]:
    settings = {
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [redirect_uri],
        "refresh_token": {"rotation_type": "STATIC"},
        "consent_method": "REQUIRED",
    }
    return _keyed_client(setting, settings, scope, algorithm)


def _keyed_client(setting: Setting, settings: dict[str, Any], scope: str, algorithm: str) -> dict[str, Any]:
    key = {"kid": "k1", "use": "sig", "alg": algorithm} | _private_jwk(algorithm)
    public = {name: value for name, value in key.items() if name not in _PRIVATE}
    made = setting.deployment.client("private_key_jwt", settings | {"jwks": {"keys": [public]}})
    return made | {"scope": scope, "jwks": {"keys": [key]}, "dpop_signing_alg": "ES256"}


def _private_jwk(algorithm: str) -> dict[str, Any]:
    if algorithm == "ES256":
        jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    else:
        jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"}


def _certification(profile: str, variant: Mapping[str, str] = _STATIC) -> Kind:
    return Kind(f"oidcc-{profile}-certification-test-plan", variant, _openid)


_BY_KEYS = {"client_auth_type": "private_key_jwt", "sender_constrain": "dpop"}


def _security_profile(openid: str) -> Kind:
    return Kind(f"{_FAPI}-test-plan", {**_BY_KEYS, "fapi_profile": "plain_fapi", "openid": openid}, _fapi)


def _message_signing(answers: str) -> Kind:
    variant = {"fapi_profile": "plain_fapi", "openid": "openid_connect", "fapi_response_mode": answers}
    signed = {"fapi_request_method": "signed_non_repudiation"}
    return Kind("fapi2-message-signing-final-test-plan", {**_BY_KEYS, **variant, **signed}, _fapi)


KINDS: Mapping[str, Kind] = {
    "config": _certification("config", {}),
    "basic": _certification("basic"),
    "basic-registered": Kind("oidcc-basic-certification-test-plan", REGISTERED, _openid_registered),
    "implicit": _certification("implicit"),
    "hybrid": _certification("hybrid"),
    "formpost-basic": _certification("formpost-basic"),
    "formpost-implicit": _certification("formpost-implicit"),
    "formpost-hybrid": _certification("formpost-hybrid"),
    "rp-initiated-logout": _certification(
        "rp-initiated-logout", {"response_type": "code", "client_registration": "static_client"}
    ),
    "backchannel-logout": Kind(
        "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        {"response_type": "code", "client_registration": "static_client"},
        _told_of_ends,
    ),
    "keys": Kind(
        "oidcc-test-plan",
        {
            "client_auth_type": "private_key_jwt",
            "response_type": "code id_token",
            "response_mode": "default",
            "client_registration": "static_client",
        },
        _openid_by_keys,
    ),
    "fapi2-oauth": _security_profile("plain_oauth"),
    "fapi2-openid": _security_profile("openid_connect"),
    "fapi2-signed": _message_signing("plain_response"),
    "fapi2-signed-answers": _message_signing("jarm"),
    "ciba": Kind(
        "fapi-ciba-id1-test-plan",
        {
            "client_auth_type": "private_key_jwt",
            "fapi_ciba_profile": "plain_fapi",
            "ciba_mode": "poll",
            "client_registration": "static_client",
        },
        _without_a_browser,
        asks=True,
    ),
    "fapi2-machines": Kind(
        f"{_FAPI}-test-plan",
        {**_BY_KEYS, "fapi_profile": "fapi_client_credentials_grant", "openid": "plain_oauth"},
        _machines,
    ),
}
