"""``LogoutNotices`` in DynamoDB: ``LOGOUT#shard``/``id`` of the grants table, until the client was told."""

from typing import Any, Final

from ..storage.logout_notices import InformedClient, LogoutNotice, TakenNotice, name_of
from .items import GrantItem
from .records import decode, encode
from .waiting import KEPT, WaitingRecords, place_of

KIND: Final = "LOGOUT"


class DynamoLogoutNotices(WaitingRecords):
    """``LogoutNotices``. They are stored with the end of a session (``sessions``)."""

    kind = KIND

    def take(self, notice_id: str, *, at: int, until: int) -> TakenNotice:
        item = self._taken(notice_id, at=at, until=until)
        return TakenNotice(decode(item.body or "", LogoutNotice), int(item.uses or 0))


def notice_item(item: Any, user_id: str, session_id: str, client: InformedClient, *, expires_at: int) -> GrantItem:
    """The notice of one client, due at once. ``item``: of the grants table."""
    notice = LogoutNotice(name_of(session_id, client), session_id, user_id, client)
    made: GrantItem = item(*place_of(KIND, notice.id), kind=KIND, body=encode(notice), due_at=0, ttl=expires_at + KEPT)
    return made
