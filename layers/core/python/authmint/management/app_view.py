"""A client as an app (contract §14.2)."""

from typing import Any

from ..clock import timestamp
from ..storage.clients import Client
from .call import Call, lifecycle
from .client_body import KEPT_URIS
from .client_keys import key_json
from .org import ACCESS_POLICY, ORG_ID


def app_json(client: Client, call: Call, *, secret: str | None = None) -> dict[str, Any]:
    """The object; ``secret`` only in answers to POST and PUT, ``profile`` only where there is one."""
    shown: dict[str, Any] = {
        "id": client.id,
        "orn": f"orn:okta:idp:{ORG_ID}:apps:oidc_client:{client.id}",
        "name": "oidc_client",
        "label": client.label,
        "status": client.status,
        "lastUpdated": timestamp(client.updated_at),
        "created": timestamp(client.created_at),
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {
            "autoLaunch": False,
            "autoSubmitToolbar": False,
            "hide": {"iOS": True, "web": True},
            "appLinks": {"oidc_client_link": True},
        },
        "features": [],
        "signOnMode": "OPENID_CONNECT",
        "credentials": {
            "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
            "signing": {},
            "oauthClient": _credentials(client, secret),
        },
        "universalLogout": None,
        "settings": {
            "app": {},
            "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}},
            "manualProvisioning": False,
            "implicitAssignment": client.implicit_assignment,
            "emOptInStatus": "NONE",
            "notes": {"admin": None, "enduser": None},
            "oauthClient": _settings(client, call),
        },
        "_links": _links(client, call),
    }
    return shown | {"profile": client.profile} if client.profile else shown


def _credentials(client: Client, secret: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"autoKeyRotation": True, "client_id": client.id}
    if secret is not None:
        shown["client_secret"] = secret
    return shown | {"token_endpoint_auth_method": client.auth_method, "pkce_required": client.pkce_required}


def _settings(client: Client, call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "client_uri": client.settings.get("client_uri"),
        "logo_uri": client.settings.get("logo_uri"),
        "redirect_uris": list(client.redirect_uris),
        "response_types": list(client.response_types),
        "grant_types": list(client.grant_types),
        "application_type": client.application_type,
        "consent_method": client.consent_method,
        "issuer_mode": client.issuer_mode,
        "idp_initiated_login": {"mode": "DISABLED", "default_scope": []},
        "wildcard_redirect": "DISABLED",
        "dpop_bound_access_tokens": False,
        "participate_slo": False,
    }
    shown |= {name: client.settings[name] for name in KEPT_URIS if name in client.settings}
    if client.post_logout_redirect_uris:
        shown["post_logout_redirect_uris"] = list(client.post_logout_redirect_uris)
    if client.jwks_uri is not None:
        shown["jwks_uri"] = client.jwks_uri
    if client.keys:
        shown["jwks"] = {"keys": [_app_key(key, client, call) for key in client.keys]}
    if "refresh_token" in client.grant_types:
        rotating = {"rotation_type": "ROTATE", "leeway": client.refresh_leeway}
        shown["refresh_token"] = rotating if client.rotates_refresh_tokens else {"rotation_type": "STATIC"}
    return shown


def _app_key(key: Any, client: Client, call: Call) -> dict[str, Any]:
    hidden = {"created", "lastUpdated", "_links"}
    return {name: value for name, value in key_json(key, client, call).items() if name not in hidden}


def _links(client: Client, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/apps/{client.id}")
    policy = {"href": call.url(f"/api/v1/policies/{ACCESS_POLICY}")}
    verb, target = next(iter(lifecycle(href, client.status).items()))
    return {
        "profileEnrollment": policy,
        "policies": {"href": f"{href}/policies", "hints": {"allow": ["PUT"]}},
        "groups": {"href": f"{href}/groups"},
        "clientCredentials": [{"name": "secrets", "href": f"{href}/credentials/secrets"}],
        "accessPolicy": policy,
        "users": {"href": f"{href}/users"},
        verb: {"href": target["href"]},
    }
