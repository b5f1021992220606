"""Tokens bound to their client's key (RFC 9449), through the functions and a real backend."""

import json
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from authmint.clock import SystemClock

from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.faults import ASK, FAULTS, Faults
from tests.functions.sign_ins import BASE_URL, People, people_at
from tests.support.dpop import Key, ath
from tests.support.people import CALLBACK, query_of

ADMIN = "/api/v1/authorizationServers"


def now() -> int:
    return SystemClock().now()


class Bound:
    """A server, its machine and its people, and clients with keys of their own."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.server, self.client, self.secret = functions.ready()
        self.people: People = people_at(functions, self.server)
        self.people.sign_in()
        self.key = Key()

    @property
    def token_uri(self) -> str:
        return f"{BASE_URL}/oauth2/{self.server}/v1/token"

    def security(self, **dpop: Any) -> None:
        self.functions.admin("PUT", f"{ADMIN}/{self.server}/security", {"dpop": dpop})

    def app(self, **settings: Any) -> None:
        path = f"/api/v1/apps/{self.people.client}"
        app = self.functions.admin("GET", path)
        app["settings"]["oauthClient"] |= settings
        self.functions.admin("PUT", path, app)

    def proof(self, key: Key | None = None, **claims: Any) -> str:
        return (key or self.key).proof(self.token_uri, now=now(), **claims)

    def nonce(self) -> str:
        return str(self.sent(self.machine(), self.proof())["headers"]["dpop-nonce"])

    def machine(self) -> dict[str, Any]:
        return form_event("token", self.server, ASK, self.client, self.secret)

    def person(self, **fields: str) -> dict[str, Any]:
        return form_event("token", self.server, urlencode(fields), self.people.client, self.people.secret)

    def redeeming(self, code: str) -> dict[str, Any]:
        from tests.functions.sign_ins import VERIFIER

        proof = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.person(grant_type="authorization_code", **proof)

    def refreshing(self, token: str) -> dict[str, Any]:
        return self.person(grant_type="refresh_token", refresh_token=token)

    def sent(self, event: dict[str, Any], proof: str | None = None, *, function: str = "token") -> dict[str, Any]:
        headers = event["headers"] | ({} if proof is None else {"dpop": proof})
        return self.functions.http(function, event | {"headers": headers})

    def bound(self, event: dict[str, Any], key: Key | None = None) -> dict[str, Any]:
        """The answer to a request with a proof that is right."""
        return self.sent(event, self.proof(key, nonce=self.nonce()))


def body(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


@pytest.fixture
def bound(functions: Functions, unbraked: None) -> Bound:
    return Bound(functions)


def test_a_machine_gets_a_nonce_then_a_bound_token_and_a_used_proof_is_used(
    bound: Bound, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    challenge = bound.sent(bound.machine(), bound.proof())
    event = json.loads(capsys.readouterr().out.splitlines()[-1])["event"]
    proof = bound.proof(nonce=challenge["headers"]["dpop-nonce"])
    granted = bound.sent(bound.machine(), proof)
    again = bound.sent(bound.machine(), proof)
    elsewhere = Functions(bound.functions.deployed, bound.functions.calls)
    replayed = elsewhere.http("token", bound.machine() | {"headers": bound.machine()["headers"] | {"dpop": proof}})

    assert (challenge["statusCode"], body(challenge)["error"]) == (400, "use_dpop_nonce")
    assert (event["outcome"], event["reason"]) == ("CHALLENGE", "use_dpop_nonce")
    assert granted["statusCode"] == 200, granted
    assert body(granted)["token_type"] == "DPoP"
    assert claims(body(granted)["access_token"])["cnf"] == {"jkt": bound.key.jkt}
    for refused in (again, replayed):
        assert body(refused) == {
            "error": "invalid_dpop_proof",
            "error_description": "The DPoP proof JWT has already been used.",
        }


def test_without_a_proof_nothing_changes_unless_client_or_server_ask_for_one(bound: Bound) -> None:
    plain = bound.sent(bound.machine())
    bound.security(required=True)
    refused = bound.sent(bound.machine())
    granted = bound.bound(bound.machine())

    assert body(plain)["token_type"] == "Bearer"
    assert "cnf" not in claims(body(plain)["access_token"])
    assert body(refused)["error_description"] == "The DPoP proof JWT header is missing."
    assert body(granted)["token_type"] == "DPoP"


def test_a_server_may_do_without_nonces_and_may_take_fewer_algorithms(bound: Bound) -> None:
    bound.security(nonceSeconds=0, algorithms=["EdDSA"])

    assert bound.sent(bound.machine(), bound.proof(Key("EdDSA")))["statusCode"] == 200
    refused = body(bound.sent(bound.machine(), bound.proof()))
    assert refused["error_description"] == "The DPoP proof JWT signature algorithm is invalid."


def test_a_challenge_uses_nothing_up_and_a_code_may_be_bound_before(bound: Bound) -> None:
    other = Key()
    code = query_of(bound.people.authorize(dpop_jkt=bound.key.jkt)[0])["code"]

    challenged = bound.sent(bound.redeeming(code), bound.proof())
    stolen = bound.bound(bound.redeeming(code), other)
    bare = bound.sent(bound.redeeming(code))
    granted = bound.bound(bound.redeeming(code))

    assert body(challenged)["error"] == "use_dpop_nonce"
    assert {body(answer)["error"] for answer in (stolen, bare)} == {"invalid_dpop_proof"}
    assert body(granted)["token_type"] == "DPoP", granted


@pytest.mark.parametrize("jkt", ["x", "x" * 44, "ö" * 43])
def test_a_thumbprint_that_is_none(bound: Bound, jkt: str) -> None:
    assert query_of(bound.people.authorize(dpop_jkt=jkt)[0])["error"] == "invalid_request"


def test_a_pushed_request_is_bound_to_the_key_of_its_proof_and_asks_for_no_nonce(bound: Bound) -> None:
    from tests.functions.sign_ins import CHALLENGE

    uri = f"{BASE_URL}/oauth2/{bound.server}/v1/par"
    wish = {"client_id": bound.people.client, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
    wish |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s", "nonce": "n"}

    def push(**more: str) -> dict[str, Any]:
        text = urlencode(wish | more)
        return form_event("par", bound.server, text, bound.people.client, bound.people.secret)

    proof = bound.key.proof(uri, now=now())
    pushed = bound.sent(push(), proof)
    again = bound.sent(push(), proof)
    torn = bound.sent(push(dpop_jkt=Key().jkt), bound.key.proof(uri, now=now()))
    at = bound.people.authorize(request_uri=body(pushed)["request_uri"])[0]
    code = query_of(at)["code"]

    assert pushed["statusCode"] == 201, pushed
    assert body(again)["error_description"] == "The DPoP proof JWT has already been used."
    assert body(torn)["error"] == "invalid_dpop_proof"
    assert body(bound.bound(bound.redeeming(code), Key()))["error"] == "invalid_dpop_proof"
    assert body(bound.bound(bound.redeeming(code)))["token_type"] == "DPoP"


def test_a_confidential_client_goes_on_with_a_proof_of_whichever_key(bound: Bound) -> None:
    first = body(bound.bound(bound.redeeming(bound.people.code())))
    other = Key()

    bare = bound.sent(bound.refreshing(first["refresh_token"]))
    second = body(bound.bound(bound.refreshing(first["refresh_token"]), other))

    assert body(bare)["error_description"] == "The DPoP proof JWT header is missing."
    assert claims(second["access_token"])["cnf"] == {"jkt": other.jkt}


def test_a_public_client_goes_on_with_its_first_key_only_and_a_refusal_burns_nothing(bound: Bound) -> None:
    app = bound.functions.admin("GET", f"/api/v1/apps/{bound.people.client}")
    app["settings"]["oauthClient"] |= {"refresh_token": {"rotation_type": "ROTATE"}}
    app["credentials"]["oauthClient"] |= {"token_endpoint_auth_method": "none", "pkce_required": True}
    app["credentials"]["oauthClient"].pop("client_secret", None)
    bound.functions.admin("PUT", f"/api/v1/apps/{bound.people.client}", app)

    def public(event: dict[str, Any]) -> dict[str, Any]:
        headers = {name: value for name, value in event["headers"].items() if name != "authorization"}
        return event | {"headers": headers, "body": f"{event['body']}&client_id={bound.people.client}"}

    first = body(bound.bound(public(bound.redeeming(bound.people.code()))))
    refreshing = public(bound.refreshing(first["refresh_token"]))
    stolen = body(bound.bound(refreshing, Key()))
    bare = body(bound.sent(refreshing))
    second = body(bound.bound(refreshing))
    repeated = body(bound.bound(refreshing))
    late_thief = body(bound.bound(refreshing, Key()))

    assert stolen["error_description"] == "Invalid DPoP Public Key binding in refresh token"
    assert bare["error"] == "invalid_dpop_proof"
    assert second["token_type"] == "DPoP", second
    assert repeated == second  # within the leeway, with a proof of its own
    assert late_thief["error"] == "invalid_dpop_proof"


def test_within_the_leeway_another_key_gets_another_token_and_never_the_sealed_answer(bound: Bound) -> None:
    bound.app(refresh_token={"rotation_type": "ROTATE", "leeway": 60})
    first = body(bound.bound(bound.redeeming(bound.people.code())))
    refreshing = bound.refreshing(first["refresh_token"])

    one, other = Key(), Key()
    by_one, by_other = body(bound.bound(refreshing, one)), body(bound.bound(refreshing, other))

    assert claims(by_one["access_token"])["cnf"] == {"jkt": one.jkt}
    assert claims(by_other["access_token"])["cnf"] == {"jkt": other.jkt}
    assert by_one["refresh_token"] == by_other["refresh_token"]


def test_introspection_tells_the_key(bound: Bound) -> None:
    tokens = body(bound.bound(bound.redeeming(bound.people.code())))

    def told(token: str) -> dict[str, Any]:
        event = form_event("introspect", bound.server, f"token={token}", bound.people.client, bound.people.secret)
        return body(bound.functions.http("token_status", event))

    assert told(tokens["access_token"])["token_type"] == "DPoP"
    assert told(tokens["access_token"])["cnf"] == {"jkt": bound.key.jkt}
    assert told(tokens["refresh_token"])["cnf"] == {"jkt": bound.key.jkt}


def test_no_browser_gets_a_token_where_it_would_have_to_be_bound(bound: Bound) -> None:
    bound.app(
        dpop_bound_access_tokens=True,
        grant_types=["authorization_code", "implicit", "refresh_token"],
        response_types=["code", "token", "id_token"],
    )
    asked = {"response_type": "id_token token", "code_challenge": "", "code_challenge_method": ""}

    at = bound.people.authorize(**asked, scope="openid")[0]

    assert "error=unauthorized_client" in at
    assert query_of(bound.people.authorize()[0])["code"]


class Resource:
    """Userinfo, with and without proofs."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.uri = f"{BASE_URL}/oauth2/{bound.server}/v1/userinfo"

    def asked(self, authorization: str, proof: str | None = None) -> dict[str, Any]:
        event = load_event("jwks")
        event["requestContext"]["http"] |= {"method": "GET"}
        headers = {"authorization": authorization} | ({} if proof is None else {"dpop": proof})
        path = f"/oauth2/{self.bound.server}/v1/userinfo"
        event |= {"rawPath": path, "pathParameters": {"authServerId": self.bound.server}, "headers": headers}
        return self.bound.functions.http("token_status", event)

    def proof(self, token: str, key: Key | None = None, **changes: Any) -> str:
        proven = {"ath": ath(token)} | changes
        return (key or self.bound.key).proof(self.uri, "GET", now=now(), **proven)


