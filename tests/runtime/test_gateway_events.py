"""Methods and cookies through API Gateway's two payload formats."""

from typing import Any

import pytest
from authmint.http import Request, Response
from authmint.runtime.entrypoint import Function, entrypoint
from authmint.runtime.gateway_events import EDGE_HEADER, NotThroughTheEdge, answer_of, request_of
from authmint.runtime.settings import BadSettings, Settings

V2: dict[str, Any] = {
    "rawPath": "/signin",
    "headers": {"accept": "text/html"},
    "requestContext": {"domainName": "acme.example.com", "http": {"method": "GET"}},
}
V1: dict[str, Any] = {
    "httpMethod": "GET",
    "path": "/api/v1/sessions/me",
    "multiValueHeaders": {"Accept": ["text/html", "*/*"]},
    "requestContext": {"domainName": "acme.example.com"},
}
TWO = Response(200, b"", (("set-cookie", "a=1; Path=/"), ("link", "x"), ("link", "y"), ("set-cookie", "b=2; Path=/")))


@pytest.mark.parametrize("event", [V1, V2])
def test_a_method_keeps_its_case(event: dict[str, Any]) -> None:
    """RFC 9110 §9.1: ``delete`` is another method than ``DELETE``."""
    sent = (
        event | {"httpMethod": "delete"}
        if event is V1
        else event | {"requestContext": event["requestContext"] | {"http": {"method": "delete"}}}
    )

    assert request_of(sent, None).method == "delete"


def test_cookies_of_format_2_become_the_cookie_header() -> None:
    request = request_of(V2 | {"cookies": ["a=1", "b=x=y"]}, None)

    assert request.header("cookie") == "a=1; b=x=y"


def test_cookies_of_format_1_are_joined_as_cookies_are() -> None:
    headers = V1["multiValueHeaders"] | {"Cookie": ["a=1", "b=2"]}

    request = request_of(V1 | {"multiValueHeaders": headers}, None)

    assert request.header("cookie") == "a=1; b=2"
    assert request.header("accept") == "text/html,*/*"


@pytest.mark.parametrize("event", [V1, V2])
def test_a_request_without_cookies_has_no_such_header(event: dict[str, Any]) -> None:
    assert request_of(event, None).header("cookie") is None


def test_format_2_answers_with_each_cookie_by_itself() -> None:
    answer = answer_of(TWO, V2)

    assert answer["cookies"] == ["a=1; Path=/", "b=2; Path=/"]
    assert answer["headers"] == {"link": "x, y"}


def test_format_1_answers_with_several_headers() -> None:
    answer = answer_of(TWO, V1)

    assert answer["multiValueHeaders"] == {"set-cookie": ["a=1; Path=/", "b=2; Path=/"], "link": ["x", "y"]}
    assert "cookies" not in answer


SECRET, OLD = "s" * 32, "o" * 32
VIEWER = "cloudfront-viewer-address"


