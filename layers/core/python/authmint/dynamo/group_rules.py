"""``GroupRules`` in DynamoDB.

``GROUPRULES``/``#`` is the list, ``GROUPRULES``/``RUN`` how far the run over all users is. ``GROUPRULESAT#shard``/``#``
holds the version of the list: in as many items as spread the changes of memberships that come at once, because two
transactions that check one item at the same time are in conflict. What a rule made stands in the body of the membership
itself (``memberships``), which has none where somebody else made it.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition

from ..storage.errors import Conflict, NotFound
from ..storage.events import Event
from ..storage.group_rules import Membership, RuleList, RuleRun
from ..storage.users import User
from .connection import error_code, translated
from .group_items import moved
from .group_items import partition as group_partition
from .items import HEAD, ConfigItem
from .memberships import alive, id_of, linked
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables
from .users import MAX_ID
from .users import partition as user_partition

_RULES: Final = "GROUPRULES"
_RUN: Final = "RUN"
_SHARDS: Final = 16
#: Of one user.
_MOST: Final = 10_000


class DynamoGroupRules:
    """``GroupRules``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def all(self) -> RuleList:
        item = self._get(HEAD)
        return RuleList() if item is None else decode(item.body or "", RuleList)

    def save(self, before: RuleList, after: RuleList, events: Sequence[Event], *, rerun: bool) -> None:
        version = before.version + 1
        after = replace(after, version=version)
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        run = RuleRun(version) if rerun else replace(self.run(), version=version)
        try:
            with self._tables.transaction(events) as write:
                write.save(self._item(_RULES, HEAD, body=encode(after), version=version), condition=unchanged)
                write.save(self._item(_RULES, _RUN, body=encode(run)))
                for shard in range(_SHARDS):
                    write.save(self._item(f"{_RULES}AT#{shard}", HEAD, version=version))
        except ConditionFailed:
            raise Conflict(_RULES) from None

    def run(self) -> RuleRun:
        item = self._get(_RUN)
        return RuleRun() if item is None else decode(item.body or "", RuleRun)

    def advance(self, before: RuleRun, after: RuleRun) -> None:
        with translated():
            try:
                self._item(_RULES, _RUN, body=encode(after)).save(self._item.body == encode(before))
            except PutError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                raise Conflict(_RUN) from None

    def memberships(self, user_id: str) -> Sequence[Membership]:
        if not well_formed(user_id, MAX_ID):
            return []
        found = linked(self._item, user_partition(user_id), "GROUP#", limit=_MOST)
        return [membership_of(item) for item in found]

    def put(
        self,
        user: User,
        before: Membership | None,
        after: Membership | None,
        events: Sequence[Event],
        *,
        rules: RuleList,
        at: int,
    ) -> None:
        known = before or after
        if known is None:
            raise ValueError("neither before nor after")
        item, own, group = self._item, user_partition(user.id), group_partition(known.group_id)
        there: Condition = alive(item) & (item.version == user.version)
        shard = zlib.crc32(user.id.encode()) % _SHARDS
        unchanged = item.pk.does_not_exist() if before is None else item.pk.exists() & _as(item, before)
        try:
            with self._tables.transaction(events) as write:
                write.condition_check(item, own, HEAD, condition=there)
                write.condition_check(item, f"{_RULES}AT#{shard}", HEAD, condition=item.version == rules.version)
                if after is None:
                    write.delete(item(own, group), condition=unchanged)
                    write.delete(item(group, own))
                else:
                    body = body_of(after)
                    write.save(item(own, group, body=body), condition=unchanged)
                    write.save(item(group, own, body=body))
                if before is None or after is None:
                    moved(write, item, known.group_id, at)
        except ConditionFailed as error:
            if any(error.failed[:3]):
                raise Conflict(user.id) from None
            raise NotFound(known.group_id) from None

    def _get(self, sort_key: str) -> ConfigItem | None:
        with translated():
            try:
                return self._item.get(_RULES, sort_key, consistent_read=True)
            except self._item.DoesNotExist:
                return None


def membership_of(item: ConfigItem) -> Membership:
    """What an item below a user says of a membership."""
    group_id = id_of(item.sk)
    return Membership(group_id) if item.body is None else replace(decode(item.body, Membership), group_id=group_id)


def body_of(membership: Membership) -> str | None:
    """What the items of a membership hold: nothing, where no rule made it."""
    return encode(membership) if membership.rules else None


def _as(item: type[ConfigItem], before: Membership) -> Condition:
    body = body_of(before)
    same: Condition = item.body.does_not_exist() if body is None else item.body == body
    return same
