"""Strict reading of JWS (RFC 7515, RFC 8725): what libraries accept by themselves is refused here."""

import json
from typing import Any

import jwt
import pytest
from authmint.jose.encoding import b64decode, b64encode, strict_json
from authmint.jose.jws import BadToken, fits, read, verified_by_key, verified_by_secret
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import pregenerated

HEADER = {"alg": "HS256"}


def token(header: Any = HEADER, payload: Any = None, signature: bytes = b"s") -> str:
    parts = (json.dumps(header).encode(), json.dumps({} if payload is None else payload).encode(), signature)
    return ".".join(b64encode(part) for part in parts)


def with_raw(header: bytes = b'{"alg":"HS256"}', payload: bytes = b"{}") -> str:
    return ".".join(b64encode(part) for part in (header, payload, b"s"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        token() + "=",
        token() + ".",
        " " + token(),
        token().replace(".", "\n."),
        token() + "x" * 20_000,
        with_raw(header=b'{"alg":"HS256","alg":"none"}'),
        with_raw(payload=b'{"sub":"a","sub":"b"}'),
        with_raw(payload=b'{"a":{"b":1,"b":2}}'),
        with_raw(payload=b"[]"),
        with_raw(payload=b"null"),
        with_raw(payload=b'{"a":NaN}'),
        with_raw(payload=b'{"a":Infinity}'),
        with_raw(payload=b'{"a":' + b"9" * 400 + b"}"),
        with_raw(payload=b"\xef\xbb\xbf{}"),
        with_raw(payload=b"\xff"),
        with_raw(payload=b'{"a":"\\ud800"}'),
        with_raw(payload=b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
        with_raw(payload=b"{} {}"),
        token({"alg": 1}),
        token({}),
        token({"alg": "HS256", "kid": 1}),
        *(token({"alg": "HS256", name: value}) for name, value in {
            "crit": ["exp"], "jku": "https://evil.example", "jwk": {}, "x5u": "https://evil.example", "x5c": [],
            "b64": False, "zip": "DEF", "enc": "A128GCM",
        }.items()),
    ],
)  # fmt: skip
def test_malformed_or_dangerous_tokens_are_not_read(text: str) -> None:
    with pytest.raises(BadToken):
        read(text)


@pytest.mark.parametrize("text", ["YQ=", "YQ==", "YR", "Y", "Y+==", "Y Q", "YQ\n", "é"])
def test_only_one_text_stands_for_given_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        b64decode(text)


@given(st.binary(max_size=64))
def test_base64url_comes_back(data: bytes) -> None:
    assert b64decode(b64encode(data)) == data


@pytest.mark.parametrize("value", ["1700000000", True, None, -1, 1e300, [], {}, 10**12])
def test_dates_that_are_none(value: Any) -> None:
    with pytest.raises(BadToken, match="exp is not a date"):
        read(token(payload={"exp": value})).date("exp")


def test_dates_that_are_dates() -> None:
    jws = read(token(payload={"exp": 1_700_000_000, "iat": 1_700_000_000.9}))

    assert (jws.date("exp"), jws.date("iat"), jws.date("nbf")) == (1_700_000_000, 1_700_000_000, None)


def test_signatures_of_a_library_of_others_verify() -> None:
    secret = "s" * 64
    for algorithm in ("HS256", "HS384", "HS512"):
        jws = read(jwt.encode({"a": 1}, secret, algorithm))
        assert verified_by_secret(jws, secret.encode(), algorithms=("HS256", "HS384", "HS512"))
        assert not verified_by_secret(jws, b"other" * 20, algorithms=("HS256", "HS384", "HS512"))
        assert not verified_by_secret(jws, secret.encode(), algorithms=())


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("RS256", "RS256"), ("RS512", "RS256"), ("PS256", "RS256"), ("ES256", "ES256"), ("EdDSA", "EdDSA")],
)
def test_public_keys_verify_their_own_algorithm_only(algorithm: str, kind: Any) -> None:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    jwk, pkcs8 = pregenerated(kind)
    key: Any = load_der_private_key(pkcs8, None)
    jws = read(jwt.encode({"a": 1}, key, algorithm))

    assert verified_by_key(jws, jwk, algorithms=(algorithm,))
    assert not verified_by_key(jws, jwk, algorithms=("RS384",))
    assert not verified_by_key(jws, {**jwk, "alg": "RS384"}, algorithms=(algorithm,))
    other = read(jwt.encode({"a": 2}, key, algorithm))
    tampered = type(jws)(jws.header, jws.payload, other.signing_input, jws.signature)
    assert not verified_by_key(tampered, jwk, algorithms=(algorithm,))


def test_a_public_key_is_never_an_hmac_secret() -> None:
    jwk, _ = pregenerated("RS256")

    assert not fits(jwk, "HS256")
    assert not fits(jwk, "none")
    assert not fits(jwk, "ES256")


@given(st.text(max_size=200))
def test_whatever_comes_in_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except BadToken:
        return
    assert text.count(".") == 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
        max_leaves=10,
    )
)
def test_strict_json_reads_what_json_wrote(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return

    assert strict_json(encoded) == value
