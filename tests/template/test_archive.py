"""The archive of log lines: off unless asked for, its roles may do one thing each, and its table fits the lines."""

import json
import re
from typing import Any

import pytest
from authmint.audit.lines import line_of
from authmint.storage.events import Event, Party

from tests.support.translated import resources, translated

DOCUMENT = translated("prod")
ON = resources(DOCUMENT, {"Stage": "prod", "ArchiveEvents": "true"})
OFF = resources(DOCUMENT, {"Stage": "prod"})
TABLE: dict[str, Any] = ON["ArchiveTable"]["Properties"]["TableInput"]
DESTINATION: dict[str, Any] = ON["ArchiveStream"]["Properties"]["ExtendedS3DestinationConfiguration"]


def test_nothing_of_it_is_made_unless_it_is_asked_for() -> None:
    made = ON.keys() - OFF.keys()

    assert {name for name in made if not name.startswith("Archive")} == set()
    assert len(made) == 11


@pytest.mark.parametrize(
    ("role", "service", "actions"),
    [
        (
            "ArchiveRole",
            "firehose.amazonaws.com",
            {"s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket",
             "s3:ListBucketMultipartUploads", "s3:PutObject"},
        ),
        ("ArchiveSourceRole", "logs.amazonaws.com", {"firehose:PutRecord", "firehose:PutRecordBatch"}),
    ],
)  # fmt: skip
def test_a_role_is_of_one_service_and_of_this_archive(role: str, service: str, actions: set[str]) -> None:
    properties = ON[role]["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    statements = properties["Policies"][0]["PolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": service}
    assert trust["Condition"], "no other account makes the service use it"
    assert {action for statement in statements for action in statement["Action"]} == actions
    assert all(statement["Resource"] != "*" and "Archive" in str(statement["Resource"]) for statement in statements)


def test_every_line_with_an_event_goes_there_whatever_the_system_log_keeps() -> None:
    subscriptions = [
        resource["Properties"]
        for resource in ON.values()
        if resource["Type"] == "AWS::Logs::SubscriptionFilter" and "RoleArn" in resource["Properties"]
    ]

    assert len({str(properties["LogGroupName"]) for properties in subscriptions}) == 4
    assert {properties["FilterPattern"] for properties in subscriptions} == {'{ $.event.id = "*" }'}


def test_partitions_are_where_firehose_writes() -> None:
    written, parameters = DESTINATION["Prefix"], TABLE["Parameters"]

    assert written == f"events/!{{timestamp:{parameters['projection.hour.format']}}}/"
    assert parameters["storage.location.template"].endswith("/events/${hour}")
    assert TABLE["StorageDescriptor"]["Location"].endswith("/events/")
    assert [key["Name"] for key in TABLE["PartitionKeys"]] == ["hour"]
    assert DESTINATION["CompressionFormat"] == "GZIP"


def fields(kind: str) -> dict[str, Any]:
    """Members of a Hive type, by name."""
    if not kind.startswith("struct<"):
        return fields(kind[6:-1]) if kind.startswith("array<") else {}
    found: dict[str, Any] = {}
    depth, begin = 1, len("struct<")
    for at in range(begin, len(kind)):
        depth += {"<": 1, ">": -1}.get(kind[at], 0)
        if depth == 0 or (depth == 1 and kind[at] == ","):
            name, _, member = kind[begin:at].partition(":")
            found[name], begin = fields(member), at + 1
    return found


def test_the_table_has_a_column_for_everything_that_a_line_says() -> None:
    event = Event(
        "e", 1, "t", Party("a", "User", "b", "c"), "FAILURE", "r", "m",
        (Party("h", "id_token", "x", "y", {"expires": 1, "hash": "h", "subject": "s", "scope": "z"}),),
        {"grant_type": "g"}, "192.0.2.1", "curl", "q",
    )  # fmt: skip
    columns = {column["Name"]: column["Type"] for column in TABLE["StorageDescriptor"]["Columns"]}
    known = fields(columns["event"])
    line = json.loads(json.dumps(line_of(event)))

    assert {"timestamp", "message", "service", "event"} == columns.keys()
    assert line.keys() == known.keys()
    assert line["actor"].keys() == known["actor"].keys()
    assert line["targets"][0].keys() == known["targets"].keys()
    assert line["targets"][0]["detail"].keys() - {"hash"} == known["targets"]["detail"].keys()
    assert not re.search(r"\s", columns["event"])
