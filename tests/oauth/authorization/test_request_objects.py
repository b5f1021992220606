"""Signed requests (RFC 9101, docs/protocol.md §4.7): every check fails alone, beside an object that passes."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.oauth.authorization.request_objects import RequestObjects
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.client_auth.signatures import ClientSignatures
from authmint.oauth.errors import OAuthError
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.oauth.security_profile import profile_named
from authmint.storage.clients import Client, ClientKey
from authmint.storage.servers import SecurityProfile

from tests.memory.storage import MemoryStorage
from tests.oauth.authorization.world import CALLBACK, ISSUER, PKCE, Answer, an_app
from tests.oauth.bank import ASKED, KEYS, Bank, a_bank_client, an_object
from tests.support.builders import CLIENT_ID, SECRET, a_resource, a_secret, basic
from tests.support.dpop import Key
from tests.support.fakes import NOW, FakeSeals

SHORT_KEYS = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
SIGNING: SecurityProfile = "FAPI2_MESSAGE_SIGNING"
#: The request object of an independent implementation, and its client's key (RFC 8037, appendix A).
FOREIGN = (
    "eyJ0eXAiOiJvYXV0aC1hdXRoei1yZXErand0IiwiYWxnIjoiRWREU0EiLCJraWQiOiJrMSJ9.eyJpc3MiOiJjbGllbnQtMSIsImF1ZCI6Imh0dHB"
    "zOi8vYXMuZXhhbXBsZS9vYXV0aDIvb3JkZXJzIiwiY2xpZW50X2lkIjoiY2xpZW50LTEiLCJyZXNwb25zZV90eXBlIjoiY29kZSIsInJlZGlyZWN0"
    "X3VyaSI6Imh0dHBzOi8vYXBwLmV4YW1wbGUvY2IiLCJzY29wZSI6Im9yZGVycy5yZWFkIiwiY29kZV9jaGFsbGVuZ2UiOiJFOU1lbGhvYTJPd3ZGc"
    "kVNVEpndUNIYW9lSzF0OFVSV2J1R0pTc3R3LWNNIiwiY29kZV9jaGFsbGVuZ2VfbWV0aG9kIjoiUzI1NiIsInN0YXRlIjoiczEiLCJuYmYiOjE3MD"
    "AwMDAwMDAsImV4cCI6MTcwMDAwMDMwMCwianRpIjoicm8tMSJ9.w4366DSgq0GheD0z9Dt6dcyx2rA0VTuqJo_2GN_6Gn9jBghIvieAAL-0sUnR0o"
    "4Kk9Oiyg4r32KkiflzfeRQAQ"
)
RFC_8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k1"}


def sent(bank: Bank, request_object: str, **beside: str) -> Answer:
    """At the authorization endpoint."""
    query = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "request": request_object} | beside
    return bank.get(tuple(query.items()))


def pushed(bank: Bank, request_object: str, **beside: str) -> tuple[int, Any]:
    """By the client, with nothing beside it that counts."""
    return bank.push({"request": request_object, "redirect_uri": None, **beside, **bank.assertion()})


def reasons(bank: Bank, request_object: str) -> set[str]:
    """Internal ids of the refusals at both endpoints; both must refuse."""
    found = set()
    assert "error" in sent(bank, request_object).fields
    found.add(str(bank.events.emitted[-1].reason))
    assert pushed(bank, request_object)[0] >= 400
    found.add(str(bank.events.emitted[-1].reason))
    return found


@pytest.mark.parametrize("algorithm", [*KEYS, "RS256"])
@pytest.mark.parametrize("typ", [None, "JWT", "oauth-authz-req+jwt", "application/OAuth-Authz-Req+JWT"])
def test_a_signed_request_is_granted_at_both_endpoints(algorithm: str, typ: str | None) -> None:
    bank = Bank("NONE")
    text = an_object(algorithm, {"typ": typ})

    answer = sent(bank, text)
    status, body = pushed(bank, text)

    assert answer.fields.keys() == {"code", "state", "iss"}
    assert answer.fields["state"] == "inside"
    assert status == 201
    assert "code" in bank.get((("client_id", CLIENT_ID), ("request_uri", body["request_uri"]))).fields


def test_a_foreign_object_is_read() -> None:
    client = an_app(
        id="client-1", secrets=(), auth_method="private_key_jwt", keys=(ClientKey("pks1", RFC_8037, NOW, NOW),)
    )
    objects = RequestObjects(MemoryStorage().assertions, ClientSignatures(FakeSeals(), FetchedJwks(lambda _: b"")))
    issuer = "https://as.example/oauth2/orders"

    opened = objects.open(FOREIGN, client, profile_named(SIGNING), issuer=issuer, now=1_700_000_000)

    assert opened.parameters.values == {
        "client_id": "client-1",
        "response_type": "code",
        "redirect_uri": "https://app.example/cb",
        "scope": "orders.read",
        "code_challenge": PKCE["code_challenge"],
        "code_challenge_method": "S256",
        "state": "s1",
    }
    assert opened.spend is not None
    for wrong in (FOREIGN[:-4] + "AAAA", FOREIGN.replace(".", ".A", 1)):
        with pytest.raises(OAuthError):
            objects.open(wrong, client, profile_named(SIGNING), issuer=issuer, now=1_700_000_000)


#: What is wrong with an object alone, and the internal id of its refusal.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"iss": None}, "request_object_invalid_issuer"),
    ({"iss": "0oaOTHER"}, "request_object_invalid_issuer"),
    ({"aud": None}, "request_object_audience_mismatch"),
    ({"aud": f"{ISSUER}/v1/authorize"}, "request_object_audience_mismatch"),
    ({"aud": ["https://other.example"]}, "request_object_audience_mismatch"),
    ({"aud": [[ISSUER]]}, "request_object_audience_mismatch"),
    ({"sub": CLIENT_ID}, "request_object_invalid"),
    ({"client_id": None}, "request_object_invalid"),
    ({"client_id": "0oaOTHER"}, "request_object_invalid"),
    ({"response_type": None}, "request_object_invalid"),
    ({"redirect_uri": None}, "request_object_invalid"),
    ({"request": "a.b.c"}, "request_object_invalid"),
    ({"request_uri": "urn:okta:x"}, "request_object_invalid"),
    ({"state": ["inside"]}, "request_object_invalid"),
    ({"state": 5}, "request_object_invalid"),
    ({"max_age": True}, "request_object_invalid"),
    ({"max_age": 1.5}, "request_object_invalid"),
    ({"resource": [5]}, "request_object_invalid"),
    ({"authorization_details": [{"type": "payment"}]}, "request_object_invalid"),
    ({"exp": NOW}, "request_object_jwt_expired"),
    ({"exp": NOW + 3_601}, "request_object_jwt_expiration_too_long"),
    ({"exp": "soon"}, "request_object_invalid"),
    ({"nbf": NOW + 16}, "request_object_before_nbf"),
    ({"iat": NOW + 16}, "request_object_issued_in_future"),
    ({"jti": ""}, "request_object_invalid"),
    ({"jti": 5}, "request_object_invalid"),
    ({"jti": "j" * 513}, "request_object_invalid"),
]


@pytest.mark.parametrize(("changes", "reason"), WRONG)
def test_each_member_that_is_wrong_is_enough(changes: dict[str, Any], reason: str) -> None:
    bank = Bank("NONE")

    assert reasons(bank, an_object(**changes)) == {reason}
    assert bank.storage.requests.records == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ISSUER]},
        {"aud": ["https://other.example", ISSUER]},
        {"sub": "somebody"},
        {"exp": NOW + 3_600},
        {"exp": None, "nbf": None},
        {"nbf": NOW + 15},
        {"iat": NOW + 15},
        {"nbf": NOW - 86_400},
        {"max_age": 300},
        {"claims": {"userinfo": {}}},
        {"vendor": {"a": [1]}, "jti": "j" * 512},
        {"dpop_jkt": Key().jkt},
    ],
)
def test_what_is_unusual_but_right_is_taken(changes: dict[str, Any]) -> None:
    assert "code" in sent(Bank("NONE"), an_object(**changes)).fields
    assert pushed(Bank("NONE"), an_object(**changes))[0] == 201


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": "dpop+jwt"}, "request_object_invalid"),
        ({"typ": "at+jwt"}, "request_object_invalid"),
        ({"typ": "client-authentication+jwt"}, "request_object_invalid"),
        ({"kid": "unknown"}, "request_object_invalid_kid"),
        ({"kid": "PS256"}, "request_object_invalid_signature_algorithm"),
        ({"jku": "https://evil.example/keys"}, "request_object_invalid"),
        ({"jwk": Key().jwk}, "request_object_invalid"),
        ({"x5u": "https://evil.example/x"}, "request_object_invalid"),
        ({"crit": ["b64"]}, "request_object_invalid"),
    ],
)
def test_each_header_that_is_wrong_is_enough(header: dict[str, Any], reason: str) -> None:
    assert reasons(Bank("NONE"), an_object(header=header)) == {reason}


def test_a_stranger_cannot_sign_for_a_client() -> None:
    stranger = jwt.encode(
        {"iss": CLIENT_ID, "aud": ISSUER, "client_id": CLIENT_ID, **ASKED}, Key().private, "ES256", {"kid": "ES256"}
    )
    head, payload, signature = an_object().split(".")
    other = an_object(scope="openid orders:read").split(".")[1]

    for text in (stranger, f"{head}.{other}.{signature}", f"{head}.{payload}.{signature[:-6]}AAAAAA"):
        assert reasons(Bank("NONE"), text) == {"request_object_bad_signature"}


@pytest.mark.parametrize("text", ["a.b.c", "x", "e30.e30.e30", "e30.W10.AA", "é.é.é", "a" * 16_385])
def test_what_is_no_jws_is_no_object(text: str) -> None:
    bank = Bank("NONE")

    assert pushed(bank, text)[0] == 400
    assert sent(bank, text[:4_000]).fields.get("error", "invalid_request") in {
        "invalid_request_object",
        "invalid_request",
    }


def test_an_unsigned_object_is_not_supported() -> None:
    claims = {"iss": CLIENT_ID, "aud": ISSUER, "client_id": CLIENT_ID, **ASKED}
    unsigned = jwt.encode(claims, "", "none")

    assert reasons(Bank("NONE"), unsigned) == {"request_not_supported"}
    for profile in ("FAPI2", SIGNING):
        assert pushed(Bank(profile), unsigned)[1]["error"] == "invalid_request_object"


def test_a_client_without_keys_or_secret_signs_nothing() -> None:
    bank = Bank("NONE", keys=(), auth_method="none")

    answer = sent(bank, an_object())

    assert answer.fields["error"] == "request_not_supported"
    assert "code" in bank.ask(**PKCE).fields


def hmac_object(algorithm: str = "HS256", secret: str = SECRET, **changes: Any) -> str:
    claims = {"iss": CLIENT_ID, "aud": ISSUER, "client_id": CLIENT_ID, **ASKED} | changes
    return jwt.encode(claims, secret, algorithm)


@SHORT_KEYS
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_client_with_a_secret_signs_by_it(algorithm: str) -> None:
    client: dict[str, Any] = {"auth_method": "client_secret_basic", "keys": (), "secrets": (a_secret(),)}
    bank = Bank("NONE", **client)

    assert "code" in sent(bank, hmac_object(algorithm)).fields
    assert bank.push({"request": hmac_object(algorithm)}, headers=basic())[0] == 201
    assert "error" in sent(bank, hmac_object(algorithm, "another-secret-of-more-than-64-characters" * 2)).fields
    assert bank.events.emitted[-1].reason == "request_object_bad_signature"
    assert "error" in sent(bank, an_object()).fields
    assert bank.events.emitted[-1].reason == "request_object_invalid_signature_algorithm"


@SHORT_KEYS
def test_a_short_secret_signs_nothing_and_no_secret_neither() -> None:
    short = "a-secret-of-30-characters-only"
    weak = Bank("NONE", auth_method="client_secret_basic", keys=(), secrets=(a_secret(short),))

    sent(weak, hmac_object(secret=short))
    assert weak.events.emitted[-1].reason == "request_object_invalid_secret_length"
    keyed = Bank("NONE")
    sent(keyed, hmac_object())
    assert keyed.events.emitted[-1].reason == "request_object_no_client_secret"


def test_a_public_key_is_no_secret() -> None:
    """RFC 8725 §2.1: an object keyed by the text of a public key of the client."""
    bank = Bank("NONE")

    assert "error" in sent(bank, hmac_object(secret=str(KEYS["ES256"].jwk))).fields


def test_a_client_that_says_how_it_signs_signs_no_other_way() -> None:
    bank = Bank("NONE", request_algorithm="EdDSA")

    assert reasons(bank, an_object("ES256")) == {"request_object_header_algo_mismatch"}
    assert "code" in sent(bank, an_object("EdDSA")).fields


def test_a_key_for_encryption_signs_nothing() -> None:
    keys = tuple(replace(key, jwk={**key.jwk, "use": "enc"}) for key in a_bank_client().keys)
    bank = Bank("NONE", keys=keys)

    assert "error" in sent(bank, an_object()).fields
    assert bank.events.emitted[-1].reason == "request_object_jwt_invalid_key_use"


def test_keys_that_cannot_be_fetched_are_the_objects_fault() -> None:
    def nothing(_: str) -> bytes:
        raise FetchFailed("refused")

    client: Client = a_bank_client(keys=(), jwks_uri="https://app.example.com/jwks")
    for fetch in (nothing, lambda _: b"{}", lambda _: b'{"keys":[]}'):
        objects = RequestObjects(MemoryStorage().assertions, ClientSignatures(FakeSeals(), FetchedJwks(fetch)))
        with pytest.raises(OAuthError) as refused:
            objects.open(an_object(), client, profile_named("NONE"), issuer=ISSUER, now=NOW)
        assert refused.value.id == "request_object_invalid_jwks"


def test_nothing_beside_the_object_counts() -> None:
    bank = Bank("NONE")
    beside = {"state": "outside", "scope": "plain", "max_age": "x", "prompt": "nonsense", "response_mode": "form_post"}

    answer = sent(bank, an_object(state=None), **beside)
    _, body = pushed(bank, an_object(state=None), **beside)

    assert answer.fields.keys() == {"code", "iss"}
    assert "?" in answer.location
    resumed = bank.get((("client_id", CLIENT_ID), ("request_uri", body["request_uri"])))
    assert resumed.fields.keys() == {"code", "iss"}


def test_the_redirect_uri_is_the_one_inside() -> None:
    bank = Bank("NONE")
    inside = {"client_id": CLIENT_ID, "request": an_object()}

    assert bank.get(tuple(inside.items())).location.startswith(f"{CALLBACK}?")
    assert sent(bank, an_object(redirect_uri="https://evil.example.com/cb")).page == "illegal_redirect_uri"
    assert pushed(bank, an_object(redirect_uri="https://evil.example.com/cb"))[0] == 400
    # Without a way back the user sees what is wrong with the object.
    bad = {"client_id": CLIENT_ID, "request": an_object(aud="x")}
    assert bank.get(tuple(bad.items())).page == "request_object_audience_mismatch"


def test_an_object_of_another_client_is_not_this_ones() -> None:
    bank = Bank("NONE")
    bank.storage.clients.add(a_bank_client(id="0oaOTHER", label="other"), [])
    query = (("client_id", "0oaOTHER"), ("redirect_uri", CALLBACK), ("request", an_object()))

    assert bank.get(query).fields["error"] == "invalid_client"


def test_what_proves_somebody_is_not_taken_from_an_object() -> None:
    bank = Bank("NONE", server={})
    bank.browsers.sessions.clear()
    token = bank.session_token()

    answer = sent(bank, an_object(sessionToken=token, client_secret="s", client_assertion="a"))
    (stored,) = bank.storage.requests.records.values()

    assert "/signin?" in answer.location
    assert not {"sessionToken", "client_secret", "client_assertion"} & set(stored.parameters)
    assert "code" in sent(bank, an_object(), sessionToken=token).fields


@pytest.mark.parametrize("changes", [{}, {"exp": None, "nbf": None}])
def test_an_object_with_a_jti_counts_once(changes: dict[str, Any]) -> None:
    bank = Bank("NONE")
    text = an_object(jti="once", **changes)

    assert "code" in sent(bank, text).fields
    assert reasons(bank, text) == {"request_object_already_used"}
    bank.clock.advance(seconds=200)
    assert reasons(bank, text) == {"request_object_already_used"}
    assert "code" in sent(bank, an_object(jti="another", **changes)).fields
    other = Bank("NONE")
    assert pushed(other, text)[0] == 201
    assert reasons(other, text) == {"request_object_already_used"}


def test_a_refused_request_uses_no_object_up() -> None:
    bank = Bank("NONE")
    text = an_object(jti="once", scope="nonsense")

    assert sent(bank, text).fields["error"] == "invalid_scope"
    assert pushed(bank, text)[1]["error"] == "invalid_scope"
    assert pushed(bank, an_object(jti="once"))[0] == 201


def test_an_assertion_and_an_object_do_not_use_each_other_up() -> None:
    bank = Bank("NONE")

    assert pushed(bank, an_object(jti="same"))[0] == 201
    assert bank.machine(assertion=bank.assertion(jti="same")).status == 200


def test_a_signed_request_waits_for_its_user_and_is_signed_still() -> None:
    bank = Bank("NONE", signs_only=True)
    bank.browsers.sessions.clear()
    handle = sent(bank, an_object(jti="once")).handle
    bank.sign_in()

    assert bank.resume(handle).fields["state"] == "inside"


def test_a_form_with_an_object_becomes_a_get() -> None:
    bank = Bank("NONE", signs_only=True)

    hop = bank.post({"client_id": CLIENT_ID, "request": an_object(jti="once")}, None)

    assert hop.response.status == 303
    assert bank.follow(hop.location).fields["state"] == "inside"


@pytest.mark.parametrize("profile", ["NONE", SIGNING])
def test_a_client_that_has_to_sign_is_refused_without(profile: SecurityProfile) -> None:
    bank = Bank(profile, signs_only=profile == "NONE")

    status, body = bank.pushes()

    assert (status, body["error"]) == (400, "invalid_request")
    assert "signed request object" in body["error_description"]
    if profile == "NONE":
        assert bank.ask(**PKCE).fields["error"] == "invalid_request"
    assert pushed(bank, an_object())[0] == 201
    assert Bank("FAPI2").pushes()[0] == 201


def test_a_resource_may_be_a_list_or_a_text() -> None:
    resources = (a_resource("https://a.example"), a_resource("https://b.example"))
    bank = Bank("NONE", server={"resources": resources, "resource_indicators": True})

    for value in ("https://a.example", ["https://a.example", "https://b.example"]):
        assert pushed(bank, an_object(resource=value), resource="https://c.example")[0] == 201
    stored = list(bank.storage.requests.records.values())
    assert [request.resources for request in stored] == [
        ("https://a.example",),
        ("https://a.example", "https://b.example"),
    ]


#: What message signing asks beyond it.
STRICT_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nbf": None}, "request_object_invalid"),
    ({"exp": None}, "request_object_invalid"),
    ({"nbf": NOW - 3_601, "exp": NOW + 60}, "request_object_jwt_expired"),
    ({"nbf": NOW - 60, "exp": NOW + 3_541}, "request_object_jwt_expiration_too_long"),
    ({"iss": "0oaOTHER"}, "request_object_invalid"),
]


@pytest.mark.parametrize(("changes", "reason"), STRICT_WRONG)
def test_message_signing_asks_for_an_hour_at_most(changes: dict[str, Any], reason: str) -> None:
    bank = Bank(SIGNING)

    status, body = pushed(bank, an_object(**changes))

    assert (status, body["error"]) == (400, "invalid_request_object")
    assert bank.events.emitted[-1].reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": NOW + 8, "exp": NOW + 3_608},
        {"nbf": NOW - 3_540, "exp": NOW + 60},
        {"aud": ["https://o.example", ISSUER]},
    ],
)
def test_message_signing_takes_what_is_within_it(changes: dict[str, Any]) -> None:
    assert pushed(Bank(SIGNING), an_object(**changes))[0] == 201


@pytest.mark.parametrize("profile", ["FAPI2", SIGNING])
def test_weak_signatures_of_objects_are_refused(profile: SecurityProfile) -> None:
    bank = Bank(profile)

    status, body = pushed(bank, an_object("RS256"))

    assert (status, body["error"]) == (400, "invalid_request_object")
    assert bank.events.emitted[-1].reason == "request_object_invalid_signature_algorithm"
    for algorithm in KEYS:
        assert pushed(bank, an_object(algorithm))[0] == 201
    assert sent(bank, an_object()).fields["error"] == "invalid_request"  # it was not pushed


def test_the_key_of_the_push_and_the_one_in_the_object_are_one() -> None:
    bank, key = Bank(SIGNING), Key()

    def push(jkt: str) -> int:
        headers = {"dpop": key.proof(f"{ISSUER}/v1/par")}
        return bank.push({"request": an_object(dpop_jkt=jkt), **bank.assertion()}, headers=headers)[0]

    assert (push(Key().jkt), push(key.jkt)) == (400, 201)


def test_after_a_restore_an_object_of_before_may_have_been_used() -> None:
    signatures = ClientSignatures(FakeSeals(), FetchedJwks(lambda _: b""))
    objects = RequestObjects(MemoryStorage().assertions, signatures, since=NOW)

    def opened(**changes: Any) -> Any:
        return objects.open(an_object(**changes), a_bank_client(), profile_named("NONE"), issuer=ISSUER, now=NOW)

    for changes in ({"jti": "a", "nbf": NOW - 1}, {"jti": "a", "nbf": None}, {"jti": "a", "nbf": None, "exp": None}):
        with pytest.raises(OAuthError, match="issued before"):
            opened(**changes)
    assert opened(jti="a").spend is not None
    assert opened(jti=None, nbf=NOW - 1).spend is None


def test_a_pushed_object_may_come_as_json() -> None:
    bank = Bank("NONE")

    status, _ = bank.push({"request": an_object(), **bank.assertion()}, json=True)

    assert status == 201
