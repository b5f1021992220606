"""Deployments and providers that reach each other in one process, and a browser that goes from one to the other."""

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import jwt
from authmint.http import Request, Response
from authmint.ids import RandomIds
from authmint.oauth.outbound_fetch import Answer, FetchFailed
from authmint.runtime import wiring
from authmint.runtime.entrypoint import Function
from authmint.storage.events import Event
from authmint.storage.groups import EVERYONE_ID
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.management.admin import Admin
from tests.management.apps import app_body
from tests.management.federation.idps import an_idp
from tests.memory.parts import Emitted, MemoryParts
from tests.support.fakes import FrozenClock, pregenerated
from tests.support.key_pairs import private_jwk_pair

ACME, PARTNER, PROVIDER = "https://acme.example.com", "https://partner.example.com", "https://idp.example.com"
APP = "https://app.example.com/callback"
BYE = "https://app.example.com/bye?x=1"
#: RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_SERVER = re.compile(r"/oauth2/([^/]+)/(?:v1|\.well-known)/")
Handler = Callable[[Request], Response]


class World:
    """Hosts by their origin."""

    def __init__(self, clock: Any = None) -> None:
        self.clock: Any = clock or FrozenClock()
        self.hosts: dict[str, Handler] = {}
        self.asked: list[tuple[str, str]] = []

    def send(self, request: Request) -> Response:
        return self.hosts[request.base_url](request)

    def exchange(self, method: str, uri: str, *, headers: Any, body: bytes | None = None, **_: Any) -> Answer:
        """What the guarded fetcher would bring."""
        self.asked.append((method, uri))
        request = request_of(method, uri, {name.lower(): value for name, value in headers.items()}, body or b"")
        if request.base_url not in self.hosts:
            raise FetchFailed("name does not resolve")
        answer = self.send(request)
        return Answer(answer.status, answer.body, dict(answer.headers))

    def fetch(self, uri: str) -> bytes:
        answer = self.exchange("GET", uri, headers={})
        if answer.status != 200:
            raise FetchFailed(f"status {answer.status}")
        return answer.content


