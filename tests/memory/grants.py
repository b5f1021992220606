"""Codes, families, sessions, consents, waiting requests and device codes in memory: for unit tests."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from authmint.storage.authorization_requests import StoredRequest
from authmint.storage.backchannel_requests import MOST_OPEN, BackchannelRequest, TooManyOpen
from authmint.storage.codes import AuthorizationCode
from authmint.storage.consents import Consent
from authmint.storage.device_codes import DeviceCode
from authmint.storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound
from authmint.storage.federated_requests import FederatedRequest
from authmint.storage.logout_notices import (
    EndedSignIns,
    EndedTokens,
    InformedClient,
    LogoutNotice,
    TakenNotice,
    name_of,
)
from authmint.storage.polled_grants import PolledGrant
from authmint.storage.remembered_browsers import RememberedBrowser
from authmint.storage.sessions import Session, SessionToken
from authmint.storage.sign_on_transactions import SignOnTransaction
from authmint.storage.token_families import RefreshToken, Revoked, TokenFamily, begun_with
from authmint.storage.users import User

_R = TypeVar("_R", bound=Any)
_G = TypeVar("_G", bound=PolledGrant)


class _ByDigest(Generic[_R]):
    """Records by the digest of what clients hold."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.records: dict[str, _R] = {}

    def add(self, record: _R) -> None:
        with self._lock:
            if record.digest in self.records:
                raise AlreadyExists("digest")
            self.records[record.digest] = record

    def get(self, digest: str) -> _R:
        try:
            return self.records[digest]
        except KeyError:
            raise NotFound("no such record") from None


