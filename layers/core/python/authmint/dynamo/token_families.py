"""``TokenFamilies`` in DynamoDB: one partition per family, with its refresh tokens, and two lists that lead to it.

Revoking is one conditional write on the family's head. Rotation is one transaction that requires the head unrevoked, so
no successor is ever made in a revoked family.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby, islice
from operator import itemgetter

from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound, Unavailable
from ..storage.logout_notices import EndedTokens
from ..storage.token_families import LOOKED_AT, RefreshToken, Revoked, TokenFamily, begun_with
from .connection import translated
from .grant_records import LONGEST_CLIENT_ID, MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .logout_notices import ended_item
from .records import encode
from .servers import well_formed
from .sharded import merged, partitions
from .tables import ConditionFailed
from .token_family_items import (
    BY_USER,
    FAMILY,
    KEPT,
    REFRESH,
    TOKEN_KEPT,
    family_listed,
    family_of,
    family_until,
    holders,
    listed_until,
    lists,
    partition,
    refresh_token_of,
)

_FIRST_OF_NEXT = "$"  # the character after "#"
#: Families that are looked at together: as many as one BatchGetItem takes.
_LOOK = 100


def _range(client_id: str) -> tuple[str, str]:
    """Between what the sort keys of a client's families are."""
    return f"{client_id}#", f"{client_id}{_FIRST_OF_NEXT}"


