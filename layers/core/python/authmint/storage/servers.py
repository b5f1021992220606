"""Custom authorization servers: one record tree per server, loaded whole and changed in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from ..jose.keys import SigningAlgorithm
from .client_registration import CLOSED, ClientRegistration, MetadataClient
from .events import Event
from .lifetimes import Lifetimes
from .trusted_issuers import TrustedIssuer

Status = Literal["ACTIVE", "INACTIVE"]
KeyStatus = Literal["NEXT", "ACTIVE", "EXPIRED"]
RotationMode = Literal["AUTO", "MANUAL"]
IssuerMode = Literal["ORG_URL", "CUSTOM_URL", "DYNAMIC"]
#: What is asked of requests beyond what everybody is asked (docs/protocol.md §30).
AccessTokenProfile = Literal["OKTA", "RFC9068"]
SecurityProfile = Literal["NONE", "FAPI2", "FAPI2_MESSAGE_SIGNING"]
Consent = Literal["IMPLICIT", "REQUIRED", "FLEXIBLE"]

#: The org authorization server: a record like the others, at ``/oauth2/v1`` outside. No URL can name this id.
ORG_SERVER = "~org"
EVERYONE = "EVERYONE"
ANY_SCOPE = "*"


@dataclass(frozen=True)
class Scope:
    """A scope (docs/protocol.md §25.2). ``display_name`` is ``None`` when it was never set."""

    id: str
    name: str
    display_name: str | None = None
    description: str | None = None
    consent: Consent = "IMPLICIT"
    metadata_publish: Literal["ALL_CLIENTS", "NO_CLIENTS"] = "NO_CLIENTS"
    optional: bool = False
    default: bool = False
    system: bool = False


@dataclass(frozen=True)
class Claim:
    """A claim (docs/protocol.md §25.3). ``value`` is ``None`` for SYSTEM claims."""

    id: str
    name: str
    claim_type: Literal["RESOURCE", "IDENTITY"]
    value_type: Literal["EXPRESSION", "GROUPS", "SYSTEM"]
    value: str | None = None
    status: Status = "ACTIVE"
    group_filter_type: Literal["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"] | None = None
    scopes: tuple[str, ...] = ()
    always_include: bool = True
    system: bool = False


@dataclass(frozen=True)
class Resource:
    """A resource server that tokens of a server can be for (RFC 8707, docs/protocol.md §8.5).

    Attributes:
        uri: Its identifier as it was registered: what ``aud`` of its tokens is.
        scopes: Names of those that its tokens may hold; none: all of the server.
        default: Tokens are for it where nobody says what they are for.
    """

    id: str
    uri: str
    created_at: int
    updated_at: int
    name: str = ""
    scopes: tuple[str, ...] = ()
    default: bool = False
    status: Status = "ACTIVE"


@dataclass(frozen=True)
class People:
    """Which users a rule is for (docs/protocol.md §9.2)."""

    users_include: tuple[str, ...] = ()
    users_exclude: tuple[str, ...] = ()
    groups_include: tuple[str, ...] = ()
    groups_exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule of an access policy (docs/protocol.md §25.5). Lifetimes are seconds; 0 is unlimited.

    Attributes:
        asked: The priority that was asked for and that there were too few rules for so far.
        inline_hook: Id of the hook that is asked about the tokens; ``None``: none is.
    """

    id: str
    name: str
    created_at: int
    updated_at: int
    status: Status = "ACTIVE"
    grant_types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    people: People = People()
    access_token_lifetime: int = 3600
    refresh_token_lifetime: int = 0
    refresh_token_window: int = 604_800
    system: bool = False
    asked: int | None = None
    inline_hook: str | None = None

    @property
    def lifetimes(self) -> Lifetimes:
        """What its tokens get."""
        return Lifetimes(self.access_token_lifetime, self.refresh_token_lifetime, self.refresh_token_window)


