"""``authmint invoke``: one function of the running stack, directly, as the schedule does."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ..parsers import add_command

_EXAMPLES = """
authmint invoke key_rotation                                rotate the keys that are due
authmint invoke token --event events/token.json     as API Gateway would
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    invoke = add_command(commands, "invoke", summary="invoke one function of the running stack", examples=_EXAMPLES)
    invoke.add_argument("function", metavar="FUNCTION")
    invoke.add_argument("--event", type=Path, metavar="FILE", help="JSON file; default: an empty object")
    invoke.add_argument("--data", type=Path, metavar="DIR", help="the --data of the running stack")
    invoke.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ...local.stack import run_file

    try:
        address = json.loads(run_file(arguments.data).read_text())["invoke"]
        event = arguments.event.read_bytes() if arguments.event else b"{}"
        json.loads(event)
    except FileNotFoundError as error:
        missing = error.filename if arguments.event and str(arguments.event) == str(error.filename) else None
        print(f"authmint: {missing or 'no stack is running here; start one with authmint dev'}", file=sys.stderr)
        return 2
    except ValueError:
        print(f"authmint: {arguments.event} is not JSON", file=sys.stderr)
        return 2
    url = f"{address}/2015-03-31/functions/{arguments.function}/invocations"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, event), timeout=310) as answer:  # noqa: S310 - loopback
            print(answer.read().decode())
            return 1 if answer.headers.get("x-amz-function-error") else 0
    except urllib.error.HTTPError as error:
        print(f"authmint: {error.read().decode()}", file=sys.stderr)
    except OSError as error:
        print(f"authmint: the running stack does not answer at {address}: {error}", file=sys.stderr)
    return 2