def request_of(method: str, uri: str, headers: dict[str, str], body: bytes = b"") -> Request:
    parts = urlsplit(uri)
    server = _SERVER.match(parts.path)
    return Request(
        method,
        parts.path,
        f"{parts.scheme}://{parts.netloc}",
        {} if server is None or server[1] == "v1" else {"authServerId": server[1]},
        tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers,
        body,
        "198.51.100.7",
        "req-1",
    )


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action, self.found, self.links = "", dict[str, str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = values.get("action", "")
        if tag == "input" and values.get("name"):
            self.found.setdefault(values["name"], values.get("value", ""))
        if tag == "a":
            self.links.append(values.get("href", ""))


@dataclass
class Page:
    """Where a browser is."""

    url: str
    response: Response

    @property
    def text(self) -> str:
        return self.response.body.decode()

    @property
    def fields(self) -> dict[str, str]:
        """Of the query: what a client, or a provider, was sent."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def form(self) -> _Fields:
        form = _Fields()
        form.feed(self.text)
        return form

    @property
    def links(self) -> list[str]:
        return self.form().links


@dataclass
class Browser:
    """Without scripts, and with a jar of cookies for each host."""

    world: World
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    stops: str = ""

    def open(self, url: str, form: dict[str, str] | None = None, *, lax: bool = True) -> Page:
        """Through redirects, until there is a page, an unknown host, or a URL that begins with ``stops``."""
        method = "GET" if form is None else "POST"
        while True:
            parts = urlsplit(url)
            origin = f"{parts.scheme}://{parts.netloc}"
            if origin not in self.world.hosts or (self.stops and url.startswith(self.stops)):
                return Page(url, Response(0))
            jar = self.cookies.setdefault(origin, {})
            headers = (
                {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if lax or jar == {} else {}
            )
            body = b""
            if form is not None:
                headers |= {"content-type": "application/x-www-form-urlencoded", "origin": origin}
                body = urlencode(form).encode()
            answer = self.world.send(request_of(method, url, headers, body))
            for name, value in answer.headers:
                if name == "set-cookie":
                    key, _, rest = value.partition("=")
                    jar[key] = rest.partition(";")[0]
            if answer.status not in {302, 303}:
                return Page(url, answer)
            url = urljoin(url, next(value for name, value in answer.headers if name == "location"))
            method, form, lax = "GET", None, True

    def submit(self, page: Page, **fields: str) -> Page:
        form = page.form()
        assert form.action, page.text
        return self.open(urljoin(page.url, form.action), form.found | fields)


class Deployment:
    """A whole deployment over storage in memory, wired as the deployed one is."""

    def __init__(self, world: World, origin: str = ACME) -> None:
        self.world, self.origin = world, origin
        self.admin = Admin()
        self.admin.clock = world.clock
        self.storage, self.log = self.admin.storage, Emitted()
        self.parts = MemoryParts(
            self.storage,
            vault=self.admin.pairs,
            clock=world.clock,
            ids=RandomIds(world.clock),
            log=self.log,
            exchange=world.exchange,
            fetch=world.fetch,
            mail_from="auth@acme.example.com",
            most=1_000,
        )
        functions = {
            "authorize": wiring.authorize,
            "token": wiring.token,
            "token_status": wiring.token_status,
            "jwks": wiring.key_set,
            "discovery": wiring.discovery,
        }
        self._functions: dict[str, Function] = {name: wire(self.parts) for name, wire in functions.items()}
        world.hosts[origin] = self.answer
        self.client = self.app()

    def answer(self, request: Request) -> Response:
        path = request.path
        named = (
            ("token", ("/v1/token", "/v1/par", "/v1/device/authorize")),
            ("token_status", ("/v1/userinfo", "/v1/introspect")),
            ("jwks", ("/v1/keys",)),
            ("discovery", ("/openid-configuration",)),
        )
        function = next((name for name, ends in named if path.endswith(ends)), "authorize")
        http = self._functions[function].http
        assert http is not None
        return http(request)

    def app(self, label: str = "", **changes: Any) -> Any:
        oauth = {
            "application_type": "web",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": [APP],
            "post_logout_redirect_uris": [BYE],
            "consent_method": "TRUSTED",
        }
        body = app_body(**oauth | changes)
        body |= {"label": label} if label else {}
        answer = self.admin.post("/api/v1/apps", body)
        assert answer.status == 200, answer.json
        assigned = self.admin.put(f"/api/v1/apps/{answer.json['id']}/groups/{EVERYONE_ID}", {})
        assert assigned.status == 200, assigned.json
        return answer.json["credentials"]["oauthClient"]

    def provider(self, **changes: Any) -> Any:
        answer = self.admin.post("/api/v1/idps", an_idp(**changes))
        assert answer.status == 200, answer.json
        return answer.json

    def user(self, login: str, **more: Any) -> str:
        profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Lee"} | more
        credentials = {"password": {"value": "Correct-horse-9"}}
        user_id: str = self.admin.made("/api/v1/users", {"profile": profile, "credentials": credentials})["id"]
        return user_id

    def authorize_uri(self, server: str = "", **more: str) -> str:
        query = {
            "client_id": self.client["client_id"],
            "redirect_uri": APP,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "s",
            "nonce": "n",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{self.origin}/oauth2{server}/v1/authorize?{urlencode(query | more)}"

    def tokens(self, code: str) -> dict[str, Any]:
        """The claims of the ID token that a code of the org server gives."""
        claims: dict[str, Any] = jwt.decode(self.id_token(code), options={"verify_signature": False})
        return claims

    def id_token(self, code: str) -> str:
        """The one that a code of the org server gives."""
        token: str = self.redeemed(code)["id_token"]
        return token

    def redeemed(self, code: str) -> dict[str, Any]:
        """What a code of the org server gives."""
        return self.token(grant_type="authorization_code", code=code, redirect_uri=APP, code_verifier=VERIFIER)

    def token(self, **form: str) -> dict[str, Any]:
        """What the token endpoint of the org server gives."""
        return self.called("/oauth2/v1/token", **form)

    def called(self, path: str, **form: str) -> dict[str, Any]:
        """What the client gets."""
        answer = self.posted(path, {}, **form)
        assert answer.status == 200, answer.body
        given: dict[str, Any] = json.loads(answer.body)
        return given

    def posted(self, path: str, headers: dict[str, str], **form: str) -> Response:
        """What the client is answered."""
        pair = f"{self.client['client_id']}:{self.client['client_secret']}".encode()
        sent = {
            "authorization": f"Basic {base64.b64encode(pair).decode()}",
            "content-type": "application/x-www-form-urlencoded",
            **headers,
        }
        return self.answer(request_of("POST", self.origin + path, sent, urlencode(form).encode()))

    def events(self, *types: str) -> list[Event]:
        """Of the log and of the lines."""
        return [event for event in (*self.storage.events, *self.log.emitted) if event.type in types]


@dataclass
class Provider:
    """A provider that says what a test wants, right or wrong.

    Attributes:
        claims: Changes of what its ID tokens say; ``None`` leaves a claim out.
        forge: Makes another token of the claims.
        answers: Changes of its authorization response.
        tokens: In the place of the answer of its token endpoint.
        said: What userinfo says beside ``sub``.
    """

    world: World
    origin: str = PROVIDER
    subject: str = "248289761001"
    claims: dict[str, Any] = field(default_factory=dict)
    forge: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, str | None] = field(default_factory=dict)
    tokens: Response | None = None
    said: dict[str, Any] = field(default_factory=dict)
    keys: Response | None = None
    info: Response | None = None
    requests: list[dict[str, str]] = field(default_factory=list)
    posted: list[Request] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.world.hosts[self.origin] = self.answer
        self.jwk, self.private = pregenerated("ES256")

    def answer(self, request: Request) -> Response:
        return {
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
            "/userinfo": self._userinfo,
        }[request.path](request)

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query)
        self.requests.append(asked)
        code = f"code-{next(self.numbers)}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"]} | self.answers
        sent = urlencode({name: value for name, value in answer.items() if value is not None})
        return Response(302, b"", (("location", f"{asked['redirect_uri']}?{sent}"),))

    def _token(self, request: Request) -> Response:
        self.posted.append(request)
        if self.tokens is not None:
            return self.tokens
        form = dict(parse_qsl(request.body.decode()))
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or asked["code_challenge"] != challenge.decode()
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return Response.json(400, {"error": "invalid_grant"})
        made = self.made(asked["nonce"])
        token = self.signed(made) if self.forge is None else self.forge(made)
        return Response.json(200, {"access_token": "at-1", "token_type": "Bearer", "id_token": token})

    def made(self, nonce: str) -> dict[str, Any]:
        """The claims of its next ID token."""
        now = self.world.clock.now()
        claims = {
            "iss": self.origin,
            "aud": "abc",
            "sub": self.subject,
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
            "email": "zoe@partner.example",
            "email_verified": True,
            "given_name": "Zoe",
            "family_name": "Doe",
            "at_hash": base64.urlsafe_b64encode(hashlib.sha256(b"at-1").digest()[:16]).rstrip(b"=").decode(),
        } | self.claims
        return {name: value for name, value in claims.items() if value is not None}

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        key: Any = load_der_private_key(self.private, None)
        said = {name: value for name, value in ({"kid": "k1"} | header).items() if value is not None}
        return jwt.encode(claims, key, "ES256", headers=said)

    def _keys(self, _: Request) -> Response:
        return self.keys or Response.json(200, {"keys": [{**self.jwk, "kid": "k1", "use": "sig", "alg": "ES256"}]})

    def _userinfo(self, request: Request) -> Response:
        assert request.header("authorization") == "Bearer at-1"
        return self.info or Response.json(200, {"sub": self.subject} | self.said)


def another_key() -> Any:
    """A private key that no provider publishes."""
    return load_der_private_key(private_jwk_pair("ES256")[1], None)
