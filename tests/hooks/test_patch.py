"""docs/protocol.md §39.4: what a hook may change of tokens."""

from copy import deepcopy
from typing import Any

import pytest
from authmint.hooks.patch import PROTECTED, PatchRefused, apply_patch
from hypothesis import given
from hypothesis import strategies as st

ACCESS, IDENTITY = "com.okta.access.patch", "com.okta.identity.patch"


def payload() -> dict[str, Any]:
    claims = {"jti": "AT.1", "sub": "ann", "aud": "api://s", "level": 3, "roles": ["a", "b"], "org": {"id": 1}}
    return {
        "context": {"secret": "x"},
        "access": {"claims": claims, "token": {"lifetime": {"expiration": 3600}}, "scopes": {}},
        "identity": {"claims": {"sub": "00u1", "email": "a@b.example"}, "token": {"lifetime": {"expiration": 3600}}},
    }


def patched(*operations: Any, command: str = ACCESS) -> dict[str, Any]:
    return apply_patch(payload(), [{"type": command, "value": list(operations)}])


def op(name: str, path: str, *value: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **({"value": value[0]} if value else {})}


@pytest.mark.parametrize(
    ("operation", "name", "value"),
    [
        (op("add", "/claims/new", {"a": [1]}), "new", {"a": [1]}),
        (op("add", "/claims/none", None), "none", None),
        (op("add", "/claims/level", 4), "level", 4),
        (op("add", "/claims/org/name", "x"), "org", {"id": 1, "name": "x"}),
        (op("add", "/claims/roles/-", "c"), "roles", ["a", "b", "c"]),
        (op("add", "/claims/roles/2", "c"), "roles", ["a", "b", "c"]),
        (op("add", "/claims/roles/0", "c"), "roles", ["c", "a", "b"]),
        (op("add", "/claims/https:~1~1x.example~1tier~0", 1), "https://x.example/tier~", 1),
        (op("replace", "/claims/level", 4), "level", 4),
        (op("replace", "/claims/roles/1", "c"), "roles", ["a", "c"]),
        (op("replace", "/claims/org/id", 2), "org", {"id": 2}),
        (op("replace", "/claims/sub", "bob"), "sub", "bob"),
        (op("replace", "/claims/aud", ["a", "b"]), "aud", ["a", "b"]),
        (op("remove", "/claims/roles/0"), "roles", ["b"]),
        (op("remove", "/claims/org/id", None), "org", {}),
    ],
)
def test_operations(operation: Any, name: str, value: Any) -> None:
    assert patched(operation)["access"]["claims"] == payload()["access"]["claims"] | {name: value}


def test_a_claim_is_removed() -> None:
    assert "level" not in patched(op("remove", "/claims/level"))["access"]["claims"]


