"""Hooks, in memory and in DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.dynamo.hooks import DynamoInlineHooks
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.hooks import TOKENS, Channel, HookList, Hooks, InlineHook

from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW


@pytest.fixture(params=["memory", "dynamo"])
def hooks(request: pytest.FixtureRequest) -> Hooks[InlineHook]:
    if request.param == "memory":
        return MemoryStorage().inline_hooks
    return DynamoInlineHooks(request.getfixturevalue("deployed").tables())


def a_hook(identifier: str = "calA", **changes: Any) -> InlineHook:
    channel = Channel(uri="https://h.example", headers=(("a", "b"),), auth_header="x", sealed="s")
    return replace(InlineHook(identifier, "h", TOKENS, channel, NOW, NOW), **changes)


def test_hooks_are_kept_found_changed_and_forgotten(hooks: Hooks[InlineHook]) -> None:
    assert hooks.all() == HookList()
    for identifier in ("calB", "calA"):
        hooks.save(None, a_hook(identifier), [], seen=hooks.all())
    read = hooks.get("calA")

    hooks.save(read, replace(read, name="i"), [], seen=hooks.all())
    hooks.save(hooks.get("calB"), None, [], seen=hooks.all())

    assert hooks.all() == HookList((a_hook("calA", name="i", version=2),), 4)
    for unknown in ("calB", "#", "", "ü"):
        with pytest.raises(NotFound):
            hooks.get(unknown)


def test_a_change_by_an_old_list_is_refused(hooks: Hooks[InlineHook]) -> None:
    seen = hooks.all()
    hooks.save(None, a_hook("calA"), [], seen=seen)

    with pytest.raises(Conflict):
        hooks.save(None, a_hook("calB"), [], seen=seen)

    assert [hook.id for hook in hooks.all().hooks] == ["calA"]


def test_a_secret_is_in_no_repr() -> None:
    assert "'s'" not in repr(a_hook())
