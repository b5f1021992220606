"""Random and hostile expressions: an error of the language or a value, soon, and nothing else."""

import time
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from authmint.expressions.check import check
from authmint.expressions.errors import EvaluationFailed, ExpressionError
from authmint.expressions.evaluate import Expression
from authmint.expressions.limits import MAX_LENGTH
from authmint.expressions.parser import parse
from authmint.expressions.run import Run
from authmint.expressions.syntax import Node
from authmint.expressions.values import MAX_SIZE, size_of
from authmint.storage.profile import STANDARD_ATTRIBUTES
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.expressions.contexts import C, G, evaluate, groups
from tests.expressions.printing import NODES, SOUP, printed

assert G.user is not None
USER = G.user


def refusal(text: str) -> ExpressionError | None:
    """Why it cannot be saved."""
    try:
        check(text, STANDARD_ATTRIBUTES)
    except ExpressionError as refused:
        return refused
    return None


@settings(max_examples=400)
@given(st.one_of(st.text(max_size=80), SOUP))
def test_any_text_is_refused_with_a_place_or_means_something(text: str) -> None:
    refused = refusal(text)

    assert refused is None or 0 <= refused.at <= len(text)
    if refused is None:
        with suppress(EvaluationFailed):
            evaluate(text, G)


@settings(max_examples=400)
@given(NODES)
def test_what_is_printed_parses_to_the_same_tree(node: Node) -> None:
    text = printed(node)
    assume(len(text) <= MAX_LENGTH)

    assert parse(text) == node


@settings(max_examples=600)
@given(NODES)
def test_an_expression_gives_json_or_fails_as_the_language_does(node: Node) -> None:
    try:
        expression = Expression(printed(node))
    except ExpressionError:
        return
    for facts in (C, G):
        try:
            claim = expression.claim(Run(facts))
        except EvaluationFailed:
            continue
        assert _is_json(claim)
        assert size_of(claim) <= MAX_SIZE


@settings(max_examples=200)
@given(NODES)
def test_the_same_facts_give_the_same_value_whether_reads_are_collected_or_not(node: Node) -> None:
    try:
        expression = Expression(printed(node))
    except ExpressionError:
        return

    def outcome(reads: dict[str, Any] | None) -> object:
        try:
            return expression.claim(Run(G, reads))
        except EvaluationFailed as failed:
            return str(failed)

    assert outcome(None) == outcome({}) == outcome(None)


def _is_json(value: object) -> bool:
    """Exactly the types of JSON: no object of Python's, not even a subclass."""
    if type(value) is tuple:
        return all(map(_is_json, value))
    return type(value) in {str, int, float, bool, type(None)}


