"""Authentication requests without a browser, again and again: for counting calls and for timing whole handlers."""

import itertools
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.people import Operation
from tests.functions.backchannel import a_centre, begin, page_of, poll_event, request_event, requests_of
from tests.functions.deployment import Functions
from tests.functions.sign_ins import People, form_of

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
        Operation("authentication request, to its tokens", "authorize", whole),
    ]


def refused(functions: Functions, count: Callable[[], None]) -> Send:
    """Sends what is answered by a refusal: ``authorization_pending`` is one."""

    def send(name: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = Functions.http(functions, name, event)
        assert answer["statusCode"] == 400, answer
        count()
        return answer

    return send
