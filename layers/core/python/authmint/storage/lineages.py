"""Tokens that others were given for (RFC 8693), and what they all hang on: read together, in one round trip.

A token that a service got on somebody's behalf dies with the token that it sent in for it, and with whatever that one
was given for. So its family names them all, and nothing has to be written below when something above ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # a family names its ancestors
    from .clients import Client
    from .token_families import TokenFamily

#: How many tokens can be given one for the other.
DEEPEST: Final = 5


@dataclass(frozen=True)
class Ancestor:
    """A token for which another one was given.

    Attributes:
        server_id: That minted it.
        family_id: That it dies with; ``None``: it is a client's own.
        client_id: That it was given to.
        client_generation: Of that client when it was given.
        scopes: That it has.
    """

    server_id: str
    jti: str
    client_id: str
    family_id: str | None = None
    client_generation: int = 0
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lineage:
    """What ancestors hang on.

    Attributes:
        families: By id, those that are there.
        clients: By id, those that are there.
        revoked: Server and ``jti`` of tokens that were revoked one by one.
    """

    families: "Mapping[str, TokenFamily]" = field(default_factory=dict)
    clients: "Mapping[str, Client]" = field(default_factory=dict)
    revoked: frozenset[tuple[str, str]] = frozenset()


class Lineages(Protocol):
    """Families, revoked tokens and clients of administrators, for whoever looks at a token with ancestors."""

    def read(self, ancestors: Sequence[Ancestor]) -> Lineage:
        """What the ancestors hang on: one consistent round trip, however many they are.

        Clients that no administrator registered are not looked for.

        Raises:
            Unavailable: Storage could not answer.
        """
