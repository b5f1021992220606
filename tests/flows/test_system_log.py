"""The system log on a running stack: what happened is there, a moment later, for whoever polls."""

import time
from collections.abc import Iterator
from typing import Any

import requests

from tests.support.stack import Running

SECONDS = 20


def polled(stack: Running, query: str) -> Iterator[Any]:
    """Events as a poller sees them, until they have been coming for a while."""
    url, deadline = f"{stack.url}/api/v1/logs?{query}", time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        answer = requests.get(url, headers={"Authorization": f"SSWS {stack.token}"}, timeout=30)
        assert answer.status_code == 200, answer.text
        yield from answer.json()
        url = answer.links["next"]["url"]
        time.sleep(0.1)


def test_token_requests_arrive_in_the_log_with_what_decided_them(stack: Running) -> None:
    server = stack.made("/api/v1/authorizationServers", {"name": "logged", "audiences": ["a"]})["id"]
    base = f"/api/v1/authorizationServers/{server}"
    stack.made(f"{base}/scopes", {"name": "a"})
    conditions = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = stack.made(f"{base}/policies", {"name": "p", "conditions": conditions})["id"]
    condition = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["a"]}}
    rule = stack.made(f"{base}/policies/{policy}/rules", {"name": "r", "conditions": condition})["id"]
    registration = {"client_name": "logged", "application_type": "service", "grant_types": ["client_credentials"]}
    client = stack.made("/oauth2/v1/clients", registration)
    credentials = (client["client_id"], client["client_secret"])

    for scope in ("a", "unknown"):
        form = {"grant_type": "client_credentials", "scope": scope}
        requests.post(f"{stack.url}/oauth2/{server}/v1/token", form, auth=credentials, timeout=30)

    found: dict[str, Any] = {}
    for event in polled(stack, f'filter=actor.id eq "{client["client_id"]}"'):
        assert event["eventType"] not in found
        found[event["eventType"]] = event
        if len(found) == 2:
            break
    granted, refused = found["app.oauth2.as.token.grant.access_token"], found["app.oauth2.as.token.grant"]
    assert (granted["debugContext"]["debugData"]["policy"], granted["debugContext"]["debugData"]["rule"]) == (
        policy,
        rule,
    )
    assert (refused["outcome"]["result"], refused["outcome"]["reason"]) == ("FAILURE", "no_matching_scope")
