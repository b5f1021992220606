"""docs/protocol.md §42: a service acts on behalf of a user, and what it got dies with what it was given for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.keys.birth import new_key
from authmint.management.org.org_server import org_server
from authmint.oauth.errors import OAuthError
from authmint.oauth.grants.base import GrantRequest
from authmint.oauth.security_profile import Profile
from authmint.runtime.grant_types import grants
from authmint.storage.client_registration import ClientRegistration
from authmint.storage.dynamic_clients import DynamicClient
from authmint.storage.hooks import TOKENS, Channel, InlineHook
from authmint.storage.servers import ORG_SERVER, Claim, People, Scope
from authmint.tokens.signer import KeySigner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.oauth.code_flow import DAY
from tests.oauth.exchanges import (
    ACCESS_TOKEN,
    EXCHANGE,
    ISSUER,
    LEDGER,
    LEDGER_AUDIENCE,
    LEDGER_ISSUER,
    ORDERS,
    Chain,
    a_ledger_server,
    a_service,
    an_orders_server,
)
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_form, a_policy, a_resource, a_rule, a_server, basic
from tests.support.dpop import Key
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, decoded, pregenerated

REGISTERED = "dcr_" + "A" * 27
STRANGER = DynamicClient(SERVER_ID, REGISTERED, "MCP", (), ("authorization_code",), ("orders:read",), NOW, NOW + DAY)
JWT = "urn:ietf:params:oauth:token-type:jwt"


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def signed(chain: Chain, payload: dict[str, Any], *, server_id: str = SERVER_ID) -> str:
    """A payload of one's choice under a server's own key: what no client can make."""
    server = chain.storage.servers.get(server_id)
    kid = server.active_key.kid
    return KeySigner(kid, server.algorithm, pregenerated(server.algorithm)[1]).sign(payload)


def of_a_stranger(chain: Chain) -> str:
    """Ann's token for a client that registered itself."""
    chain.storage.dynamic_clients.register(STRANGER, most=5, at=NOW)
    user = chain.users()
    family = chain.storage.families.get(claims(user)["jti"].split(".")[-1])
    chain.storage.families.families[family.id] = replace(family, client_id=REGISTERED)
    return signed(chain, claims(user) | {"cid": REGISTERED})


def test_a_service_gets_a_token_on_behalf_of_a_user() -> None:
    chain = Chain()
    user = chain.users()

    answer = decoded(chain.exchange(user).body)

    token, began = claims(answer.pop("access_token")), claims(user)
    assert answer == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "orders:read",
        "issued_token_type": ACCESS_TOKEN,
    }
    assert {name: token[name] for name in ("iss", "aud", "cid", "uid", "sub", "scp", "auth_time", "act", "exp")} == {
        "iss": ISSUER,
        "aud": ORDERS,
        "cid": "0oaSVC1",
        "uid": "00uA",
        "sub": began["sub"],
        "scp": ["orders:read"],
        "auth_time": began["auth_time"],
        "act": {"sub": "0oaSVC1"},
        "exp": began["exp"],
    }
    event = chain.events.emitted[-1]
    assert event.type == "app.oauth2.as.token.grant.access_token"
    told = {
        "token_exchange_type": "On-Behalf-Of",
        "subject_token_id": began["jti"],
        "subject_token_type": ACCESS_TOKEN,
        "subject_token_issuer": ISSUER,
        "subject_token_client_id": CLIENT_ID,
    }
    assert {name: event.debug.get(name) for name in told} == told
    assert [party.id for party in event.targets][1:] == ["00uA"]
    assert user not in str(event)


def test_the_subject_is_what_it_was_whatever_the_claims_of_the_server_say() -> None:
    chain = Chain()
    user = chain.users()
    server = chain.storage.servers.get(SERVER_ID)
    subject = Claim("oclS", "sub", "RESOURCE", "EXPRESSION", '"somebody else"', system=True)
    others = tuple(claim for claim in server.claims if (claim.name, claim.claim_type) != ("sub", "RESOURCE"))
    chain.storage.servers.save(server, replace(server, claims=(*others, subject)), [])

    assert claims(chain.users())["sub"] == "somebody else"
    assert claims(chain.exchanged(user))["sub"] == claims(user)["sub"]


def test_a_chain_of_three_names_who_acts_around_who_acted() -> None:
    chain = Chain()
    first = chain.exchanged(chain.users(), by=1)
    second = chain.exchanged(first, by=2, at=LEDGER, scope="ledger:read")
    third = chain.exchanged(second, by=1, at=LEDGER, scope="ledger:read")

    assert claims(second)["act"] == {"sub": "0oaSVC2", "act": {"sub": "0oaSVC1"}}
    assert claims(third)["act"] == {"sub": "0oaSVC1", "act": {"sub": "0oaSVC2", "act": {"sub": "0oaSVC1"}}}
    assert claims(third)["iss"] == LEDGER_ISSUER
    assert all(chain.lives(token, at=LEDGER) for token in (second, third))


