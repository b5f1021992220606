"""Operators as closures over the closures of their operands (docs/protocol.md §12.1)."""

from collections.abc import Callable
from typing import Final, TypeAlias

from .errors import EvaluationFailed
from .functions_text import join
from .regexes import matches
from .run import Run
from .values import Value, compare, equal, is_number, number, text_of, truth

Evaluate: TypeAlias = Callable[[Run], Value]


def conditional(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    """``condition ? then : otherwise``."""

    def evaluate(run: Run) -> Value:
        run.spend()
        return then(run) if truth(condition(run)) else otherwise(run)

    return evaluate


def elvis(value: Evaluate, default: Evaluate) -> Evaluate:
    """``value ?: default``: the default for null and for the empty text."""

    def evaluate(run: Run) -> Value:
        run.spend()
        found = value(run)
        return default(run) if found is None or found == "" else found

    return evaluate


def _not(operand: Evaluate) -> Evaluate:
    return lambda run: not truth(operand(run))


def _minus(operand: Evaluate) -> Evaluate:
    def evaluate(run: Run) -> Value:
        value = operand(run)
        if value is None:
            return None
        if not is_number(value):
            raise EvaluationFailed("only numbers are negated")
        return number(-value)

    return evaluate


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda run: truth(left(run)) and truth(right(run))


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda run: truth(left(run)) or truth(right(run))


def _of_two(operation: Callable[[Run, Value, Value], Value]) -> Callable[[Evaluate, Evaluate], Evaluate]:
    def binary(left: Evaluate, right: Evaluate) -> Evaluate:
        def evaluate(run: Run) -> Value:
            run.spend()
            return operation(run, left(run), right(run))

        return evaluate

    return binary


def _plus(run: Run, left: Value, right: Value) -> Value:
    """Numbers add up, texts join. With null it is null, so that a claim is left out rather than half made."""
    if left is None or right is None:
        return None
    if is_number(left) and is_number(right):
        return number(left + right)
    if isinstance(left, str) or isinstance(right, str):
        return join(run, "", text_of(left), text_of(right))
    raise EvaluationFailed("'+' needs two numbers or a text")


def _difference(_: Run, left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    if is_number(left) and is_number(right):
        return number(left - right)
    raise EvaluationFailed("'-' needs two numbers")


def _matches(run: Run, left: Value, right: Value) -> Value:
    if not isinstance(left, str) or not isinstance(right, str):
        raise EvaluationFailed("'matches' needs two texts")
    run.make(len(left))
    return matches(right, left)


UNARY: Final[dict[str, Callable[[Evaluate], Evaluate]]] = {"!": _not, "-": _minus}
BINARY: Final[dict[str, Callable[[Evaluate, Evaluate], Evaluate]]] = {
    "AND": _and,
    "OR": _or,
    "+": _of_two(_plus),
    "-": _of_two(_difference),
    "==": _of_two(lambda _, left, right: equal(left, right)),
    "!=": _of_two(lambda _, left, right: not equal(left, right)),
    "<": _of_two(lambda _, left, right: compare(left, right) < 0),
    ">": _of_two(lambda _, left, right: compare(left, right) > 0),
    "<=": _of_two(lambda _, left, right: compare(left, right) <= 0),
    ">=": _of_two(lambda _, left, right: compare(left, right) >= 0),
    "matches": _of_two(_matches),
}
