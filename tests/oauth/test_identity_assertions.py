"""docs/protocol.md §45: what issuers that a server trusts say of people is redeemed for tokens, once."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from authmint.management.org.org_server import org_server
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.storage.servers import ORG_SERVER, AuthorizationServer, Scope
from authmint.storage.trusted_issuers import IssuerSubject, TrustedIssuer, subject_id
from authmint.storage.users import Provider
from authmint.tokens.signer import KeySigner
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.oauth.engine import Engine
from tests.oauth.people import a_people_server, ann
from tests.support.builders import (
    BASE_URL,
    CLIENT_ID,
    SERVER_ID,
    a_client,
    a_form,
    a_policy,
    a_resource,
    a_rule,
    a_server,
    basic,
)
from tests.support.dpop import Key
from tests.support.fakes import NOW, CountingIds, decoded, pregenerated
from tests.support.outside import Issuer

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = f"{BASE_URL}/oauth2/{SERVER_ID}"
TYPE = "oauth-id-jag+jwt"
MCP = "https://mcp.example.com/mcp"


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def a_trusting_server(**changes: Any) -> AuthorizationServer:
    rule = a_rule(grant_types=(GRANT,), access_token_lifetime=86_400, scopes=("notes.read", "notes.write"))
    scopes = (Scope("scp7", "notes.read"), Scope("scp8", "notes.write"), Scope("scp9", "notes.all"))
    server = a_people_server(policies=(a_policy(rule),))
    values: dict[str, Any] = {"scopes": (*server.scopes, *scopes), "dpop_nonce_seconds": 0}
    return replace(server, **values | changes)


class World:
    """A server, a client, Ann, and an issuer whose ``sub`` ``u-1`` means her."""

    def __init__(self, server: AuthorizationServer | None = None, **entry: Any) -> None:
        self.idp = Issuer()
        self.engine = Engine(server or a_trusting_server(), a_client(grant_types=(GRANT,), application_type="web"))
        self.storage = self.engine.storage
        self.storage.users.add(ann(), [])
        self.engine.documents |= self.idp.documents
        values: dict[str, Any] = {"jwks_uri": f"{self.idp.url}/keys"}
        self.trust(TrustedIssuer("tis1", self.idp.url, "ID_JAG", NOW, NOW, **values | entry))
        self.storage.issuer_subjects.add(IssuerSubject(subject_id("u-1"), "tis1", "u-1", "00uA", NOW), [])

    def trust(self, *issuers: TrustedIssuer) -> None:
        server = self.storage.servers.get(SERVER_ID)
        self.storage.servers.save(server, replace(server, trusted_issuers=issuers), [])

    def assertion(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        said = {"sub": "u-1", "aud": AUDIENCE, "client_id": CLIENT_ID, "scope": "notes.read"}
        return self.idp.token({"typ": TYPE} | (header or {}), **{**said, **changes})

    def redeem(
        self, assertion: str, *, by: str = CLIENT_ID, headers: Any = None, resources: Any = (), **f: str
    ) -> Response:
        form = {"grant_type": GRANT, "assertion": assertion} | f
        form = {name: value for name, value in form.items() if value}
        return self.engine.token(a_form(form, headers={**basic(by), **(headers or {})}, resources=resources))

    def refused(self, answer: Response) -> str:
        assert answer.status >= 400, answer.body
        return self.engine.events.emitted[-1].reason or ""

    def token(self, **changes: Any) -> dict[str, Any]:
        answer = self.redeem(self.assertion(**changes))
        assert answer.status == 200, answer.body
        body: dict[str, Any] = decoded(answer.body)
        return body


def test_an_assertion_becomes_a_token() -> None:
    world = World()
    said = {"auth_time": NOW - 60, "acr": "urn:x", "amr": ["pwd", "mfa"], "sub_profile": "ai_agent"}

    answer = world.token(act={"sub": "agent"}, **said)

    token = claims(answer["access_token"])
    assert set(answer) == {"token_type", "expires_in", "access_token", "scope"}
    assert answer["expires_in"] == 3_600, "an hour at most, whatever the rule says"
    assert {name: token[name] for name in ("uid", "cid", "aud", "scp", "act", *said)} == {
        "uid": "00uA",
        "cid": CLIENT_ID,
        "aud": "api://orders",
        "scp": ["notes.read"],
        "act": {"sub": "agent"},
        **said,
    }
    event = world.engine.events.emitted[-1]
    assert (event.debug["subject_token_issuer"], event.debug["subject_token_type"]) == (
        world.idp.url,
        "urn:ietf:params:oauth:token-type:id-jag",
    )
    assert world.engine.state(answer["access_token"])["active"] is True


def test_when_somebody_signed_in_is_as_the_issuer_says_or_unknown() -> None:
    world = World()

    assert "auth_time" not in claims(world.token()["access_token"]), "not now: nobody said so"
    assert claims(world.token(auth_time=NOW - 9_000.5)["access_token"])["auth_time"] == NOW - 9_001
    assert claims(world.token(auth_time=NOW + 15)["access_token"])["auth_time"] == NOW + 15


def test_what_is_exchanged_for_it_does_not_know_either_when_somebody_signed_in() -> None:
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    server = a_trusting_server()
    rule = replace(server.policies[0].rules[0], grant_types=(GRANT, exchange))
    world = World(replace(server, policies=(a_policy(rule),)))
    client = world.storage.clients.get(CLIENT_ID)
    world.storage.clients.save(client, replace(client, implicit_assignment=True), [])
    world.storage.clients.add(a_client(id="0oaSVC", grant_types=(exchange,)), [])
    form = {
        "grant_type": exchange,
        "subject_token": world.token()["access_token"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": "api://orders",
    }

    response = world.engine.token(a_form(form, headers=basic("0oaSVC")))
    assert response.status == 200, world.refused(response)
    answer = decoded(response.body)

    assert "auth_time" not in claims(answer["access_token"])
    assert claims(answer["access_token"])["uid"] == "00uA"


def test_it_ends_with_the_user_and_with_the_client() -> None:
    world = World()
    token = world.token()["access_token"]
    user = world.storage.users.get("00uA")
    world.storage.users.save(user, replace(user, status="SUSPENDED"), [])

    assert world.engine.state(token) == {"active": False}
    assert world.refused(world.redeem(world.assertion())) == "id_jag_invalid_subject"


#: What is wrong with the assertion, and what is said of it.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "type: none": ({"header": {"typ": None}}, "jwt_bearer_grant_invalid_issuer"),
    "type: an ID token": ({"header": {"typ": "JWT"}}, "jwt_bearer_grant_invalid_issuer"),
    "type: an access token": ({"header": {"typ": "at+jwt"}}, "jwt_bearer_grant_invalid_issuer"),
    "issuer unknown": ({"iss": "https://other.example"}, "id_jag_untrusted_issuer"),
    "issuer with a slash": ({"iss": "https://idp.example/"}, "id_jag_untrusted_issuer"),
    "issuer missing": ({"iss": None}, "id_jag_untrusted_issuer"),
    "audience another": ({"aud": f"{BASE_URL}/oauth2/other"}, "jwt_bearer_grant_invalid_audience"),
    "audience the endpoint": ({"aud": f"{AUDIENCE}/v1/token"}, "jwt_bearer_grant_invalid_audience"),
    "audience two": ({"aud": [AUDIENCE, AUDIENCE]}, "jwt_bearer_grant_invalid_audience"),
    "audience missing": ({"aud": None}, "jwt_bearer_grant_invalid_audience"),
    "over": ({"iat": NOW - 300, "exp": NOW}, "id_jag_expired"),
    "without end": ({"exp": None}, "id_jag_expired"),
    "too long": ({"exp": NOW + 301}, "id_jag_lifetime_too_long"),
    "of the future": ({"iat": NOW + 16, "exp": NOW + 100}, "id_jag_issued_in_future"),
    "not yet": ({"nbf": NOW + 16}, "id_jag_issued_in_future"),
    "without a beginning": ({"iat": None}, "invalid_grant"),
    "client another": ({"client_id": "0oaB"}, "id_jag_client_mismatch"),
    "client missing": ({"client_id": None}, "id_jag_client_mismatch"),
    "sub unknown": ({"sub": "u-2"}, "id_jag_invalid_subject"),
    "sub missing": ({"sub": None}, "id_jag_invalid_subject"),
    "sub our user's id": ({"sub": "00uA"}, "id_jag_invalid_subject"),
    "sub the address": ({"sub": "x", "email": "ann@example.com", "email_verified": True}, "id_jag_invalid_subject"),
    "resource": ({"resource": "https://other.example/"}, "id_jag_resource_not_allowed_for_as"),
    "no scope": ({"scope": None}, "id_jag_lacking_scopes"),
    "scope a list": ({"scope": ["notes.read"]}, "id_jag_lacking_scopes"),
    "scope unknown": ({"scope": "notes.read other"}, "no_matching_scope"),
    "scope of OpenID Connect": ({"scope": "notes.read openid"}, "illegal_scope"),
    "scope that no rule gives": ({"scope": "notes.read notes.all"}, "no_matching_policy"),
    "details": ({"authorization_details": []}, "authorization_details_not_supported"),
    "no jti": ({"jti": None}, "invalid_grant"),
    "a jti that is none": ({"jti": 7}, "invalid_grant"),
    "auth_time a text": ({"auth_time": str(NOW - 60)}, "invalid_grant"),
    "auth_time a truth": ({"auth_time": True}, "invalid_grant"),
    "auth_time negative": ({"auth_time": -1}, "invalid_grant"),
    "auth_time absurd": ({"auth_time": 10**400}, "invalid_grant"),
    "auth_time of the future": ({"auth_time": NOW + 16}, "invalid_grant"),
    "act": ({"act": "agent"}, "invalid_subject_token_act_claim_malformed"),
    "act of nobody": ({"act": {}}, "invalid_subject_token_act_claim_malformed"),
    "act of a number": ({"act": {"sub": 7}}, "invalid_subject_token_act_claim_malformed"),
    "act of an empty text": ({"act": {"sub": ""}}, "invalid_subject_token_act_claim_malformed"),
    "act around nobody": ({"act": {"sub": "a", "act": {"iss": "b"}}}, "invalid_subject_token_act_claim_malformed"),
    "a key": ({"cnf": {"jkt": "x" * 43}}, "invalid_grant"),
    "a key of another kind": ({"cnf": {"x5t#S256": "x"}}, "invalid_grant"),
    "algorithm": ({"header": {"alg": "HS256"}, "key": b"k" * 32}, "id_jag_invalid_signature"),
    "key unknown": ({"header": {"kid": "other"}}, "id_jag_invalid_signature"),
    "key another": ({"key": Key().private}, "id_jag_invalid_signature"),
}


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_enough(what: str) -> None:
    world = World()
    changes, refusal = WRONG[what]

    assert world.refused(world.redeem(world.assertion(**changes))) == refusal
    assert world.storage.families.families == {}
    assert world.redeem(world.assertion()).status == 200


def test_six_actors_are_too_many() -> None:
    act: Any = None
    for _ in range(5):
        act = {"sub": "a"} if act is None else {"sub": "a", "act": act}
    assert World().token(act=act)

    world = World()
    refused = world.refused(world.redeem(world.assertion(act={"sub": "a", "act": act})))
    assert refused == "invalid_subject_token_act_claim_depth"


def test_an_assertion_counts_once() -> None:
    world = World()
    assertion = world.assertion()
    again = world.assertion(jti=claims(assertion)["jti"])

    assert world.redeem(assertion).status == 200
    assert world.refused(world.redeem(assertion)) == "id_jag_replayed"
    assert world.refused(world.redeem(again)) == "id_jag_replayed", "by its id, whatever else it says"


def test_what_a_policy_refuses_is_not_used_up() -> None:
    world = World()
    assertion = world.assertion()
    server = world.storage.servers.get(SERVER_ID)
    world.storage.servers.save(server, replace(server, policies=()), [])
    assert world.refused(world.redeem(assertion)) == "no_matching_policy"
    now = world.storage.servers.get(SERVER_ID)
    world.storage.servers.save(now, replace(now, policies=server.policies), [])

    assert world.redeem(assertion).status == 200


def test_only_a_client_that_proves_who_it_is_may_ask() -> None:
    world = World()
    world.storage.clients.add(a_client(id="0oaP", grant_types=(GRANT,), auth_method="none"), [])
    form = {"grant_type": GRANT, "client_id": "0oaP", "assertion": world.assertion(client_id="0oaP")}

    assert world.refused(world.engine.token(a_form(form))) == "confidential_client_required"


def test_an_issuer_may_speak_to_some_clients_alone() -> None:
    world = World(client_ids=("0oaB",))
    world.storage.clients.add(a_client(id="0oaB", grant_types=(GRANT,)), [])

    assert world.refused(world.redeem(world.assertion())) == "id_jag_client_mismatch"
    assert world.redeem(world.assertion(client_id="0oaB"), by="0oaB").status == 200


def test_an_old_assertion_can_be_refused_before_it_ends() -> None:
    world = World(max_age=30)
    assertion = world.assertion()
    world.engine.clock.advance(seconds=31)

    assert world.refused(world.redeem(assertion)) == "id_jag_expired"


# Keys of the issuer


def test_no_stranger_makes_this_service_ask_anybody() -> None:
    world = World()
    stranger = Issuer("https://stranger.example")

    answer = world.redeem(stranger.token({"typ": TYPE}, sub="u-1", aud=AUDIENCE, client_id=CLIENT_ID))

    assert world.refused(answer) == "id_jag_untrusted_issuer"
    assert world.redeem(world.assertion({"alg": "ES384"}, key=Key("ES384").private)).status == 400
    assert world.engine.fetched == [], "nor does an algorithm that the issuer does not use"


def test_an_issuer_that_is_off_or_trusted_for_something_else_is_not_trusted() -> None:
    for change in ({"status": "INACTIVE"}, {"use": "WORKLOAD"}):
        world = World()
        entry = world.storage.servers.get(SERVER_ID).trusted_issuers[0]
        world.trust(replace(entry, **change))  # type: ignore[arg-type]

        assert world.refused(world.redeem(world.assertion())) == "id_jag_untrusted_issuer"


@pytest.mark.parametrize("discovery", [False, True])
def test_keys_are_kept_and_asked_for_again_when_they_are_not_known(discovery: bool) -> None:
    world = World(jwks_uri=None if discovery else "https://idp.example/keys", discovery=discovery)
    asked = 2 if discovery else 1
    for _ in range(3):
        world.token()
    assert len(world.engine.fetched) == asked
    world.idp.rotate()
    world.engine.documents |= world.idp.documents
    assert world.refused(world.redeem(world.assertion())) == "id_jag_invalid_signature", "asked a moment ago"

    world.engine.clock.advance(seconds=60)

    assert world.redeem(world.assertion(iat=NOW + 60)).status == 200
    assert len(world.engine.fetched) == 2 * asked
    world.redeem(world.assertion({"kid": "k9"}, iat=NOW + 60))
    assert len(world.engine.fetched) == 2 * asked


def test_keys_outlive_an_outage_of_the_issuer_for_a_day_and_a_withdrawal_not_at_all() -> None:
    world = World()
    world.token()
    answers: list[Any] = []

    def fetch(uri: str) -> bytes:
        raise answers[-1]

    world.engine.parts.issuer_keys._fetch_keys = fetch

    def after(seconds: int, failure: FetchFailed) -> int:
        answers.append(failure)
        world.engine.clock.advance(seconds=NOW + seconds - world.engine.clock.now())
        now = world.engine.clock.now()
        return world.redeem(world.assertion(iat=now, exp=now + 60)).status

    assert after(3_599, FetchFailed("not asked", withdrawn=True)) == 200
    assert after(7_200, FetchFailed("down")) == 200
    assert after(86_399, FetchFailed("down")) == 200
    assert after(86_460, FetchFailed("down")) == 503
    world.engine.parts.issuer_keys._fetch_keys = lambda _: world.idp.jwks
    assert after(90_000, FetchFailed("not asked")) == 200
    world.engine.parts.issuer_keys._fetch_keys = fetch
    assert after(94_000, FetchFailed("gone", withdrawn=True)) == 503


def test_keys_that_an_unknown_kid_finds_withdrawn_count_no_more_for_anybody() -> None:
    world = World()
    world.token()
    world.engine.clock.advance(seconds=60)
    asked: list[str] = []

    def fetch(uri: str) -> bytes:
        asked.append(uri)
        raise FetchFailed("status 404", withdrawn=True)

    world.engine.parts.issuer_keys._fetch_keys = fetch

    def status(**header: str) -> int:
        return world.redeem(world.assertion(header, iat=NOW + 60)).status

    assert [status(kid=f"k{number}") for number in range(7, 27)] == [503] * 20
    assert status() == 503, "nor for who has a key that was good a minute ago"
    assert len(asked) == 1, "and the issuer is asked once"


def test_an_issuer_that_says_it_has_no_keys_has_none() -> None:
    world = World()
    world.token()
    world.engine.clock.advance(seconds=60)
    world.engine.documents[f"{world.idp.url}/keys"] = b'{"keys":[]}'

    assert world.redeem(world.assertion({"kid": "k9"}, iat=NOW + 60)).status == 503
    assert world.redeem(world.assertion(iat=NOW + 60)).status == 503, "those from before count no more"


@pytest.mark.parametrize("document", [b"{}", b"[]", b'{"keys":[]}', b"no JSON", b'{"keys":[1]}'])
def test_what_is_no_key_set_verifies_nothing(document: bytes) -> None:
    world = World()
    world.engine.documents[f"{world.idp.url}/keys"] = document

    answer = world.redeem(world.assertion())

    assert (answer.status, world.refused(answer)) == (503, "trusted_issuer_unavailable")
    for _ in range(3):
        assert world.redeem(world.assertion()).status == 503
    assert len(world.engine.fetched) == 1, "nobody is asked all the time who cannot answer"
    world.engine.documents |= world.idp.documents
    world.engine.clock.advance(seconds=10)
    assert world.redeem(world.assertion()).status == 200


def test_metadata_of_another_issuer_is_not_followed() -> None:
    world = World(jwks_uri=None, discovery=True)
    world.engine.documents |= Issuer("https://idp.example").documents
    url = "https://idp.example/.well-known/openid-configuration"
    world.engine.documents[url] = b'{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}'

    assert world.redeem(world.assertion()).status == 503
    assert world.engine.fetched == [url]


def test_keys_that_an_administrator_wrote_down_need_no_network() -> None:
    world = World()
    entry = world.storage.servers.get(SERVER_ID).trusted_issuers[0]
    world.trust(replace(entry, jwks_uri=None, jwks=(world.idp.jwk,)))

    assert world.token()
    assert world.engine.fetched == []


# Whom it means


@pytest.mark.parametrize(
    ("entry", "said", "found"),
    [
        ({"match": "USER_ID"}, {"sub": "00uA"}, True),
        ({"match": "USER_ID"}, {"sub": "u-1"}, False),
        ({"match": "LOGIN"}, {"sub": "ann@example.com"}, True),
        ({"match": "LOGIN"}, {"sub": "00uA"}, False),
        ({"match": "CLAIM", "claim": "upn"}, {"upn": "ann@example.com"}, True),
        ({"match": "CLAIM", "claim": "upn"}, {"sub": "ann@example.com"}, False),
        ({"match": "CLAIM", "claim": "upn"}, {"upn": ["ann@example.com"]}, False),
        ({"match": "EXTERNAL_ID"}, {"sub": "u-1"}, True),
        ({"match_verified_email": True}, {"sub": "x", "email": "Ann@example.com", "email_verified": True}, True),
        ({"match_verified_email": True}, {"sub": "x", "email": "ann@example.com", "email_verified": "true"}, False),
        ({"match_verified_email": True}, {"sub": "x", "email": "ann@example.com"}, False),
        ({"match_verified_email": True}, {"sub": "x", "email": "bob@example.com", "email_verified": True}, False),
    ],
)
def test_the_entry_says_how_users_are_found(entry: dict[str, Any], said: dict[str, Any], found: bool) -> None:
    world = World(**entry)

    answer = world.redeem(world.assertion(**said))

    if found:
        assert claims(decoded(answer.body)["access_token"])["uid"] == "00uA"
    else:
        assert world.refused(answer) == "id_jag_invalid_subject"


#: A login here, and one elsewhere with the same key: sharp s, a ligature, the Kelvin sign, a wide letter, iota.
FOLDED = [
    ("straße@example.com", "strasse@example.com"),
    ("strasse@example.com", "straße@example.com"),
    ("ann@fuß.example", "ann@fuss.example"),
    ("\ufb01n@example.com", "fin@example.com"),
    ("\u212aay@example.com", "kay@example.com"),
    ("kay@example.com", "\uff4bay@example.com"),
    ("\u03b9@example.com", "\u0399@example.com"),
]


@pytest.mark.parametrize(("here", "there"), FOLDED)
@pytest.mark.parametrize(
    "entry", [{"match": "LOGIN"}, {"match": "CLAIM", "claim": "upn"}, {"match_verified_email": True}]
)
def test_a_name_that_only_folds_to_a_users_is_another_persons(entry: dict[str, Any], here: str, there: str) -> None:
    world = World(**entry)
    user = world.storage.users.get("00uA")
    world.storage.users.save(user, replace(user, profile={**user.profile, "login": here, "email": here}), [])

    answer = world.redeem(world.assertion(sub=there, email=there, email_verified=True, upn=there))

    assert world.refused(answer) == "id_jag_invalid_subject"


def test_no_address_beyond_ascii_says_who_somebody_is() -> None:
    world, address = World(match_verified_email=True), "änn@example.com"
    user = world.storage.users.get("00uA")
    world.storage.users.save(user, replace(user, profile={**user.profile, "login": address, "email": address}), [])

    answer = world.redeem(world.assertion(sub="x", email=address, email_verified=True))

    assert world.refused(answer) == "id_jag_invalid_subject"


def test_an_address_that_nobody_verified_here_is_nobodys() -> None:
    world = World(match_verified_email=True)
    user = world.storage.users.get("00uA")
    came_with = Provider("SOCIAL", "idp", "0oaIDP", unverified="ann@example.com")
    world.storage.users.save(user, replace(user, provider=came_with), [])

    answer = world.redeem(world.assertion(sub="x", email="ann@example.com", email_verified=True))

    assert world.refused(answer) == "id_jag_invalid_subject"


# Scopes and resources


def test_a_client_asks_for_less_only_where_the_entry_says_so() -> None:
    both = "notes.read notes.write"
    world, narrowing = World(), World(narrows=True)

    assert world.refused(world.redeem(world.assertion(scope=both), scope="notes.read")) == "id_jag_scopes_in_request"
    assert (
        decoded(narrowing.redeem(narrowing.assertion(scope=both), scope="notes.write").body)["scope"] == "notes.write"
    )
    wider = narrowing.redeem(narrowing.assertion(), scope=both)
    assert narrowing.refused(wider) == "invalid_scope"


@pytest.mark.parametrize(
    ("said", "asked", "outcome"),
    [
        (MCP, [], MCP),
        ([MCP], [MCP], MCP),
        ([MCP, "urn:b"], ["urn:b"], "urn:b"),
        (None, [MCP], MCP),
        ("api://orders", [], "api://orders"),
        ([MCP, "urn:b"], [], "resource_required"),
        (MCP, ["urn:b"], "id_jag_resource_mismatch"),
        ([MCP, "https://other.example/"], [MCP], "id_jag_resource_not_allowed_for_as"),
        ([], [], "id_jag_resource_not_allowed_for_as"),
        ({"a": 1}, [], "id_jag_resource_not_allowed_for_as"),
    ],
)
def test_the_resource_is_one_that_the_assertion_says(said: Any, asked: list[str], outcome: str) -> None:
    resources = (a_resource(MCP), a_resource("urn:b"))
    world = World(a_trusting_server(resource_indicators=True, resources=resources))

    answer = world.redeem(world.assertion(resource=said), resources=asked)

    got = claims(decoded(answer.body)["access_token"])["aud"] if answer.status == 200 else world.refused(answer)
    assert got == outcome


def test_an_assertion_bound_to_a_key_is_for_who_proves_it() -> None:
    world, key = World(), Key()
    proof = {"dpop": key.proof(f"{AUDIENCE}/v1/token")}
    other = {"dpop": Key().proof(f"{AUDIENCE}/v1/token")}

    assert world.refused(world.redeem(world.assertion(cnf={"jkt": key.jkt}), headers=other)) == "invalid_grant"
    answer = decoded(world.redeem(world.assertion(cnf={"jkt": key.jkt}), headers=proof).body)
    assert claims(answer["access_token"])["cnf"] == {"jkt": key.jkt}


# The org server


class OwnOrg(World):
    """The org server of the deployment itself is the issuer."""

    def __init__(self) -> None:
        super().__init__()
        server = org_server(a_server(id=ORG_SERVER), CountingIds(9), NOW)
        self.storage.servers.add(server, [])
        self.trust()
        self.kid = server.active_key.kid

    def said(self, **changes: Any) -> str:
        key: Any = load_der_private_key(pregenerated("RS256")[1], None)
        payload = {"iss": BASE_URL, "sub": "00uA", "aud": AUDIENCE, "client_id": CLIENT_ID, "scope": "notes.read"}
        more = {"iat": NOW, "exp": NOW + 300, "jti": "IDAAG.1"}
        return jwt.encode({**payload, **more, **changes}, key, "RS256", {"kid": self.kid, "typ": TYPE})


def test_the_org_server_is_trusted_without_a_word_and_without_the_network() -> None:
    world = OwnOrg()

    answer = world.redeem(world.said())

    assert claims(decoded(answer.body)["access_token"])["uid"] == "00uA"
    assert world.engine.fetched == []
    other = KeySigner(world.kid, "ES256", pregenerated("ES256")[1])
    forged = other.sign({**claims(world.said()), "jti": "IDAAG.2"}, typ=TYPE)
    assert world.refused(world.redeem(forged)) == "id_jag_invalid_signature"


def test_an_entry_switches_the_org_server_off() -> None:
    world = OwnOrg()
    world.trust(TrustedIssuer("tis2", BASE_URL, "ID_JAG", NOW, NOW, status="INACTIVE"))

    assert world.refused(world.redeem(world.said())) == "id_jag_untrusted_issuer"


def test_the_org_server_redeems_none() -> None:
    world = OwnOrg()
    request = a_form({"grant_type": GRANT, "assertion": world.said(aud=BASE_URL)}, headers=basic())

    answer = world.engine.token(replace(request, path="/oauth2/v1/token", path_parameters={}))

    assert world.refused(answer) == "unsupported_grant_type"
