"""One request of a browser to a page, as handlers see it."""

from dataclasses import dataclass
from functools import cached_property

from ..http import Request, Response
from .browsers import Guest
from .forms import BadForm, Form


@dataclass(frozen=True)
class Visit:
    """Who asks, for what, and when.

    Attributes:
        trusted: Whether the script that asks is of another site that administrators trust.
    """

    request: Request
    guest: Guest
    now: int
    trusted: bool = False

    @cached_property
    def form(self) -> Form:
        """What was sent. Raises BadForm."""
        return Form.read(self.request)

    def check(self, purpose: str, subject: str = "", *, anonymous: bool = False) -> None:
        """Refuse forms that this browser was not given, for this purpose. Raises BadForm."""
        if not self.guest.sent(self.form.text("csrf"), purpose, subject, anonymous=anonymous):
            raise BadForm("csrf")

    def answered(self, response: Response) -> Response:
        """The answer, with what the browser has to remember, unless the answer says something newer about it."""
        said = {_cookie_name(value) for name, value in response.headers if name == "set-cookie"}
        missing = [pair for pair in self.guest.cookies if _cookie_name(pair[1]) not in said]
        return response.with_headers(*missing)


def _cookie_name(value: str) -> str:
    return value.partition("=")[0]


def see_other(location: str) -> Response:
    """Go on with a GET (RFC 9110 §15.4.4): reloading does not post again."""
    return Response(
        303, b"", (("location", location), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"))
    )
