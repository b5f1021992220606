"""``authmint import org``: one deployment brought into another, object by object, as often as it takes."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from authmint.cli.importing import patience
from authmint.cli.importing.org.catalogue import catalogue
from authmint.cli.importing.org.kinds import Item, Kind, Making
from authmint.cli.importing.org.reading import read_org
from authmint.cli.importing.org.running import Choice, Import
from authmint.cli.importing.org.state import Done, State, digest_of
from authmint.cli.importing.patience import Patient
from authmint.cli.remote import Answer, Remote, RemoteFailed, words
from authmint.http import Response

from tests.cli.two_orgs import Fault, Org, broken_off, furnish, imported, source_and_target
from tests.management.apps import app_body, web
from tests.management.federation.idps import an_idp

SECRETS = ("a-secret-of-the-site-that-is-long", "another-secret-of-the-site", "a-secret")


@pytest.fixture
def source() -> Org:
    return source_and_target()[0]


@pytest.fixture
def target() -> Org:
    return source_and_target()[1]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "import.state"


def everything(org: Org) -> dict[str, list[Item]]:
    return read_org(Patient(org), catalogue("later")).items


def text_of(org: Org) -> str:
    """All that an org shows, as one text."""
    return json.dumps([[dict(item.raw) for item in items] for items in everything(org).values()])


def census(org: Org) -> dict[str, list[str]]:
    """What objects there are, by kind and name."""
    return {
        word: sorted(item.name for item in items) for word, items in everything(org).items() if word != "app-secret"
    }


def test_all_of_it_is_there_and_nothing_is_left_to_do(source: Org, target: Org, state: Path, tmp_path: Path) -> None:
    furnish(source)

    plan, outcome = imported(source, target, state)
    again, _ = imported(source, target, state)
    unremembered, _ = imported(source, target, tmp_path / "another.state", apply=False)

    assert outcome is not None
    assert (outcome.refused, outcome.waiting, plan.lacking, plan.unread) == ([], 0, [], [])
    assert again.changing == []
    # Compared by what it is, not by what is remembered of it.
    assert [(step.item.name, step.changes) for step in unremembered.changing] == []
    assert census(target) == census(source)
    assert source.writes == []


def test_ids_of_the_source_are_nowhere_at_the_target(source: Org, target: Org, state: Path) -> None:
    furnish(source)
    kept = {"nightly-job"} | {str(app["id"]) for app in source.pages("/api/v1/apps")}  # clients keep their ids

    imported(source, target, state)

    ids = {item.id for items in everything(source).values() for item in items if len(item.id) == 20} - kept
    there = {item.id for items in everything(target).values() for item in items}
    shown = text_of(target)
    assert [one for one in ids - there if one in shown] == []
    assert source.url not in shown


def test_what_matters_is_as_it_was(source: Org, target: Org, state: Path) -> None:
    furnish(source)

    imported(source, target, state)

    apps = target.listed("/api/v1/apps")
    site = apps["Site"]
    assert site["id"] == source.listed("/api/v1/apps")["Site"]["id"]
    assert apps["Job"]["status"] == "INACTIVE"
    assert apps["Job"]["settings"]["oauthClient"]["jwks"]["keys"][0]["kid"] == "k1"
    secrets = [one["client_secret"] for one in target.pages(f"/api/v1/apps/{site['id']}/credentials/secrets")]
    assert sorted(secrets) == sorted(SECRETS[:2])
    ann, eve = target.person("ann@example.com"), target.person("eve@example.com")
    groups = target.listed("/api/v1/groups")
    server = target.listed("/api/v1/authorizationServers")["orders"]
    path = f"/api/v1/authorizationServers/{server['id']}"
    assert server["credentials"]["signing"]["rotationMode"] == "MANUAL"
    policy = target.listed(f"{path}/policies")["Site"]
    assert policy["conditions"]["clients"]["include"] == [site["id"], "nightly-job"]
    rule = target.listed(f"{path}/policies/{policy['id']}/rules")["Sellers"]
    sales = next(one["id"] for one in groups.values() if one["profile"]["name"] == "Sales")
    assert rule["conditions"]["people"]["users"]["include"] == [ann["id"]]
    assert rule["conditions"]["people"]["groups"]["include"] == [sales]
    assert rule["actions"]["token"]["inlineHook"]["id"] == target.listed("/api/v1/inlineHooks")["Tokens"]["id"]
    claim = target.listed(f"{path}/claims")["in_sales"]
    assert (claim["value"], claim["status"]) == (f'isMemberOfGroup("{sales}")', "INACTIVE")
    assert (ann["status"], ann["profile"]["badge"]) == ("STAGED", "1")
    assigned = next(iter(target.pages(f"/api/v1/apps/{site['id']}/users")))
    assert (assigned["id"], assigned["credentials"]["userName"]) == (eve["id"], "evil")
    idp = target.listed("/api/v1/idps")["Partner"]
    link = target.admin("GET", f"/api/v1/idps/{idp['id']}/users/{ann['id']}")
    assert link["externalId"] == "ann-at-partner"
    assert idp["protocol"]["credentials"]["client"]["client_secret"] == "a-secret"


def test_whom_a_rule_puts_into_a_group_is_left_to_the_rule(source: Org, target: Org, state: Path) -> None:
    ids = furnish(source)

    imported(source, target, state)

    by_name = {group["profile"]["name"]: group["id"] for group in target.pages("/api/v1/groups")}
    why = {
        login: target.admin("POST", "/api/v1/groups/rules/explain", {"userId": login})["groups"]
        for login in ("ann@example.com", "bob@example.com")
    }
    engineers = {
        login: next(one for one in groups if one["id"] == by_name["Engineers"]) for login, groups in why.items()
    }
    assert (engineers["ann@example.com"]["byHand"], len(engineers["ann@example.com"]["byRules"])) == (False, 1)
    assert (engineers["bob@example.com"]["byHand"], engineers["bob@example.com"]["byRules"]) == (True, [])
    assert ids["Engineers"] not in by_name.values()


def test_the_state_tells_no_secret_and_is_for_the_owner_alone(source: Org, target: Org, state: Path) -> None:
    furnish(source)

    plan, _ = imported(source, target, state)

    kept = state.read_text(encoding="utf-8")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert not any(secret in kept for secret in SECRETS)
    of_secrets = [digest_of({"client_secret": secret, "status": "ACTIVE"}, "ACTIVE") for secret in SECRETS]
    assert not any(digest in kept for digest in of_secrets)  # what can be guessed is not told by a digest either
    assert len(kept.splitlines()) > len(plan.steps) / 2


def writes_of_an_import(tmp_path: Path) -> tuple[Org, int, dict[str, list[str]]]:
    source, target = source_and_target()
    furnish(source)
    imported(source, target, tmp_path / "whole.state")
    return source, len(target.writes), census(target)


@pytest.mark.parametrize("first", [1, 2])
def test_broken_off_before_a_change_the_next_run_completes_it(tmp_path: Path, first: int) -> None:
    source, count, whole = writes_of_an_import(tmp_path)

    for place in range(first, count + 1, 13):
        target, path = source_and_target()[1], tmp_path / f"{place}.state"
        target.fault = _breaking_at(place)
        is_broken = broken_off(source, target, path)
        target.fault = lambda *_: None
        plan, outcome = imported(source, target, path)

        assert is_broken or plan.changing == []
        assert outcome is None or outcome.refused == [], place
        assert census(target) == whole, place


def _breaking_at(place: int) -> Fault:
    return lambda number, method, _: "broken" if (number, method) == (place, "POST") else None


def test_broken_off_at_every_change_in_one_import_it_ends_all_the_same(tmp_path: Path) -> None:
    source, count, whole = writes_of_an_import(tmp_path)
    target, path, runs = source_and_target()[1], tmp_path / "again.state", 1

    target.fault = lambda _, method, __: "lost" if method != "GET" else None
    while broken_off(source, target, path):
        runs += 1
        assert runs <= count + 5

    assert runs > count / 2
    assert census(target) == whole


@pytest.mark.parametrize("status", [500, 502, 503])
def test_what_breaks_while_something_is_made_does_not_make_it_twice(
    source: Org, target: Org, state: Path, status: int
) -> None:
    furnish(source)
    kinds = {"/api/v1/groups": 0, "/api/v1/users?activate=false": 0, "/api/v1/authorizationServers": 0}
    honest = target.backend.call

    def broken(method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = honest(method, path, body, **more)
        if method == "POST" and kinds.get(path) == 0:
            kinds[path] += 1
            return _Broken(status)
        return answer

    target.backend.call = broken  # type: ignore[method-assign]
    _, outcome = imported(source, target, state)
    target.backend.call = honest  # type: ignore[method-assign]

    assert outcome is not None
    assert outcome.refused == []
    assert all(kinds.values())
    assert census(target) == census(source)
    assert target.pauses == [1, 1, 1]


class _Broken:
    """An answer of something in front of the deployment."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.response = Response(status)

    def header(self, _: str) -> list[str]:
        return []


