"""RP-initiated logout (docs/protocol.md §16): who is signed out, and where the browser goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from authmint.http import Pairs, Request, Response
from authmint.oauth.authorization.interaction import Visitor
from authmint.oauth.authorization.logout import LogoutEndpoint
from authmint.oauth.errors import OAuthError
from authmint.sign_on.sessions import SignedOn
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.sessions import Session

from tests.oauth.code_flow import Flow, a_web_client
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID
from tests.support.fakes import NOW

BACK = "https://app.example/bye"
HEADERS = (("content-type", "text/html"),)


@dataclass
class Browser:
    """``Browsers`` of one browser."""

    user_id: str | None = "00uA"
    signed_out: int = 0

    def visitor(self, request: Request, *, now: int) -> Visitor:
        if self.user_id is None:
            return Visitor(None, None, "b")
        return Visitor(Session("d", "102", self.user_id, now, now, now + 60, now + 60, "c", ("pwd",)), None, "b")

    def sign_in(self, request: Request, signed_on: SignedOn, *, now: int) -> Visitor:
        raise NotImplementedError

    def sign_out(self, request: Request, *, now: int) -> Pairs:
        self.signed_out += 1
        return (("set-cookie", "session=; Max-Age=0"),)


@dataclass
class Page:
    """``Pages`` that remember what was shown."""

    errors: list[str] = field(default_factory=list)

    def error(self, error: OAuthError, request: Request) -> Response:
        self.errors.append(error.id)
        return Response(error.status, b"error", HEADERS)

    def form_post(self, redirect_uri: str, fields: Mapping[str, str]) -> Response:
        raise NotImplementedError

    def post_message(self, target_origin: str, message: Mapping[str, str]) -> Response:
        raise NotImplementedError

    def signed_out(self, request: Request) -> Response:
        return Response(200, b"bye", HEADERS)


def nowhere() -> Any:
    raise AssertionError("no identity provider signed this user in")


class World:
    def __init__(self, user_id: str | None = "00uA") -> None:
        self.flow = Flow(client=a_web_client(post_logout_redirect_uris=(BACK,)))
        self.browser, self.pages = Browser(user_id), Page()
        storage = self.flow.storage
        configuration = PlainConfiguration(storage.servers, storage.clients)
        self.endpoint = LogoutEndpoint(configuration, self.browser, self.pages, self.flow.clock, nowhere)
        self.hint: str = self.flow.signed_in()["id_token"]

    def ask(self, *pairs: tuple[str, str], method: str = "GET", **changes: Any) -> Response:
        values: dict[str, Any] = {
            "method": method,
            "path": "/logout",
            "base_url": BASE_URL,
            "path_parameters": {"authServerId": SERVER_ID},
            "query": pairs,
        }
        return self.endpoint(Request(**values | changes))


def test_a_hint_ends_the_session_and_the_browser_goes_back() -> None:
    world = World()

    answer = world.ask(("id_token_hint", world.hint), ("post_logout_redirect_uri", BACK), ("state", "a b&c"))

    headers = dict(answer.headers)
    assert (answer.status, headers["location"]) == (302, f"{BACK}?state=a+b%26c")
    assert headers["set-cookie"].startswith("session=;")
    assert world.browser.signed_out == 1


def test_the_clients_state_takes_the_place_of_one_in_the_uri() -> None:
    world = World()
    uri = f"{BACK}?state=old&a=1"
    client = world.flow.storage.clients.get(CLIENT_ID)
    world.flow.storage.clients.save(client, replace(client, post_logout_redirect_uris=(uri,)), [])

    answer = world.ask(("id_token_hint", world.hint), ("post_logout_redirect_uri", uri), ("state", "new"))

    assert dict(answer.headers)["location"] == f"{BACK}?a=1&state=new"


def test_an_old_hint_will_do() -> None:
    world = World()
    world.flow.clock.advance(seconds=86_400)

    assert world.ask(("id_token_hint", world.hint)).body == b"bye"
    assert world.browser.signed_out == 1


def test_by_post_too() -> None:
    world = World()
    body = f"id_token_hint={world.hint}&post_logout_redirect_uri={BACK}".encode()

    assert world.ask(method="POST", body=body).status == 303


def test_without_a_hint_the_user_is_asked_and_nothing_ends() -> None:
    world = World()

    answer = world.ask(("post_logout_redirect_uri", BACK))

    assert dict(answer.headers)["location"] == f"{BASE_URL}/signout"
    assert world.browser.signed_out == 0


def test_a_post_without_cookies_comes_back_as_a_get() -> None:
    """As browsers do it: a form of the client's site sends none."""
    world = World(user_id=None)
    body = f"id_token_hint={world.hint}&post_logout_redirect_uri={BACK}&state=s".encode()

    answer = world.ask(method="POST", body=body)
    query = parse_qsl(urlsplit(dict(answer.headers)["location"]).query)
    world.browser.user_id = "00uA"
    back = world.ask(*query)

    assert "set-cookie" not in dict(answer.headers)
    assert dict(back.headers)["location"] == f"{BACK}?state=s"
    assert world.browser.signed_out == 1


def test_without_a_session_there_is_nothing_to_end() -> None:
    world = World(user_id=None)

    assert world.ask(("id_token_hint", world.hint), ("post_logout_redirect_uri", BACK)).status == 302
    assert world.browser.signed_out == 0


@pytest.mark.parametrize(
    ("user_id", "changes", "error"),
    [
        ("00uB", {}, "id_token_does_not_match_session"),
        ("00uA", {"id_token_hint": "nonsense"}, "id_token_invalid"),
        ("00uA", {"post_logout_redirect_uri": BACK + "/"}, "illegal_post_logout_redirect_uri"),
        ("00uA", {"post_logout_redirect_uri": "https://evil.example"}, "illegal_post_logout_redirect_uri"),
    ],
)
def test_what_is_not_right_ends_nothing_and_never_redirects(user_id: str, changes: dict[str, str], error: str) -> None:
    world = World(user_id)
    fields = {"id_token_hint": world.hint, "post_logout_redirect_uri": BACK} | changes

    answer = world.ask(*fields.items())

    assert world.pages.errors == [error]
    assert "location" not in dict(answer.headers)
    assert world.browser.signed_out == 0


def test_an_access_token_is_no_hint_and_nor_is_another_servers() -> None:
    world = World()

    world.ask(("id_token_hint", world.flow.signed_in()["access_token"]))
    world.ask(("id_token_hint", world.hint), path_parameters={"authServerId": "ausOther"})
    world.ask(("id_token_hint", world.hint), path_parameters={"authServerId": "ausNobody"})
    world.ask(("id_token_hint", world.hint), ("id_token_hint", world.hint))

    assert world.pages.errors == [
        "id_token_invalid",
        "id_token_invalid",
        "invalid_authorization_server",
        "duplicate_oauth_params",
    ]
    assert world.browser.signed_out == 0
    assert world.flow.clock.now() == NOW
