"""``authmint clock``: moves the time of the running local stack."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ...local.clock import duration
from ..parsers import add_command

_EXAMPLES = """
authmint clock                       tells the time of the running stack
authmint clock --advance 2h          access tokens have expired, due key rotations have run
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    clock = add_command(
        commands,
        "clock",
        summary="move the time of the running local stack",
        description="Moves the clock of every function of the running local stack ahead: for tests of expiry, "
        "rotation and retention. Schedules that would have run meanwhile run once. Without --advance it only tells.",
        examples=_EXAMPLES,
    )
    clock.add_argument("--advance", metavar="TIME", type=_seconds, default=0, help="as in 2h, 90m, 30d or 1d12h")
    clock.add_argument("--data", type=Path, metavar="DIR", help="the --data of the running stack")
    clock.set_defaults(run=_run)


def _seconds(text: str) -> int:
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(arguments: argparse.Namespace) -> int:
    from ...local.stack import run_file

    try:
        address = json.loads(run_file(arguments.data).read_text())["invoke"]
    except FileNotFoundError:
        print("authmint: no stack is running here; start one with authmint dev", file=sys.stderr)
        return 2
    body = json.dumps({"advance": arguments.advance}).encode()
    request = urllib.request.Request(f"{address}/clock", body)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=310) as answer:  # noqa: S310 - loopback
            print(json.loads(answer.read())["now"])
    except OSError as error:
        print(f"authmint: the running stack does not answer at {address}: {error}", file=sys.stderr)
        return 2
    return 0
