"""What a stored mail says: its template in the language of who gets it, filled in."""

from ..storage.outbox import Mail
from .contents import Brand, Content, default_content, languages
from .rendering import Message, rendered


class Composer:
    """Makes messages of mails."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand

    def __call__(self, mail: Mail) -> Message:
        """The message."""
        return rendered(self._content(mail), {"org.name": self._brand.name} | dict(mail.values))

    def _content(self, mail: Mail) -> Content:
        wish = (mail.language or "").replace("_", "-").lower().partition("-")[0]
        known = languages()
        return default_content(mail.template, wish if wish in known else self._brand.language, self._brand)