def through(event: dict[str, Any], **headers: str) -> dict[str, Any]:
    """The event with headers as that payload format has them, and with the address of API Gateway's peer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    context = event["requestContext"]
    if event is V1:
        listed = {name: [value] for name, value in named.items()}
        return event | {
            "multiValueHeaders": listed,
            "requestContext": context | {"identity": {"sourceIp": "203.0.113.5"}},
        }
    http = context["http"] | {"sourceIp": "203.0.113.5"}
    return event | {"headers": named, "requestContext": context | {"http": http}}


@pytest.mark.parametrize("event", [V1, V2])
@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8:85a3::8a2e:370:7334:46532", "2001:db8:85a3::8a2e:370:7334"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("", ""),
        ("198.51.100.10", ""),
        ("nobody:1", ""),
        ("198.51.100.10:46532,203.0.113.9:1", ""),
    ],
)
def test_behind_the_edge_the_client_is_who_cloudfront_says(event: dict[str, Any], said: str, address: str) -> None:
    sent = through(event, **{EDGE_HEADER: SECRET, VIEWER: said})

    assert request_of(sent, None, (SECRET,)).source_ip == address


@pytest.mark.parametrize("event", [V1, V2])
def test_nobody_else_says_who_the_client_is(event: dict[str, Any]) -> None:
    told = {VIEWER: "198.51.100.10:46532", "x-forwarded-for": "198.51.100.10", "x-real-ip": "198.51.100.10"}

    assert request_of(through(event, **told), None).source_ip == "203.0.113.5"
    assert request_of(through(event, **told, **{EDGE_HEADER: SECRET}), None).source_ip == "203.0.113.5"


@pytest.mark.parametrize("event", [V1, V2])
@pytest.mark.parametrize("wrong", [None, "", SECRET[:-1], f"{SECRET}s", f"{SECRET},{SECRET}", f"x,{SECRET}", "\udc80"])
def test_who_goes_around_the_edge_is_refused(event: dict[str, Any], wrong: str | None) -> None:
    headers = {VIEWER: "198.51.100.10:46532"} | ({} if wrong is None else {EDGE_HEADER: wrong})

    with pytest.raises(NotThroughTheEdge):
        request_of(through(event, **headers), None, (SECRET, OLD))


def test_two_secrets_are_good_while_one_is_replaced() -> None:
    for secret in (SECRET, OLD):
        assert request_of(through(V2, **{EDGE_HEADER: secret}), None, (SECRET, OLD)).method == "GET"


@pytest.mark.parametrize("event", [V1, V2])
def test_the_secret_goes_no_further(event: dict[str, Any]) -> None:
    request = request_of(through(event, **{EDGE_HEADER: SECRET}), None, (SECRET,))

    assert SECRET not in repr(request)


def test_a_refused_request_reaches_nothing() -> None:
    reached: list[Request] = []

    def http(request: Request) -> Response:
        reached.append(request)
        return Response(200)

    function = Function(http, lambda _: Response(500), lambda *_, **__: None, edge_secrets=(SECRET,))
    handler = entrypoint(lambda _: function)

    assert handler(through(V2), None)["statusCode"] == 403
    assert handler(through(V1), None)["statusCode"] == 403
    assert reached == []
    assert handler(through(V2, **{EDGE_HEADER: SECRET}), None)["statusCode"] == 200


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(BadSettings, match="AUTHMINT_EDGE_SECRET"):
        Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t", "AUTHMINT_EDGE_SECRET": f"{SECRET},short"})
    assert Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t"}).edge_secrets == ()


FACTS = {"cloudfront-viewer-country": "DE", "cloudfront-viewer-asn": "64500", "x-forwarded-for": "198.51.100.10"}


@pytest.mark.parametrize("event", [V1, V2])
def test_what_cloudfront_would_say_of_viewers_is_taken_away_where_nobody_said_that_it_does(
    event: dict[str, Any],
) -> None:
    through_edge = through(event, **FACTS, **{EDGE_HEADER: SECRET})

    for request in (request_of(through(event, **FACTS), None), request_of(through_edge, None, (SECRET,))):
        assert [name for name in request.headers if name.startswith("cloudfront-")] == []
        assert EDGE_HEADER not in request.headers


@pytest.mark.parametrize("event", [V1, V2])
def test_what_cloudfront_says_of_viewers_arrives_where_it_does(event: dict[str, Any]) -> None:
    sent = through(event, **FACTS, **{EDGE_HEADER: SECRET, VIEWER: "198.51.100.10:46532"})

    request = request_of(sent, None, (SECRET,), "cloudfront")

    assert request.header("cloudfront-viewer-country") == "DE"
    assert request.source_ip == "198.51.100.10"
    assert EDGE_HEADER not in request.headers


def test_cloudfront_is_not_believed_without_its_secret() -> None:
    with pytest.raises(NotThroughTheEdge):
        request_of(through(V2, **FACTS), None, (SECRET,), "cloudfront")
    assert request_of(through(V2, **FACTS), None, (), "cloudfront").header("cloudfront-viewer-country") is None


def test_on_a_machine_of_ones_own_anybody_may_travel() -> None:
    request = request_of(through(V2, **FACTS, **{VIEWER: "198.51.100.10:46532"}), None, (), "anybody")

    assert (request.source_ip, request.header("cloudfront-viewer-country")) == ("198.51.100.10", "DE")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "none"),
        ({"AUTHMINT_VIEWER_FACTS": "none"}, "none"),
        ({"AUTHMINT_VIEWER_FACTS": "cloudfront", "AUTHMINT_EDGE_SECRET": SECRET}, "cloudfront"),
        ({"AUTHMINT_LOCAL_VIEWER_FACTS": "1"}, "anybody"),
    ],
)
def test_whose_word_is_taken_is_a_setting(env: dict[str, str], expected: str) -> None:
    assert Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t", **env}).viewer_facts == expected


@pytest.mark.parametrize("said", ["cloudfront", "anybody"])
def test_nobody_is_believed_by_mistake(said: str) -> None:
    with pytest.raises(BadSettings, match="AUTHMINT_VIEWER_FACTS"):
        Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t", "AUTHMINT_VIEWER_FACTS": said})


MTLS = "https://mtls.acme.example.com"


@pytest.mark.parametrize("event", [V1, V2])
def test_a_certificate_is_what_api_gateway_says_of_connections_to_its_domain(event: dict[str, Any]) -> None:
    place = "identity" if event is V1 else "authentication"
    said = {place: {"clientCert": {"clientCertPem": "PEM"}}, "domainName": "mtls.acme.example.com"}
    shown = event | {"requestContext": event["requestContext"] | said}
    told: dict[str, Any] = dict(shown)
    told["requestContext"] = {**said, **event["requestContext"]}  # of the plain domain, where there is none

    assert request_of(shown, "https://acme.example.com", mtls_url=MTLS).client_certificate == "PEM"
    assert (
        request_of(shown, "https://acme.example.com", (SECRET,), mtls_url=MTLS).base_url == "https://acme.example.com"
    )
    assert request_of(shown, "https://acme.example.com").client_certificate == "", "nobody said that there is a domain"
    assert request_of(told, "https://acme.example.com", mtls_url=MTLS).client_certificate == ""
    for name in ("x-amzn-mtls-clientcert", "cloudfront-viewer-cert-pem", "x-client-cert"):
        request = request_of(through(event, **{name: "PEM"}), "https://acme.example.com", mtls_url=MTLS)
        assert request.client_certificate == ""
    with pytest.raises(NotThroughTheEdge):
        request_of(told, "https://acme.example.com", (SECRET,), mtls_url=MTLS)


@pytest.mark.parametrize(
    ("url", "base"),
    [(MTLS, ""), (MTLS, MTLS), (f"{MTLS}/", "https://a.example"), ("http://mtls.example", "https://a.example")],
)
def test_where_certificates_are_shown_is_another_https_host_than_the_issuers(url: str, base: str) -> None:
    with pytest.raises(BadSettings, match="AUTHMINT_MTLS_URL"):
        Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t", "AUTHMINT_MTLS_URL": url, "AUTHMINT_BASE_URL": base})
