"""How an identity provider is shown (docs/protocol.md §37.2)."""

from collections.abc import Mapping
from typing import Any, Final

from ...clock import timestamp
from ...federation.presets import PRESETS
from ...storage.identity_providers import IdentityProvider, Linking, Upstream
from ..http.call import Call, lifecycle, link

PATH: Final = "/api/v1/idps"
#: Members of a request that begins at this org, for whoever makes one.
_TEMPLATE: Final = (
    "client_id={clientId}&response_type={responseType}&response_mode={responseMode}&scope={scopes}"
    "&redirect_uri={redirectUri}&state={state}&nonce={nonce}"
)
#: Where the answers of every provider go.
CALLBACK: Final = "/oauth2/v1/authorize/callback"


def idp_json(provider: IdentityProvider, call: Call, secret: str | None) -> dict[str, Any]:
    """The object. ``secret``: as it is shown; ``None``: it is not."""
    href = call.url(f"{PATH}/{provider.id}")
    return {
        "id": provider.id,
        "issuerMode": provider.shown.get("issuerMode", "ORG_URL"),
        "name": provider.name,
        "status": provider.status,
        "created": timestamp(provider.created_at),
        "lastUpdated": timestamp(provider.updated_at),
        "protocol": _protocol(provider, secret),
        "policy": _policy(provider),
        "type": provider.type,
        "_links": {
            "authorize": {
                "href": call.url(f"/oauth2/v1/authorize?idp={provider.id}&{_TEMPLATE}"),
                "templated": True,
                "hints": {"allow": ["GET"]},
            },
            "clientRedirectUri": link(call.url(CALLBACK), "POST"),
            "self": link(href, "GET", "PUT", "DELETE"),
            "users": link(f"{href}/users", "GET"),
            **lifecycle(href, provider.status),
        },
    }


def _protocol(provider: IdentityProvider, secret: str | None) -> dict[str, Any]:
    upstream = provider.upstream
    client: dict[str, Any] = {"client_id": upstream.client_id}
    if secret is not None:
        client["client_secret"] = secret
    shown: dict[str, Any] = {"type": "OIDC", "endpoints": _endpoints(provider)}
    for name in ("algorithms", "settings"):
        if name in provider.shown:
            shown[name] = provider.shown[name]
    shown["scopes"] = list(upstream.scopes)
    if provider.type not in PRESETS:
        shown["issuer"] = {"url": upstream.issuer}
    credentials: dict[str, Any] = {"client": client | dict(provider.shown.get("client", {}))}
    if upstream.auth_method == "private_key_jwt":
        credentials["signing"] = {"kid": upstream.signing_kid}
    return {**shown, "credentials": credentials}


def _endpoints(provider: IdentityProvider) -> dict[str, Any]:
    """Of a provider that everybody knows, only what a request needs that begins there."""
    upstream: Upstream = provider.upstream
    urls = {
        "slo": upstream.end_session,
        "authorization": upstream.authorization,
        "token": upstream.token,
        "userInfo": None if provider.type in PRESETS else upstream.user_info,
        "jwks": None if provider.type in PRESETS else upstream.jwks,
    }
    return {
        name: {"url": url, "binding": "HTTP-POST" if name == "token" else "HTTP-REDIRECT"}
        for name, url in urls.items()
        if url is not None
    }


def _policy(provider: IdentityProvider) -> dict[str, Any]:
    linking = provider.linking
    conditions: Mapping[str, str] = {
        "deprovisioned": "REACTIVATE" if linking.reactivate else "NONE",
        "suspended": "UNSUSPEND" if linking.unsuspend else "NONE",
    }
    shown: dict[str, Any] = {
        "provisioning": {
            "action": "AUTO" if linking.provision else "DISABLED",
            "profileMaster": linking.profile_master,
            "groups": _groups(linking),
            "conditions": {name: {"action": action} for name, action in conditions.items()},
        },
        "accountLink": {"filter": _link_filter(linking), "action": "AUTO" if linking.link else "DISABLED"},
        "subject": {
            "userNameTemplate": {"template": linking.template},
            "filter": linking.filter,
            "matchType": linking.match_type,
            "matchAttribute": linking.match_attribute,
        },
        "maxClockSkew": linking.clock_skew * 1_000,
    }
    if provider.type not in PRESETS or linking.trust_claims:
        shown["trustClaims"] = linking.trust_claims
    return shown | {"transformedUsernameMatchingEnabled": False}


def _groups(linking: Linking) -> dict[str, Any]:
    shown: dict[str, Any] = {"action": linking.group_action}
    if linking.group_action in {"ASSIGN", "APPEND"} and linking.groups:
        shown["assignments"] = list(linking.groups)
    if linking.group_filter:
        shown["filter"] = list(linking.group_filter)
    if linking.source_attribute is not None:
        shown["sourceAttributeName"] = linking.source_attribute
    return shown


def _link_filter(linking: Linking) -> dict[str, Any] | None:
    shown: dict[str, Any] = {}
    if linking.link_groups:
        shown["groups"] = {"include": list(linking.link_groups)}
    if linking.link_excluded:
        shown["users"] = {"exclude": list(linking.link_excluded)}
    return shown or None
