"""Codes and refresh tokens (RFC 6749 §4.1.3, §6; RFC 7636; RFC 9700 §4.14): single use, bindings, rotation, reuse."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.management.servers.system_objects import system_scopes
from authmint.oauth.refresh_tokens import family_of, seal, unseal
from authmint.oauth.token_events import token_hash
from authmint.storage.clients import ScopeGrant, secret_digest
from authmint.storage.servers import ANY_SCOPE, ORG_SERVER, Claim, Policy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oauth.code_flow import CHALLENGE, DAY, OTHER, REDIRECT, VERIFIER, Flow, a_code_server, a_web_client
from tests.oauth.people import a_people_server
from tests.support.builders import CLIENT_ID, SERVER_ID, a_form, a_policy, a_rule, basic
from tests.support.fakes import NOW, CountingIds, decoded


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


# Codes


def test_tokens_that_would_be_too_large_leave_the_code_usable() -> None:
    server = a_code_server()
    claim = Claim("ocl9", "blob", "IDENTITY", "EXPRESSION", "app.profile.blob", always_include=True)
    flow = Flow(replace(server, claims=(*server.claims, claim)), a_web_client(profile={"blob": "x" * 20_000}))
    code = flow.code()

    refused = decoded(flow.redeem(code).body)
    client = flow.storage.clients.get(CLIENT_ID)
    flow.storage.clients.save(client, replace(client, profile={"blob": "x"}), [])

    assert refused["error_description"] == "The 'blob' user claim could not be evaluated."
    assert flow.redeem(code).status == 200


def test_an_access_token_that_no_header_could_carry_uses_up_neither_code_nor_refresh_token() -> None:
    claim = Claim("ocl9", "blob", "RESOURCE", "EXPRESSION", "app.profile.blob", always_include=True)
    server = a_code_server()
    flow = Flow(replace(server, claims=(*server.claims, claim)), a_web_client())

    def grow(size: int) -> None:
        client = flow.storage.clients.get(CLIENT_ID)
        flow.storage.clients.save(client, replace(client, profile={"blob": "x" * size}), [])

    grow(8_000)
    code = flow.code()
    refused = decoded(flow.redeem(code).body)
    grow(10)
    tokens = decoded(flow.redeem(code).body)
    grow(8_000)
    also_refused = decoded(flow.refresh(tokens["refresh_token"]).body)
    allowing = flow.storage.servers.get(SERVER_ID)
    flow.storage.servers.save(allowing, replace(allowing, large_access_tokens=True), [])
    refreshed = decoded(flow.refresh(tokens["refresh_token"]).body)

    assert refused == also_refused
    assert refused["error_description"] == "The 'blob' user claim could not be evaluated."
    assert len(refreshed["access_token"]) > 8_000


def test_a_code_gives_tokens_of_the_sign_in_that_it_came_from() -> None:
    body = Flow().signed_in()

    access, identity = claims(body["access_token"]), claims(body["id_token"])
    assert (access["uid"], access["auth_time"], access["exp"]) == ("00uA", NOW - 60, NOW + 600)
    assert (identity["nonce"], identity["auth_time"], identity["amr"]) == ("n-1", NOW - 60, ["pwd"])
    assert access["jti"].rpartition(".")[2] == family_of(body["refresh_token"])
    assert body["scope"] == "openid orders:read offline_access"


def test_a_code_without_offline_access_gives_no_refresh_token() -> None:
    assert "refresh_token" not in Flow().signed_in(scopes=("openid",))


def test_a_code_used_twice_takes_back_what_it_gave() -> None:
    flow = Flow()
    code = flow.code()
    body = decoded(flow.redeem(code).body)
    assert flow.alive(body["access_token"])

    assert flow.reason(flow.redeem(code)) == "invalid_authorization_code"

    assert not flow.alive(body["access_token"])
    assert flow.reason(flow.refresh(body["refresh_token"])) == "invalid_refresh_token"


def test_a_thief_without_the_verifier_gives_himself_away() -> None:
    flow = Flow()
    code = flow.code()
    body = decoded(flow.redeem(code).body)

    flow.redeem(code, code_verifier="x" * 43)

    assert not flow.alive(body["access_token"])


@pytest.mark.parametrize(
    ("changes", "fields", "error"),
    [
        ({}, {"code": "unknown"}, "invalid_authorization_code"),
        ({"expires_at": NOW}, {}, "invalid_authorization_code"),
        ({"user_id": "00uGone"}, {}, "invalid_authorization_code"),
        ({}, {"redirect_uri": REDIRECT + "/"}, "mismatched_redirect_uri"),
        ({}, {"redirect_uri": ""}, "missing_token_request_parameter"),
        ({}, {"code": ""}, "missing_token_request_parameter"),
        ({}, {"code_verifier": ""}, "pkce_missing_verifier"),
        ({}, {"code_verifier": "x" * 43}, "pkce_verification_failed"),
        ({}, {"code_verifier": CHALLENGE}, "pkce_verification_failed"),
        ({}, {"code_verifier": VERIFIER + "\u00e9"}, "pkce_verification_failed"),
        ({"code_challenge": None}, {}, "pkce_missing_challenge_verifier_present"),
    ],
)
def test_what_is_not_right_burns_nothing(changes: dict[str, Any], fields: dict[str, str], error: str) -> None:
    flow = Flow()
    code = flow.code(**changes)

    assert flow.reason(flow.redeem(code, **fields)) == error

    assert flow.storage.codes.get(secret_digest(code)).spent_at is None


def test_a_code_is_for_one_client_and_one_server() -> None:
    flow = Flow()
    code = flow.code()

    assert flow.reason(flow.redeem(code, client=OTHER)) == "mismatched_client"
    assert flow.reason(flow.redeem(code, server_id="ausOther")) == "mismatched_authorization_server"
    assert flow.redeem(code).status == 200


@pytest.mark.parametrize(
    "policies",
    [
        (),
        (a_policy(),),
        (a_policy(a_rule(status="INACTIVE")),),
        (a_policy(a_rule(grant_types=("authorization_code",), access_token_lifetime=300, scopes=("openid",))),),
    ],
)
def test_what_was_decided_with_the_code_stands_until_its_end(policies: tuple[Policy, ...]) -> None:
    """Whatever becomes of the rule; the user and the client have to be good all the same."""
    flow = Flow()
    code, other = flow.code(), flow.code()
    server = flow.storage.servers.get(SERVER_ID)
    flow.storage.servers.save(server, replace(server, policies=policies), [])

    body = decoded(flow.redeem(code).body)

    assert (body["expires_in"], body["scope"]) == (600, "openid orders:read offline_access")
    assert flow.storage.families.get(family_of(body["refresh_token"]) or "").expires_at == NOW + 30 * DAY
    granted = next(event for event in flow.events.emitted if event.type.endswith("grant.access_token"))
    assert (granted.debug["policy"], granted.debug["rule"]) == ("00p1", "0pr1")
    user = flow.storage.users.get("00uA")
    flow.storage.users.save(user, replace(user, status="SUSPENDED"), [])
    assert flow.reason(flow.redeem(other)) == "invalid_authorization_code"


def test_of_many_redemptions_at_once_one_mints_and_what_it_gave_is_taken_back() -> None:
    flow = Flow()
    code = flow.code()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: flow.redeem(code), range(24)))

    minted = [decoded(answer.body) for answer in answers if answer.status == 200]
    assert len(minted) == 1
    assert {answer.status for answer in answers} == {200, 400}
    assert not flow.alive(minted[0]["access_token"])


# Refresh tokens


def test_rotation_gives_a_new_token_and_keeps_the_end() -> None:
    flow = Flow()
    body = flow.signed_in()
    flow.clock.advance(seconds=DAY)

    again = decoded(flow.refresh(body["refresh_token"]).body)

    assert again["refresh_token"] != body["refresh_token"]
    family = flow.storage.families.get(family_of(again["refresh_token"]) or "")
    assert family.expires_at == NOW + 30 * DAY
    identity = claims(again["id_token"])
    assert identity["auth_time"] == NOW - 60
    assert "nonce" not in identity
    assert claims(again["access_token"])["auth_time"] == NOW - 60


def test_a_retry_within_the_leeway_gets_the_same_bytes() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    first = flow.refresh(token)
    flow.clock.advance(seconds=29)

    again = flow.refresh(token)

    assert (again.status, again.body) == (200, first.body)
    assert flow.refresh(decoded(first.body)["refresh_token"]).status == 200


def test_a_retry_is_no_event_and_no_second_token() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    flow.refresh(token)
    before = len(flow.events.emitted)

    flow.refresh(token)

    assert len(flow.events.emitted) == before
    assert len(flow.storage.families.tokens) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("openid orders:read", "orders:read openid"),
        ("", "offline_access orders:read openid"),
        ("openid openid orders:read", "orders:read openid"),
    ],
)
def test_the_order_of_scopes_never_matters(first: str, second: str) -> None:
    """RFC 6749 §3.3: what is equal in meaning is the same request, and gets the same bytes."""
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    answer = flow.refresh(token, **({"scope": first} if first else {}))

    again = flow.refresh(token, scope=second)

    assert (again.status, again.body) == (200, answer.body)


def test_other_scopes_within_the_leeway_get_a_token_of_their_own_and_the_same_successor() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    first = decoded(flow.refresh(token).body)
    before = len(flow.events.emitted)

    other = decoded(flow.refresh(token, scope="orders:read").body)

    assert other["scope"] == "orders:read"
    assert other["access_token"] != first["access_token"]
    assert other["refresh_token"] == first["refresh_token"]
    assert "id_token" not in other
    assert [event.type for event in flow.events.emitted[before:]] == ["app.oauth2.as.token.grant.access_token"]
    assert flow.alive(other["access_token"])
    assert flow.refresh(first["refresh_token"]).status == 200


def test_of_many_refreshes_at_once_with_other_scopes_one_rotates() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    wishes = ["openid", "orders:read", "openid orders:read", "offline_access"] * 6

    with ThreadPoolExecutor(8) as pool:
        bodies = [decoded(answer.body) for answer in pool.map(lambda scope: flow.refresh(token, scope=scope), wishes)]

    assert len({body["refresh_token"] for body in bodies}) == 1
    assert [body["scope"] for body in bodies] == wishes
    assert len(flow.storage.families.tokens) == 2


def test_reuse_after_the_leeway_kills_the_family() -> None:
    flow = Flow()
    body = flow.signed_in()
    first = decoded(flow.refresh(body["refresh_token"]).body)
    flow.clock.advance(seconds=30)

    assert flow.reason(flow.refresh(body["refresh_token"])) == "invalid_refresh_token"

    assert [event.type for event in flow.events.emitted[-2:]] == [
        "app.oauth2.as.token.detect_reuse",
        "app.oauth2.as.token.grant",
    ]
    reused = flow.events.emitted[-2].debug
    assert reused["old_refresh_token_hash"] == token_hash(body["refresh_token"])
    assert reused["current_refresh_token_hash"] == token_hash(first["refresh_token"])
    assert not flow.alive(first["access_token"])
    assert not flow.alive(body["access_token"])
    assert flow.reason(flow.refresh(first["refresh_token"])) == "invalid_refresh_token"


def test_without_a_leeway_the_second_use_is_reuse() -> None:
    flow = Flow(client=a_web_client(refresh_leeway=0))
    token = flow.signed_in()["refresh_token"]
    flow.refresh(token)

    assert flow.reason(flow.refresh(token)) == "invalid_refresh_token"


def test_of_many_refreshes_at_once_one_mints_and_all_get_its_bytes() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: flow.refresh(token), range(24)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(flow.storage.families.tokens) == 2


def test_a_static_token_stays_what_it_is_and_lives_on_by_use() -> None:
    flow = Flow(client=a_web_client(rotates_refresh_tokens=False))
    token = flow.signed_in()["refresh_token"]
    before = len(flow.events.emitted)

    for _ in range(3):
        flow.clock.advance(seconds=6 * DAY)
        answer = decoded(flow.refresh(token).body)
        assert answer["refresh_token"] == token

    kinds = [event.type.rpartition(".")[2] for event in flow.events.emitted[before:]]
    assert "refresh_token" not in kinds
    flow.clock.advance(seconds=7 * DAY)
    assert flow.reason(flow.refresh(token)) == "invalid_refresh_token"


def test_the_absolute_end_comes_whatever_the_use() -> None:
    flow = Flow(client=a_web_client(rotates_refresh_tokens=False))
    token = flow.signed_in()["refresh_token"]
    for _ in range(4):
        flow.clock.advance(seconds=6 * DAY)
        assert flow.refresh(token).status == 200

    flow.clock.advance(seconds=6 * DAY)

    assert flow.reason(flow.refresh(token)) == "invalid_refresh_token"


def test_less_can_be_asked_for_and_never_more() -> None:
    flow = Flow()
    token = flow.signed_in(scopes=("openid", "orders:read", "offline_access"))["refresh_token"]

    assert flow.reason(flow.refresh(token, scope="openid profile")) == "refresh_scopes_denied"
    less = decoded(flow.refresh(token, scope="orders:read").body)

    assert less["scope"] == "orders:read"
    assert "id_token" not in less
    assert decoded(flow.refresh(less["refresh_token"]).body)["scope"] == "openid orders:read offline_access"


def test_policies_are_evaluated_again() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    server = flow.storage.servers.get(SERVER_ID)
    flow.storage.servers.save(server, replace(server, policies=()), [])

    assert flow.reason(flow.refresh(token)) == "no_matching_policy"


def test_a_rule_may_call_it_refresh_token() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    server = flow.storage.servers.get(SERVER_ID)
    rule = a_rule(grant_types=("refresh_token",))
    flow.storage.servers.save(server, replace(server, policies=(a_policy(rule),)), [])

    assert flow.refresh(token).status == 200


def test_who_may_no_more_gets_no_more() -> None:
    flow = Flow()
    body = flow.signed_in()
    user = flow.storage.users.get("00uA")
    flow.storage.users.save(user, replace(user, status="SUSPENDED"), [])
    assert flow.reason(flow.refresh(body["refresh_token"])) == "invalid_refresh_token"
    assert not flow.alive(body["access_token"])

    suspended = flow.storage.users.get("00uA")
    flow.storage.users.save(suspended, replace(suspended, status="ACTIVE"), [])
    client = flow.storage.clients.get(CLIENT_ID)
    flow.storage.clients.save(client, replace(client, token_generation=1), [])

    assert flow.reason(flow.refresh(body["refresh_token"])) == "invalid_refresh_token"


def test_a_user_who_was_deactivated_and_came_back_starts_anew() -> None:
    flow = Flow()
    body, code = flow.signed_in(), flow.code()
    user = flow.storage.users.get("00uA")
    flow.storage.users.save(user, replace(user, token_generation=1), [])

    assert not flow.alive(body["access_token"])
    assert not flow.alive(body["refresh_token"])
    assert not flow.alive(body["id_token"])
    assert flow.reason(flow.refresh(body["refresh_token"])) == "invalid_refresh_token"
    assert flow.reason(flow.redeem(code)) == "invalid_authorization_code"
    again = flow.signed_in()  # in that same second
    assert all(flow.alive(again[kind]) for kind in ("access_token", "refresh_token", "id_token"))
    assert flow.refresh(again["refresh_token"]).status == 200


def test_a_deleted_scope_ends_it() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]
    server = flow.storage.servers.get(SERVER_ID)
    left = tuple(scope for scope in server.scopes if scope.name != "orders:read")
    flow.storage.servers.save(server, replace(server, scopes=left), [])

    assert flow.reason(flow.refresh(token)) == "invalid_refresh_token"


def test_at_the_org_server_a_refresh_keeps_the_admin_scopes_that_are_still_granted() -> None:
    grant = ScopeGrant("oag1", "okta.users.read", NOW, "00u")
    asked = ("openid", "offline_access", "groups", grant.scope, "okta.roles.manage")
    policies = a_code_server(scopes=(ANY_SCOPE,)).policies
    org = a_people_server(id=ORG_SERVER, scopes=system_scopes(CountingIds(3_000_000)), policies=policies)
    flow = Flow(org, a_web_client(scope_grants=(grant,)))

    def sent(**form: str) -> Any:
        request = replace(a_form(form, headers=basic(CLIENT_ID)), path="/oauth2/v1/token", path_parameters={})
        return decoded(flow.token(request).body)

    code = flow.code(server_id=ORG_SERVER, scopes=asked)
    redeemed = sent(grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)
    refreshed = sent(grant_type="refresh_token", refresh_token=redeemed["refresh_token"])

    assert refreshed["scope"] == "openid offline_access groups okta.users.read"


def test_a_refresh_token_is_for_one_client_and_one_server() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]

    assert flow.reason(flow.refresh(token, client=OTHER)) == "mismatched_client"
    assert flow.reason(flow.refresh(token, server_id="ausOther")) == "mismatched_authorization_server"
    assert flow.refresh(token).status == 200


def test_no_credential_passes_as_another() -> None:
    flow = Flow()
    code = flow.code()
    body = flow.signed_in()

    for other in (code, body["access_token"], body["id_token"], "", "x" * 60, "\u00e9" * 60):
        assert flow.reason(flow.refresh(other)) in {"invalid_refresh_token", "missing_token_request_parameter"}
    for other in (body["refresh_token"], body["access_token"], body["id_token"]):
        assert flow.reason(flow.redeem(other)) == "invalid_authorization_code"
    assert not flow.alive(body["id_token"] + "x")


def test_no_token_and_no_code_is_in_an_event() -> None:
    flow = Flow()
    code = flow.code()
    body = decoded(flow.redeem(code).body)
    again = decoded(flow.refresh(body["refresh_token"]).body)

    log = str(flow.events.emitted)
    for secret in (code, body["refresh_token"], again["refresh_token"], body["access_token"], VERIFIER):
        assert secret not in log


@settings(max_examples=50)
@given(st.text(min_size=1), st.text(min_size=1), st.binary(max_size=200))
def test_a_sealed_answer_opens_for_its_token_only(text: str, other: str, answer: bytes) -> None:
    sealed = seal(text.encode("utf-8", "replace").decode(), answer, CountingIds())

    assert unseal(text.encode("utf-8", "replace").decode(), sealed) == answer
    if other != text:
        with pytest.raises(ValueError, match="another token"):
            unseal(other.encode("utf-8", "replace").decode() + "x", sealed)
    assert base64.urlsafe_b64encode(hashlib.sha256(answer).digest()).decode() not in sealed
