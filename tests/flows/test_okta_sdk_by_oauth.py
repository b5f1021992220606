"""The official SDK as a service app: it signs assertions, gets tokens of the org server, is held to its scopes."""

import asyncio
import json
from typing import Any

import pytest
from okta.client import Client as OktaClient

from tests.support.fakes import pregenerated
from tests.support.stack import Running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_a_service_app_administers_within_its_grants(stack: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    public, private = rsa_pair()
    oauth = {"application_type": "service", "grant_types": ["client_credentials"], "jwks": {"keys": [public]}}
    app = {
        "label": "robot by SDK",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
        "settings": {"oauthClient": oauth},
    }
    client_id = stack.made("/api/v1/apps", app)["id"]
    stack.made(f"/api/v1/apps/{client_id}/grants", {"issuer": stack.url, "scopeId": "okta.groups.read"})
    client = OktaClient(
        {
            "orgUrl": stack.url,
            "authorizationMode": "PrivateKey",
            "clientId": client_id,
            "scopes": ["okta.groups.read"],
            "privateKey": json.dumps(private),
        }
    )

    group: Any = {"profile": {"name": "not mine to make"}}

    groups, _, error = asyncio.run(client.list_groups())
    made, answer, _ = asyncio.run(client.add_group(group))

    assert error is None
    assert "Everyone" in [group.profile.actual_instance.name for group in groups]
    # The refusal is a challenge without a body, which the SDK takes for no error and no group.
    assert (made, answer.status_code) == (None, 403)


def rsa_pair() -> tuple[dict[str, Any], dict[str, Any]]:
    """Public and private JWK of a key that was made before."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    from jwt.algorithms import RSAAlgorithm

    jwk, pkcs8 = pregenerated("RS256")
    private: Any = load_der_private_key(pkcs8, None)
    named = {"kid": "robot", "use": "sig", "alg": "RS256"}
    members = RSAAlgorithm.to_jwk(private, as_dict=True)
    # The SDK takes texts only.
    return jwk | named, {name: value for name, value in members.items() if isinstance(value, str)} | named
