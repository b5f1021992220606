"""Payloads of access and ID tokens (docs/protocol.md §10.1, §10.3, §10)."""

import re

import pytest
from authmint.claims.names import RESERVED
from authmint.tokens.access_token import SignedIn, access_token_payload
from authmint.tokens.id_token import half_hash, id_token_payload

from tests.support.builders import a_server
from tests.support.fakes import NOW, CountingIds

USER = SignedIn("00uUSER", NOW - 60)


def access_token(**changes: object) -> dict[str, object]:
    given: dict[str, object] = {
        "issuer": "https://acme.example.com/oauth2/default",
        "client_id": "0oaCLIENT",
        "scopes": ("openid", "a"),
        "lifetime": 300,
        "now": NOW,
        "ids": CountingIds(),
        "claims": {"sub": "joe@example.com", "tier": "gold"},
    }
    return access_token_payload(a_server(), **given | changes)  # type: ignore[arg-type]


def id_token(**changes: object) -> dict[str, object]:
    given: dict[str, object] = {
        "issuer": "https://acme.example.com/oauth2/default",
        "client_id": "0oaCLIENT",
        "user": USER,
        "amr": ("pwd",),
        "idp": "00oORG",
        "now": NOW,
        "ids": CountingIds(),
        "claims": {"email": "joe@example.com"},
    }
    return id_token_payload(**given | changes)  # type: ignore[arg-type]


def test_an_access_token_of_a_user_has_its_members_in_the_order_of_the_samples() -> None:
    payload = access_token(user=USER)

    assert list(payload) == [
        "ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time", "sub", "tier",
    ]  # fmt: skip
    assert (payload["uid"], payload["auth_time"], payload["sub"]) == ("00uUSER", NOW - 60, "joe@example.com")
    assert (payload["aud"], payload["exp"]) == ("api://orders", NOW + 300)


def test_an_access_token_of_a_machine_names_no_user() -> None:
    assert list(access_token()) == ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "scp", "sub", "tier"]


def test_assurance_is_named_where_it_was_asked_for() -> None:
    assert access_token(acr="urn:okta:loa:2fa:any")["acr"] == "urn:okta:loa:2fa:any"


def test_a_token_of_a_users_authorization_names_its_family() -> None:
    jti = str(access_token(family_id="oar1")["jti"])

    assert re.fullmatch(r"AT\.[A-Za-z0-9_-]{43}\.oar1", jti)
    assert re.fullmatch(r"AT\.[A-Za-z0-9_-]{43}", str(access_token()["jti"]))


def test_an_id_token_has_the_base_claims_and_what_the_request_asked_for() -> None:
    payload = id_token()

    assert list(payload) == [
        "sub", "ver", "iss", "aud", "iat", "exp", "jti", "amr", "idp", "auth_time", "email",
    ]  # fmt: skip
    assert (payload["sub"], payload["aud"], payload["exp"]) == ("00uUSER", "0oaCLIENT", NOW + 3600)
    assert str(payload["jti"]).startswith("ID.")
    more = id_token(nonce="n", access_token="at", code="c", acr="loa", sid="102")
    assert set(more) - set(payload) == {"nonce", "at_hash", "c_hash", "acr", "sid"}


@pytest.mark.parametrize("name", sorted(RESERVED["RESOURCE"] - {"sub"}))
def test_no_claim_takes_the_place_of_one_of_the_protocol_in_an_access_token(name: str) -> None:
    forged = access_token(user=USER, claims={"sub": "joe", name: "forged"})

    assert "forged" not in forged.values()


@pytest.mark.parametrize("name", sorted(RESERVED["IDENTITY"]))
def test_no_claim_takes_the_place_of_one_of_the_protocol_in_an_id_token(name: str) -> None:
    assert "forged" not in id_token(claims={name: "forged"}).values()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("Qcb0Orv1zh30vL1MPRsbm-diHiMcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk", "f8VOk1xnEiLghlpPFRSzgg"),
    ],
)
def test_half_hashes_are_those_of_the_specification(value: str, expected: str) -> None:
    assert half_hash(value, "RS256") == half_hash(value, "ES256") == half_hash(value, "PS256") == expected
    assert len(half_hash(value, "EdDSA")) == 43  # half of SHA-512