#: From published bypasses of Spring EL, Jinja and Python sandboxes.
ESCAPES = [
    "user.__class__",
    "user.__class__.__mro__[1].__subclasses__()",
    "user._members",
    "user.member('x')",
    "app.profile.keys()",
    "''.class.forName('java.lang.Runtime')",
    "''.getClass().forName('java.lang.Runtime').getRuntime().exec('id')",
    "T(java.lang.Runtime).getRuntime().exec('id')",
    "new java.lang.ProcessBuilder('id').start()",
    "#{T(java.lang.System).getenv()}",
    "${7*7}",
    "{{7*7}}",
    "@systemProperties['user.home']",
    "#root",
    "#this.facts",
    "user.getGroups().![class]",
    "user.getGroups().![__class__]",
    "user.getGroups().?[true]",
    "user.getGroups().![name.format(x)]",
    "user?.firstName.bytes",
    "__import__('os')",
    "eval('1')",
    "'%s' % user",
    "f'{user}'",
    "{user}.class",
    "{'a': user}",
    "String.format('%s', user)",
    "String.class",
    "Arrays.__class__",
    "true ? user : user.__class__",
    "getFilteredGroups({'a'}, user.firstName + '', 1)",
    "getFilteredGroups({'a'}, 'group.__class__', 1)",
    "getFilteredGroups({'a'}, 'getFilteredGroups({}, ''group.id'', 1)', 1)",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_outside_of_the_language_can_be_saved(text: str) -> None:
    assert refusal(text) is not None


@pytest.mark.parametrize("text", ["app.profile.__init__.__globals__", "appuser.__class__", "app.profile.class"])
def test_members_of_free_json_are_its_members_and_never_python_attributes(text: str) -> None:
    assert evaluate(text, G) is None


@pytest.mark.parametrize("fact", [object(), lambda: "x", type, {1, 2}, b"x"])
def test_a_fact_of_another_type_is_refused(fact: object) -> None:
    facts = replace(G, user=replace(USER, profile={"x": fact}))

    with pytest.raises(EvaluationFailed):
        evaluate("user.x", facts)


def _nested(function: str, seed: str, tail: str) -> str:
    """The call around itself, as often as 1024 characters allow."""
    text = seed
    while len(grown := f"{function}({text}{tail})") <= 1024 and grown.count("(") < 60:
        text = grown
    return text


BOMBS = [
    _nested("String.replace", "'aaaaaaaaaa'", ",'a','aaaaaaaaaa'"),
    _nested("String.join", "'aaaaaaaaaa'", ",'a','b','c','d'"),
    _nested("String.toUpperCase", "'ŉŉŉŉ'", ""),
    _nested("Arrays.flatten", "{1,1,1,1,1,1,1,1}", ",{1,1,1,1}"),
    "Arrays.toCsvString({" + ",".join(["user.bulk"] * 90) + "})",
    "{" + ",".join(["user.bulk"] * 90) + "}",
    "String.replace(user.bulk, 'a', user.bulk)",
    "user.bulk + user.bulk + user.bulk",
    "user.bulk matches '(a*)*b'",
    "user.bulk matches '(a|aa)+$b'",
    "user.bulk matches '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]'",
    "user.bulk matches 'a{1000}{1000}'",
    "user.bulk matches '" + "(a?){100}" * 20 + "a{1000}'",
    "Time.fromStringToIso8601(user.bulk, 'yyyyMMddHHmmss')",
    "Time.now('UTC', user.bulk)",
    "Time.now(user.bulk)",
    "Convert.toInt(user.digits)",
    "Convert.toNum(user.digits)",
    "Arrays.size(Arrays.flatten(user.commas)) == 0",
    "String.stringSwitch(user.bulk, '', user.bulk + 'b', '1')",
    "user.bulks",
    "Arrays.toCsvString(user.bulks)",
    "user.ligatures",
    "{user.bulks, {user.bulks}}",
]
BULK = {
    "bulk": "a" * 30_000,
    "digits": "9" * 30_000,
    "commas": "," * 30_000,
    "ligatures": "ﬃ" * 30_000,
    "bulks": ["a" * 30_000] * 1_000,
}


BULKY = replace(G, user=replace(USER, profile={**USER.profile, **BULK}))


@pytest.mark.parametrize("text", BOMBS)
def test_no_expression_takes_long_or_makes_much(text: str) -> None:
    """Bounds far above what it takes (milliseconds, a megabyte) and far below what a bomb would."""
    before = time.process_time()
    tracemalloc.start()

    with suppress(EvaluationFailed, ExpressionError):
        assert size_of(Expression(text).claim(Run(BULKY))) <= MAX_SIZE

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    "text",
    [
        "String.replace(user.bulk, 'a', 'aaa')",
        "user.bulk + user.bulk + user.bulk",
        "String.join('', user.bulk, user.bulk, user.bulk)",
        "String.toUpperCase(user.ligatures)",
    ],
)
def test_a_large_text_is_not_even_made_on_the_way(text: str) -> None:
    with pytest.raises(EvaluationFailed, match="larger"):
        evaluate(f"String.len({text})", BULKY)


def test_a_claim_is_measured_in_bytes_of_json() -> None:
    assert len(evaluate("user.bulk", BULKY)) == 30_000
    with pytest.raises(EvaluationFailed, match="larger"):
        evaluate("user.ligatures", BULKY)


def test_the_budget_is_for_all_claims_of_a_token_together() -> None:
    run = Run(G)
    expression = Expression("String.len(String.replace(user.firstName, 'n', ','))")

    def forever() -> None:
        while True:
            expression.claim(run)

    with pytest.raises(EvaluationFailed, match="more work"):
        forever()


def test_groups_cost_budget() -> None:
    facts = replace(G, user=replace(USER, groups=groups(50_000)))
    text = " OR ".join(["isMemberOfGroup('x')"] * 40)

    with pytest.raises(EvaluationFailed, match="more work"):
        evaluate(text, facts)
