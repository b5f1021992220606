"""An official SDK and a plain client meet the brakes of administration: they are told how long, wait, and go on."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.flows.okta_sdk import Sdk
from tests.support.stack import Running, running_stack

LIMIT = 12


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Running]:
    with running_stack(tmp_path, options=["--parameter", f"AdminCallsPerMinute={LIMIT}"]) as stack:
        yield stack


def test_the_sdk_waits_as_long_as_it_is_told_and_goes_on(narrow: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    waited: list[float] = []
    sleep = asyncio.sleep

    async def wait(seconds: float, *values: object) -> None:
        if seconds < 1:  # the HTTP client's own
            await sleep(seconds)
        else:
            waited.append(seconds)
            await asyncio.to_thread(narrow.advance, f"{int(seconds)}s")

    monkeypatch.setattr(asyncio, "sleep", wait)
    sdk = Sdk(narrow)

    made = [
        sdk.create_authorization_server({"name": f"s{n}", "description": "d", "audiences": ["a"]}) for n in range(3)
    ]
    listed = [sdk.get_authorization_server(made[0].id).id for _ in range(LIMIT)]

    assert listed == [made[0].id] * LIMIT
    assert waited
    assert all(1 <= seconds <= 61 for seconds in waited)


def test_the_answer_says_when_and_the_minute_after_is_a_new_one(narrow: Running) -> None:
    answers = [narrow.admin("GET", "/api/v1/authorizationServers/default") for _ in range(2 * LIMIT + 1)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    answer = refused[-1]
    assert answer.json()["errorCode"] == "E0000047"
    sent = int(parsedate_to_datetime(answer.headers["date"]).timestamp())
    reset = int(answer.headers["x-rate-limit-reset"])
    assert answer.headers["x-rate-limit-remaining"] == "0"
    assert abs(reset - sent - int(answer.headers["retry-after"])) <= 1
    assert datetime.fromtimestamp(reset, UTC).second == 0
    narrow.advance(answer.headers["retry-after"] + "s")
    assert narrow.admin("GET", "/api/v1/authorizationServers/default").status_code == 200