def test_a_deployment_says_how_long_to_wait(source: Org, target: Org, state: Path) -> None:
    source.made("/api/v1/groups", {"profile": {"name": "Sales"}})
    answers = iter([{"retry-after": "7"}, {"x-rate-limit-reset": str(1_700_000_000 + 20)}, {}, {"retry-after": "999"}])

    def busy(_: int, method: str, path: str) -> int | None:
        if (method, path) != ("POST", "/api/v1/groups"):
            return None
        target.headers = next(answers, {})
        return 429 if len(target.pauses) < 4 else None

    target.fault = busy
    imported(source, target, state, "groups")

    assert len(target.pauses) == 4
    assert (target.pauses[0], target.pauses[2], target.pauses[3]) == (7, 4, 60)
    assert len([one for one in target.pages("/api/v1/groups") if one["profile"]["name"] == "Sales"]) == 1


def test_a_source_that_does_not_answer_is_asked_again_and_nothing_is_done(
    source: Org, target: Org, state: Path
) -> None:
    furnish(source)
    source.fault = lambda _, __, path: "broken" if "/apps" in path else None

    assert broken_off(source, target, state)
    assert len(source.pauses) == 7
    assert target.writes == []
    assert not state.exists()


def test_what_the_token_may_not_read_is_said(source: Org, target: Org, state: Path) -> None:
    furnish(source)
    source.fault = lambda _, __, path: 403 if path.startswith("/api/v1/zones") else None

    plan, outcome = imported(source, target, state)

    assert [(one.title, one.why) for one in plan.unread] == [("network zones", "broken (403)")]
    assert outcome is not None
    assert outcome.refused[0].title == "rules of people's policies"
    assert "which is not here" in outcome.refused[0].why


