"""``authmint import org`` from an org of the compatible product, and what people see of an import."""

import json
from pathlib import Path
from typing import Any

import pytest
from authmint.cli.commands import importing_org
from authmint.cli.main import main
from authmint.cli.remote import Remote

from tests.cli.foreign_org import SERVICE, URL, WEB, ForeignOrg
from tests.cli.two_orgs import Org, source_and_target


@pytest.fixture
def target() -> Org:
    return source_and_target()[1]


@pytest.fixture
def source(target: Org, monkeypatch: pytest.MonkeyPatch) -> ForeignOrg:
    source = ForeignOrg()

    def remote(url: str, token: str) -> Remote:
        assert (url, token) == (URL, "read-only")
        return source

    monkeypatch.setattr(importing_org, "Remote", remote)
    monkeypatch.setattr(importing_org, "of_options", lambda _: target)
    monkeypatch.setenv("AUTHMINT_FROM_TOKEN", "read-only")
    return source


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str, status: int = 0) -> Any:
    state = str(tmp_path / "import.state")
    assert main(["import", "org", "--from", f"{URL}/", "--state", state, "--json", *more]) == status
    return json.loads(capsys.readouterr().out)


def named(troubles: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    return {(one["kind"], one["name"]): one["why"] for one in troubles}


def test_what_there_is_no_equivalent_of_is_named_with_the_reason(
    source: ForeignOrg, target: Org, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(tmp_path, capsys)

    lacking = named(told["withoutEquivalent"])
    assert {name for _, name in lacking} == {
        "Broken", "Phone", "Old partner", "Payroll", "Okta Admin Console", "POST_AUTH_SESSION: Identity threats",
        "Okta Administrators", "To EventBridge", "Help desk", "login.acme.example",
    }  # fmt: skip
    assert lacking["applications", "Payroll"] == "SAML applications are not offered"
    assert told["applied"] is False
    assert target.writes == []
    assert source.methods == {"GET"}
    assert not (tmp_path / "import.state").exists()


def test_the_rest_is_brought_and_what_is_refused_is_named(
    source: ForeignOrg, target: Org, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(tmp_path, capsys, "--apply", status=1)
    again = run(tmp_path, capsys, "--apply", status=1)

    refused = named(told["refused"])
    assert {name for _, name in refused} == {
        "user: shaped", "Backchannel", "ACCESS_POLICY: Okta Admin Console: Devices", "orders: Payroll",
    }  # fmt: skip
    assert "participate_slo: This is not supported" in refused["applications", "Backchannel"]
    rule = refused["rules of people's policies", "ACCESS_POLICY: Okta Admin Console: Devices"]
    assert rule.endswith("until it is here, the rules after it decide")
    assert named(again["refused"]) == refused
    assert (told["waiting"], again["done"]) == (1, 0)
    assert source.methods == {"GET"}
    site = target.admin("GET", f"/api/v1/apps/{WEB}")
    assert (site["label"], site["status"]) == ("Site", "ACTIVE")
    assert target.admin_answer("GET", f"/api/v1/apps/{SERVICE}").status == 404
    ann = target.person("ann@example.com")
    assert target.admin("GET", f"/api/v1/apps/{WEB}/users/{ann['id']}")["scope"] == "USER"
    everyone = next(iter(target.pages("/api/v1/groups")))
    assert next(iter(target.pages(f"/api/v1/apps/{WEB}/groups")))["id"] == everyone["id"]
    default = next(one for one in target.pages("/api/v1/policies?type=ACCESS_POLICY") if one["system"])
    rule = next(iter(target.pages(f"/api/v1/policies/{default['id']}/rules")))
    assert rule["actions"]["appSignOn"]["verificationMethod"]["factorMode"] == "2FA"
    notes = named(told["notes"])
    assert "a new one" in notes["applications", "Site"]
    assert "was https://acme.example.org/oauth2/" in notes["authorization servers", "orders"]


def test_with_a_password_hook_who_has_no_password_signs_in_by_a_provider(
    source: ForeignOrg, target: Org, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(tmp_path, capsys, "--apply", "--only", "users", "groups", "schemas", "--passwords", "hook", status=1)

    assert "no password import hook is active here" in named(told["notes"])["users", "all of them"]
    people = [target.person(f"{name}@example.com") for name in ("ann", "bob")]
    assert [one["status"] for one in people] == ["ACTIVE", "PROVISIONED"]
    assert people[0]["credentials"]["provider"]["type"] == "IMPORT"


@pytest.mark.parametrize(("said", "is_done"), [("yes", True), ("y", False), ("", False)])
def test_people_see_a_plan_and_are_asked(
    source: ForeignOrg,
    target: Org,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    is_done: bool,
) -> None:
    monkeypatch.setattr(importing_org, "for_people", lambda **_: True)
    monkeypatch.setattr(importing_org, "is_asked", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: said)
    monkeypatch.setenv("COLUMNS", "200")
    state = str(tmp_path / "import.state")

    status = main(["import", "org", "--from", URL, "--state", state, "--except", "apps", "servers"])

    told = capsys.readouterr().out
    assert (bool(target.writes), status) == (is_done, int(is_done))
    assert "what changes here" in told
    assert "Payroll" not in told  # applications are left out
    assert ("refused" in told) is is_done


def test_without_a_token_or_an_address_nothing_is_asked(
    target: Org, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AUTHMINT_FROM_TOKEN", raising=False)

    assert main(["import", "org", "--from", URL]) == 2
    assert main(["import", "org", "--from", "acme.example.org", "--from-token", "x"]) == 2
    told = capsys.readouterr().err
    assert "--from-token or AUTHMINT_FROM_TOKEN" in told
    assert "is no URL" in told
