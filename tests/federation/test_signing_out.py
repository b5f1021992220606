"""docs/protocol.md §37.9: who signs out here, and the provider that signed them in."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from authmint.storage.clients import secret_digest

from tests.federation.conftest import Partners
from tests.federation.world import ACME, BYE, PROVIDER, Browser

CALLBACK = f"{ACME}/oauth2/v1/authorize/callback"
END = f"{PROVIDER}/end"


def participates(partners: Partners, wanted: bool = True, **changes: Any) -> None:
    path = f"/api/v1/idps/{partners.idp}"
    body = partners.here.admin.get(path).json
    body["protocol"]["settings"] = {"participateSlo": wanted}
    body["protocol"]["endpoints"]["slo"] = {"url": END, "binding": "HTTP-REDIRECT"}
    answer = partners.here.admin.put(path, body | changes)
    assert answer.status == 200, answer.json


def signed_in(partners: Partners) -> Browser:
    browser = Browser(partners.world, stops=END)
    assert "code" in browser.open(partners.here.authorize_uri(idp=partners.idp)).fields
    return browser


def hint(partners: Partners, browser: Browser) -> str:
    code = browser.open(partners.here.authorize_uri()).fields["code"]
    return partners.here.id_token(code)


def is_signed_in(browser: Browser, partners: Partners) -> bool:
    return "code" in browser.open(partners.here.authorize_uri(prompt="none")).fields


def test_the_browser_goes_there_and_comes_back_to_the_client(partners: Partners) -> None:
    participates(partners)
    browser = signed_in(partners)
    asked = {"id_token_hint": hint(partners, browser), "post_logout_redirect_uri": BYE, "state": "s 1"}

    there = browser.open(f"{ACME}/oauth2/v1/logout?{urlencode(asked)}")

    assert there.url.startswith(f"{END}?")
    assert there.fields.keys() == {"client_id", "post_logout_redirect_uri", "state"}
    assert (there.fields["client_id"], there.fields["post_logout_redirect_uri"]) == ("abc", CALLBACK)
    assert not is_signed_in(browser, partners)  # before anything comes back
    back = f"{CALLBACK}?state={there.fields['state']}"
    assert browser.open(back).url == f"{BYE}&state=s+1"
    assert browser.open(back).response.status == 403  # once


def test_the_page_sends_there_as_well(partners: Partners) -> None:
    participates(partners)
    browser = signed_in(partners)
    page = browser.open(f"{ACME}/signout")
    assert "form-action" not in dict(page.response.headers)["content-security-policy"]

    there = browser.submit(page)

    back = browser.open(f"{CALLBACK}?state={there.fields['state']}")
    assert (back.url, back.response.status) == (f"{ACME}/signout", 200)
    assert "You are signed out" in back.text


@pytest.mark.parametrize("lacks", ["wish", "endpoint", "active", "provider"])
def test_who_need_not_go_there_is_signed_out_here_alone(partners: Partners, lacks: str) -> None:
    participates(partners, lacks != "wish")
    browser = signed_in(partners)
    path = f"/api/v1/idps/{partners.idp}"
    if lacks == "endpoint":
        body = partners.here.admin.get(path).json
        del body["protocol"]["endpoints"]["slo"]
        assert partners.here.admin.put(path, body).status == 200
    if lacks in {"active", "provider"}:
        partners.here.admin.post(f"{path}/lifecycle/deactivate")
    if lacks == "provider":
        assert partners.here.admin.delete(path).status == 204

    page = browser.submit(browser.open(f"{ACME}/signout"))

    assert (urlsplit(page.url).path, page.response.status) == ("/signout", 200)
    assert not is_signed_in(browser, partners)


def test_who_signed_in_by_password_goes_nowhere_else(partners: Partners) -> None:
    participates(partners)
    partners.here.user("local@example.com")
    browser = Browser(partners.world, stops=END)
    page = browser.open(partners.here.authorize_uri())
    assert "code" in browser.submit(page, username="local@example.com", password="Correct-horse-9").fields

    page = browser.open(f"{ACME}/signout")

    assert "form-action 'self'" in dict(page.response.headers)["content-security-policy"]
    assert browser.submit(page).url == f"{ACME}/signout"


def test_what_came_to_sign_out_signs_nobody_in(partners: Partners) -> None:
    """A code for such a ``state``, even of the provider's own, is not redeemed."""
    participates(partners)
    browser = signed_in(partners)
    there = browser.submit(browser.open(f"{ACME}/signout"))
    posted = len(partners.there.posted)

    back = browser.open(f"{CALLBACK}?{urlencode({'state': there.fields['state'], 'code': 'code-0'})}")

    assert back.url == f"{ACME}/signout"
    assert len(partners.there.posted) == posted
    assert not is_signed_in(browser, partners)


def test_no_other_browser_comes_back(partners: Partners) -> None:
    participates(partners)
    there = (browser := signed_in(partners)).submit(browser.open(f"{ACME}/signout"))

    other = Browser(partners.world).open(f"{CALLBACK}?state={there.fields['state']}")

    assert other.response.status == 403
    assert browser.open(f"{CALLBACK}?state={there.fields['state']}").response.status == 200


def test_of_two_that_come_back_one_goes_on(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    participates(partners)
    browser = signed_in(partners)
    there = browser.submit(browser.open(f"{ACME}/signout"))
    requests, back = partners.here.storage.federated_requests, f"{CALLBACK}?state={there.fields['state']}"
    known = requests.get(secret_digest(there.fields["state"]))
    monkeypatch.setattr(requests, "get", lambda _: known)

    answers = [browser.open(back).response.status for _ in range(2)]

    assert answers == [200, 403]