def test_a_chain_has_five_actors_and_no_more() -> None:
    chain = Chain()
    token = chain.users()
    for number in range(1, 6):
        token = chain.exchanged(token, by=number)

    assert chain.lives(token)
    assert chain.reason(chain.exchange(token, by=6)) == "invalid_subject_token_act_claim_depth"


def test_actors_are_counted_by_what_the_token_says_too() -> None:
    chain = Chain()
    payload = claims(chain.users())
    four: dict[str, Any] = {"sub": "s", "act": {"sub": "s", "act": {"sub": "s", "act": {"sub": "s"}}}}

    assert chain.exchange(signed(chain, payload | {"act": four})).status == 200
    refused = chain.exchange(signed(chain, payload | {"act": {"sub": "s", "act": four}}))
    assert chain.reason(refused) == "invalid_subject_token_act_claim_depth"


@pytest.mark.parametrize("act", ["svc1", ["svc1"], 7, {"sub": "svc1", "act": "svc0"}])
def test_an_act_that_is_no_chain_is_refused(act: Any) -> None:
    chain = Chain()
    payload = claims(chain.users())

    assert chain.exchange(signed(chain, payload | {"act": {"sub": "svc1"}})).status == 200
    assert chain.reason(chain.exchange(signed(chain, payload | {"act": act}))) == (
        "invalid_subject_token_act_claim_malformed"
    )


@pytest.mark.parametrize(
    ("may_act", "allowed"),
    [({"sub": "0oaSVC1"}, True), ({"sub": "0oaSVC2"}, False), ("0oaSVC1", False), ({}, False), ([], False)],
)
def test_may_act_says_who_may(may_act: Any, allowed: bool) -> None:
    chain = Chain()
    token = signed(chain, claims(chain.users()) | {"may_act": may_act})

    answer = chain.exchange(token)

    if allowed:
        assert answer.status == 200
    else:
        assert chain.reason(answer) == "invalid_subject_token_no_delegation_link"


def test_the_new_token_never_outlives_the_old_one() -> None:
    chain = Chain()
    token = chain.users()
    ends_at = claims(token)["exp"]
    for number in (1, 2, 1, 2):
        chain.clock.advance(seconds=100)
        answer = decoded(chain.exchange(token, by=number).body)
        token = answer["access_token"]

        assert claims(token)["exp"] == ends_at
        assert answer["expires_in"] == ends_at - chain.clock.now()
    chain.clock.advance(seconds=200)

    assert not chain.lives(token)
    assert chain.reason(chain.exchange(token)) == "token_exchange_subject_token_expired"


def test_the_rule_can_make_it_shorter() -> None:
    server = an_orders_server()
    policy = server.policies[0]
    rules = (policy.rules[0], replace(policy.rules[1], access_token_lifetime=300))
    chain = Chain(replace(server, policies=(replace(policy, rules=rules),)))

    assert decoded(chain.exchange(chain.users()).body)["expires_in"] == 300