def test_userinfo_wants_the_key_of_a_bound_token(bound: Bound) -> None:
    token = body(bound.bound(bound.redeeming(bound.people.code())))["access_token"]
    unbound = body(bound.sent(bound.redeeming(bound.people.code())))["access_token"]
    at = Resource(bound)

    good = at.asked(f"DPoP {token}", at.proof(token))
    refused = {
        "as bearer": at.asked(f"Bearer {token}", at.proof(token)),
        "no proof": at.asked(f"dpop {token}"),
        "no ath": at.asked(f"DPoP {token}", at.proof(token, ath=None)),
        "ath of another": at.asked(f"DPoP {token}", at.proof(unbound)),
        "another key": at.asked(f"DPoP {token}", at.proof(token, Key())),
        "another method": at.asked(f"DPoP {token}", at.proof(token, htm="POST")),
        "unbound": at.asked(f"DPoP {unbound}", at.proof(unbound)),
    }

    assert good["statusCode"] == 200, good
    assert at.asked(f"Bearer {unbound}")["statusCode"] == 200
    told = {what: (answer["statusCode"], body(answer)["error_description"]) for what, answer in refused.items()}
    assert told == {
        "as bearer": (
            400,
            "The resource request must use the DPoP authentication scheme when using a DPoP bound token.",
        ),
        "no proof": (400, "The resource request requires a DPoP proof."),
        "no ath": (400, "'ath' claim in the DPoP proof does not match the presented access_token."),
        "ath of another": (400, "'ath' claim in the DPoP proof does not match the presented access_token."),
        "another key": (400, "The access_token is not bound to the provided DPoP proof."),
        "another method": (400, "'htm' claim in the DPoP proof JWT is invalid."),
        "unbound": (401, "The presented access_token is not DPoP bound."),
    }
    for answer in refused.values():
        assert answer["headers"]["www-authenticate"].startswith('DPoP error="')
        assert 'algs="RS256 ' in answer["headers"]["www-authenticate"]


@pytest.mark.parametrize("fault", ["throttled", "unreachable"])
def test_a_fault_at_any_call_of_a_bound_request_is_a_503_and_the_same_with_a_new_proof_works(
    functions: Functions, faults: Faults, unbraked: None, fault: str
) -> None:
    bound = Bound(functions)
    nonce = bound.nonce()
    position = 0
    while True:
        position += 1
        faults.arm(FAULTS[fault], position, lasting=True)

        answer = bound.sent(bound.machine(), bound.proof(nonce=nonce))

        if faults.seen < position:
            break
        assert answer["statusCode"] == 503, (position, answer)
        faults.clear()
        assert bound.sent(bound.machine(), bound.proof(nonce=nonce))["statusCode"] == 200
    assert position == 3  # the read and the proof
