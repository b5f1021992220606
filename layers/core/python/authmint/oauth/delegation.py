"""What a token says more that is given for another one (RFC 8693): whose it is, who acts, and how long at most."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..storage.lineages import DEEPEST
from .errors import OAuthError

ACT: Final = "act"
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"


@dataclass(frozen=True)
class Given:
    """The token that was sent in, for the log and for hooks: never its text.

    Attributes:
        type: URN of RFC 8693 §3.
    """

    id: str
    type: str
    issuer: str
    client_id: str

    def debug(self) -> dict[str, str]:
        """What the log says of it."""
        return {
            "subject_token_id": self.id,
            "subject_token_type": self.type,
            "subject_token_issuer": self.issuer,
            "subject_token_client_id": self.client_id,
        }


@dataclass(frozen=True)
class Delegation:
    """What the token that was sent in makes of the one that is given for it.

    Attributes:
        given: ``None``: nothing was, as in a preview.
        act: Who acts, and who acted before; ``None``: nobody.
        subject: ``sub``; ``None``: as the claims of the server say.
        ends_at: Unix seconds: no token outlives what it is given for.
        more: Claims that stand in the token as they stood in what was sent in.
        bound: Whether that one is bound to a key (RFC 9449): then this one has to be, too.
    """

    given: Given | None
    act: Mapping[str, Any] | None
    subject: str | None = None
    ends_at: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    bound: bool = False

    @property
    def exchanges(self) -> bool:
        """Whether a token of a server was sent in, and no assertion."""
        return self.given is not None and self.given.type == ACCESS_TOKEN

    def debug(self) -> dict[str, str]:
        """What the log says of it."""
        if self.given is None:
            return {}
        return self.given.debug() | ({"token_exchange_type": "On-Behalf-Of"} if self.exchanges else {})


def acting(client_id: str, before: Any) -> dict[str, Any]:
    """``act`` of a token that a client gets on behalf of others: the client itself, around whoever acted before.

    The outermost actor is who acts; the others are history, and nothing is decided by them (RFC 8693 §4.1).

    Args:
        client_id: Of the client.
        before: ``act`` of the token that it sent in; ``None``: there is none.

    Raises:
        OAuthError: That one is no chain of actors, or too long a one.
    """
    checked_chain(before, room=1)
    return {"sub": client_id} if before is None else {"sub": client_id, ACT: before}


def checked_chain(act: Any, *, room: int = 0) -> dict[str, Any] | None:
    """``act`` as it is, with room for so many actors more; ``None``: nobody acts.

    Raises:
        OAuthError: It is no chain of actors, or too long a one.
    """
    actor, depth = act, room
    while actor is not None:
        if not isinstance(actor, dict) or not isinstance(actor.get("sub"), str) or not actor["sub"]:
            raise OAuthError("invalid_subject_token_act_claim_malformed")
        depth += 1
        if depth > DEEPEST:
            raise OAuthError("invalid_subject_token_act_claim_depth")
        actor = actor.get(ACT)
    found: dict[str, Any] | None = act
    return found
