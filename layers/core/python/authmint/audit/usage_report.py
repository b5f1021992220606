"""Counts by what one asks for (docs/protocol.md §36.2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ..storage.usage import HOURS_OF_DAY, Counts, Measure, Row

_AT_SERVERS: Final = ("server", "client", "outcome", "reason", "policy", "rule")
#: What numbers can be told apart by. What has no factor, say, is in no answer about factors.
DIMENSIONS: Final[Mapping[Measure, frozenset[str]]] = {
    "tokens": frozenset({*_AT_SERVERS, "grantType", "tokenType"}),
    "codes": frozenset(_AT_SERVERS),
    "signIns": frozenset({"outcome", "reason"}),
    "factors": frozenset({"outcome", "reason", "factor"}),
    "decisions": frozenset({"client", "outcome", "reason", "policy", "rule"}),
}
#: In which order names are told where there are several.
NAMES: Final = ("server", "client", "grantType", "tokenType", "outcome", "reason", "factor", "policy", "rule")
TIMES: Final = ("hour", "day")
_FIELDS: Final = {"grantType": "grant_type", "tokenType": "token"}
#: Numbers of a group, in order.
NUMBERS: Final = (
    "tokens", "accessTokens", "refusals", "challenges", "codes", "codesRefused", "signIns", "signInsRefused", "factors",
    "factorsRefused", "allowed", "asked", "denied", "clients", "people",
)  # fmt: skip
#: By measure and outcome: the number that a row belongs to.
_NUMBER_OF: Final[Mapping[tuple[Measure, str], str]] = {
    ("tokens", "SUCCESS"): "tokens",
    ("tokens", "FAILURE"): "refusals",
    ("tokens", "CHALLENGE"): "challenges",
    ("codes", "SUCCESS"): "codes",
    ("codes", "FAILURE"): "codesRefused",
    ("signIns", "SUCCESS"): "signIns",
    ("signIns", "FAILURE"): "signInsRefused",
    ("factors", "SUCCESS"): "factors",
    ("factors", "FAILURE"): "factorsRefused",
    ("decisions", "ALLOW"): "allowed",
    ("decisions", "CHALLENGE"): "asked",
    ("decisions", "DENY"): "denied",
}

Key = tuple[str, ...]


@dataclass
class Group:
    """Numbers of one group. ``clients`` are those that were given something."""

    numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    clients: set[str] = field(default_factory=set)
    people: set[int] = field(default_factory=set)

    def count(self, row: Row, number: int) -> None:
        """Add a row."""
        name = _NUMBER_OF.get((row.measure, row.outcome))
        if name is None:
            return
        self.numbers[name] += number
        if name == "tokens" and row.token == "access_token":
            self.numbers["accessTokens"] += number
        if name in {"tokens", "codes"} and row.client:
            self.clients.add(row.client)

    def values(self, *, people: bool) -> dict[str, int | None]:
        """The numbers by name. ``people``: whether it is known who they were."""
        sets = {"clients": len(self.clients), "people": len(self.people) if people else None}
        return {name: sets[name] if name in sets else self.numbers[name] for name in NUMBERS}


@dataclass(frozen=True)
class Question:
    """What to tell apart, and what to leave out.

    Attributes:
        by: Of ``NAMES`` and ``TIMES``.
        where: By name: the one value that counts.
    """

    by: Sequence[str] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def about_people(self) -> bool:
        """Whether people can be told apart by it: they are known by the hour, and not by what they did."""
        return not self.where and all(name in TIMES for name in self.by)

    def answer(self, parts: Iterable[Counts]) -> dict[Key, Group]:
        """The groups by the values that they have in common, in the order of ``by``."""
        named = [name for name in self.by if name not in TIMES]
        needed = {*named, *self.where}
        measures = {measure for measure, dimensions in DIMENSIONS.items() if needed <= dimensions}
        groups: defaultdict[Key, Group] = defaultdict(Group)
        for counts in parts:
            for row, number in counts.rows.items():
                if row.measure in measures and all(_value(row, name) == text for name, text in self.where.items()):
                    groups[tuple(_value(row, name) for name in self.by)].count(row, number)
            if self.about_people:
                for hour, marks in counts.people.items():
                    groups[tuple(time_of(hour, name) for name in self.by)].people |= marks
        return dict(groups)


def time_of(hour: int, name: str) -> str:
    """When an hour, or its day, begins."""
    if name == "day":
        hour -= hour % HOURS_OF_DAY
    return datetime.fromtimestamp(hour * 3_600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _value(row: Row, name: str) -> str:
    if name in TIMES:
        return time_of(row.hour, name)
    value: str = getattr(row, _FIELDS.get(name, name))
    return value