class MemoryRateCounters:
    """``RateCounters``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.counts: dict[str, int] = {}

    def add(self, key: str, *, expires_at: int) -> int:
        with self._lock:
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key]

    def count(self, key: str) -> int:
        return self.counts.get(key, 0)


class MemoryTokenFamilies:
    """``TokenFamilies``."""

    def __init__(self, lock: threading.RLock, notices: "MemoryLogoutNotices | None" = None) -> None:
        self._lock = lock
        self._notices = notices or MemoryLogoutNotices(lock)
        self.families: dict[str, TokenFamily] = {}
        self.tokens: dict[tuple[str, str], RefreshToken] = {}

    def add(self, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        with self._lock:
            if family.id in self.families:
                raise AlreadyExists("id")
            self.families[family.id] = begun_with(family, refresh_token)
            if refresh_token is not None:
                self.tokens[family.id, refresh_token.digest] = refresh_token

    def get(self, family_id: str) -> TokenFamily:
        try:
            return self.families[family_id]
        except KeyError:
            raise NotFound("family") from None

    def find(self, family_id: str, digest: str) -> tuple[TokenFamily, RefreshToken]:
        try:
            return self.families[family_id], self.tokens[family_id, digest]
        except KeyError:
            raise NotFound("refresh token") from None

    def rotate(self, spent: RefreshToken, successor: RefreshToken, *, at: int) -> None:
        with self._lock:
            family, known = self.find(spent.family_id, spent.digest)
            if known.rotated_at is not None:
                raise AlreadyUsed("refresh token")
            if family.revoked_at is not None:
                raise Conflict("revoked")
            self.tokens[family.id, spent.digest] = spent
            self.tokens[family.id, successor.digest] = successor
            self.families[family.id] = replace(family, updated_at=at, current=successor.digest)

    def used(self, token: RefreshToken, *, idle_expires_at: int, at: int) -> None:
        with self._lock:
            family, known = self.find(token.family_id, token.digest)
            if family.revoked_at is not None:
                raise Conflict("revoked")
            self.tokens[family.id, token.digest] = replace(known, idle_expires_at=idle_expires_at)
            self.families[family.id] = replace(family, updated_at=at)

    def enlist(self, family_id: str, *, at: int) -> None:
        with self._lock:
            family = self.get(family_id)
            if family.revoked_at is not None:
                raise Conflict("revoked")
            self.families[family_id] = replace(family, listed=True, updated_at=at)

    def revoke(self, family_id: str, because: Revoked, *, at: int) -> bool:
        with self._lock:
            family = self.get(family_id)
            if family.revoked_at is not None:
                return False
            self.families[family_id] = replace(family, revoked_at=at, revoked_because=because, updated_at=at)
            if family.listed:
                self._notices.add(EndedTokens.of_family(family_id, at=at))
            return True

    def of_client(
        self, server_id: str, client_id: str, *, after: str | None = None, limit: int = 200
    ) -> Sequence[TokenFamily]:
        return self._some(
            after,
            limit,
            lambda f: f.server_id == server_id and f.client_id == client_id and f.holds_refresh_token,
        )

    def of_user(self, user_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[TokenFamily]:
        return self._some(after, limit, lambda f: f.user_id == user_id and not f.ancestors)

    def clients_at(
        self,
        server_id: str,
        alive: Callable[[TokenFamily], bool],
        *,
        after: str | None = None,
        limit: int = 200,
        in_time: Callable[[], bool] = lambda: True,
    ) -> tuple[Sequence[str], str | None]:
        held = [f for f in self.families.values() if f.server_id == server_id and f.holds_refresh_token]
        clients = sorted({f"{f.client_id}#" for f in held if after is None or f"{f.client_id}#" > f"{after}#"})
        page = [client[:-1] for client in clients[:limit]]
        found = [client for client in page if any(f.client_id == client and alive(f) for f in held)]
        return found, page[-1] if len(clients) > limit else None

    def _some(self, after: str | None, limit: int, wanted: Any) -> Sequence[TokenFamily]:
        ids = sorted(i for i, f in self.families.items() if wanted(f) and (after is None or i > after))
        return [self.families[i] for i in ids[:limit]]


class MemoryAuthorizationCodes(_ByDigest[AuthorizationCode]):
    """``AuthorizationCodes``."""

    def __init__(self, lock: threading.RLock, families: MemoryTokenFamilies) -> None:
        super().__init__(lock)
        self._families = families

    def redeem(self, digest: str, family: TokenFamily, refresh_token: RefreshToken | None, *, at: int) -> None:
        with self._lock:
            code = self.records.get(digest)
            if code is None or code.spent_at is not None:
                raise AlreadyUsed("code")
            self.records[digest] = replace(code, spent_at=at)
            self._families.add(family, refresh_token)


class MemoryStoredRequests(_ByDigest[StoredRequest]):
    """``StoredRequests``."""

    def __init__(self, lock: threading.RLock, codes: MemoryAuthorizationCodes, families: MemoryTokenFamilies) -> None:
        super().__init__(lock)
        self._codes = codes
        self._families = families

    def spend(self, digest: str) -> None:
        self.answer((digest,), None, None)

    def answer(self, digests: Sequence[str], code: AuthorizationCode | None, family: TokenFamily | None) -> None:
        with self._lock:
            if not all(digest in self.records for digest in digests):
                raise NotFound("request")
            for digest in digests:
                del self.records[digest]
            if code is not None:
                self._codes.add(code)
            if family is not None:
                self._families.add(family, None)


class MemorySessions(_ByDigest[Session]):
    """``Sessions``."""

    def __init__(self, lock: threading.RLock, notices: "MemoryLogoutNotices") -> None:
        super().__init__(lock)
        self._notices = notices
        self._informed: dict[str, set[InformedClient]] = {}

    def by_id(self, session_id: str) -> Session:
        for session in self.records.values():
            if session.id == session_id:
                return session
        raise NotFound("session")

    def save(self, session: Session) -> None:
        with self._lock:
            if session.digest in self.records:
                self.records[session.digest] = session

    def renew(self, before: Session, after: Session) -> None:
        with self._lock:
            if self.records.pop(before.digest, None) is None:
                raise NotFound("session")
            self.records[after.digest] = after

    def inform(self, session: Session, client: InformedClient) -> None:
        with self._lock:
            self.by_id(session.id)
            self._informed.setdefault(session.id, set()).add(client)

    def end(self, session: Session) -> None:
        with self._lock:
            for client in self._informed.pop(session.id, ()):
                notice = LogoutNotice(name_of(session.id, client), session.id, session.user_id, client)
                self._notices.add(notice)
            for digest in [digest for digest, known in self.records.items() if known.id == session.id]:
                del self.records[digest]  # whatever it was renewed to

    def of_user(self, user_id: str, *, limit: int = 100) -> Sequence[Session]:
        mine = [session for session in list(self.records.values()) if session.user_id == user_id]
        return sorted(mine, key=lambda session: session.id, reverse=True)[:limit]

    def end_all(self, user_id: str) -> int:
        with self._lock:
            ended = [session for session in self.records.values() if session.user_id == user_id]
            for session in ended:
                self.end(session)
            return len(ended)


class MemoryLogoutNotices:
    """``LogoutNotices``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.waiting: dict[str, tuple[TakenNotice, int]] = {}

    def ended(self, user: User) -> None:
        """As what is stored with a change of a user."""
        self.add(EndedSignIns(f"user#{user.id}#{user.version}", user.id, user.updated_at))

    def add(self, notice: LogoutNotice | EndedSignIns | EndedTokens) -> None:
        with self._lock:
            self.waiting[notice.id] = (TakenNotice(notice, 0), 0)

    def due(self, *, at: int, limit: int) -> Sequence[str]:
        with self._lock:
            return [name for name, (_, due_at) in self.waiting.items() if due_at <= at][:limit]

    def take(self, notice_id: str, *, at: int, until: int) -> TakenNotice:
        with self._lock:
            known = self.waiting.get(notice_id)
            if known is None or known[1] > at:
                raise NotFound("LOGOUT")
            taken = replace(known[0], attempts=known[0].attempts + 1)
            self.waiting[notice_id] = (taken, until)
            return taken

    def delay(self, notice_id: str, *, until: int) -> None:
        with self._lock:
            if notice_id in self.waiting:
                self.waiting[notice_id] = (self.waiting[notice_id][0], until)

    def remove(self, notice_id: str) -> None:
        with self._lock:
            self.waiting.pop(notice_id, None)


