"""Hooks through the deployed functions: who asks them, and what happens while AWS fails."""

import itertools
import json
from typing import Any

import jwt
import pytest
from authmint.oauth.outbound_fetch import Answer

from tests.functions.deployment import Functions, form_event
from tests.functions.faults import ASK, FAULTS, KMS_FAULTS, Faults, only_kms
from tests.functions.hook_flows import INLINE, a_hooked_rule, an_inline_hook, endpoints

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


def test_a_try_of_a_hook_while_its_secret_cannot_be_opened_is_a_503(functions: Functions, faults: Faults) -> None:
    functions.ready()
    hook = functions.admin("POST", INLINE, an_inline_hook())["id"]
    with endpoints(functions):
        faults.arm(only_kms(FAULTS["unreachable"]), 1, lasting=True)
        with pytest.raises(AssertionError, match="E0000010"):
            functions.admin("POST", f"{INLINE}/{hook}/execute", {})
        faults.clear()

        assert functions.admin("POST", f"{INLINE}/{hook}/execute", {}) is None
