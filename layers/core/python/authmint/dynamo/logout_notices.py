"""``LogoutNotices`` in DynamoDB: ``LOGOUT#shard``/``id`` of the grants table, until the client was told."""

from typing import Any, Final

from pynamodb.transactions import TransactWrite

from ..storage.errors import Unavailable
from ..storage.logout_notices import (
    OF_TOKENS,
    EndedSignIns,
    EndedTokens,
    InformedClient,
    LogoutNotice,
    TakenNotice,
    name_of,
)
from ..storage.users import User
from .items import GrantItem
from .records import decode, encode
from .tables import Tables
from .waiting import KEPT, WaitingRecords, place_of

KIND: Final = "LOGOUT"
_OF_USER: Final = "user#"


class DynamoLogoutNotices(WaitingRecords):
    """``LogoutNotices``. They are stored with the end of a session (``sessions``)."""

    kind = KIND

    def take(self, notice_id: str, *, at: int, until: int) -> TakenNotice:
        item = self._taken(notice_id, at=at, until=until)
        record: type[Any] = LogoutNotice
        if item.sk.startswith(_OF_USER):
            record = EndedSignIns
        elif item.sk.startswith(OF_TOKENS):
            record = EndedTokens
        return TakenNotice(decode(item.body or "", record), int(item.uses or 0))


def put_ended(write: TransactWrite, tables: Tables, user: User, *, at: int) -> None:
    """Store that sign-ins of a user have ended, in the transaction of what ends them."""
    if tables.grants is None:
        raise Unavailable("this function has no grants table")
    ended = EndedSignIns(f"{_OF_USER}{user.id}#{user.version}", user.id, at)
    write.save(tables.grants(*place_of(KIND, ended.id), kind=KIND, body=encode(ended), due_at=0, ttl=at + KEPT))


def put_ended_tokens(write: TransactWrite, tables: Tables, ended: EndedTokens) -> None:
    """Store that tokens have ended, in the transaction of what ends them."""
    if tables.grants is None:
        raise Unavailable("this function has no grants table")
    write.save(ended_item(tables.grants, ended))


def ended_item(item: Any, ended: EndedTokens) -> GrantItem:
    """The notice that tokens have ended, due at once. ``item``: of the grants table."""
    made: GrantItem = item(*place_of(KIND, ended.id), kind=KIND, body=encode(ended), due_at=0, ttl=ended.at + KEPT)
    return made


def notice_item(item: Any, user_id: str, session_id: str, client: InformedClient, *, expires_at: int) -> GrantItem:
    """The notice of one client, due at once. ``item``: of the grants table."""
    notice = LogoutNotice(name_of(session_id, client), session_id, user_id, client)
    made: GrantItem = item(*place_of(KIND, notice.id), kind=KIND, body=encode(notice), due_at=0, ttl=expires_at + KEPT)
    return made
