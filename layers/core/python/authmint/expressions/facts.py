"""What the claims of one token can know. Plain values, made by whoever mints from its own records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..storage.clients import MappedAttribute
from ..storage.servers import Claim


@dataclass(frozen=True)
class GroupFacts:
    """A group that the user is a member of.

    Attributes:
        type: ``OKTA_GROUP``, ``APP_GROUP`` or ``BUILT_IN``.
        source_id: Id of the application that the group comes from.
        source_type: Kind of that application, as in ``active_directory``.
    """

    id: str
    name: str
    description: str | None = None
    type: str = "OKTA_GROUP"
    source_id: str | None = None
    object_class: tuple[str, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    source_type: str | None = None


@dataclass(frozen=True)
class UserFacts:
    """The user of a token.

    Attributes:
        profile: Attributes by name, ``login`` included; a missing one is null.
        linked: Profiles of linked users by the name of the relation.
        email_verified: False until somebody proved or vouched for the address.
    """

    id: str
    status: str
    login: str
    profile: Mapping[str, Any]
    groups: tuple[GroupFacts, ...] = ()
    created_at: int = 0
    updated_at: int = 0
    linked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    email_verified: bool = False


@dataclass(frozen=True)
class AppUserFacts:
    """The user as assigned to the requesting application."""

    user_name: str
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AppFacts:
    """The requesting application. ``profile`` is free JSON.

    Attributes:
        groups_claim: Of its own, for ID tokens of the org server.
        user_mapping: What profiles of its users are made of; ``None``: the standard claims.
    """

    id: str
    client_id: str
    label: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    groups_claim: Claim | None = None
    user_mapping: Mapping[str, MappedAttribute] | None = None


@dataclass(frozen=True)
class OrgFacts:
    """The deployment, as expressions know it."""

    id: str
    name: str
    subdomain: str


#: One deployment is one org: its own id need not differ from those of other deployments.
THIS_ORG: Final = OrgFacts("00oAuthmintAuthmint0", "authmint", "authmint")


@dataclass(frozen=True)
class Facts:
    """Everything that the expressions of one token can know.

    Attributes:
        user: ``None`` for client credentials: ``user`` is null then.
        app_user: ``None`` where the user has no assignment of their own.
        scopes: Granted, in the order of the token.
        amr: How the user signed in (RFC 8176).
        now: Unix seconds.
        code_flow: Redeeming a code or refreshing from one: the limit of 100 groups is lifted (docs/protocol.md §11.4).
        source: The profile that a mapping makes a user's profile of (docs/protocol.md §38).
    """

    app: AppFacts
    scopes: tuple[str, ...]
    now: int
    user: UserFacts | None = None
    app_user: AppUserFacts | None = None
    org: OrgFacts = THIS_ORG
    amr: tuple[str, ...] = ()
    code_flow: bool = False
    source: Mapping[str, Any] | None = None

    @property
    def assigned(self) -> AppUserFacts | None:
        """The user as the application knows them: by login unless assigned otherwise.

        Never null with a user, or the default ``sub`` would name the client in a token of a person.
        """
        if self.user is None or self.app_user is not None:
            return self.app_user
        return AppUserFacts(self.user.login)
