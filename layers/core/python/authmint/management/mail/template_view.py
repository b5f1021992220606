"""Templates and customizations as they are shown."""

from typing import Any, Final

from ...clock import timestamp
from ...mail.rendering import Message
from ...storage.mail_templates import Customization, MailTemplate
from ..http.call import Call, link
from .brands import BRAND, PATH

#: What previews show in the place of variables.
SAMPLE: Final = {
    "user.profile.firstName": "John",
    "user.profile.lastName": "Doe",
    "user.profile.displayName": "John Doe",
    "user.profile.login": "john.doe@example.com",
    "user.profile.email": "john.doe@example.com",
    "email": "john.doe@example.com",
    "verificationToken": "123456",
    "oneTimePassword": "123456",
    "authenticator.name": "Authenticator",
    "request.browser": "Firefox",
    "request.date": "2026-01-31",
    "request.time": "08:00",
    "request.ipAddress": "192.0.2.1",
}
_LINKS: Final = (
    "activationLink", "resetPasswordLink", "unlockAccountLink", "verificationLink", "emailAuthenticationLink"
)  # fmt: skip


def template_href(name: str, call: Call) -> str:
    """Where a template is."""
    return call.url(f"{PATH}/{BRAND}/templates/email/{name}")


def template_json(template: MailTemplate, call: Call, expanded: frozenset[str]) -> dict[str, Any]:
    """A template; ``expanded``: what of it is shown along."""
    href = template_href(template.name, call)
    shown: dict[str, Any] = {
        "name": template.name,
        "_links": {
            "settings": _settings(href),
            "self": link(href, "GET"),
            "defaultContent": link(f"{href}/default-content", "GET"),
            "test": _test(href),
            "customizations": link(f"{href}/customizations", "GET", "POST", "DELETE"),
        },
    }
    embedded: dict[str, Any] = {}
    if "settings" in expanded:
        embedded["settings"] = settings_json(template, call)
    if "customizationCount" in expanded:
        embedded["customizationCount"] = len(template.customizations)
    return shown | ({"_embedded": embedded} if embedded else {})


def settings_json(template: MailTemplate, call: Call) -> dict[str, Any]:
    """Who gets it."""
    href = template_href(template.name, call)
    links = {"template": link(href, "GET"), "self": _settings(href)}
    return {"recipients": template.recipients, "_links": links}


def customization_json(one: Customization, template: MailTemplate, call: Call) -> dict[str, Any]:
    """Other words."""
    href = template_href(template.name, call)
    own = f"{href}/customizations/{one.id}"
    return {
        "subject": one.subject,
        "body": one.body,
        "id": one.id,
        "language": one.language,
        "isDefault": one.id == template.default,
        "created": timestamp(one.created_at),
        "lastUpdated": timestamp(one.updated_at),
        "_links": {
            "preview": link(f"{own}/preview", "GET"),
            "template": link(href, "GET"),
            "settings": _settings(href),
            "self": link(own, "GET", "PUT", "DELETE"),
            "test": _test(href),
        },
    }


def content_json(subject: str, body: str, own: str, name: str, call: Call, *, preview: str = "") -> dict[str, Any]:
    """Words as they stand, or as a preview. ``own``: where they are; ``preview``: where that is."""
    href = template_href(name, call)
    links = {"template": link(href, "GET"), "self": link(own, "GET"), "test": _test(href)}
    return {"subject": subject, "body": body, "_links": ({"preview": link(preview, "GET")} if preview else {}) | links}


def preview_json(message: Message, own: str, name: str, call: Call) -> dict[str, Any]:
    """What somebody would get."""
    return content_json(message.subject, message.html, own, name, call)


def sample(call: Call) -> dict[str, str]:
    """Values for a preview: its links lead to the start page."""
    return {**SAMPLE, **dict.fromkeys(_LINKS, call.url("/"))}


def _settings(href: str) -> dict[str, Any]:
    return link(f"{href}/settings", "GET", "PUT")


def _test(href: str) -> dict[str, Any]:
    return link(f"{href}/test", "POST")
