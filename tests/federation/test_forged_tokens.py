"""An ID token that is wrong in one claim, one member of its header, or its signature (docs/protocol.md §37.5)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from tests.federation.conftest import Partners
from tests.federation.world import APP, PROVIDER, Provider, another_key
from tests.support.fakes import NOW, pregenerated

Forge = Callable[[Provider, dict[str, Any]], str]


def with_claims(**changes: Any) -> Forge:
    """The right key under the wrong claims; ``None`` leaves one out."""

    def forge(provider: Provider, claims: dict[str, Any]) -> str:
        said = {name: value for name, value in (claims | changes).items() if value is not None}
        return provider.signed(said)

    return forge


def with_header(**header: Any) -> Forge:
    return lambda provider, claims: provider.signed(claims, **header)


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(provider: Provider, claims: dict[str, Any]) -> str:
    return f"{segment({'alg': 'none', 'kid': 'k1'})}.{segment(claims)}."


def by_hmac(key: Callable[[Provider], bytes]) -> Forge:
    """Keyed by something that is known: the provider's public key, or the secret that we share with it."""

    def forge(provider: Provider, claims: dict[str, Any]) -> str:
        text = f"{segment({'alg': 'HS256', 'kid': 'k1'})}.{segment(claims)}"
        made = hmac.digest(key(provider), text.encode(), hashlib.sha256)
        return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"

    return forge


def public_pem(provider: Provider) -> bytes:
    key: Any = load_der_private_key(provider.private, None)
    public: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public


def by_another_key(_: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "k1"})


def by_an_unknown_key(_: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "k2"})


def by_its_own_key(_: Provider, claims: dict[str, Any]) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return jwt.encode(claims, key, "ES256", headers={"kid": "k1", "jwk": jwk})


def of_another_type(_: Provider, claims: dict[str, Any]) -> str:
    """By a key of another type than the algorithm's."""
    key: Any = load_der_private_key(pregenerated("RS256")[1], None)
    return jwt.encode(claims, key, "RS256", headers={"kid": "k1"})


def changed_after_signing(provider: Provider, claims: dict[str, Any]) -> str:
    header, _, signature = provider.signed(claims).split(".")
    return f"{header}.{segment(claims | {'sub': 'somebody else'})}.{signature}"


