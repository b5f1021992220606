"""``IdentityProviders`` and ``IdpLinks`` in DynamoDB.

``IDPS``/``id`` is a provider, ``IDPS``/``#`` tells whether any changed. ``IDP#id``/``#`` is what links to ``USER#id``
hang on (``memberships``), ``IDPSUBJECT#digest``/``#`` holds what a provider calls a user.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pynamodb.exceptions import PutError
from pynamodb.transactions import TransactWrite

from ..clock import Clock
from ..jose.encoding import b64encode
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event
from ..storage.identity_providers import IdentityProvider, IdentityProviderList, IdpLink
from .clients import mapping_partition
from .connection import error_code, translated
from .items import HEAD, ConfigItem
from .memberships import HOLDS_SUBJECT, alive, at_once, linked, sweep, tombstone
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

if TYPE_CHECKING:
    from ..storage.ways_in import Way

_IDPS: Final = "IDPS"
_MAX_ID: Final = 64
_USER: Final = "USER#"


def partition(idp_id: str) -> str:
    """The partition of the links of one provider."""
    return f"IDP#{idp_id}"


def subject_key(idp_id: str, external_id: str) -> str:
    """What holds a subject: it may be longer than a key, and no key of ours says what others call people."""
    digest = hashlib.sha256(f"{idp_id} {external_id}".encode()).digest()
    return HOLDS_SUBJECT + b64encode(digest)


class DynamoIdentityProviders:
    """``IdentityProviders``. A warm instance keeps them for as long as the head says that nothing changed."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._item = tables.config
        self._clock = clock
        self._kept = IdentityProviderList()

    def all(self) -> IdentityProviderList:
        with translated():
            try:
                head = self._item.get(_IDPS, HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return IdentityProviderList()
            version = int(head.version or 0)
            if self._kept.version != version:
                found = self._item.query(_IDPS, self._item.sk > HEAD, consistent_read=True)
                providers = tuple(decode(item.body or "", IdentityProvider) for item in found)
                self._kept = IdentityProviderList(providers, version)
        return self._kept

    def save(
        self,
        before: IdentityProvider | None,
        after: IdentityProvider | None,
        events: Sequence[Event],
        *,
        seen: IdentityProviderList,
    ) -> None:
        about = before if after is None else after
        if about is None:
            raise ValueError("neither before nor after")
        item, own = self._item, partition(about.id)
        unchanged = item.version == seen.version if seen.version else item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                if after is None:
                    write.delete(item(_IDPS, about.id))
                    write.delete(item(mapping_partition(about.id), HEAD))
                    write.save(tombstone(item, own, about.version, self._clock.now()))
                else:
                    stored = replace(after, version=(before.version if before is not None else 0) + 1)
                    write.save(item(_IDPS, about.id, body=encode(stored), version=stored.version))
                    write.save(item(own, HEAD, version=stored.version))
                write.save(item(_IDPS, HEAD, version=seen.version + 1), condition=unchanged)
        except ConditionFailed:
            raise Conflict(_IDPS) from None
        if after is None:
            at_once(lambda: sweep(self._tables, own))


class DynamoIdpLinks:
    """``IdpLinks``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def by_subject(self, idp_id: str, external_id: str) -> IdpLink:
        with translated():
            try:
                held = self._item.get(subject_key(idp_id, external_id), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(idp_id) from None
        found = self.get(idp_id, held.owner or "")
        if found.external_id != external_id:
            raise NotFound(idp_id)
        return found

    def get(self, idp_id: str, user_id: str) -> IdpLink:
        if not (well_formed(idp_id, _MAX_ID) and well_formed(user_id, _MAX_ID)):
            raise NotFound(user_id)
        with translated():
            try:
                item = self._item.get(f"{_USER}{user_id}", partition(idp_id), consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(user_id) from None
        return decode(item.body or "", IdpLink)

    def of_idp(self, idp_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[IdpLink]:
        found = linked(self._item, partition(idp_id), _USER, after=after, limit=limit)
        return [decode(item.body or "", IdpLink) for item in found]

    def of_user(self, user_id: str) -> Sequence[IdpLink]:
        found = linked(self._item, f"{_USER}{user_id}", "IDP#", limit=_MAX_ID)
        return [decode(item.body or "", IdpLink) for item in found]

    def add(self, link: IdpLink, events: Sequence[Event]) -> None:
        item, user = self._item, f"{_USER}{link.user_id}"
        try:
            with self._tables.transaction(events) as write:
                write.condition_check(item, user, HEAD, condition=alive(item))
                put_link(write, item, link)
        except ConditionFailed as error:
            if error.failed[0] or error.failed[1]:
                raise NotFound(link.user_id if error.failed[0] else link.idp_id) from None
            raise AlreadyExists("externalId") from None

    def update(self, link: IdpLink) -> None:
        body, user, own = encode(link), f"{_USER}{link.user_id}", partition(link.idp_id)
        with translated():
            try:
                # The user's side is what is read alone; lists of a provider may say what it said before.
                self._item(user, own, body=body).save(condition=self._item.pk.exists())
                self._item(own, user, body=body).save(condition=self._item.pk.exists())
            except PutError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def remove(self, link: IdpLink, events: Sequence[Event], *, beside: "Way | None" = None) -> None:
        item, user, own = self._item, f"{_USER}{link.user_id}", partition(link.idp_id)
        held = subject_key(link.idp_id, link.external_id)
        try:
            with self._tables.transaction(events) as write:
                if beside is not None:
                    from .ways_in import check_there  # links are read more often than they are removed

                    check_there(write, item, beside)
                write.delete(item(user, own), condition=item.pk.exists())
                write.delete(item(own, user))
                write.delete(item(held, HEAD))
                write.delete(item(user, held))
        except ConditionFailed:
            raise NotFound(link.user_id) from None


def put_link(write: TransactWrite, item: type[ConfigItem], link: IdpLink) -> None:
    """Link a user of whom the same transaction knows that they are there: one check, then four items."""
    user, own, body = f"{_USER}{link.user_id}", partition(link.idp_id), encode(link)
    held, absent = subject_key(link.idp_id, link.external_id), item.pk.does_not_exist()
    write.condition_check(item, own, HEAD, condition=alive(item))
    write.save(item(user, own, body=body), condition=absent)
    write.save(item(held, HEAD, owner=link.user_id), condition=absent)
    write.save(item(own, user, body=body))
    write.save(item(user, held))
