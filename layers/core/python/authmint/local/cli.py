"""The ``authmint`` command."""

import argparse
import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from .. import __version__
from .deployment import deployment
from .stack import CannotStart, Options, Stack, run_file


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="authmint", description="OAuth 2.0 and OpenID Connect authorization servers")
    parser.add_argument("--version", action="version", version=f"authmint {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dev = commands.add_parser("dev", help="serve the deployed functions on this machine, offline")
    dev.add_argument("--data", type=Path, metavar="DIR", help="keep the state in this directory")
    dev.add_argument("--port", type=_port, default=None, help="default: PORT, else 8080; 0 for a free one")
    dev.add_argument("--environments", type=int, default=4, metavar="N", help="most processes per function (default 4)")
    dev.set_defaults(run=_dev)
    invoke = commands.add_parser("invoke", help="invoke one function of the running stack")
    invoke.add_argument("function", metavar="FUNCTION")
    invoke.add_argument("--event", type=Path, metavar="FILE", help="JSON file; default: an empty object")
    invoke.add_argument("--data", type=Path, metavar="DIR", help="the --data of the running stack")
    invoke.set_defaults(run=_invoke)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _dev(arguments: argparse.Namespace) -> int:
    port = arguments.port
    if port is None:
        try:
            port = _port(os.environ.get("PORT") or "8080")
        except argparse.ArgumentTypeError as error:
            print(f"authmint: PORT: {error}", file=sys.stderr)
            return 2
    options = Options(
        port=port,
        data=None if arguments.data is None else arguments.data.resolve(),
        token=os.environ.get("AUTHMINT_API_TOKEN") or None,
        environments=max(1, arguments.environments),
    )
    try:
        return asyncio.run(_run(options))
    except CannotStart as error:
        print(f"authmint: {error}", file=sys.stderr)
        return 2


async def _run(options: Options) -> int:
    return await Stack(options, deployment()).run()


def _invoke(arguments: argparse.Namespace) -> int:
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
