"""Clients that registered themselves (RFC 7591), and the tokens that let somebody do so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from .events import Event

DynamicStatus = Literal["ACTIVE", "BLOCKED"]


class TooMany(Exception):
    """The server has as many of these clients as it may have."""


@dataclass(frozen=True)
class DynamicClient:
    """A client that registered itself at one server. Its id says what it registered, so nothing of that changes.

    Attributes:
        redirect_uris: As they are compared: without ports of the loopback interface.
        scopes: That it can get; which of them there are is for the server to say at each request.
        expires_at: Nobody has used it for so long then that it is gone.
        used_at: When somebody last signed in with it or it got new tokens, by the day; ``None``: never.
        generation: What was given under an earlier one is dead. A time; 0 at first.
    """

    server_id: str
    id: str
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    client_uri: str = ""
    used_at: int | None = None
    status: DynamicStatus = "ACTIVE"
    generation: int = 0


class DynamicClients(Protocol):
    """All clients of a deployment that registered themselves. Expired ones may be found: who reads compares."""

    def get(self, server_id: str, client_id: str) -> DynamicClient:
        """A consistent read. Blocked ones are found, too. Raises NotFound."""

    def list(self, server_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[DynamicClient]:
        """Of one server in ascending id, from the first id greater than ``after``."""

    def register(self, client: DynamicClient, *, most: int, at: int, token: str | None = None) -> DynamicClient:
        """Store a new client, count it, and use its token once, all or nothing.

        Args:
            client: An expired one of its id makes way; the record then begins anew.
            most: How many live ones the server may have.
            at: Unix seconds.
            token: Digest of the registration token that lets it in.

        Returns:
            The client, or the live or blocked one that is there already, for which nothing was used.

        Raises:
            TooMany: Nothing was stored.
            AlreadyUsed: The token is used up, expired or gone. Nothing was stored.
            Unavailable: Storage could not answer.
        """

    def touch(self, client: DynamicClient, *, until: int, at: int) -> None:
        """Somebody used it: it stays until then, unless it stays longer already. Raises NotFound: it is gone."""

    def block(self, client: DynamicClient, *, at: int, events: Sequence[Event]) -> DynamicClient:
        """Whatever it was given is dead, and it can neither be used nor register again. Raises NotFound, Conflict."""

    def unblock(self, client: DynamicClient, *, until: int, at: int, events: Sequence[Event]) -> DynamicClient:
        """It is as if it had just registered. Raises NotFound, Conflict."""


@dataclass(frozen=True)
class RegistrationToken:
    """An initial access token (RFC 7591 §3): who has it may register clients at one server.

    Attributes:
        digest: Of the token, which nobody can read again.
        uses: How many clients it still lets in.
    """

    server_id: str
    id: str
    name: str
    digest: str
    created_at: int
    expires_at: int
    uses: int


#: Characters of a token's digest that its id has: it can be found by the token, and cannot be told from it.
_ID_LENGTH: Final = 20


def token_id(digest: str) -> str:
    """The id of the registration token with this digest."""
    return f"rgt{digest[:_ID_LENGTH]}"


class RegistrationTokens(Protocol):
    """All registration tokens of a deployment. Each is used with the client that it lets in (``DynamicClients``)."""

    def add(self, token: RegistrationToken, events: Sequence[Event]) -> None:
        """Store a new one and its events, all or nothing."""

    def get(self, server_id: str, identifier: str) -> RegistrationToken:
        """Raises NotFound. Used up and expired ones are found for a while."""

    def list(self, server_id: str) -> Sequence[RegistrationToken]:
        """Of one server, in ascending id."""

    def delete(self, token: RegistrationToken, events: Sequence[Event]) -> None:
        """It lets nobody in any more. Raises NotFound: it was deleted before."""
