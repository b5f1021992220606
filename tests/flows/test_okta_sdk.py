"""The quick start with clients that nobody here wrote: Okta's Python SDK, ``requests`` and Okta's JWT verifier."""

import asyncio
from typing import Any

import pytest
import requests
from okta.models.open_id_connect_application import OpenIdConnectApplication
from okta_jwt_verifier.exceptions import JWTValidationException
from okta_jwt_verifier.jwt_verifier import BaseJWTVerifier

from tests.flows.okta_sdk import Sdk
from tests.support.stack import Running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def accepted(token: str, issuer: str, audience: str) -> bool:
    """What Okta's verifier, fetching the keys anew, says about a token."""
    # It wants https of an issuer and has no switch for tests: the address on this machine is set after that check.
    verifier = BaseJWTVerifier(issuer="https://localhost/oauth2/x", audience=audience, client_id="unused")
    verifier.issuer = issuer
    try:
        asyncio.run(verifier.verify_access_token(token))
    except JWTValidationException:
        return False
    return True


def test_from_an_empty_org_to_a_verified_token_across_a_rotation(sdk: Sdk, stack: Running) -> None:
    server = sdk.create_authorization_server({"name": "orders", "description": "d", "audiences": ["api://orders"]})
    sdk.create_o_auth2_scope(server.id, {"name": "orders:read", "metadataPublish": "ALL_CLIENTS"})
    policy = sdk.create_authorization_server_policy(
        server.id,
        {
            "name": "machines",
            "description": "d",
            "type": "OAUTH_AUTHORIZATION_POLICY",
            "priority": 1,
            "status": "ACTIVE",
            "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        },
    )
    sdk.create_authorization_server_policy_rule(
        server.id,
        policy.id,
        {
            "name": "all",
            "type": "RESOURCE_ACCESS",
            "priority": 1,
            "conditions": {
                "people": {"groups": {"include": ["EVERYONE"]}, "users": {"include": []}},
                "grantTypes": {"include": ["client_credentials"]},
                "scopes": {"include": ["orders:read"]},
            },
            "actions": {"token": {"accessTokenLifetimeMinutes": 10, "refreshTokenWindowMinutes": 10080}},
        },
    )
    app = sdk.create_application(
        OpenIdConnectApplication.from_dict(
            {
                "label": f"orders service {server.id}",
                "name": "oidc_client",
                "signOnMode": "OPENID_CONNECT",
                "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
                "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"]}},
            }
        )
    )
    app = getattr(app, "actual_instance", app)
    credentials = app.credentials.oauth_client
    issuer = f"{stack.url}/oauth2/{server.id}"

    def token() -> Any:
        return requests.post(
            f"{issuer}/v1/token",
            data={"grant_type": "client_credentials", "scope": "orders:read"},
            auth=(credentials.client_id, credentials.client_secret),
            timeout=30,
        ).json()

    first = token()
    assert first["expires_in"] == 600
    assert server.issuer == issuer
    assert accepted(first["access_token"], issuer, "api://orders")
    assert not accepted(first["access_token"], issuer, "api://other")

    keys = sdk.rotate_authorization_server_keys(server.id, {"use": "sig"})
    second = token()

    assert [key.status for key in keys] == ["ACTIVE", "NEXT", "EXPIRED"]
    assert accepted(first["access_token"], issuer, "api://orders")
    assert accepted(second["access_token"], issuer, "api://orders")

    sdk.deactivate_authorization_server(server.id)
    assert token()["error_description"] == "The authorization server id is invalid."
    assert requests.get(f"{issuer}/v1/keys", timeout=30).status_code == 404


def test_the_sdk_lists_reads_replaces_and_deletes(sdk: Sdk) -> None:
    server = sdk.create_authorization_server({"name": "crud", "description": "d", "audiences": ["a"]})

    listed = sdk.list_authorization_servers(q="crud")
    server.description = "changed"
    server.issuer_mode = "ORG_URL"
    replaced = sdk.replace_authorization_server(server.id, server)
    claims = sdk.list_o_auth2_claims(server.id)
    scopes = sdk.list_o_auth2_scopes(server.id)
    keys = sdk.list_authorization_server_keys(server.id)
    sdk.deactivate_authorization_server(server.id)
    sdk.delete_authorization_server(server.id)

    assert server.id in [found.id for found in listed]
    assert replaced.description == "changed"
    assert (len(claims), len(scopes), len(keys)) == (19, 7, 2)
    assert server.id not in [found.id for found in sdk.list_authorization_servers(q="crud")]
