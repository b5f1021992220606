"""Proofs (RFC 9449 §4): each check fails alone, and its honest twin passes."""

import base64
from typing import Any

import pytest
from authmint.http import Request
from authmint.oauth.dpop import htu
from authmint.oauth.dpop.nonces import Nonces
from authmint.oauth.dpop.proofs import digest_of, presented, thumbprint
from authmint.oauth.errors import OAuthError
from authmint.storage.servers import DPOP_ALGORITHMS
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dpop import Key
from tests.support.fakes import NOW

URI = "https://as.example.com/oauth2/orders/v1/token"
KEY = Key()
OTHER = Key()
EXACTLY: dict[str, Any] = {}


def request(proof: str | None, method: str = "POST") -> Request:
    headers = {} if proof is None else {"dpop": proof}
    return Request(method, "/oauth2/orders/v1/token", base_url="https://as.example.com", headers=headers)


def refusal(proof: str, **named: Any) -> str | None:
    try:
        presented(request(proof), now=NOW, **named)
    except OAuthError as error:
        return error.id
    return None


@pytest.mark.parametrize("algorithm", DPOP_ALGORITHMS)
def test_proofs_of_every_algorithm(algorithm: str) -> None:
    key = Key(algorithm)

    proof = presented(request(key.proof(URI, jti="j", nonce="n", ath="a")), now=NOW)

    assert proof is not None
    assert (proof.jkt, proof.jti, proof.uri, proof.issued_at) == (key.jkt, "j", URI, NOW)
    assert (proof.nonce, proof.ath) == ("n", "a")


def test_a_request_without_a_proof_has_none() -> None:
    assert presented(request(None), now=NOW) is None


def test_members_beside_those_that_count_change_nothing() -> None:
    more = {"jwk": KEY.jwk | {"kid": "k", "use": "sig", "alg": "ES256", "key_ops": ["verify"]}, "kid": "k"}

    proof = presented(request(KEY.proof(URI, header=more, extra={"a": [1]})), now=NOW)

    assert proof is not None
    assert proof.jkt == KEY.jkt


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("invalid_dpop_proof_invalid_type", {"header": {"typ": "JWT"}}),
    ("invalid_dpop_proof_invalid_type", {"header": {"typ": "DPOP+JWT"}}),
    ("invalid_dpop_proof_invalid_type", {"header": {"typ": "application/dpop+jwt"}}),
    ("invalid_dpop_proof_invalid_type", {"header": {"typ": None}}),
    ("invalid_dpop_proof_invalid_signature_algorithm", {"header": {"alg": "HS256"}}),
    ("invalid_dpop_proof_invalid_signature_algorithm", {"header": {"alg": "none"}}),
    ("invalid_dpop_proof_invalid_signature_algorithm", {"header": {"alg": "ES384"}}),
    ("invalid_dpop_proof_invalid_signature_algorithm", {"header": {"jwk": Key("ES384").jwk}}),
    ("invalid_dpop_proof_invalid_jwt", {"header": {"jwk": None}}),
    ("invalid_dpop_proof_invalid_jwt", {"header": {"jwk": "x"}}),
    ("invalid_dpop_proof_invalid_jwt", {"header": {"jwk": KEY.jwk | {"d": "x"}}}),
    ("invalid_dpop_proof_invalid_jwt", {"header": {"jwk": {"kty": "oct", "k": "x"}}}),
    ("invalid_dpop_proof_invalid_jwt", {"header": {"crit": ["jwk"]}}),
    ("invalid_dpop_proof_invalid_jwt", {"header": {"jku": "https://a"}}),
    ("invalid_dpop_proof_invalid_signature", {"header": {"jwk": OTHER.jwk}}),
    ("invalid_dpop_proof_invalid_signature", {"header": {"jwk": KEY.jwk | {"x": KEY.jwk["x"][:-4]}}}),
    ("invalid_dpop_proof_invalid_jti", {"jti": None}),
    ("invalid_dpop_proof_invalid_jti", {"jti": ""}),
    ("invalid_dpop_proof_invalid_jti", {"jti": 7}),
    ("invalid_dpop_proof_invalid_jti", {"jti": "j" * 257}),
    ("invalid_dpop_proof_invalid_htm", {"htm": "GET"}),
    ("invalid_dpop_proof_invalid_htm", {"htm": "post"}),
    ("invalid_dpop_proof_invalid_htm", {"htm": None}),
    ("invalid_dpop_proof_invalid_htu", {"htu": "https://as.example.com/oauth2/other/v1/token"}),
    ("invalid_dpop_proof_invalid_htu", {"htu": None}),
    ("invalid_dpop_proof_invalid_htu", {"htu": ["x"]}),
    ("invalid_dpop_proof_invalid_iat", {"iat": None}),
    ("invalid_dpop_proof_invalid_iat", {"iat": "now"}),
    ("invalid_dpop_proof_invalid_iat", {"iat": True}),
    ("invalid_dpop_proof_jwt_issued_in_future", {"iat": NOW + 16}),
    ("invalid_dpop_proof_jwt_issued_in_future", {"nbf": NOW + 16}),
    ("invalid_dpop_proof_jwt_too_old", {"iat": NOW - 301}),
    ("invalid_dpop_proof_jwt_expired", {"exp": NOW}),
]