FORGED: dict[str, Forge] = {
    "iss of another": with_claims(iss="https://evil.example.com"),
    "iss with a slash more": with_claims(iss=f"{PROVIDER}/"),
    "iss in capitals": with_claims(iss=PROVIDER.upper()),
    "no iss": with_claims(iss=None),
    "aud of another client": with_claims(aud="other"),
    "no aud": with_claims(aud=None),
    "aud that begins like ours": with_claims(aud="abcd"),
    "aud in a list without ours": with_claims(aud=["other"]),
    "several aud, no azp": with_claims(aud=["abc", "other"]),
    "several aud, azp of another": with_claims(aud=["abc", "other"], azp="other"),
    "azp of another": with_claims(azp="other"),
    "aud as an object": with_claims(aud={"abc": True}),
    "expired": with_claims(exp=NOW - 61),
    "no exp": with_claims(exp=None),
    "exp as a text": with_claims(exp="4200000000"),
    "made too long ago": with_claims(iat=NOW - 661),
    "made ahead": with_claims(iat=NOW + 61),
    "no iat": with_claims(iat=None),
    "not yet": with_claims(nbf=NOW + 61),
    "nonce of another request": with_claims(nonce="other"),
    "no nonce": with_claims(nonce=None),
    "nonce as a list": with_claims(nonce=["n"]),
    "at_hash of another token": with_claims(at_hash="x" * 22),
    "at_hash in whole": with_claims(at_hash=base64.urlsafe_b64encode(hashlib.sha256(b"at-1").digest()).decode()),
    "no sub": with_claims(sub=None),
    "empty sub": with_claims(sub=""),
    "sub as a number": with_claims(sub=1),
    "long sub": with_claims(sub="s" * 256),
    "sub with a line feed": with_claims(sub="a\nb"),
    "unsigned": unsigned,
    "HMAC by the public key": by_hmac(public_pem),
    "HMAC by our secret": by_hmac(lambda _: b"a-secret"),
    "another key under the same kid": by_another_key,
    "a key that is not published": by_an_unknown_key,
    "a key of its own": by_its_own_key,
    "a key of another type": of_another_type,
    "changed after it was signed": changed_after_signing,
    "critical header": with_header(crit=["b64"], b64=False),
    "key by address": with_header(jku="https://evil.example.com/keys"),
    "an access token": with_header(typ="at+jwt"),
    "a logout token": with_header(typ="logout+jwt"),
}
HONEST: dict[str, Forge] = {
    "as it is": with_claims(),
    "aud in a list": with_claims(aud=["abc"]),
    "several aud, azp ours": with_claims(aud=["other", "abc"], azp="abc"),
    "azp ours": with_claims(azp="abc"),
    "a clock that is a minute off": with_claims(iat=NOW + 59, nbf=NOW + 59, exp=NOW + 360),
    "a minute late": with_claims(exp=NOW - 59),
    "no at_hash": with_claims(at_hash=None),
    "no kid": with_header(kid=None),
    "typ JWT": with_header(typ="JWT"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_wrong_signs_nobody_in(partners: Partners, name: str) -> None:
    partners.there.forge = lambda claims: FORGED[name](partners.there, claims)

    back = partners.sign_in()

    assert back.url.startswith(APP), back.text
    assert (back.fields["error"], back.fields["error_description"]) == (
        "server_error",
        "Could not fetch social profile.",
    )
    assert partners.who() == []
    (event,) = partners.here.events("user.authentication.auth_via_IDP")
    assert event.outcome == "FAILURE"


@pytest.mark.parametrize("name", HONEST)
def test_its_honest_twin_does(partners: Partners, name: str) -> None:
    partners.there.forge = lambda claims: HONEST[name](partners.there, claims)
    assert "code" in partners.sign_in().fields


def test_a_token_of_one_request_is_none_for_the_next(partners: Partners) -> None:
    """Replay: its nonce is of the request before."""
    made: list[str] = []

    def forge(claims: dict[str, Any]) -> str:
        made.append(partners.there.signed(claims))
        return made[0]

    partners.there.forge = forge
    assert "code" in partners.sign_in().fields
    assert partners.sign_in().fields["error"] == "server_error"


def test_keys_are_fetched_once_and_once_more_for_one_that_is_new(partners: Partners) -> None:
    def fetched() -> int:
        return partners.world.asked.count(("GET", f"{PROVIDER}/keys"))

    for _ in range(3):
        partners.sign_in()
    assert fetched() == 1
    partners.world.clock.advance(seconds=31)
    partners.there.forge = lambda claims: by_an_unknown_key(partners.there, claims)
    for _ in range(3):
        partners.sign_in()
    assert fetched() == 2


def test_a_provider_whose_clock_is_further_off(partners: Partners) -> None:
    partners.settings(maxClockSkew=120_000)
    partners.there.forge = lambda claims: with_claims(exp=NOW - 100, iat=NOW - 700)(partners.there, claims)
    assert "code" in partners.sign_in().fields


def test_several_keys_and_no_kid_leave_open_whose_signature_it_is(partners: Partners) -> None:
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(another_key().public_key()))
    keys = [{**partners.there.jwk, "kid": "k1"}, {**jwk, "kid": "k2"}]
    partners.there.keys = Response.json(200, {"keys": keys})
    partners.there.forge = lambda claims: with_header(kid=None)(partners.there, claims)
    assert partners.sign_in().fields["error"] == "server_error"


MICROSOFT = "https://login.microsoftonline.com"
TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.parametrize(
    ("claims", "taken"),
    [
        ({"tid": TENANT, "iss": f"{MICROSOFT}/{TENANT}/v2.0"}, True),
        ({"tid": TENANT, "iss": f"{MICROSOFT}/{TENANT[::-1]}/v2.0"}, False),
        ({"tid": None, "iss": f"{MICROSOFT}/{TENANT}/v2.0"}, False),
        ({"tid": "x/../y", "iss": f"{MICROSOFT}/x/../y/v2.0"}, False),
        ({"tid": TENANT, "iss": f"{MICROSOFT}/{{tenantid}}/v2.0"}, False),
    ],
)
def test_the_tenant_is_in_the_issuer(partners: Partners, claims: dict[str, Any], taken: bool) -> None:
    partners.idp = partners.here.provider(type="MICROSOFT", name="ms", protocol={"endpoints": None, "issuer": None})[
        "id"
    ]
    world = partners.world
    pages = {"/common/oauth2/v2.0/authorize": "/authorize", "/common/oauth2/v2.0/token": "/token"}
    pages["/common/discovery/v2.0/keys"] = "/keys"
    world.hosts[MICROSOFT] = lambda request: partners.there.answer(replace(request, path=pages[request.path]))
    partners.there.claims = claims

    assert ("code" in partners.sign_in().fields) is taken
