"""docs/protocol.md §39.2: how hooks are reached."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from authmint.hooks.calls import SECONDS, HookCalls, HookFailed
from authmint.hooks.functions import LambdaFunctions, client
from authmint.oauth.outbound_fetch import MAX_BYTES, Answer, FetchFailed
from authmint.storage.hooks import Channel
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.session import Session
from botocore.stub import Stubber

from tests.support.fakes import FakeSeals

SEALED = FakeSeals().seal("cal1", "channel", "a secret")
HTTP = Channel(uri="https://hook.example/x", headers=(("X-A", "b"),), auth_header="X-Key", sealed=SEALED)
OAUTH = Channel(
    "OAUTH", uri="https://hook.example/x", sealed=SEALED, client_id="c", token_url="https://l.example/t", scope="s"
)
FUNCTION = Channel("LAMBDA", function_arn="arn:aws:lambda:eu-central-1:123456789012:function:f")
TOKEN = Answer(200, b'{"access_token":"at","expires_in":3600}')
OK = Answer(200, b'{"a":1}')


@dataclass
class World:
    """Endpoints that answer in turn, and time that passes while they do."""

    answers: list[Answer | FetchFailed]
    sent: list[tuple[str, str, Mapping[str, str], bytes | None, float]] = field(default_factory=list)
    left: float = math.inf
    now: float = 0.0
    takes: float = 0.0
    opened: int = 0

    def __post_init__(self) -> None:
        self.calls = HookCalls(
            self.exchange, self.seals, lambda: self, left=lambda: self.left, monotonic=lambda: self.now
        )

    def seals(self) -> FakeSeals:
        self.opened += 1
        return FakeSeals()

    def exchange(
        self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None, largest: int, timeout: float
    ) -> Answer:
        assert largest == MAX_BYTES - 1
        self.sent.append((method, uri, headers, body, timeout))
        self.now += self.takes
        answer = self.answers.pop(0)
        if isinstance(answer, FetchFailed):
            raise answer
        return answer

    def invoke(self, arn: str, payload: bytes) -> bytes:
        assert arn == FUNCTION.function_arn
        answer = self.answers.pop(0)
        assert isinstance(answer, Answer)
        return payload + answer.content


def test_a_question_and_its_answer() -> None:
    world = World([OK])

    assert world.calls.ask("cal1", HTTP, {"q": "ü"}) == {"a": 1}

    assert world.sent == [
        (
            "POST",
            "https://hook.example/x",
            {
                "X-A": "b",
                "content-type": "application/json",
                "accept": "application/json",
                "user-agent": "authmint",
                "X-Key": "a secret",
            },
            '{"q":"ü"}'.encode(),
            SECONDS,
        )
    ]


def test_a_secret_is_opened_once() -> None:
    world = World([OK, OK])

    world.calls.ask("cal1", HTTP, {})
    world.calls.ask("cal1", HTTP, {})

    assert world.opened == 1


@pytest.mark.parametrize(
    ("answer", "message", "slow"),
    [
        (FetchFailed("too slow", slow=True), "too slow", True),
        (FetchFailed("connection failed: OSError"), "connection failed: OSError", False),
        (FetchFailed("too large"), "too large", False),
        (Answer(302, b""), "status 302", False),
        (Answer(201, b"{}"), "status 201", False),
        (Answer(500, b"{}"), "status 500", False),
        (Answer(200, b""), "the answer is not a JSON object", False),
        (Answer(200, b"[]"), "the answer is not a JSON object", False),
        (Answer(200, b"<html>a secret</html>"), "the answer is not a JSON object", False),
        (Answer(200, b"[" * 100_000), "the answer is not a JSON object", False),
    ],
)
def test_no_answer_that_can_be_used(answer: Answer | FetchFailed, message: str, slow: bool) -> None:
    with pytest.raises(HookFailed) as failed:
        World([answer]).calls.ask("cal1", HTTP, {})

    assert (str(failed.value), failed.value.slow) == (message, slow)


def test_nothing_to_say() -> None:
    assert World([Answer(204, b"")]).calls.ask("cal1", HTTP, {}) is None
    assert World([Answer(200, b"ull")]).calls.send("cal1", FUNCTION, b"n").content == b"null"


def test_a_function_gets_the_question_as_it_is() -> None:
    assert World([Answer(200, b"")]).calls.ask("cal1", FUNCTION, {"q": 1}) == {"q": 1}


def test_a_function_that_says_nothing() -> None:
    class Silent(World):
        def invoke(self, arn: str, payload: bytes) -> bytes:
            return b"null"

    assert Silent([]).calls.ask("cal1", FUNCTION, {}) is None


@pytest.mark.parametrize(("left", "channel"), [(4.1, HTTP), (-1.0, HTTP), (6.9, FUNCTION)])
def test_nothing_is_begun_that_the_invocation_has_no_time_for(left: float, channel: Channel) -> None:
    world = World([OK], left=left)

    with pytest.raises(HookFailed, match="no time was left") as failed:
        world.calls.ask("cal1", channel, {})

    assert (failed.value.slow, world.sent) == (True, [])


def test_a_hook_has_what_is_left_beside_what_comes_after_it() -> None:
    world = World([OK], left=5.0)

    world.calls.ask("cal1", HTTP, {})

    assert world.sent[0][4] == pytest.approx(1.0)


def test_an_access_token_is_had_first_and_kept_until_it_ends() -> None:
    world = World([TOKEN, OK, OK, TOKEN, OK], takes=0.5)

    world.calls.ask("cal1", OAUTH, {})
    world.calls.ask("cal1", OAUTH, {})
    world.now += 3_540
    world.calls.ask("cal1", OAUTH, {})

    asked = [(uri, headers.get("authorization")) for _, uri, headers, _, _ in world.sent]
    had, used = ("https://l.example/t", None), ("https://hook.example/x", "Bearer at")
    assert asked == [had, used, used, had, used]
    assert world.sent[0][3] == b"grant_type=client_credentials&client_id=c&client_secret=a+secret&scope=s"
    assert world.sent[1][4] == pytest.approx(SECONDS - 0.5)


def test_a_token_that_is_refused_is_not_used_again() -> None:
    world = World([TOKEN, Answer(401, b""), TOKEN, OK])

    with pytest.raises(HookFailed, match="status 401"):
        world.calls.ask("cal1", OAUTH, {})
    world.calls.ask("cal1", OAUTH, {})

    assert len(world.sent) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (FetchFailed("too slow", slow=True), "no access token for the hook: too slow"),
        (Answer(400, b'{"error":"invalid_client"}'), "no access token for the hook: status 400"),
        (Answer(200, b"<html>"), "no access token for the hook: not an answer of RFC 6749 §5.1"),
        (Answer(200, b'{"access_token":"a\\nb"}'), "no access token for the hook: it cannot stand in a header"),
    ],
)
def test_no_access_token(answer: Answer | FetchFailed, message: str) -> None:
    with pytest.raises(HookFailed) as failed:
        World([answer]).calls.ask("cal1", OAUTH, {})

    assert str(failed.value) == message


def test_a_token_endpoint_that_takes_all_the_time_leaves_none_for_the_hook() -> None:
    with pytest.raises(HookFailed, match="too slow") as failed:
        World([TOKEN, OK], takes=SECONDS).calls.ask("cal1", OAUTH, {})

    assert failed.value.slow


def a_lambda(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    return client(Session())


def test_a_function_is_invoked_once_and_waited_for_no_longer_than_a_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    lambda_ = a_lambda(monkeypatch)
    config = lambda_.meta.config
    assert config.connect_timeout + config.read_timeout == SECONDS
    assert config.retries["total_max_attempts"] == 1
    functions = LambdaFunctions(lambda_)
    with Stubber(lambda_) as stub:
        for answer in ({}, {"FunctionError": "Unhandled"}, {}):
            content = b"x" * MAX_BYTES if len(stub._queue) == 2 else b'{"a":1}'
            body = StreamingBody(_Raw(content), len(content))
            stub.add_response("invoke", {"Payload": body, **answer}, {"FunctionName": "arn", "Payload": b"{}"})
        stub.add_client_error("invoke", "AccessDeniedException")

        assert functions.invoke("arn", b"{}") == b'{"a":1}'
        for message in ("the function failed", "too large", "the function cannot be invoked: AccessDeniedException"):
            with pytest.raises(HookFailed) as failed:
                functions.invoke("arn", b"{}")
            assert str(failed.value) == message


@pytest.mark.parametrize(
    ("error", "message", "slow"),
    [
        (ReadTimeoutError(endpoint_url="u"), "the function did not answer in time", True),
        (ConnectTimeoutError(endpoint_url="u"), "the function cannot be invoked: ConnectTimeoutError", False),
    ],
)
def test_a_function_that_does_not_answer(error: Exception, message: str, slow: bool) -> None:
    class Down:
        def invoke(self, **_: Any) -> Any:
            raise error

    with pytest.raises(HookFailed) as failed:
        LambdaFunctions(Down()).invoke("arn", b"{}")

    assert (str(failed.value), failed.value.slow) == (message, slow)


class _Raw:
    """What botocore reads a body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, amount: int | None = None) -> bytes:
        content, self._content = self._content, b""
        return content
