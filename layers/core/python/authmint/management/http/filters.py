"""The filter language of lists: ``filter`` and ``search`` (RFC 7644 §3.4.2.2, docs/protocol.md §23.4, §29).

``attribute op value`` with ``eq ne co sw ew gt ge lt le``, ``attribute pr``, ``and``, ``or``, ``not (…)`` and
parentheses; ``and`` binds tighter. Text is compared without regard to case, except ids; text that is a date-time on
both sides is compared as an instant. A list matches where one of its elements does; ``ne`` is always the opposite of
``eq``. Value paths (``emails[type eq "work"]``) are not part of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ...jose.encoding import strict_json
from .errors import ApiError

MAX_LENGTH: Final = 8_192
MAX_DEPTH: Final = 20
MAX_COMPARISONS: Final = 200
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d{1,18}(?:\.\d{1,18})?(?![\w.]))
      | (?P<word>[A-Za-z_$][\w$-]*(?:\.[A-Za-z_$][\w$-]*)*)
      | (?P<mark>[()])
    )""",
    re.VERBOSE | re.ASCII,
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_OPERATORS: Final = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_ORDERING: Final = frozenset({"gt", "ge", "lt", "le"})
_PARTIAL: Final = frozenset({"co", "sw", "ew"})
_LITERALS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Comparison:
    """``attribute operator value``. ``pr`` has no value."""

    attribute: str
    operator: str
    value: Value = None

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether one of the attribute's values fits."""
        found = list(_values(record, self.attribute.split(".")))
        if self.operator == "pr":
            return any(value not in (None, "") for value in found)
        if self.operator == "ne":
            return not self._any("eq", found)
        return self._any(self.operator, found)

    def _any(self, operator: str, found: Iterable[Any]) -> bool:
        exact = self.attribute.rpartition(".")[2] == "id"
        values = [value for value in found if value is not None]
        if self.value is None:
            return not values
        return any(_holds(operator, value, self.value, exact=exact) for value in values)


@dataclass(frozen=True)
class And:
    """A filter that matches where every part of it does."""

    parts: "tuple[Condition, ...]"

    def matches(self, record: Mapping[str, Any]) -> bool:
        return all(part.matches(record) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """At least one part matches."""

    parts: "tuple[Condition, ...]"

    def matches(self, record: Mapping[str, Any]) -> bool:
        return any(part.matches(record) for part in self.parts)


@dataclass(frozen=True)
class Not:
    """The part does not match."""

    part: "Condition"

    def matches(self, record: Mapping[str, Any]) -> bool:
        return not self.part.matches(record)


Condition = Comparison | And | Or | Not


def parse_filter(text: str) -> Condition:
    """The condition that a query parameter states.

    Raises:
        ApiError: E0000031: it is not of this language, too long or too deep.
    """
    if len(text) > MAX_LENGTH:
        raise ApiError("E0000031")
    reader = _Reader(_tokens(text))
    condition = reader.either(0)
    reader.end()
    return condition


def equality(condition: Condition, attribute: str) -> str | None:
    """The text that ``attribute`` must equal for the condition to match, where that can be told without a record.

    It lets storage look a record up by key. The condition as a whole still has to be tried on what was found.
    """
    match condition:
        case And(parts):
            found = (equality(part, attribute) for part in parts)
            return next((value for value in found if value is not None), None)
        case Comparison(named, "eq", str(value)) if named == attribute:
            return value
    return None


class _Reader:
    """Reads tokens by recursive descent. The depth is bounded, so the stack is."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._comparisons = 0

    def either(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._word("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise ApiError("E0000031")

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._word("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise ApiError("E0000031")
        # ``not`` could be an attribute's name too: it is the operator only before a parenthesis (RFC 7644, figure 1).
        if self._word("not", before="("):
            return Not(self._one(depth + 1))
        if self._take() == ("mark", "("):
            inner = self.either(depth + 1)
            if self._take() != ("mark", ")"):
                raise ApiError("E0000031")
            return inner
        self._at -= 1
        return self._comparison()

    def _comparison(self) -> Comparison:
        self._comparisons += 1
        kind, attribute = self._take()
        if kind != "word" or self._comparisons > MAX_COMPARISONS:
            raise ApiError("E0000031")
        kind, operator = self._take()
        operator = operator.lower()
        if kind == "word" and operator == "pr":
            return Comparison(attribute, "pr")
        if kind != "word" or operator not in _OPERATORS:
            raise ApiError("E0000031")
        value = _value(*self._take())
        unordered = operator in _ORDERING and (value is None or isinstance(value, bool))
        if unordered or (operator in _PARTIAL and not isinstance(value, str)):
            raise ApiError("E0000031")
        return Comparison(attribute, operator, value)

    def _word(self, word: str, *, before: str | None = None) -> bool:
        ahead = self._tokens[self._at : self._at + 2]
        if not ahead or ahead[0][0] != "word" or ahead[0][1].lower() != word:
            return False
        if before is not None and ahead[1:] != [("mark", before)]:
            return False
        self._at += 1
        return True

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise ApiError("E0000031")
        self._at += 1
        return self._tokens[self._at - 1]


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ApiError("E0000031")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _value(kind: str, token: str) -> Value:
    if kind == "number":
        return float(token) if "." in token else int(token)
    if kind == "word" and token.lower() in _LITERALS:
        return _LITERALS[token.lower()]
    if kind != "text":
        raise ApiError("E0000031")
    try:
        value: str = strict_json(token.encode("utf-8"))
    except ValueError:
        raise ApiError("E0000031") from None
    return value


def _values(found: Any, path: list[str]) -> Iterable[Any]:
    if isinstance(found, list | tuple):
        for element in found:
            yield from _values(element, path)
    elif not path:
        yield found
    elif isinstance(found, Mapping):
        yield from _values(found.get(path[0]), path[1:])


def _holds(operator: str, found: Any, value: str | float, *, exact: bool) -> bool:
    if isinstance(found, bool) or isinstance(value, bool):
        return operator == "eq" and found is value
    if isinstance(value, str):
        return isinstance(found, str) and _text_holds(operator, found, value, exact=exact)
    return isinstance(found, int | float) and _ordered(operator, found, value)


def _text_holds(operator: str, found: str, value: str, *, exact: bool) -> bool:
    if operator not in _PARTIAL:
        instants = _instant(found), _instant(value)
        if instants[0] is not None and instants[1] is not None:
            return _ordered(operator, *instants)
    if not exact:
        found, value = found.casefold(), value.casefold()
    if operator == "co":
        return value in found
    if operator == "sw":
        return found.startswith(value)
    if operator == "ew":
        return found.endswith(value)
    return _ordered(operator, found, value)


def _ordered(operator: str, found: Any, value: Any) -> bool:
    if operator == "eq":
        return bool(found == value)
    if operator in {"gt", "ge"}:
        return bool(found > value or (operator == "ge" and found == value))
    return bool(found < value or (operator == "le" and found == value))


def _instant(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
