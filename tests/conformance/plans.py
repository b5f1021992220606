"""Which plans there are, and the configuration that each gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.conformance.deployment import LOGIN, PASSWORD, SCOPES, Deployment

_STATIC = {"server_metadata": "discovery", "client_registration": "static_client"}
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
    def callback(self) -> str:
        return f"{self.suite}/test/a/{self.alias}/callback"


@dataclass(frozen=True)
class Kind:
    """A plan: the suite's name for it, its variant, and what makes its configuration."""

    name: str
    variant: Mapping[str, str]
    configuration: Callable[[Setting, Mapping[str, str]], dict[str, Any]]


def _common(setting: Setting, issuer: str) -> dict[str, Any]:
    setting.deployment.person()
    return {
        "alias": setting.alias,
        "description": issuer,
        "server": {"discoveryUrl": f"{issuer}/.well-known/openid-configuration", "login_hint": LOGIN},
        "browser": browser(setting),
        "override": {f"{_FAPI}-{name}": {"browser": steps} for name, steps in _overridden(setting).items()},
    }


def _overridden(setting: Setting) -> Mapping[str, list[dict[str, Any]]]:
    """Modules in which the person does something else."""
    looks = {"match": f"{setting.deployment.url}/oauth2/*", "match-limit": 1, "tasks": []}
    return {
        "user-rejects-authentication": browser(setting, "deny"),
        "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": [looks, *browser(setting)],
    }


def _openid(setting: Setting, _: Mapping[str, str]) -> dict[str, Any]:
    signed_out = f"{setting.suite}/test/a/{setting.alias}/post_logout_redirect"
    settings = _ANY_ANSWER | {"redirect_uris": [setting.callback], "post_logout_redirect_uris": [signed_out]}
    make = setting.deployment.client
    return _common(setting, setting.deployment.server()) | {
        "client": make("client_secret_basic", settings),
        "client_secret_post": make("client_secret_post", settings),
        "client2": make("client_secret_basic", settings),
    }


def _fapi(setting: Setting, variant: Mapping[str, str]) -> dict[str, Any]:
    issuer = setting.deployment.server("ES256", dpop={"required": True})
    openid = variant.get("openid") == "openid_connect"
    scope = " ".join((*(("openid",) if openid else ()), *SCOPES, "offline_access"))
    return _common(setting, issuer) | {
        "resource": {"resourceUrl": f"{issuer}/v1/userinfo" if openid else f"https://{setting.api}/orders"},
        "client": _fapi_client(setting, scope, setting.callback, "PS256"),
        # The suite's second client comes back to a redirect URI with a query.
        "client2": _fapi_client(setting, scope, f"{setting.callback}?dummy1=lorem&dummy2=ipsum", "ES256"),
    }


def _fapi_client(setting: Setting, scope: str, redirect_uri: str, algorithm: str) -> dict[str, Any]:
    key = {"kid": "k1", "use": "sig", "alg": algorithm} | _private_jwk(algorithm)
    settings = {
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [redirect_uri],
        "jwks": {"keys": [{name: value for name, value in key.items() if name not in _PRIVATE}]},
        "refresh_token": {"rotation_type": "STATIC"},
        "consent_method": "REQUIRED",
        "dpop_bound_access_tokens": True,
    }
    made = setting.deployment.client("private_key_jwt", settings)
    return made | {"scope": scope, "jwks": {"keys": [key]}, "dpop_signing_alg": "ES256"}


def _private_jwk(algorithm: str) -> dict[str, Any]:
    if algorithm == "ES256":
        jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    else:
        jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"}


def browser(setting: Setting, decision: str = "allow") -> list[dict[str, Any]]:
    """How the suite's browser gets through the pages: by the ids of fields and buttons (docs/protocol.md §3.6)."""
    pages = setting.deployment.url
    sign_in = {
        "task": "Sign in",
        "optional": True,
        "match": f"{pages}/signin*",
        "commands": [
            ["wait", "id", "signin-submit", 10, ".*", "update-image-placeholder-optional"],
            ["text", "id", "username", LOGIN],
            ["text", "id", "password", PASSWORD],
            ["click", "id", "signin-submit"],
        ],
    }
    consent = {
        "task": "Consent",
        "optional": True,
        "match": f"{pages}/consent*",
        "commands": [["click", "id", f"consent-{decision}"]],
    }
    refused = {
        "task": "Refused",
        "optional": True,
        "match": f"{pages}/oauth2/*",
        "commands": [["wait", "id", "error", 10, ".*", "update-image-placeholder-optional"]],
    }
    answered = {
        "task": "Answered",
        "optional": True,
        "match": f"{setting.suite}/test/*/callback*",
        "commands": [["wait", "id", "submission_complete", 10]],
    }
    sign_out = {
        "task": "Sign out",
        "optional": True,
        "match": f"{pages}/signout*",
        "commands": [["click", "id", "signout-submit"]],
    }
    ended = {
        "task": "Ended",
        "optional": True,
        "match": f"{pages}/*",
        "commands": [["wait", "css", "#done, #error", 10, ".*", "update-image-placeholder-optional"]],
    }
    return [
        {"match": f"{pages}/oauth2/*/v1/authorize*", "tasks": [sign_in, consent, refused, answered]},
        {"match": f"{pages}/oauth2/*/v1/logout*", "tasks": [sign_out, ended]},
    ]


def _certification(profile: str, variant: Mapping[str, str] = _STATIC) -> Kind:
    return Kind(f"oidcc-{profile}-certification-test-plan", variant, _openid)


def _security_profile(openid: str) -> Kind:
    variant = {
        "client_auth_type": "private_key_jwt",
        "sender_constrain": "dpop",
        "fapi_profile": "plain_fapi",
        "openid": openid,
    }
    return Kind(f"{_FAPI}-test-plan", variant, _fapi)


KINDS: Mapping[str, Kind] = {
    "config": _certification("config", {}),
    "basic": _certification("basic"),
    "implicit": _certification("implicit"),
    "hybrid": _certification("hybrid"),
    "formpost-basic": _certification("formpost-basic"),
    "formpost-implicit": _certification("formpost-implicit"),
    "formpost-hybrid": _certification("formpost-hybrid"),
    "rp-initiated-logout": _certification(
        "rp-initiated-logout", {"response_type": "code", "client_registration": "static_client"}
    ),
    "fapi2-oauth": _security_profile("plain_oauth"),
    "fapi2-openid": _security_profile("openid_connect"),
}
