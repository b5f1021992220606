"""``ClientCopies`` in DynamoDB: a server's in one partition, and an item per URL for who may fetch it."""

from collections.abc import Sequence
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..storage.client_documents import ClientCopy
from ..storage.clients import secret_digest
from ..storage.errors import Conflict, NotFound
from ..storage.logout_notices import EndedTokens
from .connection import translated
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .logout_notices import ended_item
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed

_COPY: Final = "CIMD"
_CLAIM: Final = "CIMDLOCK"
#: Seconds that a copy stays that was not good again: longer than any refresh token of its client lives.
_KEPT: Final = 400 * 86_400


class DynamoClientCopies(GrantRecords):
    """``ClientCopies``. A URL is a key by its SHA-256: it may be long."""

    def get(self, server_id: str, url: str) -> ClientCopy:
        if not well_formed(server_id, MAX_KEY):
            raise NotFound(_COPY)
        with translated():
            try:
                item = self._item.get(*_place(server_id, url), consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(_COPY) from None
        return _copy_of(item)

    def list(
        self, server_id: str, *, after: str | None = None, limit: int = 200
    ) -> tuple[Sequence[ClientCopy], str | None]:
        condition = None if after is None else self._item.sk > after
        with translated():
            found = list(self._item.query(f"{_COPY}#{server_id}", condition, consistent_read=True, limit=limit + 1))
        return [_copy_of(item) for item in found[:limit]], found[limit - 1].sk if len(found) > limit else None

    def save(self, before: ClientCopy | None, after: ClientCopy) -> None:
        place = _place(after.server_id, after.document.url)
        item, ttl = self._item, after.checked_at + _KEPT
        if before is None:
            new = item(*place, kind=_COPY, body=encode(after), updated_at=after.checked_at, ttl=ttl)
            new.revoked_at = after.withdrawn_at
            if not self._put_once(new):
                raise Conflict(after.document.url)
            return
        withdrawn = item.revoked_at
        same = withdrawn.does_not_exist() if before.withdrawn_at is None else withdrawn == before.withdrawn_at
        changes: list[Action] = [item.body.set(encode(after)), item.updated_at.set(after.checked_at), item.ttl.set(ttl)]
        changes.append(withdrawn.remove() if after.withdrawn_at is None else withdrawn.set(after.withdrawn_at))
        unchanged = (item.updated_at == before.checked_at) & same
        try:
            if after.generation != before.generation:
                self._save_ended(place, changes, unchanged, after)
            else:
                self._change_once(place, changes, unchanged, mark="writer")
        except (Refused, NotFound, ConditionFailed):
            raise Conflict(after.document.url) from None

    def _save_ended(
        self, place: tuple[str, str], changes: Sequence[Action], unchanged: Condition, after: ClientCopy
    ) -> None:
        """Change a copy, and leave a notice that what was given under the one before has ended."""
        item, at = self._item, after.checked_at if after.withdrawn_at is None else after.withdrawn_at
        ended = EndedTokens.of_client(after.document.url, after.generation, at=at, server_id=after.server_id)

        def write(transaction: TransactWrite) -> None:
            transaction.update(item(*place), list(changes), condition=item.pk.exists() & unchanged)
            transaction.save(ended_item(item, ended))

        self._transact(write)

    def claim(self, url: str, *, at: int, until: int) -> bool:
        # Who may claim again at ``until``, and not a second later: expired is what ends before the next second.
        claim = self._item(f"{_CLAIM}#{secret_digest(url)}", HEAD, kind=_CLAIM, expires_at=until, ttl=until + GRACE)
        return self._put_once(claim, unless_live_at=at + 1)


def _place(server_id: str, url: str) -> tuple[str, str]:
    return f"{_COPY}#{server_id}", secret_digest(url)


def _copy_of(item: GrantItem) -> ClientCopy:
    if item.kind != _COPY:
        raise NotFound(_COPY)
    return decode(item.body or "", ClientCopy)
