"""Thousands of people in 500 groups, moved into empty tables at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from authmint.clock import SystemClock
from authmint.directory.passwords import PasswordHashes
from authmint.dynamo.groups import DynamoGroups
from authmint.dynamo.tables import Tables
from authmint.dynamo.users import DynamoUsers
from authmint.ids import RandomIds
from authmint.storage.users import Password

from tests.support.builders import a_group, a_user

USERS, GROUPS = 10_000, 500


class Collected:
    """A transaction's writes, without their conditions: for an empty table."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Any] = {}

    def save(self, item: Any, **_: Any) -> None:
        self.items[item.pk, item.sk] = item

    def update(self, *_: Any, **__: Any) -> None:
        """Groups say when their members changed last, which nobody asks here."""

    def condition_check(self, *_: Any, **__: Any) -> None:
        """Nobody else is at work."""

    @contextmanager
    def transaction(self, *_: Any) -> Iterator["Collected"]:
        yield self


@contextmanager
def at_once(tables: Tables, patch: Callable[[Any, str, Any], None]) -> Iterator[None]:
    """What is written meanwhile to tables that are empty is written in the end, by the batch.

    Args:
        patch: Sets an attribute until this is done.
    """
    collected = Collected()
    patch(type(tables), "transaction", collected.transaction)
    yield
    with tables.config.batch_write() as batch:
        for item in collected.items.values():
            batch.save(item)


def move_in(tables: Tables, password: str, patch: Callable[[Any, str, Any], None], *, people: int = USERS) -> None:
    """Each user is in group (number modulo 500) and in group 000; user 00042 is in 12 more.

    Args:
        patch: Sets an attribute until this is done.
    """
    clock = SystemClock()
    hashed = PasswordHashes(RandomIds(clock)).make(password)
    groups, users = DynamoGroups(tables, clock), DynamoUsers(tables, clock)
    with at_once(tables, patch):
        for number in range(GROUPS):
            groups.add(a_group(id=f"00g{number:03d}"), [])
        for number in range(people):
            own = {f"00g{number % GROUPS:03d}", "00g000"}
            if number == 42:
                own |= {f"00g{other:03d}" for other in range(100, 112)}
            user = a_user(id=f"00u{number:05d}", password=Password(hashed, 1))
            users.add(user, [], group_ids=sorted(own))
