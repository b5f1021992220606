"""Client assertions (RFC 7523 §3, docs/protocol.md §7): every rule, and what attackers try."""

import hmac
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.jose.encoding import b64encode
from authmint.jose.jws import read
from authmint.oauth.client_auth.assertions import Assertions
from authmint.oauth.client_auth.audience import Audiences
from authmint.oauth.client_auth.authentication import ASSERTION_TYPES
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.client_auth.signatures import ClientSignatures
from authmint.oauth.errors import OAuthError
from authmint.oauth.outbound_fetch import FetchFailed, fetch, is_public
from authmint.oauth.security_profile import NO_PROFILE
from authmint.storage.clients import Client
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.memory.storage import MemoryStorage
from tests.oauth.client_auth.signing import ENDPOINT, JWK, KEY, ask, claims, key_client, signed
from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SECRET, SERVER_ID, a_client, a_secret
from tests.support.fakes import NOW, FakeSeals


def hmac_client() -> Client:
    return a_client(auth_method="client_secret_jwt")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_client_secret_jwt(algorithm: str) -> None:
    long = "s" * 64
    client = replace(hmac_client(), secrets=(a_secret(long),))

    assert ask(Engine(client=client), jwt.encode(claims(), long, algorithm)) == 200


@pytest.mark.parametrize("headers", [None, {"kid": "k1"}])
@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256"])
def test_private_key_jwt_with_and_without_kid(algorithm: str, headers: dict[str, Any] | None) -> None:
    assert ask(Engine(client=key_client()), signed(algorithm=algorithm, headers=headers)) == 200


@pytest.mark.parametrize("audience", [ENDPOINT, f"{BASE_URL}/oauth2/{SERVER_ID}", [ENDPOINT]])
def test_audiences_that_are_this_endpoint_or_its_issuer(audience: Any) -> None:
    assert ask(Engine(client=key_client()), signed(aud=audience)) == 200


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt", "application/client-authentication+jwt"])
def test_types_of_assertions(typ: str) -> None:
    assert ask(Engine(client=key_client()), signed(headers={"typ": typ})) == 200


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt"])
def test_a_token_made_for_another_purpose_is_no_assertion(typ: str) -> None:
    assert "assertion" in ask(Engine(client=key_client()), signed(headers={"typ": typ}))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_clocks_that_differ_a_little(claim: str) -> None:
    engine = Engine(client=key_client())

    def ahead(seconds: int) -> str:
        return jwt.encode(claims(jti=str(seconds)) | {claim: NOW + seconds}, KEY, "RS256")

    assert ask(engine, ahead(15)) == 200
    assert ask(engine, ahead(16)).endswith("must be issued before the current time.")


def test_a_key_that_is_not_for_verifying_is_not_used() -> None:
    client = key_client({**JWK, "kid": "k1", "key_ops": ["sign"]})

    assert ask(Engine(client=client), signed(headers={"kid": "k1"})) != 200


def by_hand(algorithm: str, secret: bytes) -> str:
    """An assertion that no library would make."""
    header = json.dumps({"alg": algorithm}).encode()
    body = f"{b64encode(header)}.{b64encode(json.dumps(claims()).encode())}"
    return f"{body}.{b64encode(hmac.digest(secret, body.encode(), 'sha256'))}"


WRONG_AUDIENCE = "The audience claim for client_assertion must be the endpoint invoked for the request."


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"iss": "other"}, "The issuer claim for client_assertion is not a valid client_id."),
        ({"sub": None}, "The subject claim for client_assertion is not a valid client_id."),
        ({"aud": None}, WRONG_AUDIENCE),
        ({"aud": f"{BASE_URL}/oauth2/other/v1/token"}, WRONG_AUDIENCE),
        ({"aud": ENDPOINT.replace("token", "introspect")}, WRONG_AUDIENCE),
        ({"aud": [ENDPOINT, "https://other.example"]}, WRONG_AUDIENCE),
        ({"aud": []}, WRONG_AUDIENCE),
        ({"aud": {"a": 1}}, WRONG_AUDIENCE),
        ({"exp": None}, "The client_assertion must contain the 'exp' claim as seconds since epoch."),
        ({"exp": NOW}, "The client_assertion token is expired."),
        ({"exp": NOW + 3601}, "The client_assertion token has an expiration too far into the future."),
        ({"iat": NOW + 60}, "The client_assertion token must be issued before the current time."),
        ({"nbf": NOW + 60}, "The client_assertion token must be issued before the current time."),
    ],
)
def test_claims_that_are_refused(changes: dict[str, Any], text: str) -> None:
    assert ask(Engine(client=key_client()), signed(**changes)) == text


