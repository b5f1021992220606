"""Group rules in memory: for unit tests."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from authmint.storage.errors import Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.group_rules import Membership, RuleList, RuleRun
from authmint.storage.users import User

from .directory import MemoryUsers, Record


class MemoryGroupRules:
    """``GroupRules``."""

    def __init__(self, users: MemoryUsers, lock: threading.RLock, record: Record) -> None:
        self._state = users
        self._lock = lock
        self._record = record
        self._rules = RuleList()
        self._run = RuleRun()

    def all(self) -> RuleList:
        return self._rules

    def save(self, before: RuleList, after: RuleList, events: Sequence[Event], *, rerun: bool) -> None:
        with self._lock:
            if self._rules.version != before.version:
                raise Conflict("rules")
            version = before.version + 1
            self._rules = replace(after, version=version)
            self._run = RuleRun(version) if rerun else replace(self._run, version=version)
            self._record(events)

    def run(self) -> RuleRun:
        return self._run

    def advance(self, before: RuleRun, after: RuleRun) -> None:
        with self._lock:
            if self._run != before:
                raise Conflict("run")
            self._run = after

    def memberships(self, user_id: str) -> Sequence[Membership]:
        state = self._state
        pairs = sorted(pair for pair in state.memberships if pair[1] == user_id)
        return [state.made_by_rules.get(pair) or Membership(pair[0]) for pair in pairs]

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
        assert known is not None
        state, pair = self._state, (known.group_id, user.id)
        with self._lock:
            there = user.id in state.users and state.users[user.id].version == user.version
            held = (state.made_by_rules.get(pair) or Membership(pair[0])) if pair in state.memberships else None
            if not there or rules.version != self._rules.version or held != before:
                raise Conflict(user.id)
            if known.group_id not in state.groups:
                raise NotFound(known.group_id)
            state.made_by_rules.pop(pair, None)
            if after is None:
                state.memberships.discard(pair)
            else:
                state.memberships.add(pair)
                if after.rules:
                    state.made_by_rules[pair] = after
            if before is None or after is None:
                state.groups[known.group_id] = replace(state.groups[known.group_id], members_at=at)
            self._record(events)
