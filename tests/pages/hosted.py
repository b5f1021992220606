"""The pages over storage in memory, an authorization endpoint that is a dictionary, and a browser without a screen."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authmint.clock import Clock
from authmint.directory.authentication import Authenticator
from authmint.directory.password_change import PasswordChange
from authmint.directory.passwords import Cost, PasswordHashes, PasswordPolicy
from authmint.http import Request, Response
from authmint.ids import Ids, RandomIds
from authmint.oauth.authorization.interaction import Visitor
from authmint.oauth.authorization.standing import Standing
from authmint.oauth.errors import OAuthError
from authmint.pages.assembly import PageRecords, new_site
from authmint.pages.browsers import CookieBrowsers
from authmint.pages.documents import TEMPLATES, HostedPages
from authmint.pages.sign_on_events import SignOnEvents
from authmint.pages.verifiers import Brakes
from authmint.rate_limit import RateLimit
from authmint.self_service.services import SelfService
from authmint.storage.backchannel_requests import BackchannelRequest
from authmint.storage.clients import Client, secret_digest
from authmint.storage.device_codes import DeviceCode
from authmint.storage.servers import Resource, Scope
from authmint.storage.users import Password
from authmint.web.render import Renderer
from authmint.web.theme import Theme

from tests.memory.parts import MemoryParts
from tests.memory.storage import MemoryStorage
from tests.oauth.engine import Events
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_server, a_user
from tests.support.demands import Asking
from tests.support.fakes import NOW, FakeKeyPairs, FrozenClock
from tests.support.recovering import Recovering

PASSWORD = "Correct-Horse-7"
NEW_PASSWORD = "Battery-Staple-8"
CHEAP = Cost(memory_kib=8, iterations=1)
HANDLE = "a-handle"
REDIRECT_URI = "https://app.example.org/callback"
READ = Scope("scp1", "orders:read", "See your orders", "What you bought, when, and for how much.", consent="REQUIRED")
WRITE = Scope("scp2", "orders:write", "Order for you", "It can buy things in your name.", consent="REQUIRED")
NEWS = Scope("scp3", "news", "Send you news", "By mail, about once a month.", consent="REQUIRED", optional=True)


@dataclass
class FakeWaiting:
    """``Waiting``."""

    client: Client
    resume_uri: str = f"/resume?request={HANDLE}"
    server_id: str = SERVER_ID
    must_sign_in: bool = True
    more: Standing | None = None
    scopes: tuple[Scope, ...] = ()
    login_hint: str | None = None
    redirect_uri: str = REDIRECT_URI
    ui_locales: str | None = None
    resources: tuple[Resource, ...] = ()
    idp: str | None = None
    idp_scopes: str = ""
    again: bool = False


@dataclass
class FakeAuthorizations:
    """``Authorizations``: requests by handle. Once somebody is signed in, nobody has to any more."""

    requests: dict[str, FakeWaiting] = field(default_factory=dict)
    browsers: dict[str, str] = field(default_factory=dict)
    denied: list[str] = field(default_factory=list)

    def waiting(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> FakeWaiting:
        if handle not in self.requests or self.browsers.setdefault(handle, visitor.browser) != visitor.browser:
            raise OAuthError("invalid_request", reason="not this browser's")
        found = self.requests[handle]
        if visitor.session is not None:
            found.must_sign_in = False
        return found

    def way_back(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> str:
        return self.waiting(request, handle, visitor, now=now).resume_uri

    def wished(self, handle: str, visitor: Visitor, *, now: int) -> str:
        return self.waiting(Request("GET", "/", BASE_URL), handle, visitor, now=now).ui_locales or ""

    def refuse(self, request: Request, handle: str, visitor: Visitor, error: OAuthError, *, now: int) -> Response:
        self.denied.append(handle)
        return Response(302, b"", (("location", f"{self.requests[handle].redirect_uri}?error={error.code}"),))

    def deny(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> Response:
        self.denied.append(handle)
        return Response(302, b"", (("location", self.requests[handle].redirect_uri + "?error=access_denied"),))


class Hosted:
    """A deployment's pages, one user, one client, one request that waits."""

    def __init__(
        self,
        *,
        theme: Theme | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        client: Mapping[str, Any] | None = None,
        user: Mapping[str, Any] | None = None,
        scopes: tuple[Scope, ...] = (READ, WRITE, NEWS),
        sign_ins: int = 300,
        mail: bool = True,
        policy: PasswordPolicy | None = None,
    ) -> None:
        self.storage = storage = MemoryStorage()
        self.clock = clock or FrozenClock()
        self.ids = ids or RandomIds(self.clock)
        self.demands = Asking()
        self.hashes = PasswordHashes(self.ids, CHEAP)
        about = {"client_uri": "https://orders.example", "policy_uri": "https://orders.example/privacy"}
        changes = {
            "label": "Orders",
            "application_type": "web",
            "implicit_assignment": True,
            "settings": about | {"tos_uri": "https://orders.example/terms"},
            **(client or {}),
        }
        self.client = a_client(**changes)
        storage.clients.add(self.client, [])
        storage.servers.add(a_server(scopes=scopes), [])
        password = Password(self.hashes.make(PASSWORD), self.clock.now() - 10)
        storage.users.add(a_user(**{"login": "ann@example.com", "password": password, **(user or {})}), [])
        self.authorizations = FakeAuthorizations({HANDLE: FakeWaiting(self.client, scopes=scopes)})
        self.browsers = CookieBrowsers(storage.sessions, storage.directory, self.ids)
        self.pages = HostedPages(Renderer(theme or Theme("Acme"), self.ids, TEMPLATES))
        self.events = Events()
        parts = MemoryParts(
            storage,
            vault=FakeKeyPairs(),
            clock=self.clock,
            ids=self.ids,
            log=self.events,
            mail_from="auth@acme.example.com" if mail else "",
        )
        self.self_service: Callable[[], SelfService] = lambda: parts.self_service(parts.registered_configuration())
        self.factors = parts.factor_steps()
        self.blocked = parts.blocked_zones()
        self.user_factors = parts.user_factors()
        policy = policy or PasswordPolicy()
        self.recovering = Recovering(storage, self.hashes, self.clock, self.ids, on=mail)
        self.site = new_site(
            PageRecords(
                directory=storage.directory,
                clients=storage.clients,
                servers=storage.servers,
                sign_ons=storage.sign_ons,
                recovery_steps=storage.recovery_steps,
                sessions=storage.sessions,
                remembered=storage.remembered_browsers,
                consents=storage.consents,
                device_codes=storage.device_codes,
                backchannel_requests=storage.backchannel_requests,
                session_tokens=storage.session_tokens,
                trusted_origins=storage.trusted_origins,
                sign_on_policies=storage.sign_on_policies,
            ),
            self.authorizations,
            pages=self.pages,
            browsers=self.browsers,
            authenticator=Authenticator(storage.directory, storage.users, self.hashes, self.clock, self.ids, policy),
            brakes=Brakes(
                addresses=RateLimit(storage.rate_counters, "address", most=sign_ins, seconds=60),
                user_codes=RateLimit(storage.rate_counters, "activate", most=20, seconds=600),
                invitations=RateLimit(storage.rate_counters, "invitation", most=sign_ins, seconds=60),
            ),
            journal=SignOnEvents(self.events, self.clock, self.ids),
            change=PasswordChange(storage.users, self.hashes, self.clock, self.ids, policy),
            demands=self.demands,
            factors=lambda: self.factors,
            recovery=self.recovering.pages(self.pages, self.events.emit, self.user_factors),
            callers=parts.trusted_callers(parts.registered_configuration(), self.blocked),
            federation=parts.federation_pages,
            services=self.self_service,
            own_callers=lambda: parts.own_callers(parts.registered_configuration()),
            clock=self.clock,
            ids=self.ids,
        )

    @property
    def waiting(self) -> FakeWaiting:
        return self.authorizations.requests[HANDLE]

    def a_device(self, user_code: str = "WDJBMJHT", **changes: Any) -> DeviceCode:
        values: dict[str, Any] = {
            "digest": secret_digest(user_code),
            "user_code": user_code,
            "server_id": SERVER_ID,
            "client_id": CLIENT_ID,
            "scopes": ("orders:read",),
            "defaulted": False,
            "created_at": self.clock.now(),
            "expires_at": self.clock.now() + 600,
        }
        code = DeviceCode(**values | changes)
        self.storage.device_codes.add(code)
        return code

    def an_authentication_request(self, digest: str = "digest", **changes: Any) -> BackchannelRequest:
        values: dict[str, Any] = {
            "digest": digest,
            "handle": f"handle-of-{digest}",
            "owner": "00uA",
            "user_id": "00uA",
            "server_id": SERVER_ID,
            "client_id": CLIENT_ID,
            "scopes": ("openid", "orders:read"),
            "created_at": self.clock.now(),
            "expires_at": self.clock.now() + 300,
            "binding_message": "W4-SCT",
            "address": "198.51.100.7",
        }
        request = BackchannelRequest(**values | changes)
        self.storage.backchannel_requests.add(request)
        return self.storage.backchannel_requests.get(digest)


