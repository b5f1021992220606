"""Authentication requests that a client makes without a browser (OpenID CIBA Core 1.0)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from .polled_grants import PolledGrant, PolledGrants

#: Requests of one client that may wait for one user: more would wear people out until they agree.
MOST_OPEN: Final = 3


class TooManyOpen(Exception):
    """So many requests of the client wait for this user that there is no place for another one."""


@dataclass(frozen=True, kw_only=True)
class BackchannelRequest(PolledGrant):
    """A client that waits for a user whom it named. ``digest`` is of ``auth_req_id``.

    Attributes:
        handle: By which the page of the user finds it; the client does not know it.
        owner: Whose places it takes: the user, or a digest of the hint where there is no such user.
        place: Which of these places; storage gives it.
        binding_message: That the client shows too.
        context_classes: ``acr_values``.
        acr: Which of these was reached, once it is approved.
        address: Of the client when it asked.
    """

    handle: str
    owner: str
    place: int = 0
    binding_message: str = ""
    context_classes: tuple[str, ...] = ()
    acr: str | None = None
    address: str = ""


class BackchannelRequests(PolledGrants[BackchannelRequest], Protocol):
    """All of a deployment."""

    def add(self, request: BackchannelRequest) -> None:
        """Store a new one, at the first place that is free.

        Raises:
            TooManyOpen: ``MOST_OPEN`` of the same owner and client are undecided and not expired.
        """

    def waiting_for(self, user_id: str) -> Sequence[BackchannelRequest]:
        """What the user has not decided, oldest first; expired ones may be among them. A consistent read."""
