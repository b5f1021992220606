"""Another deployment as the provider: its people sign in here, by what it says of itself."""

from typing import Any

import pytest
from authmint.runtime import wiring

from tests.federation.world import ACME, PARTNER, Browser, Deployment, Page, World
from tests.management.federation.idps import an_idp

CALLBACK = f"{ACME}/oauth2/v1/authorize/callback"


@pytest.fixture(scope="module")
def both() -> tuple[World, Deployment, Deployment, str]:
    world = World()
    here, there = Deployment(world), Deployment(world, PARTNER)
    here.admin.api = wiring.management_api(here.parts)
    client = there.app(label="acme", redirect_uris=[CALLBACK])
    credentials = {"client": {name: client[name] for name in ("client_id", "client_secret")}}
    protocol: dict[str, Any] = {"endpoints": None, "issuer": {"url": PARTNER}, "credentials": credentials}
    protocol["scopes"] = ["openid", "profile", "email"]
    made = here.admin.post("/api/v1/idps", an_idp(protocol=protocol))
    assert made.status == 200, made.json
    return world, here, there, made.json["id"]


def signed_in(browser: Browser, page: Page, login: str) -> Page:
    assert page.url.startswith(f"{PARTNER}/signin"), page.url
    return browser.submit(page, username=login, password="Correct-horse-9")


def test_its_people_sign_in(both: tuple[World, Deployment, Deployment, str]) -> None:
    world, here, there, idp = both
    there.user("zoe@partner.example", lastName="Doe")
    browser = Browser(world)

    back = signed_in(browser, browser.open(here.authorize_uri(idp=idp)), "zoe@partner.example")
    claims = here.tokens(back.fields["code"])

    assert (claims["iss"], claims["email"], claims["amr"]) == (ACME, "zoe@partner.example", ["fed"])
    user = here.storage.users.by_login("zoe@partner.example")
    assert user.profile["lastName"] == "Doe"
    assert user.provider is not None
    assert user.provider.unverified == "", "userinfo says that the address is verified"


def test_its_session_is_enough_and_its_iss_is_looked_at(both: tuple[World, Deployment, Deployment, str]) -> None:
    world, here, there, idp = both
    there.user("ben@partner.example")
    browser = Browser(world)
    signed_in(browser, browser.open(here.authorize_uri(idp=idp)), "ben@partner.example")
    del browser.cookies[ACME]
    browser.stops = CALLBACK

    answer = browser.open(here.authorize_uri(idp=idp))
    browser.stops = ""

    assert answer.fields["iss"] == PARTNER
    forged = answer.url.replace("partner.example.com", "evil.example.com")
    assert browser.open(forged).fields["error"] == "server_error"
    assert "code" in browser.open(here.authorize_uri(idp=idp)).fields


def test_who_has_to_sign_in_anew_is_asked_there(both: tuple[World, Deployment, Deployment, str]) -> None:
    world, here, there, idp = both
    there.user("kim@partner.example")
    browser = Browser(world)
    signed_in(browser, browser.open(here.authorize_uri(idp=idp)), "kim@partner.example")
    world.clock.advance(seconds=1)

    page = browser.open(here.authorize_uri(idp=idp, prompt="login"))

    assert "code" in signed_in(browser, page, "kim@partner.example").fields
