"""Profiles made of other profiles (docs/protocol.md §38)."""

from typing import Any

import pytest
from authmint.directory.profile import standard_attributes
from authmint.expressions.app_profile import app_profile
from authmint.expressions.coercion import coerced
from authmint.expressions.dialects import TO_APP, TO_USER
from authmint.expressions.errors import EvaluationFailed
from authmint.expressions.facts import AppFacts, AppUserFacts, Facts, GroupFacts, UserFacts
from authmint.provisioning.incoming import Incoming, Provider
from authmint.provisioning.mapping import Mapped, apply_mapping
from authmint.provisioning.outgoing import app_user_profile, reads_groups, standard_mapping
from authmint.provisioning.sources import KINDS
from authmint.storage.app_schemas import AppSchema
from authmint.storage.clients import MappedAttribute
from authmint.storage.mappings import UserMapping
from authmint.storage.profile import STANDARD_ATTRIBUTES
from authmint.storage.schemas import ProfileSchema
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.storage import MemoryStorage

APP = AppFacts("0oaApp", "0oaApp", "an app")
NOW = 1_700_000_000
CLAIMS = {
    "sub": "1",
    "email": "ann@example.com",
    "given_name": "Ann",
    "family_name": "Lee",
    "name": "Ann Lee",
    "address": {"locality": "Bern", "country": "CH"},
    "cost_center": 42,
    "https://example.com/team": "blue",
}
TARGET: dict[str, dict[str, Any]] = {
    "login": {"type": "string", "required": True},
    "city": {"type": "string", "maxLength": 5},
    "count": {"type": "integer"},
    "share": {"type": "number"},
    "member": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "sizes": {"type": "array", "items": {"type": "integer"}},
    "size": {"type": "string", "enum": ["S", "L"]},
}


def mapped(source: dict[str, Any], **expressions: str) -> Mapped:
    properties = {name: MappedAttribute(expression) for name, expression in expressions.items()}
    return apply_mapping(properties, Facts(APP, (), NOW, source=source), TARGET, TO_USER)


def user_facts(profile: dict[str, Any], *groups: str) -> UserFacts:
    return UserFacts("00u1", "ACTIVE", "ann", profile, tuple(GroupFacts(name, name) for name in groups))


def test_each_value_says_which_expression_made_it_of_what() -> None:
    result = mapped({"mail": "ann@example.com"}, login='String.substringBefore(source.mail, "@")', city="idpuser.city")

    assert result.values == {"login": "ann", "city": None}
    step = result.steps[0]
    assert (step.expression, step.value) == ('String.substringBefore(source.mail, "@")', "ann")
    assert step.reads == {"source.mail": "ann@example.com"}
    assert result.steps[1].reads == {"idpuser.city": None}
    assert result.refused == result.problems == ()


def test_a_required_attribute_without_a_value_refuses_and_another_stays_as_it_was() -> None:
    result = mapped({"n": "many", "mail": ""}, login="appuser.mail", count="Convert.toInt(source.n)", city='"Bern"')

    assert [step.attribute for step in result.refused] == ["login"]
    assert [step.attribute for step in result.problems] == ["login", "count"]
    assert result.onto({"login": "old", "count": 3, "city": "Rome"}) == {"login": "old", "count": 3, "city": "Bern"}


def test_null_empties_an_attribute_that_nobody_asks_for() -> None:
    assert mapped({}, city="source.city").onto({"login": "a", "city": "Rome"}) == {"login": "a"}


@pytest.mark.parametrize(
    ("attribute", "expression", "problem"),
    [
        ("city", '"far too long"', "too long"),
        ("size", '"XL"', "not one of those"),
        ("count", "3.5", "no whole number"),
        ("gone", '"x"', "no such attribute"),
        ("city", "{1, 2}", "cannot be a string"),
        ("member", '"maybe"', "neither true nor false"),
        ("share", '"much"', "no number"),
        ("share", "true", "no number"),
        ("city", "source.object", "user, group or app"),
        ("city", "appuser.", "is missing"),
        ("city", "user.firstName", "Explicit references to apps"),
        ("city", 'Groups.startsWith("OKTA", "a", 10).x', "no function"),
    ],
)
def test_what_does_not_fit_is_said_and_not_written(attribute: str, expression: str, problem: str) -> None:
    (step,) = mapped({"object": {"a": 1}}, **{attribute: expression}).problems

    assert problem in str(step.problem)
    assert step.value is None


@pytest.mark.parametrize(
    ("value", "type_", "items", "expected"),
    [
        (7, "string", "string", "7"),
        (True, "string", "string", "true"),
        ("12", "integer", "string", 12),
        (12.0, "integer", "string", 12),
        (" 1.5 ", "number", "string", 1.5),
        (1, "number", "string", 1),
        ("TRUE", "boolean", "string", True),
        (False, "boolean", "string", False),
        ("one", "array", "string", ["one"]),
        (("1", 2), "array", "integer", [1, 2]),
        (("a", None, ""), "array", "string", ["a"]),
        (None, "array", "string", None),
        ("", "integer", "string", None),
    ],
)
def test_values_become_what_the_schema_says(value: Any, type_: str, items: str, expected: Any) -> None:
    assert coerced(value, type_, items) == expected
    assert type(coerced(value, type_, items)) is type(expected)


@pytest.mark.parametrize("value", ["1_000", "nan", "1e999", str(2**64), "", "٣x"])
def test_no_number_is_made_of_what_json_cannot_carry(value: str) -> None:
    if value == "":
        assert coerced(value, "number") is None
        return
    with pytest.raises(EvaluationFailed):
        coerced(value, "number")


