"""Nothing is waited for so long that Lambda cuts the invocation off: the answer comes before the function's timeout.

In simulated time: each attempt takes as long as its time-outs allow, each pause is the longest.
"""

from typing import Any

import pytest
from authmint.deadline import ATTEMPTS, CONNECT_TIMEOUT, LONGEST_PAUSE, MARGIN, NEEDED, READ_TIMEOUT, Deadline
from authmint.local.deployment import deployment
from authmint.local.template import read
from authmint.oauth.outbound_fetch import TIMEOUT_SECONDS
from botocore.exceptions import ReadTimeoutError

from tests.functions.aged_keys import OTHER, aged
from tests.functions.deployment import WIRES, Functions, load_event
from tests.functions.faults import OPERATIONS, SERVERS, Faults, prepared

TIMEOUTS = {
    name: spec.timeout for name, spec in read(deployment().template, parameters={"Stage": "prod"}).functions.items()
}
FUNCTION_OF = {
    "token": "token",
    "token by assertion": "token",
    "introspect": "token_status",
    "revoke": "token_status",
    "key set": "jwks",
    "metadata": "discovery",
}
SLOWEST_ATTEMPT = CONNECT_TIMEOUT + READ_TIMEOUT


class Time:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at

    def attempt(self, request: Any, *, fails: bool) -> None:
        """One attempt as slow as can be; where it does not fail it is carried out."""
        self.at += SLOWEST_ATTEMPT
        if fails:
            raise ReadTimeoutError(endpoint_url=request.url)


@pytest.mark.parametrize("function", WIRES)
def test_a_call_that_fails_as_slowly_as_it_can_fits_into_the_functions_timeout(function: str) -> None:
    pauses = sum(2**number for number in range(ATTEMPTS - 1))  # botocore: up to 1 s, then up to 2 s

    assert ATTEMPTS * SLOWEST_ATTEMPT + pauses < TIMEOUTS[function]
    assert TIMEOUTS[function] > NEEDED + TIMEOUT_SECONDS
    assert 2 ** (ATTEMPTS - 2) <= LONGEST_PAUSE


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, faults: Faults) -> Time:
    simulated = Time()

    def pause(_: float) -> None:
        simulated.at += LONGEST_PAUSE

    monkeypatch.setattr("botocore.endpoint.time.sleep", pause)
    return simulated


def limited(functions: Functions, name: str, time: Time, *, seconds: float | None = None) -> None:
    deadline = functions.function(name).deadline
    deadline._monotonic = time
    deadline.set(seconds or TIMEOUTS[name])


@pytest.mark.parametrize("name", OPERATIONS)
def test_with_every_call_as_slow_as_can_be_the_answer_comes_in_time(
    functions: Functions, faults: Faults, time: Time, name: str
) -> None:
    ready = prepared(functions)
    function = FUNCTION_OF.get(name, "management")
    # From the n-th on every attempt fails; those before it succeed at the last moment.
    for first_that_fails in (1, 2, 3, 4, 6, 100):
        functions.restart()
        limited(functions, function, time)
        started = time.at

        def slow(request: Any, first: int = first_that_fails) -> None:
            time.attempt(request, fails=faults.seen >= first)

        faults.arm(slow, 1, lasting=True)
        answer = OPERATIONS[name](functions, ready)
        faults.clear()

        assert time.at - started <= TIMEOUTS[function] - MARGIN
        assert answer["statusCode"] in {200, 201, 204, 400, 401, 404, 503}
        if first_that_fails == 1:
            assert answer["statusCode"] == 503
        functions.restart()


def test_the_schedule_stops_in_time_and_says_what_is_left(functions: Functions, faults: Faults, time: Time) -> None:
    functions.ready()
    for number in range(6):
        aged(functions.deployed, functions.admin("POST", SERVERS, OTHER | {"name": f"s{number}"})["id"])
    limited(functions, "key_rotation", time, seconds=30)
    started = time.at
    faults.arm(lambda request: time.attempt(request, fails=False), 1, lasting=True)

    run = functions.direct("key_rotation", load_event("schedule"))
    faults.clear()

    assert time.at - started <= 30 - MARGIN
    assert run["advanced"]
    assert run["failed"]
    functions.restart()
    assert len(functions.direct("key_rotation", load_event("schedule"))["advanced"]) == len(run["failed"])


def test_without_time_no_attempt_begins() -> None:
    time = Time()
    deadline = Deadline(time)
    assert deadline.allows_an_attempt()

    deadline.set(NEEDED)
    assert deadline.allows_an_attempt()
    time.at += 0.1
    assert not deadline.allows_an_attempt()
