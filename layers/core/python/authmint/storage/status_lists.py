"""Status lists: which access tokens of a server are revoked, for who verifies them without asking (Token Status List).

A list is for the tokens of one server that expire on one day. A token has a number in it, from a run of numbers that a
client's tokens get; where that number stands in the list, its key says (``oauth.status_list.places``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

#: Places of a list: whoever fetches one says of no token that it saw it.
SIZE: Final = 1 << 20
DAY: Final = 86_400


@dataclass(frozen=True)
class StatusList:
    """One list.

    Attributes:
        id: ``20261126-0``: the day on which its tokens expire (UTC), and which list of that day it is.
        key: Orders numbers into places. Who has it could tell which of two tokens is older.
        expires_at: None of its tokens lives longer.
    """

    server_id: str
    id: str
    expires_at: int
    key: str = field(repr=False)


@dataclass(frozen=True)
class Run:
    """Numbers of a list, one after the other.

    Attributes:
        generation: Of the client whose tokens have them, or of the user under whom they are noted.
    """

    server_id: str
    list_id: str
    first: int
    count: int
    expires_at: int
    generation: int = 0


def list_name(day: int, number: int) -> str:
    """The id of a list. ``day``: days since the Unix epoch."""
    import datetime

    return f"{datetime.date.fromordinal(_EPOCH + day):%Y%m%d}-{number}"


_EPOCH: Final = 719_163  # ordinal of 1970-01-01


def of_family(family_id: str) -> str:
    """What tokens hang on that a family ends."""
    return f"family#{family_id}"


def of_user(user_id: str) -> str:
    """What tokens hang on that end with a user and with nothing before: those that have no family."""
    return f"user#{user_id}"


def of_token(server_id: str, jti: str) -> str:
    """What tokens hang on that were given for one token."""
    return f"token#{server_id}#{jti}"


def of_client(client_id: str) -> str:
    """What tokens hang on that a client ends."""
    return f"client#{client_id}"


class StatusLists(Protocol):
    """All lists of a deployment."""

    def reserve(self, server_id: str, day: int, number: int, count: int, *, key: str) -> tuple[StatusList, int] | None:
        """Take numbers of a list that nobody else has or will have. ``None``: so many are not left.

        Args:
            server_id: Of the server.
            day: On which the tokens expire, since the Unix epoch.
            number: Which list of that day.
            count: How many.
            key: Of the list, if it begins with this call.

        Returns:
            The list, and the first of the numbers.
        """

    def get(self, server_id: str, list_id: str) -> StatusList:
        """A list that has numbers given away. Raises NotFound."""

    def note(self, what: str, run: Run) -> None:
        """Say that tokens end with something (``of_family`` and its like). Twice is once."""

    def forget(self, what: str, runs: Sequence[Run]) -> None:
        """Take back that these are noted under something. Nothing for those that are not."""

    def under(self, what: str) -> Sequence[Run]:
        """The numbers of tokens that end with something. A consistent read."""

    def revoke(self, server_id: str, list_id: str, places: Iterable[int], *, at: int, expires_at: int) -> None:
        """Revoke the tokens at these places. Twice is once."""

    def revoked(self, server_id: str, list_id: str, *, since: int = 0) -> Iterable[int]:
        """Places whose tokens were revoked at a time or later (Unix seconds). A consistent read."""
