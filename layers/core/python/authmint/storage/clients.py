"""OAuth clients: ``/oauth2/v1/clients/{id}`` and ``/api/v1/apps/{id}`` are two views of this one record."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..jose.encoding import b64encode
from .app_connections import AppConnection
from .events import Event
from .servers import Claim, SecurityProfile, Status
from .workload_bindings import WorkloadBinding

if TYPE_CHECKING:  # most functions never change who administers
    from .roles import BookChange

AuthMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
    "tls_client_auth",
    "self_signed_tls_client_auth",
]
ApplicationType = Literal["web", "native", "browser", "service"]
WildcardRedirect = Literal["DISABLED", "SUBDOMAIN"]
#: Groups of one client: every token request reads them along with the client.
MOST_GROUPS = 1_000


@dataclass(frozen=True)
class ClientSecret:
    """A client secret (docs/protocol.md §26.5).

    Attributes:
        digest: SHA-256 of the secret, base64url without padding.
        wrapped: The secret, wrapped by KMS under client id and secret id, base64.
    """

    id: str
    digest: str
    wrapped: str
    created_at: int
    updated_at: int
    status: Status = "ACTIVE"


@dataclass(frozen=True)
class CertificateName:
    """What a client's certificate is known by (RFC 8705 §2.1.2). ``kind``: the member behind ``tls_client_auth_``."""

    kind: Literal["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"]
    value: str


@dataclass(frozen=True)
class ClientKey:
    """A public key of a client.

    Attributes:
        jwk: Public members only, in the one spelling that verification takes.
        spelling: Members of ``jwk`` as the administrator wrote them, where that differs: what answers show.
    """

    id: str
    jwk: Mapping[str, Any]
    created_at: int
    updated_at: int
    status: Status = "ACTIVE"
    spelling: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScopeGrant:
    """An ``okta.*`` scope that an administrator lets a client ask of the org server (docs/protocol.md §24.2)."""

    id: str
    scope: str
    created_at: int
    created_by: str


@dataclass(frozen=True)
class MappedAttribute:
    """What one attribute of a profile is made of (docs/protocol.md §38).

    Attributes:
        pushed: Whether it follows its source, else it is made once.
        type: JSON type of the attribute.
        items: The same of what an array holds.
    """

    expression: str
    pushed: bool = False
    type: str = "string"
    items: str = "string"