def test_a_token_that_is_good_for_nothing_is_said_at_once(source: Org, target: Org, state: Path) -> None:
    source._token = "another-token-of-more-than-32-characters"

    with pytest.raises(RemoteFailed, match="does not take the token"):
        imported(source, target, state)

    assert len(source.reads) == 1


def test_changes_at_the_source_are_brought_later(source: Org, target: Org, state: Path) -> None:
    ids = furnish(source)
    imported(source, target, state)
    target.writes.clear()
    group = {"profile": {"name": "Sellers", "owner": "Bob"}}
    source.made(f"/api/v1/groups/{ids['Sales']}", group, "PUT")
    source.made(f"/api/v1/users/{ids['ann']}", {"profile": {"level": 4}})
    source.made(f"/api/v1/users/{ids['eve']}/lifecycle/unsuspend")
    source.made(f"/api/v1/groups/rules/{ids['rule']}/lifecycle/deactivate")
    source.made(f"/api/v1/zones/{ids['office']}/lifecycle/deactivate")

    plan, outcome = imported(source, target, state)

    assert [(step.item.name, step.action, list(step.changes)) for step in plan.changing] == [
        ("Sellers", "update", ["profile"]),
        ("Engineers", "update", ["status"]),
        ("ann@example.com", "update", ["profile"]),
        ("Office", "update", ["status"]),
    ]
    assert outcome is not None
    assert outcome.refused == []
    assert target.person("ann@example.com")["profile"]["level"] == 4
    assert imported(source, target, state)[0].changing == []


