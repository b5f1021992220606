"""The ``authmint`` command."""

import argparse
import sys

from .. import __version__
from .commands import (
    clock,
    console,
    dev,
    doctor,
    importing,
    invoke,
    isolation,
    keys,
    logs,
    migrate,
    outbox,
    redrive,
    restore,
    usage,
    why,
)
from .remote import RemoteFailed
from .tables import plain


def new_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    parser = argparse.ArgumentParser(prog="authmint", description="OAuth 2.0 and OpenID Connect authorization servers")
    parser.add_argument("--version", action="version", version=f"authmint {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    groups = (
        dev,
        console,
        clock,
        invoke,
        doctor,
        keys,
        isolation,
        why,
        logs,
        usage,
        outbox,
        redrive,
        migrate,
        restore,
        importing,
    )
    for group in groups:
        group.add(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = new_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except RemoteFailed as error:
        print(f"authmint: {plain(str(error))}", file=sys.stderr)
        return 2
    return status
