"""One's own profile: what of it somebody sees and may change (docs/protocol.md §43.2)."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from ..audit.recorder import Recorder
from ..clock import Clock
from ..directory.profile import (
    first_permission,
    permission_of,
    profile_problems,
    standard_attributes,
    unknown_attributes,
)
from ..directory.uniqueness import held_values
from ..http import Request
from ..ids import Ids
from ..outage import Outage
from ..storage.errors import AlreadyExists
from ..storage.events import Party
from ..storage.identity_providers import IdentityProviders
from ..storage.retrying import Retrying
from ..storage.schemas import ProfileSchema, ProfileSchemas
from ..storage.user_types import UserTypes
from ..storage.users import User, Users
from .refusals import BadProfile, NotDone, NotWritable

Permission = Literal["READ_WRITE", "READ_ONLY", "HIDE"]
#: What somebody is known by and reached at: it is changed where it is proved, or by administrators.
PROVED: Final = frozenset({"login", "email", "secondEmail"})
TAKEN: Final = "An object with this field already exists in the current organization"


@dataclass(frozen=True)
class OwnAttribute:
    """An attribute as its user sees it.

    Attributes:
        definition: Its JSON schema.
        value: ``None``: there is none.
        writable: Its user may change it.
    """

    name: str
    definition: Mapping[str, Any]
    value: Any
    writable: bool

    @property
    def required(self) -> bool:
        """Whether it must have a value."""
        return bool(self.definition.get("required"))


@dataclass(frozen=True)
class OwnProfiles:
    """Profiles, for those whose they are.

    Attributes:
        fits: Whether a pattern, the first, matches all of a text.
        ruled: Puts somebody into the groups that rules say.
    """

    users: Users
    schemas: ProfileSchemas
    types: UserTypes
    providers: IdentityProviders
    fits: Callable[[str, str], bool]
    ruled: Callable[[User, Request], None]
    clock: Clock
    ids: Ids
    retrying: Retrying

    def attributes(self, user: User) -> Sequence[OwnAttribute]:
        """What the user may see, in the order of the schema. Raises Unavailable."""
        return own_attributes(user, self._schema_of(user), self._mastered(user))

    def permits(self, user: User, name: str) -> bool:
        """Whether an attribute that is changed where it is proved is the user's to change. Raises Unavailable."""
        schema = self._schema_of(user)
        definition = {**standard_attributes(schema), **schema.custom}.get(name, {})
        return permission_of(definition, first_permission(name)) == "READ_WRITE" and name not in self._mastered(user)

    def writable(self, user: User) -> frozenset[str]:
        """Names of attributes that are the user's to say by themselves. Raises Unavailable."""
        return frozenset(one.name for one in self.attributes(user) if one.writable)

    def change(self, user_id: str, values: Mapping[str, Any], request: Request, *, now: int) -> User:
        """The user with other values.

        Args:
            user_id: Whose.
            values: By attribute; ``None``: it has none from here on.
            request: For the log.
            now: Unix seconds.

        Raises:
            NotWritable: Some of it is not the user's to change, or there is no such attribute.
            BadProfile: That is no profile.
            NotFound: The user is gone.
            Unavailable: Storage could not answer.
        """

        def attempt() -> User:
            before = self.users.get(user_id)
            schema = self._schema_of(before)
            shown = own_attributes(before, schema, self._mastered(before))
            after = self._with(before, values, shown, schema)
            if after == before:
                return before
            party = Party(before.id, "User", alternate_id=before.login)
            debug = {"is_self_initiated": "true"}
            event = Recorder(self.clock, self.ids, party, request).event(
                "user.account.update_profile", party, debug=debug
            )
            after = replace(after, updated_at=now)
            self.users.save(before, after, [event])
            return replace(after, version=before.version + 1)

        try:
            changed = self.retrying(attempt)
        except AlreadyExists as taken:
            schema = self._schema_of(self.users.get(user_id))
            name = next((name for name, one in schema.unique.items() if one.id == taken.field), "")
            raise BadProfile([(name, TAKEN)]) from None
        with suppress(Outage):  # it is stored: the daily run finds whom rules could not be asked about
            self.ruled(changed, request)
        return changed

    def _with(
        self, before: User, values: Mapping[str, Any], shown: Sequence[OwnAttribute], schema: ProfileSchema
    ) -> User:
        known = {one.name: one for one in shown}
        if before.status != "ACTIVE":
            raise NotDone("not_allowed")
        closed = [
            name
            for name, value in values.items()
            if name not in known or (not known[name].writable and value != known[name].value)
        ]
        if closed:
            raise NotWritable(closed)
        gone = set(unknown_attributes(before.profile, schema))
        profile = {name: value for name, value in before.profile.items() if name not in gone} | dict(values)
        profile = {name: value for name, value in profile.items() if value is not None}
        # What is wrong elsewhere is not this user's to mend, and must not keep them from the rest.
        problems = [
            one for one in profile_problems(profile, schema, self.fits) if one[0] in {*values, *gone, "profile"}
        ]
        if problems:
            raise BadProfile(problems)
        if profile == dict(before.profile):
            return before
        unique = held_values(profile, schema)
        return replace(before, profile=profile, unique=unique, unique_version=schema.unique_version)

    def _schema_of(self, user: User) -> ProfileSchema:
        known = None if user.type_id is None else self.types.get().get(user.type_id)
        return self.schemas.get() if known is None else known.schema

    def _mastered(self, user: User) -> frozenset[str]:
        """What an identity provider says, and would write again."""
        if user.provider is None or not user.provider.mastered:
            return frozenset()
        provider = self.providers.all().get(user.provider.idp_id)
        if provider is None or not provider.linking.profile_master:
            return frozenset()
        return frozenset(user.provider.mastered)


def own_attributes(user: User, schema: ProfileSchema, mastered: frozenset[str]) -> list[OwnAttribute]:
    """What the user may see of a profile by a schema. ``mastered``: what a provider says alone."""
    found = []
    for name, definition in {**standard_attributes(schema), **schema.custom}.items():
        permission = permission_of(definition, "READ_ONLY" if name in schema.custom else first_permission(name))
        if permission != "HIDE":
            writable = permission == "READ_WRITE" and name not in PROVED and name not in mastered
            found.append(OwnAttribute(name, definition, user.profile.get(name), writable))
    return found
