"""What an app keeps for administrators and their tools: shown as it was sent, and read by nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from ..http.fields import Fields
from .client_uris import read_page_uri
from .fixed_settings import APP, APP_CREDENTIALS, APP_SETTINGS, refuse_unbuilt

_LONGEST_NOTE: Final = 4_096
_ACCESSIBILITY: Final = {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None}
_VISIBILITY: Final = {
    "autoLaunch": False,
    "autoSubmitToolbar": False,
    "hide": {"iOS": True, "web": True},
    "appLinks": {"oidc_client_link": True},
}
_NOTES: Final = {"admin": None, "enduser": None}


def read_app_settings(body: Fields) -> dict[str, Any]:
    """The members that are kept, without those that have their default. Notes what is wrong or not built."""
    settings, credentials = body.below("settings"), body.below("credentials")
    for fields, fixed in ((body, APP), (settings, APP_SETTINGS), (credentials, APP_CREDENTIALS)):
        refuse_unbuilt(fields, fixed)
    oauth = settings.below("oauthClient")
    kept = {
        "accessibility": _accessibility(body.below("accessibility")),
        "visibility": _visibility(body.below("visibility")),
        "notes": {name: settings.below("notes").text(name, longest=_LONGEST_NOTE) for name in _NOTES},
        "auto_key_rotation": credentials.below("oauthClient").flag("autoKeyRotation", default=True),
        "network": {"connection": "ANYWHERE"} if oauth.below("network").has("connection") else None,
    }
    return {name: value for name, value in kept.items() if value != _DEFAULTS[name]}


_DEFAULTS: Final[Mapping[str, Any]] = {
    "accessibility": _ACCESSIBILITY,
    "visibility": _VISIBILITY,
    "notes": _NOTES,
    "auto_key_rotation": True,
    "network": None,
}


def kept(settings: Mapping[str, Any], name: str) -> Any:
    """What an app shows of a setting that is kept."""
    return settings.get(name, _DEFAULTS[name])


def _accessibility(fields: Fields) -> dict[str, Any]:
    return {
        "selfService": fields.flag("selfService", default=False),
        "errorRedirectUrl": read_page_uri(fields, "errorRedirectUrl"),
        "loginRedirectUrl": read_page_uri(fields, "loginRedirectUrl"),
    }


def _visibility(fields: Fields) -> dict[str, Any]:
    hide, links = fields.below("hide"), fields.below("appLinks")
    return {
        "autoLaunch": fields.flag("autoLaunch", default=False),
        "autoSubmitToolbar": fields.flag("autoSubmitToolbar", default=False),
        "hide": {name: hide.flag(name, default=True) for name in ("iOS", "web")},
        "appLinks": {"oidc_client_link": links.flag("oidc_client_link", default=True)},
    }
