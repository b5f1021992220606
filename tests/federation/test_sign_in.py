"""docs/protocol.md §37.4: to a provider and back, and what stands against forged, stolen and repeated answers."""

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from authmint.http import Response

from tests.federation.conftest import Partners
from tests.federation.world import ACME, APP, PROVIDER, Browser, Page, request_of

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CALLBACK = f"{ACME}/oauth2/v1/authorize/callback"


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def stopped(partners: Partners, browser: Browser, **more: str) -> Page:
    """Sign in, up to the answer of the provider, which the browser does not bring."""
    browser.stops = CALLBACK
    page = partners.sign_in(browser, **more)
    browser.stops = ""
    assert page.url.startswith(CALLBACK), page.text
    return page


def expired(page: Page) -> bool:
    return page.response.status == 403 and "Social transaction expired." in page.text


def refusal(page: Page) -> tuple[str, str]:
    assert page.url.startswith(APP), page.text
    return page.fields["error"], page.fields["error_description"]


def test_somebody_signs_in_through_a_provider(partners: Partners) -> None:
    browser = Browser(partners.world)

    back = partners.sign_in(browser)
    claims = partners.here.tokens(back.fields["code"])

    assert (claims["email"], claims["amr"]) == ("zoe@partner.example", ["fed"])
    assert partners.who() == ["zoe@partner.example"]
    (asked,) = partners.there.requests
    assert all(asked.pop(name) for name in ("state", "nonce", "code_challenge"))
    assert asked == {
        "response_type": "code",
        "client_id": "abc",
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    (posted,) = partners.there.posted
    assert posted.header("authorization") == f"Basic {base64.b64encode(b'abc:a-secret').decode()}"
    # The session is there: nobody is sent to the provider again.
    assert "code" in partners.sign_in(browser, state="again").fields
    assert len(partners.there.requests) == 1


def test_the_session_says_who_said_it(partners: Partners) -> None:
    browser = Browser(partners.world)
    partners.sign_in(browser)

    session = json.loads(browser.open(f"{ACME}/api/v1/sessions/me").text)

    assert session["idp"] == {"id": partners.idp, "type": "FEDERATION"}
    assert (session["amr"], session["lastPasswordVerification"], session["mfaActive"]) == ([], None, False)


def test_everything_is_written_down_and_no_secret(partners: Partners) -> None:
    partners.sign_in()

    (event,) = partners.here.events("user.authentication.auth_via_IDP")
    assert (event.outcome, event.debug["idp_display_name"]) == ("SUCCESS", "partner")
    assert [target.id for target in event.targets] == [partners.idp]
    for secret in ("a-secret", "at-1", "code-0"):
        assert secret not in repr([*partners.here.storage.events, *partners.here.log.emitted])
    assert "a-secret" not in repr(partners.here.storage.federated_requests.records)


def test_a_custom_server_asks_the_same_provider(partners: Partners) -> None:
    base = "/api/v1/authorizationServers/default"
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = partners.here.admin.made(f"{base}/policies", {"name": "p", "conditions": clients})["id"]
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["authorization_code"]},
        "scopes": {"include": ["*"]},
    }
    partners.here.admin.made(f"{base}/policies/{policy}/rules", {"name": "all", "conditions": conditions})

    back = Browser(partners.world).open(partners.here.authorize_uri("/default", idp=partners.idp))

    assert "code" in back.fields, back.url
    assert partners.there.requests[0]["redirect_uri"] == CALLBACK


def test_what_the_request_asks_for_goes_along(partners: Partners) -> None:
    partners.sign_in(login_hint="zoe", idp_scope="groups email", prompt="login")
    (asked,) = partners.there.requests
    assert (asked["login_hint"], asked["scope"], asked["prompt"]) == ("zoe", "openid email groups", "login")
    assert not {"max_age", "acr_values"} & asked.keys()


def test_a_secret_in_the_form_where_the_provider_wants_it(partners: Partners) -> None:
    client = {"client_id": "abc", "client_secret": "s+/%", "token_endpoint_auth_method": "client_secret_post"}
    path = f"/api/v1/idps/{partners.idp}"
    known = partners.here.admin.get(path).json
    known["protocol"]["credentials"] = {"client": client}
    assert partners.here.admin.put(path, known).status == 200

    assert "code" in partners.sign_in().fields

    (posted,) = partners.there.posted
    assert posted.header("authorization") is None
    assert dict(parse_qsl(posted.body.decode()))["client_secret"] == "s+/%"


