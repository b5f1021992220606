"""Nothing of one server works at another one: the check that ships, over the domain, the functions and a stack."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authmint.cli.isolation import check as checks
from authmint.cli.isolation.check import check
from authmint.cli.isolation.sides import CannotCheck, two_sides
from authmint.cli.main import main
from authmint.cli.remote import Answer

from tests.functions.deployment import Functions
from tests.support.remotes import InMemory, OverFunctions, readable
from tests.support.stack import Running

SERVERS = "/api/v1/authorizationServers"
CLIENTS = "/oauth2/v1/clients"
USERS = "/api/v1/users"
BELOW = ("scopes", "claims", "resources", "policies")


def test_nothing_crosses_over_the_domain_not_even_forgeries_with_the_servers_own_keys() -> None:
    deployment = InMemory()

    attempts = check(deployment, forge=deployment.pairs.forge)

    assert readable(attempts) == "[]"
    assert len(attempts) > 300
    assert {attempt.direction for attempt in attempts} == {"A → B", "B → A"}


@pytest.mark.usefixtures("unbraked")
def test_nothing_crosses_over_the_functions(functions: Functions) -> None:
    assert readable(check(OverFunctions(functions))) == "[]"


def test_the_check_leaves_nothing_behind_and_two_servers_can_be_taken(
    stack: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHMINT_URL", stack.url)
    monkeypatch.setenv("AUTHMINT_API_TOKEN", stack.token)
    servers = [stack.made(SERVERS, {"name": f"taken {name}", "audiences": ["a"]})["id"] for name in "ab"]

    def names() -> Any:
        found = [
            stack.admin("GET", path).json()
            for path in (SERVERS, CLIENTS, USERS, *(f"{SERVERS}/{i}/{below}" for i in servers for below in BELOW))
        ]
        return [sorted(str(record.get("id") or record.get("client_id")) for record in records) for records in found]

    before = names()
    statuses = [main(["isolation-check"]), main(["isolation-check", "--servers", *servers])]

    first, second = (json.loads(part) for part in capsys.readouterr().out.replace("}\n{", "}\0{").split("\0"))
    assert statuses == [0, 0]
    assert first["crossed"] == second["crossed"] == 0
    assert len(first["attempts"]) == len(second["attempts"]) + 30  # whom a taken server lets in is its own matter
    assert names() == before


def test_a_check_that_is_too_fast_for_one_login_goes_on_a_second_later() -> None:
    class Patient(InMemory):
        paused: float = 0

        def pause(self, seconds: float) -> None:
            self.paused += seconds

        def send(self, method: str, path: str, **named: Any) -> Answer:
            too_fast = path == "/api/v1/authn" and not self.paused
            return Answer(429, {}, b"{}") if too_fast else super().send(method, path, **named)

    deployment = Patient()

    assert readable(check(deployment)) == "[]"
    assert deployment.paused == 1


class Leaky(InMemory):
    """Says of every token that it is active."""

    def send(self, method: str, path: str, **named: Any) -> Answer:
        answer = super().send(method, path, **named)
        if path.endswith("/introspect") and answer.status == 200:
            return Answer(200, answer.headers, b'{"active":true}')
        return answer


def test_what_crosses_is_seen_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("authmint.cli.commands.isolation.of_options", lambda _: Leaky())

    assert main(["isolation-check", "--token", "t" * 32]) == 1

    attempts = json.loads(capsys.readouterr().out)["attempts"]
    assert any(attempt["what"].startswith("introspect its token") and not attempt["refused"] for attempt in attempts)


class Confused(InMemory):
    """Takes a code of any server and any client."""

    def send(self, method: str, path: str, **named: Any) -> Answer:
        answer = super().send(method, path, **named)
        if path.endswith("/token") and b"&code=" in (named.get("body") or b"") and answer.status == 400:
            return Answer(200, answer.headers, b'{"access_token":"x"}')
        return answer


class Burning(InMemory):
    """Refuses a person's credentials elsewhere, and they are gone then, also where they belong."""

    def __init__(self) -> None:
        super().__init__()
        self.burned: list[bytes] = []

    def send(self, method: str, path: str, **named: Any) -> Answer:
        body = named.get("body") or b""
        field = next((part for part in body.split(b"&") if part.startswith((b"code=", b"refresh_token="))), b"")
        if field in self.burned:
            return Answer(400, {}, b'{"error":"invalid_grant"}')
        answer = super().send(method, path, **named)
        if field and answer.status == 400:
            self.burned.append(field)
        return answer


@pytest.mark.parametrize(
    ("deployment", "seen"),
    [(Confused, "a person's code there, by its client"), (Burning, "a person's code afterwards, at home")],
)
def test_what_crosses_or_burns_of_a_persons_is_seen(deployment: type[InMemory], seen: str) -> None:
    crossed = [attempt.what for attempt in check(deployment()) if not attempt.refused]

    assert seen in crossed


class Closed(InMemory):
    """Refuses everything at introspection, what is right as well."""

    def send(self, method: str, path: str, **named: Any) -> Answer:
        if path.endswith("/introspect"):
            return Answer(200, {}, b'{"active":false}')
        return super().send(method, path, **named)


def test_where_everything_is_refused_the_check_says_that_it_proves_nothing() -> None:
    with pytest.raises(CannotCheck, match="does not know its own token"):
        check(Closed())


def test_where_nobody_gets_a_code_the_check_says_that_it_proves_nothing() -> None:
    class Deaf(InMemory):
        def send(self, method: str, path: str, **named: Any) -> Answer:
            return Answer(400, {}, b"{}") if "/authorize?" in path else super().send(method, path, **named)

    with pytest.raises(CannotCheck, match="gave its own client no code"):
        check(Deaf())


def test_what_cannot_be_deleted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sticky(InMemory):
        def send(self, method: str, path: str, **named: Any) -> Answer:
            if method == "DELETE" and path.startswith(CLIENTS):
                return Answer(503, {}, b"{}")
            return super().send(method, path, **named)

    with pytest.raises(CannotCheck, match=f"left behind, delete by hand: {CLIENTS}/"):
        check(Sticky())


def test_a_check_that_fails_in_between_deletes_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = InMemory()

    @contextmanager
    def interrupted(*values: Any) -> Iterator[Any]:
        with original(*values) as sides:
            yield sides
            raise KeyboardInterrupt

    original = two_sides
    monkeypatch.setattr(checks, "two_sides", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check(deployment)

    assert [server["name"] for server in deployment.admin("GET", SERVERS)] == ["default"]
    assert deployment.admin("GET", CLIENTS) == deployment.admin("GET", USERS) == []
