"""One authenticated call of the management API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...audit.recorder import Recorder
from ...http import Request, Response
from ...storage.retrying import Retrying
from .authentication import Caller
from .errors import BearerChallenge
from .fields import Fields, json_object


@dataclass(frozen=True)
class Call:
    """A request with its parameters and its administrator.

    Attributes:
        now: Unix seconds.
        retrying: Repeats a change when another came first.
        looking: Only whether the object is another one is wanted: nobody is shown the answer.
    """

    request: Request
    params: Mapping[str, str]
    recorder: Recorder
    caller: Caller
    now: int
    retrying: Retrying
    looking: bool = False

    def url(self, path: str) -> str:
        """An absolute URL on the host that the caller used (docs/protocol.md §23.1)."""
        return self.request.base_url + path

    def check_two_factors(self) -> None:
        """Raises BearerChallenge: a person calls who did not sign in with two factors (RFC 9470 §3)."""
        if self.caller.person is not None and not self.caller.two_factors:
            raise BearerChallenge("insufficient_user_authentication", self.request)

    def body(self) -> Fields:
        """Raises ApiError."""
        return Fields(json_object(self.request))

    def json(self) -> Mapping[str, Any]:
        """Raises ApiError."""
        return json_object(self.request)


Operation = Callable[[Call], Response]

NO_CONTENT = Response(204)


def link(href: str, *allow: str) -> dict[str, Any]:
    """A member of ``_links``: where it leads, and by which methods."""
    return {"href": href, "hints": {"allow": list(allow)}}


def lifecycle(href: str, status: str) -> dict[str, Any]:
    """``deactivate`` of an ACTIVE object, ``activate`` of an INACTIVE one (docs/protocol.md §23.1)."""
    verb = "deactivate" if status == "ACTIVE" else "activate"
    return {verb: link(f"{href}/lifecycle/{verb}", "POST")}