@pytest.mark.parametrize("state", ["INACTIVE", "gone", "never"])
def test_a_provider_that_is_not_there(partners: Partners, state: str) -> None:
    path = f"/api/v1/idps/{partners.idp}"
    if state == "INACTIVE":
        partners.here.admin.post(f"{path}/lifecycle/deactivate")
    if state == "gone":
        partners.here.admin.delete(path)
    if state == "never":
        partners.idp = "0oaNEVER"

    assert refusal(partners.sign_in()) == ("invalid_request", "Identity provider is not valid.")
    browser = Browser(partners.world)
    assert "Identity provider is not valid." in browser.open(f"{ACME}/signin/idp?idp={partners.idp}").text


def test_a_silent_request_shows_no_provider(partners: Partners) -> None:
    assert refusal(partners.sign_in(prompt="none"))[0] == "login_required"
    browser = Browser(partners.world)
    partners.sign_in(browser)
    assert "code" in partners.sign_in(browser, prompt="none", state="2").fields


def test_a_session_by_a_password_is_not_enough_for_a_request_that_names_a_provider(partners: Partners) -> None:
    partners.here.user("local@example.com")
    browser = Browser(partners.world)
    page = browser.open(partners.here.authorize_uri())
    assert "code" in browser.submit(page, username="local@example.com", password="Correct-horse-9").fields

    assert refusal(partners.sign_in(browser, prompt="none", state="2"))[0] == "login_required"
    claims = partners.here.tokens(partners.sign_in(browser, state="3").fields["code"])

    assert claims["email"] == "zoe@partner.example"


def test_of_two_providers_each_has_to_say_it_itself(partners: Partners) -> None:
    other = partners.here.provider(name="second")["id"]
    browser = Browser(partners.world)
    partners.sign_in(browser)
    first, partners.idp = partners.idp, other
    partners.there.subject, partners.there.claims = "second", {"email": "second@partner.example"}

    claims = partners.here.tokens(partners.sign_in(browser, state="2").fields["code"])

    assert claims["email"] == "second@partner.example"
    assert len(partners.here.storage.idp_links.of_idp(first)) == len(partners.here.storage.idp_links.of_idp(other)) == 1


# What a browser brings back -------------------------------------------------------------------------------------


def test_tokens_say_who_said_who_it_is(partners: Partners) -> None:
    here = partners.here
    here.client = here.app(label="Refreshing", grant_types=["authorization_code", "refresh_token"])
    browser = Browser(partners.world)
    back = partners.sign_in(browser, scope="openid offline_access")
    given = here.redeemed(back.fields["code"])
    again = here.token(grant_type="refresh_token", refresh_token=given["refresh_token"])

    local = Browser(partners.world)
    here.user("local@example.com")
    page = local.open(here.authorize_uri())
    own = local.submit(page, username="local@example.com", password="Correct-horse-9")

    assert [claims_of(one["id_token"])["idp"] for one in (given, again)] == [partners.idp] * 2
    assert claims_of(here.id_token(own.fields["code"]))["idp"] == "00oAuthmintAuthmint0"


def test_so_do_those_of_devices(partners: Partners) -> None:
    here = partners.here
    here.client = here.app(
        label="TV",
        application_type="native",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=["authorization_code", DEVICE],
    )
    asked = here.called("/oauth2/v1/device/authorize", client_id=here.client["client_id"], scope="openid")
    browser = Browser(partners.world)
    partners.sign_in(browser)
    page = browser.submit(browser.open(asked["verification_uri_complete"]))
    browser.submit(page, decision="allow")

    given = here.token(grant_type=DEVICE, device_code=asked["device_code"])

    assert claims_of(given["id_token"])["idp"] == partners.idp


def test_an_answer_counts_once(partners: Partners) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)

    assert "code" in browser.open(answer.url).fields
    assert expired(browser.open(answer.url))
    assert len(partners.there.posted) == 1


def test_an_answer_that_two_calls_bring_counts_once(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)
    requests = partners.here.storage.federated_requests
    known = dict(requests.records)
    browser.open(answer.url)
    # Both had read it before either used it up.
    monkeypatch.setattr(requests, "get", lambda digest: known[digest])

    back = browser.open(answer.url)

    assert len(partners.there.posted) == 1
    assert back.response.status == 400


