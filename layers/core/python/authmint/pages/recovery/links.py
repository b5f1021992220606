"""Links that are mailed: what is in one moves out of the address at once, into a cookie of this browser alone."""

import re
from typing import Final

from ...http import Request, Response
from ...web.cookies import Cookie
from ..visit import Visit, see_other

#: What a link carried, until it was good for something: a user's id, a dot and 256 random bits, or these alone.
TICKET: Final = Cookie("authmint-recovery", re.compile(r"(?:[A-Za-z0-9_-]{1,64}\.)?[A-Za-z0-9_-]{43}"))
PAGE: Final = "/recovery"
_LINKS: Final = re.compile(
    r"/(?:signin/reset-password|signin/unlock|reset_password|welcome)/([^/]{1,200})|/tokens/([^/]{1,200})/verify"
)


def carried(request: Request) -> str | None:
    """What the link of a path carries; ``None``: it is no such link."""
    match = _LINKS.fullmatch(request.path)
    return None if match is None else match[1] or match[2]


def follow(visit: Visit) -> Response:
    """303 to the page. Nothing is looked at and nothing changes: programs that look into mail follow links, too."""
    text = carried(visit.request) or ""
    answer = see_other(PAGE)
    if TICKET.pattern.fullmatch(text) is None:
        return answer.with_headers(TICKET.forget(visit.request))
    return answer.with_headers(TICKET.set(visit.request, text))
