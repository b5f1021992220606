"""10,000 users in 500 groups: what is asked for most takes a Query of a partition, and nothing is ever scanned."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.directory.passwords import PasswordHashes
from authmint.dynamo.groups import DynamoGroups
from authmint.dynamo.sharded import SHARDS
from authmint.dynamo.users import DynamoUsers
from authmint.ids import RandomIds
from authmint.storage.users import Password

from tests.functions.asked import calls
from tests.functions.deployment import Functions, form_event
from tests.support.backend import Deployed
from tests.support.builders import a_group, a_user

USERS, GROUPS = 10_000, 500
PASSWORD = "Correct-Horse-7"


class Collected:
    """A transaction's writes, without their conditions: for an empty table."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Any] = {}

    def save(self, item: Any, **_: Any) -> None:
        self.items[item.pk, item.sk] = item

    def update(self, *_: Any, **__: Any) -> None:
        """Groups say when their members changed last, which nobody asks here."""

    def condition_check(self, *_: Any, **__: Any) -> None:
        """Nobody else is at work."""

    @contextmanager
    def transaction(self, *_: Any) -> Iterator["Collected"]:
        yield self


def crowd_at(functions: Functions, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Functions:
    """Each user in group (number modulo 500) and in group 000, loaded in batches. User 00042 is in 100 more."""
    tables, clock, collected = deployed.tables(), SystemClock(), Collected()
    password = PasswordHashes(RandomIds(clock)).make(PASSWORD)
    with monkeypatch.context() as patch:
        patch.setattr(type(tables), "transaction", collected.transaction)
        groups, users = DynamoGroups(tables, clock), DynamoUsers(tables, clock)
        for number in range(GROUPS):
            groups.add(a_group(id=f"00g{number:03d}"), [])
        for number in range(USERS):
            own = {f"00g{number % GROUPS:03d}", "00g000"}
            if number == 42:
                own |= {f"00g{other:03d}" for other in range(100, 112)}
            user = a_user(id=f"00u{number:05d}", password=Password(password, 1))
            users.add(user, [], group_ids=sorted(own))
    with tables.config.batch_write() as batch:
        for item in collected.items.values():
            batch.save(item)
    functions.direct("management", {"action": "bootstrap", "token": functions.token})
    functions.admin("GET", "/api/v1/apps")  # warm
    return functions


@pytest.mark.no_cover  # of ten thousand times the same
@pytest.mark.usefixtures("unbraked")
def test_pages_searches_and_tokens_take_one_query_of_a_partition(
    functions: Functions, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = crowd_at(functions, deployed, monkeypatch)
    shards = ["Query"] * (SHARDS + 1)
    questions: list[tuple[str, list[str], int]] = [
        ("/api/v1/users?limit=200&after=00u07000", [*shards, "BatchGetItem", "BatchGetItem"], 200),
        ("/api/v1/groups?limit=200", ["Query"], 200),
        ("/api/v1/groups/00g000/users?limit=40", ["BatchGetItem", "Query", "BatchGetItem"], 40),
        (
            '/api/v1/users?search=profile.login eq "00u09876@example.com"',
            ["GetItem", "BatchGetItem", "BatchGetItem"],
            1,
        ),
    ]

    answers = [(path, *calls(crowd, path)) for path, _, _ in questions]

    assert [(path, sent, len(found)) for path, sent, found in answers] == questions
    # Server and client; the attempt; login; the person; groups; the policies of passwords; the count of failures;
    # the policies of sessions, of enrolment and of apps.
    expected = ["BatchGetItem", "UpdateItem", "GetItem", "Query", "BatchGetItem", "Query", "UpdateItem"]
    assert _minting(crowd) == [*expected, "Query", "Query", "GetItem"]
    assert not [name for _, _, name, _ in crowd.calls.made if name == "Scan"]


def _minting(crowd: Functions) -> list[str]:
    """Calls for a token with a groups claim, by password."""
    server, _, _ = crowd.ready_again()
    base = f"/api/v1/authorizationServers/{server}"
    claim = {"name": "groups", "claimType": "RESOURCE", "valueType": "GROUPS", "group_filter_type": "STARTS_WITH"}
    crowd.admin("POST", f"{base}/claims", claim | {"value": "group 00g1"})
    policy = crowd.admin("GET", f"{base}/policies")[0]["id"]
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["password"]},
        "scopes": {"include": ["*"]},
    }
    crowd.admin("POST", f"{base}/policies/{policy}/rules", {"name": "people", "conditions": conditions})
    app = {
        "label": "app",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "native", "grant_types": ["password"]}},
    }
    client = crowd.admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    crowd.admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/00g000", {})
    form = f"grant_type=password&username=00u00042@example.com&password={PASSWORD}&scope=a"
    event = form_event("token", server, form, client["client_id"], client["client_secret"])
    crowd.http("token", event)  # warm
    crowd.calls.sent.clear()
    answer = json.loads(crowd.http("token", event)["body"])
    claims = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
    assert len(claims["groups"]) == 12
    return [name.partition(":")[2] for name in crowd.calls.sent]
