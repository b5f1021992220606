"""Authentication requests without a browser, again and again: for counting calls and for timing whole handlers."""

import contextlib
import io
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.measure import says
from tests.benchmarks.people import Operation, calls_of, signed_in, watched
from tests.functions.backchannel import a_centre, begin, page_of, poll_event, request_event, requests_of
from tests.functions.deployment import Calls, Functions
from tests.functions.sign_ins import People, form_of
from tests.support.backend import LocalAws

Send = Callable[[str, dict[str, Any]], dict[str, Any]]


def of_requests(people: People, *, waits: Send, aside: Callable[[], AbstractContextManager[None]]) -> list[Operation]:
    """A request, a poll of one that waits, and one from the question to the tokens.

    Args:
        people: Whose client asks, and who approves. The first two are for nobody, who has room for any number.
        waits: Sends what is refused.
        aside: In it nothing is counted.
    """
    centre, send, numbers = a_centre(people), people.functions.http, itertools.count()
    requests = requests_of(centre)

    def new() -> dict[str, Any]:
        return request_event(centre, f"nobody-{next(numbers)}@example.org")

    def waiting() -> dict[str, Any]:
        asked = json.loads(send("token", new())["body"])
        return poll_event(centre, asked["auth_req_id"])

    def just_signed_in() -> None:
        """When a session was used last is written down now and then."""
        people.cookies.clear()
        people.sign_in()

    def whole(_: object) -> None:
        asked = begin(centre)
        with aside():
            page = page_of(centre, requests)
        fields = form_of(centre.visit("GET", page)["body"]).fields
        centre.visit("POST", page.partition("?")[0], urlencode(fields | {"decision": "allow"}))
        send("token", poll_event(centre, asked))

    return [
        Operation("authentication request", "token", lambda event: send("token", event), new),
        Operation("authentication request, a poll", "token", lambda event: waits("token", event), waiting),
        Operation("authentication request, to its tokens", "authorize", whole, just_signed_in),
    ]


def refused(functions: Functions, count: Callable[[], None]) -> Send:
    """Sends what is answered by a refusal: ``authorization_pending`` is one."""

    def send(name: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = Functions.http(functions, name, event)
        assert answer["statusCode"] == 400, answer
        count()
        return answer

    return send


def count(aws: LocalAws) -> None:
    """Print the calls of each in warm functions, by name: reads / writes."""
    calls = Calls()

    @contextlib.contextmanager
    def aside() -> Iterator[None]:
        known = len(calls.sent)
        yield
        del calls.sent[known:]

    with watched(calls.watch):
        functions = Functions(aws.fresh(), calls)
        with contextlib.redirect_stdout(io.StringIO()):
            waits = refused(functions, lambda: None)
            operations = of_requests(signed_in(functions, "RS256"), waits=waits, aside=aside)
        for operation in operations:
            with contextlib.redirect_stdout(io.StringIO()):
                sent = calls_of(operation, calls)
            says(f"calls of {operation.name}", sent)
