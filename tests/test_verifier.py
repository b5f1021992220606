"""The verifier for APIs: every check fails alone, keys are kept through rotations and outages."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from authmint.oauth.client_auth.certificates import thumbprint
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.tokens.signer import KeySigner
from authmint.verifier import AGAIN_AFTER, KEPT, STALE, Refused, Verifier

from tests.support.certificates import Authority
from tests.support.dpop import Key, ath
from tests.support.fakes import NOW
from tests.support.key_pairs import private_jwk_pair

ISSUER = "https://auth.example.com/oauth2/default"
AUDIENCE = "api://orders"
GOOD = {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 60, "jti": "AT.x", "cid": "c", "scp": ["orders:read"]}


class Issuer:
    """Keys that can be rotated, and an address that can be away."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.signers: list[KeySigner] = []
        self.away = False
        self.asked = 0
        self.rotate()

    def rotate(self) -> None:
        jwk, pkcs8 = private_jwk_pair("ES256")
        kid = f"k{len(self.keys)}"
        self.keys.append({**jwk, "kid": kid, "alg": "ES256", "use": "sig"})
        self.signers.append(KeySigner(kid, "ES256", pkcs8))

    def fetch(self, uri: str) -> bytes:
        assert uri == f"{ISSUER}/v1/keys"
        self.asked += 1
        if self.away:
            raise FetchFailed("away")
        return json.dumps({"keys": self.keys}).encode()

    def token(self, **changes: Any) -> str:
        payload = {name: value for name, value in (GOOD | changes).items() if value is not None}
        return self.signers[-1].sign(payload)


class Api:
    def __init__(self) -> None:
        self.issuer = Issuer()
        self.now = NOW
        self.verifier = Verifier(ISSUER, AUDIENCE, fetch=self.issuer.fetch, clock=lambda: self.now)

    def asked(self, **changes: Any) -> str:
        return f"Bearer {self.issuer.token(**changes)}"

    def refusal(self, authorization: str, **named: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            self.verifier.verify(authorization, **named)
        return refused.value


@pytest.fixture
def api() -> Api:
    return Api()


def test_a_good_token(api: Api) -> None:
    assert api.verifier.verify(api.asked(), scopes=("orders:read",))["cid"] == "c"
    assert api.verifier.verify(api.asked(aud=["api://a", AUDIENCE]))["cid"] == "c"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "api://other"},
        {"aud": ["api://other"]},
        {"aud": None},
        {"exp": NOW},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW + 16},
        {"jti": "ID.x"},
        {"jti": None},
    ],
)
def test_what_is_refused(api: Api, changes: dict[str, Any]) -> None:
    refused = api.refusal(api.asked(**changes))

    assert (refused.status, refused.error) == (401, "invalid_token")
    assert refused.challenge.startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize("authorization", ["", "Basic x", "Bearer", "Bearer a b", "Bearer \u00f6"])
def test_no_token_at_all(api: Api, authorization: str) -> None:
    assert api.refusal(authorization).error == "invalid_request"
    assert api.issuer.asked == 0


def test_a_scope_that_is_missing_is_named(api: Api) -> None:
    refused = api.refusal(api.asked(), scopes=("orders:read", "orders:write"))

    assert (refused.status, refused.error) == (403, "insufficient_scope")
    assert refused.challenge.endswith('scope="orders:write"')


@pytest.mark.parametrize(
    ("claims", "asked", "wanted"),
    [
        ({}, {"acr_values": ("phr", "urn:okta:loa:2fa:any")}, 'acr_values="phr urn:okta:loa:2fa:any"'),
        ({"acr": "urn:okta:loa:1fa:any"}, {"acr_values": ("phr",), "max_age": 60}, 'acr_values="phr", max_age="60"'),
        ({"acr": "phr", "auth_time": NOW - 61}, {"acr_values": ("phr",), "max_age": 60}, 'max_age="60"'),
        ({"acr": "phr"}, {"max_age": 60}, 'max_age="60"'),
    ],
)
def test_an_api_that_wants_a_stronger_sign_in_says_so(
    api: Api, claims: dict[str, Any], asked: dict[str, Any], wanted: str
) -> None:
    """RFC 9470 §3."""
    refused = api.refusal(api.asked(**claims), **asked)

    assert (refused.status, refused.error) == (401, "insufficient_user_authentication")
    assert refused.challenge.startswith('Bearer error="insufficient_user_authentication", error_description="')
    assert refused.challenge.endswith(wanted)


def test_a_sign_in_that_is_strong_and_fresh_enough(api: Api) -> None:
    token = api.asked(acr="phr", auth_time=NOW - 60)

    assert api.verifier.verify(token, acr_values=("urn:okta:loa:2fa:any", "phr"), max_age=60)["acr"] == "phr"


def test_a_key_of_somebody_else_and_an_algorithm_of_somebody_elses_choice(api: Api) -> None:
    stranger = Issuer()
    header = stranger.signers[0]
    forged = header.sign(GOOD)
    unsigned = ".".join((*api.issuer.token().split(".")[:2], "AAAA"))

    assert api.refusal(f"Bearer {forged}").error == "invalid_token"
    assert api.refusal(f"Bearer {unsigned}").error == "invalid_token"
    api.issuer.keys[0]["alg"] = "ES384"
    api.now += KEPT
    assert api.refusal(api.asked(exp=NOW + 900)).error == "invalid_token"


