"""Bounded staleness keeps its word: a request that begins ``staleness`` after a change, or later, sees it."""

import random
from dataclasses import replace

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.configuration import WarmConfiguration
from authmint.dynamo.servers import DynamoServers

from tests.support.backend import Deployed
from tests.support.builders import a_client, a_server

STALENESS = 1_000


class Milliseconds:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = 1_700_000_000_000

    def now(self) -> int:
        return self.at // 1000

    def now_ms(self) -> int:
        return self.at


@pytest.mark.parametrize("seed", range(4))
def test_a_change_is_seen_by_every_request_that_begins_staleness_after_it(deployed: Deployed, seed: int) -> None:
    tables, clock = deployed.tables(), Milliseconds()
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    servers, clients = DynamoServers(tables, SystemClock()), DynamoClients(tables, SystemClock())
    servers.add(a_server(algorithm="ES256"), [])
    clients.add(a_client(), [])
    instance = WarmConfiguration(tables, clock, staleness=STALENESS)
    server_at, client_at = [(clock.at, "0")], [(clock.at, "0")]
    used_what_it_knew = 0
    for number in range(1, 60):
        clock.at += chance.choice([0, 1, 300, STALENESS - 1, STALENESS, STALENESS + 1])
        kind = chance.choice(["server", "client", "read", "read", "read"])
        if kind == "server":
            before = servers.get(a_server().id)
            servers.save(before, replace(before, description=str(number)), [])
            server_at.append((clock.at, str(number)))
        elif kind == "client":
            known = clients.get(a_client().id)
            clients.save(known, replace(known, settings={"at": str(number)}), [])
            client_at.append((clock.at, str(number)))
        else:
            seen = instance.read(a_server().id, a_client().id)
            assert seen.server is not None
            assert seen.client is not None
            for value, changes in (
                (seen.server.description or "0", server_at),
                (seen.client.settings.get("at", "0"), client_at),
            ):
                due = [change for at, change in changes if at <= clock.at - STALENESS]
                assert int(value) >= int(due[-1] if due else "0"), number
                used_what_it_knew += value != changes[-1][1]

    assert used_what_it_knew, "staleness was never made use of"
