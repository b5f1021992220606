"""What the directory costs in calls of DynamoDB, with hundreds of users and groups: pages are Queries, never a Scan."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.groups import DynamoGroups
from authmint.dynamo.sharded import SHARDS
from authmint.dynamo.users import DynamoUsers

from tests.functions.asked import calls
from tests.functions.deployment import Functions, load_event
from tests.support.backend import Deployed
from tests.support.builders import a_group, a_user
from tests.support.crowd import at_once

USERS, GROUPS = 600, 60
#: Queries of the list of users: of every shard, and of what is left from before there were any.
LIST = ["Query"] * (SHARDS + 1)


@pytest.fixture
def crowded(functions: Functions, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Functions:
    """Users 000 to 599, each in group (its number modulo 60) and all in group 00."""
    tables, clock = deployed.tables(), SystemClock()
    groups, users = DynamoGroups(tables, clock), DynamoUsers(tables, clock)
    with monkeypatch.context() as patch, at_once(tables, patch.setattr):
        for number in range(GROUPS):
            groups.add(a_group(id=f"00g{number:02d}"), [])
        for number in range(USERS):
            own = f"00g{number % GROUPS:02d}"
            users.add(a_user(id=f"00u{number:03d}"), [], group_ids=sorted({own, "00g00"}))
    functions.direct("management", {"action": "bootstrap", "token": functions.token})
    functions.admin("GET", "/api/v1/apps")  # warm
    return functions


QUESTIONS: list[tuple[str, list[str], int]] = [
    ("/api/v1/users?limit=50", [*LIST, "BatchGetItem"], 50),
    ("/api/v1/users?limit=200&after=00u299", [*LIST, "BatchGetItem", "BatchGetItem"], 200),
    ("/api/v1/users?q=ann&limit=10", [*LIST, "BatchGetItem"], 10),
    ('/api/v1/users?search=profile.login eq "00u123@example.com"', ["GetItem", "BatchGetItem", "BatchGetItem"], 1),
    ('/api/v1/users?filter=profile.email eq "00u123@example.com"', ["Query", "BatchGetItem", "BatchGetItem"], 1),
    ('/api/v1/users?filter=id eq "00u123"', ["BatchGetItem", "BatchGetItem"], 1),
    ('/api/v1/users?search=profile.lastName co "ee"&limit=200', [*LIST, "BatchGetItem", "BatchGetItem"], 200),
    ("/api/v1/groups", ["Query"], GROUPS + 1),
    ("/api/v1/groups?limit=20&after=00g19", ["Query"], 20),
    ("/api/v1/groups?q=group 00g0", ["Query"], 10),
    ('/api/v1/groups?search=profile.name eq "GROUP 00g33"', ["GetItem", "BatchGetItem"], 1),
    ("/api/v1/groups/00g00/users?limit=49", ["BatchGetItem", "Query", "BatchGetItem"], 49),
    ("/api/v1/users/00u123/groups", ["BatchGetItem", "Query", "BatchGetItem"], 3),
]


def test_calls_of_questions(crowded: Functions) -> None:
    answers = [(path, *calls(crowded, path)) for path, _, _ in QUESTIONS]

    assert [(path, sent, len(found)) for path, sent, found in answers] == QUESTIONS


def test_every_user_comes_once_and_nothing_is_scanned(crowded: Functions) -> None:
    seen: list[str] = []
    after, pages = "", 0
    while True:
        sent, found = calls(crowded, f"/api/v1/users?limit=150{after and '&after='}{after}")
        assert sent == [*LIST, "BatchGetItem", "BatchGetItem"]
        seen += [user["id"] for user in found]
        pages += 1
        if len(found) < 150 or len(seen) == USERS:
            break
        after = seen[-1]

    assert seen == [f"00u{number:03d}" for number in range(USERS)]
    assert pages == 4
    assert not [name for _, _, name, _ in crowded.calls.made if name == "Scan"]


def test_of_sixteen_parallel_creates_of_one_login_one_wins(functions: Functions) -> None:
    functions.direct("management", {"action": "bootstrap", "token": functions.token})
    profile = {"login": "Same@example.com", "email": "s@example.com", "firstName": "S", "lastName": "S"}

    def create(number: int) -> int:
        body = {"profile": profile | {"login": "Same@example.com" if number % 2 else "sAME@EXAMPLE.com"}}
        event = load_event("management") | {
            "httpMethod": "POST",
            "path": "/api/v1/users",
            "body": json.dumps(body),
            "multiValueHeaders": {"Authorization": [f"SSWS {functions.token}"]},
        }
        status: int = functions.http("management", event)["statusCode"]
        return status

    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(create, range(16)))

    assert statuses == [200] + [400] * 15
    assert len(functions.admin("GET", "/api/v1/users")) == 1
