"""``Sessions`` and ``SessionTokens`` in DynamoDB.

A session is found by the digest of its cookie; an item by its id, and one in the list of its user, lead to it.
"""

from collections.abc import Sequence
from typing import Any, Final

from pynamodb.transactions import TransactWrite

from ..storage.errors import AlreadyExists, NotFound
from ..storage.sessions import Session, SessionToken
from .connection import translated
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .records import decode, encode
from .servers import well_formed
from .single_use import SingleUseRecords
from .tables import MAX_OPERATIONS, ConditionFailed

_SESSION: Final = "SESSION"
_BY_ID: Final = "SESSIONID"
_BY_USER: Final = "USERSESSIONS"
#: Three items each.
_AT_ONCE: Final = MAX_OPERATIONS // 3


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

    def end(self, session: Session) -> None:
        self._remove([(session.digest, session.id)], session.user_id)

    def end_all(self, user_id: str) -> int:
        if not well_formed(user_id, MAX_KEY):
            return 0
        with translated():
            listed = self._item.query(f"{_BY_USER}#{user_id}", consistent_read=True)
            found = [(item.owner or "", item.sk) for item in listed if item.kind == _BY_USER]
        for start in range(0, len(found), _AT_ONCE):
            self._remove(found[start : start + _AT_ONCE], user_id)
        return len(found)

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

    def _remove(self, sessions: Sequence[tuple[str, str]], user_id: str) -> None:
        """Sessions by digest and id."""

        def write(transaction: TransactWrite) -> None:
            for digest, session_id in sessions:
                transaction.delete(self._item(f"{_SESSION}#{digest}", HEAD))
                transaction.delete(self._item(f"{_BY_ID}#{session_id}", HEAD))
                transaction.delete(self._item(f"{_BY_USER}#{user_id}", session_id))

        self._transact(write)


class DynamoSessionTokens(SingleUseRecords):
    """``SessionTokens``."""

    kind = "SESSIONTOKEN"

    def add(self, token: SessionToken) -> None:
        self._add(token)

    def spend(self, digest: str, *, at: int) -> SessionToken:
        return decode(self._use(digest, self._item.expires_at > at).body or "", SessionToken)
