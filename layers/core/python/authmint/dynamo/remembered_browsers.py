"""``RememberedBrowsers`` in DynamoDB: ``REMEMBERED#user``/``digest``."""

from collections.abc import Sequence
from typing import Final

from ..storage.errors import AlreadyExists, NotFound
from ..storage.remembered_browsers import RememberedBrowser
from .connection import translated
from .grant_records import GRACE, MAX_KEY, GrantRecords
from .records import decode, encode
from .servers import well_formed

_KIND: Final = "REMEMBERED"


class DynamoRememberedBrowsers(GrantRecords):
    """``RememberedBrowsers``."""

    def add(self, browser: RememberedBrowser) -> None:
        item = self._item(
            f"{_KIND}#{browser.user_id}",
            browser.digest,
            kind=_KIND,
            body=encode(browser),
            expires_at=browser.expires_at,
            ttl=browser.expires_at + GRACE,
        )
        if not self._put_once(item):
            raise AlreadyExists("digest")

    def get(self, user_id: str, digest: str) -> RememberedBrowser:
        if not (well_formed(user_id, MAX_KEY) and well_formed(digest, MAX_KEY)):
            raise NotFound(_KIND)
        with translated():
            try:
                item = self._item.get(f"{_KIND}#{user_id}", digest, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(_KIND) from None
        return decode(item.body or "", RememberedBrowser)

    def of_user(self, user_id: str) -> Sequence[RememberedBrowser]:
        if not well_formed(user_id, MAX_KEY):
            return []
        with translated():
            listed = list(self._item.query(f"{_KIND}#{user_id}", consistent_read=True))
        found = [decode(item.body or "", RememberedBrowser) for item in listed]
        return sorted(found, key=lambda browser: (browser.created_at, browser.digest))

    def forget(self, user_id: str, digest: str) -> None:
        if not (well_formed(user_id, MAX_KEY) and well_formed(digest, MAX_KEY)):
            return
        with translated():
            self._item(f"{_KIND}#{user_id}", digest).delete()