@dataclass(frozen=True)
class Policy:
    """An access policy (docs/protocol.md §25.4). ``rules`` are in ascending priority: the first has 1.

    Attributes:
        asked: The priority that was asked for and that there were too few policies for so far.
    """

    id: str
    name: str
    created_at: int
    updated_at: int
    description: str | None = None
    status: Status = "ACTIVE"
    clients: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    system: bool = False
    asked: int | None = None


@dataclass(frozen=True)
class SigningKey:
    """A signing key of one server.

    Attributes:
        jwk: Public members only, without ``kid``, ``use`` and ``alg``.
        wrapped: Private half (PKCS #8), wrapped by KMS under server id and kid, base64.
        published_at: Since when it is in JWKS.
        activated_at: Since when it signs.
        expired_at: Since when it signs no more.
        withdraw_at: When it leaves JWKS: the last token it may have signed has expired then.
    """

    kid: str
    algorithm: SigningAlgorithm
    status: KeyStatus
    jwk: Mapping[str, str]
    wrapped: str
    published_at: int
    activated_at: int | None = None
    expired_at: int | None = None
    withdraw_at: int | None = None


@dataclass(frozen=True)
class RevokedKey:
    """A signing key that was withdrawn at once, because it leaked. Of the key itself nothing is left."""

    kid: str
    revoked_at: int


#: Seconds that a pushed request waits for its browser, unless a server says otherwise.
PUSHED_LIFETIME: Final = 3_600
#: What proofs of possession may be signed with (RFC 9449 §4.2).
DPOP_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA", "Ed25519")
#: Seconds that a nonce is good at most: a new one every day.
DPOP_NONCE_LIFETIME: Final = 259_200


@dataclass(frozen=True)
class AuthorizationServer:
    """A custom authorization server with everything below it.

    Attributes:
        version: Raised by every change of the server or of anything below it.
        policies: In ascending priority: the first has 1.
        associated: Ids of the servers whose tokens this one trusts (docs/protocol.md §25.7).
        max_lifetime: Seconds that the longest-lived token signed by the active key may live.
        rotate_at: When the schedule has something to do; ``None`` when it has not.
        revoked: Keys that were revoked last, the latest at the end: a repeated revocation is known by them.
        security_profile: Asked of all of its clients.
        dpop_required: Whether every token is bound to a key of its client (RFC 9449).
        dpop_nonce_seconds: How long a nonce is good at most; 0: none is asked for.
        dpop_algorithms: What proofs may be signed with.
        pushed_lifetime: Seconds that a pushed request waits for its browser (RFC 9126 §2.2).
        large_access_tokens: Whether access tokens may be too large for a header of a request (docs/protocol.md §10.6).
        access_token_profile: What access tokens look like (docs/protocol.md §10.1).
        resource_indicators: Whether clients say which of the resources their tokens are for (docs/protocol.md §8.5).
        narrow_exchange: Whether a service that acts for others gets no scope that the token which it sends in has not.
        userinfo_acr_values: Of which classes a sign-in must be for userinfo to answer (RFC 9470); none: of any.
        userinfo_max_age: Seconds that it may be old for that; ``None``: any age will do.
        registration: Which clients it takes that no administrator registered (docs/protocol.md §7.5).
        status_list: Whether tokens name a place in a list of revoked ones (docs/protocol.md §14.4).
        metadata_clients: What administrators say of single ones of these.
        trusted_issuers: Issuers outside whose words count here (docs/protocol.md §45).
    """

    id: str
    name: str
    audience: str
    created_at: int
    updated_at: int
    description: str | None = None
    issuer_mode: IssuerMode = "ORG_URL"
    status: Status = "ACTIVE"
    is_default: bool = False
    algorithm: SigningAlgorithm = "RS256"
    rotation_mode: RotationMode = "AUTO"
    rotate_at: int | None = None
    associated: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
    claims: tuple[Claim, ...] = ()
    policies: tuple[Policy, ...] = ()
    keys: tuple[SigningKey, ...] = ()
    revoked: tuple[RevokedKey, ...] = ()
    resources: tuple[Resource, ...] = ()
    security_profile: SecurityProfile = "NONE"
    dpop_required: bool = False
    dpop_nonce_seconds: int = DPOP_NONCE_LIFETIME
    dpop_algorithms: tuple[str, ...] = DPOP_ALGORITHMS
    pushed_lifetime: int = PUSHED_LIFETIME
    large_access_tokens: bool = False
    access_token_profile: AccessTokenProfile = "OKTA"
    resource_indicators: bool = False
    narrow_exchange: bool = False
    workload_grant: bool = False
    status_list: bool = False
    userinfo_acr_values: tuple[str, ...] = ()
    userinfo_max_age: int | None = None
    registration: ClientRegistration = CLOSED
    metadata_clients: tuple[MetadataClient, ...] = ()
    trusted_issuers: tuple[TrustedIssuer, ...] = ()
    version: int = field(default=0)

    @property
    def is_org(self) -> bool:
        """Whether this is the org authorization server (docs/protocol.md §1.4)."""
        return self.id == ORG_SERVER

    @property
    def tells_methods(self) -> bool:
        """Whether ``amr`` of access tokens is how somebody signed in: our own API asks, and RFC 9068 §2.2.1 has it.

        Elsewhere a claim of the server's own may be called so, and say whatever it is made to say.
        """
        return self.is_org or self.access_token_profile == "RFC9068"

    @property
    def path_id(self) -> str:
        """What stands in URLs and in the issuer: ``default`` for the default server (docs/protocol.md §1.2)."""
        return "default" if self.is_default else self.id

    @property
    def default_resource(self) -> Resource | None:
        """What tokens are for where nobody says it; ``None``: the server's audience."""
        if not self.resource_indicators:
            return None
        return next((resource for resource in self.resources if resource.default and resource.status == "ACTIVE"), None)

    @property
    def active_key(self) -> SigningKey:
        """The key that signs. There is always exactly one."""
        return next(key for key in self.keys if key.status == "ACTIVE")


