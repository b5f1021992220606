"""FAPI 2.0 Security Profile, by one switch (docs/protocol.md §30): each refusal, beside what is honest."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Request
from authmint.oauth.security_profile import is_this_machine, profile_named

from tests.oauth.authorization.world import CALLBACK, ISSUER, PKCE, Answer
from tests.oauth.bank import KEYS, Bank, refusal
from tests.support.builders import BASE_URL, CLIENT_ID, SECRET, SERVER_ID, a_form, a_secret, basic
from tests.support.dpop import Key, ath
from tests.support.fakes import decoded

STRICT = pytest.mark.parametrize(
    "bank", [lambda **o: Bank(**o), lambda **o: Bank("NONE", security_profile="FAPI2", **o)], ids=["server", "client"]
)


@STRICT
def test_who_does_as_the_profile_asks_gets_codes_and_bound_tokens(bank: Any) -> None:
    bank = bank()

    answer = bank.redeems(bank.code())

    body = decoded(answer.body)
    assert (answer.status, body["token_type"]) == (200, "DPoP")
    token = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert token["cnf"] == {"jkt": bank.key.jkt}
    assert jwt.get_unverified_header(body["id_token"])["alg"] == "ES256"
    assert bank.machine().status == 200


@STRICT
def test_a_code_without_the_verifier_of_its_challenge_is_no_grant(bank: Any) -> None:
    """RFC 7636 §4.6. Without a profile the answer is the compatible product's."""
    strict, lenient = bank(), Bank("NONE")

    assert refusal(strict.redeems(strict.code(), code_verifier="")) == (400, "invalid_grant")
    assert refusal(lenient.redeems(lenient.code(), code_verifier="")) == (400, "invalid_request")


@STRICT
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"])
def test_a_client_that_proves_itself_by_no_key_is_refused(bank: Any, method: str) -> None:
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ISSUER, "exp": 4_100_000_060}
    credentials: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "client_secret_basic": ({}, basic()),
        "client_secret_post": ({"client_id": CLIENT_ID, "client_secret": SECRET}, {}),
        "client_secret_jwt": (
            {
                "client_assertion": jwt.encode(claims, SECRET, "HS256"),
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            },
            {},
        ),
        "none": ({"client_id": CLIENT_ID}, {}),
    }
    fields, headers = credentials[method]
    changes: dict[str, Any] = {"auth_method": method, "keys": (), "secrets": (a_secret(),)}
    strict, lenient = bank(**changes), Bank("NONE", **changes)

    assert strict.pushes(fields, headers=headers)[0] == 401
    assert refusal(strict.machine(assertion=fields, headers=headers)) == (401, "invalid_client")
    introspected = strict.status(a_form({"token": "x", **fields}, headers=headers, path="introspect"))
    assert refusal(introspected) == (401, "invalid_client")
    assert lenient.pushes(fields, headers=headers)[0] == 201


@STRICT
def test_a_request_that_was_not_pushed_is_refused_through_the_redirect_uri(bank: Any) -> None:
    bank = bank()

    for answer in (bank.ask(**PKCE), bank.ask(**PKCE, request="a.b.c")):
        assert (answer.fields["error"], answer.fields["state"]) == ("invalid_request", "s")
        assert "pushed" in answer.fields["error_description"]
        assert answer.fields["iss"] == ISSUER
    assert "code" in bank.pushed().fields
    assert "code" in Bank("NONE").ask(**PKCE).fields


def test_nothing_beside_client_and_reference_counts() -> None:
    bank = Bank()
    uri = bank.pushes()[1]["request_uri"]

    answer = bank.get((("client_id", CLIENT_ID), ("request_uri", uri), ("state", "evil"), ("scope", "plain")))

    assert "state" not in answer.fields
    assert decoded(bank.redeems(answer.fields["code"]).body)["scope"] == "openid offline_access"


@STRICT
@pytest.mark.parametrize("kind", ["token", "id_token", "code id_token", "code token", "code id_token token"])
def test_only_codes_can_be_asked_for(bank: Any, kind: str) -> None:
    status, body = bank().pushes(response_type=kind, nonce="n")

    assert (status, body["error"]) == (400, "unsupported_response_type")
    assert "[code]" in body["error_description"]
    bearer = Bank("NONE").pushes(response_type=kind, nonce="n")
    assert bearer[0] == 201


