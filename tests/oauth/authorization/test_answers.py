"""What a granted request gives (docs/protocol.md §4.3, §10), and how it gets back to the client."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.management.servers.system_objects import system_scopes
from authmint.oauth.authorization.vocabulary import RESPONSE_TYPES
from authmint.storage.clients import ScopeGrant, secret_digest
from authmint.storage.servers import ORG_SERVER, Claim, Scope

from tests.oauth.authorization.world import CALLBACK, CHALLENGE, ISSUER, PKCE, World, a_browser_server, an_app
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_policy, a_rule
from tests.support.fakes import NOW, CountingIds, decoded


def payload(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def half_hash(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def test_a_code_remembers_everything_that_its_redemption_has_to_prove() -> None:
    world = World()

    answer = world.ask(scope="openid profile", nonce="n", acr_values="urn:okta:loa:1fa:pwd", **PKCE)

    code = world.storage.codes.get(secret_digest(answer.fields["code"]))
    assert answer.location.startswith(f"{CALLBACK}?code=")
    assert answer.fields.keys() == {"code", "state", "iss"}
    assert (code.server_id, code.client_id, code.user_id, code.redirect_uri) == (SERVER_ID, CLIENT_ID, "00uA", CALLBACK)
    assert (code.scopes, code.auth_time, code.created_at) == (("openid", "profile"), NOW, NOW)
    assert (code.expires_at, code.policy_id, code.rule_id) == (NOW + 300, "00p1", "0pr1")
    assert (code.nonce, code.acr, code.amr) == ("n", "urn:okta:loa:1fa:pwd", ("pwd",))
    assert (code.code_challenge, code.session_id, code.spent_at) == (CHALLENGE, "session ann", None)
    assert code.family_id.startswith("oar")
    assert not world.storage.families.families  # the redemption makes it


@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
def test_every_response_type_gives_what_it_names(response_type: str) -> None:
    world, words = World(), set(response_type.split())

    answer = world.ask(response_type=response_type, nonce="n", scope="openid profile email")

    fields = answer.fields
    named = {"code": "code", "token": "access_token", "id_token": "id_token"}
    assert {name for name in named if named[name] in fields} == words
    assert ("#" in answer.location) == (words != {"code"})
    assert (fields["state"], fields["iss"]) == ("s", ISSUER)
    assert ("expires_in" in fields) == ("token_type" in fields) == ("scope" in fields) == ("token" in words)
    if "id_token" in words:
        identity = payload(fields["id_token"])
        assert (identity["nonce"], identity["aud"], identity["iss"]) == ("n", CLIENT_ID, ISSUER)
        assert identity.get("at_hash") == (half_hash(fields["access_token"]) if "token" in words else None)
        assert identity.get("c_hash") == (half_hash(fields["code"]) if "code" in words else None)
        assert ("given_name" in identity) == ("token" not in words)  # docs/protocol.md §10.4


def test_a_token_of_a_browser_belongs_to_a_family() -> None:
    world = World()

    fields = world.ask(response_type="code token", nonce="n").fields

    token = payload(fields["access_token"])
    family = world.storage.families.get(token["jti"].rpartition(".")[2])
    assert (fields["token_type"], fields["expires_in"], fields["scope"]) == ("Bearer", "600", "openid")
    assert (token["uid"], token["cid"], token["auth_time"], token["scp"]) == ("00uA", CLIENT_ID, NOW, ["openid"])
    assert (family.user_id, family.client_id, family.server_id) == ("00uA", CLIENT_ID, SERVER_ID)
    assert (family.policy_grant, family.scopes, family.expires_at) == ("implicit", ("openid",), NOW + 600)
    assert (family.holds_refresh_token, family.session_id) == (False, "session ann")
    assert family.id != world.storage.codes.get(secret_digest(fields["code"])).family_id


@pytest.mark.parametrize(
    ("mode", "response_type"),
    [("query", "code"), ("fragment", "code"), ("fragment", "token"), ("form_post", "code"), ("form_post", "id_token"),
     ("okta_post_message", "token"), ("okta_post_message", "code")],
)  # fmt: skip
def test_response_modes(mode: str, response_type: str) -> None:
    answer = World().ask(response_mode=mode, response_type=response_type, nonce="n", **PKCE)

    assert {"state": "s", "iss": ISSUER}.items() <= answer.fields.items()
    assert answer.headers["cache-control"] == "no-store"
    if mode in {"query", "fragment"}:
        assert answer.location.startswith(CALLBACK + ("?" if mode == "query" else "#"))
        assert answer.headers["referrer-policy"] == "no-referrer"
    else:
        where = b"https://app.example.com/cb" if mode == "form_post" else b'"https://app.example.com"'
        assert answer.response.status == 200
        assert where in answer.response.body


def test_a_query_that_the_redirect_uri_has_stays() -> None:
    for registered, expected in (("?tenant=a", "?tenant=a&code="), ("?", "?code="), ("?a=1&", "?a=1&code=")):
        answer = World(client=an_app(redirect_uris=(CALLBACK + registered,))).ask(redirect_uri=CALLBACK + registered)

        assert answer.location.startswith(CALLBACK + expected)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?code=forged&state=x&iss=https://evil.example.com&a=1", "?a=1"),
        ("?a=1&error=x&%65rror_description=y", "?a=1"),
        ("?co%64e=forged", ""),
        ("?a=code&b=1", "?a=code&b=1"),
    ],
)
def test_an_answer_never_stands_beside_parameters_of_the_same_name(mode: str, query: str, left: str) -> None:
    """Such redirect URIs are not registered any more; older ones are answered without what could be mistaken."""
    world = World(client=an_app(redirect_uris=(CALLBACK + query,)))

    for changes in ({}, {"prompt": "none login"}):
        answer = world.ask(redirect_uri=CALLBACK + query, response_mode=mode, **changes)

        sent_to = answer.location or decoded(answer.response.body)["form_post"]
        joint = {"query": "&" if left else "?", "fragment": "#", "form_post": ""}[mode]
        assert sent_to.startswith(CALLBACK + left + joint)
        assert "forged" not in sent_to
        assert ("error" in answer.fields) == bool(changes)
        assert answer.fields["iss"] == ISSUER


def test_the_id_token_says_which_assurance_was_reached() -> None:
    world = World()

    def acr(**changes: str) -> Any:
        token = world.ask(response_type="id_token", nonce="n", **changes).fields["id_token"]
        return payload(token).get("acr")

    assert acr(acr_values="urn:mace:incommon:iap:silver") == "urn:okta:loa:1fa:pwd"
    assert acr(acr_values="urn:okta:loa:1fa:any") == "urn:okta:loa:1fa:any"
    assert acr() is None


def test_the_org_server_issues_under_its_own_name() -> None:
    ids = CountingIds(3_000_000)
    org = a_browser_server(id=ORG_SERVER, scopes=system_scopes(ids))
    world = World(org)

    answer = world.ask(server_id=None, response_type="code token", nonce="n")

    assert answer.fields["iss"] == BASE_URL
    assert payload(answer.fields["access_token"])["aud"] == BASE_URL
    assert [event.type for event in world.events.emitted] == [
        "app.oauth2.authorize.code",
        "app.oauth2.authorize.implicit.access_token",
    ]
    assert world.ask(server_id=None, scope=None).fields["error_description"] == "No scopes were requested."


def test_people_get_the_admin_scopes_that_were_granted_to_the_app_and_a_token_that_says_how_they_signed_in() -> None:
    grants = tuple(ScopeGrant(f"oag{scope}", scope, NOW, "00u") for scope in ("okta.users.read", "okta.roles.manage"))
    org = a_browser_server(id=ORG_SERVER, scopes=system_scopes(CountingIds(3_000_000)))
    world = World(org, an_app(scope_grants=grants))

    def scp(scope: str) -> Any:
        answer = world.ask(server_id=None, response_type="token", nonce="n", scope=scope)
        token = answer.fields.get("access_token")
        return answer.fields.get("error") if token is None else payload(token)["scp"]

    assert scp("okta.users.read okta.groups.read openid") == ["okta.users.read", "openid"]
    assert scp("okta.roles.manage") == ["okta.roles.manage"]
    assert scp("okta.groups.read") == "consent_required"
    assert scp("okta.everything openid") == "invalid_scope"
    answer = world.ask(server_id=None, response_type="token", nonce="n", scope="okta.users.read")
    assert payload(answer.fields["access_token"])["amr"] == ["pwd"]
    custom = World()
    assert custom.ask(response_type="token", nonce="n", scope="okta.users.read").fields["error"] == "invalid_scope"
    token = custom.ask(response_type="token", nonce="n", scope="openid").fields["access_token"]
    assert "amr" not in payload(token)


def test_the_groups_claim_of_an_app_is_in_id_tokens_of_the_org_server() -> None:
    every = Claim("ocl1", "groups", "IDENTITY", "GROUPS", "every", scopes=("groups",), always_include=True)
    client = an_app(groups_claim=replace(every, group_filter_type="STARTS_WITH"))
    world = World(a_browser_server(id=ORG_SERVER, scopes=system_scopes(CountingIds(3_000_000))), client)

    def groups(scope: str) -> Any:
        answer = world.ask(server_id=None, response_type="id_token", nonce="n", scope=scope)
        return payload(answer.fields["id_token"]).get("groups")

    assert groups("openid groups") == ["Everyone"]
    assert groups("openid") is None


def test_offline_access_without_a_code_counts_as_not_asked_for() -> None:
    world = World()

    assert world.ask(response_type="token", nonce="n", scope="openid offline_access").fields["scope"] == "openid"
    assert "code" in world.ask(scope="openid offline_access").fields
    assert world.ask(response_type="token", nonce="n", scope="offline_access").fields["error"] == "invalid_scope"


def test_a_rule_for_each_half_of_a_hybrid_answer() -> None:
    """docs/protocol.md §4.3."""
    for grant_types, response_type, fails in (
        (("authorization_code",), "code", False),
        (("authorization_code",), "id_token", True),
        (("authorization_code",), "code token", True),
        (("implicit",), "code token", True),
        (("implicit",), "token", False),
    ):
        world = World(a_browser_server(policies=(a_policy(a_rule(grant_types=grant_types)),)))

        fields = world.ask(response_type=response_type, nonce="n").fields

        assert (fields.get("error") == "access_denied") == fails, (grant_types, response_type)
        if fails:
            assert world.events.emitted[-1].reason == "no_matching_policy"
            assert not world.storage.codes.records


def test_default_scopes_are_those_that_the_rule_permits() -> None:
    server = a_browser_server(
        scopes=(Scope("s1", "d1", default=True), Scope("s2", "d2", default=True)),
        policies=(a_policy(a_rule(grant_types=("implicit",), scopes=("d1",))),),
    )

    assert World(server).ask(response_type="token", nonce="n", scope=None).fields["scope"] == "d1"


def test_everything_that_is_given_is_an_event_of_the_user() -> None:
    world = World()

    fields = world.ask(response_type="code id_token token", nonce="n", **PKCE).fields

    events = world.events.emitted
    assert [event.type for event in events] == [
        "app.oauth2.as.authorize.code",
        "app.oauth2.as.authorize.implicit.access_token",
        "app.oauth2.as.authorize.implicit.id_token",
    ]
    assert {(event.actor.id, event.actor.type, event.outcome) for event in events} == {("00uA", "User", "SUCCESS")}
    assert events[0].debug["rule"] == "0pr1"
    for secret in (fields["code"], fields["access_token"], fields["id_token"]):
        assert secret not in str(events)


def test_a_refusal_is_an_event_with_the_reason() -> None:
    world = World(signed_in=False)

    world.ask(prompt="none", state="a-private-state")

    event = world.events.emitted[-1]
    assert (event.type, event.outcome, event.reason) == ("app.oauth2.as.authorize", "FAILURE", "login_required")
    assert (event.targets[0].id, event.debug["client_id"]) == (CLIENT_ID, CLIENT_ID)
    assert "a-private-state" not in str(event)
