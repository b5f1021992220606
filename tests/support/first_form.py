"""The system log, and lists, as releases before the second form of the tables wrote them."""

from collections.abc import Sequence
from dataclasses import replace

from authmint.dynamo.items import HEAD
from authmint.dynamo.records import decode, encode
from authmint.dynamo.sharded import shard_of
from authmint.dynamo.tables import Tables, event_item
from authmint.dynamo.users import USERS
from authmint.storage.events import EVENT_RETENTION, Event
from authmint.storage.token_families import TokenFamily
from authmint.storage.users import User


def record_as_before(tables: Tables, events: Sequence[Event], at_ms: int) -> None:
    """An item and a marker for each event of a log line, as the function ``audit_sink`` did."""
    assert tables.events is not None
    for event in events:
        marker = tables.events(f"EVENT#{event.id}", HEAD, ttl=at_ms // 1000 + EVENT_RETENTION)
        with tables.transaction() as write:
            write.save(marker, condition=tables.events.pk.does_not_exist())
            write.save(event_item(tables.events, event, at_ms))


def list_user_as_before(tables: Tables, user_id: str, version: int | None = None) -> None:
    """Take a user to where the list was; with a version, list that one there, too."""
    listed = tables.config.get(shard_of(USERS, user_id), user_id)
    user = decode(listed.body or "", User)
    if version is None:
        listed.delete()
    tables.config(USERS, user_id, body=encode(user if version is None else replace(user, version=version))).save()


def list_family_as_before(tables: Tables, family: TokenFamily, *, only: bool = True) -> None:
    """List a family where families with a refresh token were listed; where ``only``, nowhere else."""
    assert tables.grants is not None
    listing, key = f"HOLDERS#{family.server_id}", f"{family.client_id}#{family.id}"
    listed = tables.grants.get(shard_of(listing, family.id), key)
    if only:
        listed.delete()
    tables.grants(listing, key, kind=listed.kind, ttl=listed.ttl).save()
