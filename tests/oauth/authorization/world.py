"""The authorization endpoint over storage in memory, with a browser and pages that tests can look into."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from authmint.expressions.facts import THIS_ORG
from authmint.http import Pairs, Request, Response
from authmint.management.servers.system_objects import system_claims, system_scopes
from authmint.oauth.authorization.approval import Granting
from authmint.oauth.authorization.endpoint import AuthorizationEndpoint
from authmint.oauth.authorization.interaction import Visitor
from authmint.oauth.authorization.interactions import Interactions
from authmint.oauth.authorization.issuing import Issuing
from authmint.oauth.authorization.par import PushedRequestEndpoint
from authmint.oauth.authorization.request import Arrivals
from authmint.oauth.authorization.request_objects import RequestObjects
from authmint.oauth.authorization.responses import Outcomes
from authmint.oauth.authorization.standing import Standings
from authmint.oauth.client_auth.assertions import Assertions
from authmint.oauth.client_auth.authentication import ClientAuthentication
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.client_auth.signatures import ClientSignatures
from authmint.oauth.dpop.possession import Possession
from authmint.oauth.endpoint import AuthenticatedEndpoint
from authmint.oauth.errors import OAuthError
from authmint.oauth.issuance import Issuance
from authmint.sign_on.sessions import SessionTokenExchange, SignedOn, amr_of, auth_time_of
from authmint.storage.clients import Client, secret_digest
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.consents import Consent
from authmint.storage.servers import AuthorizationServer, Scope
from authmint.storage.sessions import Session, SessionToken
from authmint.storage.sign_on_transactions import Proof
from authmint.tokens.access_token import SignedIn
from authmint.tokens.id_token import id_token_payload
from authmint.tokens.signer import WarmSigners

from tests.memory.parts import MemoryParts
from tests.memory.storage import MemoryStorage
from tests.oauth.engine import Events
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_policy, a_rule, a_server, a_user
from tests.support.demands import Asking
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FakeSeals, FrozenClock, decoded
from tests.support.hook_endpoint import Endpoint
from tests.support.pace import failures

ISSUER = f"{BASE_URL}/oauth2/{SERVER_ID}"
CALLBACK = "https://app.example.com/cb"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
ORDERS = Scope("scp1", "orders:read", "Read orders", "See what was ordered", consent="REQUIRED")
EXTRAS = Scope("scp2", "extras", "Extras", None, consent="FLEXIBLE", optional=True)
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def a_browser_server(**changes: Any) -> AuthorizationServer:
    """Scopes of OpenID Connect and two in need of consent; people get codes and tokens."""
    ids = CountingIds(2_000_000)
    values: dict[str, Any] = {
        "scopes": (*system_scopes(ids), ORDERS, EXTRAS, Scope("scp3", "plain")),
        "claims": system_claims(ids),
        "policies": (a_policy(a_rule(grant_types=("authorization_code", "implicit"), access_token_lifetime=600)),),
    }
    return a_server(**values | changes)


def an_app(**changes: Any) -> Client:
    """A web application that may ask for everything."""
    values: dict[str, Any] = {
        "application_type": "web",
        "label": f"app {changes.get('id', CLIENT_ID)}",
        "grant_types": ("authorization_code", "implicit", "refresh_token"),
        "response_types": ("code", "token", "id_token"),
        "redirect_uris": (CALLBACK,),
        "implicit_assignment": True,
        "settings": {"logo_uri": "https://app.example.com/logo.png", "tos_uri": "javascript:alert(1)"},
    }
    return a_client(**values | changes)


class Browsers:
    """``Browsers``: a cookie is the browser's name."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self.sessions: dict[str, Session] = {}
        self._named = 0

    def visitor(self, request: Request, *, now: int) -> Visitor:
        name = request.header("cookie")
        cookies: Pairs = ()
        if name is None:
            self._named += 1
            name = f"new-{self._named}"
            cookies = (("set-cookie", name),)
        session = self.sessions.get(name)
        if session is None or session.expires_at <= now:
            return Visitor(None, None, secret_digest(name), cookies)
        return Visitor(session, self._storage.directory.person(session.user_id), secret_digest(name), cookies)

    def sign_in(self, request: Request, signed_on: SignedOn, *, now: int) -> Visitor:
        name, person = request.header("cookie") or f"new-{self._named}", signed_on.person
        auth_time, amr = auth_time_of(signed_on.proofs), amr_of(signed_on.proofs)
        self.begin(name, person.user.id, auth_time=auth_time, amr=amr, now=now)
        cookies = (("set-cookie", f"session of {person.user.id}"),)
        return Visitor(self.sessions[name], person, secret_digest(name), cookies)

    def sign_out(self, request: Request, *, now: int) -> Pairs:
        raise NotImplementedError

    def begin(self, name: str, user_id: str, *, auth_time: int, now: int, amr: tuple[str, ...] = ("pwd",)) -> None:
        """What a sign-in page does."""
        self.sessions[name] = Session(
            f"digest {name}", f"session {name}", user_id, now, auth_time, now + 9_000, now + 9_000, "csrf", amr
        )

    def prove(self, name: str, *proofs: Proof) -> None:
        """What was proved in a browser so far."""
        session = self.sessions[name]
        self.sessions[name] = replace(session, proofs=proofs, amr=amr_of(proofs), auth_time=auth_time_of(proofs))


