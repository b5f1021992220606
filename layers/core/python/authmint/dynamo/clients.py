"""``Clients`` in DynamoDB: an item per client, one per label that is reserved, one in the list."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..clock import Clock
from ..storage.clients import Client
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event
from ..storage.logout_notices import EndedTokens
from .connection import translated
from .items import HEAD, ConfigItem
from .memberships import alive, at_once, sweep, tombstone
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

if TYPE_CHECKING:  # most functions never change who administers
    from ..storage.roles import BookChange

CLIENTS: Final = "CLIENTS"
MAX_ID: Final = 100


def partition(client_id: str) -> str:
    """The partition of one client."""
    return f"CLIENT#{client_id}"


def mapping_partition(source_id: str) -> str:
    """The partition of what users' profiles are made of when they come from an app or a provider."""
    return f"MAPPING#{source_id}"


class DynamoClients:
    """``Clients``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._item = tables.config
        self._clock = clock

    def get(self, client_id: str) -> Client:
        if not well_formed(client_id, MAX_ID):
            raise NotFound(client_id)
        with translated():
            try:
                item = self._item.get(partition(client_id), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(client_id) from None
        if item.deleted_at is not None:
            raise NotFound(client_id)
        return client_of(item.body)

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[Client]:
        condition = None if after is None else self._item.sk > after
        with translated():
            listed = self._item.query(CLIENTS, condition, consistent_read=True, limit=limit)
            keys = [(partition(item.sk), HEAD) for item in listed]
        return self._heads(keys)

    def many(self, client_ids: Sequence[str]) -> Sequence[Client]:
        return self._heads([(partition(client_id), HEAD) for client_id in dict.fromkeys(client_ids)])

    def _heads(self, keys: Sequence[tuple[str, str]]) -> Sequence[Client]:
        with translated():
            # One deleted since it was listed is missing here, as it should be.
            found = [client_of(item.body) for item in self._batch(keys) if item.deleted_at is None]
        return sorted(found, key=lambda client: client.id)

    def _batch(self, keys: Sequence[tuple[str, str]]) -> Iterator[ConfigItem]:
        yield from self._item.batch_get(keys, consistent_read=True)

    def add(self, client: Client, events: Sequence[Event]) -> None:
        client = replace(client, version=1)
        try:
            with self._tables.transaction(events) as write:
                write.save(self._head(client), condition=self._item.pk.does_not_exist())
                write.save(self._item(CLIENTS, client.id))
                if client.reserves_label:
                    write.save(self._label(client), condition=self._item.pk.does_not_exist())
        except ConditionFailed as error:
            raise AlreadyExists("id" if error.failed[0] else "label") from None

    def save(self, before: Client, after: Client, events: Sequence[Event]) -> None:
        kept = before.label == after.label and before.reserves_label == after.reserves_label
        released = before.reserves_label and not kept
        try:
            with self._tables.transaction(events) as write:
                if released:
                    write.delete(self._label(before))
                self.put(write, before, after)
                if after.token_generation != before.token_generation:
                    self._put_ended(write, after.id, after.token_generation)
                if after.reserves_label and not kept:
                    write.save(self._label(after), condition=self._item.pk.does_not_exist())
        except ConditionFailed as error:
            if error.failed[int(released)]:
                raise Conflict(before.id) from None
            raise AlreadyExists("label") from None

    def put(self, write: TransactWrite, before: Client, after: Client) -> None:
        """A change that leaves the label alone, as a part of a transaction: one put on a condition."""
        write.save(self._head(replace(after, version=before.version + 1)), condition=self._at(before))

    def delete(self, client: Client, events: Sequence[Event], *, book: "BookChange | None" = None) -> None:
        own = partition(client.id)
        try:
            with self._tables.transaction(events) as write:
                if client.reserves_label:
                    write.delete(self._label(client))
                write.delete(self._item(CLIENTS, client.id))
                write.delete(self._item(mapping_partition(client.id), HEAD))
                write.save(tombstone(self._item, own, client.version, self._clock.now()), condition=self._at(client))
                self._put_ended(write, client.id, client.token_generation + 1)
                if book is not None:
                    from .roles import put_roles  # few clients administer

                    put_roles(write, self._item, book)
        except ConditionFailed:
            raise Conflict(client.id) from None
        at_once(lambda: sweep(self._tables, own))

    def _put_ended(self, write: TransactWrite, client_id: str, generation: int) -> None:
        """Store that what the client had before a generation counts no more."""
        from .logout_notices import put_ended_tokens  # most changes end none

        put_ended_tokens(write, self._tables, EndedTokens.of_client(client_id, generation, at=self._clock.now()))

    def _at(self, client: Client) -> Condition:
        unchanged: Condition = self._item.version == client.version  # pynamodb types it as bool
        held: Condition = unchanged & alive(self._item)
        return held

    def _head(self, client: Client) -> ConfigItem:
        return self._item(partition(client.id), HEAD, body=encode(client), version=client.version)

    def _label(self, client: Client) -> ConfigItem:
        return self._item(f"LABEL#{client.label}", HEAD, owner=client.id)


def client_of(body: str | None) -> Client:
    """The client of an item's body."""
    return decode(body or "", Client)