def test_nor_where_no_client_waits(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(partners.world, stops=f"{ACME}/oauth2/v1/authorize/callback")
    answer = browser.open(f"{ACME}/signin/idp?idp={partners.idp}")
    browser.stops = ""
    requests = partners.here.storage.federated_requests
    known = dict(requests.records)
    browser.open(answer.url)
    monkeypatch.setattr(requests, "get", lambda digest: known[digest])

    assert expired(browser.open(answer.url))
    assert len(partners.there.posted) == 1


def test_another_browser_does_not_finish_a_sign_in(partners: Partners) -> None:
    victim, attacker = Browser(partners.world), Browser(partners.world)
    answer = stopped(partners, attacker)

    assert expired(victim.open(answer.url))
    victim.open(partners.here.authorize_uri())  # now it has a name
    assert expired(victim.open(answer.url))
    assert partners.there.posted == []
    assert partners.who() == []
    assert "code" in attacker.open(answer.url).fields


def test_a_stolen_code_is_no_use_in_another_browser(partners: Partners) -> None:
    """Code injection: the thief begins a request, and brings the victim's code with it."""
    victim, thief = Browser(partners.world), Browser(partners.world)
    stolen = stopped(partners, victim).fields["code"]
    own = stopped(partners, thief).fields["state"]

    back = thief.open(f"{CALLBACK}?{urlencode({'code': stolen, 'state': own})}")

    assert refusal(back)[0] == "invalid_social_token"
    assert partners.who() == []


def test_an_answer_that_comes_late_is_none(partners: Partners) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)
    partners.world.clock.advance(seconds=600)
    assert expired(browser.open(answer.url))
    assert partners.there.posted == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=x",
        "state=",
        "state=unknown&code=x",
        f"state={'s' * 201}&code=x",
        "state=a&state=b&code=x",
        f"state=a&code={'c' * 8_193}",
    ],
)
def test_what_is_no_answer_of_ours(partners: Partners, query: str) -> None:
    assert expired(Browser(partners.world).open(f"{CALLBACK}?{query}"))


def test_a_second_state_in_the_answer_is_refused(partners: Partners) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)
    assert expired(browser.open(f"{answer.url}&state=other"))
    assert expired(browser.open(f"{answer.url}&code=other"))
    assert "code" in browser.open(answer.url).fields


def test_the_answer_is_about_the_provider_of_the_request_and_of_no_other(partners: Partners) -> None:
    """The provider comes from ``state``: a parameter of the callback would let one provider answer for another."""
    other = partners.here.provider(name="second", protocol={"issuer": {"url": "https://second.example.com"}})["id"]
    browser = Browser(partners.world)
    answer = stopped(partners, browser)

    assert "code" in browser.open(f"{answer.url}&idp={other}").fields
    assert [link.idp_id for link in partners.here.storage.idp_links.of_idp(partners.idp)] == [partners.idp]


def test_a_provider_that_moved_meanwhile_answers_nothing(partners: Partners) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)
    path = f"/api/v1/idps/{partners.idp}"
    known = partners.here.admin.get(path).json
    known["protocol"]["endpoints"]["token"]["url"] = "https://elsewhere.example.com/token"
    assert partners.here.admin.put(path, known).status == 200

    assert refusal(browser.open(answer.url)) == ("invalid_request", "Identity provider is not valid.")
    assert partners.there.posted == []


@pytest.mark.parametrize(
    ("iss", "promised", "taken"),
    [
        (PROVIDER, False, True),
        (PROVIDER, True, True),
        (None, False, True),
        (None, True, False),
        ("https://evil.example.com", False, False),
        (f"{PROVIDER}/", False, False),
        ("https://evil.example.com", True, False),
    ],
)
def test_whose_answer_it_says_it_is(partners: Partners, iss: str | None, promised: bool, taken: bool) -> None:
    """RFC 9207 §2.4."""
    if promised:
        providers = partners.here.storage.identity_providers
        (known,) = providers.all().providers
        promising = replace(known, upstream=replace(known.upstream, names_issuer=True))
        providers.save(known, promising, [], seen=providers.all())
    partners.there.answers = {"iss": iss}

    back = partners.sign_in()

    assert ("code" in back.fields) is taken
    if not taken:
        assert refusal(back)[0] == "server_error"
        assert partners.there.posted == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": "access_denied", "code": None}, ("access_denied", "User canceled the social login request.")),
        (
            {"error": "server_error", "error_description": 'no "luck"', "code": None},
            ("server_error", "The social identity provider refused: no %22luck%22"),
        ),
        (
            {"error": "temporarily_unavailable", "code": None},
            ("server_error", "The social identity provider refused: temporarily_unavailable"),
        ),
        (
            {"error": "x", "error_description": "y" * 500, "code": None},
            ("server_error", f"The social identity provider refused: {'y' * 200}"),
        ),
        (
            {"code": None},
            ("server_error", "The social identity provider returned an invalid state back to Okta."),
        ),
    ],
)
def test_the_provider_says_no(partners: Partners, answer: dict[str, str | None], told: tuple[str, str]) -> None:
    partners.there.answers = answer
    assert refusal(partners.sign_in()) == told
    (event,) = partners.here.events("user.authentication.auth_via_IDP")
    assert event.outcome == "FAILURE"


