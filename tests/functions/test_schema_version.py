"""Functions that meet tables of a later release: each says so and does nothing; a warm token stays one round trip."""

import json

import pytest
from authmint.dynamo.schema_version import KNOWN, TooNew

from tests.audit.deliveries import delivery
from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.faults import ASK, OPERATIONS
from tests.support.backend import Deployed

SIGN_IN = ("/signin", "/api/v1/authn")


def raise_to(deployed: Deployed, form: int) -> None:
    tables = deployed.tables()
    for item in (tables.config, tables.grants, tables.events):
        assert item is not None
        item("VERSION", "#", version=form).save()


@pytest.mark.parametrize("name", ["token", "introspect", "revoke", "key set", "metadata", "list servers"])
def test_every_answer_is_a_503_that_says_in_the_log_what_to_do(functions: Functions, name: str) -> None:
    ready = functions.ready()
    functions.restart()
    raise_to(functions.deployed, KNOWN + 1)

    answer = OPERATIONS[name](functions, ready)

    assert answer["statusCode"] == 503
    raise_to(functions.deployed, KNOWN)
    assert OPERATIONS[name](functions, ready)["statusCode"] == 200  # the same instance, without a restart


@pytest.mark.parametrize("path", SIGN_IN)
def test_nobody_signs_in_meanwhile(functions: Functions, path: str) -> None:
    raise_to(functions.deployed, KNOWN + 1)

    answer = functions.http("authorize", load_event("token") | {"rawPath": path, "pathParameters": {}})

    assert answer["statusCode"] == 503


def test_what_nobody_waits_for_is_repeated_or_kept(functions: Functions) -> None:
    raise_to(functions.deployed, KNOWN + 1)

    for name, payload in (
        ("key_rotation", {}),
        ("audit_sink", delivery("{}")),
        ("management", {"action": "bootstrap"}),
    ):
        with pytest.raises(TooNew, match="deploy a later one"):
            functions.direct(name, payload)


def test_a_token_asks_for_the_form_in_the_call_that_it_makes_anyway(functions: Functions) -> None:
    server, client, secret = functions.ready()
    functions.restart()
    event = form_event("token", server, ASK, client, secret)
    for _ in range(2):
        assert functions.http("token", event)["statusCode"] == 200
    asked = [json.dumps(made[3]) for made in functions.calls.made if made[:3] == ("token", "dynamodb", "BatchGetItem")]

    functions.calls.sent.clear()
    functions.http("token", event)

    assert functions.calls.sent == ["dynamodb:BatchGetItem"]
    assert ["VERSION" in call for call in asked] == [True, False]
