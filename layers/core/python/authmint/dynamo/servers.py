"""``Servers`` in DynamoDB. One transaction per change, conditional on the version of the server's head."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..clock import Clock
from ..storage.client_registration import MetadataClient
from ..storage.errors import AlreadyExists, Conflict, NotFound, Throttled
from ..storage.events import Event
from ..storage.logout_notices import EndedTokens
from ..storage.servers import AuthorizationServer
from .connection import translated
from .items import DUE, HEAD, ConfigItem
from .records import decode, encode
from .server_items import (
    CONTENTS,
    Entries,
    Torn,
    assemble,
    entries,
    head_body,
    listed,
    objects,
    partition,
    summary_body,
)
from .tables import MAX_OPERATIONS, ConditionFailed, Tables

SERVERS: Final = "SERVERS"
MAX_ID: Final = 64
_SWEEP: Final = 1_000
#: Where more changed than this, all of a server is read: one Query costs less than as many reads by key.
_RENEWED_AT_ONCE: Final = 50
_DUE_AT_ONCE: Final = 1_000


def well_formed(identifier: str, longest: int) -> bool:
    """Whether an id from a URL can be part of a key at all; what cannot is not there."""
    return 0 < len(identifier) <= longest and identifier.isascii() and identifier.isprintable()


class DynamoServers:
    """``Servers``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._item = tables.config
        self._clock = clock

    def get(self, server_id: str) -> AuthorizationServer:
        if not well_formed(server_id, MAX_ID):
            raise NotFound(server_id)
        return self._tables.retrying(lambda: self._read(server_id), on=(Torn, Throttled))

    def _read(self, server_id: str) -> AuthorizationServer:
        """One reading. Raises Torn where the server changed between its pages."""
        with translated():
            items = {item.sk: item for item in self._item.query(partition(server_id), consistent_read=True)}
        head = items.get(HEAD)
        if head is None or head.deleted_at is not None:
            raise NotFound(server_id)
        return assemble(items) if head.alias is None else self.get(head.alias)

    def renewed(self, known: AuthorizationServer) -> AuthorizationServer:
        """The server as it is now: what changed since it was read is read, the rest is not.

        Raises:
            NotFound: It was deleted since.
            Unavailable: DynamoDB did not answer.
        """
        return self._tables.retrying(lambda: self._renewed(known), on=(Torn, Throttled))

    def _renewed(self, known: AuthorizationServer) -> AuthorizationServer:
        own, before = partition(known.path_id), objects(known)
        items = self._items(own, (HEAD, CONTENTS))
        if HEAD not in items or items[HEAD].deleted_at is not None:
            raise NotFound(known.id)
        changed = [sort_key for sort_key, revision in listed(items) if revision > known.version]
        if len(changed) > _RENEWED_AT_ONCE:
            return self._read(known.path_id)
        # What was written at the known version, or before it, is as it was known.
        return assemble(items | self._items(own, changed), {key: before[key] for key in before.keys() - set(changed)})

    def _items(self, own: str, sort_keys: Sequence[str]) -> dict[str, ConfigItem]:
        with translated():
            found = self._item.batch_get([(own, sort_key) for sort_key in sort_keys], consistent_read=True)
            return {item.sk: item for item in found}

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[AuthorizationServer]:
        condition = None if after is None else self._item.sk > after
        with translated():
            found = self._item.query(SERVERS, condition, consistent_read=True, limit=limit)
            return [decode(item.body or "", AuthorizationServer) for item in found]

    def add(self, server: AuthorizationServer, events: Sequence[Event]) -> None:
        server = replace(server, version=1)
        own = partition(server.path_id)
        contents = [(sort_key, 1) for sort_key in objects(server)]
        try:
            with self._tables.transaction(events) as write:
                write.save(self._head(server), condition=self._item.pk.does_not_exist())
                if server.is_default:
                    alias = self._item(partition(server.id), HEAD, alias="default")
                    write.save(alias, condition=self._item.pk.does_not_exist())
                for sort_key, record in objects(server).items():
                    write.save(self._item(own, sort_key, body=encode(record), rev=1))
                self._put_contents(write, own, contents, 1)
                if not server.is_org:
                    write.save(self._pointer(server))
        except ConditionFailed:
            raise AlreadyExists("id") from None

    def save(self, before: AuthorizationServer, after: AuthorizationServer, events: Sequence[Event]) -> None:
        own, version = partition(before.path_id), before.version + 1
        after = replace(after, version=version)
        old, new = objects(before), objects(after)
        changed = {sort_key for sort_key, record in new.items() if old.get(sort_key) != record}
        revisions = dict(self._contents(own, before.version))
        contents = [(sort_key, version if sort_key in changed else revisions[sort_key]) for sort_key in new]
        removed = sorted(old.keys() - new.keys())
        # What does not fit leaves the contents all the same and is swept afterwards.
        room = MAX_OPERATIONS - len(changed) - len(events) - len(_ended(before, after)) - 3
        at_once, later = removed[: max(room, 0)], removed[max(room, 0) :]
        try:
            with self._tables.transaction(events) as write:
                write.save(self._head(after), condition=self._at(before))
                for sort_key in at_once:
                    write.delete(self._item(own, sort_key))
                for sort_key in sorted(changed):
                    write.save(self._item(own, sort_key, body=encode(new[sort_key]), rev=version))
                self._put_contents(write, own, contents, version)
                self._put_ended(write, before, after)
                if not after.is_org and summary_body(before) != summary_body(after):
                    write.save(self._pointer(after))
        except ConditionFailed:
            raise Conflict(before.id) from None
        self._delete_items([(own, sort_key) for sort_key in later])

    def delete(self, server: AuthorizationServer, events: Sequence[Event]) -> None:
        # Found by the schedule until nothing is left below it: a crash during the sweep leaves no orphans for ever.
        tombstone = self._item(
            partition(server.path_id),
            HEAD,
            version=server.version + 1,
            deleted_at=self._clock.now(),
            rotation_due=DUE,
            rotate_at=0,
        )
        try:
            with self._tables.transaction(events) as write:
                write.save(tombstone, condition=self._at(server))
                write.delete(self._item(SERVERS, server.id))
        except ConditionFailed:
            raise Conflict(server.id) from None
        self.sweep(server.id)

    def sweep(self, server_id: str, *, limit: int = _SWEEP) -> bool:
        """Remove what is left below a deleted server. True when nothing is left; repeat it otherwise.

        Raises:
            Unavailable: Part of it may be removed.
        """
        own = partition(server_id)
        with translated():
            left = self._item.query(
                own, self._item.sk > HEAD, consistent_read=True, limit=limit + 1, attributes_to_get=["pk", "sk"]
            )
            keys = [(item.pk, item.sk) for item in left]
        self._delete_items(keys[:limit])
        if len(keys) > limit:
            return False
        with translated():
            head = self._item(own, HEAD)
            head.update(
                [self._item.rotation_due.remove(), self._item.rotate_at.remove()], self._item.deleted_at.exists()
            )
        return True

    def due(self, *, at: int) -> Sequence[str]:
        with translated():
            found = self._item.rotation.query(DUE, self._item.rotate_at <= at, limit=_DUE_AT_ONCE)
            return [item.pk.partition("#")[2] for item in found]

    def _contents(self, own: str, version: int) -> Entries:
        with translated():
            try:
                item = self._item.get(own, CONTENTS, consistent_read=True)
            except self._item.DoesNotExist:
                raise Conflict(own) from None
        if item.rev != version:
            raise Conflict(own)
        return entries(item)

    def _at(self, server: AuthorizationServer) -> Condition:
        unchanged: Condition = self._item.version == server.version  # pynamodb types it as bool
        held: Condition = unchanged & self._item.deleted_at.does_not_exist()
        return held

    def _head(self, server: AuthorizationServer) -> ConfigItem:
        return self._item(
            partition(server.path_id),
            HEAD,
            body=head_body(server),
            version=server.version,
            rotation_due=None if server.rotate_at is None else DUE,
            rotate_at=server.rotate_at,
        )

    def _pointer(self, server: AuthorizationServer) -> ConfigItem:
        return self._item(SERVERS, server.id, body=summary_body(server))

    def _put_ended(self, write: TransactWrite, before: AuthorizationServer, after: AuthorizationServer) -> None:
        """Store that what clients by metadata document had here counts no more."""
        for client in _ended(before, after):
            from .logout_notices import put_ended_tokens  # few changes end one

            ended = EndedTokens.of_client(client.client_id, client.generation, at=self._clock.now(), server_id=after.id)
            put_ended_tokens(write, self._tables, ended)

    def _put_contents(self, write: TransactWrite, own: str, contents: Entries, version: int) -> None:
        write.save(self._item(own, CONTENTS, body=encode(contents), rev=version))

    def _delete_items(self, keys: Sequence[tuple[str, str]]) -> None:
        self._tables.delete(self._item, keys)


def _ended(before: AuthorizationServer, after: AuthorizationServer) -> Sequence[MetadataClient]:
    """Clients by metadata document whose tokens of before count no more."""
    generations = {client.client_id: client.generation for client in before.metadata_clients}
    return [
        client
        for client in after.metadata_clients
        if client.client_id in generations and client.generation != generations[client.client_id]
    ]
