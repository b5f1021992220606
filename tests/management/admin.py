"""An administrator of a deployment in memory."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from authmint.http import Request, Response
from authmint.management.clients.abilities import PLAIN, Abilities
from authmint.oauth.outbound_fetch import Answer as FetchedAnswer

from tests.memory.storage import MemoryStorage
from tests.support.fakes import CountingIds, FakeKeyPairs, FrozenClock
from tests.support.management import management_api
from tests.support.openapi import problems

BASE_URL = "https://acme.example.com"
TOKEN = "an-api-token-of-more-than-32-characters"
SERVERS = "/api/v1/authorizationServers"


@dataclass(frozen=True)
class Answer:
    """An answer, read."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> Any:
        return json.loads(self.response.body)

    @property
    def code(self) -> str:
        code: str = self.json["errorCode"]
        return code

    @property
    def causes(self) -> list[str]:
        return [cause["errorSummary"] for cause in self.json["errorCauses"]]

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.response.headers if key == name]


class Admin:
    """Calls the management API as an SDK would."""

    def __init__(
        self,
        *,
        mail_from: str = "",
        services_need_roles: bool = False,
        console_secret: str | None = None,
        exchange: Callable[..., FetchedAnswer] | None = None,
        first_id: int = 0,
        fetch: Callable[[str], bytes] | None = None,
        able: Abilities = PLAIN,
    ) -> None:
        self.storage = MemoryStorage()
        self.clock = FrozenClock()
        self.pairs = FakeKeyPairs()
        self.api = management_api(
            self.storage,
            pairs=self.pairs,
            clock=self.clock,
            ids=CountingIds(first_id),
            mail_from=mail_from,
            services_need_roles=services_need_roles,
            console_secret=console_secret,
            exchange=exchange,
            fetch=fetch,
            able=able,
        )
        self.api.bootstrap({"action": "bootstrap", "token": TOKEN})

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """``path`` may hold a query and may be an absolute URL."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        request = self.request(method, path, sent, headers=headers)
        answer = Answer(self.api(request))
        if answer.response.body:
            assert problems(method, request.path, answer.status, answer.json) == []
        return answer

    def request(self, method: str, path: str, body: bytes = b"", *, headers: dict[str, str] | None = None) -> Request:
        """The same, before it is sent."""
        path, _, query = path.removeprefix(BASE_URL).partition("?")
        return Request(
            method=method,
            path=path,
            base_url=BASE_URL,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers={"authorization": f"SSWS {TOKEN}"} if headers is None else headers,
            body=body,
            request_id="req-1",
        )

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any = None) -> Answer:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def server(self, **changes: Any) -> Any:
        """A new server."""
        answer = self.post(SERVERS, {"name": "orders", "audiences": ["api://orders"]} | changes)
        assert answer.status == 201, answer.json
        return answer.json

    def made(self, path: str, body: Any) -> Any:
        """A new object below a server."""
        answer = self.post(path, body)
        assert answer.status in {200, 201}, answer.json
        return answer.json