@pytest.mark.parametrize("seconds", [300, 86_400])
def test_the_lifetime_is_replaced(seconds: int) -> None:
    after = patched(op("replace", "/token/lifetime/expiration", seconds))

    assert after["access"]["token"] == {"lifetime": {"expiration": seconds}}


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (op("replace", "/claims/tz", 1), "Path not found(op=replace, path=/claims/tz)"),
        (op("remove", "/claims/tz"), "Path not found(op=remove, path=/claims/tz)"),
        (op("add", "/claims/tz/a", 1), "Path not found(op=add, path=/claims/tz/a)"),
        (op("add", "/claims/level/a", 1), "Path not found(op=add, path=/claims/level/a)"),
        (op("add", "/claims/roles/3", 1), "Path not found(op=add, path=/claims/roles/3)"),
        (op("add", "/claims/roles/01", 1), "Path not found(op=add, path=/claims/roles/01)"),
        (op("add", "/claims/roles/-1", 1), "Path not found(op=add, path=/claims/roles/-1)"),
        (op("add", "/claims/roles/a/b", 1), "Path not found(op=add, path=/claims/roles/a/b)"),
        (op("replace", "/claims/roles/2", 1), "Path not found(op=replace, path=/claims/roles/2)"),
        (op("replace", "/claims/roles/-", 1), "Path not found(op=replace, path=/claims/roles/-)"),
        (op("remove", "/claims/roles/2"), "Path not found(op=remove, path=/claims/roles/2)"),
        (op("add", "/claims/iss", 1), "Claim is reserved(op=add, path=/claims/iss)"),
        (op("add", "/claims/cnf/jkt", 1), "Claim is reserved(op=add, path=/claims/cnf/jkt)"),
        (op("add", "/claims/gr~0oups", 1), None),
        (op("remove", "/claims/jti"), "Claim is reserved(op=remove, path=/claims/jti)"),
        (op("remove", "/claims/sub"), "Claim must stay a text(op=remove, path=/claims/sub)"),
        (op("replace", "/claims/sub", " "), "Claim must stay a text(op=replace, path=/claims/sub)"),
        (op("replace", "/claims/aud", []), "Claim must stay a text(op=replace, path=/claims/aud)"),
        (op("replace", "/claims/aud", ["a", 1]), "Claim must stay a text(op=replace, path=/claims/aud)"),
        (op("add", "/claims/aud/-", "a"), "Claim must stay a text(op=add, path=/claims/aud/-)"),
        (op("add", "/claims", {}), "Path not allowed(op=add, path=/claims)"),
        (op("add", "", {}), "Path is not a JSON Pointer(op=add, path=)"),
        (op("add", "claims/a", 1), "Path is not a JSON Pointer(op=add, path=claims/a)"),
        (op("add", "/claims/a~2", 1), "Path is not a JSON Pointer(op=add, path=/claims/a~2)"),
        (op("add", "/scopes/openid", 1), "Path not allowed(op=add, path=/scopes/openid)"),
        (op("replace", "/token/lifetime", 1), "Path not allowed(op=replace, path=/token/lifetime)"),
        (op("add", "/claims/a"), "A value is needed(op=add, path=/claims/a)"),
        (op("remove", "/claims/level", 3), "A value is not allowed(op=remove, path=/claims/level)"),
        (op("move", "/claims/level", 3), "Unknown operation(op=move, path=/claims/level)"),
        (op("add", "/token/lifetime/expiration", 600), "The lifetime can only be replaced(op=add, path="),
        (op("replace", "/token/lifetime/expiration", 299), "The lifetime must be from 300 to 86400 seconds(op="),
        (op("replace", "/token/lifetime/expiration", 86_401), "The lifetime must be from 300 to 86400 seconds(op="),
        (op("replace", "/token/lifetime/expiration", True), "The lifetime must be from 300 to 86400 seconds(op="),
        (op("replace", "/token/lifetime/expiration", "600"), "The lifetime must be from 300 to 86400 seconds(op="),
        (op("add", "/claims/a" + "/a" * 30, 1), "Too deep(op=add, path=/claims/a/a"),
        ({"op": "add", "path": 3, "value": 1}, "not an operation"),
        ("add", "not an operation"),
    ],
)
def test_what_cannot_be_done_discards_everything(operation: Any, message: str | None) -> None:
    if message is None:
        assert patched(operation)
        return
    with pytest.raises(PatchRefused) as refused:
        patched(op("add", "/claims/before", 1), operation, op("add", "/claims/after", 1))

    assert str(refused.value).startswith(message)


def test_a_value_of_values_of_values_is_refused() -> None:
    value: Any = 1
    for _ in range(2_000):
        value = [value]

    with pytest.raises(PatchRefused, match="Too deep"):
        patched(op("add", "/claims/a", value))


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ({}, "commands must be a list"),
        ([{"type": "com.okta.saml.patch", "value": []}], "unknown command"),
        ([{"type": ACCESS, "value": {}}], "unknown command"),
        ([{"type": [], "value": []}], "unknown command"),
        (["x"], "unknown command"),
        ([{"type": ACCESS, "value": [op("add", "/claims/a", 1)] * 1_001}], "too many operations"),
    ],
)
def test_what_is_no_command(commands: Any, message: str) -> None:
    with pytest.raises(PatchRefused, match=message):
        apply_patch(payload(), commands)