def test_who_is_deactivated_there_is_deactivated_here_and_what_is_gone_stays(
    source: Org, target: Org, state: Path
) -> None:
    ids = furnish(source)
    imported(source, target, state, passwords="hook")
    source.made(f"/api/v1/users/{ids['ann']}/lifecycle/deactivate")
    source.made(f"/api/v1/groups/{ids['Staff']}", method="DELETE")

    plan, _ = imported(source, target, state, passwords="hook")
    again, _ = imported(source, target, state, passwords="hook")

    assert target.person("ann@example.com")["status"] == "DEPROVISIONED"
    assert {(one.title, one.name) for one in plan.gone} >= {("groups", "Staff")}
    assert "Staff" in {group["profile"]["name"] for group in target.pages("/api/v1/groups")}
    assert [step for step in again.changing if step.item.kind.word == "user"] == []


def test_what_is_here_under_the_same_name_is_updated_or_left(source: Org, target: Org, tmp_path: Path) -> None:
    source.made("/api/v1/groups", {"profile": {"name": "Sales", "description": "theirs"}})
    target.made("/api/v1/groups", {"profile": {"name": "Sales", "description": "ours"}})

    left, _ = imported(source, target, tmp_path / "left.state", "groups", leaves=True)
    after_left = next(iter(target.pages("/api/v1/groups?q=Sales")))["profile"]["description"]
    updated, _ = imported(source, target, tmp_path / "updated.state", "groups")

    assert [(step.action, step.item.name) for step in left.steps if step.action != "same"] == [("leave", "Sales")]
    assert after_left == "ours"
    assert [(step.action, step.item.name) for step in updated.changing] == [("update", "Sales")]
    assert next(iter(target.pages("/api/v1/groups?q=Sales")))["profile"]["description"] == "theirs"


def test_what_is_refused_is_named_in_the_words_of_the_api_and_the_others_go_on(
    source: Org, target: Org, state: Path
) -> None:
    furnish(source)
    target.made("/api/v1/apps", app_body("Site", **web()))  # another client has the label

    _, outcome = imported(source, target, state)

    assert outcome is not None
    by_name = {(one.title, one.name): one.why for one in outcome.refused}
    assert "must not be the same as an existing application label" in by_name["applications", "Site"]
    assert by_name["access policies", "orders: Site"].startswith("it names Site, which is not here; until it is here")
    assert outcome.waiting > 5
    assert "Job" in target.listed("/api/v1/apps")
    mine = next(iter(target.pages("/api/v1/apps?q=Site")))["id"]
    target.made(f"/api/v1/apps/{mine}/lifecycle/deactivate")
    target.made(f"/api/v1/apps/{mine}", method="DELETE")
    _, later = imported(source, target, state)
    assert later is not None
    assert later.refused == []
    assert census(target) == census(source)


def test_secrets_that_are_not_told_are_made_anew_and_said(source: Org, target: Org, state: Path) -> None:
    furnish(source)
    source.fault = lambda _, __, path: 403 if path.endswith("/credentials/secrets") else None

    _, outcome = imported(source, target, state)

    assert outcome is not None
    assert outcome.refused == []
    notes = {(one.title, one.name): one.why for one in outcome.notes}
    assert "a new one" in notes["applications", "Site"]
    assert ("applications", "Job") not in notes
    site = target.listed("/api/v1/apps")["Site"]["id"]
    (secret,) = target.pages(f"/api/v1/apps/{site}/credentials/secrets")
    assert secret["client_secret"] not in SECRETS


def test_a_hook_whose_secret_nobody_tells_is_made_by_hand_and_then_taken(source: Org, target: Org, state: Path) -> None:
    ids = furnish(source)
    hook = source.admin("GET", f"/api/v1/inlineHooks/{ids['hook']}")
    scheme = {"type": "HEADER", "key": "Authorization", "value": "s3cret"}
    hook["channel"]["config"]["authScheme"] = scheme
    source.made(f"/api/v1/inlineHooks/{ids['hook']}", hook, "PUT")

    _, outcome = imported(source, target, state)
    target.made("/api/v1/inlineHooks", hook)
    _, later = imported(source, target, state)

    assert outcome is not None
    assert later is not None
    assert [(one.title, one.name) for one in outcome.refused] == [
        ("inline hooks", "Tokens"), ("rules of access policies", "orders: Site: Sellers"),
    ]  # fmt: skip
    assert "does not tell its secret" in outcome.refused[0].why
    assert later.refused == []
    assert census(target) == census(source)


