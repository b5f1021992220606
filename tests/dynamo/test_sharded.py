"""Lists in shards against lists in one piece: order, pages, what is left from before there were shards, and calls."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo import token_families
from authmint.dynamo.sharded import SHARDS, merged, partitions, shard_of
from authmint.dynamo.tables import Tables
from authmint.dynamo.token_families import DynamoTokenFamilies
from authmint.dynamo.users import USERS, DynamoUsers
from authmint.ids import RandomIds
from authmint.storage.token_families import TokenFamily
from authmint.storage.users import User
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.storage import MemoryStorage
from tests.storage.grant_records import a_family, a_token
from tests.support.backend import Deployed, LocalAws
from tests.support.builders import a_user
from tests.support.fakes import AT_ONCE, NOW, FrozenClock
from tests.support.first_form import list_family_as_before, list_user_as_before

LISTING = "LIST"


@dataclass(frozen=True)
class Listed:
    """An item of a list, and which version of it that is."""

    pk: str
    sk: str
    version: int = 1


@dataclass
class Table:
    """A table of nothing but a list, that counts which pages of which partitions are read."""

    items: list[Listed]
    pages: list[int] = field(default_factory=list)

    def query(
        self,
        partition: str,
        condition: Callable[[str], bool] | None,
        *,
        page_size: int,
        scan_index_forward: bool,
        **_: Any,
    ) -> Iterator[Listed]:
        inside = [item for item in self.items if item.pk == partition and (condition is None or condition(item.sk))]
        inside.sort(key=lambda item: item.sk, reverse=not scan_index_forward)
        for start in range(0, len(inside) + 1, page_size):
            page = inside[start : start + page_size]
            self.pages.append(len(page))
            yield from page


def read(table: Table, condition: Any = None, *, expected: int, descending: bool = False) -> Iterator[Any]:
    item: Any = table
    return merged(
        item, LISTING, condition, expected=expected, descending=descending, counts=lambda listed: listed.version
    )


#: Ids, each with the versions that its item has in its shard and in the partition from before; 0: it is not there.
LISTS = st.dictionaries(
    st.text("abc01", min_size=1, max_size=4),
    st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any),
    max_size=60,
)


def table_of(versions: dict[str, tuple[int, int]]) -> Table:
    placed = [
        (Listed(shard_of(LISTING, name), name, new), Listed(LISTING, name, old))
        for name, (new, old) in versions.items()
    ]
    return Table([item for both in placed for item in both if item.version])


@settings(max_examples=300)
@given(LISTS, st.integers(1, 30), st.booleans(), st.text("abc01", max_size=3))
def test_a_list_in_shards_reads_like_one_in_one_piece(
    versions: dict[str, tuple[int, int]], expected: int, descending: bool, after: str
) -> None:
    table = table_of(versions)

    found = [(item.sk, item.version) for item in read(table, lambda sk: sk > after, expected=expected,
                                                      descending=descending)]  # fmt: skip

    whole = sorted((name, max(both)) for name, both in versions.items() if name > after)
    assert found == (whole[::-1] if descending else whole)


@given(LISTS, st.integers(1, 7))
def test_pages_of_it_follow_each_other(versions: dict[str, tuple[int, int]], limit: int) -> None:
    table, after, found = table_of(versions), "", list[str]()
    while page := [item.sk for item in islice(read(table, lambda sk: sk > after, expected=limit), limit)]:  # noqa: B023
        found += page
        after = page[-1]

    assert found == sorted(versions)


@pytest.mark.parametrize("taken", [20, 200, 4_000])
def test_what_is_read_is_little_more_than_what_is_taken(taken: int) -> None:
    table = Table([Listed(shard_of(LISTING, f"00u{n:06}"), f"00u{n:06}") for n in range(20_000)])

    found = list(islice(read(table, expected=taken), taken))

    assert len(found) == taken
    assert sum(table.pages) <= {20: 3 * taken, 200: 1.6 * taken, 4_000: 1.15 * taken}[taken]
    assert SHARDS + 1 <= len(table.pages) <= SHARDS + 3


def test_what_was_not_moved_yet_is_read_like_the_rest() -> None:
    table = Table([Listed(LISTING, f"00u{n:06}") for n in range(1_000)])

    assert [item.sk for item in islice(read(table, expected=200), 200)] == [f"00u{n:06}" for n in range(200)]


def test_ids_that_ascend_are_spread_evenly() -> None:
    ids = RandomIds(FrozenClock())
    family_ids = [ids.object_id("oar") for _ in range(8_000)]

    names = [shard_of(LISTING, family_id) for family_id in family_ids]

    assert {*names} == {*partitions(LISTING)} - {LISTING}
    assert max(names.count(name) for name in {*names}) < 1.15 * len(names) / SHARDS


@pytest.fixture
def tables(deployed: Deployed) -> Tables:
    return replace(deployed.tables(), retrying=AT_ONCE)


def everybody(users: DynamoUsers, limit: int) -> list[User]:
    found: list[User] = []
    while page := users.list(after=found[-1].id if found else None, limit=limit):
        found += page
    return found


@settings(max_examples=6)
@given(st.lists(st.sampled_from(["new", "old", "both"]), min_size=1, max_size=30), st.integers(1, 9))
def test_users_are_listed_in_the_order_of_their_ids(aws: LocalAws, forms: list[str], limit: int) -> None:
    tables = aws.fresh().tables()
    users = DynamoUsers(tables, SystemClock())
    for number, form in enumerate(forms):
        users.add(user := a_user(id=f"00u{number:03}"), [])
        if form != "new":
            list_user_as_before(tables, user.id, 1 if form == "both" else None)

    assert [user.id for user in everybody(users, limit)] == [f"00u{number:03}" for number in range(len(forms))]


def test_the_later_item_of_a_user_counts_wherever_it_is(tables: Tables) -> None:
    users = DynamoUsers(tables, SystemClock())
    for user_id in ("00uA", "00uB"):
        users.add(a_user(id=user_id), [])
        list_user_as_before(tables, user_id)
        before = users.get(user_id)
        users.save(before, replace(before, status="SUSPENDED"), [])
    list_user_as_before(tables, "00uB", 3)  # by the release before, after a change by this one

    listed = users.list()

    assert [(user.id, user.status, user.version) for user in listed] == [
        ("00uA", "SUSPENDED", 2),
        ("00uB", "SUSPENDED", 3),
    ]


@pytest.mark.parametrize("form", ["new", "old", "both"])
def test_a_deleted_user_leaves_the_list_wherever_it_is(tables: Tables, form: str) -> None:
    users = DynamoUsers(tables, SystemClock())
    users.add(a_user(), [])
    user = users.get("00uA")
    if form != "new":
        list_user_as_before(tables, user.id, 1 if form == "both" else None)

    users.delete(user, [])

    assert users.list() == []


def test_many_who_write_at_once_are_all_listed(tables: Tables) -> None:
    users, families = DynamoUsers(tables, SystemClock()), DynamoTokenFamilies(tables, RandomIds(SystemClock()))

    def write(number: int) -> None:
        users.add(a_user(id=f"00u{number:03}"), [])
        families.add(a_family(id=f"oar{number:03}", user_id=f"00u{number:03}"), a_token(family_id=f"oar{number:03}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))

    assert [user.id for user in users.list()] == [f"00u{number:03}" for number in range(64)]
    assert [family.id for family in families.of_client("ausA", "0oaA")] == [f"oar{number:03}" for number in range(64)]
    assert tables.grants is not None
    for listing, table in ((USERS, tables.config), ("HOLDERS#ausA", tables.grants)):
        held = [len(list(table.query(partition))) for partition in partitions(listing)]
        assert sum(held) == 64
        assert held[-1] == 0
        assert max(held) < 32, "one partition takes what all shall share"


SERVERS = (f"aus{number}" for number in count())
FORMS = st.lists(
    st.tuples(st.sampled_from(["0oaA", "0oaA$", "0oaA!", "0oaB", "0oaAA"]), st.sampled_from(["new", "old", "both"])),
    max_size=40,
)


@pytest.fixture(scope="module")
def families(aws: LocalAws) -> Iterator[DynamoTokenFamilies]:
    """Few families are looked at together, so that few are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_families, "_LOOK", 3)
        yield DynamoTokenFamilies(aws.fresh().tables(), RandomIds(SystemClock()))