class MemorySessionTokens(_ByDigest[SessionToken]):
    """``SessionTokens``."""

    def spend(self, digest: str, *, at: int) -> SessionToken:
        with self._lock:
            token = self.records.pop(digest, None)
        if token is None or token.expires_at <= at:
            raise NotFound("session token")
        return token


class MemoryFederatedRequests(_ByDigest[FederatedRequest]):
    """``FederatedRequests``."""

    def spend(self, digest: str, *, at: int) -> FederatedRequest:
        with self._lock:
            request = self.records.pop(digest, None)
        if request is None or request.expires_at <= at:
            raise NotFound("federated request")
        return request


class MemorySignOnTransactions(_ByDigest[SignOnTransaction]):
    """``SignOnTransactions``."""

    def move(self, before: SignOnTransaction, after: SignOnTransaction) -> SignOnTransaction:
        with self._lock:
            if self.get(before.digest).version != before.version:
                raise Conflict("sign-on")
            self.records[before.digest] = replace(after, version=before.version + 1)
            return self.records[before.digest]

    def end(self, transaction: SignOnTransaction) -> None:
        with self._lock:
            if self.get(transaction.digest).version != transaction.version:
                raise NotFound("sign-on")
            del self.records[transaction.digest]


class MemoryRememberedBrowsers:
    """``RememberedBrowsers``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.records: dict[tuple[str, str], RememberedBrowser] = {}

    def add(self, browser: RememberedBrowser) -> None:
        with self._lock:
            if (browser.user_id, browser.digest) in self.records:
                raise AlreadyExists("digest")
            self.records[browser.user_id, browser.digest] = browser

    def get(self, user_id: str, digest: str) -> RememberedBrowser:
        try:
            return self.records[user_id, digest]
        except KeyError:
            raise NotFound("browser") from None

    def of_user(self, user_id: str) -> Sequence[RememberedBrowser]:
        own = [browser for (owner, _), browser in self.records.items() if owner == user_id]
        return sorted(own, key=lambda browser: (browser.created_at, browser.digest))

    def forget(self, user_id: str, digest: str) -> None:
        self.records.pop((user_id, digest), None)


class MemoryConsents:
    """``Consents``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._consents: dict[tuple[str, str, str, str, str], Consent] = {}

    def given(self, user_id: str, client_id: str, server_id: str) -> Sequence[Consent]:
        return [c for key, c in sorted(self._consents.items()) if key[:3] == (user_id, client_id, server_id)]

    def record(self, consents: Sequence[Consent]) -> None:
        with self._lock:
            for consent in consents:
                self._consents[_key(consent)] = consent

    def of_user(self, user_id: str) -> Sequence[Consent]:
        return sorted((c for key, c in self._consents.items() if key[0] == user_id), key=lambda c: c.id)

    def revoke(self, consents: Sequence[Consent]) -> None:
        with self._lock:
            for consent in consents:
                self._consents.pop(_key(consent), None)


