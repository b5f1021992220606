"""A client as an app."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from ...clock import timestamp
from ...policy.sign_on.defaults import IDS
from ...storage.clients import Client
from ...storage.errors import NotFound
from ...storage.servers import ORG_SERVER, Servers
from ..http.call import Call, lifecycle, link
from ..org.organization import ORG_ID
from .app_connections import shown_connections
from .app_settings import kept
from .certificate_settings import shown_certificates
from .client_body import KEPT_URIS
from .client_keys import key_json
from .client_uris import shown_logout
from .fixed_settings import APP_CREDENTIALS, APP_SETTINGS, CLIENT, SHOWN
from .security_settings import shown_security
from .workload_bindings import shown_bindings

#: The one link that an app has on a dashboard.
_APP_LINK: Final = "alnAuthmintLink00000"


class Show(Protocol):
    """Shows one app as the management API does."""

    def __call__(self, client: Client, *, secret: str | None = None) -> dict[str, Any]:
        """The object; ``secret`` only in answers to POST and PUT."""


class AppView:
    """Shows apps. Each names the key that signs ID tokens of the org authorization server."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def prepared(self, call: Call) -> Show:
        """Reads what answers need beside the client: before a change is stored, because nothing may fail after it."""
        signing = self._signing()

        def show(client: Client, *, secret: str | None = None) -> dict[str, Any]:
            return _app_json(client, call, signing, secret)

        return show

    def many(self, clients: Sequence[Client], call: Call) -> list[dict[str, Any]]:
        """The objects of a list."""
        signing = self._signing() if clients else {}
        return [_app_json(client, call, signing, None) for client in clients]

    def _signing(self) -> dict[str, str]:
        try:
            return {"kid": self._servers.get(ORG_SERVER).active_key.kid}
        except NotFound:
            return {}


def _app_json(client: Client, call: Call, signing: dict[str, str], secret: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": client.id,
        "orn": f"orn:okta:idp:{ORG_ID}:apps:oidc_client:{client.id}",
        "name": "oidc_client",
        "label": client.label,
        "status": client.status,
        "lastUpdated": timestamp(client.updated_at),
        "created": timestamp(client.created_at),
        "accessibility": kept(client.settings, "accessibility"),
        "visibility": kept(client.settings, "visibility"),
        "features": [],
        "signOnMode": "OPENID_CONNECT",
        "credentials": {**APP_CREDENTIALS, "signing": signing, "oauthClient": _credentials(client, secret)},
        "universalLogout": None,
        "settings": {
            "app": APP_SETTINGS["app"],
            "notifications": APP_SETTINGS["notifications"],
            "manualProvisioning": APP_SETTINGS["manualProvisioning"],
            "implicitAssignment": client.implicit_assignment,
            "emOptInStatus": "NONE",
            "notes": kept(client.settings, "notes"),
            "oauthClient": _settings(client, call),
        },
        "_links": _links(client, call),
    }
    return shown | {"profile": client.profile} if client.profile else shown


def _credentials(client: Client, secret: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "autoKeyRotation": kept(client.settings, "auto_key_rotation"),
        "client_id": client.id,
    }
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
        "wildcard_redirect": client.wildcard_redirect,
        "dpop_bound_access_tokens": client.dpop_bound,
        **{name: CLIENT[name] for name in SHOWN},
        **shown_security(client),
        **shown_bindings(client),
        **shown_connections(client),
        **shown_certificates(client),
    }
    if (network := kept(client.settings, "network")) is not None:
        shown["network"] = network
    shown |= {name: client.settings[name] for name in KEPT_URIS if name in client.settings}
    if client.post_logout_redirect_uris:
        shown["post_logout_redirect_uris"] = list(client.post_logout_redirect_uris)
    shown |= shown_logout(client)
    if client.shares_seconds:
        shown["token_sharing_seconds"] = client.shares_seconds
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
    page = call.url(f"/home/oidc_client/{client.id}/{_APP_LINK}")
    verb, target = next(iter(lifecycle(href, client.status).items()))
    return {
        "uploadLogo": link(f"{href}/logo", "POST"),
        "appLinks": [{"name": "oidc_client_link", "href": page, "type": "text/html"}],
        "profileEnrollment": {
            "href": call.url(f"/api/v1/policies/{client.enrollment_policy or IDS['PROFILE_ENROLLMENT'][0]}")
        },
        "policies": {"href": f"{href}/policies", "hints": {"allow": ["PUT"]}},
        "groups": {"href": f"{href}/groups"},
        "logo": [{"name": "medium", "href": _logo(client, call), "type": "image/png"}],
        "clientCredentials": [{"name": "secrets", "href": f"{href}/credentials/secrets"}],
        "accessPolicy": {"href": call.url(f"/api/v1/policies/{client.access_policy or IDS['ACCESS_POLICY'][0]}")},
        "users": {"href": f"{href}/users"},
        verb: {"href": target["href"]},
    }


def _logo(client: Client, call: Call) -> str:
    registered: str | None = client.settings.get("logo_uri")
    return registered or call.url("/assets/img/logos/default.png")
