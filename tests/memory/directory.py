"""Users, groups, assignments and the schema in memory: for unit tests."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from authmint.directory.uniqueness import holds_others
from authmint.storage.assignments import AppGroup, AppUser
from authmint.storage.authenticators import AuthenticatorList
from authmint.storage.behaviors import BehaviorList, ThreatConfiguration
from authmint.storage.clients import Clients
from authmint.storage.directory import Person
from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.factors import Factor
from authmint.storage.group_rules import Membership
from authmint.storage.groups import EVERYONE_GROUP, Group
from authmint.storage.identity_providers import IdpLink
from authmint.storage.liveness import ends_sign_ins
from authmint.storage.org_settings import OrgSettings
from authmint.storage.outbox import Mail
from authmint.storage.roles import BookChange, RoleBook
from authmint.storage.schemas import ProfileSchema
from authmint.storage.trusted_origins import OriginList
from authmint.storage.user_types import UserTypeList
from authmint.storage.users import User, login_key
from authmint.storage.ways_in import Way

if TYPE_CHECKING:
    from .factors import MemoryFactors
    from .identity_providers import MemoryIdpLinks

Record = Callable[[Sequence[Event]], None]
Send = Callable[[Sequence[Mail]], None]


class MemoryUsers:
    """``Users``."""

    def __init__(self, lock: threading.RLock, record: Record, send: Send) -> None:
        self._lock = lock
        self._record = record
        self._send = send
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.memberships: set[tuple[str, str]] = set()
        self.made_by_rules: dict[tuple[str, str], Membership] = {}
        self.app_users: dict[tuple[str, str], AppUser] = {}
        self.app_groups: dict[tuple[str, str], AppGroup] = {}
        self.types = MemoryUserTypes(self, lock, record)
        self.expected: dict[str | None, int] = {}
        self.forget: Callable[[str], object] = lambda _: None
        self.ended: Callable[[User], object] = lambda _: None
        self.links: MemoryIdpLinks | None = None
        self.factors: MemoryFactors | None = None
        self.roles = MemorySingleton(RoleBook(), lock, record)

    def get(self, user_id: str) -> User:
        try:
            return self.users[user_id]
        except KeyError:
            raise NotFound(user_id) from None

    def by_login(self, login: str) -> User:
        return _only(u for u in self.users.values() if login_key(u.login) == login_key(login))

    def by_short_login(self, name: str) -> User:
        try:
            return self.by_login(name)
        except NotFound:
            start = f"{login_key(name)}@"
            return _only(u for u in self.users.values() if login_key(u.login).rpartition("@")[0] + "@" == start)

    def by_email(self, email: str) -> Sequence[User]:
        return [user for user in self.list(limit=1_000_000) if login_key(user.email) == login_key(email)]

    def holder(self, unique_id: str, digest: str) -> User:
        for user in self.list(limit=1_000_000):
            if (unique_id, digest) in user.unique:
                return user
        raise NotFound("unique value")

    def by_external_id(self, external_id: str) -> Sequence[User]:
        return [user for user in self.list(limit=1_000_000) if user.external_id == external_id]

    def many(self, user_ids: Sequence[str]) -> Sequence[User]:
        return [self.users[user_id] for user_id in sorted(set(user_ids)) if user_id in self.users]

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[User]:
        return [self.users[i] for i in ids_after(self.users, after, limit)]

    def sign_ins(self, users: Sequence[User]) -> Sequence[User]:
        return [self.users.get(user.id, user) for user in users]

    def add(
        self,
        user: User,
        events: Sequence[Event],
        *,
        group_ids: Sequence[str] = (),
        types_version: int = 0,
        mails: Sequence[Mail] = (),
        link: IdpLink | None = None,
    ) -> None:
        with self._lock:
            if user.type_id is not None and self.types.get().version != types_version:
                raise Conflict("types")
            if user.id in self.users:
                raise AlreadyExists("id")
            self._check_unique(user)
            self._check_login(user)
            if not self.groups.keys() >= set(group_ids):
                raise Conflict(user.id)
            if link is not None and self.links is not None:
                try:
                    self.links.check(link)
                except (AlreadyExists, NotFound):
                    raise Conflict(link.idp_id) from None
                self.links.put(link)
            self.users[user.id] = replace(user, version=1)
            for group_id in group_ids:
                self.memberships.add((group_id, user.id))
                self.groups[group_id] = replace(self.groups[group_id], members_at=user.created_at)
            self._record(events)
            self._send(mails)

    def save(
        self,
        before: User,
        after: User,
        events: Sequence[Event],
        *,
        types_version: int = 0,
        mails: Sequence[Mail] = (),
        book: BookChange | None = None,
        beside: Way | None = None,
    ) -> None:
        with self._lock:
            known = self._check(before)
            if beside is not None and not self.has(beside):
                raise Conflict(before.id)
            if after.type_id not in {None, before.type_id} and self.types.get().version != types_version:
                raise Conflict("types")
            if holds_others(known, after):
                self._check_unique(after)
            self._check_login(after)
            self.keep(book)
            counted = before if before.failed_attempts == after.failed_attempts else after
            self.users[before.id] = replace(
                after,
                version=before.version + 1,
                last_login_at=known.last_login_at,
                failed_attempts=known.failed_attempts if counted is before else after.failed_attempts,
                failed_codes=known.failed_codes if before.failed_codes == after.failed_codes else after.failed_codes,
                code_tried_at=known.code_tried_at,
            )
            if ends_sign_ins(before, after):
                self.ended(self.users[before.id])
            self._record(events)
            self._send(mails)

    def has(self, way: Way) -> bool:
        """Whether it is there: of a user, as it was read."""
        if isinstance(way, User):
            known = self.users.get(way.id)
            return known is not None and known.version == way.version
        if isinstance(way, Factor):
            return self.factors is not None and (way.user_id, way.id) in self.factors.factors
        return self.links is not None and any(link.idp_id == way.idp_id for link in self.links.of_user(way.user_id))

    def keep(self, book: BookChange | None) -> None:
        """Store what changes of roles with something else. Raises Conflict."""
        if book is not None and book.looked_at:
            if self.roles.get().version != book.before.version:
                raise Conflict("ROLES")
        elif book is not None:
            self.roles.save(book.before, book.after, [])

    def delete(self, user: User, events: Sequence[Event], *, book: BookChange | None = None) -> None:
        with self._lock:
            self._check(user)
            self.keep(book)
            del self.users[user.id]
            self.forget(user.id)
            self.ended(user)
            if self.links is not None:
                self.links.forget(user_id=user.id)
            self.memberships = {pair for pair in self.memberships if pair[1] != user.id}
            self.app_users = {pair: one for pair, one in self.app_users.items() if pair[1] != user.id}
            self._record(events)

    def expect(self, type_id: str | None, unique_version: int) -> None:
        with self._lock:
            self.expected[type_id] = max(unique_version, self.expected.get(type_id, 0))

    def _check_unique(self, user: User) -> None:
        if user.unique_version < self.expected.get(user.type_id, 0):
            raise Conflict(user.id)

    def release(self, unique_id: str) -> None:
        """Nothing to do: users hold their values themselves."""

    def count_failure(
        self, user: User, locked: User, events: Sequence[Event], *, most: int, mails: Sequence[Mail] = ()
    ) -> int:
        with self._lock:
            known = self._check(user) if user.id in self.users else None
            if known is None or known.failed_attempts >= most:
                raise Conflict(user.id)
            count = known.failed_attempts + 1
            if count < most:
                self.users[user.id] = replace(known, failed_attempts=count)
            else:
                self.users[user.id] = replace(locked, version=known.version + 1, failed_attempts=count)
                self._record(events)
                self._send(mails)
            return count

    def signed_in(self, user: User, *, at: int, most: int) -> None:
        with self._lock:
            known = self.users.get(user.id)
            if known is None or known.failed_attempts >= most:
                raise Conflict(user.id)
            self.users[user.id] = replace(known, failed_attempts=0, last_login_at=at)

    def _check(self, seen: User) -> User:
        known = self.users.get(seen.id)
        if known is None or known.version != seen.version:
            raise Conflict(seen.id)
        return known

    def _check_login(self, user: User) -> None:
        key = login_key(user.login)
        if any(login_key(u.login) == key and u.id != user.id for u in self.users.values()):
            raise AlreadyExists("login")
        for held in user.unique:
            if any(held in other.unique and other.id != user.id for other in self.users.values()):
                raise AlreadyExists(held[0])


class MemoryGroups:
    """``Groups``."""

    def __init__(self, users: MemoryUsers, clients: Clients, lock: threading.RLock, record: Record) -> None:
        self._state = users
        self._clients = clients
        self._lock = lock
        self._record = record

    def get(self, group_id: str) -> Group:
        try:
            return self._state.groups[group_id]
        except KeyError:
            raise NotFound(group_id) from None

    def many(self, group_ids: Sequence[str]) -> Sequence[Group]:
        return [self._state.groups[i] for i in sorted(set(group_ids)) if i in self._state.groups]

    def by_name(self, name: str) -> Group:
        for group in self._state.groups.values():
            if login_key(group.name) == login_key(name):
                return group
        raise NotFound(name)

    def by_external_id(self, external_id: str) -> Sequence[Group]:
        return [group for group in self.list(limit=1_000_000) if group.external_id == external_id]

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[Group]:
        return [self._state.groups[i] for i in ids_after(self._state.groups, after, limit)]

    def add(self, group: Group, events: Sequence[Event]) -> None:
        with self._lock:
            if group.id in self._state.groups:
                raise AlreadyExists("id")
            self._check_name(group)
            self._state.groups[group.id] = replace(group, version=1)
            self._record(events)

    def save(self, before: Group, after: Group, events: Sequence[Event]) -> None:
        with self._lock:
            known = self._check(before)
            self._check_name(after)
            self._state.groups[before.id] = replace(after, version=before.version + 1, members_at=known.members_at)
            self._record(events)

    def delete(self, group: Group, events: Sequence[Event], *, book: BookChange | None = None) -> None:
        with self._lock:
            self._check(group)
            self._state.keep(book)
            del self._state.groups[group.id]
            self._state.memberships = {pair for pair in self._state.memberships if pair[0] != group.id}
            for client_id, group_id in [pair for pair in self._state.app_groups if pair[1] == group.id]:
                del self._state.app_groups[client_id, group_id]
                client = self._clients.get(client_id)
                left = tuple(other for other in client.groups if other != group.id)
                self._clients.save(client, replace(client, groups=left), [])
            self._record(events)

    def join(self, group_id: str, user_id: str, events: Sequence[Event], *, at: int) -> bool:
        with self._lock:
            group = self.get(group_id)
            self._state.get(user_id)
            if (group_id, user_id) in self._state.memberships:
                made = self._state.made_by_rules.get((group_id, user_id))
                if made is None or made.manual:
                    return False
                self._state.made_by_rules[group_id, user_id] = replace(made, manual=True)
                self._record(events)
                return True
            self._state.memberships.add((group_id, user_id))
            self._state.groups[group_id] = replace(group, members_at=at)
            self._record(events)
            return True

    def leave(
        self, group_id: str, user_id: str, events: Sequence[Event], *, at: int, book: BookChange | None = None
    ) -> bool:
        with self._lock:
            group = self.get(group_id)
            if (group_id, user_id) not in self._state.memberships:
                return False
            self._state.keep(book)
            self._state.memberships.discard((group_id, user_id))
            self._state.made_by_rules.pop((group_id, user_id), None)
            self._state.groups[group_id] = replace(group, members_at=at)
            self._record(events)
            return True

    def members(self, group_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[str]:
        return ids_after([user for group, user in self._state.memberships if group == group_id], after, limit)

    def _check(self, seen: Group) -> Group:
        known = self._state.groups.get(seen.id)
        if known is None or known.version != seen.version:
            raise Conflict(seen.id)
        return known

    def _check_name(self, group: Group) -> None:
        key = login_key(group.name)
        if any(login_key(g.name) == key and g.id != group.id for g in self._state.groups.values()):
            raise AlreadyExists("name")


class MemoryDirectory:
    """``Directory``."""

    def __init__(self, users: MemoryUsers) -> None:
        self._state = users

    def person(self, user_id: str) -> Person:
        user = self._state.get(user_id)
        ids = sorted(group for group, member in self._state.memberships if member == user_id)
        groups = (EVERYONE_GROUP, *(self._state.groups[group_id] for group_id in ids))
        assigned = {client: one for (client, user_id_), one in self._state.app_users.items() if user_id_ == user_id}
        return Person(user, groups, assigned)

    def by_login(self, login: str) -> Person:
        return self.person(self._state.by_login(login).id)


_S = TypeVar(
    "_S",
    ProfileSchema,
    OriginList,
    UserTypeList,
    OrgSettings,
    AuthenticatorList,
    BehaviorList,
    ThreatConfiguration,
    RoleBook,
)


class MemorySingleton(Generic[_S]):
    """``ProfileSchemas``, ``TrustedOrigins``."""

    def __init__(self, first: _S, lock: threading.RLock, record: Record) -> None:
        self._lock = lock
        self._record = record
        self._kept: _S = first

    def get(self) -> _S:
        return self._kept

    def save(self, before: _S, after: _S, events: Sequence[Event]) -> None:
        with self._lock:
            if self._kept.version != before.version:
                raise Conflict(type(before).__name__)
            self._kept = replace(after, version=before.version + 1)
            self._record(events)


class MemoryUserTypes(MemorySingleton[UserTypeList]):
    """``UserTypes``."""

    def __init__(self, users: MemoryUsers, lock: threading.RLock, record: Record) -> None:
        super().__init__(UserTypeList(), lock, record)
        self._users = users

    def in_use(self, type_id: str) -> bool:
        return any(user.type_id == type_id for user in self._users.users.values())


def _only(found: Iterable[User]) -> User:
    users = list(found)
    if len(users) != 1:
        raise NotFound("user")
    return users[0]


def ids_after(ids: Iterable[str], after: str | None, limit: int) -> list[str]:
    return sorted(i for i in ids if after is None or i > after)[:limit]
