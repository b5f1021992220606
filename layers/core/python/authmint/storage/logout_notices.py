"""What clients are still to be told: that a session has ended (OpenID Connect Back-Channel Logout 1.0).

It is stored with the end of the session, so that none is lost, and none is told of a session that goes on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ..jose.encoding import b64encode

#: How the ids of notices about tokens begin.
OF_TOKENS: Final = "tokens#"


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
    """A user whose sign-ins count no more from some change on: their sessions are still to end (``liveness``).

    Attributes:
        at: When that was (Unix seconds); 0: before it was noted.
    """

    id: str
    user_id: str
    at: int = 0


@dataclass(frozen=True)
class EndedTokens:
    """Something with which tokens end that are in status lists: they are still to be revoked there.

    Attributes:
        at: When it ended (Unix seconds).
        family_id: A family of tokens; ``None``: it was something else.
        client_id: A client. ``generation``: what was made for it before this one has ended.
        server_id: At this server alone; ``None``: everywhere.
    """

    id: str
    at: int
    family_id: str | None = None
    client_id: str | None = None
    server_id: str | None = None
    generation: int = 0

    @classmethod
    def of_family(cls, family_id: str, *, at: int) -> "EndedTokens":
        """Of a family that was revoked."""
        return cls(f"{OF_TOKENS}{family_id}", at, family_id=family_id)

    @classmethod
    def of_client(cls, client_id: str, generation: int, *, at: int, server_id: str | None = None) -> "EndedTokens":
        """Of a client whose tokens of before count no more."""
        digest = b64encode(hashlib.sha256(f"{server_id} {client_id}".encode()).digest())
        name = f"{OF_TOKENS}{digest}#{generation}"
        return cls(name, at, client_id=client_id, server_id=server_id, generation=generation)


@dataclass(frozen=True)
class TakenNotice:
    """A notice that its taker is to deliver now.

    Attributes:
        attempts: How often it was taken, this time included.
    """

    notice: LogoutNotice | EndedSignIns | EndedTokens
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
