"""``authmint dev``: the deployed functions on this machine."""

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

from ..parsers import add_command

_BASE_URL = re.compile(r"https://[^/?#\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?")


def add(commands: Any) -> None:
    """Add the command's parser."""
    dev = add_command(
        commands,
        "dev",
        summary="serve the deployed functions on this machine, offline",
        examples=_EXAMPLES,
    )
    dev.add_argument("--data", type=Path, metavar="DIR", help="keep the state in this directory")
    dev.add_argument("--port", type=_port, default=None, help="default: PORT, else 8080; 0 for a free one")
    dev.add_argument("--environments", type=int, default=4, metavar="N", help="most processes per function (default 4)")
    dev.add_argument(
        "--base-url",
        metavar="URL",
        help="what clients call it where a proxy stands in front; default: AUTHMINT_BASE_URL, else where it serves",
    )
    dev.add_argument(
        "--parameter",
        action="append",
        default=[],
        type=_parameter,
        metavar="NAME=VALUE",
        help="a parameter of template.yaml, as a deployment would set it; may be repeated",
    )
    dev.add_argument(
        "--viewer-facts",
        action="store_true",
        help="believe what requests say, as CloudFront would, of where they come from (to try zones and travel)",
    )
    dev.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve https with this certificate (PEM)")
    dev.add_argument("--tls-key", type=Path, metavar="FILE", help="and its key (PEM)")
    dev.add_argument("--mtls-port", type=_port, default=None, help="a second port, where clients may show certificates")
    dev.add_argument("--mtls-ca", type=Path, metavar="FILE", help="whoever may have signed those (PEM)")
    dev.set_defaults(run=_run)


_EXAMPLES = """
authmint dev --data .authmint                       keep servers, clients and users across restarts
authmint dev --parameter AdminCallsPerMinute=20     see how a client of yours waits
authmint dev --tls-cert cert.pem --tls-key key.pem --base-url https://auth.localhost:8080
"""


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    from ...local.mutual_tls import MutualTls  # the web server loads for this command only
    from ...local.stack import CannotStart, Options

    port = arguments.port
    if port is None:
        try:
            port = _port(os.environ.get("PORT") or "8080")
        except argparse.ArgumentTypeError as error:
            print(f"authmint: PORT: {error}", file=sys.stderr)
            return 2
    base_url = arguments.base_url or os.environ.get("AUTHMINT_BASE_URL") or None
    if problem := _problem(base_url, arguments.tls_cert, arguments.tls_key) or _problem_of_door(arguments):
        print(f"authmint: {problem}", file=sys.stderr)
        return 2
    options = Options(
        port=port,
        data=None if arguments.data is None else arguments.data.resolve(),
        token=os.environ.get("AUTHMINT_API_TOKEN") or None,
        password=os.environ.get("AUTHMINT_ADMIN_PASSWORD") or None,
        environments=max(1, arguments.environments),
        base_url=base_url,
        parameters=dict(arguments.parameter),
        viewer_facts=arguments.viewer_facts,
        mutual_tls=None if arguments.mtls_ca is None else MutualTls(arguments.mtls_port, arguments.mtls_ca.resolve()),
        certificate=None if arguments.tls_cert is None else (arguments.tls_cert, arguments.tls_key),
    )
    try:
        return asyncio.run(_serve(options))
    except CannotStart as error:
        print(f"authmint: {error}", file=sys.stderr)
        return 2


def _problem(base_url: str | None, certificate: Path | None, key: Path | None) -> str | None:
    """What is wrong with how the stack is to be reached."""
    if base_url is not None and not _BASE_URL.fullmatch(base_url):
        return f"--base-url: {base_url!r} must be https://host, or http:// on loopback, without a path or a last slash"
    if (certificate is None) != (key is None):
        return "--tls-cert and --tls-key go together"
    missing = next((file for file in (certificate, key) if file is not None and not file.is_file()), None)
    return None if missing is None else f"{missing} is no file"


def _problem_of_door(arguments: argparse.Namespace) -> str | None:
    if (arguments.mtls_port is None) != (arguments.mtls_ca is None):
        return "--mtls-port and --mtls-ca go together"
    if arguments.mtls_ca is not None and not arguments.mtls_ca.is_file():
        return f"{arguments.mtls_ca} is no file"
    return None


async def _serve(options: Any) -> int:
    from ...local.deployment import deployment
    from ...local.stack import Stack

    return await Stack(options, deployment()).run()
