"""``ClientCopies`` in DynamoDB: an item per server and URL, and one per URL for who may fetch it."""

from typing import Final

from ..storage.client_documents import ClientCopy
from ..storage.clients import secret_digest
from ..storage.errors import Conflict, NotFound
from .grant_records import GRACE, GrantRecords, Refused
from .items import HEAD
from .records import decode, encode

_COPY: Final = "CIMD"
_CLAIM: Final = "CIMDLOCK"
#: Seconds that a copy stays that was not good again: longer than it may serve.
_KEPT: Final = 8 * 86_400


class DynamoClientCopies(GrantRecords):
    """``ClientCopies``. A URL is a key by its SHA-256: it may be long."""

    def get(self, server_id: str, url: str) -> ClientCopy:
        return decode(self._found(_COPY, _key(server_id, url)).body or "", ClientCopy)

    def save(self, before: ClientCopy | None, after: ClientCopy) -> None:
        place = (f"{_COPY}#{_key(after.server_id, after.document.url)}", HEAD)
        item, ttl = self._item, after.checked_at + _KEPT
        if before is None:
            new = item(*place, kind=_COPY, body=encode(after), updated_at=after.checked_at, ttl=ttl)
            new.revoked_at = after.withdrawn_at
            if not self._put_once(new):
                raise Conflict(after.document.url)
            return
        withdrawn = item.revoked_at
        same = withdrawn.does_not_exist() if before.withdrawn_at is None else withdrawn == before.withdrawn_at
        changes = [item.body.set(encode(after)), item.updated_at.set(after.checked_at), item.ttl.set(ttl)]
        changes.append(withdrawn.remove() if after.withdrawn_at is None else withdrawn.set(after.withdrawn_at))
        try:
            self._change_once(place, changes, (item.updated_at == before.checked_at) & same, mark="writer")
        except (Refused, NotFound):
            raise Conflict(after.document.url) from None

    def claim(self, url: str, *, at: int, until: int) -> bool:
        # Who may claim again at ``until``, and not a second later: expired is what ends before the next second.
        claim = self._item(f"{_CLAIM}#{secret_digest(url)}", HEAD, kind=_CLAIM, expires_at=until, ttl=until + GRACE)
        return self._put_once(claim, unless_live_at=at + 1)


def _key(server_id: str, url: str) -> str:
    return f"{server_id}#{secret_digest(url)}"
