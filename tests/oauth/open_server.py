"""A server that takes clients that nobody registered, a web of their documents, and a browser: all in memory."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from authmint.http import Request, Response
from authmint.jose.jws import read as read_jws
from authmint.oauth.outbound_fetch import Document, FetchFailed
from authmint.runtime import wiring
from authmint.storage.client_registration import METADATA_CLIENTS, ClientRegistration
from authmint.storage.servers import AuthorizationServer, Scope
from authmint.storage.users import Password

from tests.memory.parts import CHEAP, Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.oauth.authorization.world import CHALLENGE, a_browser_server
from tests.pages.hosted import PASSWORD, Browser, shown
from tests.support.builders import BASE_URL, SERVER_ID, a_client, a_form, a_policy, a_rule, a_user, basic
from tests.support.fakes import CountingIds, FakeKeyPairs, FrozenClock, decoded

URL = "https://app.example/mcp/client.json"
WEB_CALLBACK = "https://app.example/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
HONEST: dict[str, Any] = {
    "client_id": URL,
    "client_name": "Notes",
    "redirect_uris": [WEB_CALLBACK, "http://localhost/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
}
NOTES = Scope("scp9", "notes", "Read your notes", metadata_publish="ALL_CLIENTS", default=True)
SECRET = Scope("scp8", "inner", "For our own applications")


def an_open_server(mode: Any = "OPEN", *, clients: tuple[str, ...] = (METADATA_CLIENTS,), **changes: Any) -> Any:
    """A server with one policy, for documents unless told otherwise."""
    rule = a_rule(grant_types=("authorization_code",), access_token_lifetime=86_400)
    registration = ClientRegistration(metadata_documents=mode, **changes)
    plain = a_browser_server()
    scopes = (*plain.scopes, NOTES, SECRET)
    return replace(plain, scopes=scopes, registration=registration, policies=(a_policy(rule, clients=clients),))


class OpenServer:
    """The deployment. ``web`` holds documents by URL, or what happens instead; ``asked``: what was fetched.

    ``last``: the last registration.
    """

    def __init__(self, server: AuthorizationServer | None = None) -> None:
        self.storage = MemoryStorage()
        self.clock, self.ids, self.log = FrozenClock(), CountingIds(), Emitted()
        self.web: dict[str, Any] = {URL: HONEST}
        self.asked: list[tuple[str, str]] = []
        self.last = Request("POST", "/")
        self.storage.servers.add(server or an_open_server(), [])
        self.storage.clients.add(a_client(), [])
        parts = MemoryParts(
            self.storage,
            vault=FakeKeyPairs(),
            clock=self.clock,
            ids=self.ids,
            log=self.log,
            fetch=lambda uri: json.dumps(self.web[uri]).encode(),
            documents=self._document,
            most=1_000,
        )
        password = Password(parts.hashes().make(PASSWORD), self.clock.now() - 10)
        self.storage.users.add(a_user(login="ann@example.com", password=password), [])
        self._functions = {
            name: wiring_of(parts).http
            for name, wiring_of in (
                ("browser", wiring.authorize),
                ("token", wiring.token),
                ("status", wiring.token_status),
                ("register", wiring.registration),
                ("discovery", wiring.discovery),
            )
        }

    def _document(self, url: str, issuer: str) -> Document:
        self.asked.append((url, issuer))
        found = self.web.get(url, FetchFailed("status 404", withdrawn=True))
        if isinstance(found, Exception):
            raise found
        return Document(found if isinstance(found, bytes) else json.dumps(found).encode())

    def change(self, change: Callable[[AuthorizationServer], AuthorizationServer]) -> None:
        """What an administrator does."""
        before = self.storage.servers.get(SERVER_ID)
        self.storage.servers.save(before, change(before), [])

    def site(self, request: Request) -> Response:
        """What browsers visit."""
        server = re.match(r"/oauth2/([^/]+)/v1/", request.path)
        if server is not None:
            request = replace(request, path_parameters={"authServerId": server[1]})
        return self._http("browser", request)

    def registers(self, body: Any, *, at: str = SERVER_ID, address: str = "203.0.113.7", **headers: str) -> Response:
        """A client registers itself. ``body``: JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        path, place = f"/oauth2/{at}/v1/register", {"authServerId": at}
        self.last = Request("POST", path, BASE_URL, place, (), names, content, address, "req-1")
        return self._http("register", self.last)

    def metadata(self) -> Any:
        """What the server's clients read first."""
        path = f"/oauth2/{SERVER_ID}/.well-known/oauth-authorization-server"
        return decoded(self._http("discovery", Request("GET", path, BASE_URL, {"authServerId": SERVER_ID})).body)

    def call(self, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """A client calls an endpoint by itself."""
        which = "token" if path in {"token", "par", "device/authorize"} else "status"
        answer = self._http(which, a_form(form, headers=headers or {}, path=path))
        return answer.status, decoded(answer.body) if answer.body else None

    def _http(self, which: str, request: Request) -> Response:
        http = self._functions[which]
        assert http is not None
        answer: Response = http(request)
        return answer

    def visitor(self) -> "Visitor":
        """A browser that was never here."""
        return Visitor(self)


class Visitor:
    """Somebody at a browser, between a client and the server."""

    def __init__(self, deployment: OpenServer) -> None:
        self.deployment = deployment
        self.browser = Browser(cast("Any", deployment))  # all it needs is a site
        self.redirect_uri = WEB_CALLBACK

    def asks(self, client_id: str = URL, **changes: str | None) -> Response:
        """A client sends the browser here."""
        fields: dict[str, str | None] = {
            "client_id": client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "scope": "notes offline_access",
        }
        self.client_id = client_id
        self.redirect_uri = changes.get("redirect_uri") or self.redirect_uri
        sent = {name: value for name, value in (fields | changes).items() if value is not None}
        return self.goes(f"/oauth2/{SERVER_ID}/v1/authorize?{urlencode(sent)}")

    def goes(self, target: str) -> Response:
        """To a page, and wherever that leads within the deployment."""
        answer = self.browser.get(target)
        for _ in range(5):
            location = dict(answer.headers).get("location", "")
            if not location.startswith((BASE_URL, "/")):
                break
            answer = self.browser.get(location.removeprefix(BASE_URL))
        return answer

    def signs_in(self) -> Response:
        """On the page that is shown."""
        return self._follow(self.browser.post("/signin", username="ann@example.com", password=PASSWORD))

    def decides(self, decision: str = "allow") -> Response:
        """On the page that is shown."""
        return self._follow(self.browser.post("/consent", decision=decision))

    def _follow(self, answer: Response) -> Response:
        location = dict(answer.headers).get("location", "")
        return self.goes(location.removeprefix(BASE_URL)) if location.startswith((BASE_URL, "/")) else answer

    @property
    def words(self) -> str:
        """Of the page that is shown."""
        return shown(self.browser.answer)

    @property
    def fields(self) -> dict[str, str]:
        """What the browser takes back to the client."""
        location = dict(self.browser.answer.headers)["location"]
        assert location.startswith(self.redirect_uri), location
        return dict(parse_qsl(urlsplit(location).query))

    def whole_way(self, client_id: str = URL, **changes: str | None) -> dict[str, str]:
        """Asked, signed in where that is needed, agreed: what the client gets."""
        self.asks(client_id, **changes)
        if 'action="/signin"' in self.browser.answer.body.decode():
            self.signs_in()
        if 'action="/consent"' in self.browser.answer.body.decode():
            self.decides()
        return self.fields

    def redeems(self, code: str, **changes: str) -> tuple[int, Any]:
        """The client redeems a code."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        form |= {"redirect_uri": self.redirect_uri, "client_id": self.client_id}
        return self.deployment.call("token", form | changes)

    def tokens(self, client_id: str = URL, **changes: str | None) -> Any:
        """The whole way, and what it gives."""
        status, tokens = self.redeems(self.whole_way(client_id, **changes)["code"])
        assert status == 200, tokens
        return tokens

    def refreshes(self, refresh_token: str, **changes: str) -> tuple[int, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client_id}
        return self.deployment.call("token", form | changes)


def payload(token: str) -> Any:
    """Of an access token."""
    return read_jws(token, types=(None,)).payload


def is_active(deployment: OpenServer, token: str) -> bool:
    """What introspection says to a registered client."""
    active: bool = deployment.call("introspect", {"token": token}, basic())[1]["active"]
    return active


__all__ = ["CHEAP", "HONEST", "URL", "OpenServer", "an_open_server", "is_active", "payload"]
