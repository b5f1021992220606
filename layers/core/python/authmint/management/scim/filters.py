"""Filters (RFC 7644 §3.4.2.2): names without case, schemas in front of them, conditions on several values."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..http.errors import ApiError
from ..http.filters import MAX_LENGTH, And, Comparison, Condition, Not, Or, equality, parse_filter
from .vocabulary import CUSTOM, ENTERPRISE

_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCHEMA: Final = re.compile(r"urn:(?:ietf|authmint):params:scim:schemas:[\w.:]+:2\.0:(?:User|Group):", re.IGNORECASE)
#: ``emails[type eq "work"].value``: which of several is not told apart, as lists are matched by any of their values.
_COMPARED: Final = re.compile(
    r"\b(?!(?:and|or|not)\b)([a-z]\w*)(?=\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le|pr)\b)", re.IGNORECASE
)
_CONDITION: Final = re.compile(r"\b(\w+)\[([^\[\]]*)\](?:\.(\w+))?")


def condition_of(text: str) -> Condition:
    """The condition of a filter. Raises ApiError (E0000031)."""
    if len(text) > MAX_LENGTH:
        raise ApiError("E0000031")
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f'"{len(kept) - 1}"'

    bare = _SCHEMA.sub("", _TEXT.sub(keep, text))
    bare = _CONDITION.sub(_spread, bare)
    return _lowered(parse_filter(_TEXT.sub(lambda match: kept[int(match[0][1:-1])], bare)))


def matches(condition: Condition, resource: Mapping[str, Any]) -> bool:
    """Whether a resource, or one of several values of it, is meant."""
    flat = {**resource, **(resource.get(ENTERPRISE) or {}), **(resource.get(CUSTOM) or {})}
    return condition.matches(_without_case(flat))


def wanted(condition: Condition | None, attribute: str) -> str | None:
    """The text that an attribute must have, where that can be told: then it is looked up."""
    return None if condition is None else equality(condition, attribute.lower())


def _spread(match: re.Match[str]) -> str:
    """``emails[type eq "work" and value eq "x"]`` as a condition on ``emails.type`` and ``emails.value``."""
    name, inner, part = match.groups()
    if part is not None:
        return f"{name}.{part}"
    spread = _COMPARED.sub(rf"{name}.\1", inner)
    return f"({spread})"


def _lowered(condition: Condition) -> Condition:
    match condition:
        case Comparison():
            return replace(condition, attribute=condition.attribute.lower())
        case And(parts):
            return And(tuple(map(_lowered, parts)))
        case Or(parts):
            return Or(tuple(map(_lowered, parts)))
        case Not(part):
            return Not(_lowered(part))


def _without_case(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key.lower(): _without_case(one) for key, one in value.items()}
    return [_without_case(one) for one in value] if isinstance(value, list) else value
