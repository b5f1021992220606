"""The protocol endpoints over storage in memory."""

from collections.abc import Callable
from typing import Any

from authmint.http import Request, Response
from authmint.runtime import wiring
from authmint.runtime.entrypoint import Function

from tests.memory.parts import CHEAP, Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_form, a_server, basic
from tests.support.fakes import CountingIds, FakeKeyPairs, FrozenClock, decoded
from tests.support.hook_endpoint import Endpoint

__all__ = ["CHEAP", "Engine", "Events"]
Events = Emitted


class Engine:
    """A deployment in memory: one server and one client, unless told otherwise."""

    def __init__(self, server: Any = None, client: Any = None) -> None:
        self.storage = MemoryStorage()
        self.clock = FrozenClock()
        self.ids = CountingIds()
        self.events = Events()
        self.documents: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.endpoint = Endpoint()
        self.storage.servers.add(server or a_server(), [])
        self.storage.clients.add(client or a_client(), [])
        self.parts = parts = MemoryParts(
            self.storage,
            vault=FakeKeyPairs(),
            clock=self.clock,
            ids=self.ids,
            log=self.events,
            fetch=self._fetch,
            exchange=self.endpoint,
        )
        self.token = self.device = _http(wiring.token(parts))
        self.introspect = self.revoke = self.userinfo = _http(wiring.token_status(parts))
        self.status_list = _http(wiring.status_list(parts))

    def _fetch(self, uri: str) -> bytes:
        self.fetched.append(uri)
        return self.documents[uri]

    def ask(self, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Response:
        """A token request with client credentials; without ``headers``: HTTP Basic."""
        form = {"grant_type": "client_credentials", "scope": "orders:read"} | (fields or {})
        return self.token(a_form(form, headers=basic() if headers is None else headers))

    def access_token(self, fields: dict[str, str] | None = None) -> str:
        """A token that is sure to be issued."""
        answer = self.ask(fields)
        assert answer.status == 200, answer.body
        token: str = decoded(answer.body)["access_token"]
        return token

    def state(self, token: str, request: Request | None = None) -> Any:
        """What introspection says."""
        return decoded(self.introspect(request or a_form({"token": token}, headers=basic(), path="introspect")).body)


def _http(function: Function) -> Callable[[Request], Response]:
    assert function.http is not None
    return function.http
