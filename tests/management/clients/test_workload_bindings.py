"""``workload_bindings`` of clients, in both views (docs/protocol.md §46.1)."""

from typing import Any

import pytest

from tests.management.admin import Admin

AWS = "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws"
POD = {"issuer": "https://kubernetes.example", "claims": {"sub": "system:serviceaccount:shop:orders"}}
ROLE = {
    "issuer": AWS,
    "audience": "https://acme.example.com/oauth2/orders",
    "accounts": ["123456789012"],
    "organization": "o-a1b2c3d4e5",
    "roles": ["arn:aws:iam::123456789012:role/orders-*"],
}
CLIENTS = "/oauth2/v1/clients"


def registration(**changes: Any) -> dict[str, Any]:
    body = {
        "client_name": "worker",
        "application_type": "service",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "workload_bindings": [POD, ROLE],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def app(**changes: Any) -> dict[str, Any]:
    oauth = {"application_type": "service", "grant_types": ["client_credentials"], "workload_bindings": [POD]}
    return {
        "label": "worker",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
        "settings": {"oauthClient": oauth | changes},
    }


def test_a_client_is_bound_and_both_views_show_it(admin: Admin) -> None:
    made = admin.made(CLIENTS, registration())

    assert (made["workload_bindings"], made["federated"], made.get("client_secret")) == ([POD, ROLE], True, None)
    view = admin.get(f"/api/v1/apps/{made['client_id']}").json
    assert view["settings"]["oauthClient"]["workload_bindings"] == [POD, ROLE]
    assert view["credentials"]["oauthClient"]["token_endpoint_auth_method"] == "private_key_jwt"
    assert admin.put(f"{CLIENTS}/{made['client_id']}", made).json == made, "who sends it back changes nothing"
    assert admin.put(f"/api/v1/apps/{made['client_id']}", view).status == 200
    assert admin.get(f"{CLIENTS}/{made['client_id']}").json["workload_bindings"] == [POD, ROLE]


def test_a_client_that_is_bound_no_more_needs_keys_again(admin: Admin) -> None:
    made = admin.made("/api/v1/apps", app())
    path = f"/api/v1/apps/{made['id']}"
    body = app()
    del body["settings"]["oauthClient"]["workload_bindings"]

    assert admin.put(path, body).status == 400
    body["credentials"]["oauthClient"]["token_endpoint_auth_method"] = "client_secret_basic"
    changed = admin.put(path, body).json
    assert "workload_bindings" not in changed["settings"]["oauthClient"]
    assert "federated" not in changed["settings"]["oauthClient"]


JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
WRONG: dict[str, dict[str, Any]] = {
    "a secret": {"token_endpoint_auth_method": "client_secret_basic"},
    "no method": {"token_endpoint_auth_method": "none", "pkce_required": True},
    "keys": {"jwks": {"keys": [JWK]}},
    "keys elsewhere": {"jwks_uri": "https://app.example/keys"},
    "no service": {
        "application_type": "web",
        "grant_types": ["authorization_code"],
        "redirect_uris": ["https://a.example/"],
    },
    "no list": {"workload_bindings": POD},
    "a list of texts": {"workload_bindings": ["x"]},
    "too many": {"workload_bindings": [POD] * 21},
    "no issuer": {"workload_bindings": [{"claims": {"sub": "x"}}]},
    "an issuer alone": {"workload_bindings": [{"issuer": "https://kubernetes.example"}]},
    "an account alone": {"workload_bindings": [{"issuer": AWS, "accounts": ["123456789012"]}]},
    "claims of AWS alone": {"workload_bindings": [{"issuer": AWS, "claims": {"sub": "x"}}]},
    "a role elsewhere": {"workload_bindings": [POD | {"roles": ROLE["roles"]}]},
    "a cluster's audience": {"workload_bindings": [POD | {"audience": "https://kubernetes.default.svc"}]},
    "a longer one": {"workload_bindings": [POD | {"audience": "https://kubernetes.default.svc.cluster.local"}]},
    "GitHub's audience": {"workload_bindings": [POD | {"audience": "https://github.com/acme"}]},
    "a claim that is no text": {"workload_bindings": [POD | {"claims": {"sub": 1}}]},
    "an empty claim": {"workload_bindings": [POD | {"claims": {"sub": ""}}]},
    "any account": {"workload_bindings": [ROLE | {"roles": ["arn:aws:iam::*:role/orders"]}]},
    "any role": {"workload_bindings": [ROLE | {"roles": ["*"]}]},
    "an account that is none": {"workload_bindings": [ROLE | {"accounts": ["12"]}]},
    "an organization that is none": {"workload_bindings": [ROLE | {"organization": "acme"}]},
    "conditions": {"workload_bindings": [POD | {"conditions": {"a": "b"}}]},
}


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_refused(admin: Admin, what: str) -> None:
    answer = admin.post(CLIENTS, registration(**WRONG[what]))

    assert answer.status == 400, answer.json
    assert admin.post(CLIENTS, registration()).status == 201
