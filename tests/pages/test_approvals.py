"""Authentication requests without a browser: what their user sees of them, and decides (docs/protocol.md §17.1)."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.context_classes import BY_PASSWORD, ONE_FACTOR, TWO_FACTORS, TWO_IF_POSSIBLE
from authmint.sign_on.requirement import Demanded, Requirement
from authmint.storage.backchannel_requests import BackchannelRequest

from tests.support.builders import SERVER_ID, a_user

from .hosted import PASSWORD, Browser, Hosted, header, shown

PAGE = f"/oauth2/{SERVER_ID}/v1/bc/approve"
OVER = "Nothing to approve here"


@pytest.fixture
def hosted() -> Hosted:
    return Hosted()


@pytest.fixture
def browser(hosted: Hosted) -> Browser:
    browser = Browser(hosted)
    browser.sign_in("/signin")
    return browser


def opened(browser: Browser, request: BackchannelRequest, page: str = PAGE) -> Any:
    return browser.get(f"{page}?request={request.handle}")


def decided(hosted: Hosted, request: BackchannelRequest) -> BackchannelRequest:
    return hosted.storage.backchannel_requests.get(request.digest)


def types(hosted: Hosted) -> list[tuple[str, str | None]]:
    return [(event.type, event.reason) for event in hosted.events.emitted if "backchannel" in event.type]


def test_who_is_not_signed_in_signs_in_and_comes_back(hosted: Hosted) -> None:
    request, browser = hosted.an_authentication_request(), Browser(hosted)

    to_sign_in = header(opened(browser, request), "location")
    back = header(browser.sign_in(to_sign_in), "location")

    assert to_sign_in == f"/signin?approve={SERVER_ID}.{request.handle}"
    assert back == f"{PAGE}?request={request.handle}"
    assert browser.get(back).status == 200
    assert header(browser.get(to_sign_in), "location") == back


def test_the_page_says_who_asks_for_what_when_and_from_where(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request(binding_message="<b>K7</b> Größe")

    text = shown(opened(browser, request))

    for said in ("Orders", "See your orders", "&lt;b&gt;K7&lt;/b&gt; Größe", "198.51.100.7", "UTC", "ann@example.com"):
        assert said in text
    assert f'"{request.digest}"' not in browser.answer.body.decode()
    assert decided(hosted, request).status == "PENDING"


def test_what_is_no_scope_of_the_server_is_shown_by_its_name(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request(scopes=("openid", "okta.users.manage", "orders:read"))

    text = shown(opened(browser, request))

    assert "okta.users.manage" in text
    assert "See your orders" in text
    assert "openid" not in text


def test_approving_says_who_and_how_and_from_which_session(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request()
    opened(browser, request)

    answer = browser.post(PAGE, decision="allow")

    (session,) = hosted.storage.sessions.records.values()
    after = decided(hosted, request)
    assert "You approved it" in shown(answer)
    assert (after.status, after.user_id, after.session_id, after.acr) == ("APPROVED", "00uA", session.id, None)
    assert (after.auth_time, after.amr) == (session.auth_time, ("pwd",))
    assert types(hosted) == [("app.oauth2.as.backchannel.decide", None)]
    assert OVER in shown(opened(browser, request))


def test_denying_is_final(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request(context_classes=("phr",))
    opened(browser, request)
    fields = browser.fields

    answer = browser.post(PAGE, decision="deny")
    again = browser.post_pairs(PAGE, (fields | {"decision": "allow"}).items())

    assert "You denied it" in shown(answer)
    assert again.status == 404
    assert decided(hosted, request).status == "DENIED"
    assert types(hosted) == [("app.oauth2.as.backchannel.decide", "access_denied")]


def test_somebody_elses_link_leads_nowhere(hosted: Hosted, browser: Browser) -> None:
    hosted.storage.users.add(a_user(id="00uB", login="bob@example.com"), [])
    other = hosted.an_authentication_request(owner="00uB", user_id="00uB")
    own = hosted.an_authentication_request("own")
    nobodys = hosted.an_authentication_request("nobodys", owner="a digest", user_id=None)
    opened(browser, own)
    fields = browser.fields

    for request in (other, nobodys):
        assert opened(browser, request).status == 404
        form = fields | {"request": request.handle, "decision": "allow"}
        assert browser.post_pairs(PAGE, form.items()).status == 400  # the form was for another one
        assert decided(hosted, request).status == "PENDING"
    assert browser.get(f"{PAGE}?request={own.digest}").status == 404


REQUESTS: dict[str, dict[str, Any]] = {
    "expired": {"expires_at": 1},
    "of a deleted client": {"client_id": "0oaGone"},
    "of a deleted server": {"server_id": "ausGone"},
    "of a client that was deactivated since": {"generations": {"client": 7}},
}


@pytest.mark.parametrize("changes", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_that_is_not_good_is_over(hosted: Hosted, browser: Browser, changes: dict[str, Any]) -> None:
    request = hosted.an_authentication_request()
    if "generations" in changes:
        changes = {"generations": replace(request.generations, client=7)}
    opened(browser, request)
    hosted.storage.backchannel_requests.records[request.digest] = replace(request, **changes)

    answer = browser.post(PAGE, decision="allow")

    assert (answer.status, OVER in shown(answer)) == (404, True)
    assert decided(hosted, request).status == "PENDING"
    assert OVER in shown(opened(browser, request))


@pytest.mark.parametrize("handle", ["", "x", "%00", "x" * 3_000, "a%0d%0ab", "%F0%9F%A6%8A", "../../x"])
def test_what_is_no_handle_leads_nowhere(browser: Browser, handle: str) -> None:
    stranger = Browser(browser.hosted)

    assert browser.get(f"{PAGE}?request={handle}").status == 404
    assert header(stranger.get(f"{PAGE}?request={handle}"), "location").startswith("/signin")


def test_a_request_is_at_its_own_server_alone(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request()

    for page in ("/oauth2/v1/bc/approve", "/oauth2/ausOther/v1/bc/approve", "/oauth2/org/v1/bc/approve"):
        assert opened(browser, request, page).status == 404


def test_a_link_decides_nothing(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request()

    browser.get(f"{PAGE}?request={request.handle}&decision=allow")

    assert decided(hosted, request).status == "PENDING"


@pytest.mark.parametrize("changes", [{"csrf": "x"}, {"request": "handle-of-two"}, {"decision": "perhaps"}])
def test_a_decision_is_about_the_request_that_was_shown(
    hosted: Hosted, browser: Browser, changes: dict[str, str]
) -> None:
    requests = [hosted.an_authentication_request(name) for name in ("one", "two")]
    opened(browser, requests[0])

    answer = browser.post(PAGE, **{"decision": "allow"} | changes)

    assert answer.status == 400
    assert {decided(hosted, request).status for request in requests} == {"PENDING"}


def test_who_may_not_use_the_client_any_more_cannot_let_it_in() -> None:
    hosted = Hosted(client={"implicit_assignment": False})
    browser, request = Browser(hosted), hosted.an_authentication_request()
    browser.sign_in("/signin")
    opened(browser, request)

    assert browser.post(PAGE, decision="allow").status == 403
    assert decided(hosted, request).status == "PENDING"


def test_who_was_signed_out_meanwhile_signs_in_first(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request()
    opened(browser, request)
    hosted.storage.sessions.records.clear()

    assert header(browser.post(PAGE, decision="allow"), "location").startswith("/signin?approve=")
    assert decided(hosted, request).status == "PENDING"


@pytest.mark.parametrize(
    ("asked", "acr"),
    [
        ((ONE_FACTOR,), ONE_FACTOR),
        ((TWO_IF_POSSIBLE, ONE_FACTOR), TWO_IF_POSSIBLE),
        ((TWO_FACTORS, BY_PASSWORD), BY_PASSWORD),
        (("of our own",), BY_PASSWORD),
    ],
)
def test_what_asks_for_a_class_is_approved_by_who_proves_it_for_this_very_request(
    hosted: Hosted, browser: Browser, asked: tuple[str, ...], acr: str
) -> None:
    hosted.clock.advance(seconds=60)  # type: ignore[attr-defined]
    request = hosted.an_authentication_request(context_classes=asked)
    opened(browser, request)

    at = header(browser.post(PAGE, decision="allow"), "location")
    assert at.startswith("/challenge")
    assert decided(hosted, request).status == "PENDING"
    browser.get(at)
    back = header(browser.post("/challenge", password=PASSWORD), "location")
    assert back == f"{PAGE}?request={request.handle}"
    browser.get(back)

    assert "You approved it" in shown(browser.post(PAGE, decision="allow"))
    assert (decided(hosted, request).acr, decided(hosted, request).auth_time) == (acr, hosted.clock.now())


def test_a_class_that_nobody_here_reaches_is_refused(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request(context_classes=("phrh",))
    opened(browser, request)

    assert browser.post(PAGE, decision="allow").status == 403
    assert decided(hosted, request).status == "PENDING"


def test_the_policy_of_the_app_is_asked(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request()
    opened(browser, request)
    fresh = Requirement(assurances=(Assurance(reauthenticate_in=0),))
    hosted.clock.advance(seconds=60)  # type: ignore[attr-defined]
    later = hosted.an_authentication_request("later")

    for demanded, status in ((Demanded(denied=True), 403), (Demanded(requirement=fresh), 303)):
        hosted.demands.app = demanded
        opened(browser, later)
        assert browser.post(PAGE, decision="allow").status == status
        assert decided(hosted, later).status == "PENDING"
    opened(browser, request)
    assert "You approved it" in shown(browser.post(PAGE, decision="allow"))  # she signed in since it was asked


def test_what_waits_stands_on_the_page_of_the_account(hosted: Hosted, browser: Browser) -> None:
    request = hosted.an_authentication_request(binding_message="<i>K7</i>")
    hosted.an_authentication_request("old", expires_at=hosted.clock.now())
    hosted.an_authentication_request("of nobody", client_id="0oaGone")

    page = browser.get("/account").body.decode()

    assert page.count("Look at it") == 1
    assert f'href="{PAGE}?request={request.handle}"' in page
    assert "&lt;i&gt;K7&lt;/i&gt;" in page
    opened(browser, request)
    browser.post(PAGE, decision="deny")
    assert "Look at it" not in browser.get("/account").body.decode()