def test_one_mapping_has_one_budget_and_one_size() -> None:
    wide = "String.join('', " + ", ".join(["source.text"] * 20) + ")"
    source = {"text": "x" * 1_500}
    many = {f"a{number}": MappedAttribute(wide) for number in range(5)}
    target = {name: {"type": "string"} for name in many}

    result = apply_mapping(many, Facts(APP, (), NOW, source=source), target, TO_USER)

    assert [step.problem for step in result.steps] == [None, *["The field is too long"] * 4]
    long = {f"a{number}": MappedAttribute(f"String.len({wide}) > {number}") for number in range(60)}
    target = {name: {"type": "boolean"} for name in long}
    result = apply_mapping(long, Facts(APP, (), NOW, source=source), target, TO_USER)
    assert "more work" in str(result.steps[-1].problem)


def test_the_claims_of_a_provider_become_a_user() -> None:
    storage = MemoryStorage()
    incoming, provider = Incoming(storage.user_mappings, storage.app_schemas), Provider("0oaIdp", "OIDC")

    idp_user = incoming.idp_user(provider, CLAIMS)
    result = incoming.user_profile(provider, idp_user, ProfileSchema(), now=NOW, new=True)

    assert idp_user["firstName"] == "Ann"
    assert result.refused == ()
    assert result.onto({}) == {
        "login": "ann@example.com",
        "email": "ann@example.com",
        "displayName": "Ann Lee",
        "firstName": "Ann",
        "lastName": "Lee",
        "timezone": "America/Los_Angeles",
        "city": "Bern",
        "countryCode": "CH",
    }
    # Nothing follows its source from the start: who is there already keeps what they have.
    assert incoming.user_profile(provider, idp_user, ProfileSchema(), now=NOW, new=False).steps == ()


def test_a_person_without_a_last_name_is_refused_by_name() -> None:
    incoming, provider = Incoming(MemoryStorage().user_mappings, MemoryStorage().app_schemas), Provider("0oa", "GOOGLE")

    claims = {name: value for name, value in CLAIMS.items() if name != "family_name"}
    result = incoming.user_profile(provider, incoming.idp_user(provider, claims), ProfileSchema(), now=NOW, new=True)

    assert [(step.attribute, step.problem) for step in result.refused] == [
        ("lastName", "The field cannot be left blank")
    ]


def test_attributes_of_a_provider_are_read_by_the_claims_that_they_name() -> None:
    class Schemas:
        def get(self, _: str) -> AppSchema:
            return AppSchema(
                {"costCenter": {"externalName": "cost_center"}, "team": {"externalName": "https://example.com/team"}}
            )

    storage, provider = MemoryStorage(), Provider("0oaIdp", "MICROSOFT")
    incoming = Incoming(storage.user_mappings, Schemas())  # type: ignore[arg-type]
    properties = {"costCenter": MappedAttribute('idpuser.costCenter + "-" + idpuser.team', pushed=True)}
    storage.user_mappings.save("0oaIdp", UserMapping(), UserMapping(properties), [])

    idp_user = incoming.idp_user(provider, CLAIMS)
    result = incoming.user_profile(provider, idp_user, ProfileSchema(), now=NOW, new=False)

    assert result.values == {"costCenter": "42-blue"}
    assert idp_user["costCenter"] == 42


def test_what_there_is_from_the_start_can_be_saved_again() -> None:
    """Tools read a mapping and send all of it back."""
    from authmint.expressions.check import check

    for kind in KINDS.values():
        for attribute, made in kind.properties.items():
            check(made.expression, kind.attributes, TO_USER)
            assert attribute in standard_attributes(ProfileSchema())
    for made in standard_mapping(STANDARD_ATTRIBUTES).values():
        check(made.expression, STANDARD_ATTRIBUTES, TO_APP)


texts = st.sampled_from(["", "Ann", "Lee", "x"])
profiles = st.dictionaries(st.sampled_from(sorted(STANDARD_ATTRIBUTES)), texts)


@given(profiles)
def test_the_standard_mapping_gives_what_apps_without_one_see(profile: dict[str, str]) -> None:
    mapping = standard_mapping(STANDARD_ATTRIBUTES)
    with_one = Facts(AppFacts("a", "a", "a", user_mapping=mapping), (), NOW, user=user_facts(profile))

    expected = {name: value for name, value in app_profile(profile, {}).items() if value is not None}
    assert app_user_profile(with_one, {}) == expected


@given(profiles, st.dictionaries(st.sampled_from(["email", "name", "team"]), texts))
def test_what_an_assignment_says_wins(profile: dict[str, str], assigned: dict[str, str]) -> None:
    mapping = standard_mapping(STANDARD_ATTRIBUTES)
    for made in (mapping, None):
        facts = Facts(AppFacts("a", "a", "a", user_mapping=made), (), NOW, user=user_facts(profile))
        assert app_user_profile(facts, assigned).items() >= assigned.items()


def test_an_app_profile_leaves_out_what_fails_and_needs_groups_only_where_they_are_read() -> None:
    mapping = {
        "role": MappedAttribute('isMemberOfGroupName("admins") ? "admin" : "user"', pushed=True),
        "level": MappedAttribute("user.level", pushed=True, type="integer"),
        "broken": MappedAttribute("user.", pushed=True),
    }
    app = AppFacts("a", "a", "a", user_mapping=mapping)

    facts = Facts(app, (), NOW, user=user_facts({"level": "x"}, "admins"), app_user=AppUserFacts("ann"))

    assert app_user_profile(facts, {}) == {"role": "admin"}
    assert app_user_profile(Facts(app, (), NOW), {"a": "b"}) == {"a": "b"}
    assert reads_groups(mapping)
    assert not reads_groups({"level": mapping["level"]})