@pytest.mark.parametrize("expiry", ["1700000300", True, 1e300, -1])
def test_an_expiry_that_is_no_date_is_refused(expiry: Any) -> None:
    payload = {name: value for name, value in claims().items() if name != "exp"}
    token = jwt.PyJWS().encode(json.dumps(payload | {"exp": expiry}).encode(), KEY, "RS256")

    assert "'exp' claim as seconds" in ask(Engine(client=key_client()), token)


def test_an_assertion_counts_once() -> None:
    engine = Engine(client=key_client())
    assertion = signed()

    assert [ask(engine, assertion), ask(engine, assertion)] == [
        200,
        "The client_assertion token has already been used.",
    ]
    assert ask(engine, signed(jti=None)) == 200


@pytest.mark.parametrize(
    ("dates", "jti", "good"),
    [
        ({"iat": NOW}, "j", True),
        ({"iat": NOW - 1}, "j", False),
        ({"exp": NOW + 3_600, "iat": None}, "j", True),  # it says not when, and cannot have been made before
        ({"exp": NOW + 3_599, "iat": None}, "j", False),
        ({"iat": NOW - 1}, None, True),  # never counted once
    ],
)
def test_what_was_issued_before_a_restore_may_have_been_used(
    dates: dict[str, int | None],
    jti: str | None,
    good: bool,
) -> None:
    signatures = ClientSignatures(FakeSeals(), FetchedJwks(lambda _: b"{}"))
    assertions = Assertions(MemoryStorage().assertions, signatures, since=NOW)
    claimed = {name: value for name, value in (claims() | dates | {"jti": jti}).items() if value is not None}
    assertion = read(jwt.encode(claimed, KEY, "RS256"), types=ASSERTION_TYPES)

    def verify() -> None:
        assertions.verify(
            assertion, key_client(), audiences=Audiences(frozenset([ENDPOINT])), profile=NO_PROFILE, now=NOW
        )

    if good:
        verify()
    else:
        with pytest.raises(OAuthError, match="issued before"):
            verify()


def test_a_refused_assertion_burns_nothing() -> None:
    engine = Engine(client=key_client())

    assert ask(engine, signed(exp=NOW)) != 200
    assert ask(engine, signed(rsa.generate_private_key(65537, 2048))) == "The client_assertion signature is invalid."
    assert ask(engine, signed()) == 200


def test_of_fifty_simultaneous_uses_one_wins() -> None:
    engine = Engine(client=key_client())
    assertion = signed()

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: ask(engine, assertion), range(50)))

    assert outcomes.count(200) == 1


@pytest.mark.parametrize(
    ("client", "assertion", "text"),
    [
        (key_client(), lambda: jwt.encode(claims(), SECRET, "HS256"), "signature algorithm is invalid"),
        (hmac_client(), lambda: signed(), "signature algorithm is invalid"),
        (key_client(), lambda: by_hand("none", b"x"), "signature algorithm is invalid"),
        (key_client(), lambda: signed(headers={"jwk": JWK}), "The parsing of the client_assertion failed."),
        (key_client(), lambda: signed(headers={"kid": "k2"}), "The client_assertion JWT kid is invalid."),
        (key_client(), lambda: signed(ec.generate_private_key(ec.SECP256R1()), "ES256"), "algorithm is invalid"),
        (key_client({**JWK, "use": "enc"}), lambda: signed(), "invalid 'use' parameter"),
        (a_client(), lambda: signed(), "Client authentication failed."),
        (hmac_client(), lambda: jwt.encode(claims(), "x" * 40, "HS256"), "signature is invalid"),
        (key_client(), lambda: "a.b.c", "The parsing of the client_assertion failed."),
        (key_client(), lambda: "", "The parsing of the client_assertion failed."),
    ],
)
def test_what_attackers_try(client: Client, assertion: Any, text: str) -> None:
    assert text in str(ask(Engine(client=client), assertion()))


