"""Links between users, groups and clients: two items, one in the partition of either end, written together.

Deleting an end leaves a tombstone for its head, at which every reader and every new link stops at once. Its links
are swept afterwards, however many they are; the tombstone goes last, so that a crash leaves work that is found again.
"""

from collections.abc import Callable, Sequence
from typing import Final

from pynamodb.exceptions import DeleteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..storage.errors import Conflict, Unavailable
from .connection import error_code, translated
from .items import HEAD, ConfigItem
from .tables import MAX_OPERATIONS, Tables

SWEEP: Final = "sweep"
#: Items below a user that are no links: what is held for the user elsewhere, and what is the user's own.
HOLDS: Final = "CREDENTIAL#"
HOLDS_SUBJECT: Final = "IDPSUBJECT#"
OWN: Final = "FACTOR#"
_SWEEP: Final = 1_000
_PER_TRANSACTION: Final = MAX_OPERATIONS // 2
_DUE_AT_ONCE: Final = 1_000


def link(
    write: TransactWrite, item: type[ConfigItem], one: str, other: str, *, body: str | None, condition: bool = True
) -> None:
    """Link two partitions. ``body`` stands on both items; where ``condition``, only if there is no link yet."""
    absent = item.pk.does_not_exist() if condition else None
    write.save(item(one, other, body=body), condition=absent)
    write.save(item(other, one, body=body))


def unlink(write: TransactWrite, item: type[ConfigItem], one: str, other: str) -> None:
    """Remove a link that must be there."""
    write.delete(item(one, other), condition=item.pk.exists())
    write.delete(item(other, one))


def alive(item: type[ConfigItem]) -> Condition:
    """That a head is there and no tombstone."""
    there: Condition = item.pk.exists() & item.deleted_at.does_not_exist()
    return there


def linked(
    item: type[ConfigItem], partition: str, kind: str, *, after: str | None = None, limit: int
) -> Sequence[ConfigItem]:
    """Links of one kind (``USER#``), in ascending id, by one consistent Query."""
    if after is not None:
        # One past the last of the kind: a range has no prefix. "#" is followed by "$".
        condition = item.sk.between(f"{kind}{after}", f"{kind[:-1]}$")
        with translated():
            found = list(item.query(partition, condition, consistent_read=True, limit=limit + 1))
        return [one for one in found if one.sk.startswith(kind) and one.sk != f"{kind}{after}"][:limit]
    with translated():
        return list(item.query(partition, item.sk.startswith(kind), consistent_read=True, limit=limit))


def id_of(key: str) -> str:
    """``00u1`` of ``USER#00u1``."""
    return key.partition("#")[2]


def tombstone(item: type[ConfigItem], partition: str, version: int, at: int) -> ConfigItem:
    """The head of what is deleted and has yet to be swept."""
    return item(partition, HEAD, version=version + 1, deleted_at=at, rotation_due=SWEEP, rotate_at=at)


def sweep(
    tables: Tables, partition: str, *, limit: int = _SWEEP, released: Callable[[str], None] | None = None
) -> bool:
    """Remove a part of what is left of a deleted head, and at last its tombstone. True when nothing is left.

    Args:
        tables: The config table.
        partition: Of the deleted one.
        limit: Links at once.
        released: Told the partition of every client that loses the link, before it is removed.

    Raises:
        Conflict: Something below it is being changed. Part of it may be removed.
        Unavailable: The same.
    """
    item = tables.config
    with translated():
        found = item.query(
            partition, item.sk > HEAD, consistent_read=True, limit=limit + 1, attributes_to_get=["pk", "sk"]
        )
        keys = [(one.pk, one.sk) for one in found]
    for _, other in keys[:limit]:
        if released is not None and other.startswith("CLIENT#"):
            released(other)
    for start in range(0, min(len(keys), limit), _PER_TRANSACTION):
        # Transactions, though nothing has to be whole here: they need no permission to put, as batches do.
        with tables.transaction() as write:
            for pk, sk in keys[start : min(start + _PER_TRANSACTION, limit)]:
                write.delete(item(pk, sk))
                if (other_end := _other_end(pk, sk)) is not None:
                    write.delete(item(*other_end))
    if len(keys) > limit:
        return False
    with translated():
        try:
            item(partition, HEAD).delete(item.deleted_at.exists())
        except DeleteError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
    return True


def _other_end(pk: str, sk: str) -> tuple[str, str] | None:
    """What goes with an item below a head: the other half of a link, or a value that is held for it."""
    if sk.startswith((HOLDS, HOLDS_SUBJECT)):
        return sk, HEAD
    return (sk, pk) if "#" in sk and not sk.startswith(OWN) else None


def at_once(sweeping: Callable[[], bool]) -> None:
    """Sweep as a part of a deletion. The deletion stands already: where this fails, the schedule does it later."""
    try:
        sweeping()
    except (Conflict, Unavailable):
        return


def due(tables: Tables) -> Sequence[str]:
    """Partitions that have to be swept. May lag behind writes."""
    with translated():
        found = tables.config.rotation.query(SWEEP, limit=_DUE_AT_ONCE)
        return [item.pk for item in found]
