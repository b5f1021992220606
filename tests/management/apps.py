"""Apps as administrators make them."""

from typing import Any

from tests.management.admin import Admin

APPS, CLIENTS = "/api/v1/apps", "/oauth2/v1/clients"
_CREDENTIALS = ("autoKeyRotation", "token_endpoint_auth_method", "client_id", "client_secret", "pkce_required")


def app_body(label: str = "svc", **oauth: Any) -> dict[str, Any]:
    """A service; with other members of its OAuth settings and credentials."""
    settings = {"application_type": "service", "grant_types": ["client_credentials"]} | oauth
    credentials = {name: settings.pop(name) for name in _CREDENTIALS if name in settings}
    return {
        "name": "oidc_client",
        "label": label,
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": credentials},
        "settings": {"oauthClient": settings},
    }


def an_app(admin: Admin, **oauth: Any) -> Any:
    """A new app."""
    return admin.made(APPS, app_body(**oauth))


def web(**oauth: Any) -> dict[str, Any]:
    """Settings of a web app that redirects."""
    return {
        "application_type": "web",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": ["https://app.example.com/cb"],
    } | oauth
