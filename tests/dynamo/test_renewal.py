"""A warm instance that meets a new version reads what changed, and knows what it would know if it had read all."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.configuration import WarmConfiguration
from authmint.dynamo.servers import DynamoServers
from authmint.storage.errors import NotFound
from authmint.storage.servers import AuthorizationServer, Scope

from tests.support.backend import Deployed
from tests.support.builders import a_policy, a_rule, a_server


def a_scope(name: str) -> Scope:
    return Scope(name, name)


def grown(server: AuthorizationServer, chance: random.Random, number: int) -> AuthorizationServer:
    """The server after a change of some kind."""
    scopes, policies = server.scopes, server.policies
    changes: list[AuthorizationServer] = [
        replace(server, name=f"n{number}"),
        replace(server, scopes=(*scopes, a_scope(f"s{number}"))),
        replace(server, scopes=scopes[1:]),
        replace(server, scopes=(*scopes, *(a_scope(f"m{number}.{i}") for i in range(60)))),
        replace(server, scopes=scopes[::-1], policies=policies[::-1]),
        replace(server, policies=(*policies, a_policy(a_rule(id=f"r{number}"), id=f"p{number}"))),
        replace(server, policies=policies[:-1]),
    ]
    if policies:
        first, *others = policies
        more, less = (*first.rules, a_rule(id=f"r{number}")), first.rules[1:]
        changes += [replace(server, policies=(replace(first, rules=rules), *others)) for rules in (more, less)]
    return chance.choice(changes)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("is_default", [True, False])
def test_what_is_renewed_is_what_is_read(deployed: Deployed, seed: int, is_default: bool) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    servers = DynamoServers(deployed.tables(), SystemClock())
    servers.add(a_server(algorithm="ES256", is_default=is_default), [])
    instance = WarmConfiguration(deployed.tables(), SystemClock())
    instance.read(a_server().id)
    for number in range(15):
        before = servers.get(a_server().id)
        servers.save(before, grown(before, chance, number), [])
        if chance.random() < 0.6:  # not every version is looked at
            assert instance.read(a_server().id).server == servers.get(a_server().id)


def test_one_change_of_a_large_server_reads_three_items_and_not_all(deployed: Deployed) -> None:
    tables = deployed.tables()
    servers = DynamoServers(tables, SystemClock())
    rules = tuple(a_rule(id=f"r{number}") for number in range(80))
    servers.add(a_server(algorithm="ES256", policies=(a_policy(*rules, id="p"),)), [])
    instance = WarmConfiguration(tables, SystemClock())
    read: list[tuple[str, int]] = []

    def note(model: Any, parsed: Any, **_: Any) -> None:
        answers = parsed.get("Responses", {}).values()
        read.append((model.name, len(parsed.get("Items", ())) + sum(len(items) for items in answers)))

    tables.connection.client.meta.events.register("after-call.dynamodb.*", note)
    instance.read(a_server().id)
    cold, read[:] = list(read), []
    before = servers.get(a_server().id)
    changed = replace(before.policies[0], rules=(replace(rules[0], name="changed"), *rules[1:]))
    servers.save(before, replace(before, policies=(changed,)), [])
    read.clear()

    seen = instance.read(a_server().id).server

    assert seen is not None
    assert seen.policies[0].rules[0].name == "changed"
    assert cold[1][0] == "Query"
    assert cold[1][1] > 80
    assert read == [("BatchGetItem", 1), ("BatchGetItem", 2), ("BatchGetItem", 1)]


def test_a_server_deleted_before_it_could_be_renewed_is_gone(deployed: Deployed) -> None:
    servers = DynamoServers(deployed.tables(), SystemClock())
    servers.add(a_server(algorithm="ES256"), [])
    instance = WarmConfiguration(deployed.tables(), SystemClock())
    known = instance.read(a_server().id).server
    assert known is not None
    servers.delete(servers.get(a_server().id), [])

    assert instance.read(a_server().id).server is None
    with pytest.raises(NotFound):
        servers.renewed(known)


def test_warm_readers_never_see_half_of_a_change(deployed: Deployed) -> None:
    servers = DynamoServers(deployed.tables(), SystemClock())

    def rules(number: int) -> Any:
        return (a_policy(*(a_rule(id=f"r{i}", name=str(number)) for i in range(20)), id="p"),)

    servers.add(a_server(algorithm="ES256", policies=rules(0)), [])

    def write() -> None:
        for number in range(1, 12):
            seen = servers.get(a_server().id)
            servers.save(seen, replace(seen, name=str(number), policies=rules(number)), [])

    def look(_: int) -> set[int]:
        instance = WarmConfiguration(deployed.tables(), SystemClock())
        kinds = set()
        for _ in range(25):
            server = instance.read(a_server().id).server
            assert server is not None
            kinds.add(len({rule.name for rule in server.policies[0].rules}))
        return kinds

    with ThreadPoolExecutor(4) as pool:
        writer = pool.submit(write)
        seen = [pool.submit(look, number) for number in range(3)]
        writer.result()
        assert {count for future in seen for count in future.result()} == {1}
