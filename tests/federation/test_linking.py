"""Somebody who is signed in links an account at a provider, from ``/account/providers``."""

from urllib.parse import urljoin

import pytest

from tests.federation.conftest import Partners
from tests.federation.world import ACME, PROVIDER, Browser, Page

LOGIN = "ann@acme.example"


def linking(partners: Partners) -> None:
    partners.settings(accountLink={"action": "AUTO"}, provisioning={"action": "DISABLED"})


def signed_in(partners: Partners, login: str = LOGIN) -> Browser:
    browser = Browser(partners.world)
    page = browser.open(f"{ACME}/signin?account=providers")
    page = browser.submit(page, username=login, password="Correct-horse-9")
    assert page.url == f"{ACME}/account/providers", page.url
    return browser


def to_link(partners: Partners, browser: Browser) -> Page:
    page = browser.open(f"{ACME}/account/providers")
    return browser.submit(page, act="link", idp=partners.idp)


def links_of(partners: Partners, user_id: str) -> list[tuple[str, str]]:
    return [(link.idp_id, link.external_id) for link in partners.here.storage.idp_links.of_user(user_id)]


def test_somebody_links_an_account_and_signs_in_by_it_from_then_on(partners: Partners) -> None:
    linking(partners)
    user_id = partners.here.user(LOGIN)

    page = to_link(partners, signed_in(partners))

    assert page.url == f"{ACME}/account/providers"
    assert links_of(partners, user_id) == [(partners.idp, partners.there.subject)]
    (event,) = partners.here.events("user.idp.link.create")
    assert event.actor.id == user_id
    assert partners.there.requests[-1]["prompt"] == "login"
    back = partners.sign_in()  # whatever the address there is
    assert partners.here.tokens(back.fields["code"])["sub"] == user_id
    assert partners.who() == [LOGIN]


def test_an_account_of_somebody_else_is_not_linked(partners: Partners) -> None:
    linking(partners)
    first, second = partners.here.user(LOGIN), partners.here.user("bob@acme.example")
    to_link(partners, signed_in(partners))

    page = to_link(partners, signed_in(partners, "bob@acme.example"))

    assert page.response.status == 409
    assert links_of(partners, second) == []
    assert len(links_of(partners, first)) == 1


def test_the_answer_is_good_in_the_session_that_asked_alone(partners: Partners) -> None:
    linking(partners)
    user_id, other = partners.here.user(LOGIN), partners.here.user("bob@acme.example")
    browser = signed_in(partners)
    browser.stops = f"{ACME}/oauth2/v1/authorize/callback"
    stopped = to_link(partners, browser)
    browser.stops = ""
    browser.open(urljoin(ACME, "/signout"))
    page = browser.submit(browser.open(f"{ACME}/signout"))
    page = browser.open(f"{ACME}/signin?account=providers")
    browser.submit(page, username="bob@acme.example", password="Correct-horse-9")

    answer = browser.open(stopped.url)

    assert answer.response.status == 403
    assert links_of(partners, user_id) == links_of(partners, other) == []


def test_the_answer_of_another_browser_links_nobody(partners: Partners) -> None:
    linking(partners)
    user_id, other = partners.here.user(LOGIN), partners.here.user("bob@acme.example")
    attacker = signed_in(partners)
    attacker.stops = f"{ACME}/oauth2/v1/authorize/callback"
    stopped = to_link(partners, attacker)

    answer = signed_in(partners, "bob@acme.example").open(stopped.url)

    assert answer.response.status == 403
    assert links_of(partners, user_id) == links_of(partners, other) == []


@pytest.mark.parametrize("change", ["filter", "no linking", "role"])
def test_what_changed_on_the_way_counts(partners: Partners, change: str) -> None:
    linking(partners)
    user_id = partners.here.user(LOGIN)
    browser = signed_in(partners)
    browser.stops = f"{ACME}/oauth2/v1/authorize/callback"
    stopped = to_link(partners, browser)
    browser.stops = ""
    if change == "filter":
        subject = {"userNameTemplate": {"template": "idpuser.email"}, "matchType": "USERNAME"}
        partners.settings(subject=subject | {"filter": r".+@corp\.example"})
    elif change == "no linking":
        partners.settings(accountLink={"action": "DISABLED"})
    else:
        partners.here.admin.made(f"/api/v1/users/{user_id}/roles", {"type": "HELP_DESK_ADMIN"})

    browser.open(stopped.url)

    assert links_of(partners, user_id) == []


def test_an_answer_is_taken_once(partners: Partners) -> None:
    linking(partners)
    user_id = partners.here.user(LOGIN)
    browser = signed_in(partners)
    browser.stops = f"{ACME}/oauth2/v1/authorize/callback"
    stopped = to_link(partners, browser)
    browser.stops = ""

    first, second = browser.open(stopped.url), browser.open(stopped.url)

    assert (first.url, second.response.status) == (f"{ACME}/account/providers", 403)
    assert len(links_of(partners, user_id)) == 1
    assert partners.there.requests[-1]["redirect_uri"] == f"{ACME}/oauth2/v1/authorize/callback"
    assert PROVIDER in partners.there.origin
