"""A profile made of another one, attribute by attribute, each with how it came about (docs/protocol.md §38)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from ..directory.profile import LARGEST, MISSING, TOO_LONG, value_problems
from ..expressions.check import Dialect
from ..expressions.coercion import coerced
from ..expressions.errors import EvaluationFailed, ExpressionError
from ..expressions.evaluate import Expression
from ..expressions.facts import Facts
from ..expressions.run import Run
from ..expressions.values import Value, size_of
from ..storage.clients import MappedAttribute

#: Of one mapping.
MOST: Final = 500
Properties = Mapping[str, MappedAttribute]
#: JSON schemas of attributes by name; with ``required`` where there has to be a value.
Schema = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Step:
    """How one attribute came about.

    Attributes:
        value: What it is now, as the target's type; ``None``: it has no value.
        problem: Why the expression gave none that fits.
        required: Whether the target has to have a value.
        reads: Names and values that the expression read.
    """

    attribute: str
    expression: str
    value: Any = None
    problem: str | None = None
    required: bool = False
    reads: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """A profile, and how each attribute of it came about, in the order of the mapping."""

    steps: tuple[Step, ...]

    @property
    def values(self) -> dict[str, Any]:
        """What to write: ``None`` empties an attribute. One whose expression failed is not among them: it stays."""
        return {step.attribute: step.value for step in self.steps if step.problem is None}

    @property
    def problems(self) -> tuple[Step, ...]:
        """Those that have no value that fits, whether that matters or not."""
        return tuple(step for step in self.steps if step.problem is not None)

    @property
    def refused(self) -> tuple[Step, ...]:
        """Those without which there is no profile: required, and without a value."""
        return tuple(step for step in self.steps if step.required and step.value is None)

    def onto(self, profile: Mapping[str, Any]) -> dict[str, Any]:
        """A profile with what was made written over it."""
        values = {**profile, **self.values}
        return {name: value for name, value in values.items() if value is not None}


def apply_mapping(properties: Properties, facts: Facts, target: Schema, dialect: Dialect) -> Mapped:
    """What a mapping makes of what is known. Never raises: what goes wrong is said of each attribute.

    Args:
        properties: What each attribute is made of.
        facts: With ``source``, for what comes from elsewhere; else with ``user``.
        target: What the profile may hold.
        dialect: ``TO_USER`` or ``TO_APP``.
    """
    run, room = Run(facts), LARGEST
    steps = []
    for attribute, mapped in properties.items():
        reads = run.reads = {}
        definition = target.get(attribute)
        value, problem = None, None
        try:
            value = _value(mapped, run, definition, dialect)
            room -= size_of(value)
            if room < 0:
                raise EvaluationFailed(TOO_LONG)
        except (EvaluationFailed, ExpressionError) as error:
            value, problem = None, str(error)
        required = bool(definition and definition.get("required"))
        if required and value is None and problem is None:
            problem = MISSING
        steps.append(Step(attribute, mapped.expression, value, problem, required, reads))
    return Mapped(tuple(steps))


def followed(properties: Properties) -> Properties:
    """What follows its source when a profile is there already."""
    return {name: mapped for name, mapped in properties.items() if mapped.pushed}


def typed(mapped: MappedAttribute, definition: Mapping[str, Any]) -> MappedAttribute:
    """What an attribute is made of, for an attribute of this JSON schema."""
    items = (definition.get("items") or {}).get("type", "string")
    return replace(mapped, type=definition.get("type", "string"), items=items)


def _value(mapped: MappedAttribute, run: Run, definition: Mapping[str, Any] | None, dialect: Dialect) -> Any:
    if definition is None:
        raise EvaluationFailed("there is no such attribute any more")
    mapped = typed(mapped, definition)
    value = coerced(_compiled(mapped.expression, dialect).claim(run), mapped.type, mapped.items)
    if value is not None and (problem := next(value_problems(value, definition), None)) is not None:
        raise EvaluationFailed(problem)
    return value


@lru_cache(maxsize=2_048)
def _compiled(text: str, dialect: Dialect) -> Expression:
    return Expression(text, dialect)
