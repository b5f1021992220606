"""What was added up from the system log: how much of what, by whom, in which hour (docs/protocol.md §36)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

HOUR_MS: Final = 3_600_000
HOURS_OF_DAY: Final = 24

#: What is counted: tokens and refused requests for them; the same at the authorization endpoint; sign-ins; answers for
#: factors; decisions of policies of people; scopes of access tokens.
Measure = Literal["tokens", "codes", "signIns", "factors", "decisions", "scopes"]


class Row(NamedTuple):
    """What is counted together; empty: it has no such thing.

    Attributes:
        hour: In which it happened: hours since the Unix epoch.
        token: Which kind of token was given.
    """

    hour: int
    measure: Measure
    server: str = ""
    client: str = ""
    grant_type: str = ""
    token: str = ""
    outcome: str = ""
    reason: str = ""
    factor: str = ""
    policy: str = ""
    rule: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Counts:
    """Numbers of some hours.

    Attributes:
        people: Who did something, by hour: the first eight bytes of the SHA-256 of a user's id as a number. Two people
            of a million are the same with a probability below one in ten million.
    """

    rows: Mapping[Row, int] = field(default_factory=dict)
    people: Mapping[int, frozenset[int]] = field(default_factory=dict)


class UsageRecords(Protocol):
    """Counts in the order in which the log was gone through. Each stretch of the log is counted once."""

    def reached(self) -> str:
        """The place in the log up to which it is counted; empty: nothing is.

        Raises:
            Unavailable: At any step.
        """

    def add(self, counts: Counts, *, start: str, end: str) -> None:
        """Keep what is between two places of the log, and that it is counted up to the second.

        Raises:
            Conflict: Somebody else went on from the first place. Nothing is kept.
            Unavailable: It may be kept.
        """

    def read(self, first_day: int, last_day: int) -> Iterator[Counts]:
        """What happened on some days, both inclusive: days since the Unix epoch. What is added meanwhile may be in it.

        Raises:
            Unavailable: At any step.
        """
