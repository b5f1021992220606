"""What clients are still to be told: that a session has ended (OpenID Connect Back-Channel Logout 1.0).

It is stored with the end of the session, so that none is lost, and none is told of a session that goes on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..jose.encoding import b64encode


@dataclass(frozen=True)
class InformedClient:
    """A client that has an ID token which names a session.

    Attributes:
        issuer: As that token says it.
    """

    server_id: str
    client_id: str
    issuer: str


@dataclass(frozen=True)
class LogoutNotice:
    """One client that is to be told of the end of one session."""

    id: str
    session_id: str
    user_id: str
    client: InformedClient


@dataclass(frozen=True)
class EndedSignIns:
    """A user whose sign-ins count no more from some change on: their sessions are still to end (``liveness``)."""

    id: str
    user_id: str


@dataclass(frozen=True)
class TakenNotice:
    """A notice that its taker is to deliver now.

    Attributes:
        attempts: How often it was taken, this time included.
    """

    notice: LogoutNotice | EndedSignIns
    attempts: int


def name_of(session_id: str, client: InformedClient) -> str:
    """What a client of a session is noted under, and what its notice is called: the same, however often it is."""
    digest = hashlib.sha256(f"{client.server_id} {client.client_id}".encode()).digest()
    return f"{session_id}#{b64encode(digest)}"


class LogoutNotices(Protocol):
    """All notices of a deployment that wait."""

    def due(self, *, at: int, limit: int) -> Sequence[str]:
        """Ids of notices that wait and are due, some of them where there are more than ``limit``."""

    def take(self, notice_id: str, *, at: int, until: int) -> TakenNotice:
        """Take one to deliver it: of calls at once, one has it. Who does not finish leaves it to others at ``until``.

        Raises:
            NotFound: It is not due, or was delivered.
        """

    def delay(self, notice_id: str, *, until: int) -> None:
        """Put one that was taken back until then. Nothing where it is gone."""

    def remove(self, notice_id: str) -> None:
        """Forget one: it was delivered, or never will be."""
