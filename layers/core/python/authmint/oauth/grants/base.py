"""What a grant type is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ...http import Request
from ...storage.clients import Client
from ...storage.servers import AuthorizationServer
from ..errors import OAuthError
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
    """

    scopes: tuple[str, ...]
    defaulted: bool
    sign_in: SignIn | None = None


class Grant(Protocol):
    """One grant type: only what is particular to it."""

    grant_type: ClassVar[str]

    def verify(self, request: GrantRequest) -> Entitlement:
        """Prove the grant. Reads only, so that a request refused later costs nothing.

        Raises:
            OAuthError: The grant does not entitle the client to tokens.
        """

    def spend(self, entitlement: Entitlement, *, at: int) -> None:
        """Make the grant unusable again, atomically, before anything is minted.

        Raises:
            OAuthError: Another request spent it first.
        """


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
