"""Rotators at once, delivered twice, and too late: one consistent key set, and an alarm that goes off."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.servers import DynamoServers
from authmint.local.deployment import deployment
from authmint.local.template import load, read
from authmint.runtime import wiring

from tests.functions.aged_keys import OTHER, aged
from tests.functions.deployment import Functions, load_event
from tests.functions.faults import FAULTS, SERVERS, Faults, only_kms
from tests.support.backend import Deployed

ROTATORS = 6


def at_once(rotators: list[Functions]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(len(rotators)) as pool:
        return list(pool.map(lambda one: one.direct("key_rotation", load_event("schedule")), rotators))


def test_rotators_at_once_make_one_key_and_promote_it_once(functions: Functions, deployed: Deployed) -> None:
    functions.ready()
    ids = [functions.admin("POST", SERVERS, OTHER | {"name": f"s{number}"})["id"] for number in range(4)]
    for server in ids:
        aged(deployed, server, without_next=True)
    rotators = [Functions(deployed) for _ in range(ROTATORS)]
    for one in rotators:
        one.function("key_rotation")
    servers = DynamoServers(deployed.tables(), SystemClock())

    announcing = at_once(rotators)
    announced = {server: servers.get(server) for server in ids}
    for record in announced.values():
        seen = tuple(replace(key, published_at=1) for key in record.keys)
        servers.save(record, replace(record, keys=seen, rotate_at=1), [])
    promoting = at_once(rotators)
    promoted = {server: servers.get(server) for server in ids}

    for runs in (announcing, promoting):
        assert sorted(server for run in runs for server in run["advanced"]) == sorted(ids), "each exactly once"
        assert not [run["failed"] for run in runs if run["failed"]]
    for server in ids:
        before, after = announced[server].keys, promoted[server].keys
        assert sorted(key.status for key in before) == ["ACTIVE", "NEXT"]
        assert sorted(key.status for key in after) == ["ACTIVE", "EXPIRED", "NEXT"]
        assert {key.kid for key in before} < {key.kid for key in after}, "no key lost, one made"
        (next_key,) = (key.kid for key in before if key.status == "NEXT")
        assert promoted[server].active_key.kid == next_key
    table = deployed.tables().events
    assert table is not None
    rollovers = [item for item in table.scan() if json.loads(item.body or "{}")["type"] == "app.oauth2.as.key.rollover"]
    assert len(rollovers) == len(ids)


def test_a_lag_of_two_hours_crosses_the_alarms_threshold(
    functions: Functions, faults: Faults, deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    alarm = load(deployment().template)["Resources"]["RotationLagAlarm"]["Properties"]
    spec = read(deployment().template, parameters={"Stage": "prod"}).functions["key_rotation"]
    functions.ready()
    server = functions.admin("POST", SERVERS, OTHER)["id"]
    aged(deployed, server)
    servers = DynamoServers(deployed.tables(), SystemClock())
    rotation = wiring.key_rotation({**spec.environment, **deployed.environment()})
    assert rotation.direct is not None
    emitted = []
    for late in (alarm["Threshold"] - 300, alarm["Threshold"] + 1):
        record = servers.get(server)
        servers.save(record, replace(record, rotate_at=int(time.time()) - late), [])
        faults.arm(only_kms(FAULTS["failing"]), 1, lasting=True)
        capsys.readouterr()

        run = rotation.direct(load_event("schedule"))

        faults.clear()
        assert run["failed"] == {server: "VaultUnavailable"}
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        emitted.append(next(line for line in lines if alarm["MetricName"] in line))

    for line in emitted:
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        assert {"Fn::Sub": metrics["Namespace"].replace("/prod", "/${Stage}")} == alarm["Namespace"]
        assert metrics["Metrics"] == [{"Name": alarm["MetricName"], "Unit": "Seconds"}]
        assert metrics["Dimensions"] == [[dimension["Name"] for dimension in alarm["Dimensions"]]]
        assert {name: line[name] for (name,) in metrics["Dimensions"]} == {
            dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]
        }
    values = [max(line[alarm["MetricName"]]) for line in emitted]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert values[0] <= alarm["Threshold"] < values[1]
