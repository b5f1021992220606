"""At which place policies and rules end up."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from authmint.management.servers.priorities import placed
from authmint.storage.servers import Rule
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOW


def a_rule(name: str) -> Rule:
    return Rule(f"0pr{name}", name, NOW, NOW)


def after(steps: Sequence[tuple[str, int | None]]) -> tuple[Rule, ...]:
    """The rules after each step put one of a name at a priority."""
    rules: tuple[Rule, ...] = ()
    for name, priority in steps:
        rules = placed(rules, a_rule(name), priority)
    return rules


def names(steps: Sequence[tuple[str, int | None]]) -> str:
    return "".join(rule.name for rule in after(steps))


@given(st.permutations(range(1, 11)))
def test_siblings_that_come_in_any_order_end_where_they_were_asked_to_be(order: list[int]) -> None:
    rules = after([(str(priority), priority) for priority in order])

    assert [rule.name for rule in rules] == [str(number) for number in range(1, 11)]
    assert all(rule.asked is None for rule in rules)


@pytest.mark.parametrize(
    ("steps", "order"),
    [
        ([("a", None), ("b", None), ("c", None)], "abc"),
        ([("a", None), ("b", 1)], "ba"),
        ([("a", None), ("b", None), ("c", 2)], "acb"),
        ([("a", None), ("b", None), ("c", None), ("a", 3)], "bca"),
        ([("a", None), ("b", None), ("c", None), ("c", 1)], "cab"),
        ([("a", None), ("b", None), ("a", 0)], "ab"),
        ([("a", None), ("b", None), ("a", -5)], "ab"),
        ([("a", None), ("b", None), ("a", None)], "ab"),
        ([("a", 999)], "a"),
        ([("a", 999), ("b", None)], "ab"),
        ([("a", 999), ("b", None), ("c", 2)], "acb"),
        ([("a", 5), ("b", 2)], "ba"),
        ([("a", 3), ("b", 3), ("c", 1), ("d", 2)], "cdba"),
        ([("a", 4), ("b", 1), ("a", None), ("c", 2)], "bca"),
    ],
)
def test_where_one_is_put(steps: list[tuple[str, int | None]], order: str) -> None:
    assert names(steps) == order


def test_a_change_of_something_else_does_not_forget_which_place_was_asked_for() -> None:
    (waiting,) = after([("a", 3)])

    (changed,) = placed((waiting,), replace(a_rule("a"), status="INACTIVE"), None)

    assert (waiting.asked, changed.asked, changed.status) == (3, 3, "INACTIVE")


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(-2, 9)), max_size=12))
def test_none_is_lost_and_none_is_twice(steps: list[tuple[str, int | None]]) -> None:
    assert sorted(names(steps)) == sorted({name for name, _ in steps})
