"""The claims of a server: conditions, groups, profile, provenance (docs/protocol.md §10.3, §10.4, §11)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from authmint.claims.compiled import CompiledClaims
from authmint.claims.errors import ClaimFailed
from authmint.claims.explain import Outcome, explain_access_token, explain_id_token
from authmint.claims.names import RESERVED, SUBJECT
from authmint.expressions.facts import Facts
from authmint.management.servers.system_objects import system_claims
from authmint.oauth.issuance import app_facts
from authmint.storage.servers import ORG_SERVER, Claim

from tests.expressions.contexts import C, W, groups, listed, member_of
from tests.support.builders import a_client, a_server
from tests.support.fakes import CountingIds

NAMES = ("Engineering", "engineers", "Sales", "sales-east")


def a_claim(name: str = "x", value: str = "'v'", **changes: Any) -> Claim:
    given: dict[str, Any] = {
        "id": f"ocl-{name}",
        "name": name,
        "claim_type": "RESOURCE",
        "value_type": "EXPRESSION",
        "value": value,
    }
    return Claim(**given | changes)


def a_groups_claim(value: str, kind: str = "STARTS_WITH", **changes: Any) -> Claim:
    return a_claim("groups", value, value_type="GROUPS", group_filter_type=kind, **changes)


def compiled(*claims: Claim) -> CompiledClaims:
    return CompiledClaims(a_server(claims=claims))


def access_token(facts: Facts, *claims: Claim) -> dict[str, Any]:
    """Custom claims of an access token."""
    given = {name: listed(value) for name, value in compiled(*claims).access_token(facts).items()}
    return {name: value for name, value in given.items() if name != "sub"}


def by_name(outcomes: tuple[Outcome, ...]) -> Mapping[str, Outcome]:
    return {outcome.name: outcome for outcome in outcomes}


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        ("eng", "STARTS_WITH", ["Engineering", "engineers"]),
        ("SALES", "EQUALS", ["Sales"]),
        ("EAST", "CONTAINS", ["sales-east"]),
        ("[a-z-]+", "REGEX", ["engineers", "sales-east"]),
        ("/^Eng.*$/", "REGEX", ["Engineering"]),
        ("Eng", "REGEX", None),
    ],
)
def test_a_groups_claim_holds_the_names_that_its_filter_matches(value: str, kind: str, found: list[str] | None) -> None:
    facts = member_of(*NAMES)

    given = access_token(facts, a_groups_claim(value, kind))

    assert given.get("groups") == found
    assert ("groups" in given) == (found is not None)  # docs/protocol.md §11.1


def test_a_hundred_groups_are_allowed_and_one_more_only_in_code_flows() -> None:
    everyone = a_groups_claim("group")
    assert W.user is not None
    hundred = replace(W, user=replace(W.user, groups=groups(100)))
    more = replace(W, user=replace(W.user, groups=groups(101)))

    assert len(access_token(hundred, everyone)["groups"]) == 100
    with pytest.raises(ClaimFailed) as failed:
        access_token(more, everyone)
    assert failed.value.too_many_groups
    assert len(access_token(replace(more, code_flow=True), everyone)["groups"]) == 101


def test_the_limit_holds_for_expressions_too() -> None:
    assert W.user is not None
    more = replace(W, user=replace(W.user, groups=groups(101)))
    claim = a_claim("g", "user.getGroups({'group.type': 'OKTA_GROUP'}).![name]")

    with pytest.raises(ClaimFailed) as failed:
        access_token(more, claim)

    assert failed.value.too_many_groups
    assert len(access_token(replace(more, code_flow=True), claim)["g"]) == 101
    many = a_claim("g", "Groups.startsWith('OKTA', 'group', 500)")
    assert len(access_token(replace(more, code_flow=True), many)["g"]) == 101
    with pytest.raises(ClaimFailed):
        access_token(more, many)


def test_a_claim_applies_when_one_of_its_scopes_is_granted() -> None:
    claims = (a_claim("any"), a_claim("a", scopes=("z", "a")), a_claim("c", scopes=("c",)))

    assert list(access_token(C, *claims)) == ["any", "a"]


def test_a_claim_that_does_not_apply_cannot_fail() -> None:
    broken = a_claim("x", "{1} + 1", scopes=("other",))

    assert access_token(C, broken, a_claim("y", "{1} + 1", status="INACTIVE")) == {}


@pytest.mark.parametrize("name", sorted(RESERVED["RESOURCE"]))
def test_a_reserved_name_is_never_given_by_a_custom_claim(name: str) -> None:
    claims = compiled(a_claim(name, "'forged'"), a_claim("sub", SUBJECT, system=True))

    assert "forged" not in claims.access_token(C).values()
    assert by_name(explain_access_token(claims, C)[:1])[name].left_out == "reserved"


def test_the_subject_is_user_name_or_client_unless_edited() -> None:
    default = compiled(a_claim("sub", SUBJECT, system=True))
    edited = compiled(a_claim("sub", "user.email ?: app.id", system=True))

    assert (default.access_token(W)["sub"], default.access_token(C)["sub"]) == ("winston", "0oaCLI")
    assert (edited.access_token(W)["sub"], edited.access_token(C)["sub"]) == ("winston.churchill@gmail.com", "0oaAPP")
    with pytest.raises(ClaimFailed) as failed:
        compiled(a_claim("sub", "user.email", system=True)).access_token(C)
    assert failed.value.system


def test_a_token_of_a_person_never_has_the_clients_subject() -> None:
    """Even where whoever mints forgot how the application knows the user."""
    claims = compiled(a_claim("sub", SUBJECT, system=True))

    assert claims.access_token(replace(W, app_user=None))["sub"] == "winston.churchill@gmail.com"


def test_the_fast_subject_is_what_the_expression_gives() -> None:
    spelled_otherwise = compiled(a_claim("sub", f" {SUBJECT}", system=True))
    fast = compiled(a_claim("sub", SUBJECT, system=True))

    for facts in (C, W, replace(W, app_user=None)):
        assert fast.access_token(facts) == spelled_otherwise.access_token(facts)


def test_thin_and_fat_id_tokens() -> None:
    """Beside an access token it has what is always included, alone it has everything (docs/protocol.md §10.4)."""
    claims = compiled(
        *system_claims(CountingIds()),
        a_claim("team", claim_type="IDENTITY", always_include=False),
        a_claim("badge", "user.hasBadge", claim_type="IDENTITY"),
    )
    facts = replace(W, scopes=("openid", "profile", "email"))

    assert claims.id_token(facts, everything=False) == {
        "email": "winston.churchill@gmail.com",
        "name": "Winston Churchill",
        "preferred_username": "winston.churchill@gmail.com",
        "badge": True,
    }
    assert claims.id_token(facts, everything=True) == {
        "email": "winston.churchill@gmail.com",
        "email_verified": False,
        "family_name": "Churchill",
        "given_name": "Winston",
        "name": "Winston Churchill",
        "preferred_username": "winston.churchill@gmail.com",
        "updated_at": 1_700_000_000,
        "team": "v",
        "badge": True,
    }


def test_every_system_claim_comes_from_the_profile() -> None:
    profile = {
        "email": "a@b.example",
        "displayName": "Ann B.",
        "nickName": "annie",
        "middleName": "C",
        "profileUrl": "https://a.example",
        "timezone": "Europe/Paris",
        "locale": "en_US",
        "primaryPhone": "+1 555",
        "streetAddress": "1 Main St",
        "city": "Paris",
        "zipCode": "75000",
        "picture": "https://a.example/p.png",
        "birthdate": "2000-01-01",
    }
    assert W.user is not None
    user = replace(W.user, profile=profile, email_verified=True)
    facts = replace(W, user=user, scopes=("profile", "email", "phone", "address"))

    given = compiled(*system_claims(CountingIds())).id_token(facts, everything=True)

    assert given == {
        "address": {"street_address": "1 Main St", "locality": "Paris", "postal_code": "75000"},
        "birthdate": "2000-01-01",
        "email": "a@b.example",
        "email_verified": True,
        "locale": "en-US",
        "middle_name": "C",
        "name": "Ann B.",
        "nickname": "annie",
        "phone_number": "+1 555",
        "picture": "https://a.example/p.png",
        "preferred_username": "winston.churchill@gmail.com",
        "profile": "https://a.example",
        "updated_at": 1_700_000_000,
        "zoneinfo": "Europe/Paris",
    }


def test_the_explanation_says_of_every_claim_why_it_is_in_or_not() -> None:
    claims = compiled(
        a_claim("sub", SUBJECT, system=True),
        a_claim("in", "user.firstName + '!'"),
        a_claim("off", status="INACTIVE"),
        a_claim("scoped", scopes=("z",)),
        a_claim("null", "user.employeeNumber"),
        a_groups_claim("nobody"),
        a_claim("broken", "user.firstName + {1}"),
        a_claim("unused", claim_type="IDENTITY", always_include=False),
        a_claim("used", claim_type="IDENTITY"),
    )
    facts = member_of(*NAMES)

    explained = by_name(explain_access_token(claims, facts))

    assert {name: outcome.left_out for name, outcome in explained.items()} == {
        "sub": None,
        "in": None,
        "off": "inactive",
        "scoped": "scope",
        "null": "null",
        "groups": "no_match",
        "broken": "failed",
    }
    included = explained["in"]
    assert (included.claim_id, included.expression, included.value) == ("ocl-in", "user.firstName + '!'", "Winston!")
    assert included.reads == {"user.firstName": "Winston"}
    assert explained["sub"].reads == {"appuser.userName": "winston"}
    assert explained["groups"].reads == {"user.groups": NAMES}
    assert explained["null"].reads == {"user.employeeNumber": None}
    assert explained["broken"].failure is not None
    identity = by_name(explain_id_token(claims, facts, everything=False))
    assert (identity["unused"].left_out, identity["used"].value) == ("not_always_included", "v")


def test_the_explanation_names_what_a_system_claim_read() -> None:
    claims = compiled(*system_claims(CountingIds()))
    facts = replace(W, scopes=("profile",))

    name = by_name(explain_id_token(claims, facts, everything=True))["name"]

    assert name.reads == {"user.displayName": None, "user.firstName": "Winston", "user.lastName": "Churchill"}
    assert name.expression is None


def test_explanation_and_token_agree() -> None:
    claims = compiled(
        *system_claims(CountingIds()), a_claim("a", "user.salary"), a_claim("b", "null"), a_groups_claim("s")
    )
    facts = replace(member_of(*NAMES), scopes=("profile", "email"))

    def included(outcomes: tuple[Outcome, ...]) -> dict[str, Any]:
        return {one.name: one.value for one in outcomes if one.left_out is None}

    assert included(explain_access_token(claims, facts)) == claims.access_token(facts)
    for everything in (False, True):
        assert included(explain_id_token(claims, facts, everything=everything)) == claims.id_token(
            facts, everything=everything
        )


@pytest.mark.parametrize("everything", [False, True])
def test_the_groups_claim_of_an_app_is_in_id_tokens_of_the_org_server_only(everything: bool) -> None:
    own = a_groups_claim("eng", claim_type="IDENTITY", scopes=("groups",), always_include=True)
    facts = replace(member_of(*NAMES), scopes=("openid", "groups"))
    facts = replace(facts, app=replace(facts.app, groups_claim=own))
    org, custom = CompiledClaims(a_server(id=ORG_SERVER, claims=())), compiled()

    assert listed(org.id_token(facts, everything=everything)["groups"]) == ["Engineering", "engineers"]

    assert by_name(explain_id_token(org, facts, everything=everything))["groups"].left_out is None
    assert org.id_token(replace(facts, scopes=("openid",)), everything=everything) == {}
    assert custom.id_token(facts, everything=everything) == {}
    assert "groups" not in org.access_token(facts)
    assert org.id_token(replace(facts, app=replace(facts.app, groups_claim=None)), everything=everything) == {}


def test_claims_know_the_groups_claim_of_a_client() -> None:
    own = a_groups_claim("eng", claim_type="IDENTITY", scopes=("groups",), always_include=True)

    assert app_facts(a_client(groups_claim=own)).groups_claim == own
