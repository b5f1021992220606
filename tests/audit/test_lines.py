"""Events as log lines: what was written is read again, and lines of releases before this one are."""

import json
from typing import Any

import msgspec
import pytest
from authmint.audit.lines import event_of, instant, line_of
from authmint.runtime.logging import Log
from authmint.storage.events import Event, Party
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOW, FrozenClock

#: Few texts, so that the same ones stand in several places.
texts = st.sampled_from(["", "a", "b", "a b", "a, b", "PublicClientApp"])
values = st.one_of(texts, st.none(), st.integers(0, 9), st.lists(texts, max_size=2))
names = st.sampled_from(["hash", "subject", "scope", "expires", "granted_scopes", "requested_scopes", "rule"])
parties = st.builds(
    Party, texts, texts, st.none() | texts, st.none() | texts, st.none() | st.dictionaries(names, values, max_size=4)
)
events = st.builds(
    Event,
    id=texts,
    published_ms=st.integers(0, 4_200_000_000_000),
    type=texts | st.just("policy.evaluate_sign_on"),
    actor=st.builds(Party, texts, texts, st.none() | texts, st.none() | texts),
    outcome=st.sampled_from(["SUCCESS", "FAILURE", "ALLOW", "DENY"]),
    reason=st.none() | texts,
    message=texts,
    targets=st.lists(parties, max_size=2).map(tuple),
    debug=st.dictionaries(names, values, max_size=4),
    source_ip=texts,
    user_agent=texts,
    request_id=texts,
)


def read(event: Event) -> Event:
    line = {"message": event.type, "timestamp": instant(event.published_ms), "event": line_of(event)}
    return event_of(json.loads(msgspec.json.encode(line)))


@given(events)
def test_what_was_written_is_read_again(event: Event) -> None:
    assert read(event) == event


@given(events)
def test_what_a_release_before_this_one_wrote_is_read(event: Event) -> None:
    assert event_of(json.loads(msgspec.json.encode({"event": event}))) == event


def test_no_value_stands_in_a_line_twice(capsys: pytest.CaptureFixture[str]) -> None:
    token, client = "5W+sKTMboiOrC8jkLhEO5GOUrFYKFR8Nq6nTdciU/90=", "0oa0Vc3FfMw00tgPr0Er"
    detail: dict[str, Any] = {"expires": 4_100_003_600, "hash": token, "subject": client, "scope": "orders.read x"}
    debug = {"requested_scopes": "orders.read, x", "granted_scopes": "orders.read, x", "rule": "0pr1"}
    event = Event(
        "e-1",
        NOW * 1000 + 7,
        "app.oauth2.as.token.revoke",
        Party(client, "PublicClientApp", client, "orders"),
        targets=(Party(token, "access_token", detail=detail),),
        debug=debug,
    )

    Log("token", FrozenClock()).emit(event)

    line = capsys.readouterr().out
    for value in (token, client, "orders.read", event.type):
        assert line.count(value) == 1
    assert "null" not in line
    assert event_of(json.loads(line)) == event


@pytest.mark.parametrize(
    "line",
    [
        {"event": 5},
        {"event": {"id": "e"}},
        {"message": "t", "timestamp": "yesterday", "event": {"id": "e", "actor": {"id": "a", "type": "User"}}},
        {"message": "t", "timestamp": 5, "event": {"id": "e", "actor": {"id": "a", "type": "User"}}},
        {"message": "t", "timestamp": "2026-01-01T00:00:00Z", "event": {"id": "e", "actor": "a"}},
        {"message": "t", "timestamp": "2026-01-01T00:00:00Z",
         "event": {"id": "e", "actor": {"id": "a", "type": "User"}, "debug": 5}},
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        event_of(line)