@dataclass(frozen=True)
class Client:
    """An OAuth client: what it may do, where its answers go, and how it proves itself.

    Attributes:
        logout_uri: Where it is told that a session has ended which its ID tokens name (OpenID Connect Back-Channel
            Logout §2.2); ``None``: nowhere.
        logout_needs_session: It asks for the session's id there. It always gets it.
        wildcard_redirect: Whether a redirect URI may have a wildcard in its host (docs/protocol.md §4.10).
        security_profile: Asked of it at every server.
        dpop_bound: Whether all of its tokens are bound to a key of its own (RFC 9449 §5.2).
        assertion_algorithm: What it signs assertions by; ``None``: any that its keys or its secret can.
        pushes_only: Whether it may send authorization requests in no other way (RFC 9126 §6).
        signs_only: Whether it may send no authorization request that it did not sign (RFC 9101 §10.5).
        request_algorithm: What it signs requests by; ``None``: any that its keys or its secret can.
        backchannel_algorithm: What it signs authentication requests without a browser by, which it always signs then;
            ``None``: it does not.
        response_algorithm: What answers to it are signed by, where they are (JARM); ``None``: whatever the server uses.
        userinfo_algorithm: What userinfo is signed by for it; ``None``: it is not.
        introspection_algorithm: The same of introspection (RFC 9701 §5); ``None``: it is where it is asked for so.
        shares_seconds: For how long requests for the very same token of its own get the same one; 0: each gets another.
        secrets: At most two, oldest first.
        workload_bindings: Tokens of a platform by which it authenticates; with any, by nothing else.
        certificate_name: Of its certificate, with ``tls_client_auth``.
        certificate_bound: Whether its tokens are bound to its certificate (RFC 8705 §3).
        blocked_serials: Of certificates that it has no more: hexadecimal, in lower case.
        app_connections: Servers that the org server tells who signed in to it.
        rotates_refresh_tokens: ROTATE, else STATIC.
        refresh_leeway: Seconds for which a rotated refresh token may be used again.
        token_generation: Raised by every deactivation: what was made for the client before one is dead for good.
        groups: Ids of the groups assigned, at most ``MOST_GROUPS``. A deleted group may stay until it is swept.
        implicit_assignment: Everybody is assigned.
        access_policy: Id of the policy that says how people sign on to it; ``None``, or of one that is gone: the
            default.
        enrollment_policy: Id of the policy that says whether strangers may make an account; as ``access_policy``.
        reserves_label: Whether no other client that reserves its label may have the same. Those of administrators do;
            registered ones need no name of their own (RFC 7591 §2).
        scopes: Those that it can have at most; ``None``: what the server lets such clients have.
        since: Since when the client is who it is: codes and consents from before are about somebody else.
        groups_claim: In ID tokens of the org server, where the scope ``groups`` was granted.
        user_mapping: What profiles of its users are made of; ``None``: the standard claims of users.
        settings: What the management API keeps and the protocol does not read: logos, notes, visibility.
        profile: Free JSON for claims, ``app.profile`` there.
        version: Raised by every change.
    """

    id: str
    label: str
    created_at: int
    updated_at: int
    status: Status = "ACTIVE"
    application_type: ApplicationType = "web"
    grant_types: tuple[str, ...] = ("authorization_code",)
    response_types: tuple[str, ...] = ("code",)
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    logout_uri: str | None = None
    logout_needs_session: bool = False
    wildcard_redirect: WildcardRedirect = "DISABLED"
    auth_method: AuthMethod = "client_secret_basic"
    pkce_required: bool = False
    security_profile: SecurityProfile = "NONE"
    dpop_bound: bool = False
    assertion_algorithm: str | None = None
    pushes_only: bool = False
    signs_only: bool = False
    request_algorithm: str | None = None
    backchannel_algorithm: str | None = None
    response_algorithm: str | None = None
    shares_seconds: int = 0
    userinfo_algorithm: str | None = None
    introspection_algorithm: str | None = None
    consent_method: Literal["TRUSTED", "REQUIRED"] = "TRUSTED"
    issuer_mode: Literal["ORG_URL", "CUSTOM_URL", "DYNAMIC"] = "ORG_URL"
    secrets: tuple[ClientSecret, ...] = ()
    keys: tuple[ClientKey, ...] = ()
    jwks_uri: str | None = None
    workload_bindings: tuple[WorkloadBinding, ...] = ()
    certificate_name: CertificateName | None = None
    certificate_bound: bool = False
    blocked_serials: tuple[str, ...] = ()
    app_connections: tuple[AppConnection, ...] = ()
    rotates_refresh_tokens: bool = False
    refresh_leeway: int = 30
    scope_grants: tuple[ScopeGrant, ...] = ()
    token_generation: int = 0
    groups: tuple[str, ...] = ()
    implicit_assignment: bool = False
    access_policy: str | None = None
    enrollment_policy: str | None = None
    reserves_label: bool = True
    scopes: tuple[str, ...] | None = None
    since: int = 0
    groups_claim: Claim | None = None
    user_mapping: Mapping[str, MappedAttribute] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0


class Clients(Protocol):
    """All clients of a deployment."""

    def get(self, client_id: str) -> Client:
        """The client of an id. Raises NotFound."""

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[Client]:
        """Clients in ascending id, from the first id greater than ``after``."""

    def many(self, client_ids: Sequence[str]) -> Sequence[Client]:
        """Those that exist, in ascending id."""

    def add(self, client: Client, events: Sequence[Event]) -> None:
        """Store a new client and its events, all or nothing.

        Raises:
            AlreadyExists: ``id``, or the ``label`` that it reserves, is taken.
        """

    def save(self, before: Client, after: Client, events: Sequence[Event]) -> None:
        """Store a change and its events, all or nothing, and raise the version.

        Raises:
            AlreadyExists: The ``label`` that it reserves now is taken.
            Conflict: The client is not at ``before.version`` any more.
        """

    def delete(self, client: Client, events: Sequence[Event], *, book: "BookChange | None" = None) -> None:
        """Remove the client. Its assignments may leave storage later; only then can its id be used again.

        Raises:
            Conflict: The client is not at ``client.version`` any more, or roles have changed.
        """


def secret_digest(secret: str) -> str:
    """How a generated secret of 256 bits or more is remembered: SHA-256, base64url."""
    return b64encode(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest())
