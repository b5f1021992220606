"""Mail about sign-ins by devices that were not seen before (docs/protocol.md §34.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..clock import timestamp
from ..http import Request
from ..mail.letters import Letters
from ..policy.sign_on.circumstances import Circumstances
from ..storage.mail_templates import MailTemplates
from ..storage.outbox import Mail
from ..storage.users import User
from .browser_names import browser_name

_TEMPLATE: Final = "NewSignOnNotification"


@dataclass(frozen=True)
class MailedNotices:
    """``NewSignOnNotices``. The words' own settings say whether anybody is told."""

    letters: Letters
    templates: MailTemplates

    def to(self, user: User, request: Request, here: Circumstances, /, *, now: int) -> Sequence[Mail]:
        if not self.letters.on or self.templates.get(_TEMPLATE).recipients != "ALL_USERS":
            return ()
        day, _, time = timestamp(now).partition("T")
        place = here.place
        names = () if place is None else (place.city, place.country)
        values = {
            "request.browser": browser_name(request.header("user-agent") or ""),
            "request.date": day,
            "request.time": f"{time[:5]} UTC",
            "request.ipAddress": here.address,
            "request.location": ", ".join(name for name in names if name),
        }
        return self.letters.to(user, _TEMPLATE, values, now=now)