def by_mail(storage: MemoryStorage) -> None:
    """Everybody's address is a factor of theirs."""
    listed = storage.authenticators.get()
    settings = {"allowedFor": "sso", "tokenLifetimeInMinutes": 5}
    storage.authenticators.save(listed, listed.with_changed(replace(listed.of("okta_email"), settings=settings)), [])


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.options: Any = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and values.get("data-options"):
            self.options = json.loads(values["data-options"] or "")
        if tag == "input" and values.get("name") and values.get("type") != "checkbox":
            self.found[str(values["name"])] = values.get("value") or ""


class Browser:
    """Keeps cookies and fills in forms."""

    def __init__(self, hosted: Hosted, *, base_url: str = BASE_URL, **headers: str) -> None:
        self.hosted = hosted
        self.base_url = base_url
        self.headers = headers
        self.cookies: dict[str, str] = {}
        self.answer = Response(0)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        uri = urlsplit(target)
        sent = {name.replace("_", "-"): value for name, value in (self.headers | headers).items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = Request(
            method,
            uri.path,
            self.base_url,
            query=tuple(parse_qsl(uri.query, keep_blank_values=True)),
            path_parameters=server_in(uri.path),
            headers=sent,
            body=body,
            source_ip="192.0.2.1",
            request_id="req-1",
        )
        answer = self.hosted.site(request)
        assert answer is not None
        for name, value in answer.headers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
                if "Max-Age=0" in value:
                    del self.cookies[key]
        self.answer = answer
        return answer

    def get(self, target: str, **headers: str) -> Response:
        return self.send("GET", target, b"", **headers)

    @property
    def fields(self) -> dict[str, str]:
        """What the form of the last page would send, unchanged."""
        parser = _Fields()
        parser.feed(self.answer.body.decode())
        return parser.found

    @property
    def options(self) -> Any:
        """What the last page would ask a key for."""
        parser = _Fields()
        parser.feed(self.answer.body.decode())
        return parser.options

    def post(self, path: str, **changes: str) -> Response:
        """Send the form of the last page, with changes."""
        return self.post_pairs(path, (self.fields | changes).items())

    def post_pairs(self, path: str, pairs: Any) -> Response:
        content_type = {"content_type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, urlencode(list(pairs)).encode(), **content_type)

    def sign_in(self, target: str = f"/signin?request={HANDLE}", password: str = PASSWORD) -> Response:
        self.get(target)
        return self.post("/signin", username="ann@example.com", password=password)


def server_in(path: str) -> dict[str, str]:
    """What the gateway finds in a path."""
    found = re.fullmatch(r"/oauth2/([^/]+)/v1/.+", path)
    return {} if found is None else {"authServerId": found[1]}


def header(answer: Response, name: str) -> str:
    """The one header of this name."""
    values = [value for key, value in answer.headers if key == name]
    assert len(values) == 1, values
    return values[0]


def shown(answer: Response) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", answer.body.decode(), flags=re.S))


__all__ = ["HANDLE", "NEW_PASSWORD", "NOW", "PASSWORD", "Browser", "Hosted", "header", "shown"]
