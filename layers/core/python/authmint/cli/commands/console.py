"""``authmint console``: the console on this machine, for any deployment."""

import argparse
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from ...http import Request, Response
from ..parsers import add_command

if TYPE_CHECKING:
    from ...console.site import Site

_MOST: Final = 262_144
_EXAMPLES: Final = """
authmint console --url https://auth.example.com               then open the address that it prints
authmint console --url http://127.0.0.1:8080 --port 9000      of the running stack
"""
_DESCRIPTION: Final = """
The console of a deployment, served on this machine and to it alone: the same pages, the same sign-in, the same roles.
The deployment has to have been set up for it ("set_up_console", docs/operations.md); it need not run one itself.
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    console = add_command(
        commands,
        "console",
        summary="the console of a deployment, on this machine",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    console.add_argument("--url", required=True, help="of the deployment, without a slash at the end")
    console.add_argument("--port", type=int, default=0, help="default: a free one")
    console.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    url = arguments.url.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        print("authmint: --url must be https://host, without a path", file=sys.stderr)
        return 2
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        print("authmint: --url must be https: tokens of administrators would travel in the clear", file=sys.stderr)
        return 2
    with serving(url, arguments.port) as server:
        print(f"Console of {url}: http://127.0.0.1:{server.server_port}/console", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


def serving(url: str, port: int) -> ThreadingHTTPServer:
    """A server, not started yet, on the loopback interface alone. What browsers keep of it is good for this run."""
    from ...clock import SystemClock
    from ...console.assembly import new_site
    from ...console.sign_in import Deployment
    from ...ids import RandomIds
    from ...oauth.console_client import LAPTOP_CLIENT_ID
    from ...web.theme import Theme

    clock = SystemClock()
    deployment = Deployment(url, url, LAPTOP_CLIENT_ID)
    site = new_site(deployment, secrets.token_bytes(32), Theme(), clock, RandomIds(clock))

    class Handler(_Handler):
        pages = site

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


class _Handler(BaseHTTPRequestHandler):
    """One request of a browser on this machine."""

    pages: "Site"
    server: ThreadingHTTPServer
    server_version = "authmint"

    def do_GET(self) -> None:
        """A page."""
        self._answer()

    def do_POST(self) -> None:
        """A form."""
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Nothing: queries hold codes."""

    def _answer(self) -> None:
        here = f"127.0.0.1:{self.server.server_port}"
        if self.headers.get("host") != here:  # another name that leads here: a page that somebody else made
            self._send(Response(421, b"This console is called by another address.", (("content-type", "text/plain"),)))
            return
        stated = self.headers.get("content-length") or "0"
        if not (stated.isascii() and stated.isdigit()):
            self._send(Response(400, b"Content-Length is no number.", (("content-type", "text/plain"),)))
            return
        length = int(stated)
        if length > _MOST:
            self._send(Response(413, b"This is too much.", (("content-type", "text/plain"),)))
            return
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            base_url=f"http://{here}",
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        if path in {"", "/"}:
            self._send(Response(302, b"", (("location", "/console"),)))
            return
        self._send(self.pages(request))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)
