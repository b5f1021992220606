"""One request of an administrator's browser, with what its pages need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote, urlencode

from ..clock import timestamp
from ..http import Request
from ..web import csrf
from ..web.forms import BadForm, Form
from .api import Api
from .texts import Language


@dataclass
class Visit:
    """What a page is made from.

    Attributes:
        now: Unix seconds.
        parts: Of the path, by name, still percent-encoded: they go into paths of the API as they are.
        t: Texts in the browser's language.
    """

    request: Request
    api: Api
    t: Language
    now: int
    parts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def form(self) -> Form:
        """The form of a POST. Raises BadForm: it is none, or not of this browser."""
        form = Form.read(self.request)
        if not csrf.equal(self.csrf, form.text("csrf")):
            raise BadForm("token")
        return form

    def check_form(self) -> None:
        """Whether the request is a form of this browser's. Raises BadForm: it is not."""
        self.form.text("csrf")

    @property
    def csrf(self) -> str:
        """What the forms of this browser hold."""
        return csrf.token(self.api.session.secret, self.api.session.secret, "console")

    def part(self, name: str) -> str:
        """A part of the path, decoded."""
        return unquote(self.parts[name])

    def query(self, name: str) -> str:
        """A parameter; empty where there is none."""
        return self.request.query_value(name) or ""

    def days_ago(self, days: int) -> str:
        """An instant, as the API takes it."""
        return timestamp(self.now - days * 86_400)

    def here(self, **changes: str) -> str:
        """This page, with other parameters; an empty one takes a parameter out."""
        return address(self.request, **changes)


def address(request: Request, **changes: str) -> str:
    """Path and query of a request, with other parameters."""
    kept = {name: value for name, value in request.query if name not in changes}
    query = urlencode({name: value for name, value in (kept | changes).items() if value})
    return f"{request.path}?{query}" if query else request.path
