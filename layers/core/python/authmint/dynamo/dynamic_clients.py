"""``DynamicClients`` and ``RegistrationTokens`` in DynamoDB: a partition of each per server, and a count of clients.

What registers may write here and nowhere else. The count is only for the limit: a client that expires is not taken off
it. Where it says that there are too many, they are counted anew, at most once a minute.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.dynamic_clients import DynamicClient, RegistrationToken, TooMany, token_id
from ..storage.errors import AlreadyUsed, Conflict, NotFound
from ..storage.events import Event
from ..storage.logout_notices import EndedTokens
from .connection import translated
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .logout_notices import ended_item
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed

_CLIENT: Final = "DYNCLIENT"
_COUNT: Final = "DYNCOUNT"
_TOKEN: Final = "DYNTOKEN"
#: Seconds that an expired client is still told apart from one that never was.
_KEPT: Final = 7 * 86_400
#: Seconds between two times that all clients of a server are counted.
_RECOUNT: Final = 60


class DynamoDynamicClients(GrantRecords):
    """``DynamicClients``. What conditions ask for stands on attributes: ``revoked_at`` is the generation."""

    def get(self, server_id: str, client_id: str) -> DynamicClient:
        if not (well_formed(server_id, MAX_KEY) and well_formed(client_id, MAX_KEY)):
            raise NotFound(_CLIENT)
        with translated():
            try:
                item = self._item.get(*_place(server_id, client_id), consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(_CLIENT) from None
        return client_of(item)

    def list(self, server_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[DynamicClient]:
        if not well_formed(server_id, MAX_KEY) or (after and not well_formed(after, MAX_KEY)):
            return []
        condition = self._item.sk > after if after else None
        with translated():
            found = self._item.query(f"{_CLIENT}#{server_id}", condition, consistent_read=True, limit=limit)
            return [client_of(item) for item in found]

    def register(self, client: DynamicClient, *, most: int, at: int, token: str | None = None) -> DynamicClient:
        while True:
            try:
                self._transact(lambda write: self._register(write, client, most, at, token))
            except ConditionFailed as error:
                taken, full, *spent = error.failed
                if taken:
                    return self.get(client.server_id, client.id)
                if any(spent):
                    raise AlreadyUsed("registration token") from None
                if full and self._recounted(client.server_id, most, at):
                    continue
                raise TooMany from None
            return client

    def _register(self, write: TransactWrite, client: DynamicClient, most: int, at: int, token: str | None) -> None:
        item = self._item
        write.save(
            self._new(client),
            condition=item.pk.does_not_exist() | ((item.status == "ACTIVE") & (item.expires_at <= at)),
        )
        write.update(
            item(f"{_COUNT}#{client.server_id}", HEAD),
            [item.uses.add(1), item.kind.set(_COUNT)],
            condition=item.uses.does_not_exist() | (item.uses < most),
        )
        if token is not None:
            write.update(
                item(f"{_TOKEN}#{client.server_id}", token_id(token)),
                [item.uses.add(-1)],
                condition=(item.owner == token) & (item.uses > 0) & (item.expires_at > at),
            )

    def _recounted(self, server_id: str, most: int, at: int) -> bool:
        """Count the clients that live; whether there is room."""
        item, place = self._item, (f"{_COUNT}#{server_id}", HEAD)
        with translated():
            known = item.get(*place, consistent_read=True)
            if known.updated_at is not None and at < known.updated_at + _RECOUNT:
                return False
            live = (item.status == "ACTIVE") & (item.expires_at > at)
            there = item.query(f"{_CLIENT}#{server_id}", filter_condition=live, consistent_read=True)
            count = sum(1 for _ in there)
        try:
            # Who registered meanwhile is in the old count and perhaps not in the new one.
            self._change_once(
                place, [item.uses.set(count), item.updated_at.set(at)], item.uses == known.uses, mark="writer"
            )
        except Refused:
            return True  # or not: the next attempt knows
        return count < most

    def touch(self, client: DynamicClient, *, until: int, at: int) -> None:
        item = self._item
        until = max(until, client.expires_at)
        changes = [item.expires_at.set(until), item.updated_at.set(at), item.ttl.set(until + _KEPT)]
        try:
            alive = (item.status == "ACTIVE") & (item.expires_at > at)
            self._change_once(_place(client.server_id, client.id), changes, alive)
        except Refused:
            raise NotFound(client.id) from None

    def block(self, client: DynamicClient, *, at: int, events: Sequence[Event]) -> DynamicClient:
        after = replace(client, status="BLOCKED", generation=max(client.generation + 1, at))
        return self._turned(client, after, events)

    def unblock(self, client: DynamicClient, *, until: int, at: int, events: Sequence[Event]) -> DynamicClient:
        after = replace(client, status="ACTIVE", created_at=at, expires_at=until, used_at=None)
        return self._turned(client, after, events)

    def _turned(self, before: DynamicClient, after: DynamicClient, events: Sequence[Event]) -> DynamicClient:
        item = self._item
        same = item.revoked_at.does_not_exist() if not before.generation else item.revoked_at == before.generation
        try:
            with self._tables.transaction(events) as write:
                write.save(self._new(after), condition=(item.status == before.status) & same)
                if after.generation != before.generation:
                    ended = EndedTokens.of_client(
                        after.id, after.generation, at=after.generation, server_id=after.server_id
                    )
                    write.save(ended_item(item, ended))
        except ConditionFailed:
            self.get(before.server_id, before.id)
            raise Conflict(before.id) from None
        return after

    def _new(self, client: DynamicClient) -> GrantItem:
        item = self._item(
            *_place(client.server_id, client.id),
            kind=_CLIENT,
            body=encode(client),
            status=client.status,
            expires_at=client.expires_at,
            # Who is blocked stays so, though nobody uses it.
            ttl=client.expires_at + _KEPT if client.status == "ACTIVE" else None,
        )
        item.updated_at, item.revoked_at = client.used_at, client.generation or None
        return item


class DynamoRegistrationTokens(GrantRecords):
    """``RegistrationTokens``. Of the uses, the attribute counts."""

    def add(self, token: RegistrationToken, events: Sequence[Event]) -> None:
        new = self._item(
            f"{_TOKEN}#{token.server_id}",
            token.id,
            kind=_TOKEN,
            owner=token.digest,
            body=encode(token),
            uses=token.uses,
            expires_at=token.expires_at,
            ttl=token.expires_at + GRACE,
        )
        with self._tables.transaction(events) as write:
            write.save(new, condition=self._item.pk.does_not_exist())

    def get(self, server_id: str, identifier: str) -> RegistrationToken:
        if not (well_formed(server_id, MAX_KEY) and well_formed(identifier, MAX_KEY)):
            raise NotFound(_TOKEN)
        with translated():
            try:
                return _token_of(self._item.get(f"{_TOKEN}#{server_id}", identifier, consistent_read=True))
            except self._item.DoesNotExist:
                raise NotFound(_TOKEN) from None

    def list(self, server_id: str) -> Sequence[RegistrationToken]:
        if not well_formed(server_id, MAX_KEY):
            return []
        with translated():
            return [_token_of(item) for item in self._item.query(f"{_TOKEN}#{server_id}", consistent_read=True)]

    def delete(self, token: RegistrationToken, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                write.delete(
                    self._item(f"{_TOKEN}#{token.server_id}", token.id), condition=self._item.owner == token.digest
                )
        except ConditionFailed:
            raise NotFound(_TOKEN) from None


def client_of(item: GrantItem) -> DynamicClient:
    """The record of an item.

    Raises:
        NotFound: It is of another kind.
    """
    if item.kind != _CLIENT:
        raise NotFound(_CLIENT)
    known = decode(item.body or "", DynamicClient)
    used_at = None if item.updated_at is None else int(item.updated_at)
    return replace(known, expires_at=int(item.expires_at or 0), used_at=used_at)


def _token_of(item: GrantItem) -> RegistrationToken:
    return replace(decode(item.body or "", RegistrationToken), uses=int(item.uses or 0))


def _place(server_id: str, client_id: str) -> tuple[str, str]:
    return f"{_CLIENT}#{server_id}", client_id
