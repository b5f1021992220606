"""Which log lines the template's subscriptions hand to the system log, by the parameter ``KeptEvents``."""

import json
import re
from typing import Any

import pytest
from authmint.audit.lines import line_of
from authmint.local.deployment import deployment
from authmint.local.template import load
from authmint.storage.events import Event, Party

DOCUMENT = load(deployment().template)
CLIENT, PERSON = Party("0oa1", "PublicClientApp", "0oa1"), Party("00u1", "User", "maria@example.org")
TOKEN = Party("hash", "access_token", detail={"hash": "hash"})

LINES = {
    "token of a machine": Event("e", 1, "app.oauth2.as.token.grant.access_token", CLIENT, targets=(TOKEN,)),
    "token of a person": Event("e", 1, "app.oauth2.as.token.grant.access_token", CLIENT, targets=(TOKEN, PERSON)),
    "sign-in": Event("e", 1, "user.session.start", PERSON),
    "allowed by policies": Event("e", 1, "policy.evaluate_sign_on", PERSON, outcome="ALLOW"),
    "denied by policies": Event("e", 1, "policy.evaluate_sign_on", PERSON, outcome="DENY", reason="DENY"),
    "refused sign-in": Event("e", 1, "user.session.start", PERSON, outcome="FAILURE", reason="LOCKED_OUT"),
    "refused token": Event("e", 1, "app.oauth2.as.token.grant", CLIENT, outcome="FAILURE", reason="invalid_scope"),
    "another line": None,
}
PEOPLE = {"token of a person", "sign-in", "allowed by policies"}
REFUSED = {"refused sign-in", "refused token", "denied by policies"}


def matches(pattern: str, line: Any) -> bool:
    """A filter pattern of CloudWatch Logs: comparisons with a text or with any, joined by or."""
    assert (pattern[:2], pattern[-2:]) == ("{ ", " }")
    return any(_compared(part.strip(" ()"), line) for part in pattern[2:-2].split("||"))


def _compared(comparison: str, line: Any) -> bool:
    matched = re.fullmatch(r'\$\.([\w.\[\]]+) = "([^"]+)"', comparison)
    assert matched, comparison
    value = line
    for name, index in re.findall(r"(\w+)(?:\[(\d)\])?", matched[1]):
        value = value.get(name) if isinstance(value, dict) else None
        if index:
            value = value[int(index)] if isinstance(value, list) and len(value) > int(index) else None
    return isinstance(value, str) and matched[2] in ("*", value)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ("all", {"token of a machine"} | PEOPLE | REFUSED),
        ("people-and-refusals", PEOPLE | REFUSED),
        ("refusals", REFUSED),
    ],
)
def test_lines_are_kept(kept: str, expected: set[str]) -> None:
    pattern = DOCUMENT["Mappings"]["KeptEvents"][kept]["Pattern"]

    found = {
        name
        for name, event in LINES.items()
        if matches(pattern, {"message": "m"} if event is None else json.loads(json.dumps({"event": line_of(event)})))
    }

    assert found == expected


def test_every_choice_has_its_pattern_and_every_function_that_logs_events_its_subscription() -> None:
    subscriptions = [
        resource["Properties"]
        for resource in DOCUMENT["Resources"].values()
        if resource["Type"] == "AWS::Logs::SubscriptionFilter" and "RoleArn" not in resource["Properties"]
    ]

    assert DOCUMENT["Mappings"]["KeptEvents"].keys() == set(DOCUMENT["Parameters"]["KeptEvents"]["AllowedValues"])
    assert {properties["LogGroupName"]["Ref"] for properties in subscriptions} == {
        "TokenLogs",
        "AuthorizeLogs",
        "RegistrationLogs",
        "TokenStatusLogs",
    }
    assert {str(properties["FilterPattern"]) for properties in subscriptions} == {
        str({"Fn::FindInMap": ["KeptEvents", {"Ref": "KeptEvents"}, "Pattern"]})
    }
