"""The pages over real HTTP, with a client on another origin: what a real browser needs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authmint.clock import SystemClock
from authmint.http import Request, Response
from authmint.oauth.errors import OAuthError

from .hosted import HANDLE, Hosted, server_in

CALLBACK = (
    b'<!doctype html><html lang="en"><title>Client</title><link rel="icon" href="data:,"><p>Back at the client</p>'
)


@dataclass
class Served:
    """A running deployment."""

    hosted: Hosted
    base_url: str
    client_url: str


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def respond(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


def _pages(hosted: Hosted, base_url: str) -> type[BaseHTTPRequestHandler]:
    class Pages(_Quiet):
        def do_GET(self) -> None:
            uri = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = tuple(parse_qsl(uri.query, keep_blank_values=True))
            server = server_in(uri.path)
            request = Request(self.command, uri.path, base_url, server, query, headers, body, "127.0.0.1", "req-1")
            self.respond(hosted.site(request) or _endpoint(hosted, request))

        do_POST = do_GET  # noqa: N815 - its name

    return Pages


def _endpoint(hosted: Hosted, request: Request) -> Response:
    """What the authorization endpoint would do, and the documents that it would answer with."""
    waiting, pages = hosted.waiting, hosted.pages
    if request.path == "/form_post":
        return pages.form_post(waiting.redirect_uri, {"code": "c", "state": "'\"<&"})
    if request.path == "/post_message":
        origin = request.query_value("origin") or ""
        return pages.post_message(origin, {"code": "c", "state": "</script>'\"<&"})
    if request.path == "/error":
        return pages.error(OAuthError("illegal_scope", "orders:delete"), request)
    if request.path != "/resume":
        return Response(404)
    guest = hosted.browsers.visitor(request, now=hosted.clock.now())
    if guest.session is None:
        target = f"/signin?request={HANDLE}"
    elif not hosted.storage.consents.of_user(guest.session.user_id) and waiting.scopes:
        target = f"/consent?request={HANDLE}"
    else:
        target = f"{waiting.redirect_uri}?code=c"
    return Response(302, b"", (("location", target), *guest.cookies))


def _client(base_url: str) -> type[BaseHTTPRequestHandler]:
    opener = f"""<!doctype html><html lang="en"><title>Opener</title><link rel="icon" href="data:,">
<pre id="got"></pre><script>
addEventListener("message", function (event) {{
  document.getElementById("got").textContent = event.origin + " " + event.data.state + " " + event.data.code;
}});
var frame = document.createElement("iframe");
frame.src = "{base_url}/post_message?origin=" + encodeURIComponent(location.origin);
document.documentElement.appendChild(frame);
</script>""".encode()

    class Client(_Quiet):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith("/hop?"):  # a callback that leads on to the site that it belongs to
                self.respond(Response(302, b"", (("location", parse_qsl(urlsplit(self.path).query)[0][1]),)))
                return
            body = opener if self.path == "/opener" else CALLBACK
            self.respond(Response(200, body, (("content-type", "text/html"),)))

        do_POST = do_GET  # noqa: N815 - its name

    return Client


class _IPv6Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def serving(*, client_host: str = "127.0.0.1", **changes: Any) -> Iterator[Served]:
    """Two servers, until the block ends."""
    pages = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    base_url = f"http://127.0.0.1:{pages.server_port}"
    client = (_IPv6Server if ":" in client_host else ThreadingHTTPServer)((client_host, 0), _client(base_url))
    client_url = f"http://{f'[{client_host}]' if ':' in client_host else client_host}:{client.server_port}"
    hosted = Hosted(clock=SystemClock(), **changes)
    hosted.waiting.redirect_uri = f"{client_url}/callback"
    pages.RequestHandlerClass = _pages(hosted, base_url)
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}) for server in (pages, client)
    ]
    for thread in threads:
        thread.start()
    try:
        yield Served(hosted, base_url, client_url)
    finally:
        for server in (pages, client):
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()