def end_parent(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    chain.revoked(tokens[0], by=CLIENT_ID)


def end_middle(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    chain.revoked(tokens[1], by="0oaSVC1")


def end_family(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    chain.revoked(refresh_token, by=CLIENT_ID)


def end_family_of_middle(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    chain.storage.families.revoke(claims(tokens[1])["jti"].split(".")[-1], "administrator", at=NOW)


def end_user(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    user = chain.storage.users.get("00uA")
    chain.storage.users.save(user, replace(user, status="SUSPENDED"), [])


def end_and_revive_user(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    user = chain.storage.users.get("00uA")
    chain.storage.users.save(user, replace(user, token_generation=user.token_generation + 1), [])


def ends_client(client_id: str, **changes: Any) -> Callable[[Chain, list[str], str], None]:
    def end(chain: Chain, tokens: list[str], refresh_token: str) -> None:
        client = chain.storage.clients.get(client_id)
        chain.storage.clients.save(client, replace(client, **changes), [])

    return end


def delete_app(chain: Chain, tokens: list[str], refresh_token: str) -> None:
    chain.storage.clients.delete(chain.storage.clients.get(CLIENT_ID), [])


ENDS = {
    "the user's token": (end_parent, "token_exchange_subject_token_expired"),
    "a token in the chain": (end_middle, "token_exchange_subject_token_expired"),
    "the refresh token": (end_family, "token_exchange_subject_token_expired"),
    "a grant in the chain": (end_family_of_middle, "token_exchange_subject_token_expired"),
    "the user": (end_user, "invalid_subject_token_user_inactive"),
    "the user, who came back": (end_and_revive_user, "invalid_subject_token_user_inactive"),
    "the app": (ends_client(CLIENT_ID, status="INACTIVE"), "invalid_subject_token_client_inactive"),
    "the app, which came back": (ends_client(CLIENT_ID, token_generation=1), "invalid_subject_token_client_inactive"),
    "the app for good": (delete_app, "invalid_subject_token_client_inactive"),
    "a service in the chain": (ends_client("0oaSVC1", status="INACTIVE"), "invalid_subject_token_client_inactive"),
    "a service that came back": (ends_client("0oaSVC1", token_generation=1), "invalid_subject_token_client_inactive"),
    "the last service": (ends_client("0oaSVC2", token_generation=1), "invalid_subject_token_client_inactive"),
}


@pytest.mark.parametrize("what", ENDS)
def test_when_anything_above_ends_everything_below_does_at_once(what: str) -> None:
    chain = Chain()
    body = chain.signed_in()
    tokens = [body["access_token"]]
    tokens.append(chain.exchanged(tokens[0], by=1))
    tokens.append(chain.exchanged(tokens[1], by=2, at=LEDGER, scope="ledger:read"))
    end, refusal = ENDS[what]
    assert chain.lives(tokens[2], at=LEDGER, by=3)

    end(chain, tokens, body["refresh_token"])

    assert not chain.lives(tokens[2], at=LEDGER, by=3)
    again = chain.exchange(tokens[2], by=3, at=LEDGER, scope="ledger:read")
    assert chain.reason(again) == refusal


def test_clients_that_were_deactivated_before_are_as_good_as_others() -> None:
    chain = Chain()
    for client_id in (CLIENT_ID, "0oaSVC1", "0oaSVC2"):
        ends_client(client_id, token_generation=3)(chain, [], "")
    token = chain.exchanged(chain.exchanged(chain.users(), by=1), by=2)

    assert chain.lives(token, by=3)


def test_what_is_below_ends_nothing_above_or_beside() -> None:
    chain = Chain()
    user = chain.users()
    first, beside = chain.exchanged(user, by=1), chain.exchanged(user, by=1)

    chain.revoked(first, by="0oaSVC1")

    assert [chain.lives(token) for token in (user, first, beside)] == [True, False, True]


def test_userinfo_knows_it_too() -> None:
    """No exchanged token has ``openid``, so userinfo has nothing for one; but it has to look before it says so."""
    chain = Chain()
    user = chain.users()
    token = chain.exchanged(user)

    def asked() -> int:
        headers = {"authorization": f"Bearer {token}"}
        request = replace(a_form({}, headers=headers, path="userinfo"), method="GET", body=b"")
        return chain.userinfo(request).status

    assert asked() == 403
    chain.revoked(user, by=CLIENT_ID)
    assert asked() == 401


def test_who_is_assigned_no_more_is_not_acted_for() -> None:
    chain = Chain()
    first = chain.exchanged(chain.users())
    app = chain.storage.clients.get(CLIENT_ID)
    user = chain.users()
    chain.storage.clients.save(app, replace(app, implicit_assignment=False), [])

    for token in (user, first):
        assert chain.reason(chain.exchange(token, by=2)) == "invalid_subject_token_user_not_assigned"


#: What is sent, and what is said of it.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no subject token": ({"subject_token": ""}, "missing_token_request_parameter"),
    "no type": ({"subject_token_type": ""}, "missing_token_request_parameter"),
    "no audience": ({"audience": ""}, "missing_token_request_parameter"),
    "type jwt": ({"subject_token_type": JWT}, "invalid_subject_token_type"),
    "type id_token": (
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        "invalid_subject_token_type",
    ),
    "type refresh_token": (
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        "invalid_subject_token_type",
    ),
    "an actor": ({"actor_token": "x"}, "invalid_actor_token_type"),
    "an actor's type": ({"actor_token_type": ACCESS_TOKEN}, "invalid_actor_token_type"),
    "a refresh token wanted": (
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        "invalid_requested_token_type",
    ),
    "an unknown kind wanted": ({"requested_token_type": "jwt"}, "invalid_requested_token_type"),
    "another audience": ({"audience": LEDGER_AUDIENCE}, "token_exchange_invalid_audience"),
    "a resource where there are none": ({"resources": [ORDERS]}, "unsupported_resource"),
    "openid": ({"scope": "openid"}, "openid_not_allowed_token_exchange"),
    "offline_access": ({"scope": "orders:read offline_access"}, "openid_not_allowed_token_exchange"),
    "an unknown scope": ({"scope": "ledger:read"}, "no_matching_scope"),
    "a malformed scope": ({"scope": 'a"b'}, "invalid_scope"),
    "beyond the rule": ({"scope": "orders:refund"}, "no_matching_policy"),
    "by an app for people": ({"by": CLIENT_ID}, "unauthorized_client"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_each_thing_that_is_wrong_is_enough(what: str) -> None:
    chain = Chain()
    user = chain.users()
    changes, refusal = REFUSED[what]

    answer = chain.exchange(user, **changes)

    assert chain.reason(answer) == refusal
    assert chain.exchange(user).status == 200


def test_only_a_service_that_proves_who_it_is_acts_for_others() -> None:
    chain = Chain()
    user = chain.users()
    for kind in ("web", "native", "browser"):
        chain.storage.clients.add(a_service(9, id=f"0oa{kind}", application_type=kind), [])
        assert chain.reason(chain.exchange(user, by=f"0oa{kind}")) == "on_behalf_invalid_client_type"
    chain.storage.clients.add(a_service(8, auth_method="none"), [])
    form = {"grant_type": EXCHANGE, "client_id": "0oaSVC8", "subject_token": user, "audience": ORDERS}
    refused = chain.token(a_form(form | {"subject_token_type": ACCESS_TOKEN}))
    assert chain.reason(refused) == "confidential_client_required"


@pytest.mark.parametrize("audience", [(ORDERS, ORDERS), (ORDERS, LEDGER_AUDIENCE)])
def test_two_audiences_are_none(audience: tuple[str, str]) -> None:
    chain = Chain()
    fields = {"grant_type": EXCHANGE, "subject_token": chain.users(), "subject_token_type": ACCESS_TOKEN}
    request = a_form(fields, headers=basic("0oaSVC1"))
    more = b"".join(b"&audience=" + one.encode() for one in audience)

    assert chain.reason(chain.token(replace(request, body=request.body + more))) == "token_exchange_invalid_audience"
    twice = replace(request, body=request.body + more + b"&scope=a&scope=b")
    assert chain.reason(chain.token(twice)) == "duplicate_oauth_params"


def test_the_org_server_gives_none() -> None:
    chain = Chain()
    chain.storage.servers.add(org_server(a_server(id=ORG_SERVER), CountingIds(6), NOW), [])
    form = {"grant_type": EXCHANGE, "subject_token": chain.users(), "subject_token_type": ACCESS_TOKEN}
    request = a_form(form | {"audience": ORDERS}, headers=basic("0oaSVC1"))

    answer = chain.token(replace(request, path="/oauth2/v1/token", path_parameters={}))

    assert chain.reason(answer) == "unsupported_grant_type_token_exchange"


# What is sent in


def test_an_id_token_is_no_access_token() -> None:
    chain = Chain()
    body = chain.signed_in()

    assert chain.reason(chain.exchange(body["id_token"])) == "invalid_subject_token"
    assert chain.reason(chain.exchange(body["refresh_token"])) == "invalid_subject_token"


@pytest.mark.parametrize("text", ["nonsense", "a.b.c", "é", "x" * 17_000])
def test_what_is_no_token_is_refused(text: str) -> None:
    chain = Chain()
    assert chain.reason(chain.exchange(text)) == "invalid_subject_token"


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "dpop+jwt", "oauth-id-jag+jwt", "client-authentication+jwt"])
def test_another_kind_of_token_is_refused(typ: str) -> None:
    chain = Chain()
    key: Any = load_der_private_key(pregenerated("RS256")[1], None)
    kid = chain.storage.servers.get(SERVER_ID).active_key.kid
    payload = claims(chain.users())

    def sent(**header: Any) -> Any:
        return chain.exchange(jwt.encode(payload, key, "RS256", {"kid": kid, "typ": None} | header))

    assert sent().status == 200
    assert chain.reason(sent(typ=typ)) == "invalid_subject_token"
    assert chain.reason(sent(kid="other")) == "invalid_subject_token"


def test_a_token_that_begins_later_is_not_one_yet() -> None:
    chain = Chain()
    payload = claims(chain.users())

    assert chain.exchange(signed(chain, payload | {"iat": NOW + 15})).status == 200
    assert chain.reason(chain.exchange(signed(chain, payload | {"iat": NOW + 16}))) == "invalid_subject_token"


def test_a_token_under_a_key_that_signs_no_more_is_good_as_long_as_the_key_is_published() -> None:
    chain = Chain()
    user = chain.users()
    server = chain.storage.servers.get(SERVER_ID)
    old = replace(server.keys[0], status="EXPIRED")
    new = new_key(SERVER_ID, "RS256", FakeKeyPairs(), CountingIds(77), NOW)
    chain.storage.servers.save(server, replace(server, keys=(new, old)), [])
    assert chain.exchange(user).status == 200

    server = chain.storage.servers.get(SERVER_ID)
    chain.storage.servers.save(server, replace(server, keys=(new,)), [])

    assert chain.reason(chain.exchange(user)) == "invalid_subject_token"


# Other servers


def test_trust_goes_one_way() -> None:
    chain = Chain()
    user = chain.users()
    there = chain.exchanged(user, at=LEDGER, scope="ledger:read")

    assert claims(there)["aud"] == LEDGER_AUDIENCE
    back = chain.exchange(there, by=2)
    assert (back.status, chain.reason(back)) == (403, "associated_server_not_trusted")


def test_a_server_that_is_trusted_no_more_is_not() -> None:
    chain = Chain()
    user = chain.users()
    server = chain.storage.servers.get(LEDGER)
    chain.storage.servers.save(server, replace(server, associated=()), [])

    assert chain.reason(chain.exchange(user, at=LEDGER, scope="ledger:read")) == "associated_server_not_trusted"


@pytest.mark.parametrize(
    ("issuer", "refusal"),
    [
        ("https://elsewhere.example", "associated_server_not_trusted"),
        (f"{BASE_URL}/oauth2/ausNOBODY", "associated_server_not_trusted"),
        (f"{BASE_URL}/oauth2/default", "associated_server_not_trusted"),
        (f"{BASE_URL}/oauth2/~org", "associated_server_not_trusted"),
        (f"{ISSUER}/", "associated_server_not_trusted"),
        (BASE_URL, "invalid_subject_token_issuer_not_allowed"),
        (None, "associated_server_not_trusted"),
        (["https://elsewhere.example"], "associated_server_not_trusted"),
    ],
)
def test_no_other_issuer_is_trusted(issuer: Any, refusal: str) -> None:
    chain = Chain()
    token = signed(chain, claims(chain.users()) | {"iss": issuer})

    assert chain.reason(chain.exchange(token)) == refusal


def test_a_token_of_a_trusted_server_is_signed_by_that_server() -> None:
    chain = Chain(ledger=a_ledger_server(keys=(new_key(LEDGER, "ES256", FakeKeyPairs(), CountingIds(9), NOW),)))
    payload = claims(chain.users())
    forged = signed(chain, payload, server_id=LEDGER)
    key: Any = load_der_private_key(pregenerated("ES256")[1], None)
    own_kid = {"kid": chain.storage.servers.get(SERVER_ID).active_key.kid, "typ": None}
    assert chain.exchange(chain.users(), at=LEDGER, scope="ledger:read").status == 200
    other_rsa = rsa.generate_private_key(65_537, 2_048)
    for token in (forged, jwt.encode(payload, key, "ES256", own_kid), jwt.encode(payload, other_rsa, "RS256", own_kid)):
        assert chain.reason(chain.exchange(token, at=LEDGER, scope="ledger:read")) == "invalid_subject_token"


@pytest.mark.parametrize("status", ["INACTIVE", "gone"])
def test_a_trusted_server_that_is_not_there_vouches_for_nobody(status: str) -> None:
    chain = Chain()
    user = chain.users()
    server = chain.storage.servers.get(SERVER_ID)
    if status == "gone":
        chain.storage.servers.delete(server, [])
    else:
        chain.storage.servers.save(server, replace(server, status="INACTIVE"), [])

    answer = chain.exchange(user, at=LEDGER, scope="ledger:read")

    assert chain.reason(answer) == "invalid_subject_token_authorization_server"


@pytest.mark.parametrize("status", ["INACTIVE", "gone"])
@pytest.mark.parametrize("links", [1, 2])
def test_what_came_of_a_server_ends_with_it(status: str, links: int) -> None:
    chain = Chain()
    child = chain.exchanged(chain.users(), at=LEDGER, scope="ledger:read")
    for number in range(1, links):
        child = chain.exchanged(child, by=number + 1, at=LEDGER, scope="ledger:read")
    assert chain.lives(child, at=LEDGER)
    server = chain.storage.servers.get(SERVER_ID)
    if status == "gone":
        chain.storage.servers.delete(server, [])
    else:
        chain.storage.servers.save(server, replace(server, status="INACTIVE"), [])

    assert not chain.lives(child, at=LEDGER)
    again = chain.exchange(child, by=3, at=LEDGER, scope="ledger:read")
    assert chain.reason(again) == "invalid_subject_token_authorization_server"


@pytest.mark.parametrize("links", [1, 2])
def test_without_trust_what_came_of_a_server_lives_to_its_end_and_begets_nothing(links: int) -> None:
    chain = Chain()
    child = chain.exchanged(chain.users(), at=LEDGER, scope="ledger:read")
    for number in range(1, links):
        child = chain.exchanged(child, by=number + 1, at=LEDGER, scope="ledger:read")
    server = chain.storage.servers.get(LEDGER)
    chain.storage.servers.save(server, replace(server, associated=()), [])

    assert chain.lives(child, at=LEDGER)
    again = chain.exchange(child, by=3, at=LEDGER, scope="ledger:read")
    assert (again.status, chain.reason(again)) == (403, "associated_server_not_trusted")


def test_every_server_that_it_came_in_from_has_to_be_trusted_still_and_not_the_last_one_alone() -> None:
    bank = a_ledger_server(id="ausBANK", audience="https://bank.example.com", associated=(LEDGER,))
    chain = Chain(ledger=a_ledger_server(associated=(SERVER_ID, "ausBANK")))
    chain.storage.servers.add(bank, [])
    first = chain.exchanged(chain.users(), at=LEDGER, scope="ledger:read")
    there = chain.exchanged(first, by=2, at="ausBANK", audience="https://bank.example.com", scope="ledger:read")
    again = chain.exchanged(there, by=3, at=LEDGER, scope="ledger:read")
    assert chain.exchange(again, by=4, at=LEDGER, scope="ledger:read").status == 200
    server = chain.storage.servers.get(LEDGER)

    chain.storage.servers.save(server, replace(server, associated=("ausBANK",)), [])

    answer = chain.exchange(again, by=4, at=LEDGER, scope="ledger:read")
    assert chain.reason(answer) == "associated_server_not_trusted"


def test_the_server_of_a_client_that_nobody_registered_counts_too() -> None:
    chain = Chain(replace(an_orders_server(), registration=ClientRegistration(dynamic="OPEN")))
    token = chain.exchanged(of_a_stranger(chain), at=LEDGER, scope="ledger:read")
    assert chain.lives(token, at=LEDGER)
    server = chain.storage.servers.get(SERVER_ID)
    chain.storage.servers.save(server, replace(server, status="INACTIVE"), [])

    assert not chain.lives(token, at=LEDGER)


def test_the_default_server_is_known_by_its_other_name() -> None:
    chain = Chain(replace(an_orders_server(), is_default=True))
    code = chain.code()
    user = decoded(chain.redeem(code, server_id="default").body)["access_token"]

    assert claims(user)["iss"] == f"{BASE_URL}/oauth2/default"
    token = chain.exchanged(user, at=LEDGER, scope="ledger:read")
    assert chain.lives(token, at=LEDGER)


# Targets and scopes


def with_resources(**changes: Any) -> Chain:
    resources = (a_resource("https://a.example/mcp", "orders:read"), a_resource("urn:example:b"))
    return Chain(replace(an_orders_server(), resource_indicators=True, resources=resources, **changes))


@pytest.mark.parametrize(
    ("how", "audience"),
    [
        ({"audience": ORDERS}, ORDERS),
        ({"audience": "https://a.example/mcp"}, "https://a.example/mcp"),
        ({"audience": "", "resources": ["https://a.example/mcp/"]}, "https://a.example/mcp"),
        ({"audience": "https://a.example/mcp", "resources": ["https://a.example/mcp/"]}, "https://a.example/mcp"),
        ({"audience": "urn:example:b", "resources": ["urn:example:b"]}, "urn:example:b"),
    ],
)
def test_audience_and_resource_say_what_it_is_for(how: dict[str, Any], audience: str) -> None:
    chain = with_resources()

    assert claims(chain.exchanged(chain.users(), **how))["aud"] == audience


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"audience": ORDERS, "resources": ["urn:example:b"]}, "token_exchange_invalid_resource"),
        ({"audience": "urn:example:b", "resources": ["https://a.example/mcp"]}, "token_exchange_invalid_resource"),
        ({"audience": "https://a.example/mcp/"}, "token_exchange_invalid_audience"),
        ({"audience": "", "resources": ["https://a.example/other"]}, "unsupported_resource"),
        ({"audience": "", "resources": ["https://a.example/mcp", "urn:example:b"]}, "too_many_resources"),
        ({"audience": "https://a.example/mcp", "scope": "orders:write"}, "no_scope_for_resource"),
    ],
)
def test_what_is_not_meant_by_both_is_no_target(how: dict[str, Any], refusal: str) -> None:
    chain = with_resources()

    assert chain.reason(chain.exchange(chain.users(), **how)) == refusal


def test_without_scopes_it_gets_those_of_the_old_token_that_the_rule_permits() -> None:
    chain = Chain()
    user = chain.users(scopes=("openid", "orders:read", "orders:refund", "offline_access"))

    assert claims(chain.exchanged(user, scope=""))["scp"] == ["orders:read"]
    assert claims(chain.exchanged(user, scope="", at=LEDGER))["scp"] == ["orders:read"]
    assert chain.reason(chain.exchange(chain.users(scopes=("openid",)), scope="")) == "invalid_scope"
    assert chain.reason(chain.exchange(chain.users(scopes=("orders:refund",)), scope="")) == "no_scope_allowed"


def test_the_policy_alone_decides_about_scopes_unless_the_server_narrows() -> None:
    chain = Chain()
    user = chain.users(scopes=("openid",))
    assert claims(chain.exchanged(user, scope="orders:write"))["scp"] == ["orders:write"]

    narrow = Chain(replace(an_orders_server(), narrow_exchange=True), a_ledger_server(narrow_exchange=True))
    user = narrow.users(scopes=("openid", "orders:read"))

    assert narrow.exchange(user).status == 200
    refused = narrow.exchange(user, scope="orders:read orders:write")
    assert narrow.reason(refused) == "scope_denied"
    assert "Denied scopes: [orders:write]" in decoded(refused.body)["error_description"]
    first = narrow.exchanged(user)
    assert narrow.reason(narrow.exchange(first, by=2, scope="orders:write")) == "scope_denied"
    assert narrow.exchange(first, by=2, at=LEDGER, scope="ledger:read").status == 200, "another server's names"


def test_no_detour_over_another_server_makes_a_token_wider() -> None:
    chain = Chain(an_orders_server(narrow_exchange=True, associated=(LEDGER,)))
    user = chain.users(scopes=("openid", "orders:read"))
    child = chain.exchanged(user, at=LEDGER, scope="ledger:read")
    further = chain.exchanged(child, by=2, at=LEDGER, scope="ledger:read orders:read")

    for token in (child, further):
        back = chain.exchange(token, by=3, scope="orders:read orders:write")
        assert chain.reason(back) == "scope_denied"
        assert "Denied scopes: [orders:write]" in decoded(back.body)["error_description"]
        assert claims(chain.exchanged(token, by=3, scope="orders:read"))["scp"] == ["orders:read"]
    assert claims(chain.exchanged(further, by=3, scope=""))["scp"] == ["orders:read"]
    assert chain.reason(chain.exchange(child, by=3, scope="")) == "invalid_scope", "it has none of this server"


def test_what_a_token_has_by_itself_no_detour_gives_back() -> None:
    chain = Chain(an_orders_server(narrow_exchange=True, associated=(LEDGER,)))
    user = chain.users(scopes=("openid", "orders:read"))
    mirrored = Scope("scp7", "orders:write")
    ledger = chain.storage.servers.get(LEDGER)
    rule = a_rule(grant_types=(EXCHANGE,))
    changed = replace(ledger, scopes=(*ledger.scopes, mirrored), policies=(a_policy(rule),))
    chain.storage.servers.save(ledger, changed, [])

    child = chain.exchanged(user, at=LEDGER, scope="orders:read orders:write")

    assert claims(chain.exchanged(child, by=2, scope=""))["scp"] == ["orders:read"], "without a word as with one"


def test_nobody_is_asked_to_consent_so_what_needs_it_is_not_given() -> None:
    server = an_orders_server()
    scopes = (*server.scopes, Scope("scp4", "orders:delete", consent="REQUIRED"))
    rules = (*server.policies[0].rules, a_rule(id="0pr3", grant_types=(EXCHANGE,)))
    chain = Chain(replace(server, scopes=scopes, policies=(a_policy(*rules),)))
    chain.storage.clients.add(a_service(7, consent_method="REQUIRED"), [])
    user = chain.users()

    assert chain.exchange(user, scope="orders:delete").status == 200
    assert chain.reason(chain.exchange(user, by=7, scope="orders:delete")) == "consent_required"
    assert chain.exchange(user, by=7).status == 200


def test_a_security_profile_narrows_whatever_the_server_says() -> None:
    chain = Chain()
    (grant,) = [grant for grant in grants(chain.parts) if grant.name == EXCHANGE]
    form = {"subject_token": chain.users(), "subject_token_type": ACCESS_TOKEN, "audience": ORDERS}
    client, server = chain.storage.clients.get("0oaSVC1"), chain.storage.servers.get(SERVER_ID)

    def verified(scope: str, profile: Profile) -> Any:
        http = a_form({})
        return grant.verify(GrantRequest(form | {"scope": scope}, client, server, NOW, http, profile=profile))

    assert verified("orders:write", Profile())
    assert verified("orders:read", Profile(strict=True))
    with pytest.raises(OAuthError, match="scope_denied"):
        verified("orders:write", Profile(strict=True))


def test_an_inactive_resource_is_no_audience() -> None:
    chain = with_resources()
    server = chain.storage.servers.get(SERVER_ID)
    off = tuple(replace(resource, status="INACTIVE") for resource in server.resources)
    chain.storage.servers.save(server, replace(server, resources=off), [])

    refused = chain.exchange(chain.users(), audience="https://a.example/mcp")
    assert chain.reason(refused) == "token_exchange_invalid_audience"


# Whom it is for


def test_the_rule_is_about_the_service_and_the_user() -> None:
    def allowed(**people: Any) -> Any:
        server = an_orders_server()
        policy = server.policies[0]
        rule = replace(policy.rules[1], people=People(**people))
        chain = Chain(replace(server, policies=(replace(policy, rules=(policy.rules[0], rule)),)))
        return chain.exchange(chain.users()).status, chain.exchange(chain.machines(1), by=2).status

    assert allowed() == (200, 200)
    assert allowed(groups_include=("EVERYONE",)) == (200, 401)
    assert allowed(users_include=("00uA",)) == (200, 401)
    assert allowed(users_include=("00uB",)) == (401, 401)
    assert allowed(users_exclude=("00uA",)) == (401, 401)


def test_a_service_acts_for_another_one() -> None:
    chain = Chain()
    own = chain.machines(1)

    token = chain.exchanged(own, by=2)
    below = chain.exchanged(token, by=3)

    assert (claims(token)["sub"], claims(token)["cid"]) == ("0oaSVC1", "0oaSVC2")
    assert claims(below)["act"] == {"sub": "0oaSVC3", "act": {"sub": "0oaSVC2"}}
    assert "uid" not in claims(below)
    assert "auth_time" not in claims(below)
    assert chain.lives(below)
    chain.revoked(own, by="0oaSVC1")
    assert not chain.lives(below)


def test_a_service_that_was_deactivated_takes_along_what_was_given_for_its_own() -> None:
    chain = Chain()
    token = chain.exchanged(chain.machines(1), by=2)

    ends_client("0oaSVC1", token_generation=1)(chain, [], "")

    assert not chain.lives(token, by=3)


# Keys


def test_a_bound_token_is_not_made_a_bearer_token() -> None:
    chain = Chain()
    bound = signed(chain, claims(chain.users()) | {"cnf": {"jkt": "x" * 43}})

    assert chain.reason(chain.exchange(bound)) == "invalid_dpop_proof_missing_header"
    key = Key()
    server = chain.storage.servers.get(SERVER_ID)
    chain.storage.servers.save(server, replace(server, dpop_nonce_seconds=0), [])
    answer = decoded(chain.exchange(bound, headers={"dpop": key.proof(f"{ISSUER}/v1/token")}).body)
    assert answer["token_type"] == "DPoP"
    assert claims(answer["access_token"])["cnf"] == {"jkt": key.jkt}


def test_policy_comes_before_the_proof_that_is_missing() -> None:
    chain = Chain()
    bound = signed(chain, claims(chain.users()) | {"cnf": {"jkt": "x" * 43}})

    assert chain.reason(chain.exchange(bound, scope="orders:refund")) == "no_matching_policy"


def test_no_claim_takes_the_place_of_the_actor() -> None:
    act = Claim("oclA", "act", "RESOURCE", "EXPRESSION", '"nobody"')
    server = an_orders_server()
    chain = Chain(replace(server, claims=(*server.claims, act)))
    user = chain.users()

    assert "act" not in claims(user)
    assert claims(chain.exchanged(user))["act"] == {"sub": "0oaSVC1"}


def test_a_refused_exchange_stores_nothing() -> None:
    chain = Chain()
    user = chain.users()
    before = dict(chain.storage.families.families)
    for changes, _ in REFUSED.values():
        chain.exchange(user, **changes)

    assert chain.storage.families.families == before
    chain.exchanged(user)
    (new,) = chain.storage.families.families.keys() - before.keys()
    family = chain.storage.families.families[new]
    assert [one.jti for one in family.ancestors] == [claims(user)["jti"]]
    assert (family.holds_refresh_token, family.expires_at) == (False, claims(user)["exp"])


def test_another_client_does_not_revoke_it() -> None:
    chain = Chain()
    token = chain.exchanged(chain.users(), by=1)

    chain.revoked(token, by="0oaSVC2")

    assert chain.lives(token)


def test_a_client_that_registered_itself_can_be_the_first_and_its_end_is_noticed() -> None:
    chain = Chain(replace(an_orders_server(), registration=ClientRegistration(dynamic="OPEN")))
    token = chain.exchanged(of_a_stranger(chain))
    assert chain.lives(token)

    chain.storage.dynamic_clients.block(STRANGER, at=NOW, events=[])

    assert not chain.lives(token)


def test_a_hook_is_told_what_was_sent_in_and_makes_no_token_longer() -> None:
    server = an_orders_server()
    policy = server.policies[0]
    rules = (policy.rules[0], replace(policy.rules[1], inline_hook="cal1"))
    chain = Chain(replace(server, policies=(replace(policy, rules=rules),)))
    hooks = chain.storage.inline_hooks
    hooks.save(
        None, InlineHook("cal1", "h", TOKENS, Channel(uri="https://hook.example/"), NOW, NOW), [], seen=hooks.all()
    )
    longer = {"op": "replace", "path": "/token/lifetime/expiration", "value": 86_400}
    more = {"op": "add", "path": "/claims/level", "value": "high"}
    chain.endpoint.says({"commands": [{"type": "com.okta.access.patch", "value": [longer, more]}]})
    user = chain.users()
    chain.clock.advance(seconds=100)

    answer = decoded(chain.exchange(user).body)

    token = claims(answer["access_token"])
    assert (token["level"], token["exp"], answer["expires_in"]) == ("high", claims(user)["exp"], 500)
    context = chain.endpoint.asked[-1]["data"]["context"]
    assert context["protocol"]["source"] == {
        "subject_token": {"jti": claims(user)["jti"], "issuer": ISSUER, "client_id": CLIENT_ID}
    }
    assert user not in str(chain.endpoint.asked)
    forged = {"op": "replace", "path": "/claims/act", "value": {"sub": "somebody"}}
    chain.endpoint.says({"commands": [{"type": "com.okta.access.patch", "value": [forged]}]})
    assert claims(chain.exchanged(user))["act"] == {"sub": "0oaSVC1"}
