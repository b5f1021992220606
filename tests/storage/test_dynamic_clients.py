"""Clients that registered themselves and the tokens that let them, in memory and in DynamoDB."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.dynamic_clients import DynamoDynamicClients, DynamoRegistrationTokens
from authmint.ids import RandomIds
from authmint.storage.clients import secret_digest
from authmint.storage.dynamic_clients import (
    DynamicClient,
    DynamicClients,
    RegistrationToken,
    RegistrationTokens,
    TooMany,
    token_id,
)
from authmint.storage.errors import AlreadyUsed, Conflict, NotFound

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.fakes import NOW

DAY = 86_400


@dataclass(frozen=True)
class Stored:
    clients: DynamicClients
    tokens: RegistrationTokens


@pytest.fixture(params=["memory", "dynamo"])
def stored(request: pytest.FixtureRequest) -> Stored:
    if request.param == "memory":
        storage = MemoryStorage()
        return Stored(storage.dynamic_clients, storage.registration_tokens)
    tables, ids = request.getfixturevalue("deployed").tables(), RandomIds(SystemClock())
    return Stored(DynamoDynamicClients(tables, ids), DynamoRegistrationTokens(tables, ids))


def a_client(identifier: str = "dcr_A", **changes: Any) -> DynamicClient:
    return replace(
        DynamicClient(
            server_id="ausA",
            id=identifier,
            name="Änne’s App",
            redirect_uris=("cursor://cb", "http://localhost/cb"),
            grant_types=("authorization_code", "refresh_token"),
            scopes=("a", "b"),
            created_at=NOW,
            expires_at=NOW + DAY,
        ),
        **changes,
    )


def a_token(text: str = "t", **changes: Any) -> RegistrationToken:
    digest = secret_digest(text)
    return replace(RegistrationToken("ausA", token_id(digest), "ci", digest, NOW, NOW + DAY, 2), **changes)


def test_a_client_comes_back_as_it_registered_at_its_own_server(stored: Stored) -> None:
    assert stored.clients.register(a_client(), most=10, at=NOW) == a_client()

    assert stored.clients.get("ausA", "dcr_A") == a_client()
    for server_id, client_id in (("ausB", "dcr_A"), ("ausA", "dcr_B"), ("", "dcr_A"), ("ausA", ""), ("ausA", "\ud800")):
        with pytest.raises(NotFound):
            stored.clients.get(server_id, client_id)


def test_who_registered_is_listed_by_id_and_in_pages(stored: Stored) -> None:
    for name in ("dcr_C", "dcr_A", "dcr_B"):
        stored.clients.register(a_client(name), most=10, at=NOW)
    stored.clients.register(a_client("dcr_0", server_id="ausB"), most=10, at=NOW)

    first = stored.clients.list("ausA", limit=2)

    assert [client.id for client in first] == ["dcr_A", "dcr_B"]
    assert [client.id for client in stored.clients.list("ausA", after="dcr_B", limit=2)] == ["dcr_C"]
    assert stored.clients.list("", limit=2) == stored.clients.list("ausC") == []


def test_a_client_that_is_there_is_given_back_and_nothing_is_counted_or_used(stored: Stored) -> None:
    stored.tokens.add(a_token(uses=1), [])
    first = stored.clients.register(a_client(), most=1, at=NOW)

    again = stored.clients.register(a_client(created_at=NOW + 5), most=1, at=NOW + 5, token=a_token().digest)

    assert again == first
    assert stored.tokens.get("ausA", a_token().id).uses == 1


def test_of_many_who_register_the_same_at_once_one_is_stored(stored: Stored) -> None:
    given = []

    race(lambda number: given.append(stored.clients.register(a_client(created_at=NOW + number), most=10, at=NOW)))

    assert set(given) == {stored.clients.get("ausA", "dcr_A")}


def test_of_many_who_register_at_once_no_more_than_the_limit_are_stored(stored: Stored) -> None:
    outcomes = race(lambda number: stored.clients.register(a_client(f"dcr_{number:02}"), most=5, at=NOW), TooMany)

    assert outcomes.count("won") == 5
    assert len(stored.clients.list("ausA")) == 5


def test_expired_and_blocked_clients_make_room_and_live_ones_do_not(stored: Stored) -> None:
    for name in ("dcr_A", "dcr_B"):
        stored.clients.register(a_client(name), most=2, at=NOW)
    with pytest.raises(TooMany):
        stored.clients.register(a_client("dcr_C"), most=2, at=NOW + DAY - 1)
    after = NOW + DAY + 60
    later = {"created_at": after, "expires_at": after + DAY}

    stored.clients.register(a_client("dcr_C", **later), most=2, at=after)
    stored.clients.register(a_client("dcr_D", **later), most=2, at=after)
    with pytest.raises(TooMany):
        stored.clients.register(a_client("dcr_E", **later), most=2, at=after + 61)
    stored.clients.block(stored.clients.get("ausA", "dcr_D"), at=after + 90, events=[])
    stored.clients.register(a_client("dcr_E", **later), most=2, at=after + 130)

    assert [one.id for one in stored.clients.list("ausA") if one.expires_at > after] == ["dcr_C", "dcr_D", "dcr_E"]


def test_another_server_has_a_limit_of_its_own(stored: Stored) -> None:
    stored.clients.register(a_client(), most=1, at=NOW)

    stored.clients.register(a_client(server_id="ausB"), most=1, at=NOW)

    assert stored.clients.get("ausB", "dcr_A").server_id == "ausB"


def test_an_expired_client_begins_anew(stored: Stored) -> None:
    stored.clients.register(a_client(), most=10, at=NOW)
    anew = a_client(created_at=NOW + DAY, expires_at=NOW + 2 * DAY)

    assert stored.clients.register(replace(anew, created_at=NOW), most=10, at=NOW + DAY - 1) == a_client()
    assert stored.clients.register(anew, most=10, at=NOW + DAY) == anew
    assert stored.clients.get("ausA", "dcr_A") == anew


def test_a_client_that_is_used_stays(stored: Stored) -> None:
    first = stored.clients.register(a_client(), most=10, at=NOW)

    stored.clients.touch(first, until=NOW + 30 * DAY, at=NOW + 9)
    used = stored.clients.get("ausA", "dcr_A")
    stored.clients.touch(used, until=NOW + 20 * DAY, at=NOW + 10)

    assert (used.expires_at, used.used_at) == (NOW + 30 * DAY, NOW + 9)
    assert stored.clients.get("ausA", "dcr_A").expires_at == NOW + 30 * DAY
    for gone, at in ((a_client("dcr_B"), NOW), (first, NOW + 31 * DAY)):
        with pytest.raises(NotFound):
            stored.clients.touch(gone, until=NOW + 99 * DAY, at=at)


def test_a_blocked_client_stays_blocked_until_somebody_unblocks_it(stored: Stored) -> None:
    first = stored.clients.register(a_client(), most=10, at=NOW)
    blocked = stored.clients.block(first, at=NOW + 1, events=[])

    for at in (NOW + 2, NOW + 99 * DAY):
        assert stored.clients.register(a_client(created_at=at, expires_at=at + DAY), most=10, at=at) == blocked
    with pytest.raises(NotFound):
        stored.clients.touch(first, until=NOW + 9 * DAY, at=NOW + 2)
    back = stored.clients.unblock(blocked, until=NOW + 3 * DAY, at=NOW + 2, events=[])

    assert (back.status, back.generation, back.expires_at) == ("ACTIVE", NOW + 1, NOW + 3 * DAY)
    assert stored.clients.get("ausA", "dcr_A") == back
    assert stored.clients.block(back, at=NOW + 1, events=[]).generation == NOW + 2


def test_who_changes_a_client_has_seen_it(stored: Stored) -> None:
    first = stored.clients.register(a_client(), most=10, at=NOW)
    blocked = stored.clients.block(first, at=NOW, events=[])

    with pytest.raises(Conflict):
        stored.clients.block(first, at=NOW, events=[])
    stored.clients.unblock(blocked, until=NOW + DAY, at=NOW, events=[])
    with pytest.raises(Conflict):
        stored.clients.unblock(blocked, until=NOW + DAY, at=NOW, events=[])
    with pytest.raises(NotFound):
        stored.clients.block(a_client("dcr_B"), at=NOW, events=[])


def test_of_many_who_block_at_once_one_does(stored: Stored) -> None:
    first = stored.clients.register(a_client(), most=10, at=NOW)

    outcomes = race(lambda number: stored.clients.block(first, at=NOW + number, events=[]), Conflict)

    assert outcomes.count("won") == 1


def test_a_token_lets_in_as_many_as_it_says(stored: Stored) -> None:
    stored.tokens.add(a_token(uses=3), [])

    outcomes = race(
        lambda number: stored.clients.register(a_client(f"dcr_{number:02}"), most=99, at=NOW, token=a_token().digest),
        AlreadyUsed,
    )

    assert outcomes.count("won") == len(stored.clients.list("ausA")) == 3
    assert stored.tokens.get("ausA", a_token().id).uses == 0


@pytest.mark.parametrize(
    ("token", "presented", "at"),
    [
        (a_token(uses=0), "t", NOW),
        (a_token(), "another", NOW),
        (a_token(), "t", NOW + DAY),
        (a_token(server_id="ausB"), "t", NOW),
        (a_token(digest=secret_digest("t")[:20] + "x" * 23), "t", NOW),
    ],
    ids=["used up", "of nobody", "expired", "of another server", "alike"],
)
def test_a_token_that_is_not_good_stores_nothing(
    stored: Stored, token: RegistrationToken, presented: str, at: int
) -> None:
    stored.tokens.add(token, [])
    client = a_client(created_at=at, expires_at=at + DAY)

    with pytest.raises(AlreadyUsed):
        stored.clients.register(client, most=1, at=at, token=secret_digest(presented))

    assert stored.clients.list("ausA") == []
    assert stored.clients.register(client, most=1, at=at) == client, "the limit was not touched"


def test_a_full_server_uses_no_token(stored: Stored) -> None:
    stored.tokens.add(a_token(), [])
    stored.clients.register(a_client("dcr_B"), most=1, at=NOW)

    with pytest.raises(TooMany):
        stored.clients.register(a_client(), most=1, at=NOW, token=a_token().digest)

    assert stored.tokens.get("ausA", a_token().id).uses == 2


def test_tokens_are_listed_and_deleted(stored: Stored) -> None:
    made = [a_token(text) for text in ("a", "b")]
    for token in [*made, a_token("c", server_id="ausB")]:
        stored.tokens.add(token, [])

    assert stored.tokens.list("ausA") == sorted(made, key=lambda token: token.id)
    stored.tokens.delete(made[0], [])
    with pytest.raises(NotFound):
        stored.tokens.delete(made[0], [])
    with pytest.raises(NotFound):
        stored.tokens.get("ausA", made[0].id)
    assert stored.tokens.list("ausA") == [made[1]]
    with pytest.raises(AlreadyUsed):
        stored.clients.register(a_client(), most=10, at=NOW, token=made[0].digest)
