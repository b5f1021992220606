"""What the resources about people share: records, how a user is found, and how a change is repeated."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from ...directory.passwords import PasswordHashes
from ...ids import Ids
from ...mail.letters import Letters
from ...outage import Outage
from ...policy.sign_on.password import PasswordDecision
from ...rate_limit import RateLimit
from ...recovery.helpdesk import Decide
from ...sign_on.policies import AppliedPolicies
from ...sign_on.watch import Watch
from ...storage.app_schemas import AppSchemas
from ...storage.assignments import Assignments
from ...storage.directory import Directory, Person
from ...storage.errors import AlreadyExists, Conflict, NotFound
from ...storage.events import Event
from ...storage.factors import Factors
from ...storage.group_rules import GroupRules
from ...storage.groups import EVERYONE_GROUP, EVERYONE_ID, Group, Groups
from ...storage.identity_providers import IdentityProviders
from ...storage.mappings import UserMappings
from ...storage.org_settings import OrgSettingsRecord
from ...storage.outbox import Mail
from ...storage.profile import STANDARD_ATTRIBUTES
from ...storage.recovery_tickets import RecoveryTickets
from ...storage.roles import Roles
from ...storage.schemas import ProfileSchema, ProfileSchemas
from ...storage.servers import EVERYONE, People
from ...storage.trusted_origins import TrustedOrigins
from ...storage.user_types import UserTypes
from ...storage.users import User, Users
from ..administrators.super_admins import SuperAdmins
from ..http.call import Call
from ..http.errors import ApiError, invalid_field, not_found
from ..http.parties import group_party, user_party
from .rule_runs import apply_rules

__all__ = ["TAKEN", "PeopleRecords", "group_party", "user_party"]
TAKEN: Final = "An object with this field already exists in the current organization"


@dataclass(frozen=True)
class PeopleRecords:
    """Storage of the directory, what makes passwords and mail, and the policies that people are under."""

    users: Users
    groups: Groups
    group_rules: GroupRules
    assignments: Assignments
    schemas: ProfileSchemas
    group_schemas: ProfileSchemas
    user_types: UserTypes
    org_settings: OrgSettingsRecord
    app_schemas: AppSchemas
    user_mappings: UserMappings
    trusted_origins: TrustedOrigins
    directory: Directory
    hashes: PasswordHashes
    ids: Ids
    letters: Letters
    tickets: RecoveryTickets
    decide: Decide
    answers: RateLimit
    applied: AppliedPolicies
    watch: Watch
    factors: Factors
    roles: Roles
    identity_providers: IdentityProviders

    @property
    def super_admins(self) -> SuperAdmins:
        """Who may not be taken away altogether."""
        return SuperAdmins(self.roles, self.users, self.groups, self.directory)

    def user(self, call: Call) -> User:
        """The user of the URL: ``me``, by id, by login, by short login: the first that there is.

        Ids come before logins, so that nobody can be given a login by which another one is changed.

        Raises:
            ApiError: E0000007: there is none.
        """
        name = call.params["userId"]
        own = call.caller.user_id
        if own is not None and name in {"me", own}:
            return self._administrator(call, own)
        try:
            if "@" in name:
                return self.users.by_login(name)
            try:
                return self.users.get(name)
            except NotFound:
                return self.users.by_short_login(name)
        except NotFound:
            raise not_found(name, "User") from None

    def _administrator(self, call: Call, user_id: str) -> User:
        """The user whose API token calls, stored when first asked for: tokens are made before there are people."""

        def attempt() -> User:
            try:
                return self.users.get(user_id)
            except NotFound:
                login = f"{user_id}@authmint.invalid"
                profile = {"firstName": "Authmint", "lastName": "Administrator", "login": login, "email": login}
                at = call.caller.created_at
                version = self.schemas.get().unique_version
                user = User(user_id, at, at, "ACTIVE", profile, activated_at=at, status_changed_at=at)
                user = replace(user, unique_version=version)
                self.users.add(user, [call.recorder.event("user.lifecycle.create", user_party(user))])
                return user

        return call.retrying(attempt, on=(Conflict, AlreadyExists))

    def decision(self, user: User, call: Call) -> PasswordDecision:
        """What holds for a user's password: of who is not stored yet, what holds for everybody."""
        try:
            groups = self.directory.person(user.id).groups
        except NotFound:
            groups = (EVERYONE_GROUP,)
        return self.decide(Person(user, groups), call.request, call.now)

    def person(self, call: Call) -> Person:
        """The user of the URL with groups and assignments. Raises ApiError (E0000007)."""
        try:
            return self.directory.person(self.user(call).id)
        except NotFound:
            raise not_found(call.params["userId"], "User") from None

    def group(self, call: Call, parameter: str = "groupId") -> Group:
        """The group of the URL. Raises ApiError (E0000007)."""
        group_id = call.params[parameter]
        if group_id == EVERYONE_ID:
            return EVERYONE_GROUP
        try:
            return self.groups.get(group_id)
        except NotFound:
            raise not_found(group_id, "UserGroup") from None

    def check_joining(self, call: Call, group_ids: Collection[str]) -> None:
        """Whoever joins a group is granted its roles. Raises BearerChallenge: the caller may not grant any now."""
        if call.caller.person is not None and group_ids:
            book = self.roles.get()
            if any(book.of("GROUP", group_id) for group_id in group_ids):
                call.check_two_factors()

    def schema_of(self, type_id: str | None) -> ProfileSchema:
        """The schema of users of a type; ``None`` is the default type."""
        known = None if type_id is None else self.user_types.get().get(type_id)
        return self.schemas.get() if known is None else known.schema

    def types_version(self, type_id: str | None) -> int:
        """Of the list in which the type is found; ``None`` is the default type. Raises ApiError (E0000007)."""
        if type_id is None:
            return 0
        listed = self.user_types.get()
        known = listed.get(type_id)
        if known is None or known.leaving:
            raise not_found(type_id, "UserType")
        return listed.version

    def attributes(self) -> Collection[str]:
        """Names of every attribute of a profile, custom ones too: what ``user.`` may be followed by."""
        custom = [one.schema.custom for one in self.user_types.get().types]
        return {*STANDARD_ATTRIBUTES, *self.schemas.get().custom, *(name for names in custom for name in names)}

    def change(
        self,
        call: Call,
        change: Callable[[User], tuple[User, Sequence[Event]]],
        mails: Callable[[User], Sequence[Mail]] = lambda _: (),
        *,
        repeatable: bool = False,
    ) -> User:
        """Apply a pure change to the user of the URL, and what group rules say of it.

        Args:
            call: Of the URL.
            change: To the user and its events.
            mails: What is sent to the user as it is afterwards.
            repeatable: The same again does no harm: it is asked for where group rules could not be asked. Else their
                daily run finds the user.

        Raises:
            ApiError: The user is not there, the change refuses, or its login is taken.
            Unavailable: Others keep coming first.
        """

        def attempt() -> User:
            before = self.user(call)
            after, events = change(before)
            if after != before or events:
                version = 0 if after.type_id == before.type_id else self.types_version(after.type_id)
                ends = before.status == "ACTIVE" and after.status in {"SUSPENDED", "DEPROVISIONED"}
                book = self.super_admins.ending(before.id) if ends else None
                self.users.save(before, after, events, types_version=version, mails=mails(after), book=book)
            return after

        try:
            changed = call.retrying(attempt)
        except AlreadyExists as error:
            raise self.taken(error) from None
        with suppress(*(() if repeatable else (Outage,))):
            apply_rules(self, changed.id, call)
        return changed

    def taken(self, error: AlreadyExists) -> ApiError:
        """What is answered where a second user would have a login, or a unique value."""
        schemas = (self.schemas.get(), *(one.schema for one in self.user_types.get().types))
        names = (name for schema in schemas for name, one in schema.unique.items() if one.id == error.field)
        return invalid_field(next(names, "login"), TAKEN)

    def any_valid(self, people: People) -> bool:
        """Whether the inclusions of a rule name at least one user or group that there is (docs/protocol.md §25.5)."""
        if {EVERYONE, EVERYONE_ID} & set(people.groups_include):
            return True
        return bool(self.groups.many(people.groups_include) or self.users.many(people.users_include))
