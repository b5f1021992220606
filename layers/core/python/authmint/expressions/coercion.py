"""What a value of an expression is as an attribute of a profile (docs/protocol.md §38.4)."""

import math
from typing import Any, Final

from .errors import EvaluationFailed
from .values import Json, number

_TRUTHS: Final = {"true": True, "false": False}


def coerced(value: Json, type_: str, items: str = "string") -> Any:
    """The value as a type of JSON schemas; ``None`` for null and for the empty text: such an attribute has no value.

    Args:
        value: Of an expression.
        type_: Of the attribute.
        items: Of what an array holds.

    Raises:
        EvaluationFailed: It cannot be one.
    """
    if value is None or value == "":
        return None
    if type_ == "array":
        several = value if isinstance(value, tuple | list) else (value,)
        return [one for item in several if (one := coerced(item, items)) is not None]
    if type_ == "boolean":
        return _truth(value)
    if type_ in {"integer", "number"}:
        return _number(value, whole=type_ == "integer")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise EvaluationFailed(f"the value cannot be a {type_}")


def _truth(value: Json) -> bool:
    truth = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(truth, bool):
        raise EvaluationFailed("the value is neither true nor false")
    return truth


def _number(value: Json, *, whole: bool) -> int | float:
    parsed = _parsed(value) if isinstance(value, str) else value
    if isinstance(parsed, bool) or not isinstance(parsed, int | float) or not math.isfinite(parsed):
        raise EvaluationFailed("the value is no number")
    if isinstance(parsed, float) and whole:
        if not parsed.is_integer():
            raise EvaluationFailed("the value is no whole number")
        parsed = int(parsed)
    return number(parsed)


def _parsed(text: str) -> int | float | None:
    for read in (int, float):
        try:
            return None if "_" in text else read(text)
        except ValueError:
            continue
    return None
