"""What a grant type is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import msgspec

from ...http import Request
from ...storage.clients import Client
from ...storage.servers import AuthorizationServer
from ..errors import OAuthError

if TYPE_CHECKING:
    from ..issuance import Draft
    from ..sign_in import SignIn


@dataclass(frozen=True)
class GrantRequest:
    """A token request whose client is authenticated."""

    form: Mapping[str, str]
    client: Client
    server: AuthorizationServer
    now: int
    http: Request


@dataclass(frozen=True)
class Entitlement:
    """What a grant entitles its client to ask for.

    Attributes:
        scopes: In request order, without repetitions.
        defaulted: No scope was requested; these are the server's default scopes (runtime contract §16.3).
        sign_in: Whose tokens; ``None``: the client's own.
        family_id: Of the family that the tokens will belong to.
        policy_grant: What rules call this grant where it is not the grant type itself (DEC-31).
        decided: Ids of policy and rule, where they were found before (runtime contract §5.3: codes).
        repeated: The very answer that another call of the same request got, within the leeway.
        proof: What the grant found out in ``verify`` and needs in ``settle``.
    """

    scopes: tuple[str, ...]
    defaulted: bool
    sign_in: "SignIn | None" = None
    family_id: str | None = None
    policy_grant: str | None = None
    decided: tuple[str, str] | None = None
    repeated: bytes | None = None
    proof: Any = None


@dataclass
class Issued:
    """Tokens that are signed and not yet given away.

    Attributes:
        answer: Of the token endpoint; ``settle`` may add to it.
        refresh_token: A new one that ``settle`` added, for the log.
    """

    draft: "Draft"
    answer: dict[str, Any]
    refresh_token: str | None = None

    def body(self) -> bytes:
        """The answer as it is sent."""
        return msgspec.json.encode(self.answer)


class Grant(Protocol):
    """One grant type: only what is particular to it."""

    @property
    def grant_type(self) -> str:
        """As clients send it."""

    def verify(self, request: GrantRequest) -> Entitlement:
        """Prove the grant. Reads only, so that a request refused later costs nothing.

        Raises:
            OAuthError: The grant does not entitle the client to tokens.
        """

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:
        """Make the grant unusable again, and store what the tokens hang on: one write or one transaction.

        Returns:
            The answer to send: this one, or the one that another call of the same request got.

        Raises:
            OAuthError: Another request came first.
        """


P = TypeVar("P")


class OnFirstUse(Generic[P]):
    """``Grant`` that is put together when a request first asks for it."""

    def __init__(self, grant_type: str, make: Callable[[P], Grant], parts: P) -> None:
        self.grant_type = grant_type
        self._grant = cache(partial(make, parts))

    def verify(self, request: GrantRequest) -> Entitlement:
        return self._grant().verify(request)

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:
        return self._grant().settle(request, entitlement, issued)


#: Why a refresh token was refused that takes its family along; the log tells it apart by this.
REUSED: Final = "used again after its leeway: the family is revoked"


def check_grant_type(grant_type: str, client: Client, served: Iterable[str]) -> None:
    """Whether the deployment serves a grant type and the client may use it.

    Raises:
        OAuthError: ``unsupported_grant_type`` or ``unauthorized_client``.
    """
    served = tuple(served)
    if grant_type not in served:
        raise OAuthError("unsupported_grant_type", ", ".join(served))
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", ", ".join(client.grant_types))