def _key(consent: Consent) -> tuple[str, str, str, str, str]:
    return consent.user_id, consent.client_id, consent.server_id, consent.scope, consent.resource or ""


class _MemoryPolledGrants(_ByDigest[_G]):
    """``PolledGrants``."""

    def __init__(self, lock: threading.RLock, families: MemoryTokenFamilies) -> None:
        super().__init__(lock)
        self._families = families

    def polled(self, grant: _G, *, at: int, interval: int) -> None:
        with self._lock:
            self.records[grant.digest] = replace(self.get(grant.digest), polled_at=at, interval=interval)

    def decide(self, grant: _G, decided: _G) -> None:
        self._move(grant, decided, "PENDING")

    def redeem(self, grant: _G, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        with self._lock:
            if grant.digest not in self.records:
                raise AlreadyUsed("gone")
            self._move(grant, replace(grant, status="SPENT"), "APPROVED")
            self._families.add(family, refresh_token)

    def _move(self, grant: _G, after: _G, expected: str) -> None:
        with self._lock:
            known = self.get(grant.digest)
            if known.status != expected:
                raise AlreadyUsed(known.status)
            self.records[grant.digest] = replace(after, polled_at=known.polled_at, interval=known.interval)


class MemoryDeviceCodes(_MemoryPolledGrants[DeviceCode]):
    """``DeviceCodes``."""

    def add(self, code: DeviceCode) -> None:
        with self._lock:
            if code.digest in self.records:
                raise AlreadyExists("digest")
            if any(c.user_code == code.user_code and c.expires_at > code.created_at for c in self.records.values()):
                raise AlreadyExists("user_code")
            self.records[code.digest] = code

    def by_user_code(self, user_code: str) -> DeviceCode:
        found = [code for code in self.records.values() if code.user_code == user_code]
        if not found:
            raise NotFound("device code")
        return max(found, key=lambda code: code.created_at)


class MemoryBackchannelRequests(_MemoryPolledGrants[BackchannelRequest]):
    """``BackchannelRequests``."""

    def add(self, request: BackchannelRequest) -> None:
        with self._lock:
            if request.digest in self.records:
                raise AlreadyExists("digest")
            taken = {
                known.place
                for known in self.records.values()
                if (known.owner, known.client_id, known.status) == (request.owner, request.client_id, "PENDING")
                and known.expires_at > request.created_at
            }
            free = [place for place in range(MOST_OPEN) if place not in taken]
            if not free:
                raise TooManyOpen("CIBAOPEN")
            self.records[request.digest] = replace(request, place=free[0])

    def waiting_for(self, user_id: str) -> Sequence[BackchannelRequest]:
        mine = [r for r in self.records.values() if r.user_id == r.owner == user_id and r.status == "PENDING"]
        return sorted(mine, key=lambda request: (request.created_at, request.digest))

    def decide(self, grant: BackchannelRequest, decided: BackchannelRequest) -> None:
        if grant.digest not in self.records:
            raise AlreadyUsed("gone")
        super().decide(grant, decided)
