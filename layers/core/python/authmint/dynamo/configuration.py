"""``Configuration`` of the hot path: one BatchGetItem for a server's version and a client; the rest is kept warm."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from ..clock import Clock
from ..storage.clients import Client
from ..storage.configuration import Snapshot
from ..storage.errors import NotFound
from ..storage.servers import AuthorizationServer
from .clients import MAX_ID as MAX_CLIENT_ID
from .clients import client_of
from .clients import partition as client_partition
from .connection import translated
from .items import HEAD
from .schema_version import PARTITION as VERSION
from .schema_version import SchemaVersion
from .server_items import partition as server_partition
from .servers import MAX_ID as MAX_SERVER_ID
from .servers import DynamoServers, well_formed
from .tables import Tables

_SERVERS_KEPT: Final = 1_000
_CLIENTS_KEPT: Final = 10_000
_T = TypeVar("_T")
_Item = Mapping[str, Mapping[str, str]]


class _Recent(Generic[_T]):
    """The values used last, so many of them."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._values: OrderedDict[str, _T] = OrderedDict()

    def get(self, key: str) -> _T | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: _T) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._kept:
            self._values.popitem(last=False)

    def drop(self, key: str) -> None:
        self._values.pop(key, None)


@dataclass(frozen=True)
class _Known(Generic[_T]):
    """A record, what its item said, and when that was read (milliseconds)."""

    record: _T
    stamp: str
    read_at: int


class WarmConfiguration:
    """``Configuration`` that keeps servers and clients of this warm instance.

    Args:
        tables: The config table.
        clock: For staleness.
        staleness: Milliseconds for which a record may be used without asking DynamoDB. 0: every request asks, so
            a change is seen by the next request. Otherwise a change is seen by every request that begins
            ``staleness`` after it was committed, or later.
    """

    def __init__(self, tables: Tables, clock: Clock, *, staleness: int = 0) -> None:
        self._client = tables.connection.client
        self._table = tables.config.Meta.table_name
        self._retrying = tables.retrying
        self._plain = DynamoServers(tables, clock)
        self._clock = clock
        self._version = SchemaVersion(tables.config, clock)
        self._staleness = staleness
        self._servers: _Recent[_Known[AuthorizationServer]] = _Recent(_SERVERS_KEPT)
        self._clients: _Recent[_Known[Client]] = _Recent(_CLIENTS_KEPT)
        self._aliases: _Recent[str] = _Recent(_SERVERS_KEPT)

    def read(self, server_id: str, client_id: str | None = None) -> Snapshot:
        server_id = self._aliases.get(server_id) or server_id
        now = self._clock.now_ms() if self._staleness else 0
        if self._staleness:
            server = self._servers.get(server_id)
            client = None if client_id is None else self._clients.get(client_id)
            fresh = now - self._staleness
            if server and server.read_at > fresh and (client_id is None or (client and client.read_at > fresh)):
                return Snapshot(server.record, client.record if client else None)
        keys = []
        if well_formed(server_id, MAX_SERVER_ID):
            keys.append(server_partition(server_id))
        if client_id is not None and well_formed(client_id, MAX_CLIENT_ID):
            keys.append(client_partition(client_id))
        if keys and self._version.due():  # in the call that is made anyway
            items = self._items([*keys, VERSION])
            self._version.meet(items.get(VERSION))
        else:
            items = self._items(keys) if keys else {}
        head = items.get(server_partition(server_id))
        if head is not None and "alias" in head:
            self._aliases.put(server_id, head["alias"]["S"])
            return self.read(server_id, client_id)
        found = None if client_id is None else items.get(client_partition(client_id))
        return Snapshot(self._server(server_id, head, now), self._client_of(client_id or "", found, now))

    def _server(self, server_id: str, head: _Item | None, now: int) -> AuthorizationServer | None:
        if head is None or "deleted_at" in head:
            self._servers.drop(server_id)
            return None
        stamp = head["version"]["N"]
        known = self._servers.get(server_id)
        if known is not None and (known.stamp == stamp or known.record.version > int(stamp)):
            server = known.record
        else:
            try:
                server = self._plain.get(server_id) if known is None else self._plain.renewed(known.record)
            except NotFound:  # deleted since
                self._servers.drop(server_id)
                return None
        if self._staleness or known is None or known.record is not server:
            self._servers.put(server_id, _Known(server, str(server.version), now))
        return server

    def _client_of(self, client_id: str, item: _Item | None, now: int) -> Client | None:
        if item is None or "deleted_at" in item:
            self._clients.drop(client_id)
            return None
        body = item["body"]["S"]
        known = self._clients.get(client_id)
        client = known.record if known is not None and known.stamp == body else client_of(body)
        if self._staleness or known is None or known.record is not client:
            self._clients.put(client_id, _Known(client, body, now))
        return client

    def _items(self, partitions: list[str]) -> dict[str, _Item]:
        """The head items of partitions, consistent."""
        wanted: dict[str, Any] = {
            self._table: {
                "Keys": [{"pk": {"S": pk}, "sk": {"S": HEAD}} for pk in partitions],
                "ConsistentRead": True,
            }
        }
        found: dict[str, _Item] = {}

        def attempt() -> None:
            nonlocal wanted
            with translated():
                answer = self._client.batch_get_item(RequestItems=wanted)
            found.update({item["pk"]["S"]: item for item in answer["Responses"].get(self._table, ())})
            wanted = answer.get("UnprocessedKeys") or {}
            if wanted:
                raise _Unprocessed

        self._retrying(attempt, on=(_Unprocessed,))
        return found


class _Unprocessed(Exception):
    """DynamoDB left keys for another call: it is throttling."""