def test_keys_are_kept_and_fetched_anew_for_one_that_is_not_known_but_not_at_will(api: Api) -> None:
    api.verifier.verify(api.asked())
    api.verifier.verify(api.asked())
    assert api.issuer.asked == 1

    api.issuer.rotate()
    api.now += AGAIN_AFTER
    api.verifier.verify(api.asked())
    assert api.issuer.asked == 2

    for number in range(20):
        api.refusal(f"Bearer {_with_kid(api.issuer.token(), f'made-up-{number}')}")
    assert api.issuer.asked == 2


def _with_kid(token: str, kid: str) -> str:
    import base64

    header = base64.urlsafe_b64encode(json.dumps({"kid": kid, "alg": "ES256"}).encode()).rstrip(b"=").decode()
    return ".".join((header, *token.split(".")[1:]))


def test_an_issuer_that_is_away_refuses_nobody_for_a_day(api: Api) -> None:
    api.verifier.verify(api.asked())
    api.issuer.away = True

    api.now += STALE - 1
    assert api.verifier.verify(api.asked(exp=api.now + 60))
    api.now += 1
    refused = api.refusal(api.asked(exp=api.now + 60))

    assert (refused.status, refused.error) == (503, "temporarily_unavailable")
    api.issuer.away = False
    api.now += AGAIN_AFTER
    assert api.verifier.verify(api.asked(exp=api.now + 60))


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys":1}', b'{"keys":[1]}', b'{"keys":[{}]}', b"\xff"])
def test_what_is_no_key_set_is_an_outage(document: bytes) -> None:
    verifier = Verifier(ISSUER, AUDIENCE, fetch=lambda _: document, clock=lambda: NOW)

    with pytest.raises(Refused) as refused:
        verifier.verify(f"Bearer {Issuer().token()}")

    assert refused.value.status == 503


def test_many_at_once_fetch_the_keys_once(api: Api) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(api.verifier.verify, [api.asked()] * 50))

    assert api.issuer.asked == 1


URI = "https://orders.example.com/orders?page=2"


def test_a_bound_token_needs_its_key(api: Api) -> None:
    key = Key()
    token = api.issuer.token(cnf={"jkt": key.jkt})
    spent: set[tuple[str, str]] = set()

    def once(jkt: str, jti: str, _: int) -> bool:
        fresh = (jkt, jti) not in spent
        spent.add((jkt, jti))
        return fresh

    api.verifier.used = once
    good = key.proof(URI, "GET", ath=ath(token))
    claims = api.verifier.verify(f"DPoP {token}", proof=good, method="GET", uri=URI)

    assert claims["cnf"] == {"jkt": key.jkt}
    refusals: dict[str, Callable[[], Refused]] = {
        "bearer": lambda: api.refusal(f"Bearer {token}", proof=good, method="GET", uri=URI),
        "no proof": lambda: api.refusal(f"DPoP {token}", method="GET", uri=URI),
        "another key": lambda: _by(api, token, Key().proof(URI, "GET", ath=ath(token))),
        "another token": lambda: _by(api, token, key.proof(URI, "GET", ath=ath(api.issuer.token()))),
        "no digest at all": lambda: _by(api, token, key.proof(URI, "GET", ath="\u00f6\ud800")),
        "another method": lambda: _by(api, token, key.proof(URI, "POST", ath=ath(token))),
        "another uri": lambda: _by(api, token, key.proof("https://orders.example.com/", "GET", ath=ath(token))),
        "used": lambda: _by(api, token, good),
        "unbound": lambda: api.refusal(f"DPoP {api.issuer.token()}", proof=good, method="GET", uri=URI),
    }
    told = {what: refuse().error for what, refuse in refusals.items()}
    assert told == dict.fromkeys(refusals, "invalid_dpop_proof") | {"unbound": "invalid_token"}


def _by(api: Api, token: str, proof: str) -> Refused:
    return api.refusal(f"DPoP {token}", proof=proof, method="GET", uri=URI)


def test_a_token_that_is_bound_to_a_certificate_is_for_whoever_shows_it(api: Api) -> None:
    """RFC 8705 §3."""
    authority = Authority(NOW)
    issued, other = authority.client(), authority.client()
    bound = api.asked(cnf={"x5t#S256": thumbprint(issued.pem)})

    assert api.verifier.verify(bound, certificate=issued.pem)["cid"] == "c"
    assert api.verifier.verify(api.asked(), certificate=issued.pem)["cid"] == "c", "it need not be bound"
    for certificate in ("", other.pem, "x"):
        assert (api.refusal(bound, certificate=certificate).status, api.refusal(bound).error) == (401, "invalid_token")
    key = Key()
    both = api.asked(cnf={"x5t#S256": thumbprint(issued.pem), "jkt": key.jkt})
    assert api.refusal(both, certificate=issued.pem).error == "invalid_dpop_proof", "one does not do for the other"
