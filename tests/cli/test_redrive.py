"""``authmint redrive`` against deployed stages: what was given up is delivered, once, oldest first."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from authmint.cli.main import main
from authmint.cli.operation.redriving import given_up
from authmint.local.provision import client

from tests.audit.deliveries import delivery
from tests.functions.deployment import load_event
from tests.support.stages import Stage, credentials


@pytest.fixture
def stage(stages: dict[str, Stage], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    blue = stages["blue"]
    for name, value in credentials(blue).items():
        monkeypatch.setenv(name, value)
    yield blue
    sqs, url = queue(blue)
    sqs.purge_queue(QueueUrl=url)


def queue(stage: Stage) -> tuple[Any, str]:
    sqs = client("sqs", stage.endpoint)
    return sqs, sqs.get_queue_url(QueueName=f"authmint-{stage.name}-dead-letters")["QueueUrl"]


def give_up(stage: Stage, body: str, **attributes: str) -> None:
    sqs, url = queue(stage)
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)


def events_delivery() -> tuple[str, str]:
    """An event and its delivery."""
    event_id = f"e-{uuid.uuid4()}"
    actor = {"id": "a", "type": "User"}
    event = {"id": event_id, "published_ms": 1_700_000_000_000, "type": "user.session.start", "actor": actor}
    return event_id, json.dumps(delivery(json.dumps({"event": event})))


def run(capsys: pytest.CaptureFixture[str], *options: str, status: int = 0) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["redrive", "--stage", "blue", "--json", *options]) == status
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return told


def left(stage: Stage) -> int:
    sqs, url = queue(stage)
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(counted["Attributes"]["ApproximateNumberOfMessages"])


def recorded(stage: Stage, event_id: str) -> int:
    logged = stage.admin(stage.token, "GET", "/api/v1/logs?since=2020-01-01T00:00:00Z&limit=1000").json()
    return sum(event["uuid"] == event_id for event in logged)


def test_what_was_given_up_is_delivered_once(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    event_id, body = events_delivery()
    give_up(stage, body, ErrorMessage="ProvisionedThroughputExceededException", ErrorCode="200")
    give_up(stage, json.dumps(load_event("schedule")))
    give_up(stage, body)

    shown = run(capsys, "--dry-run")
    told = run(capsys)

    assert [row["for"] for row in shown] == ["audit-sink", "key-rotation", "audit-sink"]
    assert shown[0]["given up because"] == "ProvisionedThroughputExceededException"
    assert [row["outcome"] for row in told] == ["delivered"] * 3
    assert left(stage) == 0
    assert recorded(stage, event_id) == 1


def test_what_is_refused_again_stays_and_the_rest_goes_on(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    event_id, body = events_delivery()
    give_up(stage, json.dumps({"awslogs": {"data": "bm90IGEgZGVsaXZlcnk="}}))
    give_up(stage, "not ours")
    give_up(stage, body)

    told = run(capsys, status=1)

    assert told[0]["outcome"].startswith("refused: ")
    assert "not a delivery of CloudWatch Logs" in told[0]["outcome"]
    assert "by hand" in told[1]["outcome"]
    assert told[2]["outcome"] == "delivered"
    assert left(stage) == 2
    assert recorded(stage, event_id) == 1


def test_an_empty_queue_is_no_failure(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys) == []


def test_a_stage_that_is_not_there_is_said_in_words(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--stage", "none"]) == 2

    assert "authmint: AWS: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "attributes", "purpose"),
    [
        ('{"awslogs": {"data": ""}}', {}, "audit-sink"),
        ('{"source": "aws.scheduler", "detail-type": "Scheduled Event"}', {}, "key-rotation"),
        ("{}", {}, "key-rotation"),
        ("", {"TARGET_ARN": "arn:aws:lambda:eu-west-1:1:function:authmint-prod-key-rotation"}, "key-rotation"),
        ('{"action": "bootstrap"}', {}, "unknown"),
        ('{"awslogs": "x"}', {}, "unknown"),
        ("[1]", {}, "unknown"),
    ],
)
def test_a_message_is_for_the_function_that_gave_it_up(body: str, attributes: dict[str, str], purpose: str) -> None:
    """Both the scheduler and Lambda send here."""
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": body,
        "Attributes": {"SentTimestamp": "1"},
        "MessageAttributes": {name: {"StringValue": value} for name, value in attributes.items()},
    }

    assert given_up(message).purpose == purpose
