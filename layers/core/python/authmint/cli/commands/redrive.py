"""``authmint redrive``: what was given up, back to the functions that it was meant for."""

import argparse
from datetime import UTC, datetime
from typing import Any, Final

from ..operation.redriving import DeadLetters, FunctionFailed, GivenUp, HookLetters, Outcome
from ..parsers import add_command
from ..remote import RemoteFailed
from ..tables import for_people, print_json, print_table

_EXAMPLES: Final = """
authmint redrive --dry-run             what lies in the queue, and why
authmint redrive --stage prod
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    redrive = add_command(
        commands,
        "redrive",
        summary="deliver again what was given up; 1: something was refused again and is still there",
        description="Delivers what lies in the dead-letter queue of a stage to the functions that it was meant for, "
        "oldest first, and what event hooks did not take to them, with the credentials and the region of the "
        "environment. All of it may come twice, so this may be repeated and stopped at any time.",
        examples=_EXAMPLES,
    )
    redrive.add_argument("--stage", default="prod", help="of the deployment (default prod)")
    redrive.add_argument("--dry-run", action="store_true", help="only show what there is, up to a thousand messages")
    redrive.add_argument("--json", action="store_true", help="print JSON, as without a terminal")
    redrive.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import boto3  # this command only
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # A function may take its time, and is not to be asked twice meanwhile.
    patient = Config(read_timeout=330, retries={"total_max_attempts": 1})
    try:
        lambda_ = boto3.client("lambda", config=patient)
        queue, hooks = DeadLetters(boto3.client("sqs"), lambda_, options.stage), HookLetters(lambda_, options.stage)
        if options.dry_run:
            rows = [_row(message) for message in queue.look()] + [_hook_row(letter) for letter in hooks.look()]
            _show("Given up", rows, as_json=options.json)
            return 0
        outcomes = list(queue.redrive())
        taken, left = hooks.redrive()
    except (BotoCoreError, ClientError) as error:
        raise RemoteFailed(f"AWS: {error}") from None
    except FunctionFailed as error:
        raise RemoteFailed(f"function hooks: {error}") from None
    rows = [_told(outcome) for outcome in outcomes]
    if taken or left:
        rows.append({"for": "event hooks", "outcome": f"delivered: {taken}, refused or not reached: {left}"})
    _show("Delivered again", rows, as_json=options.json)
    return int(any(outcome.error for outcome in outcomes) or left > 0)


def _row(message: GivenUp) -> dict[str, Any]:
    sent = datetime.fromtimestamp(message.sent_at / 1000, UTC)
    return {
        "message": message.id,
        "sent": sent.isoformat(timespec="seconds"),
        "for": message.purpose,
        "given up because": message.error or None,
    }


def _hook_row(letter: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": letter["event"],
        "sent": letter["givenUp"],
        "for": f"event hook {letter['name']}",
        "given up because": letter["reason"],
    }


def _told(outcome: Outcome) -> dict[str, Any]:
    return _row(outcome.message) | {"outcome": f"refused: {outcome.error}" if outcome.error else "delivered"}


def _show(title: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if for_people(as_json=as_json):
        print_table(title, rows)
    else:
        print_json(rows)
