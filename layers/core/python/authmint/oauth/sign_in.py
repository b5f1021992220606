"""A user's sign-in as tokens tell of it, and the user as claims and policies see them."""

from dataclasses import dataclass

from ..expressions.facts import AppUserFacts, GroupFacts, UserFacts
from ..policy.access.evaluate import Subject
from ..storage.clients import Client
from ..storage.directory import Person, is_assigned


@dataclass(frozen=True)
class SignIn:
    """Who signed in, when and how.

    Attributes:
        at: Unix seconds: ``auth_time``; ``None``: nobody knows, where others say who somebody is.
        amr: Methods (RFC 8176).
        nonce: Of the authorization request.
        acr: Where ``acr_values`` was asked for.
        idp: Id of the identity provider that said who it is; ``None``: we know them ourselves.
        session_id: Of the browser, where ID tokens name it: the client is told when it ends.
    """

    person: Person
    at: int | None
    amr: tuple[str, ...]
    nonce: str | None = None
    acr: str | None = None
    idp: str | None = None
    session_id: str | None = None

    def may_use(self, client: Client) -> bool:
        """Whether the user is assigned to the client."""
        return is_assigned(self.person, client)

    @property
    def subject(self) -> Subject:
        """The user as policies see them."""
        return Subject(self.person.user.id, self.person.group_ids)

    def user_facts(self) -> UserFacts:
        """The user as claims see them."""
        user = self.person.user
        groups = tuple(
            GroupFacts(
                group.id,
                group.name,
                group.description,
                group.type,
                object_class=("okta:user_group",),
                profile={"name": group.name, "description": group.description},
            )
            for group in self.person.groups
        )
        return UserFacts(
            id=user.id,
            status=user.status,
            login=user.login,
            profile=user.profile,
            groups=groups,
            created_at=user.created_at,
            updated_at=user.updated_at,
            email_verified=user.email_verified,
        )

    def app_user_facts(self, client: Client) -> AppUserFacts | None:
        """What the user is called in the client's application, where the user is assigned directly."""
        assigned = self.person.app_users.get(client.id)
        return None if assigned is None else AppUserFacts(assigned.user_name, assigned.profile)
