"""Factors, challenges and recovery codes in memory: for unit tests."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.factor_challenges import FactorChallenge
from authmint.storage.factors import Factor
from authmint.storage.outbox import Mail
from authmint.storage.recovery_codes import RecoveryCodes
from authmint.storage.ways_in import Way

from .directory import MemoryUsers, Record, Send


class MemoryFactors:
    """``Factors``."""

    def __init__(self, users: MemoryUsers, lock: threading.RLock, record: Record, send: Send) -> None:
        self._users = users
        self._lock = lock
        self._record = record
        self._send = send
        self.factors: dict[tuple[str, str], Factor] = {}
        self.recovery = MemoryRecoveryCodes(users, lock, record, send)
        users.factors = self

    def of(self, user_id: str) -> Sequence[Factor]:
        found = [factor for (owner, _), factor in self.factors.items() if owner == user_id]
        return sorted(found, key=lambda factor: (factor.created_at, factor.id))

    def get(self, user_id: str, factor_id: str) -> Factor:
        try:
            return self.factors[user_id, factor_id]
        except KeyError:
            raise NotFound(factor_id) from None

    def by_credential(self, credential_id: str) -> Factor:
        for factor in self.factors.values():
            if factor.credential is not None and factor.credential.id == credential_id:
                return factor
        raise NotFound("credential")

    def add(self, factor: Factor, events: Sequence[Event], mails: Sequence[Mail] = ()) -> None:
        with self._lock:
            if factor.user_id not in self._users.users:
                raise Conflict(factor.user_id)
            if (factor.user_id, factor.id) in self.factors:
                raise AlreadyExists("id")
            self._hold(factor)
            self.factors[factor.user_id, factor.id] = replace(factor, version=1)
            self._done(events, mails)

    def save(self, before: Factor, after: Factor, events: Sequence[Event], mails: Sequence[Mail] = ()) -> None:
        with self._lock:
            known = self._check(before)
            if before.credential is None:
                self._hold(after)
            key = after.credential
            if key is not None and known.credential is not None:
                key = replace(key, sign_count=known.credential.sign_count, backed_up=known.credential.backed_up)
            self.factors[before.user_id, before.id] = replace(
                after,
                version=before.version + 1,
                credential=key,
                last_used_at=known.last_used_at,
                last_step=known.last_step if after.last_step == before.last_step else after.last_step,
            )
            self._done(events, mails)

    def remove(
        self, factor: Factor, events: Sequence[Event], mails: Sequence[Mail] = (), *, beside: Sequence[Way] = ()
    ) -> None:
        with self._lock:
            self._check(factor)
            if not all(map(self._users.has, beside)):
                raise Conflict(factor.id)
            del self.factors[factor.user_id, factor.id]
            self._done(events, mails)

    def remove_all(self, user_id: str, events: Sequence[Event], mails: Sequence[Mail] = ()) -> int:
        with self._lock:
            gone = [factor.id for factor in self.of(user_id)]
            for factor_id in gone:
                del self.factors[user_id, factor_id]
            self.recovery.records.pop(user_id, None)
            self._done(events, mails)
            return len(gone)

    def use_step(self, factor: Factor, step: int, *, at: int) -> None:
        with self._lock:
            known = self.factors.get((factor.user_id, factor.id))
            if known is None or known.last_step >= step:
                raise Conflict(factor.id)
            self.factors[factor.user_id, factor.id] = replace(known, last_step=step, last_used_at=at)

    def used(self, factor: Factor, *, sign_count: int, backed_up: bool, at: int) -> None:
        with self._lock:
            known = self.factors.get((factor.user_id, factor.id))
            if known is None:
                raise Conflict(factor.id)
            key = known.credential
            before = 0 if key is None else key.sign_count
            if not (before < sign_count if sign_count else before == 0):
                raise Conflict(factor.id)
            if key is not None:
                key = replace(key, sign_count=sign_count, backed_up=backed_up)
            self.factors[factor.user_id, factor.id] = replace(known, credential=key, last_used_at=at)

    def _check(self, seen: Factor) -> Factor:
        known = self.factors.get((seen.user_id, seen.id))
        if known is None or known.version != seen.version:
            raise Conflict(seen.id)
        return known

    def _hold(self, factor: Factor) -> None:
        if factor.credential is not None:
            taken = {known.credential.id for known in self.factors.values() if known.credential is not None}
            if factor.credential.id in taken:
                raise AlreadyExists("credential")

    def _done(self, events: Sequence[Event], mails: Sequence[Mail]) -> None:
        self._record(events)
        self._send(mails)


class MemoryRecoveryCodes:
    """``RecoveryCodesRecord``."""

    def __init__(self, users: MemoryUsers, lock: threading.RLock, record: Record, send: Send) -> None:
        self._users = users
        self._lock = lock
        self._record = record
        self._send = send
        self.records: dict[str, RecoveryCodes] = {}

    def of(self, user_id: str) -> RecoveryCodes:
        return self.records.get(user_id, RecoveryCodes(user_id))

    def save(
        self,
        before: RecoveryCodes,
        after: RecoveryCodes,
        events: Sequence[Event],
        mails: Sequence[Mail] = (),
    ) -> None:
        with self._lock:
            self._check(before)
            self.records[before.user_id] = replace(after, version=before.version + 1)
            self._record(events)
            self._send(mails)

    def remove(self, seen: RecoveryCodes, events: Sequence[Event]) -> None:
        with self._lock:
            self._check(seen)
            self.records.pop(seen.user_id, None)
            self._record(events)

    def _check(self, seen: RecoveryCodes) -> None:
        if seen.user_id not in self._users.users or self.of(seen.user_id).version != seen.version:
            raise Conflict(seen.user_id)


class MemoryCodeTries:
    """``CodeTries``."""

    def __init__(self, users: MemoryUsers, lock: threading.RLock) -> None:
        self._users = users
        self._lock = lock

    def take(self, user_id: str, *, most: int, at: int) -> int:
        with self._lock:
            user = self._users.users.get(user_id)
            if user is None or user.failed_codes >= most:
                raise Conflict(user_id)
            self._users.users[user_id] = replace(user, failed_codes=user.failed_codes + 1, code_tried_at=at)
            return user.failed_codes + 1

    def give_back(self, user_id: str) -> None:
        with self._lock:
            user = self._users.get(user_id)
            self._users.users[user_id] = replace(user, failed_codes=max(user.failed_codes - 1, 0))

    def clear(self, user_id: str) -> None:
        with self._lock:
            self._users.users[user_id] = replace(self._users.get(user_id), failed_codes=0)


class MemoryFactorChallenges:
    """``FactorChallenges``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.challenges: dict[str, FactorChallenge] = {}
        self.attempts: dict[str, int] = {}

    def add(self, challenge: FactorChallenge) -> None:
        with self._lock:
            if challenge.digest in self.challenges:
                raise AlreadyExists("digest")
            self.replace(challenge)

    def replace(self, challenge: FactorChallenge) -> None:
        with self._lock:
            self.challenges[challenge.digest] = challenge
            self.attempts[challenge.digest] = 0

    def get(self, digest: str) -> FactorChallenge:
        try:
            return self.challenges[digest]
        except KeyError:
            raise NotFound("challenge") from None

    def attempt(self, digest: str, *, most: int) -> FactorChallenge:
        with self._lock:
            found = self.get(digest)
            if self.attempts[digest] >= most:
                raise NotFound("challenge")
            self.attempts[digest] += 1
            return found

    def use(self, digest: str, seen: FactorChallenge | None = None) -> FactorChallenge:
        with self._lock:
            found = self.get(digest)
            if seen is not None and found != seen:
                raise NotFound("challenge")
            return self.challenges.pop(digest)
