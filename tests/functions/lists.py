"""Status lists as functions serve them."""

from typing import Any

import jwt

from tests.functions.deployment import load_event


def a_list_of(token: str) -> dict[str, Any]:
    """The event that asks for the list of a token."""
    uri = jwt.decode(token, options={"verify_signature": False})["status"]["status_list"]["uri"]
    path = uri.partition("/oauth2/")[2]
    server_id, _, list_id = path.partition("/v1/status/")
    event = load_event("jwks")
    return event | {"rawPath": f"/oauth2/{path}", "pathParameters": {"authServerId": server_id, "list": list_id}}
