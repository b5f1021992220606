"""Tokens in a user's name by password (RFC 6749 §4.3, docs/protocol.md §6.5, §10): who gets which, and who none."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.management.servers.system_objects import system_claims, system_scopes
from authmint.oauth.errors import CATALOGUE
from authmint.storage.clients import Client
from authmint.storage.servers import Claim, People, Scope
from authmint.storage.sign_on_policies import SignOnPolicy
from authmint.storage.users import User

from tests.oauth.engine import Engine
from tests.oauth.people import IDS, PASSWORD, a_people_server, ann
from tests.support.builders import CLIENT_ID, a_client, a_form, a_group, a_policy, a_rule, basic
from tests.support.fakes import NOW, decoded
from tests.support.sign_on_policies import a_policy as a_sign_on_policy
from tests.support.sign_on_policies import a_rule as a_sign_on_rule


def a_native_client(**changes: Any) -> Client:
    return a_client(**{"application_type": "native", "grant_types": ("password", "refresh_token")} | changes)


class Signed(Engine):
    """An engine with Ann, who is assigned to the client."""

    def __init__(
        self, server: Any = None, client: Any = None, user: User | None = None, *, assigned: bool = True
    ) -> None:
        client = client or a_native_client()
        super().__init__(server or a_people_server(), replace(client, implicit_assignment=assigned))
        self.storage.users.add(user or ann(), [])

    def sign_in(self, scope: str = "openid orders:read", **fields: str) -> Any:
        form = {"grant_type": "password", "username": "ann@example.com", "password": PASSWORD, "scope": scope}
        return self.token(a_form({k: v for k, v in (form | fields).items() if v}, headers=basic()))

    def refused(self, scope: str = "openid orders:read", **fields: str) -> tuple[int, str]:
        """Status and internal id of a refusal."""
        answer = self.sign_in(scope, **fields)
        assert answer.status >= 400, answer.body
        assert "access_token" not in decoded(answer.body)
        event = self.events.emitted[-1]
        assert event.outcome == "FAILURE"
        assert decoded(answer.body)["error"] == CATALOGUE[event.reason or ""][1]
        return answer.status, event.reason or ""

    def tokens(self, scope: str = "openid orders:read") -> tuple[dict[str, Any], dict[str, Any] | None]:
        answer = self.sign_in(scope)
        assert answer.status == 200, answer.body
        body = decoded(answer.body)
        access = jwt.decode(body["access_token"], options={"verify_signature": False})
        if "id_token" not in body:
            return access, None
        identity = jwt.decode(body["id_token"], options={"verify_signature": False})
        digest = hashlib.sha256(body["access_token"].encode()).digest()[:16]
        assert identity["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return access, identity


def test_the_access_token_names_the_user() -> None:
    access, _ = Signed().tokens()

    assert {name: access[name] for name in ("uid", "sub", "cid", "scp", "auth_time", "exp")} == {
        "uid": "00uA",
        "sub": "ann@example.com",
        "cid": CLIENT_ID,
        "scp": ["openid", "orders:read"],
        "auth_time": NOW,
        "exp": NOW + 600,
    }


def test_an_id_token_comes_with_openid_and_only_then() -> None:
    _, identity = Signed().tokens("openid profile email")
    access, none = Signed().tokens("orders:read")

    assert identity is not None
    assert {name: identity[name] for name in ("sub", "aud", "amr", "auth_time", "name", "email")} == {
        "sub": "00uA",
        "aud": CLIENT_ID,
        "amr": ["pwd"],
        "auth_time": NOW,
        "name": "Ann Lee",
        "email": "ann@example.com",
    }
    assert identity["preferred_username"] == "ann@example.com"
    assert "given_name" not in identity  # thin (docs/protocol.md §10.4)
    assert none is None
    assert access["uid"] == "00uA"


def test_every_token_is_an_event() -> None:
    people = Signed()
    people.tokens()

    assert [event.type.rpartition(".")[2] for event in people.events.emitted] == ["access_token", "id_token"]
    assert people.events.emitted[0].targets[1].id == "00uA"


def test_who_is_not_assigned_gets_nothing() -> None:
    assert Signed(assigned=False).refused() == (400, "user_not_assigned")


def test_a_group_assigns_its_members() -> None:
    client = a_native_client(groups=("00gA",))
    people = Signed(client=client, assigned=False)
    people.storage.groups.add(a_group(name="staff"), [])
    assert people.refused() == (400, "user_not_assigned")

    people.storage.groups.join("00gA", "00uA", [], at=NOW)

    assert people.sign_in().status == 200


def test_the_rule_decides_by_the_users_groups() -> None:
    rule = a_rule(grant_types=("password",), people=People(groups_include=("00gA",)))
    people = Signed(a_people_server(policies=(a_policy(rule),)))
    people.storage.groups.add(a_group(name="staff"), [])
    assert people.refused() == (401, "no_matching_policy")

    people.storage.groups.join("00gA", "00uA", [], at=NOW)

    assert people.sign_in().status == 200


def test_a_groups_claim_holds_the_names() -> None:
    claim = Claim("ocl1", "groups", "RESOURCE", "GROUPS", "", group_filter_type="CONTAINS")
    people = Signed(a_people_server(claims=(*system_claims(IDS), claim)))
    for number in range(3):
        people.storage.groups.add(a_group(id=f"00g{number}", name=f"team-{number}"), [])
        people.storage.groups.join(f"00g{number}", "00uA", [], at=NOW)

    access, _ = people.tokens()

    assert set(access["groups"]) == {"Everyone", "team-0", "team-1", "team-2"}


def test_too_many_groups_are_no_token() -> None:
    claim = Claim("ocl1", "groups", "RESOURCE", "GROUPS", "team", group_filter_type="STARTS_WITH")
    people = Signed(a_people_server(claims=(*system_claims(IDS), claim)))
    for number in range(101):
        people.storage.groups.add(a_group(id=f"00g{number:03d}", name=f"team-{number}"), [])
        people.storage.groups.join(f"00g{number:03d}", "00uA", [], at=NOW)

    assert people.refused() == (400, "too_many_groups_in_groups_claim")
    assert [event.type for event in people.events.emitted] == [
        "app.oauth2.as.evaluate.claim",
        "app.oauth2.as.token.grant",
    ]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"password": "wrong"}, "invalid_password_credentials"),
        ({"username": "nobody@example.com"}, "invalid_password_credentials"),
        ({"password": "x" * 300}, "invalid_password_credentials"),
        ({"username": "\u0130@example.com"}, "invalid_password_credentials"),
        ({"username": ""}, "missing_token_request_parameter"),
        ({"password": ""}, "missing_token_request_parameter"),
    ],
)
def test_which_half_was_wrong_is_not_told(fields: dict[str, str], error: str) -> None:
    assert Signed().refused(**fields) == (400, error)


@pytest.mark.parametrize("status", ["STAGED", "PROVISIONED", "SUSPENDED", "DEPROVISIONED", "LOCKED_OUT", "RECOVERY"])
def test_only_active_users_get_tokens(status: Any) -> None:
    assert Signed(user=ann(status=status)).refused() == (400, "invalid_password_credentials")


def test_an_expired_password_is_said() -> None:
    assert Signed(user=ann(status="PASSWORD_EXPIRED")).refused() == (400, "expired_password_credentials")


def test_ten_wrong_passwords_lock_the_user_out() -> None:
    people = Signed()
    for _ in range(10):
        people.refused(password="wrong")
        people.clock.advance(seconds=1)

    assert people.refused() == (400, "invalid_password_credentials")
    assert people.storage.users.get("00uA").status == "LOCKED_OUT"


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        ("profile", "openid_scope_required_access_token"),
        ("unknown", "no_matching_scope"),
        ("openid device_sso", "illegal_scope"),
        ("", "no_default_scopes"),
    ],
)
def test_scopes_that_are_not_to_be_had(scope: str, error: str) -> None:
    assert Signed().refused(scope)[1] == error


def test_consent_cannot_be_given_here() -> None:
    scopes = (*system_scopes(IDS), Scope("scp1", "orders:read", consent="REQUIRED"))
    careful = a_native_client(consent_method="REQUIRED")

    assert Signed(a_people_server(scopes=scopes), careful).refused() == (400, "consent_required_ropf")
    assert Signed(a_people_server(scopes=scopes)).sign_in().status == 200  # TRUSTED


def test_a_client_without_the_grant_cannot_use_it() -> None:
    assert Signed(client=a_native_client(grant_types=("authorization_code",))).refused() == (400, "unauthorized_client")


def test_introspection_knows_the_user_and_forgets_the_suspended_one() -> None:
    people = Signed()
    token = decoded(people.sign_in().body)["access_token"]
    assert people.state(token)["username"] == "ann@example.com"

    user = people.storage.users.get("00uA")
    people.storage.users.save(user, replace(user, status="SUSPENDED"), [])

    assert people.state(token) == {"active": False}


def test_no_password_is_in_an_event() -> None:
    people = Signed()
    people.sign_in()
    people.refused(password="a-wrong-Secret-9")

    assert PASSWORD not in str(people.events.emitted)
    assert "a-wrong-Secret-9" not in str(people.events.emitted)


# Policies of people: what a password alone does not satisfy cannot be had by this grant.


def asking_factor(policy_type: Any) -> SignOnPolicy:
    if policy_type == "OKTA_SIGN_ON":
        signon = {"access": "ALLOW", "requireFactor": True, "factorPromptMode": "ALWAYS"}
        return a_sign_on_policy(a_sign_on_rule(actions={"signon": signon}))
    method = {"factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT2H"}
    rule = a_sign_on_rule(actions={"appSignOn": {"access": "ALLOW", "verificationMethod": method}})
    return a_sign_on_policy(rule, type="ACCESS_POLICY", id="rstStrict000000000000")


@pytest.mark.parametrize("policy_type", ["OKTA_SIGN_ON", "ACCESS_POLICY"])
def test_a_second_factor_cannot_be_got_around(policy_type: Any) -> None:
    engine = Signed(client=a_native_client(access_policy="rstStrict000000000000"))
    assert engine.sign_in().status == 200  # that policy does not exist yet
    engine.storage.sign_on_policies.save(None, asking_factor(policy_type), [])

    assert engine.refused() == (400, "invalid_password_credentials")
    assert "MFA_REQUIRED" in str(engine.events.emitted[-1].debug)


def test_a_policy_that_denies_looks_like_a_wrong_password() -> None:
    engine = Signed()
    denied = a_sign_on_policy(a_sign_on_rule(actions={"signon": {"access": "DENY"}}))
    engine.storage.sign_on_policies.save(None, denied, [])

    wrong, right = engine.sign_in(password="Wrong-Horse-7"), engine.sign_in()

    assert (wrong.status, wrong.body) == (right.status, right.body)


def test_a_policy_says_how_many_wrong_passwords_lock_and_for_how_long() -> None:
    engine = Signed()
    settings = {"password": {"lockout": {"maxAttempts": 2, "autoUnlockMinutes": 5}}}
    actions = {"passwordChange": {"access": "ALLOW"}}
    policy = a_sign_on_policy(a_sign_on_rule(actions=actions), type="PASSWORD", settings=settings)
    engine.storage.sign_on_policies.save(None, policy, [])

    for _ in range(2):
        engine.refused(password="Wrong-Horse-7")
    assert engine.storage.users.get("00uA").status == "LOCKED_OUT"
    engine.clock.advance(seconds=299)
    engine.refused()
    engine.clock.advance(seconds=1)
    engine.refused(password="Wrong-Horse-7")  # unlocked, and counted anew
    ann = engine.storage.users.get("00uA")
    assert (ann.status, ann.failed_attempts) == ("ACTIVE", 1)
    assert engine.sign_in().status == 200


def test_a_policy_says_when_passwords_expire() -> None:
    engine = Signed()
    settings = {"password": {"age": {"maxAgeDays": 1}}}
    policy = a_sign_on_policy(a_sign_on_rule(actions={}), type="PASSWORD", settings=settings)
    assert engine.sign_in().status == 200
    engine.clock.advance(seconds=86_401)
    engine.storage.sign_on_policies.save(None, policy, [])

    assert engine.refused() == (400, "expired_password_credentials")


def locking(engine: Signed, attempts: int) -> None:
    settings = {"password": {"lockout": {"maxAttempts": attempts}}}
    policy = a_sign_on_policy(a_sign_on_rule(actions={}), type="PASSWORD", settings=settings)
    engine.storage.sign_on_policies.save(None, policy, [])


def test_where_nothing_locks_right_passwords_still_count() -> None:
    engine = Signed()
    locking(engine, 0)

    for _ in range(12):
        engine.refused(password="Wrong-Horse-7")
        engine.clock.advance(seconds=1)
    assert engine.sign_in().status == 200


@pytest.mark.parametrize("right", [True, False])
def test_a_stricter_policy_shuts_nobody_out_for_what_was_before(right: bool) -> None:
    engine = Signed()
    for _ in range(5):
        engine.refused(password="Wrong-Horse-7")
        engine.clock.advance(seconds=1)
    locking(engine, 3)

    if right:
        assert engine.sign_in().status == 200
        assert engine.storage.users.get("00uA").failed_attempts == 0
    else:
        assert engine.refused(password="Wrong-Horse-7")[0] == 400
        assert engine.storage.users.get("00uA").status == "LOCKED_OUT"