@settings(max_examples=12)
@given(FORMS, st.sets(st.integers(0, 39)), st.integers(1, 6))
def test_families_and_their_clients_are_listed_like_in_memory(
    families: DynamoTokenFamilies, held: list[tuple[str, str]], dead: set[int], limit: int
) -> None:
    server, model = next(SERVERS), MemoryStorage().families
    for number, (client_id, form) in enumerate(held):
        family_id = f"oar{server}{number:02}"
        family = a_family(id=family_id, server_id=server, client_id=client_id)
        for storage in (families, model):
            storage.add(family, a_token(family_id=family_id))
            if number in dead:
                storage.revoke(family_id, "user", at=NOW)
        if form != "new":
            list_family_as_before(families._tables, family, only=form == "old")

    for client_id in {client_id for client_id, _ in held}:
        assert pages(families, server, client_id, limit) == pages(model, server, client_id, limit)
    assert clients(families, server, limit) == clients(model, server, limit)


def pages(families: Any, server: str, client_id: str, limit: int) -> Sequence[TokenFamily]:
    found: list[TokenFamily] = []
    while page := families.of_client(server, client_id, after=found[-1].id if found else None, limit=limit):
        found += page
    return found


def clients(families: Any, server: str, limit: int) -> list[tuple[Sequence[str], str | None]]:
    """Pages of them, each with its cursor."""
    found: list[tuple[Sequence[str], str | None]] = []
    while not found or found[-1][1] is not None:
        after = found[-1][1] if found else None
        found.append(families.clients_at(server, lambda f: f.revoked_at is None, after=after, limit=limit))
    return found


@pytest.mark.parametrize("change", ["rotate", "use", "revoke"])
def test_what_is_listed_as_before_stays_listed_as_long_as_it_has_to(tables: Tables, change: str) -> None:
    families, day = DynamoTokenFamilies(tables, RandomIds(SystemClock())), 86_400
    families.add(a_family(), a_token())
    list_family_as_before(tables, a_family())

    if change == "rotate":
        spent = replace(a_token(), rotated_at=NOW)
        families.rotate(spent, a_token("t2", idle_expires_at=NOW + 90 * day), at=NOW)
    elif change == "use":
        families.used(a_token(), idle_expires_at=NOW + 90 * day, at=NOW)
    else:
        families.revoke("oar1", "user", at=NOW)

    assert tables.grants is not None
    listed = tables.grants.get(shard_of("HOLDERS#ausA", "oar1"), "0oaA#oar1")
    assert listed.kind == "HOLDERS"
    assert int(listed.ttl or 0) >= NOW + (30 if change == "revoke" else 120) * day
