"""``ETag`` and ``If-Match`` (RFC 9110 §8.8.3, §13.1.1): a change of what somebody else changed meanwhile is refused."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from ...http import Response
from ...jose.encoding import b64encode
from ...storage.errors import Conflict
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

    It is looked at before the change, and again before each attempt that repeats it. Between that look and the reading
    of the attempt another change can come: it is not seen then.

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
    return replace(call, retrying=_Checked(call.retrying.in_time, call.retrying.sleep, call.retrying.random, check))


def _current(call: Call, routes: Routes[Operation]) -> str | None:
    """The tag of what the path of a change leads to; ``None``: nothing can be read there."""
    request = replace(call.request, method="GET", body=b"", query=())
    try:
        operation, params, _ = routes.find("GET", request.path)
    except ApiError:
        return None
    return _tag(operation(replace(call, request=request, params=params)))


def _tag(answer: Response) -> str:
    return f'"{b64encode(hashlib.sha256(answer.body).digest()[:_BYTES])}"'


@dataclass(frozen=True)
class _Checked(Retrying):
    """Looks before each attempt, until one succeeded: what follows it is of the same change."""

    check: Callable[[], None] = lambda: None

    def __call__(
        self,
        attempt: Callable[[], _R],
        *,
        on: tuple[type[Exception], ...] = (Conflict,),
        patience: float = PATIENCE,
    ) -> _R:
        again = False

        def looked() -> _R:
            nonlocal again
            if again:
                self.check()
            again = True
            return attempt()

        return super().__call__(looked, on=on, patience=patience)