def test_an_answer_that_is_posted_comes_back_as_a_get_with_the_cookies(partners: Partners) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)
    assert browser.cookies[ACME]

    back = browser.open(CALLBACK, answer.fields, lax=False)

    assert "code" in back.fields
    for absurd in ({"state": "s" * 9_000}, {"state": "s", "code": "c" * 9_000}):
        assert expired(Browser(partners.world).open(CALLBACK, absurd))


# What the provider's servers answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Response.json(400, {"error": "invalid_grant"}), "invalid_social_token"),
        (Response.json(401, {"error": "invalid_client"}), "invalid_social_token"),
        (Response(302, b"", (("location", "https://10.0.0.1/"),)), "invalid_social_token"),
        (Response(200, b"<html>"), "invalid_social_token"),
        (Response(200, b"[]"), "invalid_social_token"),
        (Response.json(200, {"access_token": "a"}), "server_error"),
        (Response.json(200, {"access_token": "a\r\nx: y", "id_token": "x.y.z"}), "invalid_social_token"),
        (Response.json(200, {"access_token": 1, "id_token": "x.y.z"}), "invalid_social_token"),
        (Response.json(200, {"id_token": "not a token"}), "server_error"),
    ],
)
def test_a_token_endpoint_that_gives_nothing(partners: Partners, answer: Response, told: str) -> None:
    partners.there.tokens = answer
    assert refusal(partners.sign_in())[0] == told
    assert partners.who() == []


@pytest.mark.parametrize("where", ["tokens", "keys", "info"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_provider_in_trouble_leaves_the_other_ways_open(partners: Partners, where: str, status: int) -> None:
    partners.here.user("local@example.com")
    setattr(partners.there, where, Response(status))
    browser = Browser(partners.world)

    page = partners.sign_in(browser)

    assert page.response.status == 503
    again, other = [link for link in page.links if "request=" in link]
    assert urlsplit(again).path == "/signin/idp"
    setattr(partners.there, where, None)
    assert "code" in browser.open(f"{ACME}{again}").fields, "the request still waits"
    assert urlsplit(other).path == "/signin"


def test_a_provider_that_cannot_be_reached(partners: Partners) -> None:
    del partners.world.hosts[PROVIDER]
    browser = Browser(partners.world)
    page = partners.sign_in(browser)  # the browser itself does not get there
    state = dict(parse_qsl(urlsplit(page.url).query))["state"]

    page = browser.open(f"{CALLBACK}?{urlencode({'state': state, 'code': 'x'})}")

    assert page.response.status == 503
    assert "doesn’t answer" in page.text


def test_userinfo_is_about_the_same_person(partners: Partners) -> None:
    partners.there.said = {"family_name": "of userinfo", "nickname": "zo", "sub": "somebody else"}
    assert refusal(partners.sign_in()) == ("server_error", "Could not fetch social profile.")
    assert partners.who() == []

    partners.there.said = {"family_name": "of userinfo", "nickname": "zo"}
    partners.sign_in()

    (user,) = partners.here.storage.users.list()
    assert (user.profile["lastName"], user.profile["nickName"]) == ("Doe", "zo")


@pytest.mark.parametrize("answer", [Response(401), Response(200, b"jwt"), Response.json(200, {})])
def test_userinfo_that_is_none(partners: Partners, answer: Response) -> None:
    partners.there.info = answer
    assert refusal(partners.sign_in()) == ("server_error", "Could not fetch social profile.")


def test_without_a_request_that_waits_there_is_a_page(partners: Partners) -> None:
    partners.there.tokens = Response(400)
    page = Browser(partners.world).open(f"{ACME}/signin/idp?idp={partners.idp}")
    assert "Could not acquire access token from authorization code." in page.text
    partners.there.tokens = None
    page = Browser(partners.world).open(f"{ACME}/signin/idp?idp={partners.idp}&account=1")
    assert page.url == f"{ACME}/account"


def test_the_request_is_looked_at_before_the_answer_is_used_up(partners: Partners) -> None:
    browser = Browser(partners.world)
    answer = stopped(partners, browser)
    partners.here.storage.requests.records.clear()

    page = browser.open(answer.url)

    assert page.response.status == 400
    assert partners.there.posted == []


def test_methods(partners: Partners) -> None:
    answer = partners.here.answer(request_of("PUT", CALLBACK, {}))
    assert answer.status == 405
