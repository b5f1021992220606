"""Programs that sign other people on by ``/api/v1/authn``: whose word is taken for whom they call, and whose is not."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Remembering, Requirement
from authmint.storage.api_tokens import UNUSED_LIFETIME, ApiToken
from authmint.storage.clients import secret_digest
from authmint.storage.roles import RoleAssignment
from authmint.storage.zones import Zone

from tests.support.apps import App
from tests.support.fakes import NOW, FrozenClock, decoded

from .hosted import PASSWORD, Browser, Hosted

TOKEN = "00" + "t" * 41
TRUSTED = {"authorization": f"SSWS {TOKEN}"}
HERE, THERE = "192.0.2.1", "198.51.100.7"  # of the caller, and of whom it calls for
#: Whose word is not taken.
STRANGERS = [{}, {"authorization": "SSWS x"}, {"authorization": "Bearer a.b.c"}, {"authorization": f"SSWS {TOKEN}x"}]


@pytest.fixture
def hosted() -> Hosted:
    hosted = Hosted()
    hosted.storage.api_tokens.add(ApiToken("00T1", "portal", "00uAdmin", secret_digest(TOKEN), NOW), [])
    two = Requirement(assurances=(Assurance(two_factors=True),), remembering=Remembering(3_600))
    hosted.demands.sign_on = Demanded(requirement=two, watched=True)
    return hosted


def call(hosted: Hosted, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    """What a program is answered, which keeps no cookies."""
    sent = json.dumps(body).encode()
    found: dict[str, Any] = decoded(
        Browser(hosted).send("POST", f"/api/v1/authn{path}", sent, content_type="application/json", **headers).body
    )
    return found


def sign_in(hosted: Hosted, device: Any = None, **headers: str) -> dict[str, Any]:
    body = {"username": "ann@example.com", "password": PASSWORD, "context": {"deviceToken": device}}
    return call(hosted, "", body, **headers)


def remembered(hosted: Hosted, device: str, **headers: str) -> str:
    """The state after a sign-in at a device that was remembered at another sign-in."""
    clock = hosted.clock
    assert isinstance(clock, FrozenClock)
    app = App.of(hosted.user_factors, hosted.storage.users.get("00uA"), clock)[0]
    state = sign_in(hosted, device, **TRUSTED)
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify?rememberDevice=true"
    assert call(hosted, verify, {"stateToken": state["stateToken"], "passCode": app.code})["status"] == "SUCCESS"
    return str(sign_in(hosted, device, **headers)["status"])


def test_the_device_that_a_trusted_program_names_is_remembered(hosted: Hosted) -> None:
    assert remembered(hosted, "phone of ann", **TRUSTED) == "SUCCESS"
    assert sign_in(hosted, "another phone", **TRUSTED)["status"] == "MFA_REQUIRED"
    (known,) = hosted.storage.remembered_browsers.of_user("00uA")
    assert known.digest != secret_digest("phone of ann")  # a cookie of the same value is nothing


@pytest.mark.parametrize("headers", STRANGERS)
def test_nobody_else_names_a_device(hosted: Hosted, headers: dict[str, str]) -> None:
    assert remembered(hosted, "phone of ann", **headers) == "MFA_REQUIRED"
    hosted.demands.attempts.clear()

    sign_in(hosted, "phone of ann", x_device_fingerprint="f1", **headers)

    assert [(attempt.device, attempt.mark) for attempt in hosted.demands.attempts] == [(None, None)]


def test_an_api_token_that_expired_is_nobodys_word(hosted: Hosted) -> None:
    hosted.clock.advance(seconds=UNUSED_LIFETIME)  # type: ignore[attr-defined]

    sign_in(hosted, "phone of ann", **TRUSTED)

    assert hosted.demands.attempts[-1].device is None


def test_what_is_compared_is_the_device_from_the_first_step_to_the_last(hosted: Hosted) -> None:
    remembered(hosted, "phone of ann")
    marks = {attempt.mark for attempt in hosted.demands.attempts[:2]}  # as it began, and as it ended

    sign_in(hosted, "phone of ann", **TRUSTED)
    sign_in(hosted, None, x_device_fingerprint="f1", **TRUSTED)
    sign_in(hosted, "x" * 33, **TRUSTED)
    again, by_fingerprint, by_nothing = hosted.demands.attempts[-3:]

    assert marks == {again.mark}
    assert by_fingerprint.mark not in {None, again.mark}
    assert (by_fingerprint.device, by_nothing.mark) == (None, None)


def logged(hosted: Hosted) -> set[str]:
    return {event.source_ip for event in hosted.events.emitted}


def test_the_address_that_a_trusted_program_names_counts(hosted: Hosted) -> None:
    sign_in(hosted, **TRUSTED, x_forwarded_for=f"203.0.113.9, {THERE}", cloudfront_viewer_country="DE")

    assert logged(hosted) == {THERE}
    request = hosted.demands.attempts[-1].request
    assert (request.source_ip, request.header("cloudfront-viewer-country")) == (THERE, None)


@pytest.mark.parametrize("headers", STRANGERS)
def test_nobody_else_names_an_address(hosted: Hosted, headers: dict[str, str]) -> None:
    sign_in(hosted, **headers, x_forwarded_for=THERE)

    assert logged(hosted) == {HERE}
    assert hosted.demands.attempts[-1].request.source_ip == HERE


def test_who_is_called_for_from_a_blocked_zone_is_refused(hosted: Hosted) -> None:
    extent = {"gateways": [{"type": "CIDR", "value": f"{THERE}/32"}]}
    zone = Zone(id="nzo1", type="IP", name="bad", created_at=NOW, updated_at=NOW, usage="BLOCKLIST", extent=extent)
    zones = hosted.storage.zones
    zones.save(None, zone, [], seen=zones.all())

    assert sign_in(hosted, **TRUSTED, x_forwarded_for=THERE)["errorCode"] == "E0000006"
    sign_in(hosted, **TRUSTED, x_forwarded_for="203.0.113.9")
    assert hosted.demands.attempts[-1].request.source_ip == "203.0.113.9"


def test_the_brake_of_addresses_counts_for_whom_it_is_called(hosted: Hosted) -> None:
    hosted = Hosted(sign_ins=1)
    hosted.storage.api_tokens.add(ApiToken("00T1", "portal", "00uAdmin", secret_digest(TOKEN), NOW), [])

    assert sign_in(hosted, **TRUSTED, x_forwarded_for=THERE)["status"] == "SUCCESS"
    assert sign_in(hosted, **TRUSTED, x_forwarded_for="203.0.113.9")["status"] == "SUCCESS"
    assert sign_in(hosted, **TRUSTED, x_forwarded_for=THERE)["errorCode"] == "E0000047"
    assert sign_in(hosted, x_forwarded_for="203.0.113.10")["status"] == "SUCCESS"
    assert sign_in(hosted, x_forwarded_for="203.0.113.11")["errorCode"] == "E0000047"


def test_a_trusted_program_gets_the_recovery_itself_and_a_stranger_never_does(hosted: Hosted) -> None:
    ask = {"username": "ann@example.com"}
    for headers in STRANGERS:
        assert call(hosted, "/recovery/password", ask, **headers)["status"] == "RECOVERY_CHALLENGE"
        assert isinstance(hosted.clock, FrozenClock)
        hosted.clock.advance(seconds=3_600)
    mails = len(hosted.storage.outbox.mails)

    given = call(hosted, "/recovery/password", ask, **TRUSTED)

    assert (given["status"], given["recoveryType"], "stateToken" in given) == ("RECOVERY", "PASSWORD", False)
    assert len(hosted.storage.outbox.mails) == mails
    state = call(hosted, "/recovery/token", {"recoveryToken": given["recoveryToken"]})
    assert state["status"] == "PASSWORD_RESET"
    assert call(hosted, "/recovery/password", {"username": "nobody@example.com"}, **TRUSTED)["errorCode"] == "E0000095"
    assert isinstance(hosted.clock, FrozenClock)
    hosted.clock.advance(seconds=3_600)
    book = hosted.storage.roles.get()
    role = RoleAssignment("ra1", "SUPER_ADMIN", NOW, NOW)
    hosted.storage.roles.save(book, book.having("USER", "00uA", [role]), [])
    assert call(hosted, "/recovery/password", ask, **TRUSTED)["errorCode"] == "E0000034", "who administers is above it"
    hosted.storage.roles.save(hosted.storage.roles.get(), book, [])
    suspended = replace(hosted.storage.users.get("00uA"), status="SUSPENDED")
    hosted.storage.users.save(hosted.storage.users.get("00uA"), suspended, [])
    assert isinstance(hosted.clock, FrozenClock)
    hosted.clock.advance(seconds=3_600)
    assert call(hosted, "/recovery/password", ask, **TRUSTED)["errorCode"] == "E0000034"
    hosted.clock.advance(seconds=3_600)
    by_mail = call(hosted, "/recovery/password", ask | {"factorType": "EMAIL"}, **TRUSTED)
    assert by_mail["status"] == "RECOVERY_CHALLENGE"
