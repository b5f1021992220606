"""Deployments in this process behind the client of the commands: for ``isolation-check`` without a stack."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from authmint.cli.isolation.sides import Side
from authmint.cli.remote import Answer, Remote
from authmint.clock import SystemClock
from authmint.http import Request, Response
from authmint.ids import RandomIds
from authmint.jose.keys import SigningAlgorithm
from authmint.keys.vault import KeyPair
from authmint.tokens.signer import KeySigner

from tests.functions.deployment import Functions, load_event
from tests.memory.storage import MemoryStorage
from tests.support.builders import BASE_URL
from tests.support.fakes import FakeKeyPairs
from tests.support.key_pairs import private_jwk_pair
from tests.support.management import management_api
from tests.support.protocol import functions

_FUNCTIONS = {
    "token": "token",
    "par": "token",
    "register": "registration",
    "device/authorize": "token",
    "bc/authorize": "token",
    "authorize": "authorize",
    "logout": "authorize",
    "userinfo": "token_status",
    "introspect": "token_status",
    "revoke": "token_status",
    "keys": "jwks",
    "oauth-authorization-server": "discovery",
    "openid-configuration": "discovery",
}
#: Of endpoints that take what follows.
_LIST = "status/"
TOKEN = "an-api-token-of-more-than-32-characters"
_NEXT = re.compile(r'<([^>]+)>; rel="next"')
_PROTOCOL = re.compile(r"/oauth2/(?P<id>[^/]+)/(?:v1|\.well-known)/(?P<name>[\w/-]+)")
_OF_PAGES = ("/api/v1/authn",)


def _function(match: re.Match[str] | None) -> str:
    if match is None:
        return "authorize"
    return "status_list" if match["name"].startswith(_LIST) else _FUNCTIONS[match["name"]]


def _parameters(match: re.Match[str] | None) -> dict[str, str]:
    if match is None:
        return {}
    server = {"authServerId": unquote(match["id"])}
    return server | ({"list": match["name"].removeprefix(_LIST)} if match["name"].startswith(_LIST) else {})


class OwnKeyPairs(FakeKeyPairs):
    """Keys that differ from server to server, whose private halves are kept for forgeries."""

    def __init__(self) -> None:
        super().__init__()
        self.private: dict[str, bytes] = {}

    def generate(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        jwk, pkcs8 = private_jwk_pair(algorithm)
        self.private[kid] = pkcs8
        wrapped = base64.b64encode(f"{server_id}/{kid}/".encode() + pkcs8).decode()
        return KeyPair(jwk, wrapped)

    def forge(self, side: Side, header: dict[str, Any], payload: dict[str, Any]) -> str:
        """``Forge``."""
        kid = side.children["credentials/keys"]
        return KeySigner(header["kid"], "ES256", self.private[kid]).sign(payload)


class _InProcess(Remote):
    def __init__(self) -> None:
        super().__init__(BASE_URL, TOKEN)

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        parts = urlsplit(path)
        response = self.respond(method, parts.path, parts.query, dict(headers or {}), body or b"")
        links = [value for name, value in response.headers if name == "link"]
        following = next((match[1] for link in links if (match := _NEXT.search(link))), None)
        return Answer(response.status, dict(response.headers), response.body, following)

    def respond(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Response:
        raise NotImplementedError


class InMemory(_InProcess):
    """The domain over storage in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs, clock = OwnKeyPairs(), SystemClock()
        ids, storage = RandomIds(clock), MemoryStorage()
        self.management = management_api(storage, pairs=self.pairs, clock=clock, ids=ids)
        self.management.bootstrap({"action": "bootstrap", "token": TOKEN})
        self.functions = functions(storage, self.pairs, clock, ids)

    def respond(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Response:
        match = _PROTOCOL.fullmatch(path)
        parameters = _parameters(match)
        request = Request(
            method=method,
            path=path,
            base_url=BASE_URL,
            path_parameters=parameters,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body,
        )
        of_pages = path in _OF_PAGES
        if not of_pages and (match is None or match["name"].startswith("clients")):
            return self.management(request)
        return self.functions[_function(match)](request)


class OverFunctions(_InProcess):
    """The deployed functions over a real backend."""

    def __init__(self, functions: Functions) -> None:
        super().__init__()
        self._functions = functions
        functions.direct("management", {"action": "bootstrap", "token": TOKEN})

    def respond(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Response:
        match = _PROTOCOL.fullmatch(path)
        of_pages = path in _OF_PAGES
        if not of_pages and (match is None or match["name"].startswith("clients")):
            values: dict[str, list[str]] = {}
            for name, value in parse_qsl(query, keep_blank_values=True):
                values.setdefault(name, []).append(value)
            event = load_event("management") | {
                "httpMethod": method,
                "path": path,
                "body": body.decode(),
                "multiValueHeaders": {name: [value] for name, value in headers.items()},
                "multiValueQueryStringParameters": values,
            }
            return _response(self._functions.http("management", event))
        function = _function(match)
        event = load_event("token" if method == "POST" else "jwks")
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event |= {
            "rawPath": path,
            "rawQueryString": query,
            "pathParameters": _parameters(match),
            "headers": {name: value for name, value in headers.items() if name != "cookie"},
            "cookies": [headers["cookie"]] if "cookie" in headers else [],
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        return _response(self._functions.http(function, event))


def _response(answer: dict[str, Any]) -> Response:
    single = tuple((answer.get("headers") or {}).items())
    cookies = tuple(("set-cookie", cookie) for cookie in answer.get("cookies") or ())
    several = tuple(
        (name, value) for name, values in (answer.get("multiValueHeaders") or {}).items() for value in values
    )
    return Response(answer["statusCode"], answer["body"].encode(), single + several + cookies)


def readable(attempts: Any) -> str:
    """Attempts that crossed, for a failing test."""
    return json.dumps([vars(attempt) for attempt in attempts if not attempt.refused], indent=1)