class DynamoTokenFamilies(GrantRecords):
    """``TokenFamilies``."""

    def add(self, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        if family.ancestors:  # one item: a transaction would cost twice as much
            if not self._put_once(self._head(family, family_until(family, None))):
                raise AlreadyExists("id")
            return
        try:
            self._transact(lambda transaction: self.put(transaction, family, refresh_token))
        except ConditionFailed:
            raise AlreadyExists("id") from None

    def put(self, transaction: TransactWrite, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        """Add what a new family is made of to a transaction that has more to do."""
        family = begun_with(family, refresh_token)
        head = self._head(family, family_until(family, refresh_token))
        listed = family_until(family, None) if refresh_token is None else listed_until(refresh_token)
        items = [self._item(*place, kind=place[0].partition("#")[0], ttl=listed) for place in lists(family)]
        if refresh_token is not None:
            items.append(self._token(refresh_token))
        transaction.save(head, condition=self._item.pk.does_not_exist())
        for item in items:
            transaction.save(item)

    def get(self, family_id: str) -> TokenFamily:
        return family_of(self._found(FAMILY, family_id))

    def find(self, family_id: str, digest: str) -> tuple[TokenFamily, RefreshToken]:
        if not (well_formed(family_id, MAX_KEY) and well_formed(digest, MAX_KEY)):
            raise NotFound(REFRESH)
        keys = [(partition(family_id), HEAD), (partition(family_id), f"{REFRESH}#{digest}")]
        with translated():
            found = {item.kind: item for item in self._item.batch_get(keys, consistent_read=True)}
        if FAMILY not in found or REFRESH not in found:
            raise NotFound(REFRESH)
        return family_of(found[FAMILY]), refresh_token_of(found[REFRESH])

    def rotate(self, spent: RefreshToken, successor: RefreshToken, *, at: int) -> None:
        item = self._item
        head = item(partition(spent.family_id), HEAD)
        before, after = self._token(spent), self._token(successor)
        # First, so that what fails in between leaves a family listed for too long, and never one that is not.
        if listed_until(spent) != listed_until(successor):
            self._list_until(self.get(spent.family_id), listed_until(successor))

        def write(transaction: TransactWrite) -> None:
            unspent = item.pk.exists() & item.rotated_at.does_not_exist()
            transaction.save(before, condition=unspent, return_values="ALL_OLD")
            transaction.save(after, condition=item.pk.does_not_exist())
            alive = item.pk.exists() & item.revoked_at.does_not_exist()
            moved: list[Action] = [
                item.updated_at.set(at),
                item.current.set(successor.digest),
                item.ttl.set(successor.idle_expires_at + KEPT),
            ]
            transaction.update(head, moved, condition=alive, return_values="ALL_OLD")

        try:
            self._transact(write)
        except ConditionFailed as error:
            (was_spent, _, was_revoked), (known, _, has_head) = error.failed, error.there
            if (was_spent and not known) or (was_revoked and not has_head):
                raise NotFound(REFRESH) from None
            if was_spent or not was_revoked:
                raise AlreadyUsed("refresh token") from None
            raise Conflict("revoked") from None

    def used(self, token: RefreshToken, *, idle_expires_at: int, at: int) -> None:
        # Two writes, where a transaction would make many uses at once of a STATIC token collide. Between them the
        # family may be revoked: the token is as dead then as with an earlier expiry.
        item, place = self._item, partition(token.family_id)
        moved = [item.updated_at.set(at), item.ttl.set(idle_expires_at + KEPT)]
        try:
            head = self._change_once((place, HEAD), moved, item.revoked_at.does_not_exist())
        except Refused:
            raise Conflict("revoked") from None
        later = replace(token, idle_expires_at=idle_expires_at)
        if listed_until(token) != listed_until(later):
            self._list_until(family_of(head), listed_until(later))
        lifetime = [item.expires_at.set(idle_expires_at), item.ttl.set(idle_expires_at + TOKEN_KEPT)]
        self._change_once((place, f"{REFRESH}#{token.digest}"), lifetime)

    def enlist(self, family_id: str, *, at: int) -> None:
        if not well_formed(family_id, MAX_KEY):
            raise NotFound(FAMILY)
        item = self._item
        actions = [item.listed.set(1), item.updated_at.set(at)]
        try:
            self._change_once((partition(family_id), HEAD), actions, item.revoked_at.does_not_exist())
        except Refused:
            raise Conflict("revoked") from None

    def revoke(self, family_id: str, because: Revoked, *, at: int) -> bool:
        if not well_formed(family_id, MAX_KEY):
            raise NotFound(FAMILY)
        item = self._item
        actions: list[Action] = [
            item.revoked_at.set(at),
            item.revoked_because.set(because),
            item.updated_at.set(at),
            item.ttl.set(at + KEPT),
        ]
        place, alone = (partition(family_id), HEAD), item.revoked_at.does_not_exist() & item.listed.does_not_exist()
        family = None
        try:
            family = family_of(self._change_once(place, actions, alone, mark="writer"))
        except Refused:
            if not self._revoke_listed(family_id, actions, at):
                return False
        with suppress(Unavailable):  # The family is dead all the same, and leaves the lists a little later.
            self._list_until(family or self.get(family_id), at + KEPT)
        return True

    def _revoke_listed(self, family_id: str, actions: Sequence[Action], at: int) -> bool:
        """Kill a family and leave a notice. Whether it was alive."""
        item = self._item
        head, alive = item(partition(family_id), HEAD), item.pk.exists() & item.revoked_at.does_not_exist()

        def write(transaction: TransactWrite) -> None:
            transaction.update(head, list(actions), condition=alive)
            transaction.save(ended_item(item, EndedTokens.of_family(family_id, at=at)))

        try:
            self._transact(write)
        except ConditionFailed:
            return False
        return True

    def of_client(
        self, server_id: str, client_id: str, *, after: str | None = None, limit: int = 200
    ) -> Sequence[TokenFamily]:
        if not (well_formed(server_id, MAX_KEY) and well_formed(client_id, LONGEST_CLIENT_ID)):
            return []

        def is_theirs(family: TokenFamily) -> bool:
            return (family.server_id, family.client_id) == (server_id, client_id)

        return self._listed(partial(self._held_after, holders(server_id), client_id), after, limit, is_theirs)

    def of_user(self, user_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[TokenFamily]:
        if not well_formed(user_id, MAX_KEY):
            return []
        listing = f"{BY_USER}#{user_id}"
        return self._listed(partial(self._ids_after, listing), after, limit, lambda family: family.user_id == user_id)

    def clients_at(
        self,
        server_id: str,
        alive: Callable[[TokenFamily], bool],
        *,
        after: str | None = None,
        limit: int = 200,
        in_time: Callable[[], bool] = lambda: True,
    ) -> tuple[Sequence[str], str | None]:
        if not well_formed(server_id, MAX_KEY) or (after and not well_formed(after, LONGEST_CLIENT_ID)):
            return [], None
        listing = holders(server_id)
        with translated():
            newest = dict(islice(self._newest(listing, after), limit + 1))
            page = list(newest)[:limit]
            living = {
                family.client_id for family in self._heads([newest[client_id] for client_id in page]) if alive(family)
            }
            found: list[str] = []
            for number, client_id in enumerate(page):
                if client_id not in living and number and not in_time():
                    return found, page[number - 1]
                if client_id in living or self._any_alive(listing, client_id, alive):
                    found.append(client_id)
        return found, page[-1] if len(newest) > limit else None

    def _newest(self, listing: str, after: str | None) -> Iterator[tuple[str, str]]:
        """Clients that are listed after one, as they are listed, each with its newest family."""
        shards = [self._newest_in(partition, after) for partition in partitions(listing)]
        found = heapq.merge(*shards, key=lambda newest: f"{newest[0]}#")
        for client_id, same in groupby(found, itemgetter(0)):
            yield client_id, max(family_id for _, family_id in same)

    def _newest_in(self, partition: str, after: str | None) -> Iterator[tuple[str, str]]:
        """The same of one partition.

        Many families at once, and behind the last client of these by another Query: no item says which clients there
        are, because every sign-in at once would have to touch it.
        """
        last = f"{after}{_FIRST_OF_NEXT}" if after else " "
        while True:
            query = partial(self._item.query, partition, consistent_read=True, attributes_to_get=["pk", "sk"])
            found = list(query(self._item.sk > last, limit=_LOOK))
            newest: dict[str, str] = {}
            for item in found:  # in ascending order: the last of a client stays
                client_id, _, newest[client_id] = item.sk.partition("#")
            if len(found) < _LOOK:
                yield from newest.items()
                return
            client_id, _ = newest.popitem()
            yield from newest.items()
            for item in query(self._item.sk.between(*_range(client_id)), scan_index_forward=False, limit=1):
                yield client_id, family_listed(item.sk)
            last = f"{client_id}{_FIRST_OF_NEXT}"

    def _any_alive(self, listing: str, client_id: str, alive: Callable[[TokenFamily], bool]) -> bool:
        """Whether one of the newest families of a client is."""
        found = merged(
            self._item,
            listing,
            self._item.sk.between(*_range(client_id)),
            expected=LOOKED_AT,
            descending=True,
            attributes_to_get=["pk", "sk"],
        )
        ids = (family_listed(item.sk) for item in islice(found, LOOKED_AT))
        batches = iter(lambda: list(islice(ids, _LOOK)), [])
        return any(alive(family) for batch in batches for family in self._heads(batch))

    def _heads(self, family_ids: Sequence[str]) -> list[TokenFamily]:
        keys = [(partition(family_id), HEAD) for family_id in family_ids]
        heads = self._item.batch_get(keys, consistent_read=True) if keys else ()
        return [family_of(head) for head in heads if head.kind == FAMILY]

    def _listed(
        self,
        ids_after: Callable[[str, int], list[str]],
        after: str | None,
        limit: int,
        wanted: Callable[[TokenFamily], bool],
    ) -> Sequence[TokenFamily]:
        """A page of a list. What DynamoDB deleted already, and the list still names, leaves no gap in it."""
        if after and not well_formed(after, MAX_KEY):
            return []
        found: list[TokenFamily] = []
        last = after or ""
        with translated():
            while len(found) < limit:
                missing = limit - len(found)
                ids = ids_after(last, missing)
                found += sorted(filter(wanted, self._heads(ids)), key=lambda family: family.id)
                if len(ids) < missing:
                    break
                last = ids[-1]
        return found

    def _ids_after(self, listing: str, last: str, limit: int) -> list[str]:
        """So many ids of families in a list of nothing else."""
        condition = self._item.sk > (last or " ")
        found = self._item.query(listing, condition, consistent_read=True, limit=limit, attributes_to_get=["pk", "sk"])
        return [item.sk for item in found]

    def _held_after(self, listing: str, client_id: str, last: str, limit: int) -> list[str]:
        """So many ids of families of a client."""
        first, end = _range(client_id)
        # BETWEEN is inclusive at both ends; a key followed by a blank comes right after that key.
        condition = self._item.sk.between(f"{first}{last} ", end)
        found = merged(self._item, listing, condition, expected=limit, attributes_to_get=["pk", "sk"])
        return [item.sk.removeprefix(first) for item in islice(found, limit) if item.sk.startswith(first)]

    def _list_until(self, family: TokenFamily, ttl: int) -> None:
        """Let what lists a living family, or one that just died, be forgotten at another time.

        What is not listed where it is now, because it was before lists were sharded, is so from here on.
        """
        places = lists(family)
        if not places:
            return

        def write(transaction: TransactWrite) -> None:
            for place in places:
                listed: list[Action] = [self._item.ttl.set(ttl), self._item.kind.set(place[0].partition("#")[0])]
                transaction.update(self._item(*place), listed)

        self._transact(write)

    def _head(self, family: TokenFamily, ttl: int) -> GrantItem:
        return self._item(
            partition(family.id),
            HEAD,
            kind=FAMILY,
            body=encode(family),
            updated_at=family.updated_at,
            current=family.current,
            revoked_at=family.revoked_at,
            revoked_because=family.revoked_because,
            listed=1 if family.listed else None,
            ttl=ttl,
        )

    def _token(self, token: RefreshToken) -> GrantItem:
        return self._item(
            partition(token.family_id),
            f"{REFRESH}#{token.digest}",
            kind=REFRESH,
            body=encode(token),
            rotated_at=token.rotated_at,
            expires_at=token.idle_expires_at,
            ttl=token.idle_expires_at + TOKEN_KEPT,
        )
