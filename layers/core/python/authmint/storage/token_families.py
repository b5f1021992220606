"""What a user let a client have: one record per consent of a user to one client at one server, with all tokens from it.

Every token minted from it, and every refresh token, hangs on the family: revoking the family revokes them all, by one
write on one record that every reader looks at.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from ..ids import Ids
from .generations import FIRST, Generations
from .lineages import Ancestor

#: How the ids of families begin.
FAMILY: Final = "oar"
#: Families of a client that are looked at to see whether one is alive: the newest.
LOOKED_AT: Final = 1_000

#: Why a family is dead: for the log.
Revoked = Literal["revoked", "reuse", "replay", "administrator", "user"]


@dataclass(frozen=True)
class TokenFamily:
    """What all tokens of one authorization have in common.

    Attributes:
        id: ``oar…``; stands in every token of the family.
        user_id: ``None``: nobody's, of a token that was given for a client's own (RFC 8693).
        scopes: Granted at first; a refresh gives a subset of them.
        auth_time: When the user signed in (Unix seconds), and ``amr`` how.
        idp: Id of the identity provider that said who it is; ``None``: this service itself.
        policy_grant: What rules call the first grant (docs/protocol.md §9.3).
        names_session: Its ID tokens name the session, whose end the client is told of.
        expires_at: No refresh after this, whatever happens; ``None``: unlimited.
        resources: URIs of what its tokens can be for, as they were registered; none: for whatever the server says.
        holds_refresh_token: Whether there is anything to refresh with.
        current: Digest of the refresh token that counts, the youngest; ``None``: there is none.
        generations: Of client and user when the family began.
        certificate: Thumbprint of the certificate that it began with (RFC 8705 §7.1); ``None``: there was none.
        dpop_jkt: Thumbprint of the key that was proven when it began (RFC 9449 §5); ``None``: no key was.
        listed: Tokens that end with it are in status lists: who ends it has them told (``logout_notices``).
        ancestors: Tokens that its one token was given for, the first of them first: it dies with each (RFC 8693).
    """

    id: str
    server_id: str
    client_id: str
    user_id: str | None
    scopes: tuple[str, ...]
    created_at: int
    updated_at: int
    auth_time: int
    amr: tuple[str, ...]
    acr: str | None = None
    idp: str | None = None
    policy_grant: str = "authorization_code"
    session_id: str | None = None
    names_session: bool = False
    expires_at: int | None = None
    holds_refresh_token: bool = False
    current: str | None = None
    generations: Generations = FIRST
    resources: tuple[str, ...] = ()
    revoked_at: int | None = None
    revoked_because: Revoked | None = None
    dpop_jkt: str | None = None
    certificate: str | None = None
    ancestors: tuple[Ancestor, ...] = ()
    listed: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """One refresh token of a family. ``digest`` is SHA-256 of the token, base64url.

    Attributes:
        idle_expires_at: Not used until then, it is dead; a STATIC token's moves on with every use.
        rotated_at: When its successor was made; ``None``: it is the one that counts.
        request: SHA-256 of what the rotating request asked for: who repeats it within the leeway gets its answer.
        answer: That answer, sealed under a key that only the token itself gives.
    """

    digest: str
    family_id: str
    created_at: int
    idle_expires_at: int
    rotated_at: int | None = None
    request: str | None = None
    answer: str | None = None


def new_family_id(ids: Ids) -> str:
    """An id that stands in every token of a new family."""
    return ids.object_id(FAMILY)


def begun_with(family: TokenFamily, refresh_token: RefreshToken | None) -> TokenFamily:
    """A new family as it is stored with its first refresh token."""
    if refresh_token is None:
        return replace(family, holds_refresh_token=False, current=None)
    return replace(family, holds_refresh_token=True, current=refresh_token.digest)


class TokenFamilies(Protocol):
    """All families of a deployment."""

    def add(self, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        """Store a new family, with its first refresh token where it has one. Raises AlreadyExists."""

    def get(self, family_id: str) -> TokenFamily:
        """A consistent read. Raises NotFound."""

    def find(self, family_id: str, digest: str) -> tuple[TokenFamily, RefreshToken]:
        """A refresh token and its family, in one consistent read. Raises NotFound."""

    def rotate(self, spent: RefreshToken, successor: RefreshToken, *, at: int) -> None:
        """Mark a token rotated and store its successor, exactly once even under concurrent calls.

        ``spent`` holds ``rotated_at``, ``request`` and ``answer`` already.

        Raises:
            AlreadyUsed: Another call rotated it first; nothing was written. Read it again.
            Conflict: The family was revoked meanwhile; nothing was written.
        """

    def used(self, token: RefreshToken, *, idle_expires_at: int, at: int) -> None:
        """Move the idle expiry of a STATIC token on. Raises Conflict: the family was revoked meanwhile."""

    def enlist(self, family_id: str, *, at: int) -> None:
        """Say that tokens that end with a family are in status lists.

        Raises:
            NotFound: There is no such family.
            Conflict: It was revoked meanwhile.
        """

    def revoke(self, family_id: str, because: Revoked, *, at: int) -> bool:
        """Kill a family. True where it was alive. Raises NotFound.

        A notice of it is left for the status lists, by the same write, where it is ``listed``.
        """

    def of_client(
        self, server_id: str, client_id: str, *, after: str | None = None, limit: int = 200
    ) -> Sequence[TokenFamily]:
        """Families with a refresh token of a client at a server, in ascending id; dead ones too, for a while."""

    def of_user(self, user_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[TokenFamily]:
        """Families of a user, in ascending id; dead ones too, for a while."""

    def clients_at(
        self,
        server_id: str,
        alive: Callable[[TokenFamily], bool],
        *,
        after: str | None = None,
        limit: int = 200,
        in_time: Callable[[], bool] = lambda: True,
    ) -> tuple[Sequence[str], str | None]:
        """A page of the clients that hold a refresh token of a server.

        Args:
            server_id: Of the server.
            alive: Whether a family counts; asked of the newest ``LOOKED_AT`` of a client.
            after: Id of the client after which the page begins.
            limit: Clients that are looked at.
            in_time: Whether there is time to look at one more client that has not the newest family alive.

        Returns:
            Ids of clients, and the id after which the next page begins; ``None``: there is none.
        """