def server_named(path_id: str | None) -> str:
    """The id of the server that a URL means: the org server where it names none, nobody's where it names that one's."""
    if path_id is None:
        return ORG_SERVER
    return "" if path_id == ORG_SERVER else path_id


def endpoints_of(server: AuthorizationServer, base_url: str) -> str:
    """Where the server's endpoints are: the prefix of ``/v1/…``."""
    return f"{base_url}/oauth2" if server.is_org else f"{base_url}/oauth2/{server.path_id}"


def issuer_of(server: AuthorizationServer, base_url: str) -> str:
    """The issuer URI of the server (RFC 8414 §2)."""
    return base_url if server.is_org else endpoints_of(server, base_url)


class Servers(Protocol):
    """All authorization servers of a deployment."""

    def get(self, server_id: str) -> AuthorizationServer:
        """The server with everything below it; ``default`` names the default server.

        Raises:
            NotFound: No such server, or it was deleted.
        """

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[AuthorizationServer]:
        """Custom servers in ascending id, from the first id greater than ``after``; never the org server.

        They may come without their scopes, claims and policies and without the private halves of their keys.
        """

    def add(self, server: AuthorizationServer, events: Sequence[Event]) -> None:
        """Store a new server and its events, all or nothing.

        Raises:
            AlreadyExists: The id is or was in use, or there is a default server already.
        """

    def save(self, before: AuthorizationServer, after: AuthorizationServer, events: Sequence[Event]) -> None:
        """Store a change and its events, all or nothing, and raise the version.

        Raises:
            Conflict: The server is not at ``before.version`` any more.
            NotFound: It was deleted.
        """

    def delete(self, server: AuthorizationServer, events: Sequence[Event]) -> None:
        """Delete the server, everything below it and its id for ever.

        From here on it is not found any more, at once; what lay below it may leave storage later (``sweep``).

        Raises:
            Conflict: The server is not at ``server.version`` any more.
        """

    def due(self, *, at: int) -> Sequence[str]:
        """Ids of the servers whose ``rotate_at`` has come, and of deleted ones to sweep. May lag behind writes."""

    def sweep(self, server_id: str) -> bool:
        """Remove a part of what is left below a deleted server. True when nothing is left."""
