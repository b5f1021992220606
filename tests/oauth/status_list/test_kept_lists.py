"""The verifier and status lists: what a list says counts, and each way in which a list can be wrong counts as none."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from authmint.jose.encoding import b64encode
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.oauth.status_list.document import TYPE, mark, payload_of
from authmint.oauth.status_list.kept import AGAIN_AFTER
from authmint.tokens.signer import KeySigner
from authmint.verifier import Refused, Verifier

from tests.support.fakes import NOW
from tests.support.key_pairs import private_jwk_pair

ISSUER = "https://auth.example.com/oauth2/default"
URI = f"{ISSUER}/v1/status/20991203-0"
Served = Callable[["Api"], str]


class Api:
    """An API over the verifier, and an issuer whose list can be anything."""

    def __init__(self, **settings: Any) -> None:
        self.now = NOW
        (jwk, pkcs8), (_, foreign) = private_jwk_pair("ES256"), private_jwk_pair("ES256")
        self.jwk = {**jwk, "kid": "k1", "alg": "ES256"}
        self.signer, self.stranger = KeySigner("k1", "ES256", pkcs8), KeySigner("k1", "ES256", foreign)
        self.asked: list[str] = []
        self.revoked: list[int] = []
        self.served: Served | None = good
        self.verifier = Verifier(ISSUER, "api://a", fetch=self._fetch, clock=lambda: self.now, **settings)

    def _fetch(self, uri: str) -> bytes:
        if uri == f"{ISSUER}/v1/keys":
            return json.dumps({"keys": [self.jwk]}).encode()
        self.asked.append(uri)
        if self.served is None:
            raise FetchFailed("away")
        return self.served(self).encode()

    def payload(self, **changes: Any) -> dict[str, Any]:
        bits = bytearray(1 << 17)
        mark(bits, self.revoked)
        payload = payload_of(URI, bits, now=self.now) | changes
        return {name: value for name, value in payload.items() if value is not None}

    def list(self, **changes: Any) -> str:
        return self.signer.sign(self.payload(**changes), 1 << 19, typ=TYPE)

    def refusal(self, place: Any = None, **claims: Any) -> int:
        """200, or the status of the refusal. ``place``: of the token."""
        status: Any = {"status_list": {"idx": 7, "uri": URI}} if place is None else place
        token = {"iss": ISSUER, "aud": "api://a", "exp": self.now + 60, "jti": "AT.x", "cid": "c", "status": status}
        try:
            self.verifier.verify(f"Bearer {self.signer.sign(token | claims)}")
        except Refused as refused:
            return refused.status
        return 200


def good(api: Api) -> str:
    return api.list()


def test_a_revoked_token_is_refused_within_the_lifetime_of_the_list_and_others_are_not() -> None:
    api = Api()
    assert api.refusal() == 200
    api.revoked = [7]
    api.now += 299
    assert api.refusal() == 200
    api.now += 1
    assert api.refusal() == 401
    assert api.refusal({"status_list": {"idx": 8, "uri": URI}}) == 200
    assert api.asked == [URI, URI], "one request for each time that the list lives"


@pytest.mark.parametrize("status", ["active", {}, {"other": 1}, None, 5])
def test_a_token_that_names_no_list_is_judged_without_one(status: Any) -> None:
    api = Api(without_list="REFUSE")

    assert api.refusal(status if status is not None else {"x": 1}) == 200
    assert api.asked == []


@pytest.mark.parametrize(
    "place",
    [
        None,
        5,
        {"idx": 7},
        {"uri": URI},
        {"idx": "7", "uri": URI},
        {"idx": True, "uri": URI},
        {"idx": 7, "uri": 5},
        {"idx": -1, "uri": URI},
        {"idx": 1 << 20, "uri": URI},
        {"idx": 7, "uri": "https://evil.example/v1/status/20991203-0"},
        {"idx": 7, "uri": f"{ISSUER}.evil.example/v1/status/20991203-0"},
        {"idx": 7, "uri": f"{ISSUER[:-1]}x/v1/status/20991203-0"},
        {"idx": 7, "uri": f"{ISSUER}/v1/status/../../other/v1/status/x"},
        {"idx": 7, "uri": f"{ISSUER}/v1/status/"},
        {"idx": 7, "uri": URI + "?x"},
    ],
)
def test_a_place_that_is_none_of_the_issuers_is_refused_and_nobody_is_asked(place: Any) -> None:
    api = Api()

    assert api.refusal({"status_list": place}) == 401
    assert set(api.asked) <= {URI}


def signed_with(**changes: Any) -> Served:
    return lambda api: api.list(**changes)


def tampered(api: Api) -> str:
    head, body, signature = api.list().split(".")
    other = api.signer.sign(api.payload(jti="x"), 1 << 19, typ=TYPE).split(".")[1]
    assert other != body
    return f"{head}.{other}.{signature}"


def packed(bits: bytes) -> dict[str, Any]:
    return {"bits": 1, "lst": b64encode(zlib.compress(bits, 9))}


WRONG: dict[str, Served] = {
    "another list": signed_with(sub=URI[:-1] + "1"),
    "no list": signed_with(sub=None),
    "another key": lambda api: api.stranger.sign(api.payload(), 1 << 19, typ=TYPE),
    "tampered with": tampered,
    "an access token": lambda api: api.signer.sign(api.payload(), 1 << 19),
    "another type": lambda api: api.signer.sign(api.payload(), 1 << 19, typ="at+jwt"),
    "expired": signed_with(exp=NOW),
    "issued in the future": lambda api: api.list(iat=api.now + 60),
    "no date": signed_with(iat=None),
    "a date that is none": signed_with(iat="now"),
    "no lifetime": signed_with(ttl=0),
    "a lifetime that is no number": signed_with(ttl="300"),
    "a bomb": lambda api: api.list(status_list=packed(bytes(1 << 22))),
    "two bits a token": lambda api: api.list(status_list=packed(bytes(1 << 17)) | {"bits": 2}),
    "cut off": lambda api: api.list()[:-5],
    "huge": lambda api: api.list() + "A" * (1 << 20),
    "no text": lambda _: "<html>",
    "nothing": lambda _: "",
    "not ASCII": lambda api: api.list() + "é",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_list_that_is_wrong_says_nothing(wrong: str) -> None:
    """Nothing to who is strict, and to others what the one before it said; each has an honest twin."""
    strict, easy = Api(without_list="REFUSE"), Api()
    for api in (strict, easy):
        api.revoked = [7]
        api.served = WRONG[wrong]
    assert (strict.refusal(), easy.refusal()) == (503, 200)

    for api in (strict, easy):
        api.served = good
        api.now += AGAIN_AFTER
        assert api.refusal() == 401
        api.served, api.revoked = WRONG[wrong], []
        api.now += 301
    assert (strict.refusal(), easy.refusal()) == (503, 401)


def test_an_issuer_that_is_away_is_not_asked_again_at_once_and_its_list_counts_until_it_expires() -> None:
    strict, easy = Api(without_list="REFUSE"), Api()
    for api in (strict, easy):
        api.revoked = [7]
        assert api.refusal() == 401
        api.served = None
        api.now += 300
    assert [strict.refusal() for _ in range(3)] == [503] * 3
    assert [easy.refusal() for _ in range(3)] == [401] * 3
    assert len(strict.asked) == len(easy.asked) == 2
    easy.now += 86_400
    assert easy.refusal() == 200


def test_what_an_older_copy_says_takes_no_revocation_back() -> None:
    api = Api()
    api.revoked = [7]
    assert api.refusal() == 401
    api.revoked = [8]
    api.now += 300

    assert api.refusal() == 401
    assert api.refusal({"status_list": {"idx": 8, "uri": URI}}) == 401


def test_no_more_lists_are_kept_than_there_can_be() -> None:
    api = Api()
    for number in range(40):
        api.refusal({"status_list": {"idx": 7, "uri": f"{URI}{number}"}})
    api.served = lambda api: api.list(sub=api.asked[-1])
    for number in range(40):
        assert api.refusal({"status_list": {"idx": 7, "uri": f"{URI}{number + 100}"}}) == 200

    lists = api.verifier._lists
    assert len(lists._lists) <= 32
    assert len(lists._tried_at) <= 33
