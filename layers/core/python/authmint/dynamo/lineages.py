"""``Lineages`` in DynamoDB: one BatchGetItem across two tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..storage.errors import Unavailable
from ..storage.lineages import Ancestor, Lineage
from .clients import MAX_ID, client_of
from .clients import partition as client_partition
from .connection import translated
from .items import HEAD
from .revocations import revoked
from .servers import well_formed
from .tables import Tables
from .token_family_items import FAMILY, family_of
from .token_family_items import partition as family_partition

_Item = Mapping[str, Mapping[str, str]]


class DynamoLineages:
    """``Lineages``."""

    def __init__(self, tables: Tables) -> None:
        if tables.grants is None:
            raise Unavailable("this function has no grants table")
        self._tables = tables
        self._grants = tables.grants
        self._client = tables.connection.client

    def read(self, ancestors: Sequence[Ancestor]) -> Lineage:
        revocations = {revoked(one.server_id, one.jti): (one.server_id, one.jti) for one in ancestors}
        families = {family_partition(one.family_id) for one in ancestors if one.family_id is not None}
        clients = {client_partition(one.client_id) for one in ancestors if well_formed(one.client_id, MAX_ID)}
        config, grants = self._tables.config.Meta.table_name, self._grants.Meta.table_name
        found = self._items({config: sorted(clients), grants: [*sorted(families), *sorted(revocations)]})
        heads = [self._grants.from_raw_data(dict(item)) for pk, item in found[grants].items() if pk in families]
        living = [item for item in found[config].values() if "deleted_at" not in item]
        return Lineage(
            {family.id: family for family in (family_of(head) for head in heads if head.kind == FAMILY)},
            {client.id: client for client in (client_of(item["body"]["S"]) for item in living)},
            frozenset(place for pk, place in revocations.items() if pk in found[grants]),
        )

    def _items(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, dict[str, _Item]]:
        """Head items by table and partition, consistent."""
        left: dict[str, Any] = {
            table: {"Keys": [{"pk": {"S": pk}, "sk": {"S": HEAD}} for pk in partitions], "ConsistentRead": True}
            for table, partitions in wanted.items()
            if partitions
        }
        found: dict[str, dict[str, _Item]] = {table: {} for table in wanted}

        def attempt() -> None:
            nonlocal left
            with translated():
                answer = self._client.batch_get_item(RequestItems=left)
            for table, items in answer["Responses"].items():
                found[table].update({item["pk"]["S"]: item for item in items})
            left = answer.get("UnprocessedKeys") or {}
            if left:
                raise _Unprocessed

        self._tables.retrying(attempt, on=(_Unprocessed,))
        return found


class _Unprocessed(Exception):
    """DynamoDB left keys for another call: it is throttling."""
