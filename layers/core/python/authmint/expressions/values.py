"""Values of the expression language: how they are read, compared and made claims (docs/protocol.md §12.8)."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, TypeGuard

import msgspec

from .errors import EvaluationFailed

Json: TypeAlias = "str | int | float | bool | tuple[Json, ...] | Mapping[str, Json] | None"
Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | Object | None"

#: Integers have 64 bits, as in the consumers of JSON.
INTEGERS: Final = range(-(2**63), 2**63)
#: Longest text or array that an expression may make, and most bytes of JSON of one claim.
MAX_SIZE: Final = 65_536
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


class Object:
    """A user, an app, a group, or an object of JSON: members by name, and nothing else.

    The language reaches no attribute of any Python object: reading a member is a look-up in this one mapping.
    """

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def member(self, name: str) -> Value:
        """The member; ``None`` where there is none (docs/protocol.md §12.2)."""
        return value_of(self._members.get(name))


def value_of(given: Any) -> Value:
    """What a fact is in the language."""
    if type(given) in _SCALARS:
        scalar: Value = given
        return scalar
    if isinstance(given, list | tuple):
        return tuple(value_of(item) for item in given)
    if isinstance(given, Mapping):
        return Object(given)
    if isinstance(given, Object):
        return given
    raise EvaluationFailed("a fact is of a type that expressions do not know")


def claim_of(value: Value) -> Json:
    """What a value is in a token.

    Raises:
        EvaluationFailed: It is an object, or larger than ``MAX_SIZE`` bytes of JSON.
    """
    claim, _ = _claim(value, MAX_SIZE)
    if size_of(claim) > MAX_SIZE:
        raise EvaluationFailed(f"a claim is larger than {MAX_SIZE} bytes")
    return claim


def _claim(value: Value, left: int) -> tuple[Json, int]:
    """The claim and what is left of its size: measured on the way, as an array may hold one long text many times."""
    left -= 1 + (len(value) if isinstance(value, str) else 0)
    if left < 0:
        raise EvaluationFailed(f"a claim is larger than {MAX_SIZE} bytes")
    if isinstance(value, Object):
        raise EvaluationFailed("a user, group or app is no value of a claim; name a member of it")
    if not isinstance(value, tuple):
        return value, left
    items: list[Json] = []
    for item in value:
        claim, left = _claim(item, left)
        items.append(claim)
    return tuple(items), left


def size_of(claim: Json) -> int:
    """How many bytes of JSON the value makes."""
    try:
        return len(msgspec.json.encode(claim))
    except UnicodeEncodeError:
        raise EvaluationFailed("a text is not Unicode") from None


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether the value is a number. Booleans are none, though Python thinks so."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: float) -> int | float:
    """A result of arithmetic, when it is one that JSON can carry."""
    if isinstance(value, int):
        if value not in INTEGERS:
            raise EvaluationFailed("an integer has more than 64 bits")
    elif value != value or value in (float("inf"), float("-inf")):
        raise EvaluationFailed("a number is too large")
    return value


def text_of(value: Value) -> str:
    """A scalar as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return str(value)
    raise EvaluationFailed("an array or object stands where a text must")


def truth(value: Value) -> bool:
    """A condition must be boolean: neither null nor a text decides anything."""
    if not isinstance(value, bool):
        raise EvaluationFailed("a condition is not boolean")
    return value


def equal(left: Value, right: Value) -> bool:
    """``==``. Values of different types differ; numbers compare as numbers."""
    if is_number(left) and is_number(right):
        return left == right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Object):
        return left is right
    return type(left) is type(right) and left == right


def compare(left: Value, right: Value) -> int:
    """Negative, zero or positive. Null comes before everything, as in Spring EL."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if is_number(left) and is_number(right):
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    raise EvaluationFailed("values of these types have no order")
