"""Policies of people in memory."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from authmint.storage.errors import Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.outbox import Mail
from authmint.storage.sign_on_history import SignOnHistory
from authmint.storage.sign_on_policies import (
    OF_APPS,
    PolicyList,
    PolicyOrder,
    PolicyType,
    SignOnPolicy,
    ordered,
)
from authmint.storage.zones import Zone, ZoneList


class MemorySignOnPolicies:
    """``SignOnPolicies``."""

    def __init__(self, lock: threading.RLock, record: Callable[[Sequence[Event]], None]) -> None:
        self._lock = lock
        self._record = record
        self._policies: dict[tuple[PolicyType, str], SignOnPolicy] = {}
        self._orders: dict[PolicyType, PolicyOrder] = {}

    def of_type(self, policy_type: PolicyType) -> PolicyList:
        found = [self._policies[key] for key in sorted(self._policies) if key[0] == policy_type]
        if policy_type in OF_APPS:
            return PolicyList(tuple(found))
        order = self._orders.get(policy_type, PolicyOrder())
        return PolicyList(ordered(found, order), order)

    def get(self, policy_type: PolicyType, policy_id: str) -> SignOnPolicy:
        try:
            return self._policies[policy_type, policy_id]
        except KeyError:
            raise NotFound(policy_id) from None

    def watch(self) -> None:
        with self._lock:
            order = self._orders.get("OKTA_SIGN_ON", PolicyOrder())
            if not order.watched:
                self._orders["OKTA_SIGN_ON"] = replace(order, watched=True, version=order.version + 1)

    def save(
        self,
        before: SignOnPolicy | None,
        after: SignOnPolicy | None,
        events: Sequence[Event],
        *,
        order: PolicyOrder | None = None,
    ) -> None:
        about = before if after is None else after
        assert about is not None
        key, version = (about.type, about.id), 0 if before is None else before.version
        with self._lock:
            known = self._policies.get(key)
            if (0 if known is None else known.version) != version:
                raise Conflict(about.id)
            if order is not None:
                if self._orders.get(about.type, PolicyOrder()).version != order.version:
                    raise Conflict(about.type)
                self._orders[about.type] = replace(order, version=order.version + 1)
            if after is None:
                self._policies.pop(key, None)
            else:
                self._policies[key] = replace(after, priority=1, version=version + 1)
            self._record(events)


class MemoryZones:
    """``Zones``."""

    def __init__(self, lock: threading.RLock, record: Callable[[Sequence[Event]], None]) -> None:
        self._lock = lock
        self._record = record
        self._listed = ZoneList()

    def all(self) -> ZoneList:
        return self._listed

    def save(self, before: Zone | None, after: Zone | None, events: Sequence[Event], *, seen: ZoneList) -> None:
        about = before if after is None else after
        assert about is not None
        with self._lock:
            if self._listed.version != seen.version:
                raise Conflict(about.id)
            zones = [zone for zone in self._listed.zones if zone.id != about.id]
            if after is not None:
                zones.append(replace(after, version=(0 if before is None else before.version) + 1))
            self._listed = ZoneList(tuple(sorted(zones, key=lambda zone: zone.id)), seen.version + 1)
            self._record(events)


class MemorySignOnHistories:
    """``SignOnHistories``."""

    def __init__(
        self,
        lock: threading.RLock,
        record: Callable[[Sequence[Event]], None],
        send: Callable[[Sequence[Mail]], None],
    ) -> None:
        self._lock = lock
        self._record = record
        self._send = send
        self._histories: dict[str, SignOnHistory] = {}

    def get(self, user_id: str) -> SignOnHistory:
        return self._histories.get(user_id, SignOnHistory(user_id))

    def save(
        self, before: SignOnHistory, after: SignOnHistory, events: Sequence[Event] = (), mails: Sequence[Mail] = ()
    ) -> None:
        with self._lock:
            if self.get(before.user_id).version != before.version:
                raise Conflict(before.user_id)
            self._histories[before.user_id] = replace(after, version=before.version + 1)
            self._record(events)
            self._send(mails)
