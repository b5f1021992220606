"""``authmint redrive`` and events that hooks did not take."""

import io
import json
from typing import Any

import pytest
from authmint.cli.main import main

LETTER = {"hook": "who1", "name": "crm", "event": "e1", "givenUp": "2099-12-03T16:53:20.000Z", "reason": "status 400"}


class Aws:
    """An empty queue, and a function that answers in turn."""

    def __init__(self, *answers: Any, fails: bool = False) -> None:
        self.answers = list(answers)
        self.fails = fails
        self.invoked: list[tuple[str, Any]] = []

    def get_queue_url(self, **_: Any) -> Any:
        return {"QueueUrl": "q"}

    def receive_message(self, **_: Any) -> Any:
        return {}

    def invoke(self, FunctionName: str, Payload: str) -> Any:  # noqa: N803 - boto3's names
        self.invoked.append((FunctionName, json.loads(Payload)["action"]))
        payload = {"Payload": io.BytesIO(json.dumps(self.answers.pop(0)).encode())}
        return payload | ({"FunctionError": "Unhandled"} if self.fails else {})


def run(aws: Aws, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr("boto3.client", lambda *_, **__: aws)
    return main(["redrive", "--stage", "blue", "--json", *options])


def test_they_are_shown_beside_the_queue(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    aws = Aws({"given_up": [LETTER]})

    assert run(aws, monkeypatch, "--dry-run") == 0

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["message"], row["for"], row["given up because"]) == ("e1", "event hook crm", "status 400")
    assert aws.invoked == [("authmint-blue-hooks", "given_up")]


@pytest.mark.parametrize(
    ("answers", "status", "outcome"),
    [
        ([{"redelivered": 3, "left": 2}, {"redelivered": 2, "left": 0}], 0, "delivered: 5, refused or not reached: 0"),
        ([{"redelivered": 3, "left": 2}, {"redelivered": 0, "left": 2}], 1, "delivered: 3, refused or not reached: 2"),
    ],
)
def test_they_are_told_again_until_all_are_or_none_is_taken_any_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: Any, status: int, outcome: str
) -> None:
    aws = Aws(*answers)

    assert run(aws, monkeypatch) == status

    assert json.loads(capsys.readouterr().out) == [{"for": "event hooks", "outcome": outcome}]
    assert aws.answers == []


def test_a_function_that_fails_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Aws({"errorType": "Unavailable", "errorMessage": "DynamoDB"}, fails=True), monkeypatch) == 2

    assert "function hooks: Unavailable: DynamoDB" in capsys.readouterr().err
