"""Records and requests with only what matters stated."""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from authmint.http import Request
from authmint.keys.birth import new_key
from authmint.keys.rotation import scheduled
from authmint.storage.clients import Client, ClientSecret, secret_digest
from authmint.storage.groups import Group
from authmint.storage.servers import AuthorizationServer, Policy, Resource, Rule, Scope
from authmint.storage.users import User

from .fakes import NOW, CountingIds, FakeKeyPairs, FakeSeals

SECRET = "a-client-secret-of-more-than-32-characters"
CLIENT_ID = "0oaAAAAAAAAAAAAAAAAA"
SERVER_ID = "ausAAAAAAAAAAAAAAAAA"
BASE_URL = "https://acme.example.com"


def a_rule(**changes: Any) -> Rule:
    """Client credentials, any scope, an hour."""
    values: dict[str, Any] = {
        "id": "0pr1",
        "name": "r",
        "created_at": NOW,
        "updated_at": NOW,
        "grant_types": ("client_credentials",),
        "scopes": ("*",),
    }
    return Rule(**values | changes)


def a_policy(*rules: Rule, **changes: Any) -> Policy:
    """For all clients."""
    values: dict[str, Any] = {"id": "00p1", "name": "p", "created_at": NOW, "updated_at": NOW}
    return Policy(**values | {"clients": ("ALL_CLIENTS",), "rules": rules} | changes)


def a_server(**changes: Any) -> AuthorizationServer:
    """With one key, the scope ``orders:read`` and a policy that allows everything to machines."""
    server_id = changes.get("id", SERVER_ID)
    algorithm = changes.get("algorithm", "RS256")
    ids = CountingIds(1_000_000)  # other than those of the code under test
    values: dict[str, Any] = {
        "id": server_id,
        "name": "orders",
        "audience": "api://orders",
        "created_at": NOW,
        "updated_at": NOW,
        "scopes": (Scope("scp1", "orders:read"), Scope("scp2", "orders:write")),
        "policies": (a_policy(a_rule()),),
        "keys": (new_key(server_id, algorithm, FakeKeyPairs(), ids, NOW),),
    }
    return scheduled(AuthorizationServer(**values | changes))


def a_resource(uri: str, *scopes: str, **changes: Any) -> Resource:
    """An ACTIVE resource of which all scopes, or these, are."""
    values: dict[str, Any] = {"id": f"rsi of {uri}", "uri": uri, "created_at": NOW, "updated_at": NOW, "scopes": scopes}
    return Resource(**values | changes)


def a_secret(secret: str = SECRET, *, client_id: str = CLIENT_ID, **changes: Any) -> ClientSecret:
    """An ACTIVE secret."""
    wrapped = FakeSeals().seal(client_id, "ocs1", secret)
    values: dict[str, Any] = {
        "id": "ocs1",
        "digest": secret_digest(secret),
        "wrapped": wrapped,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return ClientSecret(**values | changes)


def a_client(**changes: Any) -> Client:
    """A service with a secret."""
    client_id = changes.get("id", CLIENT_ID)
    values: dict[str, Any] = {
        "id": client_id,
        "label": f"client {client_id}",
        "created_at": NOW,
        "updated_at": NOW,
        "application_type": "service",
        "grant_types": ("client_credentials",),
        "response_types": (),
        "secrets": (a_secret(client_id=client_id),),
    }
    return Client(**values | changes)


def basic(client_id: str = CLIENT_ID, secret: str = SECRET) -> dict[str, str]:
    """The header of ``client_secret_basic``."""
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def a_form(
    fields: dict[str, str],
    *,
    headers: dict[str, str] | None = None,
    path: str = "token",
    server_id: str = SERVER_ID,
    resources: Sequence[str] = (),
) -> Request:
    """A form POST to an endpoint of a server, with as many values of ``resource`` as are named."""
    return Request(
        method="POST",
        path=f"/oauth2/{server_id}/v1/{path}",
        base_url=BASE_URL,
        path_parameters={"authServerId": server_id},
        headers={"content-type": "application/x-www-form-urlencoded", **(headers or {})},
        body=urlencode([*fields.items(), *(("resource", value) for value in resources)]).encode(),
        source_ip="192.0.2.1",
        request_id="req-1",
    )


def a_user(**changes: Any) -> User:
    """An ACTIVE user without a password."""
    user_id = changes.get("id", "00uA")
    login = changes.pop("login", f"{user_id}@example.com".lower())
    profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Lee"}
    values: dict[str, Any] = {"id": user_id, "created_at": NOW, "updated_at": NOW, "status": "ACTIVE"}
    return User(**values | {"profile": profile | changes.pop("profile", {})} | changes)


def a_group(**changes: Any) -> Group:
    """An empty group."""
    group_id = changes.get("id", "00gA")
    values: dict[str, Any] = {"name": f"group {group_id}", "created_at": NOW, "updated_at": NOW, "members_at": NOW}
    return Group(**{"id": group_id} | values | changes)
