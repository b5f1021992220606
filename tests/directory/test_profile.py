"""Which profiles are accepted."""

from typing import Any

import pytest
from authmint.directory.profile import BASE, custom_problems, profile_problems, unknown_attributes
from authmint.storage.profile import STANDARD_ATTRIBUTES
from authmint.storage.schemas import ProfileSchema

ANN = {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}
SCHEMA = ProfileSchema(
    {
        "level": {"type": "integer"},
        "ratio": {"type": "number"},
        "vip": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        "ranks": {"type": "array", "items": {"type": "integer"}},
        "size": {"type": "string", "enum": ["S", "M"], "minLength": 1, "maxLength": 1},
    }
)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"level": 3, "ratio": 0.5, "vip": False, "tags": ["a"], "ranks": [1, 2], "size": "M"},
        {"level": None, "city": None, "displayName": "", "mobilePhone": None},
        {"login": "ann+tag@sub.example.com", "email": "ñ@example.com"},
        {"login": "a" * 88 + "@example.com"},
        {"ratio": 3},
    ],
)
def test_these_will_do(more: dict[str, Any]) -> None:
    assert profile_problems(ANN | more, SCHEMA, str.__eq__) == []


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"login": None}, ["login"]),
        ({"firstName": ""}, ["firstName"]),
        ({"login": "a@b"}, ["login"]),
        ({"login": "ann"}, ["login"]),
        ({"login": "ann lee@example.com"}, ["login"]),
        ({"login": "a@b@example.com"}, ["login"]),
        ({"login": "ann\x00@example.com"}, ["login"]),
        ({"login": "a" * 89 + "@example.com"}, ["login"]),
        ({"login": "\ufdfa" * 80 + "@example.com"}, ["login"]),
        ({"email": "x"}, ["email"]),
        ({"login": 5}, ["login"]),
        ({"level": 1.5}, ["level"]),
        ({"level": True}, ["level"]),
        ({"level": 10**19}, ["level"]),
        ({"ratio": "1"}, ["ratio"]),
        ({"vip": 1}, ["vip"]),
        ({"tags": "a"}, ["tags"]),
        ({"tags": ["a", "c"]}, ["tags"]),
        ({"ranks": ["1"]}, ["ranks"]),
        ({"size": "L"}, ["size"]),
        ({"size": ""}, ["size", "size"]),
        ({"city": ["x"]}, ["city"]),
        ({"title": "x" * 40_000}, ["title", "profile"]),
    ],
)
def test_these_will_not(more: dict[str, Any], fields: list[str]) -> None:
    assert [field for field, _ in profile_problems(ANN | more, SCHEMA, str.__eq__)] == fields


def test_what_an_org_requires_must_be_there() -> None:
    schema = ProfileSchema({"level": {"type": "integer", "required": True}})

    assert profile_problems(ANN, schema, str.__eq__) == [("level", "The field cannot be left blank")]
    assert profile_problems(ANN | {"level": 0}, schema, str.__eq__) == []


def test_names_may_be_left_out_where_the_org_says_so() -> None:
    schema = ProfileSchema(base={"firstName": {"required": False}, "nickName": {"required": True}})

    assert profile_problems(
        {"login": "a@example.com", "email": "a@example.com", "lastName": "Lee"}, schema, str.__eq__
    ) == [("nickName", "The field cannot be left blank")]


def test_attributes_that_an_org_gave_to_groups() -> None:
    schema = ProfileSchema({"level": {"type": "integer"}, "site": {"type": "string", "required": True}})

    assert custom_problems({"level": 3, "site": "Bern", "other": "x"}, schema) == []
    assert [name for name, _ in custom_problems({"level": "3"}, schema)] == ["level", "site"]
    assert [name for name, _ in custom_problems({"site": "x" * 40_000}, schema)] == ["site", "profile"]


def test_nobody_defined_these() -> None:
    assert unknown_attributes(ANN | {"x": 1, "level": 2, "y": 3}, SCHEMA) == ["x", "y"]


def test_the_standard_attributes_are_those_that_claims_know() -> None:
    assert {name: definition["type"] for name, definition in BASE.items()} == STANDARD_ATTRIBUTES
