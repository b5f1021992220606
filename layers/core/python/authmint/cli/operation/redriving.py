"""What was given up: messages of the dead-letter queue back to their functions, events back to hooks.

Both functions may be told the same thing twice: a delivery of events is recorded once, and a run of the key rotation
finds nothing left to do. So a message is deleted after its function has answered, and a crash in between does no harm.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

#: How long nobody else sees a message that is being worked on.
_HIDDEN_SECONDS: Final = 900
#: Messages that are put in order together.
_AT_ONCE: Final = 1_000
_RECEIVED_AT_ONCE: Final = 10

Purpose = Literal["audit-sink", "key-rotation", "unknown"]


@dataclass(frozen=True)
class GivenUp:
    """One message of the queue.

    Attributes:
        purpose: The function that it was meant for.
        sent_at: Milliseconds since the Unix epoch.
        error: What the last attempt ended with, as Lambda or the scheduler says.
    """

    id: str
    receipt: str
    body: str
    purpose: Purpose
    sent_at: int
    error: str


@dataclass(frozen=True)
class Outcome:
    """What became of a message: ``error`` is empty where it is done with."""

    message: GivenUp
    error: str = ""


def given_up(message: Mapping[str, Any]) -> GivenUp:
    """A message as SQS hands it over."""
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    error = attributes.get("ErrorMessage") or attributes.get("ERROR_MESSAGE") or attributes.get("ERROR_CODE") or ""
    return GivenUp(
        message["MessageId"],
        message["ReceiptHandle"],
        message["Body"],
        _purpose(message["Body"], attributes.get("TARGET_ARN", "")),
        int(message["Attributes"]["SentTimestamp"]),
        error[:200],
    )


def _purpose(body: str, target: str) -> Purpose:
    """The scheduler names its target; what Lambda itself gave up is told by what it holds."""
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if isinstance(payload, dict) and isinstance(payload.get("awslogs"), dict):
        return "audit-sink"
    scheduled = isinstance(payload, dict) and "schedule" in str(payload.get("source"))
    if scheduled and "-audit-sink" in str(payload.get("resources")):
        return "audit-sink"
    if target.endswith("-key-rotation") or scheduled or payload == {}:
        return "key-rotation"
    return "unknown"


class FunctionFailed(Exception):
    """A function that was invoked failed. The message is its own."""


class HookLetters:
    """Events that hooks did not take. The function ``hooks`` keeps them, and tells them again.

    Args:
        lambda_: boto3's client.
        stage: As the template was deployed.
    """

    def __init__(self, lambda_: Any, stage: str) -> None:
        self._lambda = lambda_
        self._function = f"authmint-{stage}-hooks"

    def look(self) -> list[dict[str, Any]]:
        """What there is, hook by hook, in the order of the log."""
        found: list[dict[str, Any]] = self._invoked("given_up")["given_up"]
        return found

    def redrive(self) -> tuple[int, int]:
        """How many were taken now, and how many are still there. An invocation takes as many as it has time for."""
        taken = 0
        while True:
            outcome = self._invoked("redrive")
            taken += outcome["redelivered"]
            if not outcome["redelivered"] or not outcome["left"]:
                return taken, outcome["left"]

    def _invoked(self, action: str) -> Any:
        answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps({"action": action}))
        told = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionFailed(f"{told.get('errorType')}: {told.get('errorMessage')}")
        return told


class DeadLetters:
    """The queue of one stage, and the functions of that stage.

    Args:
        sqs: boto3's client.
        lambda_: boto3's client.
        stage: As the template was deployed.
    """

    def __init__(self, sqs: Any, lambda_: Any, stage: str) -> None:
        self._sqs = sqs
        self._lambda = lambda_
        self._stage = stage
        self._queue: str = sqs.get_queue_url(QueueName=f"authmint-{stage}-dead-letters")["QueueUrl"]

    def look(self) -> list[GivenUp]:
        """What is there, oldest first, up to a thousand. Everybody sees it again at once."""
        found = self._received()
        for message in found:
            self._release(message)
        return found

    def redrive(self) -> Iterator[Outcome]:
        """Hand each message to its function, oldest first. What fails stays in the queue."""
        failed: list[GivenUp] = []
        while found := self._received():
            rotated = ""
            for message in found:
                if message.purpose == "key-rotation" and rotated == "done":
                    error = ""  # one run does what all of them were to do
                else:
                    error = self._handed_over(message)
                    rotated = "done" if message.purpose == "key-rotation" and not error else rotated
                if error:
                    failed.append(message)
                else:
                    self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message.receipt)
                yield Outcome(message, error)
        for message in failed:
            self._release(message)

    def _received(self) -> list[GivenUp]:
        found: dict[str, GivenUp] = {}
        while len(found) < _AT_ONCE:
            answer = self._sqs.receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=_RECEIVED_AT_ONCE,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=1,  # asks every server that may hold a message
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            messages = [given_up(message) for message in answer.get("Messages", [])]
            if not messages:
                break
            found |= {message.id: message for message in messages}
        return sorted(found.values(), key=lambda message: (message.sent_at, message.id))

    def _handed_over(self, message: GivenUp) -> str:
        """Why the function did not take it; empty where it did."""
        if message.purpose == "unknown":
            return "neither events nor a scheduled run: look at it by hand"
        answer = self._lambda.invoke(FunctionName=f"authmint-{self._stage}-{message.purpose}", Payload=message.body)
        if "FunctionError" not in answer:
            return ""
        try:
            told = json.loads(answer["Payload"].read())
            return f"{told['errorType']}: {told['errorMessage']}"
        except (ValueError, KeyError, TypeError):
            return str(answer["FunctionError"])

    def _release(self, message: GivenUp) -> None:
        self._sqs.change_message_visibility(QueueUrl=self._queue, ReceiptHandle=message.receipt, VisibilityTimeout=0)