def test_an_rsa_public_key_used_as_hmac_secret_is_refused() -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert "signature algorithm is invalid" in ask(Engine(client=key_client()), by_hand("HS256", pem))


def test_a_secret_too_short_for_an_hmac_is_refused() -> None:
    client = replace(hmac_client(), secrets=(a_secret("short-but-known"),))

    assertion = by_hand("HS256", b"short-but-known")

    assert ask(Engine(client=client), assertion) == "The client secret is too short to verify a JWT HMAC."


def test_a_replaced_secret_stops_working_at_once() -> None:
    engine = Engine(client=hmac_client())
    assert ask(engine, jwt.encode(claims(), SECRET, "HS256")) == 200
    before = engine.storage.clients.get(CLIENT_ID)
    new = "another-secret-of-more-than-32-characters"
    engine.storage.clients.save(before, replace(before, secrets=(a_secret(new),)), [])

    assert "signature is invalid" in ask(engine, jwt.encode(claims(jti="2"), SECRET, "HS256"))
    assert ask(engine, jwt.encode(claims(jti="3"), new, "HS256")) == 200


@pytest.mark.parametrize(
    "fields",
    [{"client_secret": SECRET}, {"client_assertion_type": "other"}, {"client_id": "0oaOther"}],
)
def test_two_methods_or_the_wrong_type_are_refused(fields: dict[str, str]) -> None:
    assert ask(Engine(client=key_client()), signed(), **fields) != 200


URI = "https://client.example/jwks"


def published(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def test_keys_of_a_jwks_uri_are_fetched_when_needed_and_kept() -> None:
    engine = Engine(client=key_client(jwks_uri=URI))
    engine.documents[URI] = published({**JWK, "kid": "k1"})

    assert [ask(engine, signed(jti=str(n), headers={"kid": "k1"})) for n in range(3)] == [200, 200, 200]
    assert engine.fetched == [URI]


def test_an_unknown_kid_asks_again_but_not_at_will() -> None:
    engine = Engine(client=key_client(jwks_uri=URI))
    engine.documents[URI] = published({**JWK, "kid": "old"})
    ask(engine, signed(headers={"kid": "new"}))
    engine.documents[URI] = published({**JWK, "kid": "new"})

    refused = ask(engine, signed(headers={"kid": "new"}))
    engine.clock.advance(seconds=30)
    accepted = ask(engine, signed(headers={"kid": "new"}))

    assert refused == "The client_assertion JWT kid is invalid."
    assert accepted == 200
    assert len(engine.fetched) == 2


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (b"", "Error retrieving the client JWKSet from jwks_uri."),
        (b"[]", "Error retrieving the client JWKSet from jwks_uri."),
        (b'{"keys":1}', "Error retrieving the client JWKSet from jwks_uri."),
        (b'{"keys":[1]}', "Error retrieving the client JWKSet from jwks_uri."),
        (b'{"keys":[]}', "The client JWKSet from jwks_uri must contain at least one key."),
        (published({"kid": "a"}, {"kid": "a"}), "All keys in the client JWKSet from jwks_uri must have a unique kid."),
    ],
)
def test_documents_that_are_no_key_set(document: bytes, text: str) -> None:
    engine = Engine(client=key_client(jwks_uri=URI))
    engine.documents[URI] = document

    assert ask(engine, signed()) == text


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "::",
        "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1",
        "255.255.255.255", "ff02::1", "192.0.2.1", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b:1::808:808", "fec0::1",
        "2001:0:808:808::80ff:fffe", "2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:a00:1", "3fff::1", "5f00::1",
        "4000::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are_public() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2606:4700:4700::1111")
    assert is_public("64:ff9b::808:808")  # 8.8.8.8, seen from a network that has IPv6 alone
    assert is_public("2a00:1450::5efe:808:808")


@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example/jwks", "https://127.0.0.1/jwks", "https://localhost/jwks", "https://[::1]/", "file:///etc",
        "https://user@client.example/", "https:///x", "https://169.254.169.254/latest", "ftp://x", "https://[", "",
        "https://2130706433/", "https://0x7f.1/",
    ],
)  # fmt: skip
def test_addresses_inside_are_never_fetched(uri: str) -> None:
    with pytest.raises(FetchFailed):
        fetch(uri)
