"""``authmint explain --sign-on`` against a running stack."""

import json
import time
from typing import Any

import pytest
import requests
from authmint.cli import sign_on_tables
from authmint.cli.main import main

from tests.support.stack import Running

PASSWORD = "Correct-Horse-7"


@pytest.fixture
def login(stack: Running, monkeypatch: pytest.MonkeyPatch) -> str:
    """Somebody of a group that is asked for a factor outside of a network."""
    monkeypatch.setenv("AUTHMINT_URL", stack.url)
    monkeypatch.setenv("AUTHMINT_API_TOKEN", stack.token)
    unique = f"{time.monotonic_ns()}"
    login = f"explained-{unique}@example.com"
    group = stack.made("/api/v1/groups", {"profile": {"name": f"explained {unique}"}})["id"]
    profile = {"firstName": "E", "lastName": "X", "email": login, "login": login}
    body = {"profile": profile, "credentials": {"password": {"value": PASSWORD}}, "groupIds": [group]}
    stack.made("/api/v1/users", body)
    gateways = [{"type": "CIDR", "value": "10.0.0.0/8"}, {"type": "CIDR", "value": "127.0.0.0/8"}]
    zone = stack.made("/api/v1/zones", {"type": "IP", "name": f"office {unique}", "gateways": gateways})["id"]
    people = {"people": {"groups": {"include": [group]}}}
    policy = stack.made("/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": unique, "conditions": people})["id"]
    rules = f"/api/v1/policies/{policy}/rules"
    network = {"connection": "ZONE", "exclude": [zone]}
    actions = {"signon": {"requireFactor": True, "factorPromptMode": "ALWAYS"}}
    stack.made(rules, {"name": "outside", "conditions": {"network": network}, "actions": actions})
    stack.made(rules, {"name": "inside"})
    return login


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    assert main(["explain", "--sign-on", *arguments]) == status
    return json.loads(capsys.readouterr().out)


def test_the_rule_that_decides_is_named(login: str, capsys: pytest.CaptureFixture[str]) -> None:
    inside = printed(capsys, "--user", login, "--address", "10.1.1.1")
    outside = printed(capsys, "--user", login, "--address", "192.0.2.1")

    decided = [found["session"]["decidedBy"][0]["rule"]["name"] for found in (inside, outside)]
    assert decided == ["inside", "outside"]
    assert [inside["outcome"], outside["outcome"]] == ["ALLOWED", "ENROLLS"]


def test_people_read_tables(login: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_on_tables, "for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "220")

    assert main(["explain", "--sign-on", "--user", login, "--address", "10.1.1.1"]) == 0

    out = capsys.readouterr().out
    assert all(word in out for word in (login, "office", "network UNMATCHED", "inside", "New Device"))


def test_those_who_signed_in_lately_are_tried(stack: Running, login: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = requests.post(f"{stack.url}/api/v1/authn", json={"username": login, "password": PASSWORD}, timeout=30)
    assert answer.json()["status"] == "SUCCESS", answer.text
    mine: list[Any] = []
    while not mine:
        mine = printed(capsys, "--last-days", "1", "--user", login)
        time.sleep(0.5)

    assert [(row["outcome"], row["sign-ins"], row["factor"]) for row in mine] == [("ALLOWED", 1, None)]


def test_policies_are_analyzed(
    stack: Running, login: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = login.partition("@")[0].removeprefix("explained-")
    (policy,) = [one for one in stack.admin("GET", "/api/v1/policies?type=OKTA_SIGN_ON").json() if one["name"] == name]
    dead = stack.made(f"/api/v1/policies/{policy['id']}/rules", {"name": f"behind {name}"})["id"]

    main(["analyze", "--sign-on", "--address", "192.0.2.1", "--json"])
    found = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(sign_on_tables, "for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "220")
    main(["analyze", "--sign-on", "--activate", dead])

    told = {one["rule"]["id"]: one["reason"] for one in found["unreachableRules"]}
    assert told[dead] == "SHADOWED"
    assert found["tried"] > 0
    assert f"behind {name}" in capsys.readouterr().out


def test_somebody_has_to_be_named(login: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--sign-on"]) == 2
    assert "--user" in capsys.readouterr().err


def test_who_is_not_there_is_led_somewhere(
    login: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = printed(capsys, "--username", "stranger@example.com")
    monkeypatch.setattr(sign_on_tables, "for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "220")

    assert main(["explain", "--sign-on", "--username", "stranger@example.com"]) == 0

    assert (found["user"], found["routing"]["ours"]) == (None, True)
    out = capsys.readouterr().out
    assert "this service" in out
    assert "Default Rule" in out
