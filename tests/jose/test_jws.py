"""Strict reading of JWS (RFC 7515, RFC 8725): what libraries accept by themselves is refused here."""

import json
from typing import Any

import jwt
import pytest
from authmint.jose.encoding import MAX_TOKEN, b64decode, b64encode, strict_json
from authmint.jose.jws import CLOCK_SKEW, BadToken, Jws, fits, verified_by_key, verified_by_secret
from authmint.jose.jws import read as read_jws
from authmint.jose.keys import BadKey, public_key
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import pregenerated

HEADER = {"alg": "HS256"}
NAMELESS = (None, "jwt")


def read(text: str) -> Jws:
    return read_jws(text, types=NAMELESS)


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


@pytest.mark.parametrize(
    "typ", ["at+jwt", "application/at+jwt", "dpop+jwt", "logout+jwt", "jwt+at", "", None, 1, ["JWT"]]
)
def test_a_token_made_for_another_purpose_is_not_read(typ: Any) -> None:
    with pytest.raises(BadToken, match="typ"):
        read(token({"alg": "HS256", "typ": typ}))


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])
def test_types_are_media_types(typ: str) -> None:
    assert read_jws(token({"alg": "HS256", "typ": typ}), types=("at+jwt",)).header["typ"] == typ


def test_a_type_that_is_asked_for_may_not_be_missing() -> None:
    with pytest.raises(BadToken, match="typ"):
        read_jws(token(), types=("at+jwt",))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize(("ahead", "later"), [(CLOCK_SKEW, False), (CLOCK_SKEW + 1, True)])
def test_clocks_differ_by_fifteen_seconds_at_most(claim: str, ahead: int, later: bool) -> None:
    assert CLOCK_SKEW == 15
    assert read(token(payload={claim: 1_700_000_000 + ahead})).begins_after(1_700_000_000) is later


def test_a_token_as_long_as_may_be_is_read_and_no_longer_one() -> None:
    room = MAX_TOKEN - len(token(payload={"aa": 1}, signature=b""))
    longest = token(payload={"aa": 1}, signature=b"s" * (room * 3 // 4))

    assert len(longest) == MAX_TOKEN
    assert read(longest)
    with pytest.raises(BadToken, match="oversized"):
        read(longest + "A")


RSA, EC, OKP = (pregenerated(algorithm)[0] for algorithm in ("RS256", "ES256", "EdDSA"))


def number(value: int, size: int = 256) -> str:
    return b64encode(value.to_bytes(size, "big"))


@pytest.mark.parametrize(
    "jwk",
    [
        RSA | {"key_ops": ["sign"]},
        RSA | {"key_ops": []},
        RSA | {"key_ops": "verify"},
        RSA | {"key_ops": ["verify", "verify"]},
        RSA | {"key_ops": ["verify", 1]},
        RSA | {"n": number(int.from_bytes(b64decode(RSA["n"]), "big") - 1)},
        RSA | {"n": number(3, 128)},
        RSA | {"n": number((1 << 8200) + 1, 1_100)},
        RSA | {"n": RSA["n"] + "="},
        RSA | {"e": number(1, 1)},
        RSA | {"e": number(4, 1)},
        RSA | {"e": number((1 << 34) + 1, 8)},
        RSA | {"e": None},
        EC | {"y": EC["x"]},
        EC | {"x": EC["x"][:-4]},
        EC | {"crv": "P-384"},
        EC | {"crv": "secp256k1"},
        {"kty": "EC", "x": EC["x"], "y": EC["y"]},
        OKP | {"crv": "Ed448"},
        OKP | {"x": OKP["x"][:-4]},
        {"kty": "oct", "k": "c2VjcmV0"},
        {},
    ],
)
def test_what_is_no_key_to_verify_with(jwk: dict[str, Any]) -> None:
    with pytest.raises(BadKey):
        public_key(jwk)


@pytest.mark.parametrize("jwk", [RSA, EC, OKP])
def test_a_key_to_verify_with(jwk: dict[str, Any]) -> None:
    assert public_key(jwk | {"key_ops": ["verify", "sign"], "use": "sig", "d": "ignored"})
    assert public_key(jwk | {"key_ops": ["wrapKey"], "use": "enc"})


@pytest.mark.parametrize("changes", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": "verify"}])
def test_a_key_for_something_else_verifies_nothing(changes: dict[str, Any]) -> None:
    assert not fits(RSA | changes, "RS256")


def test_ed25519_has_two_names() -> None:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    jwk, pkcs8 = pregenerated("EdDSA")
    key: Any = load_der_private_key(pkcs8, None)
    body = ".".join(b64encode(part) for part in (b'{"alg":"Ed25519"}', b"{}"))
    jws = read(f"{body}.{b64encode(key.sign(body.encode()))}")

    for named in (jwk, jwk | {"alg": "EdDSA"}, jwk | {"alg": "Ed25519"}):
        assert verified_by_key(jws, named, algorithms=("Ed25519",))
        assert fits(named, "EdDSA")
    assert not verified_by_key(jws, jwk, algorithms=("EdDSA",))
    assert not fits(jwk | {"alg": "ES256"}, "Ed25519")


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
