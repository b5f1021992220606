"""What a person's browser and her client do, again and again: for counting calls and for timing whole handlers."""

import contextlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import urlencode

from authmint.rate_limit import RateLimit
from botocore.session import Session

from tests.benchmarks.measure import says
from tests.functions.deployment import Calls, Functions, form_event
from tests.functions.sign_ins import VERIFIER, People, people_at
from tests.support.backend import LocalAws
from tests.support.pace import unbraked
from tests.support.people import CALLBACK, LOGIN, PASSWORD, Form

_READS: Final = ("BatchGetItem", "GetItem", "Query")


@dataclass(frozen=True)
class Operation:
    """One thing that people's clients or browsers do.

    Attributes:
        name: For the tables.
        function: Which serves it.
        work: Does it once, with what ``fresh`` made.
        fresh: Makes what the work uses up; no part of the operation.
    """

    name: str
    function: str
    work: Callable[[Any], Any]
    fresh: Callable[[], Any] = lambda: None


def signed_in(functions: Functions, algorithm: str) -> People:
    """Maria, who has a session and has agreed to everything."""
    server = functions.ready()[0]
    body = {"name": "s", "audiences": ["a"], "issuerMode": "ORG_URL", "credentials": {"signing": {"alg": algorithm}}}
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}", body)
    people = people_at(functions, server)
    people.sign_in()
    return people


def whole_sign_in(people: People) -> Operation:
    """From a browser without a session to a code: the authorization endpoint, the page, the password, and back."""

    def work(_: object) -> None:
        people.cookies.clear()
        people.sign_in()

    return Operation("sign-in + code", "authorize", work)


def password(people: People) -> Operation:
    """The one request that carries the password."""

    def page() -> str:
        people.cookies.clear()
        form = Form()
        form.feed(people.authorize()[1])
        return urlencode(form.fields | {"username": LOGIN, "password": PASSWORD})

    return Operation("sign-in", "authorize", lambda body: people.visit("POST", "/signin", body), page)


def code(people: People) -> Operation:
    return Operation("authorize with a session", "authorize", lambda _: people.code())


def redemption(people: People) -> Operation:
    """Access token, ID token and refresh token for a code."""

    def unspent() -> dict[str, Any]:
        return _form(people, "token", code=people.code(), **_PROOF)

    return Operation("code redemption", "token", partial(people.functions.http, "token"), unspent)


def refresh(people: People, rotation: str) -> Operation:
    """Access token and ID token, and with ``ROTATE`` another refresh token, for one that was never used."""

    def unused() -> dict[str, Any]:
        return _form(people, "token", grant_type="refresh_token", refresh_token=_tokens(people)["refresh_token"])

    rotate(people, rotation)
    return Operation(f"refresh, {rotation}", "token", partial(people.functions.http, "token"), unused)


def rotate(people: People, rotation: str) -> None:
    """Whether the client's refresh tokens last from now on (``STATIC``) or for one use (``ROTATE``)."""
    app = people.functions.admin("GET", f"/api/v1/apps/{people.client}")
    app["settings"]["oauthClient"]["refresh_token"]["rotation_type"] = rotation
    people.functions.admin("PUT", f"/api/v1/apps/{people.client}", app)


def userinfo(people: People) -> Operation:
    bearer = f"Bearer {_tokens(people)['access_token']}"
    event = people.event("GET", f"/oauth2/{people.server}/v1/userinfo", authorization=bearer)
    return Operation("userinfo", "token_status", lambda _: people.functions.http("token_status", event))


def introspection(people: People, kind: str) -> Operation:
    """Of a live token of hers: ``access_token`` or ``refresh_token``."""
    event = _form(people, "introspect", token=_tokens(people)[kind])
    name = f"introspection, {kind.replace('_', ' ')} of a user"
    return Operation(name, "token_status", lambda _: people.functions.http("token_status", event))


def count(aws: LocalAws) -> None:
    """Print the calls of each operation in warm functions, by name: reads / writes."""
    calls = Calls()
    with watched(calls.watch):
        functions = Functions(aws.fresh(), calls)
        with contextlib.redirect_stdout(io.StringIO()):
            people = signed_in(functions, "RS256")
        for make in (
            code,
            password,
            redemption,
            partial(refresh, rotation="ROTATE"),
            partial(refresh, rotation="STATIC"),
            userinfo,
            partial(introspection, kind="access_token"),
            partial(introspection, kind="refresh_token"),
        ):
            with contextlib.redirect_stdout(io.StringIO()):
                operation = make(people)
                sent = calls_of(operation, calls)
            says(f"calls of {operation.name}", sent)


def calls_of(operation: Operation, calls: Calls) -> str:
    """By name, reads / writes: what a warm instance calls."""
    operation.work(operation.fresh())
    thing = operation.fresh()
    calls.sent.clear()
    operation.work(thing)
    names = Counter(name.removeprefix("dynamodb:") for name in calls.sent)
    reads = [f"{names.pop(name)} {name}" for name in _READS if name in names]
    writes = [f"{number} {name}" for name, number in sorted(names.items())]
    return f"{', '.join(reads) or '0'} / {', '.join(writes) or '0'}"


@contextlib.contextmanager
def watched(watch: Callable[[Any], None]) -> Iterator[None]:
    """Every botocore client that is made meanwhile is shown to ``watch``, and nobody signs in too often."""
    create_client = Session.create_client

    def create(self: Session, service: str, *values: Any, **named: Any) -> Any:
        client = create_client(self, service, *values, **named)
        watch(client)
        return client

    with patch.object(Session, "create_client", create), patch.object(RateLimit, "take", unbraked()):
        yield


_PROOF: Final = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}


def _form(people: People, path: str, **fields: str) -> dict[str, Any]:
    return form_event(path, people.server, urlencode(fields), people.client, people.secret)


def _tokens(people: People) -> dict[str, Any]:
    return people.redeem(people.code())
