"""``ETag`` and ``If-Match`` (RFC 9110 §8.8.3, §13.1.1): a change of what somebody else changed meanwhile is refused."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from ...audit.recorder import Recorder
from ...http import Response
from ...jose.encoding import b64encode
from ...storage.errors import Conflict
from ...storage.events import Event, Party
from ...storage.retrying import PATIENCE, Retrying
from .call import Call, Operation
from .errors import ApiError
from .routes import Routes

_R = TypeVar("_R")
_BYTES: Final = 15


def with_tag(answer: Response) -> Response:
    """The answer to a GET with the tag of its object; lists and refusals have none."""
    if answer.status != 200 or not answer.body.startswith(b"{"):
        return answer
    return answer.with_headers(("etag", _tag(answer)))


def checked(call: Call, routes: Routes[Operation]) -> Call:
    """The call, whose change is made only while its object is as ``If-Match`` says.

    It is looked at before the change, and in each attempt once more where its event is made: after what is changed was
    read, before it is written. What comes before that look is seen; what comes after it makes the write a conflict, and
    the attempt is repeated.

    Raises:
        ApiError: E0000412; E0000007 where there is no object.
    """
    wanted = call.request.header("if-match")
    if wanted is None or wanted.strip() == "*" or call.request.method == "GET":
        return call
    tags = {one.strip() for one in wanted.split(",")}

    def check() -> None:
        if _current(call, routes) not in tags:
            raise ApiError("E0000412")

    check()
    look = _Look(check)
    own, recorder = call.retrying, call.recorder
    return replace(
        call,
        retrying=_Attempts(own.in_time, own.sleep, own.random, look=look),
        recorder=_Looking(recorder.clock, recorder.ids, recorder.actor, recorder.request, look),
    )


def _current(call: Call, routes: Routes[Operation]) -> str | None:
    """The tag of what the path of a change leads to; ``None``: nothing can be read there."""
    request = replace(call.request, method="GET", body=b"", query=())
    try:
        operation, params, _ = routes.find("GET", request.path)
    except ApiError:
        return None
    return _tag(operation(replace(call, request=request, params=params, looking=True)))


def _tag(answer: Response) -> str:
    return f'"{b64encode(hashlib.sha256(answer.body).digest()[:_BYTES])}"'


@dataclass
class _Look:
    """``due``: an attempt is on its way, and has made no event."""

    check: Callable[[], None]
    due: bool = False


@dataclass(frozen=True)
class _Looking(Recorder):
    """Looks where the first event of an attempt is made; those that follow a change do not look."""

    look: _Look

    def event(
        self, event_type: str, *targets: Party, message: str = "", debug: Mapping[str, Any] | None = None
    ) -> Event:
        if self.look.due:
            self.look.due = False
            self.look.check()
        return super().event(event_type, *targets, message=message, debug=debug)


@dataclass(frozen=True)
class _Attempts(Retrying):
    look: _Look = field(kw_only=True)

    def __call__(
        self,
        attempt: Callable[[], _R],
        *,
        on: tuple[type[Exception], ...] = (Conflict,),
        patience: float = PATIENCE,
    ) -> _R:
        def looked() -> _R:
            self.look.due = True
            try:
                return attempt()
            finally:
                self.look.due = False

        return super().__call__(looked, on=on, patience=patience)
