"""Hooks through the deployed functions: who asks them, and what happens while AWS fails."""

import itertools
import json
from contextlib import suppress
from typing import Any

import jwt
import pytest
from authmint.clock import SystemClock
from authmint.oauth.outbound_fetch import Answer
from authmint.outage import Outage
from authmint.runtime.parts import Parts

from tests.functions.deployment import Functions, form_event
from tests.functions.faults import ASK, FAULTS, KMS_FAULTS, Faults, only_kms
from tests.functions.hook_flows import (
    INLINE,
    VERIFIED,
    a_hooked_rule,
    a_migrated_user,
    an_event_hook,
    an_inline_hook,
    echoing,
    endpoints,
    signed_in,
)

PATCH = {"type": "com.okta.access.patch", "value": [{"op": "add", "path": "/claims/by_hook", "value": True}]}
CHANGED = Answer(200, json.dumps({"commands": [PATCH]}).encode())


def a_token(functions: Functions, ready: tuple[str, str, str]) -> tuple[int, Any]:
    server, client, secret = ready
    answer = functions.http("token", form_event("token", server, ASK, client, secret))
    body = json.loads(answer["body"])
    if "access_token" not in body:
        return answer["statusCode"], body["error"]
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    return answer["statusCode"], claims.get("by_hook")


def test_no_token_is_given_without_its_hook_because_aws_fails(functions: Functions, faults: Faults) -> None:
    """Who asks is told to come again: the hook might have said no."""
    ready = functions.ready()
    a_hooked_rule(functions, ready[0])
    with endpoints(functions, lambda *_, **__: CHANGED):
        for position in itertools.count(1):
            functions.restart("token")
            faults.arm(FAULTS["throttled"], position, lasting=True)
            outcome = a_token(functions, ready)
            reached = faults.seen >= position
            faults.clear()

            assert outcome in {(200, True), (503, "temporarily_unavailable")}, position
            assert a_token(functions, ready) == (200, True)
            if not reached:
                break
        assert position > 3
        for fault in KMS_FAULTS.values():
            functions.restart("token")
            faults.arm(only_kms(fault), 1, lasting=True)
            assert a_token(functions, ready) == (503, "temporarily_unavailable")
            faults.clear()


def test_no_password_is_imported_or_counted_as_wrong_because_aws_fails(functions: Functions, faults: Faults) -> None:
    """Who signs in first while AWS fails is told to come again, and gets in then."""
    functions.ready()
    functions.admin("POST", INLINE, an_inline_hook(type="com.okta.user.credential.password.import"))
    with endpoints(functions, lambda *_, **__: Answer(200, json.dumps(VERIFIED).encode())):
        for position in itertools.count(1):
            login = a_migrated_user(functions, f"u{position}")
            functions.restart("authorize")
            faults.arm(FAULTS["throttled" if position % 2 else "unreachable"], position, lasting=True)
            answer = signed_in(functions, login)
            reached = faults.seen >= position
            faults.clear()

            assert answer["statusCode"] in {200, 503}, position
            assert signed_in(functions, login)["statusCode"] == 200, position
            if not reached:
                break
    assert position > 5


def test_no_event_is_lost_or_skipped_because_aws_fails(functions: Functions, faults: Faults) -> None:
    """A run that fails at any call is gone on from by the next one, when the first one's time is over."""
    functions.ready()
    told: list[list[str]] = []

    def listening(parts: Parts, method: str, uri: str, **named: Any) -> Answer:
        if method == "POST":
            told.append([event["target"][0]["displayName"] for event in json.loads(named["body"])["data"]["events"]])
        return echoing(parts, method, uri, **named)

    real, ahead, made = SystemClock.now_ms, [0], []
    with endpoints(functions, listening), pytest.MonkeyPatch.context() as later:
        an_event_hook(functions)
        later.setattr(SystemClock, "now_ms", lambda clock: real(clock) + ahead[0] * 1_000)
        later.setattr(SystemClock, "now", lambda clock: (real(clock) + ahead[0] * 1_000) // 1_000)
        for position in itertools.count(1):
            made.append(f"g{position}")
            functions.admin("POST", "/api/v1/groups", {"profile": {"name": made[-1]}})
            ahead[0] += 600
            functions.restart("hooks")
            faults.arm(FAULTS["throttled" if position % 2 else "committed and lost"], position, lasting=True)
            with suppress(Outage):
                functions.direct("hooks", {})
            reached = faults.seen >= position
            faults.clear()
            ahead[0] += 600
            functions.direct("hooks", {})
            if not reached:
                break

    assert position > 8
    assert list(dict.fromkeys(name for batch in told for name in batch)) == made


def test_a_try_of_a_hook_while_its_secret_cannot_be_opened_is_a_503(functions: Functions, faults: Faults) -> None:
    functions.ready()
    hook = functions.admin("POST", INLINE, an_inline_hook())["id"]
    with endpoints(functions):
        faults.arm(only_kms(FAULTS["unreachable"]), 1, lasting=True)
        with pytest.raises(AssertionError, match="E0000010"):
            functions.admin("POST", f"{INLINE}/{hook}/execute", {})
        faults.clear()

        assert functions.admin("POST", f"{INLINE}/{hook}/execute", {}) is None