def test_a_provider_that_knows_a_key_gets_one_of_this_deployment(source: Org, target: Org, state: Path) -> None:
    client = {"client_id": "abc", "token_endpoint_auth_method": "private_key_jwt"}
    made = source.made("/api/v1/idps", an_idp(name="By key", protocol={"credentials": {"client": client}}))

    _, outcome = imported(source, target, state)
    again, _ = imported(source, target, state.with_name("another"), apply=False)

    assert outcome is not None
    assert outcome.refused == []
    assert "and its key" in outcome.notes[0].why
    idp = target.listed("/api/v1/idps")["By key"]
    kids = [one["protocol"]["credentials"]["signing"]["kid"] for one in (made, idp)]
    assert kids[0] != kids[1]
    assert again.changing == []


@pytest.mark.parametrize(
    ("passwords", "status", "provider"),
    [("later", "STAGED", "OKTA"), ("hook", "ACTIVE", "IMPORT"), ("federated", "PROVISIONED", "OKTA")],
)
def test_how_people_get_to_sign_in(
    source: Org, target: Org, state: Path, passwords: str, status: str, provider: str
) -> None:
    furnish(source)

    imported(source, target, state, passwords=passwords)

    bob, eve = target.person("bob@example.com"), target.person("eve@example.com")
    assert (bob["status"], bob["credentials"]["provider"]["type"]) == (status, provider)
    assert eve["status"] == "STAGED"  # suspended at the source
    assert target.person("g@example.com")["status"] == "STAGED"
    source.made("/api/v1/users/eve@example.com/lifecycle/unsuspend")
    source.made("/api/v1/users/bob@example.com/lifecycle/suspend")
    _, outcome = imported(source, target, state, passwords=passwords)
    assert outcome is not None
    assert target.person("eve@example.com")["status"] == status
    if passwords == "hook":
        assert target.person("bob@example.com")["status"] == "SUSPENDED"
    elif passwords == "federated":  # who has not been here cannot be suspended: it is said, and not passed over
        assert [one.name for one in outcome.refused] == ["bob@example.com"]


def test_a_family_alone_names_what_is_here(source: Org, target: Org, state: Path) -> None:
    furnish(source)
    imported(source, target, state, "schemas", "groups", "users")

    plan, outcome = imported(source, target, state, "policies", "zones")

    assert {step.item.kind.word for step in plan.changing} <= {
        "policy",
        "policy-rule",
        "zone",
        "behavior",
        "app-policy",
    }
    assert outcome is not None
    assert [one.name for one in outcome.refused] == ["IDP_DISCOVERY: Idp Discovery Policy: Partners"]
    assert "Site" not in target.listed("/api/v1/apps")


def test_a_state_is_of_one_source_one_target_and_one_run(source: Org, target: Org, state: Path) -> None:
    furnish(source)
    imported(source, target, state)
    other = Org("other.example.com")

    with pytest.raises(RemoteFailed, match=r"from https://old.example.com to https://new.example.com"):
        imported(other, target, state)
    with pytest.raises(RemoteFailed, match="the same deployment"):
        imported(source, source, state)
    run = Import(Patient(source), Patient(target), Choice(("groups",)), state)
    with pytest.raises(RemoteFailed, match="another import is using"):
        imported(source, target, state)
    run.close()
    foreign = state.with_name("foreign")
    foreign.write_text("a list of things to buy\n", encoding="utf-8")
    with pytest.raises(RemoteFailed, match="is no state of an import"):
        imported(source, target, foreign)
    assert foreign.read_text(encoding="utf-8") == "a list of things to buy\n"


def test_a_line_of_the_state_that_was_cut_off_counts_for_nothing(source: Org, target: Org, state: Path) -> None:
    furnish(source)
    imported(source, target, state)
    whole = census(target)
    state.write_bytes(state.read_bytes()[:-25])

    plan, _ = imported(source, target, state)

    assert plan.changing == []
    assert census(target) == whole
    assert imported(source, target, state)[0].changing == []


