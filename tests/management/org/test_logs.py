"""``/api/v1/logs`` (docs/protocol.md §29)."""

import pytest
from authmint.storage.events import Event, Party

from tests.management.admin import BASE_URL, Admin
from tests.support.fakes import NOW

LOGS = "/api/v1/logs"


def refused(admin: Admin, number: int, reason: str = "no_matching_policy") -> None:
    """A refused token request, as the sink records it."""
    event = Event(
        id=f"event-{number}",
        published_ms=(admin.clock.now() * 1000) + number,
        type="app.oauth2.as.token.grant",
        actor=Party("0oaA", "PublicClientApp", "0oaA", "orders service"),
        outcome="FAILURE",
        reason=reason,
        targets=(Party("ausA", "AuthorizationServer"),),
        debug={"policy": "00pA", "grant_type": "client_credentials"},
        source_ip="192.0.2.7",
    )
    admin.storage.log.record([event])


def test_an_administrative_change_is_there_at_once_in_full(admin: Admin) -> None:
    server = admin.server()

    event = admin.get(f'{LOGS}?filter=eventType eq "oauth2.as.created" and target.id eq "{server["id"]}"').json[0]

    assert event["outcome"] == {"result": "SUCCESS", "reason": None}
    assert event["actor"]["type"] == "User"
    assert event["target"][0]["displayName"] == "orders"
    assert event["published"] == "2099-12-03T16:53:20.000Z"
    assert event["severity"] == "INFO"
    assert event["version"] == "0"


def test_a_refusal_says_why(admin: Admin) -> None:
    refused(admin, 1)

    (event,) = admin.get(f'{LOGS}?filter=outcome.result eq "FAILURE"').json

    assert event["outcome"]["reason"] == "no_matching_policy"
    assert event["debugContext"]["debugData"]["policy"] == "00pA"
    assert event["client"]["ipAddress"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('actor.id eq "0oaA"', 2),
        ('eventType sw "app.oauth2.as.token"', 2),
        ('outcome.reason co "policy"', 1),
        ('target.id eq "ausA" and outcome.reason eq "invalid_scope"', 1),
        ('target.id eq "ausB" or debugContext.debugData.policy eq "00pA"', 2),
        ('eventType eq "x"', 0),
    ],
)
def test_filters(admin: Admin, condition: str, found: int) -> None:
    refused(admin, 1)
    refused(admin, 2, "invalid_scope")

    assert len(admin.get(f"{LOGS}?filter={condition}").json) == found


def test_words_are_found_anywhere(admin: Admin) -> None:
    refused(admin, 1)

    assert len(admin.get(f"{LOGS}?q=ORDERS policy").json) == 1
    assert admin.get(f"{LOGS}?q=orders nonsense").json == []
    assert admin.get(f"{LOGS}?q={'a ' * 11}").code == "E0000001"
    assert admin.get(f"{LOGS}?q={'a' * 41}").code == "E0000001"


def test_polling_always_has_a_next_page_and_shows_each_event_once(admin: Admin) -> None:
    seen = []
    answer = admin.get(f"{LOGS}?limit=2")
    for number in range(5):
        seen += [event["uuid"] for event in answer.json]
        refused(admin, number)
        admin.clock.advance(seconds=3)
        assert [link.rpartition("rel=")[2] for link in answer.header("link")] == ['"self"', '"next"']
        answer = admin.get(answer.header("link")[1].partition(">")[0].removeprefix("<"))
    while answer.json:
        seen += [event["uuid"] for event in answer.json]
        answer = admin.get(answer.header("link")[1].partition(">")[0].removeprefix("<"))

    assert seen == [event.id for event in admin.storage.events]
    assert len(seen) == len(set(seen)) >= 5


def test_a_bounded_query_is_about_when_things_happened_and_ends(admin: Admin) -> None:
    for number in range(3):
        refused(admin, number)
        admin.clock.advance(seconds=60)
    between = f"{LOGS}?since=2099-12-03T16:54:00.000Z&until=2099-12-03T16:54:30.000Z"

    answer = admin.get(between)

    assert [event["uuid"] for event in answer.json] == ["event-1"]
    assert len(answer.header("link")) == 1
    assert admin.get(f"{LOGS}?until=2099-12-03T16:53:19Z").json == []


def test_the_newest_first(admin: Admin) -> None:
    for number in range(3):
        refused(admin, number)
        admin.clock.advance(seconds=60)

    first = admin.get(f"{LOGS}?sortOrder=DESCENDING&limit=2")
    second = admin.get(first.header("link")[1].partition(">")[0].removeprefix("<"))

    assert [event["uuid"] for event in first.json] == ["event-2", "event-1"]
    assert second.json[0]["uuid"] == "event-0"
    assert first.header("link")[0] == f'<{BASE_URL}{LOGS}?limit=2&sortOrder=DESCENDING>; rel="self"'


def test_what_is_wrong_is_said(admin: Admin) -> None:
    date = admin.get(f"{LOGS}?until=yesterday")

    assert (date.status, date.code, date.causes) == (400, "E0000001", [])
    assert date.json["errorSummary"] == (
        "'until': The date format in your query is not recognized. Please enter dates using ISO8601 string format.. "
        "'until': must be a valid date-time or empty."
    )
    assert admin.get(f"{LOGS}?filter=nonsense").code == "E0000031"
    assert admin.get(f"{LOGS}?after=nonsense").code == "E0000029"
    assert admin.get(f"{LOGS}?limit=0").json == []
    assert admin.get(f"{LOGS}?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z").status == 200
    assert admin.call("POST", LOGS, {}).status == 405
    assert admin.clock.now() == NOW
