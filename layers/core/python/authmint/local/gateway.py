"""A loopback HTTP front with the routes of ``template.yaml``: requests become API Gateway events, as ASGI.

As HTTP APIs do it, ``rawPath`` and ``path`` arrive percent-decoded, all but ``%25``, and path parameters decoded; a
route is found by the path as it was sent. Request line and values of headers have 10,240 bytes at most. Assumed,
because it could not be settled offline: what is longer is 414 where the line alone is, else 431; repeated headers are
joined with a comma. In format 2.0 cookies travel apart from the headers, both ways; a ``set-cookie`` among the headers
of an answer is dropped, for nobody may come to rely on it.
"""

import base64
import json
import re
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from .environments import InvocationFailed, NoAnswer, Pool
from .template import Route

if TYPE_CHECKING:
    from .mutual_tls import Shown
    from .outbox import LocalOutbox

MAX_BODY: Final = 10 * 1024 * 1024
#: Bytes of the request line and the values of headers.
MAX_HEAD: Final = 10_240
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_PARAMETER: Final = re.compile(r"\\\{(\w+)(\\\+)?\\\}")


class _Matcher:
    """One route. More exact routes come first: literal, then parameter, then greedy."""

    def __init__(self, route: Route) -> None:
        self.route = route
        pattern = _PARAMETER.sub(
            lambda match: f"(?P<{match[1]}>.+)" if match[2] else f"(?P<{match[1]}>[^/]+)", re.escape(route.path)
        )
        self.pattern = re.compile(pattern)
        kinds = [2 if "+}" in part else 1 if "{" in part else 0 for part in route.path.split("/")]
        self.rank = (2 in kinds, kinds, route.method == "ANY")


class Gateway:
    """The ASGI application that stands for API Gateway."""

    def __init__(
        self,
        routes: Sequence[Route],
        pools: Mapping[str, Pool],
        domain: str,
        outbox: "LocalOutbox | None" = None,
        shown: "Shown | None" = None,
    ) -> None:
        """``outbox``: the one page that is no deployment's; ``shown``: certificates of clients, by their addresses."""
        self._shown = {} if shown is None else shown
        self._outbox = outbox
        self._matchers = sorted((_Matcher(route) for route in routes), key=lambda matcher: matcher.rank)
        self._pools = pools
        self._domain = domain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        if body is None:
            await plain(send, 413, "Request Too Long")
            return
        refusal = too_long(scope)
        if refusal is not None:
            await plain(send, *refusal)
            return
        path = scope["raw_path"].decode("latin-1")
        if not path.startswith("/"):  # absolute form, as through a proxy (RFC 9112 §3.2.2)
            path = urlsplit(path).path or "/"
        found = self._find(scope["method"], path)
        if found is None:
            if self._outbox is not None and (scope["method"], path) == ("GET", "/outbox"):
                await self._outbox.listed(scope, send)
            else:
                await plain(send, 404, "Not Found")
            return
        route, parameters = found
        event = self._event(route, parameters, scope, path, body)
        try:
            outcome = await self._pools[route.function].invoke(json.dumps(event).encode())
        except InvocationFailed as error:
            print(f"authmint: {error}", file=sys.stderr)
            await plain(send, 503 if isinstance(error, NoAnswer) else 500, "Internal Server Error")
            return
        if outcome.error:
            await plain(send, 500, "Internal Server Error")
            return
        answer = json.loads(outcome.body)
        if route.payload_format == "2.0":
            answer = _with_cookies(answer)
        await _respond(send, answer, head=scope["method"] == "HEAD")

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for matcher in self._matchers:
            if matcher.route.method in {method, "ANY"}:
                match = matcher.pattern.fullmatch(path)
                if match is not None:
                    return matcher.route, {name: unquote(value) for name, value in match.groupdict().items()}
        return None

    def _event(
        self, route: Route, parameters: Mapping[str, str], scope: Scope, path: str, body: bytes
    ) -> dict[str, Any]:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        query = scope["query_string"].decode("latin-1")
        request_id = uuid.uuid4().hex
        source_ip = (scope.get("client") or ("127.0.0.1",))[0]
        text, encoded = _encoded(body)
        path = _decoded(path)
        common: dict[str, Any] = {"body": text, "isBase64Encoded": encoded, "pathParameters": dict(parameters)}
        context: dict[str, Any] = {
            "domainName": self._domain,
            "requestId": request_id,
            "stage": "$default",
            "apiId": "local",
        }
        identity: dict[str, Any] = {"sourceIp": source_ip}
        if (pem := self._shown.get(tuple(scope.get("client") or ()))) is not None:
            from .mutual_tls import client_cert

            identity["clientCert"] = client_cert(pem)
        if route.payload_format == "2.0":
            http = {
                "method": scope["method"],
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": ",".join(headers.get("user-agent", [])),
            }
            cookies = "; ".join(headers.pop("cookie", []))
            if cookies:
                common["cookies"] = [cookie.strip() for cookie in cookies.split(";") if cookie.strip()]
            return common | {
                "version": "2.0",
                "routeKey": f"{route.method} {route.path}",
                "rawPath": path,
                "rawQueryString": query,
                "headers": {name: ",".join(values) for name, values in headers.items()},
                "requestContext": context
                | {"http": http, "timeEpoch": int(time.time() * 1000)}
                | ({"authentication": {"clientCert": identity["clientCert"]}} if "clientCert" in identity else {}),
            }
        pairs: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            pairs.setdefault(name, []).append(value)
        return common | {
            "version": "1.0",
            "resource": route.path,
            "path": path,
            "httpMethod": scope["method"],
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in pairs.items()} or None,
            "multiValueQueryStringParameters": pairs or None,
            "requestContext": context | {"identity": identity, "httpMethod": scope["method"]},
        }


