"""``authmint preview --call-hooks``."""

import json
from typing import Any

import pytest
from authmint.cli.main import main

CLAIM: dict[str, Any] = {
    "id": None,
    "definition": '"low"',
    "inputs": {},
    "value": "high",
    "included": True,
    "leftOut": None,
}
HOOK = {"id": "cal1", "name": "tenants", "status": "ACTIVE", "outcome": "APPLIED", "reason": None}
FOUND: dict[str, Any] = {
    "decision": {"outcome": "ALLOW", "policy": None, "rule": None, "grantedScopes": ["a"], "consentNeeded": []},
    "access_token": {
        "payload": {"level": "high"},
        "claims": [{**CLAIM, "name": "level", "failure": None, "hook": {"id": "cal1", "name": "tenants"}}],
    },
    "id_token": None,
    "refresh_token": None,
    "requires": {"profile": "NONE", "proof": False, "pushedRequest": False, "subjectToken": None},
    "error": None,
    "client": {"class": "REGISTERED"},
    "inlineHook": {**HOOK, "changed": {"access_token": ["level"]}},
}


class Remote:
    """Answers with one preview."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        self.asked.append((method, path, body))
        return FOUND


@pytest.mark.parametrize("people", [True, False])
def test_a_hook_is_asked_where_that_is_wished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], people: bool
) -> None:
    remote = Remote()
    monkeypatch.setattr("authmint.cli.commands.why.of_options", lambda _: remote)
    monkeypatch.setattr("authmint.cli.commands.why.for_people", lambda **_: people)
    monkeypatch.setenv("COLUMNS", "200")

    assert main(["preview", "--client", "0oa1", "--call-hooks"]) == 0
    assert main(["preview", "--client", "0oa1"]) == 0

    printed = capsys.readouterr().out
    assert [body.get("callHooks") for _, _, body in remote.asked] == [True, None]
    if people:
        assert all(word in printed for word in ("tenants", "APPLIED", "access_token: level", "the hook tenants"))
    else:
        assert json.loads(printed[: len(printed) // 2]) == FOUND
