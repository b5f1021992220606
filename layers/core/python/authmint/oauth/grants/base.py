"""What a grant type is: it proves a grant, and the proof knows how to settle itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from ...http import Request
from ...storage.clients import Client
from ...storage.liveness import NotAlive, check_client, live_person
from ...storage.servers import AuthorizationServer, Resource
from ..errors import OAuthError
from ..issuance import Entitlement
from ..nearest import unknown
from ..security_profile import NO_PROFILE, Profile

if TYPE_CHECKING:  # a token for a machine needs nothing of what people sign in with
    from ...jose.jws import Jws
    from ...storage.directory import Directory, Person
    from ...storage.generations import Generations
    from ..issuance import Draft


@dataclass(frozen=True)
class GrantRequest:
    """A token request whose client is authenticated.

    Attributes:
        resources: What it says its tokens are for, as it was sent.
        jkt: Thumbprint of the key whose possession it proved (RFC 9449).
        certificate: Thumbprint of the certificate that its tokens are bound to (RFC 8705).
        profile: What is asked of it beyond what everybody is asked.
        workload: The token of a platform that the client is, where that is the grant, too.
    """

    form: Mapping[str, str]
    client: Client
    server: AuthorizationServer
    now: int
    http: Request
    resources: tuple[str, ...] = ()
    jkt: str | None = None
    certificate: str | None = None
    profile: Profile = NO_PROFILE
    workload: "Jws | None" = None

    def parameter(self, name: str) -> str:
        """A parameter of the form that the grant type cannot do without.

        Raises:
            OAuthError: It was not sent.
        """
        value = self.form.get(name)
        if value is None:
            raise OAuthError("missing_token_request_parameter", name)
        return value


@dataclass(frozen=True, repr=False)
class Tokens:
    """Tokens that are signed and not yet given away. Without ``repr``: they are secrets."""

    access_token: str
    id_token: str | None = None


@dataclass(frozen=True, repr=False)
class Answer:
    """What the client gets. Without ``repr``: it holds tokens.

    Attributes:
        body: JSON.
        minted: What is new in it, by kind: for the log.
    """

    body: bytes
    minted: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Mapping[str, str | int], minted: Mapping[str, str]) -> "Answer":
        """The answer with these members."""
        return cls(msgspec.json.encode(body), minted)


def answer_with(
    draft: "Draft",
    tokens: Tokens,
    *,
    refresh_token: str | None = None,
    known: bool = False,
    issued_token_type: str | None = None,
) -> Answer:
    """The answer of the token endpoint (RFC 6749 §5.1).

    Args:
        draft: What the tokens were made from.
        tokens: The new ones.
        refresh_token: That goes with them.
        known: The client had this refresh token before.
        issued_token_type: What was given for another token (RFC 8693 §2.2.1).
    """
    minted = {"access_token": tokens.access_token}
    body: dict[str, str | int] = {
        "token_type": draft.token_type,
        "expires_in": draft.lifetimes.access_token,
        "access_token": tokens.access_token,
        "scope": " ".join(draft.scopes),
    }
    if issued_token_type is not None:
        body["issued_token_type"] = issued_token_type
    if tokens.id_token is not None:
        minted["id_token"] = body["id_token"] = tokens.id_token
    if refresh_token is not None:
        body["refresh_token"] = refresh_token
        if not known:
            minted["refresh_token"] = refresh_token
    return Answer.of(body, minted)


class Verified(Protocol):
    """A grant that is proven. Each grant type has its own."""

    @property
    def entitlement(self) -> Entitlement:
        """What the policies are asked about."""

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Make the grant unusable again, and store what the tokens hang on: one write or one transaction.

        Returns:
            The answer to send: these tokens, or what another call of the same request got.

        Raises:
            OAuthError: Another request came first.
        """


class GrantType(Protocol):
    """One grant type: only what is particular to it."""

    @property
    def name(self) -> str:
        """``grant_type`` as clients send it."""

    def verify(self, request: GrantRequest) -> Verified:
        """Prove the grant. Reads only, so that a request refused later costs nothing.

        Raises:
            OAuthError: The grant does not entitle the client to tokens.
        """


P = TypeVar("P")


class OnFirstUse(Generic[P]):
    """``GrantType`` that is put together when a request first asks for it."""

    def __init__(self, name: str, make: Callable[[P], GrantType], parts: P) -> None:
        self.name = name
        self._made = cache(partial(make, parts))

    def verify(self, request: GrantRequest) -> Verified:
        return self._made().verify(request)


class Held(Protocol):
    """A stored credential: a code, a device code, a family of tokens."""

    @property
    def server_id(self) -> str: ...

    @property
    def client_id(self) -> str: ...

    @property
    def generations(self) -> "Generations": ...


def check_held(held: Held, request: GrantRequest, *, refusal: str) -> None:
    """Whether a stored credential is of this client at this server, and the client was not deactivated since.

    Raises:
        OAuthError: It is another's (RFC 6749 §5.2, ``invalid_grant``), or ``refusal``.
    """
    if held.server_id != request.server.id:
        raise OAuthError("mismatched_authorization_server")
    if held.client_id != request.client.id:
        raise OAuthError("mismatched_client")
    try:
        check_client(request.client, held.generations)
    except NotAlive as dead:
        raise OAuthError(refusal, reason=str(dead)) from None


def holder_of(directory: "Directory", user_id: str | None, held: Held, *, refusal: str) -> "Person":
    """The user whose stored credential it is.

    Raises:
        OAuthError: ``refusal``: the user is gone, not ACTIVE, or was deactivated since.
        Unavailable: Storage could not answer.
    """
    try:
        return live_person(directory, user_id or "", held.generations)
    except NotAlive as dead:
        raise OAuthError(refusal, reason=str(dead)) from None


def target_of(request: GrantRequest, granted: Sequence[str] | None = None) -> Resource | None:
    """What the tokens of a request are for (docs/protocol.md §8.5); ``None``: the server's audience.

    Args:
        request: Its grant is proven.
        granted: URIs of what the authorization is for; ``None``: there was none before this request.

    Raises:
        OAuthError: ``invalid_target``.
    """
    if not request.resources and not granted:
        return request.server.default_resource
    from ..resources import chosen

    return chosen(request.server, request.resources, granted)


def scopes_at(resource: Resource | None, scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes that a token for the resource may hold. Raises OAuthError: none of them is left."""
    if resource is None:
        return scopes
    from ..resources import narrowed

    return narrowed(scopes, (resource,))


def check_grant_type(grant_type: str, client: Client, served: Iterable[str], profile: Profile) -> None:
    """Whether the deployment serves a grant type, and the client may use it, by itself and by its security profile.

    Raises:
        OAuthError: ``unsupported_grant_type`` or ``unauthorized_client``.
    """
    served = tuple(served)
    if grant_type not in served:
        raise OAuthError("unsupported_grant_type", ", ".join(served), reason=unknown("grant type", grant_type, served))
    allowed = profile.grant_types(client.grant_types) if profile.strict else client.grant_types
    if grant_type not in allowed:
        who = "security profile does not allow" if grant_type in client.grant_types else "client may not use"
        raise OAuthError("unauthorized_client", ", ".join(allowed), reason=f"the {who} the grant type '{grant_type}'")
