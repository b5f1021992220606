"""``/api/v1/usage`` (docs/protocol.md §36)."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from authmint.audit.usage_counting import UsageCounting
from authmint.http import Request
from authmint.storage.api_tokens import UNUSED_LIFETIME
from authmint.storage.events import Event, Party

from tests.management.admin import BASE_URL, SERVERS, TOKEN, Admin
from tests.support.event_kinds import an_event_of_a_kind
from tests.support.fakes import NOW

USAGE = "/api/v1/usage"
HOUR = 3_600


def used(admin: Admin, *events: Event) -> None:
    admin.storage.log.record(events)


def granted(number: int, at: int = NOW, client: str = "0oaA", **debug: str) -> Event:
    """An access token."""
    kind, party = "app.oauth2.as.token.grant.access_token", Party(client, "PublicClientApp", client)
    return Event(f"granted-{number}", at * 1_000, kind, party, debug={"grant_type": "client_credentials", **debug})


def signed_in(number: int, user: str, at: int = NOW) -> Event:
    return Event(f"signed-in-{number}", at * 1_000, "user.session.start", Party(user, "User"))


def groups(admin: Admin, query: str = "") -> list[dict[str, Any]]:
    answer = admin.get(f"{USAGE}{query}")
    assert answer.status == 200, answer.json
    found: list[dict[str, Any]] = answer.json["groups"]
    return found


def test_everything_together_and_by_hour(admin: Admin) -> None:
    used(admin, granted(1), granted(2, NOW - HOUR), signed_in(1, "00uA"), signed_in(2, "00uA", NOW - HOUR))
    used(admin, signed_in(3, "00uB", NOW - HOUR), *(an_event_of_a_kind(number, NOW * 1_000) for number in range(11)))

    (whole,) = groups(admin)
    first, second = groups(admin, "?by=hour")

    assert (whole["tokens"], whole["accessTokens"], whole["refusals"], whole["codes"]) == (5, 4, 2, 1)
    assert (whole["signIns"], whole["signInsRefused"], whole["factors"], whole["allowed"]) == (4, 1, 1, 1)
    assert (first["people"], second["people"]) == (2, 4)
    assert (first["hour"], first["tokens"], second["tokens"]) == ("2099-12-03T15:00:00Z", 1, 4)
    assert whole["people"] == 5
    assert whole["clients"] == 4


def test_numbers_that_were_kept_and_the_rest_of_the_log_are_one(admin: Admin) -> None:
    used(admin, granted(1), signed_in(1, "00uA"))
    admin.clock.advance(seconds=60)
    counting = UsageCounting(admin.storage.log, admin.storage.usage, admin.clock)
    assert counting.run() == {"steps": 1, "rows": 2}
    used(admin, granted(2, NOW + 59), signed_in(2, "00uA", NOW + 59))

    (whole,) = groups(admin)

    assert (whole["tokens"], whole["signIns"], whole["people"]) == (2, 2, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?by=client", [("0oaA", 2), ("0oaB", 1)]),
        ("?by=client&server=aus1", [("0oaB", 1)]),
        ("?by=server,grantType&client=0oaB", [("aus1", "client_credentials", 1)]),
        ("?by=tokenType", [("access_token", 3)]),
        ("?by=day", [("2099-12-03T00:00:00Z", 3)]),
        ("?by=factor", []),
        ("?client=nobody", []),
        ("?until=2099-12-03T16:00:00Z", []),
        ("?by=client&since=2099-12-03T17:53:20%2B01:00", [("0oaA", 2), ("0oaB", 1)]),
    ],
)
def test_what_is_told_apart_and_left_out(admin: Admin, query: str, expected: list[tuple[Any, ...]]) -> None:
    used(admin, granted(1), granted(2), granted(3, client="0oaB", authorization_server="aus1"))

    found = groups(admin, query)

    by = [name for name in found[0] if name not in {"tokens"}] if found else []
    names = by[: len(expected[0]) - 1] if expected else []
    assert [(*(group[name] for name in names), group["tokens"]) for group in found] == expected


def test_people_are_not_told_apart_by_what_they_did(admin: Admin) -> None:
    used(admin, signed_in(1, "00uA"))

    assert [group["people"] for group in groups(admin, "?by=outcome")] == [None]
    assert [group["people"] for group in groups(admin, "?by=day")] == [1]


def test_pages_go_on_after_the_last_group(admin: Admin) -> None:
    used(admin, *(granted(number, client=f"0oa{number}") for number in range(5)))
    path, found = f"{USAGE}?by=client&limit=2", []
    while path:
        answer = admin.get(path)
        found += [group["client"] for group in answer.json["groups"]]
        following = [link for link in answer.header("link") if 'rel="next"' in link]
        path = following[0].partition("<")[2].partition(">")[0] if following else ""
        assert bool(following) == (answer.json["next"] is not None)

    assert found == [f"0oa{number}" for number in range(5)]


def as_csv(admin: Admin, **headers: str) -> list[list[str]]:
    query = (("by", "client"),) if headers else (("by", "client"), ("format", "csv"))
    headers |= {"authorization": f"SSWS {TOKEN}"}
    answer = admin.api(Request("GET", USAGE, base_url=BASE_URL, query=query, headers=headers))
    assert dict(answer.headers)["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.body.decode())))


def test_csv_has_the_same_and_no_formulas(admin: Admin) -> None:
    used(admin, granted(1), granted(2, client='=HYPERLINK("https://evil.example","x")'))

    rows = as_csv(admin)

    assert rows[0][:3] == ["client", "tokens", "accessTokens"]
    assert [row[:2] for row in rows[1:]] == [["0oaA", "1"], ['\'=HYPERLINK("https://evil.example","x")', "1"]]
    assert as_csv(admin, accept="text/csv, */*;q=0.1") == rows


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("?by=person", "by: at most 3 of server"),
        ("?by=server,client,hour,day", "by: at most 3 of server"),
        ("?format=xml", "format: must be json or csv."),
        ("?since=2099-12-03T00:00:00Z&until=2099-12-02T00:00:00Z", "since: must not be later than until."),
        (f"?client={'x' * 201}", "client: must have at most 200 characters."),
        ("?limit=many", "limit: must be a number."),
        ('?by=client&after=["a","b"]', "Invalid cursor."),
        ("?by=client&after=nonsense", "Invalid cursor."),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(admin: Admin, query: str, cause: str) -> None:
    answer = admin.get(f"{USAGE}{query}")

    assert answer.status == 400
    assert answer.causes[0].startswith(cause)


def test_a_date_that_is_none_is_refused_like_in_the_log(admin: Admin) -> None:
    answers = [admin.get(f"{path}?since=yesterday") for path in (USAGE, f"{USAGE}/unused", "/api/v1/logs")]

    assert {answer.status for answer in answers} == {400}
    assert len({answer.json["errorSummary"] for answer in answers}) == 1


def test_what_nobody_uses(admin: Admin) -> None:
    server = admin.server()["id"]
    base = f"{SERVERS}/{server}"
    for name in ("orders:read", "orders:write"):
        admin.made(f"{base}/scopes", {"name": name})
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = admin.made(f"{base}/policies", {"name": "machines", "conditions": clients})["id"]
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    busy, _ = (
        admin.made(f"{base}/policies/{policy}/rules", {"name": name, "conditions": conditions})["id"]
        for name in ("busy", "idle")
    )
    debug = {"authorization_server": server, "rule": busy, "granted_scopes": "openid, orders:read"}
    admin.clock.advance(seconds=2 * HOUR)
    used(admin, granted(1, admin.clock.now(), **debug))
    admin.made(f"{base}/policies/{policy}/rules", {"name": "new", "conditions": conditions})
    since = "?since=2099-12-03T17:00:00Z"

    unused = admin.get(f"{USAGE}/unused{since}").json

    named = {"id": server, "name": "orders"}
    assert [(one["server"], one["scope"]["name"]) for one in unused["scopes"]] == [(named, "orders:write")]
    assert [(one["server"], one["policy"]["name"], one["rule"]["name"]) for one in unused["rules"]] == [
        (named, "machines", "idle")
    ]
    assert unused["next"] is None
    assert admin.get(f"{USAGE}/unused{since}&after={server}").json["scopes"] == []


def test_secrets_that_end_soon(admin: Admin) -> None:
    server = admin.server()["id"]
    soon = NOW - UNUSED_LIFETIME + HOUR
    (own,) = admin.storage.api_tokens.list()
    ending = replace(own, id="00Tsoon", name="ending", digest="another", created_at=soon, used_at=soon)
    admin.storage.api_tokens.add(ending, [])
    made = admin.made(
        f"{SERVERS}/{server}/registrationTokens", {"name": "partner", "expiresAt": "2099-12-10T00:00:00Z"}
    )

    secrets = admin.get(f"{USAGE}/unused").json["secrets"]

    assert [(one["kind"], one["id"], one["name"]) for one in secrets] == [
        ("API_TOKEN", "00Tsoon", "ending"),
        ("REGISTRATION_TOKEN", made["id"], "partner"),
    ]
    assert secrets[0]["expiresAt"] == "2099-12-03T17:53:20.000Z"
