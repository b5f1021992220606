"""Identity providers: who else may say who somebody is, and whom they know (docs/protocol.md §37)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from ..jose.keys import SigningAlgorithm
from .events import Event
from .servers import Status
from .users import ProviderKind

if TYPE_CHECKING:
    from .ways_in import Way

IdpType = Literal["OIDC", "GOOGLE", "MICROSOFT"]
#: How this service proves who it is at the token endpoint.
UpstreamAuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
MatchType = Literal["USERNAME", "EMAIL", "USERNAME_OR_EMAIL", "CUSTOM_ATTRIBUTE"]
GroupAction = Literal["NONE", "ASSIGN", "APPEND", "SYNC"]
#: Of a person: how many providers may speak for them.
MOST_LINKS: Final = 10


@dataclass(frozen=True)
class UpstreamKey:
    """A key by which one provider knows this service (RFC 7523 §2.2).

    Attributes:
        jwk: Public members.
        wrapped: The private half; it opens for this provider and ``kid`` alone.
    """

    kid: str
    algorithm: SigningAlgorithm
    jwk: Mapping[str, str]
    wrapped: str = field(repr=False)
    created_at: int


@dataclass(frozen=True)
class Upstream:
    """Where a provider is reached, and as whom. It is pinned when the provider is saved.

    Attributes:
        issuer: What its ID tokens say as ``iss``; with ``{tenantid}`` for the tenant that ``tid`` names.
        user_info: ``None``: it is not asked.
        end_session: Where somebody signs out there; ``None``: nowhere.
        secret: Sealed; its plain text is in no record. Empty: there is none.
        keys: In the place of a secret, or to be in its place.
        signing_kid: Of the one that signs.
        names_issuer: Its answers have to say whose they are (RFC 9207), as its discovery document promised.
    """

    issuer: str
    authorization: str
    token: str
    jwks: str
    client_id: str
    secret: str = field(repr=False)
    user_info: str | None = None
    end_session: str | None = None
    auth_method: UpstreamAuthMethod = "client_secret_basic"
    scopes: tuple[str, ...] = ("openid",)
    names_issuer: bool = False
    keys: tuple[UpstreamKey, ...] = ()
    signing_kid: str | None = None

    @property
    def key(self) -> UpstreamKey | None:
        """The one that signs; ``None``: there is none."""
        return next((key for key in self.keys if key.kid == self.signing_kid), None)

    @property
    def fingerprint(self) -> str:
        """Who it is that answers there: where this is another one, who answers may be somebody else."""
        said = (self.issuer, self.authorization, self.token, self.jwks, self.user_info or "", self.client_id)
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


@dataclass(frozen=True)
class Linking:
    """Whom a provider may sign in, and what becomes of people it knows and this org does not.

    Attributes:
        provision: They are made users.
        profile_master: What it says of them is written at every sign-in.
        group_action: What groups they join: none, ``groups`` (ASSIGN), or those that a claim names (APPEND: these
            too; SYNC: these and no others of ``group_filter``).
        group_filter: The only groups that a claim can name.
        source_attribute: That claim.
        reactivate: Whom this org had deactivated comes back.
        unsuspend: The same of a suspended one.
        link: People who are there already are recognized.
        link_groups: Only members of one of these; empty: anybody.
        link_excluded: Ids of users who are never linked of themselves.
        template: Expression for the username.
        filter: What all of the username has to match.
        match_type: What of a user has to equal the username.
        match_attribute: Of CUSTOM_ATTRIBUTE: which one.
        trust_claims: ``amr`` and ``auth_time`` of its tokens are believed.
        clock_skew: Seconds by which its clock may be off; 0: as everybody's.
    """

    provision: bool = False
    profile_master: bool = False
    group_action: GroupAction = "NONE"
    groups: tuple[str, ...] = ()
    group_filter: tuple[str, ...] = ()
    source_attribute: str | None = None
    reactivate: bool = False
    unsuspend: bool = False
    link: bool = False
    link_groups: tuple[str, ...] = ()
    link_excluded: tuple[str, ...] = ()
    template: str = "idpuser.email"
    filter: str | None = None
    match_type: MatchType = "USERNAME"
    match_attribute: str | None = None
    trust_claims: bool = False
    clock_skew: int = 0


@dataclass(frozen=True)
class IdentityProvider:
    """An identity provider.

    Attributes:
        shown: What the management API shows as it was sent; of it only ``sign_out`` is read.
        version: Raised by every change.
    """

    id: str
    type: IdpType
    name: str
    created_at: int
    updated_at: int
    upstream: Upstream
    linking: Linking = field(default_factory=Linking)
    status: Status = "ACTIVE"
    shown: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0

    @property
    def kind(self) -> ProviderKind:
        """What sessions say of it."""
        return "FEDERATION" if self.type == "OIDC" else "SOCIAL"

    @property
    def sign_out(self) -> str | None:
        """Where who signs out here signs out there as well; ``None``: they stay signed in there."""
        settings = self.shown.get("settings") or {}
        return self.upstream.end_session if settings.get("participateSlo") is True else None


@dataclass(frozen=True)
class IdentityProviderList:
    """All of them, in ascending id. ``version`` is raised by every change of any."""

    providers: tuple[IdentityProvider, ...] = ()
    version: int = 0

    def get(self, idp_id: str) -> IdentityProvider | None:
        """The one of an id; ``None``: there is none."""
        return next((one for one in self.providers if one.id == idp_id), None)

    @property
    def active(self) -> Mapping[str, str]:
        """Names of those that are ACTIVE, by their ids."""
        return {one.id: one.name for one in self.providers if one.status == "ACTIVE"}


class IdentityProviders(Protocol):
    """The identity providers of a deployment."""

    def all(self) -> IdentityProviderList:
        """All of them. A consistent read; what did not change since is not read again."""

    def save(
        self,
        before: IdentityProvider | None,
        after: IdentityProvider | None,
        events: Sequence[Event],
        *,
        seen: IdentityProviderList,
    ) -> None:
        """Store a change of one and its events, all or nothing. Of one that is removed, nobody is linked any more.

        Args:
            before: As it was read; ``None``: it is new.
            after: As it shall be; ``None``: it is removed. Its version is raised.
            events: What is recorded with it.
            seen: The list in which it was found.

        Raises:
            Conflict: The list is not at ``seen.version`` any more.
        """


@dataclass(frozen=True)
class IdpLink:
    """That a provider knows a user.

    Attributes:
        external_id: What it calls them (``sub``).
        profile: What it said of them last, by the names of its schema.
        pinned: ``fingerprint`` of the provider as they were linked: administrators come by no other.
    """

    idp_id: str
    user_id: str
    external_id: str
    created_at: int
    updated_at: int
    profile: Mapping[str, Any] = field(default_factory=dict, repr=False)
    pinned: str = ""


class IdpLinks(Protocol):
    """Whom providers know."""

    def by_subject(self, idp_id: str, external_id: str) -> IdpLink:
        """Whom a provider calls so. A consistent read. Raises NotFound."""

    def get(self, idp_id: str, user_id: str) -> IdpLink:
        """What a provider calls a user. A consistent read. Raises NotFound."""

    def of_idp(self, idp_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[IdpLink]:
        """Whom a provider knows, in ascending id of the user."""

    def of_user(self, user_id: str) -> Sequence[IdpLink]:
        """Which providers know a user, in ascending id of the provider; those too that are gone since."""

    def add(self, link: IdpLink, events: Sequence[Event]) -> None:
        """Link a user, exactly once even under concurrent calls.

        Raises:
            AlreadyExists: The provider knows the user by some name, or somebody else by this one.
            NotFound: There is no such provider or user.
        """

    def update(self, link: IdpLink) -> None:
        """Keep what the provider says of a user now. Nothing happens where they are not linked any more."""

    def remove(self, link: IdpLink, events: Sequence[Event], *, beside: "Way | None" = None) -> None:
        """Unlink a user. ``beside``: another way in of theirs, which has to be there still.

        Raises:
            NotFound: They are not linked so, or the other way is not there.
        """