class Pages:
    """``Pages`` as JSON."""

    def error(self, error: OAuthError, request: Request) -> Response:
        return Response.json(
            error.status,
            {"page": error.id, "text": error.description},
            (("cache-control", "public"), ("x-for", request.path)),
        )

    def form_post(self, redirect_uri: str, fields: Any) -> Response:
        return Response.json(200, {"form_post": redirect_uri, "fields": dict(fields)})

    def post_message(self, target_origin: str, message: Any) -> Response:
        return Response.json(200, {"post_message": target_origin, "fields": dict(message)})

    def signed_out(self, request: Request) -> Response:
        raise NotImplementedError


@dataclass
class Answer:
    """A response, read as a browser would."""

    response: Response

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.response.headers)

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def fields(self) -> dict[str, str]:
        """What the client gets, through whichever mode."""
        if self.response.status in {302, 303}:
            parts = urlsplit(self.location)
            pairs = parse_qsl(parts.fragment or parts.query, keep_blank_values=True, strict_parsing=True)
            assert len(dict(pairs)) == len(pairs)
            return dict(pairs)
        return dict(decoded(self.response.body).get("fields", {}))

    @property
    def page(self) -> str | None:
        """Internal id of the error that our own page shows."""
        if self.response.status in {302, 303}:
            return None
        page: str | None = decoded(self.response.body).get("page")
        return page

    @property
    def handle(self) -> str:
        """Of the request that waits while one of our pages is shown."""
        return self.fields["request"]


