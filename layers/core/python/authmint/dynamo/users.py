"""``Users`` in DynamoDB.

``USER#id``/``#`` is the record, ``USER#id``/``SIGNIN`` counts sign-ins, ``LOGIN#local``/``login`` holds the unique
login, ``UNIQUE#id``/``digest`` a unique value of an attribute, ``EMAIL#address``/``id`` finds by address,
``USERS#shard``/``id`` is the list (``sharded``). Links are of ``links``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..clock import Clock
from ..directory.uniqueness import holds_others
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event
from ..storage.liveness import ends_sign_ins
from ..storage.outbox import Mail
from ..storage.users import MOST_GROUPS_AT_ONCE, Password, User, login_key
from .connection import error_code, translated
from .external_ids import found_by, renamed
from .group_items import moved
from .group_items import partition as group_partition
from .items import HEAD, ConfigItem
from .memberships import alive, at_once, sweep, tombstone
from .memberships import link as join
from .records import decode, encode
from .servers import well_formed
from .sharded import merged, shard_of
from .tables import ConditionFailed, Tables
from .type_marks import check_types, mark, unmark
from .unique_versions import check_unique, raise_unique

if TYPE_CHECKING:  # most functions never change who administers, or make users of whom others know
    from ..storage.identity_providers import IdpLink
    from ..storage.roles import BookChange
    from ..storage.ways_in import Way

USERS: Final = "USERS"
SIGN_INS: Final = "SIGNIN"
MAX_ID: Final = 64
#: Bytes; DynamoDB's own limit of a sort key is 1,024.
MAX_KEY: Final = 1_000
_LOST_RACE: Final = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})


def partition(user_id: str) -> str:
    """The partition of one user."""
    return f"USER#{user_id}"


def unique_partition(unique_id: str) -> str:
    """The partition of the values of one unique attribute."""
    return f"UNIQUE#{unique_id}"


class DynamoUsers:
    """``Users``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._item = tables.config
        self._clock = clock

    def get(self, user_id: str) -> User:
        if not well_formed(user_id, MAX_ID):
            raise NotFound(user_id)
        found = self.many([user_id])
        if not found:
            raise NotFound(user_id)
        return found[0]

    def by_login(self, login: str) -> User:
        return self.get(self.owner_of(login))

    def owner_of(self, login: str) -> str:
        """Id of the user with this login. Raises NotFound."""
        key = _login(login)
        if key is None:
            raise NotFound("login")
        with translated():
            try:
                item = self._item.get(*key, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound("login") from None
            return item.owner or ""

    def by_short_login(self, name: str) -> User:
        key = _login(f"{name}@")
        if key is None:
            raise NotFound("login")
        with translated():
            found = list(self._item.query(key[0], consistent_read=True, limit=2))
        # The login that has no domain sorts first.
        if not found or (len(found) > 1 and found[0].sk != _key(name)):
            raise NotFound("login")
        return self.get(found[0].owner or "")

    def by_email(self, email: str) -> Sequence[User]:
        key = _key(email)
        if key is None:
            return []
        with translated():
            ids = [item.sk for item in self._item.query(f"EMAIL#{key}", consistent_read=True)]
        return self.many(ids)

    def holder(self, unique_id: str, digest: str) -> User:
        with translated():
            try:
                item = self._item.get(unique_partition(unique_id), digest, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound("unique value") from None
        return self.get(item.owner or "")

    def by_external_id(self, external_id: str) -> Sequence[User]:
        found = self.many(found_by(self._item, "user", external_id))
        return [user for user in found if user.external_id == external_id]

    def many(self, user_ids: Sequence[str]) -> Sequence[User]:
        ids = sorted({user_id for user_id in user_ids if well_formed(user_id, MAX_ID)})
        keys = [(partition(user_id), sort_key) for user_id in ids for sort_key in (HEAD, SIGN_INS)]
        items = self._batch(keys)
        found: list[User] = []
        for user_id in ids:
            head = items.get((partition(user_id), HEAD))
            if head is not None and head.deleted_at is None:
                found.append(user_of(head, items.get((partition(user_id), SIGN_INS))))
        return found

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[User]:
        condition = None if after is None else self._item.sk > after
        with translated():
            found = merged(self._item, USERS, condition, expected=limit, counts=version_listed)
            return [user_of(item, None) for item in islice(found, limit)]

    def sign_ins(self, users: Sequence[User]) -> Sequence[User]:
        counts = self._batch([(partition(user.id), SIGN_INS) for user in users])
        return [_counted(user, counts.get((partition(user.id), SIGN_INS))) for user in users]

    def _batch(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ConfigItem]:
        if not keys:
            return {}
        with translated():
            items: Iterable[ConfigItem] = self._item.batch_get(keys, consistent_read=True)
            return {(item.pk, item.sk): item for item in items}

    def add(
        self,
        user: User,
        events: Sequence[Event],
        *,
        group_ids: Sequence[str] = (),
        types_version: int = 0,
        mails: Sequence[Mail] = (),
        link: "IdpLink | None" = None,
    ) -> None:
        if len(group_ids) > MOST_GROUPS_AT_ONCE:
            raise ValueError("too many groups for one transaction")
        user = replace(user, version=1)
        absent, holds = self._item.pk.does_not_exist(), _holds(user)
        own = partition(user.id)
        checks = int(user.type_id is not None) + 1 + int(link is not None)
        try:
            with self._tables.transaction(events) as write:
                check_types(write, self._item, user, types_version)
                check_unique(write, self._item, user)
                write.save(self._head(user), condition=absent)
                for key in holds:
                    write.save(self._item(*key, owner=user.id), condition=absent)
                write.save(self._item(own, SIGN_INS, failed_attempts=0))
                self._list(write, user)
                write.save(self._address(user))
                renamed(write, self._item, "user", user.id, None, user.external_id)
                mark(write, self._item, user)
                for group_id in group_ids:
                    join(write, self._item, own, group_partition(group_id), body=None)
                    moved(write, self._item, group_id, user.created_at)
                if link is not None:
                    from .identity_providers import put_link

                    put_link(write, self._item, link)
                self._send(write, mails)
        except ConditionFailed as error:
            if link is not None and error.failed[checks - 1]:
                raise Conflict(link.idp_id) from None
            refused = error.failed[checks:]
            if refused[0]:
                raise AlreadyExists("id") from None
            raise _refusal(user, holds.values(), refused[1:]) from None

    def save(
        self,
        before: User,
        after: User,
        events: Sequence[Event],
        *,
        types_version: int = 0,
        mails: Sequence[Mail] = (),
        book: "BookChange | None" = None,
        beside: "Way | None" = None,
    ) -> None:
        after = replace(after, version=before.version + 1)
        old, new = _holds(before), _holds(after)
        freed = [key for key in old if key not in new]
        taken = {key: name for key, name in new.items() if key not in old}
        moves = before.type_id != after.type_id
        old_email, new_email = login_key(before.email), login_key(after.email)
        described = holds_others(before, after)
        checks = int(moves and after.type_id is not None) + int(described) + int(book is not None and book.looked_at)
        checks += int(beside is not None)
        deletes = len(freed) + int(old_email != new_email) + int(moves and before.type_id is not None)
        try:
            with self._tables.transaction(events) as write:
                for key in freed:
                    write.delete(self._item(*key))
                if described:
                    check_unique(write, self._item, after)
                if beside is not None:
                    from .ways_in import check_there  # few changes are about ways in

                    check_there(write, self._item, beside)
                write.save(self._head(after), condition=self._at(before))
                for key in taken:
                    write.save(self._item(*key, owner=after.id), condition=self._item.pk.does_not_exist())
                self._list(write, after)
                if moves:
                    check_types(write, self._item, after, types_version)
                    unmark(write, self._item, before)
                    mark(write, self._item, after)
                deletes += renamed(write, self._item, "user", after.id, before.external_id, after.external_id)
                if old_email != new_email:
                    write.delete(self._address(before))
                    write.save(self._address(after))
                self._count(write, before, after)
                if ends_sign_ins(before, after):
                    self._end_sign_ins(write, after)
                self._send(write, mails)
                self._keep(write, book)
        except ConditionFailed as error:
            if any(error.failed[:checks]) or error.failed[checks + deletes]:
                raise Conflict(before.id) from None
            raise _refusal(before, taken.values(), error.failed[checks + deletes + 1 :]) from None

    def delete(self, user: User, events: Sequence[Event], *, book: "BookChange | None" = None) -> None:
        own = partition(user.id)
        try:
            with self._tables.transaction(events) as write:
                for key in _holds(user):
                    write.delete(self._item(*key))
                write.delete(self._address(user))
                renamed(write, self._item, "user", user.id, user.external_id, None)
                for listing in (shard_of(USERS, user.id), USERS):
                    write.delete(self._item(listing, user.id))
                unmark(write, self._item, user)
                write.save(tombstone(self._item, own, user.version, self._clock.now()), condition=self._at(user))
                self._end_sign_ins(write, user)
                self._keep(write, book)
        except ConditionFailed:
            raise Conflict(user.id) from None
        at_once(lambda: sweep(self._tables, own))

    def expect(self, type_id: str | None, unique_version: int) -> None:
        raise_unique(self._item, type_id, unique_version)

    def release(self, unique_id: str) -> None:
        left = unique_partition(unique_id)
        with translated():
            tombstone(self._item, left, 0, self._clock.now()).save()
        at_once(lambda: sweep(self._tables, left))

    def count_failure(
        self, user: User, locked: User, events: Sequence[Event], *, most: int, mails: Sequence[Mail] = ()
    ) -> int:
        counts = self._item(partition(user.id), SIGN_INS)
        attempts = self._item.failed_attempts
        with translated():
            try:
                counts.update([attempts.add(1)], condition=attempts < most - 1)
            except UpdateError as error:
                if error_code(error) not in _LOST_RACE:
                    raise
            else:
                return int(counts.failed_attempts or 0)
        # Not fewer than most - 1 before: this one locks, unless another came first.
        after = replace(locked, version=user.version + 1)
        try:
            with self._tables.transaction(events) as write:
                write.save(self._head(after), condition=self._at(user))
                self._list(write, after)
                last: Condition = attempts == most - 1  # pynamodb types it as bool
                write.update(counts, actions=[attempts.set(most)], condition=last)
                self._send(write, mails)
        except ConditionFailed:
            raise Conflict(user.id) from None
        return most

    def signed_in(self, user: User, *, at: int, most: int) -> None:
        counts = self._item(partition(user.id), SIGN_INS)
        with translated():
            try:
                counts.update(
                    [self._item.failed_attempts.set(0), self._item.last_login_at.set(at)],
                    condition=self._item.failed_attempts < most,
                )
            except UpdateError as error:
                if error_code(error) not in _LOST_RACE:
                    raise
                raise Conflict(user.id) from None

    def _at(self, user: User) -> Condition:
        unchanged: Condition = self._item.version == user.version  # pynamodb types it as bool
        held: Condition = unchanged & alive(self._item)
        return held

    def _head(self, user: User) -> ConfigItem:
        body = encode(_uncounted(user))
        return self._item(partition(user.id), HEAD, body=body, version=user.version)

    def _list(self, write: TransactWrite, user: User) -> None:
        """What lists and searches read: nothing that could be attacked."""
        password = None if user.password is None else _shown(user.password)
        recovery = None if user.recovery is None else replace(user.recovery, answer="")
        shown = replace(_uncounted(user), password=password, recovery=recovery, ticket=None)
        write.save(self._item(shard_of(USERS, user.id), user.id, body=encode(shown)))

    def _send(self, write: TransactWrite, mails: Sequence[Mail]) -> None:
        if mails:
            from .outbox import put  # most changes of users send nothing

            put(write, self._tables, mails)

    def _end_sign_ins(self, write: TransactWrite, user: User) -> None:
        from .logout_notices import put_ended  # most changes end none

        put_ended(write, self._tables, user, at=self._clock.now())

    def _keep(self, write: TransactWrite, book: "BookChange | None") -> None:
        if book is not None:
            from .roles import put_roles  # few users administer

            put_roles(write, self._item, book)

    def _count(self, write: TransactWrite, before: User, after: User) -> None:
        """What is counted apart from the record, where the change starts it anew."""
        actions: list[Action] = []
        if after.failed_attempts != before.failed_attempts:
            actions.append(self._item.failed_attempts.set(after.failed_attempts))
        if after.failed_codes != before.failed_codes:
            actions.append(self._item.failed_codes.set(after.failed_codes))
        if actions:
            write.update(self._item(partition(after.id), SIGN_INS), actions=actions)

    def _address(self, user: User) -> ConfigItem:
        return self._item(f"EMAIL#{login_key(user.email)}", user.id)


def user_of(head: ConfigItem, counts: ConfigItem | None) -> User:
    """The user of a head, or of an item of the list, and its sign-ins."""
    return _counted(decode(head.body or "", User), counts)


def version_listed(listed: ConfigItem) -> int:
    """Of which version of a user an item of the list is."""
    return user_of(listed, None).version


def _shown(password: Password) -> Password:
    """That there is one, and whether another directory hashed it."""
    return replace(password, hash="{" if password.imported else "", history=())


def _counted(user: User, counts: ConfigItem | None) -> User:
    if counts is None:
        return user
    last = None if counts.last_login_at is None else int(counts.last_login_at)
    tried = None if counts.code_tried_at is None else int(counts.code_tried_at)
    return replace(
        user,
        failed_attempts=int(counts.failed_attempts or 0),
        last_login_at=last,
        failed_codes=int(counts.failed_codes or 0),
        code_tried_at=tried,
    )


def _uncounted(user: User) -> User:
    """Without what is counted apart from the record."""
    return replace(user, failed_attempts=0, last_login_at=None, failed_codes=0, code_tried_at=None)


def _key(text: str) -> str | None:
    """``login_key`` where it can be part of a key at all; what cannot is not there."""
    try:
        key = login_key(text)
        return key if 0 < len(key.encode()) <= MAX_KEY else None
    except UnicodeEncodeError:
        return None


def _holds(user: User) -> dict[tuple[str, str], str]:
    """Keys that no other user can have, each with the name of what is taken then."""
    login = _login(user.login)
    if login is None:
        raise ValueError("a login that cannot be a key")
    return {login: "login"} | {(unique_partition(unique_id), digest): unique_id for unique_id, digest in user.unique}


def _refusal(user: User, fields: Iterable[str], refused: Sequence[bool]) -> Exception:
    """What it means that conditions failed: those of ``fields`` in their order, then others."""
    name = next((name for name, taken in zip(fields, refused, strict=False) if taken), None)
    return Conflict(user.id) if name is None else AlreadyExists(name)


def _login(login: str) -> tuple[str, str] | None:
    key = _key(login)
    if key is None:
        return None
    local, at, _ = key.rpartition("@")
    return (f"LOGIN#{local if at else key}", key)
