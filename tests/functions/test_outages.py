"""Each dependency killed in turn: the function says so in one line that names the call and the error."""

import json
from typing import Any

import pytest

from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.faults import ASK, FAULTS, Faults, prepared

CAUSES = {"throttled": "ProvisionedThroughputExceededException", "failing": "InternalServerError"}


def public(name: str, server: str) -> dict[str, Any]:
    return load_event(name) | {"pathParameters": {"authServerId": server}}


def management(functions: Functions) -> dict[str, Any]:
    headers = {"Authorization": [f"SSWS {functions.token}"]}
    return load_event("management") | {"multiValueHeaders": headers}


def events(functions: Functions, ready: tuple[str, str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    server, client, secret = ready
    seen = load_event("token")["headers"]
    page = load_event("jwks") | {"rawPath": "/signin", "rawQueryString": "request=x", "headers": seen}
    return {
        "discovery": ("discovery", public("discovery", server)),
        "key set": ("jwks", public("jwks", server)),
        "token": ("token", form_event("token", server, ASK, client, secret)),
        "pushed request": ("token", form_event("par", server, "response_type=code", client, secret)),
        "device": ("token", form_event("device/authorize", server, "scope=a", client, secret)),
        "introspection": ("token_status", form_event("introspect", server, "token=x", client, secret)),
        "revocation": ("token_status", form_event("revoke", server, "token=x", client, secret)),
        "administration": ("management", management(functions)),
        "sign-in page": ("authorize", page),
    }


@pytest.mark.parametrize("fault", list(CAUSES))
def test_dynamodb_away(functions: Functions, faults: Faults, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    ready = prepared(functions)
    for what, (name, event) in events(functions, ready).items():
        functions.restart()
        faults.clear()
        functions.function(name)
        faults.arm(FAULTS[fault], 1, lasting=True)
        capsys.readouterr()

        answer = functions.invoke(name, event)

        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert answer["statusCode"] == 503, (what, answer)
        assert [line["Unavailable"] for line in told] == [1], (what, told)
        assert told[0]["cause"].startswith("DynamoDB "), what
        assert told[0]["cause"].endswith(f": {CAUSES[fault]}"), what
        assert ready[2] not in json.dumps(told)