@pytest.mark.parametrize(("told", "changes"), REFUSED)
def test_what_is_refused(told: str, changes: dict[str, Any]) -> None:
    assert refusal(KEY.proof(URI, **changes)) == told
    assert refusal(KEY.proof(URI)) is None


@pytest.mark.parametrize(
    "changes", [{"iat": NOW + 15}, {"iat": NOW - 300}, {"iat": NOW + 0.5}, {"nbf": NOW + 15}, {"exp": NOW + 1}]
)
def test_times_that_are_just_good(changes: dict[str, Any]) -> None:
    assert refusal(KEY.proof(URI, **changes)) is None


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "..", "e30.e30.", "ö.ö.ö", "x" * 9_000])
def test_what_is_no_jwt(text: str) -> None:
    assert refusal(text) == "invalid_dpop_proof_invalid_jwt"


def test_two_proofs_are_refused_however_they_arrive() -> None:
    assert refusal(f"{KEY.proof(URI)}, {KEY.proof(URI)}") == "invalid_dpop_proof_multiple_headers_not_allowed"


def test_a_signature_of_another_proof_is_none_of_this_one() -> None:
    one, other = KEY.proof(URI).split("."), KEY.proof(URI, nonce="n").split(".")

    assert refusal(".".join((*one[:2], other[2]))) == "invalid_dpop_proof_invalid_signature"


def test_a_server_may_take_fewer_algorithms() -> None:
    assert refusal(Key("RS256").proof(URI), algorithms=("ES256",)) == "invalid_dpop_proof_invalid_signature_algorithm"


def test_an_rsa_exponent_has_one_spelling_or_one_key_would_have_many_thumbprints() -> None:
    key = Key("RS256")
    padded = base64.urlsafe_b64encode(b"\0" + base64.urlsafe_b64decode(key.jwk["e"] + "==")).rstrip(b"=").decode()

    told = refusal(key.proof(URI, header={"jwk": key.jwk | {"e": padded}}))

    assert told in {"invalid_dpop_proof_invalid_signature_algorithm", "invalid_dpop_proof_invalid_jwt"}
    assert refusal(key.proof(URI)) is None


def test_the_thumbprint_and_the_digest_of_the_rfcs() -> None:
    # RFC 7638 §3.1, RFC 9449 §7.1
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"
        "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awap"
        "JzKnqDKgw"
    )
    key = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}

    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert digest_of("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU") == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


EXPECTED = URI


@pytest.mark.parametrize(
    "given_uri",
    [
        EXPECTED,
        "HTTPS://AS.Example.COM:443/oauth2/orders/v1/token",
        EXPECTED + "?x=1",
        EXPECTED + "#f",
        "https://as.example.com/oauth2/orders/v1/%74oken",
    ],
)
def test_spellings_of_one_uri(given_uri: str) -> None:
    assert htu.is_for(given_uri, EXPECTED)


@pytest.mark.parametrize(
    "given_uri",
    [
        EXPECTED + "/",
        "https://as.example.com/oauth2/Orders/v1/token",
        "http://as.example.com/oauth2/orders/v1/token",
        "https://as.example.com:8443/oauth2/orders/v1/token",
        "https://a1b2c3.execute-api.us-east-1.amazonaws.com/oauth2/orders/v1/token",
        "/oauth2/orders/v1/token",
        "https://u@as.example.com/oauth2/orders/v1/token",
        "https://as.example.com\\@evil.example/oauth2/orders/v1/token",
        "https://as.example.com/oauth2/orders/v1%2Ftoken",
        "https://as.example.com:x/oauth2/orders/v1/token",
        "https://[::1/oauth2/orders/v1/token",
        "https://as.example.com/oauth2/orders/v1/token\n",
        "https://ａs.example.com/oauth2/orders/v1/token",
        "",
        None,
    ],
)
def test_other_uris(given_uri: Any) -> None:
    assert not htu.is_for(given_uri, EXPECTED)


@given(st.text())
def test_no_text_breaks_the_comparison(text: str) -> None:
    assert not htu.is_for(text, EXPECTED)
    assert htu.is_for(EXPECTED + "?" + "".join(c for c in text if "!" <= c <= "~" and c not in "#\\"), EXPECTED)


@given(st.integers(0, 2**40), st.integers(0, 400_000))
def test_a_nonce_is_good_for_two_windows_at_least_and_three_at_most(now: int, later: int) -> None:
    nonces = Nonces(b"k" * 32, 259_200)

    good = nonces.accepts(nonces.current(now), now + later)

    assert good or later > 172_800
    assert not good or later < 259_200


def test_nonces_of_another_server_and_made_up_ones() -> None:
    nonces = Nonces(b"k" * 32, 259_200)

    assert not nonces.accepts(Nonces(b"j" * 32, 259_200).current(NOW), NOW)
    assert not any(nonces.accepts(text, NOW) for text in ("", "x", "\ud800", nonces.current(NOW) + "A"))
    assert nonces.current(NOW) != nonces.current(NOW + 86_400)