@STRICT
@pytest.mark.parametrize("mode", ["fragment", "fragment.jwt", "okta_post_message"])
def test_no_code_goes_through_a_fragment_or_a_message(bank: Any, mode: str) -> None:
    status, body = bank().pushes(response_mode=mode)

    assert (status, body["error"]) == (400, "unsupported_response_mode")
    assert "[query, form_post, jwt, query.jwt, form_post.jwt]" in body["error_description"]
    assert bank().pushes(response_mode="form_post")[0] == 201
    assert Bank("NONE").pushes(response_mode=mode)[0] == 201


@STRICT
@pytest.mark.parametrize(
    "challenge",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
def test_pkce_is_s256_always(bank: Any, challenge: dict[str, Any]) -> None:
    status, body = bank().pushes(**challenge)

    assert (status, body["error"]) == (400, "invalid_request")
    assert Bank("NONE").pushes(code_challenge=None, code_challenge_method=None, state="s")[0] == 201


@STRICT
def test_no_token_without_a_proof(bank: Any) -> None:
    bank = bank()
    code = bank.code()

    for answer in (bank.redeems(code, proof=None), bank.machine(proof=None)):
        assert answer.status == 400
        assert decoded(answer.body) == {
            "error": "invalid_dpop_proof",
            "error_description": "The DPoP proof JWT header is missing.",
        }
    redeemed = decoded(bank.redeems(code).body)
    assert refusal(bank.refreshes(redeemed["refresh_token"], proof=None)) == (400, "invalid_dpop_proof")
    assert bank.refreshes(redeemed["refresh_token"]).status == 200
    assert Bank("NONE").machine(proof=None).status == 200


@STRICT
def test_weak_signatures_of_assertions_and_proofs_are_refused(bank: Any) -> None:
    bank, lenient, weak = bank(), Bank("NONE"), Key("RS256")

    assert refusal(bank.machine(assertion=bank.assertion("RS256"))) == (401, "invalid_client")
    assert bank.pushes(bank.assertion("RS256"))[0] == 401
    assert refusal(bank.machine(key=weak)) == (400, "invalid_dpop_proof")
    pushed = bank.pushes(headers={"dpop": weak.proof(f"{ISSUER}/v1/par")})
    assert (pushed[0], pushed[1]["error"]) == (400, "invalid_dpop_proof")
    for algorithm in KEYS:
        assert bank.machine(assertion=bank.assertion(algorithm), key=KEYS[algorithm]).status == 200
    assert lenient.machine(assertion=lenient.assertion("RS256"), key=weak).status == 200


def test_a_resource_of_ours_takes_no_weak_proof_either() -> None:
    bank = Bank()
    token = decoded(bank.redeems(bank.code()).body)["access_token"]
    strict = bank.storage.servers.get(SERVER_ID)
    weak, lenient = Key("RS256"), replace(strict, security_profile="NONE")
    bank.storage.servers.save(strict, lenient, [])
    bound = decoded(bank.redeems(Bank.code(bank), key=weak).body)["access_token"]
    bank.storage.servers.save(bank.storage.servers.get(SERVER_ID), strict, [])

    def userinfo(token: str, key: Key) -> int:
        path = f"/oauth2/{SERVER_ID}/v1/userinfo"
        proof = key.proof(f"{BASE_URL}{path}", "GET", ath=ath(token))
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        assert bank.status is not None
        return bank.status(Request("GET", path, BASE_URL, {"authServerId": SERVER_ID}, (), headers)).status

    assert (userinfo(token, bank.key), userinfo(bound, weak)) == (200, 400)


@STRICT
def test_a_proof_counts_once_at_userinfo_too(bank: Any) -> None:
    def twice(bank: Bank) -> list[int]:
        token = decoded(bank.redeems(bank.code()).body)["access_token"]
        path = f"/oauth2/{SERVER_ID}/v1/userinfo"
        proof = bank.key.proof(f"{BASE_URL}{path}", "GET", ath=ath(token))
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        assert bank.status is not None
        answers = [bank.status(Request("GET", path, BASE_URL, {"authServerId": SERVER_ID}, (), headers)) for _ in "12"]
        if answers[1].status != 200:
            assert decoded(answers[1].body)["error_description"] == "The DPoP proof JWT has already been used."
            assert dict(answers[1].headers)["www-authenticate"].startswith("DPoP ")
        return [answer.status for answer in answers]

    assert twice(bank()) == [200, 400]
    assert twice(Bank("NONE")) == [200, 200]


@STRICT
def test_no_password_goes_through_a_client(bank: Any) -> None:
    fields: dict[str, Any] = {"grant_type": "password", "username": "a", "password": "b", "scope": "openid"}

    answer = bank().asks(**fields)

    assert refusal(answer) == (400, "unauthorized_client")
    assert "password" not in decoded(answer.body)["error_description"]
    assert refusal(Bank("NONE").asks(**fields)) == (400, "invalid_grant")


@STRICT
@pytest.mark.parametrize(
    "audience",
    [
        [ISSUER],
        [ISSUER, "https://other.example"],
        f"{ISSUER}/v1/token",
        f"{ISSUER}/v1/par",
        "https://other.example",
        "",
    ],
)
def test_an_assertion_is_for_the_issuer_and_says_so_in_a_text(bank: Any, audience: Any) -> None:
    bank = bank()

    assert refusal(bank.machine(assertion=bank.assertion(aud=audience))) == (401, "invalid_client")
    assert bank.pushes(bank.assertion(aud=audience))[0] == 401
    assert bank.pushes(bank.assertion(aud=ISSUER))[0] == 201


@pytest.mark.parametrize("audience", [[ISSUER], f"{ISSUER}/v1/token"])
def test_without_the_profile_an_assertion_may_be_for_the_endpoint(audience: Any) -> None:
    bank = Bank("NONE")

    assert bank.machine(assertion=bank.assertion(aud=audience)).status == 200


@pytest.mark.parametrize(("seconds", "good"), [(8, True), (15, True), (61, False)])
def test_clocks_differ_a_little(seconds: int, good: bool) -> None:
    bank = Bank()
    ahead = bank.clock.now() + seconds

    for assertion in (bank.assertion(iat=ahead), bank.assertion(nbf=ahead)):
        assert bank.pushes(assertion)[0] == (201 if good else 401)


@STRICT
@pytest.mark.parametrize("uri", ["http://app.example.com/cb", "http://127.0.0.1/cb", "com.example.app:/cb"])
def test_answers_go_by_https_alone(bank: Any, uri: str) -> None:
    bank = bank(redirect_uris=(uri, CALLBACK))

    status, body = bank.pushes(redirect_uri=uri)

    assert (status, body["error"]) == (400, "invalid_request")
    assert bank.ask(redirect_uri=uri).page == "illegal_redirect_uri"
    assert bank.pushes()[0] == 201
    assert Bank("NONE", redirect_uris=(uri,)).pushes(redirect_uri=uri)[0] == 201


@pytest.mark.parametrize(
    ("uri", "issuer", "good"),
    [
        ("http://127.0.0.1:8123/cb", "http://localhost:8000/oauth2/a", True),
        ("http://[::1]/cb", "http://127.0.0.1:8000/oauth2/a", True),
        ("https://app.example/cb", "https://as.example/oauth2/a", True),
        ("http://127.0.0.1:8123/cb", "https://as.example/oauth2/a", False),
        ("http://app.example/cb", "http://localhost:8000/oauth2/a", False),
        ("http://localhost.evil.example/cb", "http://localhost:8000/oauth2/a", False),
        ("http://localhost:80@evil.example/cb", "http://localhost:8000/oauth2/a", False),
    ],
)
def test_where_everything_is_on_one_machine_http_will_do(uri: str, issuer: str, good: bool) -> None:
    assert profile_named("FAPI2").may_redirect(uri, issuer) is good
    assert profile_named("NONE").may_redirect(uri, issuer)
    assert not is_this_machine("http://127.0.0.1\n")


def test_a_nonce_may_be_left_out() -> None:
    bank = Bank()
    answer = bank.redeems(bank.code(nonce=None))

    id_token = jwt.decode(decoded(answer.body)["id_token"], options={"verify_signature": False})
    assert "nonce" not in id_token
    assert id_token["aud"] == CLIENT_ID


@STRICT
@pytest.mark.parametrize(("seconds", "good"), [(59, True), (60, False)])
def test_a_code_lives_a_minute(bank: Any, seconds: int, good: bool) -> None:
    bank, lenient = bank(), Bank("NONE")
    code, usual = bank.code(), lenient.code()
    for world in (bank, lenient):
        world.clock.advance(seconds=seconds)

    answer = bank.redeems(code)

    assert answer.status == 200 if good else refusal(answer) == (400, "invalid_grant")
    assert lenient.redeems(usual).status == 200


@STRICT
def test_a_pushed_request_waits_five_minutes_and_no_longer_than_the_server_says(bank: Any) -> None:
    assert bank().pushes()[1]["expires_in"] == 300
    assert bank(server={"pushed_lifetime": 90}).pushes()[1]["expires_in"] == 90
    assert Bank("NONE").pushes()[1]["expires_in"] == 3_600
    bank = bank()
    uri = bank.pushes()[1]["request_uri"]
    bank.clock.advance(seconds=300)
    assert bank.get((("client_id", CLIENT_ID), ("request_uri", uri))).page == "invalid_request_uri"


@STRICT
def test_refresh_tokens_stay(bank: Any) -> None:
    """Bound to a key they need not rotate, and a lost answer does not end an authorization."""
    bank = bank(rotates_refresh_tokens=True, refresh_leeway=0)
    token = decoded(bank.redeems(bank.code()).body)["refresh_token"]

    for _ in range(3):
        bank.clock.advance(seconds=31)
        refreshed = bank.refreshes(token)
        assert refreshed.status == 200, refreshed.body
        assert decoded(refreshed.body)["refresh_token"] == token

    lenient = Bank("NONE", rotates_refresh_tokens=True, refresh_leeway=0)
    token = decoded(lenient.redeems(lenient.code()).body)["refresh_token"]
    assert decoded(lenient.refreshes(token).body)["refresh_token"] != token


def test_a_code_that_comes_again_takes_back_what_it_gave() -> None:
    bank = Bank()
    code = bank.code()
    token = decoded(bank.redeems(code).body)["access_token"]

    def active() -> bool:
        assert bank.status is not None
        asked = a_form({"token": token, **bank.assertion()}, path="introspect")
        return bool(decoded(bank.status(asked).body)["active"])

    assert active()
    assert refusal(bank.redeems(code)) == (400, "invalid_grant")
    assert not active()


def test_the_key_of_the_push_is_the_one_that_redeems() -> None:
    bank = Bank()
    headers = {"dpop": bank.key.proof(f"{ISSUER}/v1/par")}

    assert refusal(bank.redeems(bank.code(headers=headers), key=Key())) == (400, "invalid_dpop_proof")
    headers = {"dpop": bank.key.proof(f"{ISSUER}/v1/par")}
    assert bank.redeems(bank.code(headers=headers)).status == 200


def test_a_browser_that_sent_a_form_goes_on_with_a_get() -> None:
    """RFC 9700 §4.12: a password or a consent is not sent on to the client."""
    bank = Bank(server={}, consent_method="REQUIRED")
    page = bank.pushed(scope="openid orders:read")
    handle, uri = page.handle, f"{BASE_URL}/consent"
    visitor = bank.browsers.visitor(Request("POST", "/consent", BASE_URL, headers={"cookie": "ann"}), now=1)
    denied = bank.interactions.deny(
        Request("POST", "/consent", BASE_URL, headers={"cookie": "ann"}), handle, visitor, now=bank.clock.now()
    )

    assert page.location.startswith(uri)
    assert denied.status == 303
    assert Answer(denied).fields["error"] == "access_denied"
    assert dict(denied.headers)["referrer-policy"] == "no-referrer"


def test_a_client_that_says_how_it_signs_assertions_signs_no_other_way() -> None:
    bank = Bank("NONE", assertion_algorithm="EdDSA")

    assert refusal(bank.machine(assertion=bank.assertion("ES256"))) == (401, "invalid_client")
    assert bank.machine(assertion=bank.assertion("EdDSA")).status == 200
