"""What clients say of their certificates, in both views (docs/protocol.md §47)."""

from typing import Any

import pytest
from authmint.management.clients.abilities import Abilities

from tests.management.admin import Admin

CLIENTS = "/oauth2/v1/clients"
JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def registration(**changes: Any) -> dict[str, Any]:
    body = {
        "client_name": "tpp",
        "application_type": "service",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=tpp,O=Bank,C=DE",
        "tls_client_certificate_bound_access_tokens": True,
        "tls_client_auth_blocked_serials": ["0a:FF", "00"],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


@pytest.fixture
def admin() -> Admin:
    """Of a deployment where clients show certificates."""
    return Admin(able=Abilities(mutual_tls=True))


def test_a_client_says_what_its_certificate_is_and_both_views_show_it(admin: Admin) -> None:
    made = admin.made(CLIENTS, registration())

    expected = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=tpp,O=Bank,C=DE",
        "tls_client_certificate_bound_access_tokens": True,
        "tls_client_auth_blocked_serials": ["aff", "0"],
    }
    assert {name: made[name] for name in expected} == expected
    assert "client_secret" not in made
    view = admin.get(f"/api/v1/apps/{made['client_id']}").json
    assert admin.put(f"/api/v1/apps/{made['client_id']}", view).status == 200
    assert admin.put(f"{CLIENTS}/{made['client_id']}", made).json == made, "who sends it back changes nothing"


@pytest.mark.parametrize(
    ("kind", "value"),
    [("san_dns", "tpp.example"), ("san_uri", "urn:tpp"), ("san_ip", "2001:db8::1"), ("san_email", "a@tpp.example")],
)
def test_other_names_do_as_well(admin: Admin, kind: str, value: str) -> None:
    made = admin.made(CLIENTS, registration(tls_client_auth_subject_dn=None, **{f"tls_client_auth_{kind}": value}))

    assert made[f"tls_client_auth_{kind}"] == value


def test_a_client_of_its_own_key_has_keys(admin: Admin) -> None:
    own = registration(
        token_endpoint_auth_method="self_signed_tls_client_auth", tls_client_auth_subject_dn=None, jwks={"keys": [JWK]}
    )

    assert admin.post(CLIENTS, own).status == 201
    assert admin.post(CLIENTS, own | {"jwks": None}).status == 400


WRONG: dict[str, dict[str, Any]] = {
    "no name": {"tls_client_auth_subject_dn": None},
    "two names": {"tls_client_auth_san_dns": "tpp.example"},
    "no distinguished name": {"tls_client_auth_subject_dn": "tpp"},
    "no address": {"tls_client_auth_subject_dn": None, "tls_client_auth_san_ip": "x"},
    "a name without the method": {"token_endpoint_auth_method": "client_secret_basic"},
    "no serial numbers": {"tls_client_auth_blocked_serials": ["xyz"]},
    "too many of them": {"tls_client_auth_blocked_serials": [f"{n:x}" for n in range(101)]},
    "no flag": {"tls_client_certificate_bound_access_tokens": "yes"},
}


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_refused(admin: Admin, what: str) -> None:
    assert admin.post(CLIENTS, registration(**WRONG[what])).status == 400
    assert admin.post(CLIENTS, registration()).status == 201


def test_where_nobody_shows_certificates_no_client_can_have_one() -> None:
    plain = Admin()
    secret = {"token_endpoint_auth_method": "client_secret_basic", "tls_client_auth_subject_dn": None}
    bound = registration(**secret, tls_client_auth_blocked_serials=None)

    assert "MtlsDomainName" in plain.post(CLIENTS, registration()).json["error_description"]
    assert "MtlsDomainName" in plain.post(CLIENTS, bound).json["error_description"]
    assert plain.post(CLIENTS, bound | {"tls_client_certificate_bound_access_tokens": False}).status == 201
