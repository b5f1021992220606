"""Thousands of users in 500 groups: what is asked for most takes a Query of a partition; nothing is ever scanned."""

import base64
import json

import pytest
from authmint.dynamo.sharded import SHARDS

from tests.functions.asked import calls
from tests.functions.deployment import Functions, form_event
from tests.support.backend import Deployed
from tests.support.crowd import move_in

PASSWORD = "Correct-Horse-7"


def crowd_at(functions: Functions, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Functions:
    """The crowd, whose members sign in by ``PASSWORD``."""
    with monkeypatch.context() as patch:
        move_in(deployed.tables(), PASSWORD, patch.setattr, people=2_000)
    functions.direct("management", {"action": "bootstrap", "token": functions.token})
    functions.admin("GET", "/api/v1/apps")  # warm
    return functions


@pytest.mark.no_cover  # of thousands of times the same
@pytest.mark.usefixtures("unbraked")
def test_pages_searches_and_tokens_take_one_query_of_a_partition(
    functions: Functions, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = crowd_at(functions, deployed, monkeypatch)
    shards = ["Query"] * (SHARDS + 1)
    questions: list[tuple[str, list[str], int]] = [
        ("/api/v1/users?limit=200&after=00u00700", [*shards, "BatchGetItem", "BatchGetItem"], 200),
        ("/api/v1/groups?limit=200", ["Query"], 200),
        ("/api/v1/groups/00g000/users?limit=40", ["BatchGetItem", "Query", "BatchGetItem"], 40),
        (
            '/api/v1/users?search=profile.login eq "00u01876@example.com"',
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
