"""Profiles of an app's users by a mapping of the app's own: each attribute is computed when a claim reads it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..storage.clients import MappedAttribute
from .coercion import coerced
from .dialects import TO_APP
from .errors import EvaluationFailed, ExpressionError
from .evaluate import Expression
from .run import Run
from .values import Object, Value, value_of


class MappedProfile(Object):
    """``appuser`` of an app whose mapping was changed. What the assignment itself says wins.

    Only what is read is evaluated, out of the budget of who reads it. An expression that fails fails what reads it: a
    claim that cannot be known denies the token.
    """

    __slots__ = ("_assigned", "_mapping", "_run")

    def __init__(self, run: Run, mapping: Mapping[str, MappedAttribute], assigned: Mapping[str, Any]) -> None:
        super().__init__(assigned)
        self._assigned = assigned
        self._mapping = mapping
        self._run = run

    def member(self, name: str) -> Value:
        if name in self._assigned:
            return value_of(self._assigned[name])
        attribute = self._mapping.get(name)
        return None if attribute is None else value_of(mapped(attribute, self._run))


def mapped(attribute: MappedAttribute, run: Run) -> Any:
    """The value of an attribute of an app's user; ``None``: it has none. Raises EvaluationFailed."""
    try:
        expression = _compiled(attribute.expression)
    except ExpressionError as error:
        raise EvaluationFailed(str(error)) from None
    return coerced(expression.claim(run), attribute.type, attribute.items)


@lru_cache(maxsize=1_024)
def _compiled(text: str) -> Expression:
    return Expression(text, TO_APP)
