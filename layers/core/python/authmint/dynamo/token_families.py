"""``TokenFamilies`` in DynamoDB: one partition per family, with its refresh tokens, and two lists that lead to it.

Revoking is one conditional write on the family's head. Rotation is one transaction that requires the head unrevoked, so
no successor is ever made in a revoked family.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound, Unavailable
from ..storage.token_families import LOOKED_AT, RefreshToken, Revoked, TokenFamily, begun_with
from .connection import translated
from .grant_records import MAX_KEY, GrantRecords, Refused
from .items import HEAD, GrantItem
from .records import encode
from .servers import well_formed
from .tables import ConditionFailed
from .token_family_items import (
    BY_USER,
    FAMILY,
    HOLDERS,
    KEPT,
    REFRESH,
    TOKEN_KEPT,
    family_of,
    family_until,
    listed_until,
    lists,
    partition,
    refresh_token_of,
)

_FIRST_OF_NEXT = "$"  # the character after "#"
#: Families that are looked at together: as many as one BatchGetItem takes.
_LOOK = 100


class DynamoTokenFamilies(GrantRecords):
    """``TokenFamilies``."""

    def add(self, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
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

    def revoke(self, family_id: str, because: Revoked, *, at: int) -> bool:
        if not well_formed(family_id, MAX_KEY):
            raise NotFound(FAMILY)
        item = self._item
        actions = [
            item.revoked_at.set(at),
            item.revoked_because.set(because),
            item.updated_at.set(at),
            item.ttl.set(at + KEPT),
        ]
        try:
            head = self._change_once(
                (partition(family_id), HEAD), actions, item.revoked_at.does_not_exist(), mark="writer"
            )
        except Refused:
            return False
        with suppress(Unavailable):  # The family is dead all the same, and leaves the lists a little later.
            self._list_until(family_of(head), at + KEPT)
        return True

    def of_client(
        self, server_id: str, client_id: str, *, after: str | None = None, limit: int = 200
    ) -> Sequence[TokenFamily]:
        if not (well_formed(server_id, MAX_KEY) and well_formed(client_id, MAX_KEY)):
            return []

        def is_theirs(family: TokenFamily) -> bool:
            return (family.server_id, family.client_id) == (server_id, client_id)

        return self._listed(f"{HOLDERS}#{server_id}", f"{client_id}#", after, limit, is_theirs)

    def of_user(self, user_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[TokenFamily]:
        if not well_formed(user_id, MAX_KEY):
            return []
        return self._listed(f"{BY_USER}#{user_id}", "", after, limit, lambda family: family.user_id == user_id)

    def clients_at(
        self,
        server_id: str,
        alive: Callable[[TokenFamily], bool],
        *,
        after: str | None = None,
        limit: int = 200,
        in_time: Callable[[], bool] = lambda: True,
    ) -> tuple[Sequence[str], str | None]:
        if not well_formed(server_id, MAX_KEY) or (after and not well_formed(after, MAX_KEY)):
            return [], None
        listing = f"{HOLDERS}#{server_id}"
        with translated():
            newest = self._newest(listing, after, limit)
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

    def _newest(self, listing: str, after: str | None, limit: int) -> dict[str, str]:
        """The newest family of each client that is listed after one: of one client more than the limit, or of all.

        Many families at once, and behind the last client of these by another Query: no item says which clients there
        are, because every sign-in at once would have to touch it.
        """
        newest: dict[str, str] = {}
        last = f"{after}{_FIRST_OF_NEXT}" if after else " "
        while len(newest) <= limit:
            found = list(
                self._item.query(
                    listing, self._item.sk > last, consistent_read=True, limit=_LOOK, attributes_to_get=["pk", "sk"]
                )
            )
            for item in found:  # in ascending order: the last of a client stays
                client_id, _, newest[client_id] = item.sk.partition("#")
            if len(found) < _LOOK:
                break
            client_id = found[-1].sk.partition("#")[0]
            newest[client_id] = next(iter(self._newest_of(listing, client_id, 1)), newest[client_id])
            last = f"{client_id}{_FIRST_OF_NEXT}"
        return newest

    def _newest_of(self, listing: str, client_id: str, limit: int) -> list[str]:
        """Ids of families of a client, the newest first."""
        found = self._item.query(
            listing,
            self._item.sk.between(f"{client_id}#", f"{client_id}{_FIRST_OF_NEXT}"),
            consistent_read=True,
            scan_index_forward=False,
            limit=limit,
            attributes_to_get=["pk", "sk"],
        )
        return [item.sk.partition("#")[2] for item in found]

    def _any_alive(self, listing: str, client_id: str, alive: Callable[[TokenFamily], bool]) -> bool:
        ids = self._newest_of(listing, client_id, LOOKED_AT)
        batches = (ids[start : start + _LOOK] for start in range(0, len(ids), _LOOK))
        return any(alive(family) for batch in batches for family in self._heads(batch))

    def _heads(self, family_ids: Sequence[str]) -> list[TokenFamily]:
        keys = [(partition(family_id), HEAD) for family_id in family_ids]
        heads = self._item.batch_get(keys, consistent_read=True) if keys else ()
        return [family_of(head) for head in heads if head.kind == FAMILY]

    def _listed(
        self, listing: str, prefix: str, after: str | None, limit: int, wanted: Callable[[TokenFamily], bool]
    ) -> Sequence[TokenFamily]:
        """A page of a list. What DynamoDB deleted already, and the list still names, leaves no gap in it."""
        if after and not well_formed(after, MAX_KEY):
            return []
        found: list[TokenFamily] = []
        last = f"{prefix}{after or ''}"
        with translated():
            while len(found) < limit:
                missing = limit - len(found)
                ids = self._ids_after(listing, prefix, last, missing)
                found += sorted(filter(wanted, self._heads(ids)), key=lambda family: family.id)
                if len(ids) < missing:
                    break
                last = f"{prefix}{ids[-1]}"
        return found

    def _ids_after(self, listing: str, prefix: str, last: str, limit: int) -> list[str]:
        condition: Condition = self._item.sk > (last or " ")
        if prefix:
            # BETWEEN is inclusive at both ends; a key followed by a blank comes right after that key.
            condition = self._item.sk.between(f"{last} ", f"{prefix[:-1]}{_FIRST_OF_NEXT}")
        found = self._item.query(listing, condition, consistent_read=True, limit=limit, attributes_to_get=["pk", "sk"])
        return [item.sk.removeprefix(prefix) for item in found if item.sk.startswith(prefix)]

    def _list_until(self, family: TokenFamily, ttl: int) -> None:
        """Let what lists a family be forgotten at another time."""

        def write(transaction: TransactWrite) -> None:
            for place in lists(family):
                transaction.update(self._item(*place), [self._item.ttl.set(ttl)], condition=self._item.pk.exists())

        with suppress(ConditionFailed):  # forgotten already
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
