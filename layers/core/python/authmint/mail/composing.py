"""What a stored mail says: its template in the language of who gets it, in an administrator's words or ours."""

from collections.abc import Mapping

from ..storage.mail_templates import MailTemplate, MailTemplates
from ..storage.outbox import Mail
from .contents import Brand, Content, default_content, languages
from .rendering import Message, rendered


class Composer:
    """Makes messages of mails."""

    def __init__(self, brand: Brand, templates: MailTemplates) -> None:
        self._brand = brand
        self._templates = templates

    def __call__(self, mail: Mail) -> Message | None:
        """The message; ``None`` where administrators let nobody have it."""
        template = self._templates.get(mail.template)
        if template.recipients != "ALL_USERS":
            return None
        return rendered(content_of(template, mail.language, self._brand), values_of(mail.values, self._brand))


def content_of(template: MailTemplate, wish: str | None, brand: Brand) -> Content:
    """The words for a wish: of the customizations in that language, else ours in it, else the default of each."""
    tag = (wish or "").replace("_", "-").lower()
    primary = tag.partition("-")[0]
    by_language = {one.language.lower(): one for one in template.customizations}
    default = next((one for one in template.customizations if one.id == template.default), None)
    for one in (by_language.get(tag), by_language.get(primary)):
        if one is not None:
            return Content(one.language, one.subject, one.body)
    if default is not None:
        return Content(default.language, default.subject, default.body)
    return default_content(template.name, primary if primary in languages() else brand.language, brand)


def values_of(values: Mapping[str, str], brand: Brand) -> dict[str, str]:
    """What variables stand for, under the names that older templates use, too."""
    older = {
        name.replace("user.profile.", "user.", 1): value
        for name, value in values.items()
        if name.startswith("user.profile.")
    }
    return older | {"org.name": brand.name} | dict(values)
