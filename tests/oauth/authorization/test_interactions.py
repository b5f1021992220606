"""When a user has to sign in or to decide first, and how a request waits for it (docs/protocol.md §4.2, §8.4)."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.storage.clients import secret_digest
from authmint.storage.users import Password

from tests.oauth.authorization.world import CALLBACK, EXTRAS, PKCE, World, a_browser_server, an_app
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID
from tests.support.fakes import NOW

SIGN_IN, CONSENT = f"{BASE_URL}/signin?request=", f"{BASE_URL}/consent?request="
CAREFUL = an_app(consent_method="REQUIRED")


def test_who_is_not_signed_in_signs_in_and_comes_back() -> None:
    world = World(signed_in=False)

    answer = world.ask(None, login_hint="ann@example.com", **PKCE)
    waiting = world.waiting(answer.handle, "new-1")
    world.sign_in("00uA", "new-1")
    code = world.follow(waiting.resume_uri, "new-1")

    assert answer.location.startswith(SIGN_IN)
    assert answer.headers["set-cookie"] == "new-1"
    assert (waiting.must_sign_in, waiting.login_hint, waiting.scopes) == (True, "ann@example.com", ())
    assert (waiting.client.label, waiting.redirect_uri, waiting.server_id) == (
        f"app {CLIENT_ID}", CALLBACK, SERVER_ID,
    )  # fmt: skip
    assert code.fields["state"] == "s"
    assert world.storage.codes.get(secret_digest(code.fields["code"])).code_challenge == PKCE["code_challenge"]
    assert not world.storage.requests.records  # answered once


def test_a_handle_is_stored_as_a_digest_and_lives_an_hour() -> None:
    world = World(signed_in=False)

    handle = world.ask().handle

    (stored,) = world.storage.requests.records.values()
    assert (stored.digest, stored.browser) == (secret_digest(handle), secret_digest("ann"))
    assert (stored.kind, stored.created_at, stored.expires_at) == ("interaction", NOW, NOW + 3_600)
    assert handle not in str(stored)
    uri = world.waiting(handle).resume_uri
    world.clock.advance(seconds=3_600)
    world.sign_in()
    assert world.follow(uri).page == "request_expired"


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_session_is_not_enough_where_the_user_must_sign_in_again(changes: dict[str, str]) -> None:
    world = World()
    world.clock.advance(seconds=5)
    handle = world.ask(**changes).handle

    again = world.resume(handle)
    world.clock.advance(seconds=30)
    world.sign_in()
    done = world.resume(handle)

    assert again.location == SIGN_IN + handle  # the same request, not another one
    assert world.storage.requests.records.keys() == set()
    assert "code" in done.fields


def test_a_session_may_be_too_old() -> None:
    world = World()
    world.clock.advance(seconds=60)
    assert "code" in world.ask(max_age="60").fields
    world.clock.advance(seconds=1)

    assert world.ask(max_age="60", prompt="none").fields["error"] == "login_required"
    assert world.events.emitted[-1].reason == "app_sign_on_required"
    handle = world.ask(max_age="60").handle
    world.sign_in()
    world.clock.advance(seconds=90)  # time to read the consent page
    assert "code" in world.resume(handle).fields


def test_prompt_none_never_shows_anything() -> None:
    signed_out = World(signed_in=False)
    assert signed_out.ask(prompt="none").fields["error"] == "login_required"
    text = "The client specified not to prompt, but the user is not logged in."
    assert signed_out.ask(prompt="none").fields["error_description"] == text
    assert not signed_out.storage.requests.records

    careful = World(client=CAREFUL)
    fields = careful.ask(prompt="none", scope="openid orders:read extras").fields
    assert fields["error"] == "consent_required"
    assert fields["error_description"] == "The following scopes require user consent: [orders:read, extras]."
    careful.agree("orders:read", "extras")
    assert "code" in careful.ask(prompt="none", scope="openid orders:read extras").fields


def test_a_hint_names_the_user_that_the_request_is_about() -> None:
    world = World()
    assert "code" in world.ask(id_token_hint=world.hint("00uA")).fields  # expired long ago

    assert world.ask(id_token_hint=world.hint("00uB"), prompt="none").fields["error"] == "login_required"
    answer = world.ask(id_token_hint=world.hint("00uB"))
    assert answer.location.startswith(SIGN_IN)
    world.clock.advance(seconds=1)
    world.sign_in("00uB")
    assert "code" in world.resume(answer.handle).fields


def test_who_signs_in_as_somebody_else_than_hinted_is_not_taken_for_them() -> None:
    world = World(signed_in=False)
    handle = world.ask(id_token_hint=world.hint("00uB")).handle
    world.sign_in("00uA")

    assert world.resume(handle).fields["error"] == "id_token_does_not_match_session"


@pytest.mark.parametrize(
    "changes",
    [{"issuer": "https://acme.example.com/oauth2/other"}, {"client_id": "0oaOTHER"}],
)
def test_hints_of_others_are_no_hints(changes: dict[str, Any]) -> None:
    world = World()

    assert world.ask(id_token_hint=world.hint(**changes)).fields["error"] == "invalid_token"


def test_an_access_token_is_no_hint() -> None:
    world = World(a_browser_server(audience=CLIENT_ID))  # so that nothing but its kind tells it apart
    token = world.ask(response_type="token", nonce="n").fields["access_token"]

    assert world.ask(id_token_hint=token).fields["error"] == "invalid_token"


def test_a_hint_with_another_signature_is_none() -> None:
    world = World()
    head, body, signature = world.hint().split(".")

    assert world.ask(id_token_hint=f"{head}.{body}.{signature[:-4]}AAAA").fields["error"] == "invalid_token"


CONSENTS: list[tuple[str, str, str, bool]] = [
    # prompt, consent_method, scope, asks (docs/protocol.md §8.4)
    ("consent", "TRUSTED", "orders:read", True),
    ("consent", "TRUSTED", "extras", True),
    ("consent", "REQUIRED", "orders:read", True),
    ("consent", "TRUSTED", "plain", False),
    ("consent", "REQUIRED", "plain", False),
    ("", "TRUSTED", "orders:read", False),
    ("", "TRUSTED", "extras", False),
    ("", "REQUIRED", "orders:read", True),
    ("", "REQUIRED", "extras", True),
    ("", "REQUIRED", "plain", False),
]


@pytest.mark.parametrize(("prompt", "method", "scope", "asks"), CONSENTS)
def test_who_is_asked_for_consent(prompt: str, method: str, scope: str, asks: bool) -> None:
    world = World(client=an_app(consent_method=method))

    answer = world.ask(prompt=prompt, scope=f"openid {scope}")

    assert answer.location.startswith(CONSENT if asks else CALLBACK)
    if asks:
        assert [asked.name for asked in world.waiting(answer.handle).scopes] == [scope]
        world.clock.advance(seconds=10)
        world.agree(scope)
        assert "code" in world.resume(answer.handle).fields
        assert ("code" in world.ask(prompt=prompt, scope=f"openid {scope}").fields) == (prompt == "")


def test_the_consent_page_shows_names_and_descriptions() -> None:
    world = World(client=CAREFUL)

    waiting = world.waiting(world.ask(scope="openid extras orders:read plain").handle)

    assert [(s.name, s.display_name, s.description, s.optional) for s in waiting.scopes] == [
        ("extras", "Extras", None, True),
        ("orders:read", "Read orders", "See what was ordered", False),
    ]
    assert not waiting.must_sign_in


def test_earlier_answers_do_not_count_where_the_request_asks_anew() -> None:
    world = World(client=CAREFUL)
    world.agree("orders:read")
    world.clock.advance(seconds=10)
    assert "code" in world.ask(scope="orders:read").fields

    handle = world.ask(scope="orders:read", prompt="consent").handle

    assert world.resume(handle).location == CONSENT + handle
    world.agree("orders:read")
    assert "code" in world.resume(handle).fields


def test_a_scope_that_the_user_skipped_is_not_in_the_token() -> None:
    world = World(client=CAREFUL)
    world.agree("orders:read")
    world.agree("extras", answer="SKIPPED")

    fields = world.ask(scope="openid orders:read extras", response_type="code token", nonce="n").fields

    assert fields["scope"] == "openid orders:read"
    assert [code.scopes for code in world.storage.codes.records.values()] == [("openid", "orders:read")]
    nothing = world.ask(scope="extras")
    assert nothing.fields["error"] == "access_denied"


def test_a_skipped_scope_that_became_mandatory_is_asked_for_again() -> None:
    world = World(client=CAREFUL)
    world.agree("extras", answer="SKIPPED")
    before = world.storage.servers.get(SERVER_ID)
    scopes = tuple(replace(s, optional=False) if s.name == EXTRAS.name else s for s in before.scopes)
    world.storage.servers.save(before, replace(before, scopes=scopes), [])

    assert world.ask(scope="openid extras").location.startswith(CONSENT)


def test_consents_of_others_do_not_count() -> None:
    world = World(client=CAREFUL)
    world.agree("orders:read")
    world.sign_in("00uB", "bob")

    assert world.ask("bob", scope="orders:read").location.startswith(CONSENT)


def test_a_refusal_uses_the_request_up() -> None:
    world = World(client=CAREFUL)
    handle = world.ask(scope="orders:read", response_mode="form_post").handle

    refused, again = world.deny(handle), world.deny(handle)

    assert refused.fields["error"] == "access_denied"
    assert refused.fields["error_description"] == "The resource owner or authorization server denied the request."
    assert refused.fields["state"] == "s"
    assert again.page == "request_expired"
    assert world.events.emitted[0].reason == "access_denied"
    assert world.events.emitted[0].actor.id == "00uA"


def test_what_changed_meanwhile_counts() -> None:
    for change, page in (
        ({"status": "INACTIVE"}, "invalid_client_id"),
        ({"redirect_uris": ("https://new.example.com/",)}, "illegal_redirect_uri"),
    ):
        world = World(client=CAREFUL)
        handle = world.ask(scope="orders:read").handle
        world.change_client(**change)

        assert world.deny(handle).page == page

    world = World(client=CAREFUL)
    handle = world.ask(scope="orders:read").handle
    world.agree("orders:read")
    world.change_client(implicit_assignment=False)
    assert world.waiting(handle).scopes == ()
    assert world.resume(handle).fields["error"] == "access_denied"


def test_a_post_without_cookies_is_turned_into_a_get() -> None:
    """``SameSite=Lax``: cookies do not come with a POST from another site."""
    world = World()
    fields = {
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "state": "s",
        "scope": "openid",
    }

    hop = world.post(fields | {"prompt": "none"}, browser=None)
    done = world.follow(hop.location)

    assert "set-cookie" not in hop.headers
    assert done.fields.keys() == {"code", "state", "iss"}
    assert world.follow(hop.location).page == "invalid_request_uri"
    assert world.post({"client_id": CLIENT_ID, "request_uri": "urn:okta:x"}, None).page == "invalid_request_uri"


def test_a_session_token_signs_in_once() -> None:
    world = World(signed_in=False)
    token = world.session_token()

    answer = world.ask(sessionToken=token, prompt="none")
    again = world.ask("other", sessionToken=token, prompt="none")

    assert "code" in answer.fields
    assert answer.headers["set-cookie"] == "session of 00uA"
    assert again.fields["error"] == "login_required"


def test_a_session_token_takes_the_place_of_the_session() -> None:
    world = World()

    world.ask(sessionToken=world.session_token("00uB"))

    assert [code.user_id for code in world.storage.codes.records.values()] == ["00uB"]


@pytest.mark.parametrize("age", [0, 301])
def test_a_session_token_that_is_no_good_leads_to_the_page(age: int) -> None:
    world = World(signed_in=False)
    token = world.session_token(age=age) if age else "nonsense"

    answer = world.ask(sessionToken=token)

    assert answer.location.startswith(SIGN_IN)
    (stored,) = world.storage.requests.records.values()
    assert "sessionToken" not in stored.parameters


def test_a_session_token_of_a_suspended_user_signs_nobody_in() -> None:
    world = World(signed_in=False)
    user = world.storage.users.get("00uA")
    world.storage.users.save(user, replace(user, status="SUSPENDED"), [])

    assert world.ask(sessionToken=world.session_token()).location.startswith(SIGN_IN)


def test_a_refused_request_does_not_burn_the_session_token() -> None:
    world = World(signed_in=False)
    token = world.session_token()

    assert world.ask(sessionToken=token, scope="nonsense").fields["error"] == "invalid_scope"
    assert "code" in world.ask(sessionToken=token).fields


def test_a_skip_may_change_the_rule_and_never_loses_one() -> None:
    world = World(a_browser_server(), CAREFUL)
    world.agree("extras", answer="SKIPPED")

    assert world.ask(scope="openid extras", response_type="token", nonce="n").fields["scope"] == "openid"


@pytest.mark.parametrize(
    "changes",
    [{"password": Password("hash", NOW + 1)}, {"status_changed_at": NOW + 1}],
    ids=["password", "suspended and back"],
)
def test_a_session_token_does_not_outlive_what_changed_since(changes: dict[str, Any]) -> None:
    world = World(signed_in=False)
    token = world.session_token()
    user = world.storage.users.get("00uA")
    world.storage.users.save(user, replace(user, **changes), [])
    world.clock.advance(seconds=2)

    assert world.ask(sessionToken=token).location.startswith(SIGN_IN)
