"""Items of the three tables: keys, what is indexed, and a record's JSON in ``body``."""

import threading
from typing import Any, ClassVar, Final, TypeVar, cast

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection.base import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

HEAD = "#"
_JOINING: Final = threading.Lock()
DUE = "due"


class RotationIndex(GlobalSecondaryIndex["ConfigItem"]):  # type: ignore[no-untyped-call]
    """Sparse: only what the schedule has to look at, by when."""

    class Meta:
        index_name = "rotation"
        projection = KeysOnlyProjection()

    rotation_due = UnicodeAttribute(hash_key=True)
    rotate_at = NumberAttribute(range_key=True)


class Item(Model):
    """What every item has. ``bound`` makes the class for one table.

    Attributes:
        version: Of a head item of configuration: raised by every change of what it heads. Of the item that says which
            form a table has (``schema_version``): that form.
    """

    shared: ClassVar[Connection]
    joined: ClassVar[bool] = False

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """Pynamodb would open a client per model; ours share one. Of threads that come at once, one joins it."""
        if not cls.joined:
            with _JOINING:
                if not cls.joined:
                    table = super()._get_connection()
                    cls.shared.add_meta_table(table.connection.get_meta_table(cls.Meta.table_name))
                    table.connection = cls.shared
                    cls.joined = True
        return cast("TableConnection", cls._connection)


class ConfigItem(Item):
    """An item of the configuration table.

    Attributes:
        rev: Of an item below a head: the head's version when it was written.
        alias: Of a head: the partition that holds the record.
        deleted_at: Of a head: the id was in use and never is again.
        owner: Of a unique value: who has it.
        failed_attempts: Of a user's sign-ins: wrong passwords in a row.
        last_login_at: Of a user's sign-ins.
        failed_codes: Of a user's sign-ins: codes tried since the last right one.
        code_tried_at: Of a user's sign-ins: when the last of them was.
        last_step: Of a TOTP factor: the last step that was used.
        sign_count, backed_up: Of a key: what its authenticator said last.
        last_used_at: Of a factor.
        members_at: Of a group: when a membership changed last.
    """

    rev = NumberAttribute(null=True)
    alias = UnicodeAttribute(null=True)
    deleted_at = NumberAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    failed_attempts = NumberAttribute(null=True)
    last_login_at = NumberAttribute(null=True)
    failed_codes = NumberAttribute(null=True)
    code_tried_at = NumberAttribute(null=True)
    last_step = NumberAttribute(null=True)
    sign_count = NumberAttribute(null=True)
    backed_up = NumberAttribute(null=True)
    last_used_at = NumberAttribute(null=True)
    members_at = NumberAttribute(null=True)
    rotation_due = UnicodeAttribute(null=True)
    rotate_at = NumberAttribute(null=True)
    rotation = RotationIndex()


class GrantItem(Item):
    """What is single-use or revocable. Conditions stand on attributes; the rest of a record is in ``body``.

    Attributes:
        kind: Of which record; a reader of another kind does not find it.
        owner: Of an item that leads to a record: what the record is found by.
        writer: Tells a repeated call its own write from another's.
        spender: The same, of a record that two calls after another may change once each.
        status: Of what moves on: the state it is in.
        current: Of a family: digest of its youngest refresh token.
        uses: Of a counter: how many there were.
        listed: Of a family: tokens that end with it are in status lists.
        due_at: Of mail: when somebody is to send it.
    """

    kind = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    writer = UnicodeAttribute(null=True)
    spender = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    updated_at = NumberAttribute(null=True)
    revoked_at = NumberAttribute(null=True)
    revoked_because = UnicodeAttribute(null=True)
    current = UnicodeAttribute(null=True)
    rotated_at = NumberAttribute(null=True)
    spent_at = NumberAttribute(null=True)
    polled_at = NumberAttribute(null=True)
    interval = NumberAttribute(null=True)
    uses = NumberAttribute(null=True)
    listed = NumberAttribute(null=True)
    due_at = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    ttl = NumberAttribute(null=True)


class EventItem(Item):
    """An item of the system log: an event, or a chunk of them.

    Attributes:
        pack: Of a chunk: its events (``event_chunks``).
        since: Of a chunk: what was recorded before this, in milliseconds, holds none of its events.
        first, last: Of a chunk: when the first and the last of its events happened, in milliseconds.
    """

    pack = BinaryAttribute(null=True, legacy_encoding=False)
    since = NumberAttribute(null=True)
    first = NumberAttribute(null=True)
    last = NumberAttribute(null=True)
    ttl = NumberAttribute(null=True)


_I = TypeVar("_I", bound=Item)


def bound(item: type[_I], table_name: str, connection: Connection) -> type[_I]:
    """The item class of one table, over a connection shared with the other tables."""
    meta: Any = type("Meta", (), {"table_name": table_name})
    return cast("type[_I]", type(item.__name__, (item,), {"Meta": meta, "shared": connection}))
