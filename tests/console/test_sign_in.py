"""How administrators sign in to the console, and what ends that."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authmint.console.errors import ApiProblem
from authmint.console.http_client import Answer
from authmint.http import Request

from tests.management.admin import BASE_URL

from .browser import Browser, header, text


def test_who_is_not_signed_in_signs_in_and_comes_to_the_page_that_was_wanted() -> None:
    browser = Browser(signed_in=False)

    away = browser.get("/console/servers?q=orders")
    asked = parse_qs(urlsplit(header(away, "location")).query)
    assert header(away, "location").startswith(f"{BASE_URL}/oauth2/v1/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    assert {"openid", "offline_access", "okta.roles.manage"} <= set(asked["scope"][0].split())

    back = browser.come_back(away)
    assert header(back, "location") == "/console/servers?q=orders"
    assert "ann@example.com" in text(browser.get("/console"))
    (endpoint, form), *_ = browser.deployment.forms
    assert (endpoint, form["client_id"], len(form["client_secret"])) == ("token", "authmint-console", 64)


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "c", "state": "another", "iss": BASE_URL},
        {"code": "c", "state": "", "iss": "https://evil.example.com"},
        {"code": "c", "state": ""},
    ],
)
def test_an_answer_to_another_request_or_of_another_server_signs_nobody_in(answer: dict[str, str]) -> None:
    browser = Browser(signed_in=False)
    asked = parse_qs(urlsplit(header(browser.get("/console"), "location")).query)
    query = {**answer, "state": answer["state"] or asked["state"][0]}

    refused = browser.get(f"/console/callback?{urlencode(query)}")

    assert (refused.status, browser.deployment.forms) == (400, [])
    assert browser.get("/console").status == 302


def test_the_way_ends_after_a_quarter_of_an_hour_and_is_one_browsers() -> None:
    browser = Browser(signed_in=False)
    away = browser.get("/console")
    browser.clock.advance(seconds=900)
    assert browser.come_back(away).status == 400

    other = Browser(browser.deployment, signed_in=False)
    assert other.come_back(browser.get("/console")).status == 400


def test_a_cookie_that_was_changed_or_is_another_one_is_none() -> None:
    browser = Browser()
    sealed = browser.cookies["__Host-authmint-console"]
    for forged in (sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BB"), sealed[4:], "A" * 60):
        browser.cookies["__Host-authmint-console"] = forged
        assert browser.get("/console").status == 302
    browser.cookies["__Host-authmint-console"] = sealed
    assert browser.get("/console").status == 200

    browser.cookies.pop("__Host-authmint-console")
    browser.get("/console")
    browser.cookies["__Host-authmint-console"] = browser.cookies["__Host-authmint-console-way"]
    assert browser.get("/console").status == 302


def test_nothing_of_a_session_can_be_read_in_its_cookie() -> None:
    browser = Browser()

    assert "refresh" not in browser.cookies["__Host-authmint-console"]
    assert "ann" not in browser.cookies["__Host-authmint-console"]


def test_access_tokens_are_refreshed_and_the_end_of_the_sign_in_leads_to_another_one() -> None:
    browser = Browser()
    deployment = browser.deployment
    assert browser.get("/console/servers").status == 200
    assert deployment.minted == 1
    browser.clock.advance(seconds=3_590)
    assert browser.get("/console/servers").status == 200
    assert deployment.minted == 2

    deployment.gone.add("refresh-1")
    browser.clock.advance(seconds=3_590)
    assert browser.get("/console/servers").status == 302


def test_a_form_that_was_sent_too_late_is_kept_and_can_be_sent_after_another_sign_in() -> None:
    browser = Browser()
    page = browser.get("/console/servers/new")
    browser.deployment.gone.add("refresh-1")
    browser.clock.advance(seconds=3_600)

    late = browser.submit(page, "/console/servers/new", name="orders", audiences="api://orders")
    assert late.status == 401
    assert 'value="api://orders"' in text(late)
    link = re.search(r'href="(https://[^"]*/authorize[^"]*)"', text(late))
    assert link
    assert header(browser.come_back_from(html.unescape(link[1])), "location") == "/console/signed-in"
    made = browser.submit(late, "/console/servers/new")

    assert made.status == 303
    assert [call for call in browser.deployment.sent if call[0] == "POST"][-1][2]["name"] == "orders"


def test_an_operation_that_wants_more_sends_the_browser_for_it_and_keeps_the_form() -> None:
    browser = Browser()
    wanted = 'Bearer error="insufficient_user_authentication", acr_values="urn:okta:loa:2fa:any", max_age="300"'
    refusal = Answer(401, {"www-authenticate": wanted}, b"")
    browser.deployment.answers["POST", "/api/v1/users/00uB/roles"] = refusal

    answer = browser.post("/console/users/00uB/roles/new", csrf=browser.csrf(), type="ORG_ADMIN", shown="yes")

    assert answer.status == 401
    assert "acr_values=urn%3Aokta%3Aloa%3A2fa%3Aany" in text(answer)
    assert 'name="type" value="ORG_ADMIN"' in text(answer)


def test_signing_out_revokes_and_forgets() -> None:
    browser = Browser()

    assert browser.get("/console/sign-out").status == 405
    assert browser.post("/console/sign-out", csrf="x").status == 400
    out = browser.post("/console/sign-out", csrf=browser.csrf())

    asked = parse_qs(urlsplit(header(out, "location")).query)
    assert header(out, "location").startswith(f"{BASE_URL}/oauth2/v1/logout?")
    assert (asked["id_token_hint"], asked["post_logout_redirect_uri"]) == (["id-1"], [f"{BASE_URL}/console"])
    assert browser.deployment.gone == {"refresh-1"}
    assert browser.get("/console").status == 302


def test_a_deployment_that_does_not_answer_says_so_and_may_be_asked_again() -> None:
    browser = Browser()
    browser.deployment.answers["GET", "/api/v1/authorizationServers"] = ApiProblem(
        503, "", "no answer", retry_after="2"
    )

    answer = browser.get("/console/servers")

    assert (answer.status, header(answer, "retry-after")) == (503, "2")
    assert 'href="/console/servers"' in text(answer)


def test_the_access_token_is_nowhere_in_a_page_and_frames_are_refused() -> None:
    browser = Browser()
    answer = browser.get("/console/servers")

    assert "access-1" not in text(answer)
    assert "refresh-1" not in text(answer)
    policy = header(answer, "content-security-policy")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_paths_lead_nowhere_else() -> None:
    browser = Browser()

    for path in (
        "/console/servers/..",
        "/console/servers/.",
        "/console/servers/%2e%2e",
        "/console/servers/%2E/scopes",
        "/console/nothing/at/all",
        "/console/servers/a/b/c/d",
    ):
        assert browser.get(path).status == 404, path
    request = Request("DELETE", "/console/servers", BASE_URL, headers={"cookie": ""})
    assert browser.site(request).status == 405
