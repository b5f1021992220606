"""``authmint outbox``: mail that the running stack would have sent."""

import argparse
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from ..parsers import add_command
from ..tables import json_of

#: Seconds between two looks.
_PAUSE: Final = 0.5
_EXAMPLES: Final = """
authmint outbox --to ann@example.com      the mail of one person, the newest last
authmint outbox --follow                  wait for mail and print it as it comes
"""
_DESCRIPTION: Final = """
Mail that the running stack would have sent: one JSON object a line, with its text, the links and the codes in it.
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    outbox = add_command(
        commands,
        "outbox",
        summary="mail that the running stack would have sent",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    outbox.add_argument("--to", metavar="ADDRESS", help="to this address alone")
    outbox.add_argument("--follow", action="store_true", help="wait for mail and print it as it comes")
    outbox.add_argument("--data", type=Path, metavar="DIR", help="the --data of the running stack")
    outbox.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ...local.stack import run_file

    try:
        address = json.loads(run_file(arguments.data).read_text())["invoke"]
    except (OSError, ValueError, KeyError):
        print("authmint: no stack is running here; start one with authmint dev", file=sys.stderr)
        return 2
    seen = 0
    try:
        while True:
            with urllib.request.urlopen(f"{address}/outbox", timeout=10) as answer:  # noqa: S310 - loopback
                mails = json.loads(answer.read())
            for mail in mails[seen:]:
                if arguments.to is None or mail["to"].casefold() == arguments.to.casefold():
                    print(json_of(mail), flush=True)
            seen = len(mails)
            if not arguments.follow:
                return 0
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"authmint: the running stack does not answer at {address}: {error}", file=sys.stderr)
        return 2
