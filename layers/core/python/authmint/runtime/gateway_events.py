"""API Gateway's events and answers, both payload formats, to and from plain HTTP values.

Format 1.0 is used where an answer holds two headers of one name (``Link``), 2.0 elsewhere. Cookies are the exception:
2.0 takes them out of the headers, in both directions, and hands over each by itself.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from ..http import Request, Response

Event = Mapping[str, Any]
#: What our CloudFront distribution says to show that it is ours.
EDGE_HEADER: Final = "x-authmint-edge"
#: Where CloudFront says who called it: address, colon, port.
_VIEWER_HEADER: Final = "cloudfront-viewer-address"
_OF_CLOUDFRONT: Final = "cloudfront-"
#: Whether what CloudFront says of viewers is there to be believed: country, network, coordinates. ``anybody``: of every
#: request, on a machine of one's own.
ViewerFacts = Literal["none", "cloudfront", "anybody"]
_VIEWER: Final = re.compile(r"\[?([0-9a-fA-F.:]{2,45}?)\]?:\d{1,5}")


class NotThroughTheEdge(Exception):
    """The request went around the CloudFront distribution that stands in front."""


def is_http(event: Event) -> bool:
    """Whether the event is a request through API Gateway; else it is a direct or scheduled invocation."""
    return isinstance(event.get("requestContext"), Mapping) and ("httpMethod" in event or "rawPath" in event)


def route_of(event: Event) -> str:
    """Method and path as in ``template.yaml``: what an event may be counted and logged by."""
    return str(event.get("routeKey") or f"{event.get('httpMethod')} {event.get('resource')}")


def request_of(
    event: Event,
    base_url: str | None,
    edge_secrets: Sequence[str] = (),
    viewer_facts: ViewerFacts = "none",
    mtls_url: str | None = None,
) -> Request:
    """The request.

    Its base URL is the setting or API Gateway's own domain name, never a header. The client's address is API Gateway's
    peer; behind CloudFront it is what CloudFront says, which is believed of a request that knows our secret only. The
    same holds for what else CloudFront says of viewers; where nobody said that it does, such headers are taken away.
    A client's certificate is what API Gateway says of a connection to the domain with mutual TLS, never a header.

    Raises:
        NotThroughTheEdge: There are secrets, and the request knows none of them.
    """
    request = _request_of(event, base_url)
    certificate = _certificate(event, mtls_url)
    if certificate:  # the connection ended at API Gateway: nothing stood in front
        return replace(_without(request, _is_of_the_edge), client_certificate=certificate)
    if not edge_secrets:
        if viewer_facts != "anybody":
            return _without(request, _is_of_the_edge)
        viewer = _VIEWER.fullmatch(request.headers.get(_VIEWER_HEADER, ""))
        return replace(request, source_ip=viewer[1]) if viewer else request
    told = request.headers.get(EDGE_HEADER, "").encode("utf-8", "surrogatepass")
    known = sum(hmac.compare_digest(told, secret.encode()) for secret in edge_secrets)  # each is compared, always
    if not known:
        raise NotThroughTheEdge
    viewer = _VIEWER.fullmatch(request.headers.get(_VIEWER_HEADER, ""))
    told_of_viewers = viewer_facts == "cloudfront"
    request = _without(request, _is_secret if told_of_viewers else _is_of_the_edge)
    return replace(request, source_ip=viewer[1] if viewer else "")


def _certificate(event: Event, mtls_url: str | None) -> str:
    """The certificate (PEM) of the client, in either format."""
    context = event["requestContext"]
    if mtls_url is None or f"https://{context.get('domainName')}" != mtls_url:
        return ""
    found = (context.get("authentication") or context.get("identity") or {}).get("clientCert") or {}
    return str(found.get("clientCertPem") or "")


def _is_secret(name: str) -> bool:
    return name == EDGE_HEADER


def _is_of_the_edge(name: str) -> bool:
    return name == EDGE_HEADER or name.startswith(_OF_CLOUDFRONT)


def _without(request: Request, gone: Callable[[str], bool]) -> Request:
    return replace(request, headers={name: value for name, value in request.headers.items() if not gone(name)})


def _request_of(event: Event, base_url: str | None) -> Request:
    context = event["requestContext"]
    base_url = base_url or f"https://{context['domainName']}"
    if "rawPath" in event:
        http = context["http"]
        return Request(
            method=http["method"],
            path=event["rawPath"],
            base_url=base_url,
            path_parameters=event.get("pathParameters") or {},
            query=tuple(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)),
            headers=_headers(event),
            body=_body(event),
            source_ip=http.get("sourceIp", ""),
            request_id=context.get("requestId", ""),
        )
    query = event.get("multiValueQueryStringParameters") or {}
    headers = event.get("multiValueHeaders") or {}
    return Request(
        method=event["httpMethod"],
        path=event["path"],
        base_url=base_url,
        path_parameters=event.get("pathParameters") or {},
        query=tuple((name, value) for name, values in query.items() for value in values),
        # A client may send a cookie a line (RFC 9113 §8.2.3); together they are parted by semicolons all the same.
        headers={
            name.lower(): ("; " if name.lower() == "cookie" else ",").join(values) for name, values in headers.items()
        },
        body=_body(event),
        source_ip=(context.get("identity") or {}).get("sourceIp", ""),
        request_id=context.get("requestId", ""),
    )


def _headers(event: Event) -> dict[str, str]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    return headers


def _body(event: Event) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error):
        return b""


def answer_of(response: Response, event: Event) -> dict[str, Any]:
    """The answer in the payload format of the event."""
    answer: dict[str, Any] = {"statusCode": response.status, "isBase64Encoded": False}
    try:
        answer["body"] = response.body.decode("utf-8")
    except UnicodeDecodeError:
        answer |= {"body": base64.b64encode(response.body).decode("ascii"), "isBase64Encoded": True}
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name.lower(), []).append(value)
    if "rawPath" in event:
        # Joined by a comma, two cookies would be one broken one (RFC 6265 §3).
        if cookies := headers.pop("set-cookie", None):
            answer["cookies"] = cookies
        answer["headers"] = {name: ", ".join(values) for name, values in headers.items()}
    else:
        answer["multiValueHeaders"] = headers
    return answer
