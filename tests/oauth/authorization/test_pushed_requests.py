"""Pushed authorization requests (RFC 9126, docs/protocol.md §5)."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.storage.clients import secret_digest

from tests.oauth.authorization.world import CALLBACK, ISSUER, PKCE, World, a_browser_server, an_app
from tests.support.builders import CLIENT_ID, SECRET, SERVER_ID, a_form, basic
from tests.support.fakes import NOW


def pushed(world: World, fields: dict[str, Any] | None = None) -> str:
    status, body = world.push(fields, headers=basic())
    assert status == 201, body
    uri: str = body["request_uri"]
    return uri


def redeem(world: World, uri: str, **changes: str) -> Any:
    return world.get(tuple({"client_id": CLIENT_ID, "request_uri": uri, **changes}.items()))


@pytest.mark.parametrize("json", [False, True])
def test_a_pushed_request_is_as_good_as_a_sent_one(json: bool) -> None:
    world = World()

    status, body = world.push({"max_age": 300} | PKCE, json=json, headers=basic())
    answer = redeem(world, body["request_uri"], state="other", redirect_uri="https://evil.example.com")

    assert (status, body["expires_in"]) == (201, 3600)
    assert body["request_uri"].startswith("urn:okta:")
    assert answer.location.startswith(CALLBACK)
    assert answer.fields["state"] == "s"  # parameters beside the reference do not count


def test_a_client_may_name_itself_in_the_body() -> None:
    world = World(client=an_app(auth_method="client_secret_post"))

    status, body = world.push({"client_id": CLIENT_ID, "client_secret": SECRET})

    assert status == 201
    (stored,) = world.storage.requests.records.values()
    assert stored.digest == secret_digest(body["request_uri"].removeprefix("urn:okta:"))
    assert (stored.client_id, stored.server_id, stored.expires_at) == (CLIENT_ID, SERVER_ID, NOW + 3_600)
    assert SECRET not in str(stored)
    assert "code" in redeem(world, body["request_uri"]).fields


def test_secrets_are_not_kept() -> None:
    world = World()

    pushed(world, {"sessionToken": "a-session-token"})

    assert "a-session-token" not in str(world.storage.requests.records)


def test_the_browser_may_bring_a_session_token_along() -> None:
    world = World(signed_in=False)

    assert "code" in redeem(world, pushed(world), sessionToken=world.session_token()).fields


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"request_uri": "urn:okta:x"}, 400, "pushed_authorization_request_uri_present"),
        ({"redirect_uri": "https://evil.example.com"}, 400, "illegal_redirect_uri"),
        ({"redirect_uri": None}, 400, "illegal_redirect_uri"),
        ({"response_type": "none"}, 400, "invalid_prompt_for_none_response_type"),
        ({"response_mode": "x"}, 400, "unsupported_response_mode"),
        ({"scope": None}, 400, "no_default_scopes"),
        ({"scope": "profile"}, 403, "openid_scope_required_access_token"),
        ({"scope": "nonsense"}, 400, "no_matching_scope"),
        ({"state": "s" * 5_000}, 400, "invalid_state"),
        ({"request": "a.b.c"}, 400, "request_object_invalid"),
        ({"request": "a.b."}, 400, "request_not_supported"),
        ({"client_id": "0oaOTHER"}, 401, "invalid_client_id"),
    ],
)
def test_errors_are_said_at_once(fields: dict[str, Any], status: int, error: str) -> None:
    world = World()

    assert world.push(fields, headers=basic())[0] == status
    assert world.events.emitted[-1].reason == error
    assert world.events.emitted[-1].type == "app.oauth2.as.authorize"
    assert not world.storage.requests.records


def test_the_client_proves_itself_first() -> None:
    world = World()

    assert world.push(headers=basic(secret="wrong"))[0] == 401
    assert world.push({"scope": "nonsense"}, headers=basic(secret="wrong"))[1]["error"] == "invalid_client"
    assert world.push()[0] == 401
    assert world.push(headers=basic(), server_id="ausOTHER")[1]["error"] == "invalid_request"
    event = world.events.emitted[0]
    assert (event.actor.type, event.debug["client_id"]) == ("PublicClientApp", CLIENT_ID)


def test_a_service_has_no_users() -> None:
    assert World(client=an_app(application_type="service")).push(headers=basic())[1]["error"] == "invalid_request"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a":1,"a":2}', b'{"state":["s"]}', b'{"state":true}', b"[" * 9_000])
def test_json_is_an_object_of_texts(body: bytes) -> None:
    world = World()
    request = replace(
        a_form({}, path="par"), body=body, headers=basic() | {"content-type": "application/json;charset=utf-8"}
    )

    assert world.par(request).status == 400


def test_a_reference_is_good_for_one_answer_and_until_then_for_reloads() -> None:
    world = World(client=an_app(consent_method="REQUIRED"))
    uri = pushed(world, {"scope": "openid orders:read"})

    first, second = redeem(world, uri), redeem(world, uri)
    assert first.handle != second.handle
    world.agree("orders:read")
    assert "code" in world.resume(second.handle).fields

    assert redeem(world, uri).page == "invalid_request_uri"
    assert world.resume(first.handle).fields["error"] == "login_required"  # its pushed request is used up
    assert len(world.storage.codes.records) == 1


def test_a_reference_can_be_opened_again_before_anything_was_filled_in() -> None:
    """A reload, the back button, a preview of the link: it is used up where the code is given (RFC 9126 §7.3)."""
    world = World(signed_in=False)
    uri = pushed(world)

    opened = [redeem(world, uri).handle for _ in range(3)]
    world.sign_in()

    assert "code" in world.resume(opened[1]).fields
    assert redeem(world, uri).page == "invalid_request_uri"
    assert "code" not in world.resume(opened[0]).fields


def test_a_pushed_request_needs_no_state() -> None:
    """Nobody but its client can have begun it (RFC 9126 §1)."""
    world = World()
    uri = pushed(world, {"state": None})

    assert redeem(world, uri).fields.keys() == {"code", "iss"}
    waiting = World(signed_in=False)
    handle = redeem(waiting, pushed(waiting, {"state": None})).handle
    waiting.sign_in()
    assert waiting.resume(handle).fields.keys() == {"code", "iss"}


@pytest.mark.parametrize(
    ("audience", "status"),
    [
        (ISSUER, 201),
        (f"{ISSUER}/v1/token", 201),
        ([f"{ISSUER}/v1/par"], 201),
        (f"{ISSUER}/v1/introspect", 401),
        ([ISSUER, f"{ISSUER}/v1/token"], 401),
    ],
)
def test_audiences_of_assertions(audience: Any, status: int) -> None:
    """RFC 9126 §2: the issuer, the token endpoint or this endpoint."""
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": audience, "exp": NOW + 60}
    proof = {
        "client_assertion": jwt.encode(claims, SECRET, "HS256"),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }

    assert World(client=an_app(auth_method="client_secret_jwt")).push(proof)[0] == status


@pytest.mark.parametrize("seconds", [60, 3_600])
def test_a_reference_dies_when_the_server_says_but_who_came_in_time_has_his_hour(seconds: int) -> None:
    world = World(a_browser_server(pushed_lifetime=seconds), signed_in=False)
    status, body = world.push(headers=basic())
    uri = body["request_uri"]
    world.clock.advance(seconds=seconds - 1)
    handle, late = redeem(world, uri).handle, redeem(world, uri).handle
    world.clock.advance(seconds=1)

    assert (status, body["expires_in"]) == (201, seconds)
    assert redeem(world, uri).page == "invalid_request_uri"
    world.clock.advance(seconds=3_598)
    world.sign_in()
    assert "code" in world.resume(handle).fields
    world.clock.advance(seconds=1)
    assert world.get((("client_id", CLIENT_ID), ("request_uri", f"urn:authmint:interaction:{late}"))).page == (
        "request_expired"
    )


def test_a_client_that_has_to_push_is_refused_elsewhere_and_told_so() -> None:
    """RFC 9126 §6."""
    world = World(client=an_app(pushes_only=True))

    refused = world.ask()
    posted = world.post({"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": "s"}, None)

    for answer in (refused, posted):
        assert answer.location.startswith(f"{CALLBACK}?")
        assert (answer.fields["error"], answer.fields["state"]) == ("invalid_request", "s")
        assert "pushed" in answer.fields["error_description"]
    assert "code" in redeem(world, pushed(world)).fields
    assert "code" in World(client=an_app()).ask().fields
    assert world.ask(redirect_uri="https://evil.example.com/cb").page == "illegal_redirect_uri"


def test_a_client_that_has_to_push_goes_on_with_what_it_pushed() -> None:
    world = World(client=an_app(pushes_only=True), signed_in=False)
    handle = redeem(world, pushed(world)).handle
    world.sign_in()

    assert "code" in world.resume(handle).fields


def test_prompt_login_is_not_satisfied_by_a_session_that_is_younger_than_the_push() -> None:
    world = World()
    uri = pushed(world, {"prompt": "login"})
    world.clock.advance(seconds=5)
    world.sign_in()  # for something else

    assert "/signin?" in redeem(world, uri).location


def test_a_refused_request_can_be_sent_again() -> None:
    world = World(client=an_app(implicit_assignment=False))
    uri = pushed(world)
    assert redeem(world, uri).fields["error"] == "access_denied"

    world.change_client(implicit_assignment=True)

    assert "code" in redeem(world, uri).fields


def test_an_assertion_pushes_once_and_only_what_is_accepted() -> None:
    client = an_app(auth_method="client_secret_jwt")
    world = World(client=client)
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": f"{ISSUER}/v1/par", "exp": NOW + 60, "jti": "once"}
    proof = {
        "client_assertion": jwt.encode(claims, SECRET, "HS256"),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }

    assert world.push(proof | {"scope": "nonsense"})[1]["error"] == "invalid_scope"
    assert world.push(proof)[0] == 201
    assert world.push(proof)[1]["error_description"] == "The client_assertion token has already been used."
    assert len(world.storage.requests.records) == 1


def test_an_id_token_without_openid_is_refused_at_once() -> None:
    status, body = World().push({"response_type": "id_token", "nonce": "n", "scope": "plain"}, headers=basic())

    assert (status, body["error"]) == (403, "access_denied")
