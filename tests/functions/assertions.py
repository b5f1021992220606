"""Requests of clients that authenticate by assertions."""

import time
from typing import Any

import jwt

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def asserted(event: dict[str, Any], server: str, path: str, client: Any, *, jti: str | None = None) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": client["client_id"],
        "sub": client["client_id"],
        "aud": f"https://acme.example.com/oauth2/{server}/v1/{path}",
        "exp": now + 60,
        "jti": jti or f"one-{path}",
    }
    assertion = jwt.encode(claims, client["client_secret"], "HS256")
    headers = {name: value for name, value in event["headers"].items() if name != "authorization"}
    body = f"{event['body']}&client_assertion_type={ASSERTION}&client_assertion={assertion}"
    return event | {"headers": headers, "body": body}
