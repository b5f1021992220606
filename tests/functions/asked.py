"""What a question to the management API costs in calls."""

import json
from typing import Any

from tests.functions.deployment import Functions, load_event


def calls(functions: Functions, path: str) -> tuple[list[str], Any]:
    path, _, query = path.partition("?")
    parameters = {name: [value] for name, _, value in (part.partition("=") for part in query.split("&") if part)}
    functions.calls.sent.clear()
    event = load_event("management") | {
        "httpMethod": "GET",
        "path": path,
        "multiValueQueryStringParameters": parameters,
        "multiValueHeaders": {"Authorization": [f"SSWS {functions.token}"]},
    }
    answer = functions.http("management", event)
    assert answer["statusCode"] == 200, answer
    # Every request begins by finding the API token, and counting what it is used for.
    assert functions.calls.sent[:2] == ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    return [name.partition(":")[2] for name in functions.calls.sent[2:]], json.loads(answer["body"])
