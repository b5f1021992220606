"""What directories call users and groups: ``EXTERNALID#kind#digest``/``id`` finds them (docs/protocol.md §41)."""

import hashlib
from typing import Literal

from pynamodb.transactions import TransactWrite

from ..jose.encoding import b64encode
from .connection import translated
from .items import ConfigItem

Kind = Literal["user", "group"]


def found_by(item: type[ConfigItem], kind: Kind, external_id: str) -> list[str]:
    """Ids of those that may be called so: who reads them looks again."""
    with translated():
        return [one.sk for one in item.query(_partition(kind, external_id), consistent_read=True)]


def renamed(
    write: TransactWrite, item: type[ConfigItem], kind: Kind, own_id: str, before: str | None, after: str | None
) -> int:
    """Have somebody found by another name from now on. Gives how many deletions that takes."""
    if before == after:
        return 0
    if before is not None:
        write.delete(item(_partition(kind, before), own_id))
    if after is not None:
        write.save(item(_partition(kind, after), own_id))
    return int(before is not None)


def _partition(kind: Kind, external_id: str) -> str:
    digest = hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).digest()
    return f"EXTERNALID#{kind}#{b64encode(digest)}"
