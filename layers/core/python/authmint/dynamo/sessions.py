"""``Sessions`` and ``SessionTokens`` in DynamoDB.

A session is found by the digest of its cookie; an item by its id, and one in the list of its user, lead to it. Behind
the latter stand the clients that are told when it ends.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.logout_notices import InformedClient, name_of
from ..storage.sessions import Session, SessionToken
from .connection import translated
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .logout_notices import notice_item
from .records import decode, encode
from .servers import well_formed
from .single_use import SingleUseRecords
from .tables import MAX_OPERATIONS, ConditionFailed

_SESSION: Final = "SESSION"
_BY_ID: Final = "SESSIONID"
_BY_USER: Final = "USERSESSIONS"
_INFORMED: Final = "SESSIONCLIENT"
#: Three items each.
_AT_ONCE: Final = MAX_OPERATIONS // 3
#: Two items each, beside those of a session.
_CLIENTS_AT_ONCE: Final = (MAX_OPERATIONS - 3) // 2


class DynamoSessions(GrantRecords):
    """``Sessions``."""

    def add(self, session: Session) -> None:
        try:
            self._store(session, self._item.pk.does_not_exist())
        except ConditionFailed:
            raise AlreadyExists("digest") from None

    def get(self, digest: str) -> Session:
        return decode(self._found(_SESSION, digest).body or "", Session)

    def by_id(self, session_id: str) -> Session:
        return self.get(self._found(_BY_ID, session_id).owner or "")

    def save(self, session: Session) -> None:
        place = (f"{_SESSION}#{session.digest}", HEAD)
        same_end = self._item.expires_at == session.expires_at
        try:
            self._change_once(place, [self._item.body.set(encode(session))], same_end)
        except NotFound:
            return
        except Refused:
            # Another sign-in moved the end: what leads to the session has to live as long as it does.
            try:
                self._store(session, self._item.pk.exists())
            except ConditionFailed:
                return

    def renew(self, before: Session, after: Session) -> None:
        head, *leads = self._items(after)
        there = self._item.pk.exists()

        def write(transaction: TransactWrite) -> None:
            transaction.delete(self._item(f"{_SESSION}#{before.digest}", HEAD), condition=there)
            transaction.save(head, condition=self._item.pk.does_not_exist())
            for lead in leads:
                transaction.save(lead, condition=there)

        try:
            self._transact(write)
        except ConditionFailed:
            raise NotFound(_SESSION) from None

    def inform(self, session: Session, client: InformedClient) -> None:
        listed, item = f"{_BY_USER}#{session.user_id}", self._item
        lifetime: Any = {"expires_at": session.expires_at, "ttl": session.expires_at + GRACE}
        note = item(listed, name_of(session.id, client), kind=_INFORMED, body=encode(client), **lifetime)

        def write(transaction: TransactWrite) -> None:
            transaction.condition_check(item, listed, session.id, condition=item.pk.exists())
            transaction.save(note)

        try:
            self._transact(write)
        except ConditionFailed:
            raise NotFound(_SESSION) from None

    def end(self, session: Session) -> None:
        def attempt() -> None:
            listed = self._listed(session.user_id, self._item.sk.startswith(session.id))
            leads, informed = _parted(item for item in listed if item.sk.partition("#")[0] == session.id)
            digest = leads.get(session.id, session.digest)
            self._end(digest, session.id, session.user_id, informed.get(session.id, []))

        self._tables.retrying(attempt)

    def of_user(self, user_id: str, *, limit: int = 100) -> Sequence[Session]:
        if not well_formed(user_id, MAX_KEY):
            return []
        with translated():
            listed = self._item.query(f"{_BY_USER}#{user_id}", consistent_read=True, scan_index_forward=False)
            digests = islice((item.owner or "" for item in listed if item.kind == _BY_USER), limit)
            keys = [(f"{_SESSION}#{digest}", HEAD) for digest in digests]
            heads = self._item.batch_get(keys, consistent_read=True) if keys else ()
            found = [decode(head.body or "", Session) for head in heads if head.kind == _SESSION]
        mine = (session for session in found if session.user_id == user_id)
        return sorted(mine, key=lambda session: session.id, reverse=True)

    def end_all(self, user_id: str) -> int:
        if not well_formed(user_id, MAX_KEY):
            return 0
        ended = set[str]()

        def attempt() -> None:
            leads, informed = _parted(self._listed(user_id))
            ended.update(leads)
            for session_id in leads.keys() & informed.keys():
                self._end(leads[session_id], session_id, user_id, informed[session_id])
            silent = [(digest, session_id) for session_id, digest in leads.items() if session_id not in informed]
            for start in range(0, len(silent), _AT_ONCE):
                self._remove(silent[start : start + _AT_ONCE], user_id)

        self._tables.retrying(attempt)
        return len(ended)

    def _listed(self, user_id: str, which: Condition | None = None) -> list[GrantItem]:
        with translated():
            return list(self._item.query(f"{_BY_USER}#{user_id}", which, consistent_read=True))

    def _end(self, digest: str, session_id: str, user_id: str, informed: Sequence[GrantItem]) -> None:
        """Remove one session, with notices in the place of its clients' notes: those of many clients come first."""
        first, last = informed[_CLIENTS_AT_ONCE:], informed[:_CLIENTS_AT_ONCE]
        for start in range(0, len(first), _CLIENTS_AT_ONCE):
            self._remove((), user_id, first[start : start + _CLIENTS_AT_ONCE])
        self._remove([(digest, session_id)], user_id, last)

    def _store(self, session: Session, condition: Any) -> None:
        head, *leads = self._items(session)

        def write(transaction: TransactWrite) -> None:
            transaction.save(head, condition=condition)
            for lead in leads:
                transaction.save(lead)

        self._transact(write)

    def _items(self, session: Session) -> Sequence[GrantItem]:
        lifetime: Any = {"expires_at": session.expires_at, "ttl": session.expires_at + GRACE}
        owner = session.digest
        return (
            self._item(f"{_SESSION}#{owner}", HEAD, kind=_SESSION, body=encode(session), **lifetime),
            self._item(f"{_BY_ID}#{session.id}", HEAD, kind=_BY_ID, owner=owner, **lifetime),
            self._item(f"{_BY_USER}#{session.user_id}", session.id, kind=_BY_USER, owner=owner, **lifetime),
        )

    def _remove(self, sessions: Sequence[tuple[str, str]], user_id: str, informed: Sequence[GrantItem] = ()) -> None:
        """Sessions by digest and id, and notes of clients, who are told.

        Raises:
            Conflict: One has another digest now: another call renewed it.
        """

        def write(transaction: TransactWrite) -> None:
            for digest, session_id in sessions:
                transaction.delete(self._item(f"{_SESSION}#{digest}", HEAD))
                transaction.delete(self._item(f"{_BY_ID}#{session_id}", HEAD))
                there = self._item.pk.does_not_exist() | (self._item.owner == digest)
                transaction.delete(self._item(f"{_BY_USER}#{user_id}", session_id), condition=there)
            for item in informed:
                session_id, client = item.sk.partition("#")[0], decode(item.body or "", InformedClient)
                expires_at = int(item.expires_at or 0)
                transaction.delete(self._item(item.pk, item.sk))
                transaction.save(notice_item(self._item, user_id, session_id, client, expires_at=expires_at))

        try:
            self._transact(write)
        except ConditionFailed:
            raise Conflict(_SESSION) from None


def _parted(listed: Iterable[GrantItem]) -> tuple[dict[str, str], dict[str, list[GrantItem]]]:
    """Digests of sessions by id, and notes of their clients by the same."""
    leads, informed = dict[str, str](), dict[str, list[GrantItem]]()
    for item in listed:
        if item.kind == _BY_USER:
            leads[item.sk] = item.owner or ""
        elif item.kind == _INFORMED:
            informed.setdefault(item.sk.partition("#")[0], []).append(item)
    return leads, informed


class DynamoSessionTokens(SingleUseRecords):
    """``SessionTokens``."""

    kind = "SESSIONTOKEN"

    def add(self, token: SessionToken) -> None:
        self._add(token)

    def spend(self, digest: str, *, at: int) -> SessionToken:
        return decode(self._use(digest, self._item.expires_at > at).body or "", SessionToken)
