"""Requests that have their user set up factors: ``prompt=enroll_authenticator`` (docs/protocol.md §4.15)."""

from typing import Any

import pytest
from authmint.oauth.errors import CATALOGUE
from authmint.sign_on.requirement import Demanded, Enrolments, Requirement
from authmint.storage.factors import Factor
from authmint.storage.sign_on_transactions import Proof

from tests.support.builders import CLIENT_ID, basic
from tests.support.fakes import NOW

from .world import ISSUER, World, a_browser_server, an_app

ASKING: dict[str, Any] = {
    "response_type": "none",
    "prompt": "enroll_authenticator",
    "acr_values": "urn:okta:loa:2fa:any:ifpossible",
    "max_age": "0",
    "enroll_amr_values": "google_otp pop",
    "scope": None,
}


def a_world(**changes: Any) -> World:
    world = World(**changes)
    may = Requirement(enrolments=Enrolments(offered=("webauthn", "totp")))
    world.demands.app = Demanded(requirement=may)
    return world


def has(world: World, kind: Any) -> None:
    world.storage.factors.add(Factor(f"f-{kind}", "00uA", kind, "ACTIVE", NOW, NOW, "P"), [])


def proves_it(world: World) -> None:
    """The factor that was set up, in the browser's session."""
    code = Proof("totp", world.clock.now(), "f-totp")
    world.browsers.prove("ann", *world.browsers.sessions["ann"].proved, code)


def test_the_user_signs_in_anew_sets_up_what_is_asked_in_order_and_nothing_is_issued() -> None:
    world = a_world()
    world.clock.advance(seconds=5)
    handle = world.ask(**ASKING).handle
    assert world.waiting(handle).must_sign_in

    world.clock.advance(seconds=5)
    world.sign_in()
    assert world.resume(handle).location.endswith(f"/signin?request={handle}")
    step = world.waiting(handle).more.step
    assert (step.name, step.kinds) == ("enrol", ("totp", "webauthn"))
    has(world, "totp")
    proves_it(world)
    assert world.waiting(handle).more.step.kinds == ("webauthn",)
    has(world, "webauthn")

    resume_uri = world.waiting(handle).resume_uri
    assert world.follow(resume_uri).fields == {"state": "s", "iss": ISSUER}
    assert world.storage.codes.records == {}
    assert world.follow(resume_uri).page == "request_expired"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "code"}, "invalid_response_type_for_authenticator_enrollment"),
        ({"prompt": "login"}, "invalid_prompt_for_none_response_type"),
        ({"prompt": "enroll_authenticator login"}, "invalid_prompt_for_none_response_type"),
        ({"prompt": None}, "invalid_prompt_for_none_response_type"),
        ({"scope": "openid"}, "unsupported_scope_for_none_response_type"),
        ({"nonce": "n"}, "unsupported_nonce_for_none_response_type"),
        ({"max_age": "10"}, "invalid_max_age_for_enroll_authenticator_prompt"),
        ({"max_age": None}, "invalid_max_age_for_enroll_authenticator_prompt"),
        ({"acr_values": "urn:okta:loa:2fa:any"}, "invalid_acr_values_for_enroll_authenticator_prompt"),
        ({"enroll_amr_values": None}, "invalid_enroll_amr_for_none_response_type"),
        ({"enroll_amr_values": "google_otp sms"}, "invalid_enroll_amr_for_none_response_type"),
        ({"enroll_amr_values": "google_otp  pop"}, "invalid_enroll_amr_for_none_response_type"),
        ({"response_mode": "telepathy"}, "unsupported_response_mode"),
        ({"state": None}, "invalid_state"),
    ],
)
def test_a_request_that_wants_something_else_besides_is_refused(changes: dict[str, Any], error: str) -> None:
    world = a_world()

    answer = world.ask(**ASKING | changes)

    assert answer.fields["error"] == CATALOGUE[error][1]
    assert world.events.emitted[-1].reason == error


def test_what_a_policy_does_not_let_the_user_set_up_is_refused_after_the_sign_in() -> None:
    world = a_world()
    handle = world.ask(**ASKING | {"enroll_amr_values": "email"}).handle
    world.clock.advance(seconds=5)
    world.sign_in()

    answer = world.resume(handle)

    assert answer.fields["error_description"] == CATALOGUE["invalid_enroll_amr_for_none_response_type"][2]


def test_who_has_everything_is_sent_back_at_once_and_strict_servers_know_no_such_request() -> None:
    world = a_world()
    has(world, "totp")
    handle = world.ask(**ASKING | {"enroll_amr_values": "otp"}).handle
    world.clock.advance(seconds=5)
    world.sign_in()
    proves_it(world)
    assert world.resume(handle).fields == {"state": "s", "iss": ISSUER}

    machine = a_world(client=an_app(grant_types=("implicit",), response_types=("token", "id_token")))
    assert machine.ask(**ASKING).fields["error"] == "unauthorized_client"
    strict = a_world(server=a_browser_server(security_profile="FAPI2"))
    assert strict.ask(**ASKING).fields["error"] in {"unsupported_response_type", "invalid_request"}


def test_a_pushed_request_needs_no_state() -> None:
    status, answer = a_world().push(ASKING | {"state": None}, headers=basic(CLIENT_ID))

    assert status == 201, answer
