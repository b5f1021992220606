"""Authorization requests that wait: pushed ones (RFC 9126), and those whose user is signing in or deciding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from .codes import AuthorizationCode
from .token_families import TokenFamily


@dataclass(frozen=True)
class StoredRequest:
    """Parameters of an authorization request, as they were sent. ``digest`` is SHA-256 of its handle, base64url.

    Attributes:
        kind: ``pushed``: by the client, at the PAR endpoint; ``interaction``: a browser is busy with it.
        resources: Values of the one parameter that may be repeated (RFC 8707 §2), as they were sent.
        client_since: Of a pushed one: since when its client was who it was.
        signed: Whether its client signed it (RFC 9101).
        browser: Of an interaction: SHA-256 of the cookie of the browser that began it. No other may go on with it.
    """

    digest: str
    kind: Literal["pushed", "interaction"]
    server_id: str
    client_id: str
    parameters: Mapping[str, str]
    created_at: int
    expires_at: int
    browser: str | None = None
    resources: tuple[str, ...] = ()
    client_since: int | None = None
    signed: bool = False


class StoredRequests(Protocol):
    """All waiting requests of a deployment."""

    def add(self, request: StoredRequest) -> None:
        """Store a new request. Raises AlreadyExists: a call before this one did."""

    def get(self, digest: str) -> StoredRequest:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound."""

    def spend(self, digest: str) -> None:
        """Use a request up, exactly once even under concurrent calls. Raises NotFound: it is gone."""

    def answer(self, digests: Sequence[str], code: AuthorizationCode | None, family: TokenFamily | None) -> None:
        """Use requests up and store what the answer to them gives: all of it, or nothing.

        Raises:
            NotFound: One of them is gone.
        """
