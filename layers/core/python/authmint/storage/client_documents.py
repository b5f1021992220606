"""Clients that no administrator registered, known by the documents that they publish about themselves, and the copies
of these documents that servers go by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

AuthMethod = Literal["none", "private_key_jwt"]


@dataclass(frozen=True)
class ClientDocument:
    """What a document says, as far as it counts here.

    Attributes:
        url: Where it is: the client's id.
        name: Cleaned; empty: it says none. Whose it is says the host of the URL alone.
        scopes: That it says the client would like; ``None``: it does not say.
        jwks: Public keys that can verify, of ``private_key_jwt`` without ``jwks_uri``.
    """

    url: str
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...] | None = None
    jwks: tuple[Mapping[str, Any], ...] = ()
    jwks_uri: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    tos_uri: str | None = None
    policy_uri: str | None = None


@dataclass(frozen=True)
class ClientCopy:
    """A document as one server knows it.

    Attributes:
        checked_at: When it was fetched last, and good.
        fresh_until: Until then it is as good as the document itself.
        since: Since when the client is who it is. Codes and consents from before are about somebody else.
        generation: What was given under an earlier one is dead. A time, so that it is later than any that was
            forgotten with its copy.
        withdrawn_at: Since when its host says that there is none.
    """

    server_id: str
    document: ClientDocument
    checked_at: int
    fresh_until: int
    since: int
    generation: int
    withdrawn_at: int | None = None


def later(before: int, now: int) -> int:
    """A time after another one, also within the same second."""
    return max(before + 1, now)


class ClientCopies(Protocol):
    """All copies of a deployment."""

    def get(self, server_id: str, url: str) -> ClientCopy:
        """A consistent read. Withdrawn and old ones are found too, for a while. Raises NotFound."""

    def list(
        self, server_id: str, *, after: str | None = None, limit: int = 200
    ) -> tuple[Sequence[ClientCopy], str | None]:
        """Copies of one server by the digests of their URLs, from the first one after ``after``.

        The second value goes on with the list; ``None``: this is its end.
        """

    def save(self, before: ClientCopy | None, after: ClientCopy) -> None:
        """Store a copy in the place of another one, or of none. Raises Conflict: another call did so first."""

    def claim(self, url: str, *, at: int, until: int) -> bool:
        """Whether this call may fetch a document: nobody else may before ``until``, whatever comes of it."""