@pytest.mark.parametrize("name", ["Sales\u2028EU", "Sales\x85EU", "Sales\x0cEU", "Sales \ud800", "Verk\u00e4ufer"])
def test_any_name_can_be_noted_and_is_found_again(state: Path, name: str) -> None:
    done = Done("target", "digest", name)
    first = State(state, "https://old.example.com", "https://new.example.com")
    first.put("group:1", done)
    first.close()
    line = json.dumps(["group:2", "target", "digest", "of an \u2028 older run"], ensure_ascii=False)
    state.write_text(state.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    again = State(state, "https://old.example.com", "https://new.example.com")

    assert again.done["group:1"] == done
    assert set(again.done) == {"group:1", "group:2"}
    again.close()


@pytest.mark.parametrize("held", [b"\xff\xfe\n", b"[" * 200_000 + b"\n"])
def test_a_file_that_nobody_can_read_is_no_state_and_stays_as_it_is(state: Path, held: bytes) -> None:
    state.write_bytes(held)

    with pytest.raises(RemoteFailed, match="is no state of an import; name another file with --state"):
        State(state, "https://old.example.com", "https://new.example.com")

    assert state.read_bytes() == held


def a_person(org: Org, login: str, **profile: Any) -> str:
    named = {"login": login, "email": login, "firstName": "A", "lastName": "B"} | profile
    return str(org.made("/api/v1/users?activate=false", {"profile": named})["id"])


def test_people_who_name_each_other_name_each_other_here(source: Org, target: Org, state: Path) -> None:
    boss = a_person(source, "z-boss@example.com")
    worker = a_person(source, "a-worker@example.com", managerId=boss)
    source.made(f"/api/v1/users/{boss}", {"profile": {"managerId": worker, "manager": "00uGoneLongAgo000000"}})

    _, outcome = imported(source, target, state)

    assert outcome is not None
    assert outcome.refused == []
    people = [target.person(login) for login in ("z-boss@example.com", "a-worker@example.com")]
    assert [one["profile"]["managerId"] for one in people] == [people[1]["id"], people[0]["id"]]
    assert people[0]["profile"]["manager"] == "00uGoneLongAgo000000"  # nobody's, there and here
    assert imported(source, target, state)[0].changing == []


def test_what_is_taken_away_of_an_object_is_taken_away_here(source: Org, target: Org, state: Path) -> None:
    user = a_person(source, "ann@example.com", department="Sales")
    a_person(target, "ann@example.com", city="Bern")
    imported(source, target, state)
    before = target.person("ann@example.com")["profile"]
    source.made(f"/api/v1/users/{user}", {"profile": {"department": None}})

    plan, _ = imported(source, target, state)

    after = target.person("ann@example.com")["profile"]
    assert (before["city"], before["department"]) == ("Bern", "Sales")  # what was here alone stays at first
    assert [list(step.changes) for step in plan.changing] == [["what was taken away"]]
    assert "department" not in after
    assert imported(source, target, state)[0].changing == []


def test_two_of_one_name_are_two(source: Org, target: Org, state: Path) -> None:
    for audience in ("api://one", "api://two"):
        source.made("/api/v1/authorizationServers", {"name": "orders", "audiences": [audience]})

    imported(source, target, state, "servers")
    again, _ = imported(source, target, state.with_name("another"), "servers", apply=False)

    servers = [one for one in target.pages("/api/v1/authorizationServers") if one["name"] == "orders"]
    assert sorted(one["audiences"][0] for one in servers) == ["api://one", "api://two"]
    assert again.changing == []


def test_a_name_that_moved_on_takes_no_other_object_along(source: Org, target: Org, state: Path) -> None:
    old = source.made("/api/v1/groups", {"profile": {"name": "Sales"}})["id"]
    imported(source, target, state, "groups")
    before = next(one["id"] for one in target.pages("/api/v1/groups") if one["profile"]["name"] == "Sales")
    source.made(f"/api/v1/groups/{old}", {"profile": {"name": "Sellers"}}, "PUT")
    source.made("/api/v1/groups", {"profile": {"name": "Sales"}})

    _, outcome = imported(source, target, state, "groups")

    assert outcome is not None
    named = {one["profile"]["name"]: one["id"] for one in target.pages("/api/v1/groups")}
    assert named["Sellers"] == before
    assert named["Sales"] != before


@pytest.mark.parametrize(
    "answer", [{}, [{}], [{"id": "x", "profile": None}], ["x"], [{"id": 1, "profile": {"name": 3}}], 7]
)
def test_answers_that_nobody_knows_are_said_and_the_others_are_read(
    source: Org, target: Org, state: Path, answer: Any
) -> None:
    furnish(source)
    honest = source.admin_answer

    def odd(method: str, path: str, body: Any = None) -> Answer:
        if path.startswith("/api/v1/groups?"):
            return Answer(200, {}, json.dumps(answer).encode())
        return honest(method, path, body)

    source.admin_answer = odd  # type: ignore[method-assign]
    plan, outcome = imported(source, target, state)

    assert outcome is not None
    if not (isinstance(answer, list) and answer and answer[0] == {"id": 1, "profile": {"name": 3}}):
        assert [one.title for one in plan.unread] == ["groups"]
    assert "ann@example.com" in {one["profile"]["login"] for one in target.pages("/api/v1/users")}


@pytest.mark.parametrize(
    ("path", "title"),
    [("/api/v1/groups?", "groups"), ("/api/v1/policies?type=PASSWORD", "policies of people")],
)
@pytest.mark.parametrize("again", [True, False])
def test_a_list_without_an_end_is_said(
    target: Org, state: Path, monkeypatch: pytest.MonkeyPatch, path: str, title: str, again: bool
) -> None:
    monkeypatch.setattr(patience, "MOST_PAGES", 20)

    class Endless(Org):
        def admin_answer(self, method: str, path_: str, body: Any = None) -> Answer:
            assert len(self.reads) < 1_000
            if path not in path_:
                return super().admin_answer(method, path_, body)
            answer = super().admin_answer(method, path_.partition("&after=")[0], body)
            return replace(answer, following=f"{path}&after={'same' if again else len(self.reads)}")

    plan, _ = imported(Endless("old.example.com"), target, state, apply=False)

    assert [(one.title, one.why) for one in plan.unread] == [(title, "its pages have no end")]


@pytest.mark.parametrize("levels", [120, 900, 200_000])
def test_an_answer_that_is_too_deep_is_refused(source: Org, target: Org, state: Path, levels: int) -> None:
    honest = source.admin_answer

    def deep(method: str, path: str, body: Any = None) -> Answer:
        if not path.startswith("/api/v1/inlineHooks"):
            return honest(method, path, body)
        return Answer(200, {}, b'[{"id":"x","name":"x","more":' + b"[" * levels + b"]" * levels + b"}]")

    source.admin_answer = deep  # type: ignore[method-assign]

    with pytest.raises(RemoteFailed, match="is nested too deeply"):
        imported(source, target, state)
    assert target.writes == []
    assert words(Answer(500, {}, b"[" * 200_000)) == "status 500"


def test_a_source_that_leads_elsewhere_is_not_followed(target: Org, state: Path) -> None:
    """The token of the source is for the source."""

    class Elsewhere(Org):
        def admin_answer(self, method: str, path: str, body: Any = None) -> Answer:
            if path.startswith("https://evil"):
                return Remote.admin_answer(self, method, path, body)
            answer = super().admin_answer(method, path, body)
            return replace(answer, following="https://evil.example.com/next") if "/groups?" in path else answer

    with pytest.raises(RemoteFailed, match=r"https://evil.example.com/next is not below https://old.example.com"):
        imported(Elsewhere("old.example.com"), target, state)
    assert target.writes == []


@pytest.mark.parametrize(
    ("fails", "status", "why"),
    [
        ({"PUT": 400}, "ACTIVE", "broken (400)"),
        ({"deactivate": 403}, "ACTIVE", "broken (403)"),
        ({"PUT": 400, "activate": 403}, "INACTIVE", "broken (400); it was ACTIVE, and stays INACTIVE: broken (403)"),
    ],
)
def test_a_rule_whose_change_is_refused_works_as_before(
    source: Org, target: Org, state: Path, fails: dict[str, int], status: str, why: str
) -> None:
    ids = furnish(source)
    imported(source, target, state)
    path = f"/api/v1/groups/rules/{ids['rule']}"
    source.made(f"{path}/lifecycle/deactivate")
    rule = source.admin("GET", path)
    rule["conditions"]["expression"]["value"] = 'user.department == "Sales"'
    source.made(path, rule, "PUT")
    source.made(f"{path}/lifecycle/activate")
    target.writes.clear()
    target.fault = lambda _, method, path: (
        fails.get(path.rpartition("/")[2] if method == "POST" else method) if "/rules/" in path else None
    )

    _, outcome = imported(source, target, state)

    assert outcome is not None
    assert [(one.name, why in one.why) for one in outcome.refused] == [("Engineers", True)]
    assert target.listed("/api/v1/groups/rules")["Engineers"]["status"] == status
    assert ("PUT" in {method for method, path in target.writes if "/rules/" in path}) is ("PUT" in fails)
    target.fault = lambda *_: None
    imported(source, target, state)
    there = target.listed("/api/v1/groups/rules")["Engineers"]
    assert (there["status"], "Sales" in there["conditions"]["expression"]["value"]) == ("ACTIVE", True)


HOSTILE = "x/../../y?z=#ä"
QUOTED = "x%2F..%2F..%2Fy%3Fz%3D%23%C3%A4"


class Changes(Patient):
    """What is asked of a target."""

    def __init__(self, org: Org) -> None:
        super().__init__(org)
        self.paths: list[str] = []

    def change(self, method: str, path: str, body: Any = None) -> Answer:
        self.paths.append(path)
        return Answer(204, {}, b"")

    def make(self, path: str, body: Any, *, method: str = "POST") -> Answer:
        return self.change(method, path, body)


@pytest.mark.parametrize("kind", [one for one in catalogue("later") if one.refers], ids=lambda kind: kind.word)
def test_an_id_of_the_source_is_one_segment_of_a_path_at_most(target: Org, kind: Kind) -> None:
    changes = Changes(target)
    parent = Item(next(one for one in catalogue("later") if one.word == kind.parent), HOSTILE, {})
    item = Item(kind, HOSTILE, {"id": HOSTILE, "profile": {}, "externalId": "x"}, parent)

    kind.make(changes, kind.body(item.raw), Making(item, parent, HOSTILE))

    (path,) = changes.paths
    assert HOSTILE not in path
    assert path.count(QUOTED) in {1, 2}
    assert path.replace(QUOTED, "id").startswith(kind.path(parent).replace(QUOTED, "id"))


@pytest.mark.parametrize(
    ("name", "sent"), [("UserActivation/test?x=#", "UserActivation%2Ftest%3Fx%3D%23"), ("..", None)]
)
def test_a_template_that_the_source_names_leads_nowhere_else(
    source: Org, target: Org, state: Path, name: str, sent: str | None
) -> None:
    furnish(source)
    honest = source.admin_answer

    def hostile(method: str, path: str, body: Any = None) -> Answer:
        if "/templates/email?" in path:
            listed: list[Any] = [{"name": name, "_embedded": {"customizationCount": 1}}]
        elif path.endswith("/customizations"):
            listed = [{"id": "x", "language": "en", "isDefault": True, "subject": "s", "body": "b"}]
        else:
            return honest(method, path, body)
        return Answer(200, {}, json.dumps(listed).encode())

    source.admin_answer = hostile  # type: ignore[method-assign]
    imported(source, target, state)

    brand = next(iter(target.pages("/api/v1/brands")))["id"]
    asked = [path for _, path in target.writes if "/templates/" in path]
    assert asked == ([f"/api/v1/brands/{brand}/templates/email/{sent}/customizations"] if sent else [])


def test_a_file_that_is_no_state_stays_as_it_is(source: Org, target: Org, state: Path) -> None:
    state.write_text("[1, 2]", encoding="utf-8")
    state.chmod(0o644)

    with pytest.raises(RemoteFailed, match="is no state"):
        imported(source, target, state)

    assert (state.read_text(encoding="utf-8"), stat.S_IMODE(state.stat().st_mode)) == ("[1, 2]", 0o644)
