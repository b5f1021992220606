"""One request of a browser to a page, as handlers see it, and where the browser goes on from there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from ..http import Request, Response
from ..oauth.authorization.interaction import APPROVE
from ..sign_on.next_step import Known, Step, next_step
from ..sign_on.requirement import Requirement
from ..sign_on.sign_on import Caller
from ..storage.clients import secret_digest
from ..web.forms import BadForm, Form
from .browsers import DEVICE, Guest


@dataclass(frozen=True)
class Visit:
    """Who asks, for what, and when.

    Attributes:
        trusted: Whether the script that asks is of another site that administrators trust.
        vouched: Whether the program that asks may say for whom it does.
    """

    request: Request
    guest: Guest
    now: int
    trusted: bool = False
    vouched: bool = False

    @property
    def step(self) -> Step:
        """What is asked of whoever is at the browser, where nothing more is asked for than that they are signed on."""
        session = self.guest.session
        return next_step(
            None if session is None else Known(session.user_id, session.auth_time, session.proved),
            Requirement(),
            now=self.now,
        )

    @property
    def caller(self) -> Caller:
        """The browser, as somebody who wants to sign on."""
        return Caller(self.request, self.guest.browser, self.now, self._device)

    @property
    def api_caller(self) -> Caller:
        """The program that calls, as somebody who wants to sign on: it is no browser, whatever cookies it sends."""
        return Caller(self.request, None, self.now, self._device)

    @property
    def _device(self) -> str | None:
        secret = DEVICE.read(self.request)
        return None if secret is None else secret_digest(secret)

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


_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_APPROVAL: Final = re.compile(r"([A-Za-z0-9_-]{0,64})\.([A-Za-z0-9_-]{1,128})")
_NOISE: Final = re.compile(r"[\s\-‐-―_.]+")
_CODE: Final = re.compile(r"[A-Z]{1,16}")
#: User codes are letters: who types a digit has misread one.
_MISREAD: Final = str.maketrans("01258", "OLZSB")


def normalized(user_code: str) -> str:
    """A user code as it is stored, from what somebody typed; empty where it cannot be one."""
    code = _NOISE.sub("", user_code[:64]).upper().translate(_MISREAD)
    return code if _CODE.fullmatch(code) else ""


#: Parts of one's own account that have a page of their own.
SECTIONS: Final = ("profile", "password", "sessions", "apps", "providers", "data")


@dataclass(frozen=True)
class Onward:
    """Where a browser goes on once its user has signed in.

    Attributes:
        handle: Of a waiting request; empty: there is none.
        activating: To a device.
        user_code: That the device gave along, perhaps.
        account: To the user's own account.
        section: A part of that; empty: where it begins.
        approval: Server, none for the org server's, and handle of an authentication request that is to be decided.
    """

    handle: str = ""
    activating: bool = False
    user_code: str = ""
    account: bool = False
    section: str = ""
    approval: tuple[str, str] | None = None

    @classmethod
    def of(
        cls, handle: str | None, user_code: str | None, account: str | None = None, approve: str | None = None
    ) -> "Onward":
        """From what ``fields`` made, of a query or a form. What is malformed is nothing."""
        if handle is not None and _HANDLE.fullmatch(handle):
            return cls(handle)
        if found := _APPROVAL.fullmatch(approve or ""):
            return cls(approval=(found[1], found[2]))
        if user_code is not None:
            return cls(activating=True, user_code=normalized(user_code))
        return cls(account=account == "1" or account in SECTIONS, section=account if account in SECTIONS else "")

    @classmethod
    def of_form(cls, form: Form) -> "Onward":
        """From the hidden fields that ``fields`` made."""
        activating = form.texts("activate")
        code = activating[0] if activating else None
        return cls.of(form.text("request") or None, code, form.text("account"), form.text("approve"))

    @classmethod
    def read(cls, get: Callable[[str], str | None]) -> "Onward":
        """From a query, or what was kept of a form. ``get``: the value of a name."""
        return cls.of(get("request"), get("activate"), get("account"), get("approve"))

    @property
    def fields(self) -> dict[str, str]:
        """For forms and queries."""
        if self.handle:
            return {"request": self.handle}
        if self.approval is not None:
            return {"approve": ".".join(self.approval)}
        if self.activating:
            return {"activate": self.user_code}
        return {"account": self.section or "1"} if self.account else {}

    @property
    def subject(self) -> str:
        """What a form is bound to."""
        return self.handle

    @property
    def sign_in_uri(self) -> str:
        """The sign-in page on this way."""
        return "/signin" + (f"?{urlencode(self.fields)}" if self.fields else "")

    def uri(self, way_back: str | None) -> str:
        """Where the browser goes when its user is signed in. ``way_back``: to the request that waits."""
        if way_back is not None:
            return way_back
        if self.approval is not None:
            server, handle = self.approval
            return f"/oauth2{server and '/'}{server}{APPROVE}?request={handle}"
        if self.account:
            return f"/account/{self.section}" if self.section else "/account"
        if not self.activating:
            return "/signin"
        return "/activate" + (f"?{urlencode({'user_code': self.user_code})}" if self.user_code else "")
