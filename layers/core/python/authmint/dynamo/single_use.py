"""What records have in common that are used once: stored once, found while they are unused, used by one call alone.

A used one stays until its time is over: a repeated deletion could not tell whose it was.
"""

from typing import Final, Protocol

from pynamodb.expressions.condition import Condition

from ..storage.errors import AlreadyExists, NotFound
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .records import encode
from .servers import well_formed

SPENT: Final = "SPENT"


class SingleUse(Protocol):
    """A record by the digest of what it is found by."""

    @property
    def digest(self) -> str: ...

    @property
    def expires_at(self) -> int: ...


class SingleUseRecords(GrantRecords):
    """Items of one kind, each in a partition of its own."""

    kind: str

    def _add(self, record: SingleUse) -> None:
        """Raises AlreadyExists: a call before this one stored it."""
        item = self._item(
            f"{self.kind}#{record.digest}",
            HEAD,
            kind=self.kind,
            body=encode(record),
            expires_at=record.expires_at,
            ttl=record.expires_at + GRACE,
        )
        if not self._put_once(item):
            raise AlreadyExists("digest")

    def _unused(self, digest: str) -> GrantItem:
        """Raises NotFound: there is none, or it was used."""
        item = self._found(self.kind, digest)
        if item.status == SPENT:
            raise NotFound(self.kind)
        return item

    def _use(self, digest: str, condition: Condition | None = None) -> GrantItem:
        """Use one up where the condition holds, too. Raises NotFound: none, it was used, or the condition does not."""
        if not well_formed(digest, MAX_KEY):
            raise NotFound(self.kind)
        status = self._item.status
        unused: Condition = status.does_not_exist()
        place = (f"{self.kind}#{digest}", HEAD)
        try:
            usable = unused if condition is None else unused & condition
            return self._change_once(place, [status.set(SPENT)], usable, mark="spender")
        except Refused:
            raise NotFound(self.kind) from None
