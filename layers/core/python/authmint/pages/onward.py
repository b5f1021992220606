"""Where a browser goes on after signing in: to its waiting request, to its device, or nowhere in particular.

Nowhere else: a page that takes the way onward from a URL is an open redirect.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from .forms import Form
from .waiting import Waiting

_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NOISE: Final = re.compile(r"[\s\-‐-―_.]+")
_CODE: Final = re.compile(r"[A-Z]{1,16}")
#: User codes are letters: who types a digit has misread one.
_MISREAD: Final = str.maketrans("01258", "OLZSB")


def normalized(user_code: str) -> str:
    """A user code as it is stored, from what somebody typed; empty where it cannot be one."""
    code = _NOISE.sub("", user_code[:64]).upper().translate(_MISREAD)
    return code if _CODE.fullmatch(code) else ""


@dataclass(frozen=True)
class Onward:
    """One way onward.

    Attributes:
        handle: Of a waiting request; empty: there is none.
        activating: To a device.
        user_code: That the device gave along, perhaps.
    """

    handle: str = ""
    activating: bool = False
    user_code: str = ""

    @classmethod
    def of(cls, handle: str | None, user_code: str | None) -> "Onward":
        """From ``request`` and ``activate`` of a query or a form. What is malformed is nothing."""
        if handle is not None and _HANDLE.fullmatch(handle):
            return cls(handle)
        return cls() if user_code is None else cls(activating=True, user_code=normalized(user_code))

    @classmethod
    def of_form(cls, form: Form) -> "Onward":
        """From the hidden fields that ``fields`` made."""
        activating = form.texts("activate")
        return cls.of(form.text("request") or None, activating[0] if activating else None)

    @property
    def fields(self) -> dict[str, str]:
        """For forms and queries."""
        if self.handle:
            return {"request": self.handle}
        return {"activate": self.user_code} if self.activating else {}

    @property
    def subject(self) -> str:
        """What a form is bound to."""
        return self.handle

    @property
    def sign_in_uri(self) -> str:
        """The sign-in page on this way."""
        return "/signin" + (f"?{urlencode(self.fields)}" if self.fields else "")

    def uri(self, waiting: Waiting | None) -> str:
        """Where the browser goes when its user is signed in."""
        if waiting is not None:
            return waiting.resume_uri
        if not self.activating:
            return "/signin"
        return "/activate" + (f"?{urlencode({'user_code': self.user_code})}" if self.user_code else "")