class World:
    """One server, one client, Ann, who is assigned and signed in at the browser ``ann``."""

    def __init__(self, server: Any = None, client: Any = None, *, signed_in: bool = True) -> None:
        self.storage = MemoryStorage()
        self.clock = FrozenClock()
        self.ids = CountingIds()
        self.events = Events()
        self.storage.servers.add(server or a_browser_server(), [])
        self.storage.clients.add(client or an_app(), [])
        self.storage.users.add(a_user(), [])
        self.storage.users.add(a_user(id="00uB"), [])
        self.browsers, self.pages = Browsers(self.storage), Pages()
        self.signers = WarmSigners(FakeKeyPairs())
        configuration = PlainConfiguration(self.storage.servers, self.storage.clients)
        storage, clock, ids = self.storage, self.clock, self.ids
        signatures = ClientSignatures(FakeSeals(), FetchedJwks(lambda _: b"{}"))

        def objects() -> RequestObjects:
            return RequestObjects(storage.assertions, signatures)

        arrivals = Arrivals(configuration, storage.requests, objects)
        granting = Granting(Issuance(ids), storage.consents, ids)
        outcomes = Outcomes(self.pages, self.events, self.signers)
        self.demands = Asking()
        self.hook = Endpoint()
        parts = MemoryParts(storage, vault=FakeKeyPairs(), clock=clock, ids=ids, log=self.events, exchange=self.hook)
        self.factors = parts.factor_steps()
        standings = Standings(self.demands, lambda: self.factors)
        self.interactions = Interactions(arrivals, storage.requests, granting, standings, outcomes, clock, ids)
        issuing = Issuing(
            storage.codes, storage.families, storage.requests, storage.sessions, self.signers, ids, parts.status_entries
        )
        self.endpoint = AuthorizationEndpoint(
            arrivals, self.browsers, self.interactions, granting, issuing, outcomes, standings,
            SessionTokenExchange(storage.session_tokens, storage.directory, ids), clock, ids, parts.token_hooks,
        )  # fmt: skip
        assertions = Assertions(storage.assertions, signatures)
        authentication = ClientAuthentication(lambda: assertions)
        self.par = PushedRequestEndpoint(
            AuthenticatedEndpoint(configuration, authentication, failures(storage.rate_counters)),
            storage.requests,
            clock,
            ids,
            self.events,
            possession=lambda: Possession(storage.assertions, self.signers),
            objects=objects,
        )
        if signed_in:
            self.sign_in()

    def sign_in(self, user_id: str = "00uA", browser: str = "ann") -> None:
        now = self.clock.now()
        self.browsers.begin(browser, user_id, auth_time=now, now=now)

    def ask(self, browser: str | None = "ann", *, server_id: str | None = SERVER_ID, **changes: str | None) -> Answer:
        """A GET for a code; ``None`` takes a parameter out."""
        fields = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": "s"}
        sent = {name: value for name, value in (fields | {"scope": "openid"} | changes).items() if value is not None}
        return self.get(tuple(sent.items()), browser, server_id=server_id)

    def get(self, query: Pairs, browser: str | None = "ann", *, server_id: str | None = SERVER_ID) -> Answer:
        return self.send(a_request(query=query, browser=browser, server_id=server_id))

    def send(self, request: Request) -> Answer:
        return Answer(self.endpoint(request))

    def post(self, fields: dict[str, str], browser: str | None = "ann", query: Pairs = ()) -> Answer:
        headers = {} if browser is None else {"cookie": browser}
        return self.send(replace(a_form(fields, headers=headers, path="authorize"), query=query))

    def follow(self, uri: str, browser: str | None = "ann") -> Answer:
        """The browser goes to a URI of the authorization endpoint."""
        parts = urlsplit(uri)
        assert uri.startswith(f"{ISSUER}/v1/authorize?")
        return self.get(tuple(parse_qsl(parts.query)), browser)

    def resume(self, handle: str, browser: str = "ann") -> Answer:
        """The page is done with a request."""
        return self.follow(self.waiting(handle, browser).resume_uri, browser)

    def waiting(self, handle: str, browser: str = "ann") -> Any:
        request, now = a_request(browser=browser), self.clock.now()
        return self.interactions.waiting(request, handle, self.browsers.visitor(request, now=now), now=now)

    def deny(self, handle: str, browser: str = "ann") -> Answer:
        request, now = a_request(browser=browser), self.clock.now()
        visitor = self.browsers.visitor(request, now=now)
        return Answer(self.interactions.deny(request, handle, visitor, now=now))

    def agree(self, *scopes: str, answer: Any = "GRANTED", resource: str | None = None) -> None:
        now = self.clock.now()
        records = [
            Consent(self.ids.object_id("oag"), "00uA", CLIENT_ID, SERVER_ID, scope, now, answer, resource)
            for scope in scopes
        ]
        self.storage.consents.record(records)

    def session_token(self, user_id: str = "00uA", *, age: int = 0) -> str:
        token = f"token of {user_id}"
        at = self.clock.now() - age
        self.storage.session_tokens.add(SessionToken(secret_digest(token), user_id, at + 300, (Proof("password", at),)))
        return token

    def change_client(self, **changes: Any) -> None:
        before = self.storage.clients.get(CLIENT_ID)
        self.storage.clients.save(before, replace(before, **changes), [])

    def hint(self, user_id: str = "00uA", **changes: Any) -> str:
        """An ID token of the server, a year old."""
        server = self.storage.servers.get(SERVER_ID)
        values: dict[str, Any] = {
            "issuer": ISSUER,
            "client_id": CLIENT_ID,
            "user": SignedIn(user_id, NOW),
            "amr": ("pwd",),
            "idp": THIS_ORG.id,
            "now": NOW - 86_400 * 365,
            "ids": CountingIds(5_000_000),
            "claims": {},
        }
        return self.signers.signer(server).sign(id_token_payload(**values | changes))

    def push(self, fields: dict[str, Any] | None = None, *, json: bool = False, **options: Any) -> tuple[int, Any]:
        """A pushed request; by default one for a code, with HTTP Basic."""
        form = {"redirect_uri": CALLBACK, "response_type": "code", "state": "s", "scope": "openid"} | (fields or {})
        sent = {name: value for name, value in form.items() if value is not None}
        resources = sent.pop("resource", ())
        request = a_form({k: str(v) for k, v in sent.items()}, path="par", resources=resources, **options)
        if json:
            sent |= {"resource": resources} if resources else {}
            headers = dict(request.headers) | {"content-type": "application/json"}
            request = replace(request, body=msgspec.json.encode(sent), headers=headers)
        answer = self.par(request)
        return answer.status, decoded(answer.body)


def a_request(*, query: Pairs = (), browser: str | None = "ann", server_id: str | None = SERVER_ID) -> Request:
    return Request(
        "GET",
        f"/oauth2/{server_id}/v1/authorize" if server_id else "/oauth2/v1/authorize",
        BASE_URL,
        {"authServerId": server_id} if server_id else {},
        query,
        {} if browser is None else {"cookie": browser},
        source_ip="192.0.2.1",
        request_id="req-1",
    )
