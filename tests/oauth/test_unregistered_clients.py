"""Clients that nobody registered, from the browser to the token (docs/protocol.md §7.5)."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.storage.client_documents import ClientDocument
from authmint.storage.client_registration import ALL_CLIENTS, METADATA_CLIENTS, MetadataClient
from authmint.storage.clients import secret_digest
from authmint.storage.sessions import SessionToken
from authmint.storage.sign_on_transactions import Proof

from tests.oauth.authorization.world import CHALLENGE
from tests.oauth.client_auth.signing import JWK, signed
from tests.oauth.open_server import HONEST, NOTES, URL, OpenServer, an_open_server, is_active, payload
from tests.support.builders import BASE_URL, SERVER_ID, a_policy, a_rule
from tests.support.fakes import NOW

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LOOPBACK = "http://localhost:3118/callback"
DAY = 86_400


def assertion(deployment: OpenServer) -> dict[str, str]:
    """What proves the client: its key, and its URL as its name."""
    now = deployment.clock.now()
    signed_one = signed(iss=URL, sub=URL, iat=now, exp=now + 60, jti=f"jti {deployment.ids.uuid()}")
    return {"client_assertion_type": ASSERTION, "client_assertion": signed_one}


def test_a_client_that_nobody_registered_gets_tokens_for_who_agrees() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()

    visitor.asks()
    assert deployment.asked == []  # nobody is signed in: nothing leaves this house
    assert "to continue to app.example" in visitor.words
    visitor.signs_in()
    assert deployment.asked == [(URL, f"{BASE_URL}/oauth2/{SERVER_ID}")]
    assert "Give app.example access?" in visitor.words
    assert "It calls itself “Notes”." in visitor.words
    assert "Read your notes" in visitor.words
    visitor.decides()
    status, tokens = visitor.redeems(visitor.fields["code"])

    assert status == 200
    claims = payload(tokens["access_token"])
    assert (claims["cid"], claims["scp"]) == (URL, ["notes", "offline_access"])
    assert claims["exp"] - claims["iat"] == 3_600  # a day by the rule: an hour at most for strangers
    assert is_active(deployment, tokens["access_token"])
    status, again = visitor.refreshes(tokens["refresh_token"])
    assert (status, again["scope"]) == (200, "notes offline_access")
    assert again["refresh_token"] != tokens["refresh_token"]
    assert len(deployment.asked) == 1


@pytest.mark.parametrize(
    ("server", "client_id"),
    [
        (an_open_server("OFF"), URL),
        (an_open_server("LISTED"), URL),
        (an_open_server("ORIGINS", origins=("https://app.example:8443",)), URL),
        (an_open_server(clients=(ALL_CLIENTS,)), URL),
        (an_open_server(clients=("origin:https://other.example",)), URL),
        (an_open_server(clients=(f"{URL}x",)), URL),
        (replace(an_open_server(), policies=(a_policy(clients=(METADATA_CLIENTS,)),)), URL),
        (
            replace(an_open_server(), policies=(a_policy(a_rule(), clients=(METADATA_CLIENTS,), status="INACTIVE"),)),
            URL,
        ),
        (an_open_server(), "https://app.example/"),
        (an_open_server(), "https://app.example/a/../b"),
        (an_open_server(), "https://10.0.0.1/client.json"),
        (an_open_server(), "http://app.example/client.json"),
        (an_open_server(), f"{URL}?x=1"),
    ],
)
def test_nothing_is_fetched_for_whom_the_server_does_not_take(server: Any, client_id: str) -> None:
    deployment = OpenServer(server)
    deployment.web[client_id] = HONEST | {"client_id": client_id}
    visitor = deployment.visitor()
    visitor.browser.sign_in("/signin")

    answer = visitor.asks(client_id)

    assert (answer.status, deployment.asked) == (401, [])
    assert "This application is not known here" in visitor.words
    assert deployment.call("par", {"client_id": client_id, "redirect_uri": visitor.redirect_uri})[0] == 401
    assert visitor.redeems("any")[0] == 401
    assert (deployment.asked, deployment.storage.client_copies.records) == ([], {})


@pytest.mark.parametrize(
    "server",
    [
        an_open_server("ORIGINS", origins=("https://app.example",)),
        an_open_server(clients=("origin:https://app.example",)),
        an_open_server(clients=(ALL_CLIENTS, URL)),
        replace(an_open_server("LISTED"), metadata_clients=(MetadataClient("mcl1", URL, NOW, NOW),)),
    ],
)
def test_its_honest_twins_get_in(server: Any) -> None:
    deployment = OpenServer(server)

    assert deployment.visitor().tokens()["scope"] == "notes offline_access"


def test_what_the_document_asks_for_bounds_what_its_client_can_have() -> None:
    deployment = OpenServer(an_open_server(scopes=("notes", "inner", "openid")))
    visitor = deployment.visitor()

    granted = visitor.tokens(scope="openid profile notes inner orders:read nothing offline_access")
    assert granted["scope"] == "openid notes inner"
    assert "refresh_token" not in granted
    deployment.web[URL] = HONEST | {"scope": "notes"}
    deployment.clock.advance(seconds=2 * DAY)
    visitor = deployment.visitor()
    assert visitor.tokens(scope="notes inner")["scope"] == "notes"
    deployment.visitor().whole_way(scope="notes")
    refused = deployment.visitor()
    assert refused.whole_way(scope="inner orders:read")["error"] == "invalid_scope"
    assert refused.whole_way(scope=None)["iss"].endswith(SERVER_ID)


def test_by_default_only_published_scopes_are_for_strangers() -> None:
    visitor = OpenServer().visitor()

    assert (
        visitor.tokens(scope="notes inner openid email offline_access")["scope"] == "notes openid email offline_access"
    )
    assert visitor.tokens(scope="notes email")["scope"] == "notes"
    assert visitor.tokens(scope=None)["scope"] == NOTES.name


def test_who_answers_on_a_device_is_asked_about_every_time() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    visitor.whole_way(redirect_uri=LOOPBACK)
    deployment.clock.advance(seconds=1)

    again = visitor.asks(redirect_uri=LOOPBACK)

    assert 'action="/consent"' in again.body.decode()
    assert "Any program here could be asking" in visitor.words
    visitor.asks(redirect_uri=LOOPBACK, prompt="none")
    assert visitor.fields["error"] == "consent_required"


def test_what_was_agreed_to_at_a_web_site_is_remembered_until_it_is_another_one() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    tokens = visitor.tokens()

    code = visitor.whole_way(prompt="none")["code"]
    deployment.web[URL] = HONEST | {"client_name": "Somebody else"}
    deployment.clock.advance(seconds=200)  # the code lives, the copy is fresh
    assert visitor.redeems(code)[0] == 200
    deployment.clock.advance(seconds=3_400)
    assert visitor.whole_way(prompt="none")["error"] == "consent_required"
    assert visitor.whole_way()["code"]
    assert deployment.log.emitted[-1].type != "app.oauth2.client.lifecycle.update"
    changed = [event for event in deployment.log.emitted if event.type == "app.oauth2.client.lifecycle.update"]
    assert [(event.actor.type, event.targets[0].id) for event in changed] == [("SystemPrincipal", URL)]
    assert visitor.refreshes(tokens["refresh_token"])[0] == 200  # it is the same client, who may go on


def test_a_code_is_nothing_to_the_client_that_came_after() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    visitor.whole_way()
    deployment.clock.advance(seconds=3_500)
    code = visitor.whole_way()["code"]
    deployment.clock.advance(seconds=150)
    deployment.web[URL] = HONEST | {"redirect_uris": [visitor.redirect_uri]}

    deployment.visitor().asks()  # an anonymous request has the known document fetched

    assert visitor.redeems(code) == (
        400, {"error": "invalid_grant", "error_description": "The authorization code is invalid or has expired."}
    )  # fmt: skip


def test_a_withdrawn_client_is_dead_at_once() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    tokens = visitor.tokens()
    del deployment.web[URL]
    deployment.clock.advance(seconds=3_599)

    assert visitor.refreshes(tokens["refresh_token"])[0] == 200  # a token request asks no other host for a day
    deployment.clock.advance(seconds=1)
    late = visitor.refreshes(tokens["refresh_token"])[1]["access_token"]
    assert visitor.asks().status == 400
    assert "There is no such document" in visitor.words
    assert not is_active(deployment, late)
    status, refused = visitor.refreshes(tokens["refresh_token"])
    assert (status, refused["error"]) == (401, "invalid_client")
    deployment.web[URL] = HONEST
    deployment.clock.advance(seconds=10)
    assert visitor.tokens()["scope"]
    assert not is_active(deployment, late)  # what is dead stays dead
    assert visitor.refreshes(tokens["refresh_token"])[1]["error"] == "invalid_grant"


def test_who_needs_no_key_any_more_has_nothing_any_more() -> None:
    deployment = OpenServer()
    with_key = HONEST | {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks.json"}
    deployment.web[URL] = with_key
    deployment.web[with_key["jwks_uri"]] = {"keys": [JWK]}
    visitor = deployment.visitor()
    code = visitor.whole_way()["code"]

    assert visitor.redeems(code)[0] == 401
    status, tokens = visitor.redeems(code, **assertion(deployment))
    assert status == 200
    assert visitor.refreshes(tokens["refresh_token"])[0] == 401
    assert visitor.refreshes(tokens["refresh_token"], **assertion(deployment))[0] == 200
    deployment.web[URL] = HONEST
    deployment.clock.advance(seconds=3_600)
    visitor.asks()
    assert not is_active(deployment, tokens["access_token"])
    assert visitor.refreshes(tokens["refresh_token"])[1]["error"] == "invalid_grant"


def test_a_signed_request_of_a_stranger_is_read_once_its_keys_are_known_and_counts_once() -> None:
    deployment = OpenServer()
    with_key = HONEST | {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks.json"}
    deployment.web[URL] = with_key
    deployment.web[with_key["jwks_uri"]] = {"keys": [JWK]}
    visitor = deployment.visitor()
    claims: dict[str, Any] = {
        "iss": URL,
        "sub": None,
        "aud": f"{BASE_URL}/oauth2/{SERVER_ID}",
        "jti": "once",
        "client_id": URL,
        "response_type": "code",
        "redirect_uri": visitor.redirect_uri,
        "scope": "notes",
        "state": "inside",
        "prompt": "login",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    request = signed(**claims)

    visitor.asks(request=request, state="outside")
    assert deployment.asked == []
    visitor.signs_in()
    assert 'action="/consent"' in visitor.browser.answer.body.decode()
    visitor.decides()

    assert visitor.fields["state"] == "inside"
    status, tokens = visitor.redeems(visitor.fields["code"], **assertion(deployment))
    assert (status, tokens["scope"]) == (200, "notes")
    visitor.asks(request=request)
    assert visitor.fields["error"] == "invalid_request_object"


def test_a_host_in_trouble_is_told_of_and_nobody_is_thrown_out() -> None:
    deployment = OpenServer()
    deployment.web[URL] = FetchFailed("too slow")
    visitor = deployment.visitor()
    visitor.asks()

    answer = visitor.signs_in()

    assert (answer.status, dict(answer.headers)["retry-after"]) == (503, "30")
    assert "The application cannot be recognised at the moment" in visitor.words
    deployment.web[URL] = HONEST
    deployment.clock.advance(seconds=30)
    tokens = visitor.tokens()
    deployment.web[URL] = FetchFailed("too slow")
    deployment.clock.advance(seconds=6 * DAY)
    status, answered = visitor.refreshes(tokens["refresh_token"])
    assert status == 200
    deployment.clock.advance(seconds=2 * DAY)
    status, refused = visitor.refreshes(answered["refresh_token"])
    assert (status, refused["error"]) == (503, "temporarily_unavailable")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": f"{URL}/"}, "byte by byte"),
        ({"client_secret": "s"}, "has no place in a document"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "holds none that this server sends answers to"),
    ],
)
def test_the_author_of_a_bad_document_reads_what_is_wrong(change: dict[str, Any], said: str) -> None:
    deployment = OpenServer()
    deployment.web[URL] = HONEST | change
    visitor = deployment.visitor()
    visitor.asks()

    assert visitor.signs_in().status == 400
    assert said in visitor.words
    assert deployment.storage.client_copies.records == {}


def test_an_answer_goes_where_the_document_says_and_nowhere_else() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    visitor.tokens()

    assert visitor.asks(redirect_uri="https://evil.example/callback").status == 400
    assert "location" not in dict(visitor.browser.answer.headers)


def test_a_waiting_request_is_its_browsers_also_before_it_is_read() -> None:
    deployment = OpenServer()
    victim, attacker = deployment.visitor(), deployment.visitor()
    attacker.asks()
    handle = attacker.browser.fields["request"]
    victim.browser.sign_in("/signin")

    victim.goes(f"/signin?request={handle}")

    assert "expired" in victim.words
    assert deployment.asked == []


def test_without_a_user_nothing_is_asked_silently() -> None:
    deployment = OpenServer()

    assert deployment.visitor().asks(prompt="none").status == 400
    assert (deployment.asked, deployment.storage.requests.records) == ([], {})


def test_the_way_of_a_post_without_cookies_is_the_same() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    fields = {"client_id": URL, "redirect_uri": visitor.redirect_uri, "response_type": "code", "scope": "notes"}
    pkce = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}

    answer = visitor.browser.post_pairs(f"/oauth2/{SERVER_ID}/v1/authorize", (fields | pkce).items())
    visitor.goes(dict(answer.headers)["location"].removeprefix("https://acme.example.com"))
    visitor.signs_in()
    visitor.decides()

    assert visitor.fields["code"]


def test_a_session_token_is_a_sign_in_too() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    token = SessionToken(secret_digest("handed over"), "00uA", NOW + 300, (Proof("password", NOW),))
    deployment.storage.session_tokens.add(token)

    visitor.asks(sessionToken="handed over")

    assert len(deployment.asked) == 1
    assert 'action="/consent"' in visitor.browser.answer.body.decode()


def test_pushed_requests_need_a_client_that_is_known() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    pkce = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    request = {"client_id": URL, "redirect_uri": visitor.redirect_uri, "response_type": "code", "scope": "notes"} | pkce

    assert deployment.call("par", request)[0] == 401
    assert deployment.asked == []
    visitor.tokens()
    status, pushed = deployment.call("par", request)
    assert status == 201
    reference = {"client_id": URL, "request_uri": pushed["request_uri"]}
    visitor.goes(f"/oauth2/{SERVER_ID}/v1/authorize?{urlencode(reference)}")
    assert visitor.fields["code"]
    status, pushed = deployment.call("par", request)
    deployment.clock.advance(seconds=3_500)
    status, pushed = deployment.call("par", request)
    deployment.web[URL] = HONEST | {"client_name": "Somebody else"}
    deployment.clock.advance(seconds=100)
    reference["request_uri"] = pushed["request_uri"]
    visitor.goes(f"/oauth2/{SERVER_ID}/v1/authorize?{urlencode(reference)}")
    assert "invalid_request_uri" in visitor.words


def test_a_device_has_no_page_that_could_show_whose_it_is() -> None:
    deployment = OpenServer()
    deployment.visitor().tokens()

    status, refused = deployment.call("device/authorize", {"client_id": URL, "scope": "notes"})

    assert (status, refused["error"]) == (400, "unauthorized_client")


def test_who_is_blocked_is_out_and_starts_anew_afterwards() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    tokens = visitor.tokens()

    def blocked(server: Any) -> Any:
        return replace(
            server, metadata_clients=(MetadataClient("mcl1", URL, NOW, NOW, None, {}, "BLOCKED", 0, NOW + 9),)
        )

    def again(server: Any) -> Any:
        return replace(
            server, metadata_clients=(MetadataClient("mcl1", URL, NOW, NOW, None, {}, "ACTIVE", 0, NOW + 9),)
        )

    deployment.change(blocked)
    assert not is_active(deployment, tokens["access_token"])
    assert visitor.refreshes(tokens["refresh_token"])[1]["error"] == "invalid_client"
    assert visitor.asks().status == 401
    deployment.change(again)
    assert not is_active(deployment, tokens["access_token"])
    assert visitor.refreshes(tokens["refresh_token"])[1]["error"] == "invalid_grant"
    assert is_active(deployment, visitor.tokens()["access_token"])


def test_an_approved_copy_is_never_fetched() -> None:
    document = ClientDocument(URL, "Approved", ("https://app.example/callback",), "none", ("authorization_code",))
    entry = MetadataClient("mcl1", URL, NOW, NOW, document, {}, since=NOW)
    deployment = OpenServer(replace(an_open_server("LISTED"), metadata_clients=(entry,)))
    visitor = deployment.visitor()

    tokens = visitor.tokens()

    assert (tokens["scope"], deployment.asked) == ("notes", [])
    assert is_active(deployment, tokens["access_token"])


def test_somebody_else_can_sign_in_instead() -> None:
    visitor = OpenServer().visitor()
    visitor.asks()
    visitor.signs_in()

    visitor.decides("switch")

    assert 'action="/signin"' in visitor.browser.answer.body.decode()
    visitor.signs_in()
    visitor.decides()
    assert visitor.fields["code"]


def test_a_copy_of_another_server_is_nothing_wherever_it_lies() -> None:
    deployment = OpenServer()
    visitor = deployment.visitor()
    token = visitor.tokens()["access_token"]
    copies = deployment.storage.client_copies.records
    assert is_active(deployment, token)

    copies[SERVER_ID, URL] = replace(copies[SERVER_ID, URL], server_id="ausOther")

    assert not is_active(deployment, token)
