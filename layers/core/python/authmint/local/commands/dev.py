"""``authmint dev``: the deployed functions on this machine."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command's parser."""
    dev = commands.add_parser("dev", help="serve the deployed functions on this machine, offline")
    dev.add_argument("--data", type=Path, metavar="DIR", help="keep the state in this directory")
    dev.add_argument("--port", type=_port, default=None, help="default: PORT, else 8080; 0 for a free one")
    dev.add_argument("--environments", type=int, default=4, metavar="N", help="most processes per function (default 4)")
    dev.set_defaults(run=_run)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    from ..stack import CannotStart, Options  # the web server loads for this command only

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
        return asyncio.run(_serve(options))
    except CannotStart as error:
        print(f"authmint: {error}", file=sys.stderr)
        return 2


async def _serve(options: Any) -> int:
    from ..deployment import deployment
    from ..stack import Stack

    return await Stack(options, deployment()).run()
