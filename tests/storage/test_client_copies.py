"""Copies of clients' documents, in memory and in DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.client_copies import DynamoClientCopies
from authmint.ids import RandomIds
from authmint.storage.client_documents import ClientCopies, ClientCopy, ClientDocument
from authmint.storage.errors import Conflict, NotFound

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.backend import Deployed
from tests.support.fakes import NOW

URL = "https://app.example/" + "x" * 400
DOCUMENT = ClientDocument(
    url=URL,
    name="Änne’s App",
    redirect_uris=("http://localhost/callback", "https://app.example/cb"),
    auth_method="private_key_jwt",
    grant_types=("authorization_code",),
    scopes=("a", "b"),
    jwks=({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "key_ops": ["verify"]},),
    logo_uri="https://app.example/logo.png",
)


@pytest.fixture(params=["memory", "dynamo"])
def copies(request: pytest.FixtureRequest) -> ClientCopies:
    if request.param == "memory":
        return MemoryStorage().client_copies
    deployed: Deployed = request.getfixturevalue("deployed")
    return DynamoClientCopies(deployed.tables(), RandomIds(SystemClock()))


def a_copy(**changes: Any) -> ClientCopy:
    return replace(ClientCopy("ausA", DOCUMENT, NOW, NOW + 3_600, since=NOW, generation=NOW), **changes)


def test_a_copy_comes_back_as_it_was_stored_at_its_own_server(copies: ClientCopies) -> None:
    copies.save(None, a_copy())

    assert copies.get("ausA", URL) == a_copy()
    for server_id, url in (
        ("ausB", URL),
        ("ausA", URL[:-1]),
        ("ausA", ""),
        ("", URL),
        ("ausA", "\ud800"),
        ("x" * 200, URL),
    ):
        with pytest.raises(NotFound):
            copies.get(server_id, url)


def test_a_copy_takes_the_place_of_the_one_that_was_read(copies: ClientCopies) -> None:
    first, gone = a_copy(), a_copy(withdrawn_at=NOW + 5, generation=NOW + 5)
    back = a_copy(checked_at=NOW + 9, generation=NOW + 5)
    with pytest.raises(Conflict):
        copies.save(first, gone)
    copies.save(None, first)

    for before, after in ((None, gone), (gone, back), (back, gone)):
        with pytest.raises(Conflict):
            copies.save(before, after)
        assert copies.get("ausA", URL) == first
    copies.save(first, gone)
    assert copies.get("ausA", URL) == gone
    with pytest.raises(Conflict):
        copies.save(first, back)
    copies.save(gone, back)
    assert copies.get("ausA", URL) == back


def test_of_many_who_store_at_once_one_does(copies: ClientCopies) -> None:
    assert race(lambda number: copies.save(None, a_copy(since=number)), Conflict).count("won") == 1
    first = copies.get("ausA", URL)

    withdrawn = [replace(first, withdrawn_at=NOW + 1, generation=number) for number in range(50)]

    assert race(lambda number: copies.save(first, withdrawn[number]), Conflict).count("won") == 1
    assert copies.get("ausA", URL) in withdrawn


def test_one_may_fetch_until_the_pause_is_over(copies: ClientCopies) -> None:
    allowed: list[int] = []

    def claim(number: int) -> None:
        if copies.claim(URL, at=NOW, until=NOW + 5):
            allowed.append(number)

    race(claim)

    assert len(allowed) == 1
    assert not copies.claim(URL, at=NOW + 4, until=NOW + 9)
    assert copies.claim("https://other.example/c", at=NOW + 4, until=NOW + 9)
    assert copies.claim(URL, at=NOW + 5, until=NOW + 10)
    assert not copies.claim(URL, at=NOW + 9, until=NOW + 14)