def _with_cookies(answer: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name: [str(value)] for name, value in answer.get("headers", {}).items() if name.lower() != "set-cookie"}
    cookies = {"set-cookie": answer["cookies"]} if answer.get("cookies") else {}
    return {**answer, "headers": {}, "multiValueHeaders": headers | cookies}


def _decoded(path: str) -> str:
    """A path as functions get it: ``%25`` stays, so that decoding once more gives what was meant."""
    return unquote(path.replace("%25", "%2525"))


def _encoded(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def too_long(scope: Scope) -> tuple[int, str] | None:
    """How a request is refused of which API Gateway takes neither the line nor the headers, if it is."""
    target = len(scope["raw_path"]) + len(scope["query_string"]) + bool(scope["query_string"])
    line = len(f"{scope['method']}  HTTP/1.1") + target
    if line > MAX_HEAD:
        return 414, "Request-URI Too Large"
    if line + sum(len(value) for _, value in scope["headers"]) > MAX_HEAD:
        return 431, "Request Header Fields Too Large"
    return None


async def read_body(receive: Receive) -> bytes | None:
    """The whole body; ``None`` where it is larger than API Gateway takes."""
    body, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        size += len(message.get("body", b""))
        if size <= MAX_BODY:
            body.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(body) if size <= MAX_BODY else None


async def _respond(send: Send, answer: Mapping[str, Any], *, head: bool) -> None:
    body = answer.get("body") or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode("utf-8")
    headers = [(name, value) for name, values in answer.get("multiValueHeaders", {}).items() for value in values]
    headers += list(answer.get("headers", {}).items())
    fields = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in headers]
    if answer["statusCode"] not in {204, 304}:
        fields.append((b"content-length", str(len(data)).encode()))
    await send({"type": "http.response.start", "status": answer["statusCode"], "headers": fields})
    await send({"type": "http.response.body", "body": b"" if head else data})


async def plain(send: Send, status: int, message: str) -> None:
    """API Gateway's own answers."""
    body = json.dumps({"message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
