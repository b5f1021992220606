"""``Factors`` and ``RecoveryCodesRecord`` in DynamoDB, all in the partition of their user.

``USER#id``/``FACTOR#id`` is a factor. ``CREDENTIAL#digest``/``#`` holds the id of a key over the whole deployment, and
``USER#id``/``CREDENTIAL#digest`` leads to it, so that it goes when the user goes. ``USER#id``/``RECOVERYCODES`` are the
recovery codes.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event
from ..storage.factors import Factor
from ..storage.outbox import Mail
from ..storage.recovery_codes import RecoveryCodes
from ..storage.ways_in import Way
from .connection import translated
from .items import HEAD, ConfigItem
from .memberships import HOLDS, OWN, alive
from .outbox import put
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables
from .users import MAX_ID, partition
from .ways_in import check_there

_RECOVERY_CODES: Final = "RECOVERYCODES"


class DynamoFactors:
    """``Factors``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def of(self, user_id: str) -> Sequence[Factor]:
        if not well_formed(user_id, MAX_ID):
            return []
        with translated():
            found = self._item.query(partition(user_id), self._item.sk.startswith(OWN), consistent_read=True)
            factors = [_factor(item) for item in found]
        return sorted(factors, key=lambda factor: (factor.created_at, factor.id))

    def get(self, user_id: str, factor_id: str) -> Factor:
        if not (well_formed(user_id, MAX_ID) and well_formed(factor_id, MAX_ID)):
            raise NotFound(factor_id)
        with translated():
            try:
                item = self._item.get(partition(user_id), OWN + factor_id, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(factor_id) from None
        return _factor(item)

    def by_credential(self, credential_id: str) -> Factor:
        with translated():
            try:
                held = self._item.get(_credential(credential_id), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound("credential") from None
        user_id, _, factor_id = (held.owner or "").partition(" ")
        factor = self.get(user_id, factor_id)
        if factor.credential is None or factor.credential.id != credential_id:
            raise NotFound("credential")
        return factor

    def add(self, factor: Factor, events: Sequence[Event], mails: Sequence[Mail] = ()) -> None:
        factor = replace(factor, version=1)
        absent = self._item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                write.condition_check(self._item, partition(factor.user_id), HEAD, condition=alive(self._item))
                write.save(_item(self._item, factor), condition=absent)
                self._hold(write, factor)
                put(write, self._tables, mails)
        except ConditionFailed as error:
            if error.failed[0]:
                raise Conflict(factor.user_id) from None
            raise AlreadyExists("id" if error.failed[1] else "credential") from None

    def save(self, before: Factor, after: Factor, events: Sequence[Event], mails: Sequence[Mail] = ()) -> None:
        after = replace(after, version=before.version + 1)
        gains = before.credential is None and after.credential is not None
        # Not the whole item: what ``use_step`` and ``used`` write meanwhile stays.
        actions: list[Action] = [self._item.body.set(encode(_bare(after))), self._item.version.set(after.version)]
        unchanged = self._at(before)
        if after.last_step != before.last_step:
            actions.append(self._item.last_step.set(after.last_step))
            unchanged &= self._item.last_step < after.last_step
        if gains and after.credential is not None:
            actions.append(self._item.sign_count.set(after.credential.sign_count))
            actions.append(self._item.backed_up.set(int(after.credential.backed_up)))
        try:
            with self._tables.transaction(events) as write:
                if gains:
                    self._hold(write, after)
                write.update(_place(self._item, after), actions=actions, condition=unchanged)
                put(write, self._tables, mails)
        except ConditionFailed as error:
            if error.failed[-1]:  # updates come last
                raise Conflict(before.id) from None
            raise AlreadyExists("credential") from None

    def remove(
        self, factor: Factor, events: Sequence[Event], mails: Sequence[Mail] = (), *, beside: Sequence[Way] = ()
    ) -> None:
        try:
            with self._tables.transaction(events) as write:
                self._take(write, factor)
                for way in beside:
                    check_there(write, self._item, way)
                put(write, self._tables, mails)
        except ConditionFailed:
            raise Conflict(factor.id) from None

    def remove_all(self, user_id: str, events: Sequence[Event], mails: Sequence[Mail] = ()) -> int:
        factors = self.of(user_id)
        try:
            with self._tables.transaction(events) as write:
                for factor in factors:
                    self._take(write, factor)
                write.delete(self._item(partition(user_id), _RECOVERY_CODES))
                put(write, self._tables, mails)
        except ConditionFailed:
            raise Conflict(user_id) from None
        return len(factors)

    def use_step(self, factor: Factor, step: int, *, at: int) -> None:
        last = self._item.last_step
        self._use(factor, [last.set(step), self._item.last_used_at.set(at)], last < step)

    def used(self, factor: Factor, *, sign_count: int, backed_up: bool, at: int) -> None:
        count = self._item.sign_count
        actions = [count.set(sign_count), self._item.backed_up.set(int(backed_up)), self._item.last_used_at.set(at)]
        # A key without a counter says 0 for ever (WebAuthn §6.1.1); one that has counted does not go back.
        self._use(factor, actions, count < sign_count if sign_count else count == 0)

    def _use(self, factor: Factor, actions: Sequence[Action], condition: Condition) -> None:
        """A transaction of one: a repeated call knows by its token that it has been here."""
        place = _place(self._item, factor)

        def attempt() -> None:
            with self._tables.transaction() as write:
                write.update(place, actions=list(actions), condition=self._item.pk.exists() & condition)

        try:
            self._tables.retrying(attempt)
        except ConditionFailed:
            raise Conflict(factor.id) from None

    def _at(self, factor: Factor) -> Condition:
        unchanged: Condition = self._item.version == factor.version  # pynamodb types it as bool
        return unchanged

    def _hold(self, write: TransactWrite, factor: Factor) -> None:
        if factor.credential is not None:
            held = _credential(factor.credential.id)
            owner = f"{factor.user_id} {factor.id}"
            write.save(self._item(held, HEAD, owner=owner), condition=self._item.pk.does_not_exist())
            write.save(self._item(partition(factor.user_id), held))

    def _take(self, write: TransactWrite, factor: Factor) -> None:
        write.delete(_place(self._item, factor), condition=self._at(factor))
        if factor.credential is not None:
            held = _credential(factor.credential.id)
            write.delete(self._item(held, HEAD))
            write.delete(self._item(partition(factor.user_id), held))


class DynamoRecoveryCodes:
    """``RecoveryCodesRecord``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def of(self, user_id: str) -> RecoveryCodes:
        if not well_formed(user_id, MAX_ID):
            return RecoveryCodes(user_id)
        with translated():
            try:
                item = self._item.get(partition(user_id), _RECOVERY_CODES, consistent_read=True)
            except self._item.DoesNotExist:
                return RecoveryCodes(user_id)
        return decode(item.body or "", RecoveryCodes)

    def save(
        self, before: RecoveryCodes, after: RecoveryCodes, events: Sequence[Event], mails: Sequence[Mail] = ()
    ) -> None:
        after = replace(after, version=before.version + 1)
        own = partition(after.user_id)
        try:
            with self._tables.transaction(events) as write:
                write.condition_check(self._item, own, HEAD, condition=alive(self._item))
                item = self._item(own, _RECOVERY_CODES, body=encode(after), version=after.version)
                write.save(item, condition=self._at(before))
                put(write, self._tables, mails)
        except ConditionFailed:
            raise Conflict(after.user_id) from None

    def remove(self, seen: RecoveryCodes, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                write.delete(self._item(partition(seen.user_id), _RECOVERY_CODES), condition=self._at(seen))
        except ConditionFailed:
            raise Conflict(seen.user_id) from None

    def _at(self, seen: RecoveryCodes) -> Condition:
        there: Condition = self._item.version == seen.version if seen.version else self._item.pk.does_not_exist()
        return there


def _credential(credential_id: str) -> str:
    digest = hashlib.sha256(credential_id.encode("utf-8", "surrogatepass")).digest()
    return HOLDS + urlsafe_b64encode(digest).rstrip(b"=").decode()


def _place(item: type[ConfigItem], factor: Factor) -> ConfigItem:
    return item(partition(factor.user_id), OWN + factor.id)


def _bare(factor: Factor) -> Factor:
    """Without what has attributes of its own."""
    return replace(factor, last_step=-1, last_used_at=None)


def _item(item: type[ConfigItem], factor: Factor) -> ConfigItem:
    key = factor.credential
    return item(
        partition(factor.user_id),
        OWN + factor.id,
        body=encode(_bare(factor)),
        version=factor.version,
        last_step=factor.last_step,
        last_used_at=factor.last_used_at,
        sign_count=0 if key is None else key.sign_count,
        backed_up=int(key is not None and key.backed_up),
    )


def _factor(item: ConfigItem) -> Factor:
    factor = decode(item.body or "", Factor)
    key = factor.credential
    if key is not None:
        key = replace(key, sign_count=int(item.sign_count or 0), backed_up=bool(item.backed_up))
    used = None if item.last_used_at is None else int(item.last_used_at)
    step = -1 if item.last_step is None else int(item.last_step)
    return replace(factor, last_step=step, last_used_at=used, credential=key)
