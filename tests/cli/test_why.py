"""``authmint preview``, ``explain``, ``analyze``, ``logs`` and ``usage`` against a running stack."""

import json
import time
from typing import Any

import pytest
import requests
from authmint.cli.commands import logs
from authmint.cli.main import main
from authmint.cli.remote import Remote

from tests.support.stack import Running

SERVERS = "/api/v1/authorizationServers"


@pytest.fixture
def asked(stack: Running, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Server, client, and the client's secret; a rule for the scope ``a`` of two."""
    monkeypatch.setenv("AUTHMINT_URL", stack.url)
    monkeypatch.setenv("AUTHMINT_API_TOKEN", stack.token)
    server = stack.made(SERVERS, {"name": "why", "audiences": ["a"]})["id"]
    base = f"{SERVERS}/{server}"
    for name in ("a", "b"):
        stack.made(f"{base}/scopes", {"name": name})
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = stack.made(f"{base}/policies", {"name": "machines", "conditions": clients})["id"]
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["a"]}}
    stack.made(f"{base}/policies/{policy}/rules", {"name": "only a", "conditions": conditions})
    name = f"why {server}"
    registration = {"client_name": name, "application_type": "service", "grant_types": ["client_credentials"]}
    client = stack.made("/oauth2/v1/clients", registration)
    return server, client["client_id"], client["client_secret"]


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    assert main(list(arguments)) == status
    return json.loads(capsys.readouterr().out)


def test_a_refused_request_is_explained_from_the_log_by_one_command(
    stack: Running, asked: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    server, client, secret = asked
    form = {"grant_type": "client_credentials", "scope": "a b"}
    refused = requests.post(f"{stack.url}/oauth2/{server}/v1/token", form, auth=(client, secret), timeout=30)
    assert refused.status_code == 401
    events: list[Any] = []
    while not events:
        events = printed(capsys, "logs", "--filter", f'actor.id eq "{client}" and outcome.result eq "FAILURE"')
        time.sleep(0.05)

    shown = printed(capsys, "explain", "--event", events[0]["uuid"], status=1)

    miss = shown["decision"]["nearestMiss"]
    assert (miss["policy"]["name"], miss["rule"]["name"]) == ("machines", "only a")
    assert [c["name"] for c in miss["conditions"] if not c["holds"]] == ["scopes"]
    assert miss["changes"] == ["add 'b' to conditions.scopes.include of 'only a', or ask for less"]


def test_preview_and_analysis_for_programs(asked: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    server, client, _ = asked

    granted = printed(capsys, "preview", "--server", server, "--client", client, "--scope", "a")
    found = printed(capsys, "analyze", "--server", server)
    ways = printed(capsys, "analyze", "--server", server, "--scope", "a")["ways"]

    assert granted["access_token"]["payload"]["scp"] == ["a"]
    assert found["unobtainableScopes"] == ["b"]
    assert ways[0]["rule"]["name"] == "only a"


@pytest.mark.parametrize("module", ["why", "logs", "usage"])
def test_people_get_tables(
    asked: tuple[str, str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    server, client, _ = asked
    monkeypatch.setattr(f"authmint.cli.commands.{module}.for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "250")
    request = ("--server", server, "--client", client)
    commands: dict[str, list[tuple[tuple[str, ...], int, str]]] = {
        "why": [
            (("preview", *request, "--scope", "a"), 0, "scp"),
            (("explain", *request, "--scope", "b"), 1, "add 'b' to conditions.scopes.include"),
            (("analyze", "--server", server), 0, "scopes that nobody can get"),
            (("analyze", "--server", server, "--scope", "a"), 0, "only a"),
        ],
        "logs": [(("logs", "--filter", f'target.id eq "{server}"'), 0, "oauth2.as.created")],
        "usage": [
            (("usage", "--by", "server"), 0, "counted until"),
            (("usage", "--unused"), 0, "scopes of no access token since"),
        ],
    }

    for arguments, status, text in commands[module]:
        assert main(list(arguments)) == status
        assert text in capsys.readouterr().out


def test_following_the_log_shows_what_comes(stack: Running, asked: tuple[str, str, str]) -> None:
    server, _, _ = asked
    query = {"filter": f'target.id eq "{server}" and eventType sw "oauth2.as"'}
    events = logs.follow(Remote(stack.url, stack.token), query, pause=0.05)

    first = next(events)
    stack.admin("POST", f"{SERVERS}/{server}/lifecycle/deactivate")
    second = next(events)

    assert [first["eventType"], second["eventType"]] == ["oauth2.as.created", "oauth2.as.deactivated"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("preview",), "whose request?"),
        (("explain", "--event", "unknown"), "has no event unknown"),
        (("logs", "--filter", "nonsense"), "Invalid search criteria."),
        (("analyze", "--server", "nobody"), "Not found"),
    ],
)
def test_what_goes_wrong_is_said_in_words(
    asked: tuple[str, str, str], capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert asked
    assert main(list(arguments)) == 2
    assert message in capsys.readouterr().err