def test_a_command_for_a_token_that_is_not_minted() -> None:
    only_access = {"access": payload()["access"]}

    with pytest.raises(PatchRefused, match="ID Token not present"):
        apply_patch(only_access, [{"type": IDENTITY, "value": []}])
    assert apply_patch(only_access, []) == only_access


@pytest.mark.parametrize("name", ["aud", "sub", "email_verified", "nonce"])
def test_an_id_token_is_about_and_for_whom_it_was(name: str) -> None:
    operations = [op("add", f"/claims/{name}", "x")]

    if name == "email_verified":
        assert patched(*operations, command=IDENTITY)["identity"]["claims"]["email_verified"] == "x"
    else:
        with pytest.raises(PatchRefused, match="Claim is reserved"):
            patched(*operations, command=IDENTITY)


# Properties


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), below, max_size=2),
    max_leaves=4,
)
_NAMES = st.sampled_from(["a", "b", "level", "roles", "org", "sub", "aud", "0", "-", *sorted(PROTECTED["access"])])
_PATHS = st.builds(
    lambda start, names: "/".join([start, *names]),
    st.sampled_from(["/claims", "/token/lifetime/expiration", "claims", "/scopes"]),
    st.lists(_NAMES, max_size=3),
)
_OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove", "copy"]), "path": _PATHS}, optional={"value": _JSON}
)
#: Most of what is drawn cannot be done, and discards the rest: of these everything can that a hook may do.
_ADDITIONS = st.builds(
    lambda name, value: {"op": "add", "path": f"/claims/{name}", "value": value}, _NAMES, st.sampled_from(["x", "y"])
)


def _commands(operations: st.SearchStrategy[Any], types: list[str], most: int) -> st.SearchStrategy[Any]:
    kinds = st.sampled_from(types)
    return st.lists(st.fixed_dictionaries({"type": kinds, "value": st.lists(operations, max_size=most)}), max_size=3)


_COMMANDS = _commands(_ADDITIONS, [ACCESS, IDENTITY], 1) | _commands(_OPERATIONS, [ACCESS, IDENTITY], 4)
_CLAIMS = st.dictionaries(_NAMES, _JSON, max_size=8)


def a_token(claims: dict[str, Any]) -> dict[str, Any]:
    return {"claims": claims, "token": {"lifetime": {"expiration": 600}}}


@given(_CLAIMS, _CLAIMS, _COMMANDS)
def test_a_protected_claim_never_changes(access: Any, identity: Any, commands: Any) -> None:
    before = {"access": a_token(access), "identity": a_token(identity)}
    seen = deepcopy(before)
    try:
        after = apply_patch(before, commands)
    except PatchRefused:
        after = before

    assert before == seen
    for token, names in PROTECTED.items():
        for name in names:
            assert (name in after[token]["claims"]) == (name in seen[token]["claims"])
            assert after[token]["claims"].get(name) == seen[token]["claims"].get(name)
        assert 300 <= after[token]["token"]["lifetime"]["expiration"] <= 86_400


@given(_CLAIMS, _COMMANDS, _OPERATIONS)
def test_all_of_a_patch_is_done_or_nothing(claims: Any, commands: Any, last: Any) -> None:
    """An operation that cannot be done alone, after all others, discards them too."""
    before = {"access": a_token(claims), "identity": a_token({})}
    try:
        after = apply_patch(before, commands)
    except PatchRefused:
        with pytest.raises(PatchRefused):
            apply_patch(before, [*commands, {"type": ACCESS, "value": [last]}])
        return

    one_by_one = before
    for command in commands:
        for operation in command["value"]:
            one_by_one = apply_patch(one_by_one, [{"type": command["type"], "value": [operation]}])
    assert one_by_one == after
