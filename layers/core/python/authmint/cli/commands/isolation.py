"""``authmint isolation-check``: whether anything of one server works at another one of the same deployment."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from ..isolation.check import check
from ..isolation.sides import CannotCheck
from ..parsers import add_command
from ..remote import add_options, of_options
from ..tables import for_people, print_json, print_table

_EXAMPLES = """
authmint isolation-check
authmint isolation-check --servers default aus1a2b3c4d5e6f7g8h9 --json
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "isolation-check",
        summary="try everything of one server at another; 1: something crossed",
        description="Makes two servers with clients, scopes, claims, policies, rules and tokens of their own, and a "
        "user, tries every endpoint of one with everything of the other, and what the user gave a client with another "
        "one; says what was refused and how, and deletes what it made.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--servers", nargs=2, metavar="ID", help="use these two, adding to them for a moment; default: two new ones"
    )
    add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    remote = of_options(options)
    try:
        attempts = check(remote, taken=None if options.servers is None else tuple(options.servers))
    except CannotCheck as error:
        print(f"authmint: {error}", file=sys.stderr)
        return 2
    rows = [asdict(attempt) for attempt in attempts]
    crossed = sum(not attempt.refused for attempt in attempts)
    if for_people(as_json=options.json):
        print_table("What was tried", rows)
        print(f"{len(rows)} attempts, {crossed} crossed" if crossed else f"{len(rows)} attempts, nothing crossed")
    else:
        print_json({"attempts": rows, "crossed": crossed})
    return int(crossed > 0)
