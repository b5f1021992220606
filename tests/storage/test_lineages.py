"""What tokens hang on that others were given for: the same in memory and in DynamoDB, there in one call."""

from dataclasses import dataclass, replace

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.lineages import DynamoLineages
from authmint.dynamo.revocations import DynamoRevocations
from authmint.dynamo.token_families import DynamoTokenFamilies
from authmint.ids import RandomIds
from authmint.storage.clients import Clients
from authmint.storage.errors import Unavailable
from authmint.storage.lineages import Ancestor, Lineage, Lineages
from authmint.storage.revocations import Revocation, Revocations
from authmint.storage.token_families import TokenFamilies

from tests.functions.faults import FAULTS
from tests.memory.storage import MemoryStorage
from tests.storage.grant_records import a_family
from tests.support.backend import Deployed
from tests.support.builders import a_client
from tests.support.fakes import AT_ONCE, NOW

ABOVE = (
    Ancestor("ausA", "AT.1.oar1", "0oaA", "oar1"),
    Ancestor("ausB", "AT.2.oar2", "0oaB", "oar2"),
    Ancestor("ausB", "AT.3", "0oaC"),
)


@dataclass
class Storage:
    """What it is about, and what reads it."""

    lineages: Lineages
    families: TokenFamilies
    revocations: Revocations
    clients: Clients


def in_dynamo(deployed: Deployed) -> Storage:
    tables, ids = replace(deployed.tables(), retrying=AT_ONCE), RandomIds(SystemClock())
    return Storage(
        DynamoLineages(tables),
        DynamoTokenFamilies(tables, ids),
        DynamoRevocations(tables, ids),
        DynamoClients(tables, SystemClock()),
    )


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        memory = MemoryStorage()
        return Storage(memory.lineages, memory.families, memory.revocations, memory.clients)
    return in_dynamo(request.getfixturevalue("deployed"))


def test_of_nothing_that_is_there_nothing_is_found(storage: Storage) -> None:
    assert storage.lineages.read(ABOVE) == Lineage()


def test_what_is_there_is_found_together(storage: Storage) -> None:
    storage.families.add(a_family(holds_refresh_token=False, current=None), None)
    storage.families.add(a_family(id="oar2", holds_refresh_token=False, current=None, ancestors=ABOVE[:1]), None)
    storage.families.add(a_family(id="oar3"), None)
    storage.families.revoke("oar1", "revoked", at=NOW)
    for client_id in ("0oaA", "0oaC", "0oaD"):
        storage.clients.add(a_client(id=client_id), [])
    for server_id, jti in (("ausB", "AT.3"), ("ausA", "AT.3"), ("ausB", "AT.1.oar1")):
        storage.revocations.add(Revocation(server_id, jti, "0oaC", NOW, NOW + 60))

    found = storage.lineages.read(ABOVE)

    assert {family_id: family.revoked_at for family_id, family in found.families.items()} == {"oar1": NOW, "oar2": None}
    assert found.families["oar2"].ancestors == ABOVE[:1]
    assert {client_id: client.id for client_id, client in found.clients.items()} == {"0oaA": "0oaA", "0oaC": "0oaC"}
    assert found.revoked == {("ausB", "AT.3")}


def test_a_deleted_client_is_not_there(storage: Storage) -> None:
    storage.clients.add(a_client(id="0oaA"), [])
    storage.clients.delete(storage.clients.get("0oaA"), [])

    assert storage.lineages.read(ABOVE).clients == {}


def test_a_stranger_in_the_chain_is_not_looked_for(storage: Storage) -> None:
    far = Ancestor("ausA", "AT.9", "https://app.example/" + "x" * 200)

    assert storage.lineages.read((far,)) == Lineage()


def test_it_is_one_call(deployed: Deployed) -> None:
    tables = deployed.tables()
    sent: list[str] = []
    tables.connection.client.meta.events.register("before-send.*.*", lambda request, **_: sent.append(str(request.url)))

    DynamoLineages(tables).read(ABOVE)

    assert len(sent) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_without_an_answer_nothing_is_taken_for_good(deployed: Deployed, fault: str) -> None:
    tables = replace(deployed.tables(), retrying=AT_ONCE)
    with pytest.MonkeyPatch.context() as pace:
        pace.setattr("botocore.endpoint.time.sleep", lambda _: None)
        tables.connection.client.meta.events.register("before-send.*.*", lambda request, **_: FAULTS[fault](request))

        with pytest.raises(Unavailable):
            DynamoLineages(tables).read(ABOVE)
