"""Preview, explanation and analysis (docs/protocol.md §22): always what the token endpoint does, and never more."""

from bisect import bisect_left
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.directory.authentication import Authenticator
from authmint.directory.passwords import PasswordHashes
from authmint.management.servers.system_objects import system_claims, system_scopes
from authmint.oauth.client_auth.assertions import Assertions
from authmint.oauth.client_auth.authentication import ClientAuthentication
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.client_auth.signatures import ClientSignatures
from authmint.oauth.dpop.possession import Possession
from authmint.oauth.endpoint import AuthenticatedEndpoint
from authmint.oauth.form import CIBA
from authmint.oauth.grants.client_credentials import ClientCredentials
from authmint.oauth.grants.password import PasswordCredentials
from authmint.oauth.shared_tokens import SharedTokens
from authmint.oauth.token_endpoint import TokenEndpoint
from authmint.storage.client_documents import ClientCopy, ClientDocument
from authmint.storage.client_registration import ClientRegistration, MetadataClient
from authmint.storage.clients import Client
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.servers import AuthorizationServer, Claim, People, Scope
from authmint.storage.users import Password
from authmint.tokens.signer import WarmSigners
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.management.admin import SERVERS, Admin
from tests.oauth.engine import CHEAP, Events
from tests.oauth.people import HASH, PASSWORD
from tests.support.builders import (
    SERVER_ID,
    a_client,
    a_form,
    a_group,
    a_policy,
    a_resource,
    a_rule,
    a_server,
    a_user,
    basic,
)
from tests.support.demands import Asking
from tests.support.fakes import NOW, CountingIds, FakeSeals, decoded, no_entries, no_hooks
from tests.support.pace import failures

IDS = CountingIds(3_000_000)
SYSTEM = system_scopes(IDS)
SYSTEM_CLAIMS = system_claims(IDS)
KEYS = a_server(algorithm="ES256").keys
ANN = a_user(login="ann@example.com", password=Password(HASH, NOW), profile={"department": "Sales"})
BASE = f"{SERVERS}/{SERVER_ID}"


class World:
    """A management API and a token endpoint over one storage."""

    def __init__(self, server: AuthorizationServer, client: Client, *, groups: tuple[str, ...] = ()) -> None:
        self.admin = Admin()
        storage = self.admin.storage
        storage.servers.add(server, [])
        storage.clients.add(client, [])
        storage.users.add(ANN, [])
        for name in ("g1", "g2"):
            storage.groups.add(a_group(id=name, name=f"team {name}"), [])
        for name in groups:
            storage.groups.join(name, ANN.id, [], at=NOW)
        configuration = PlainConfiguration(storage.servers, storage.clients)
        assertions = Assertions(storage.assertions, ClientSignatures(FakeSeals(), FetchedJwks(lambda _: b"")))
        ids, clock = CountingIds(9_000), self.admin.clock
        hashes = PasswordHashes(ids, CHEAP)
        self.events = Events()
        signers = WarmSigners(self.admin.pairs)
        self.token = TokenEndpoint(
            AuthenticatedEndpoint(
                configuration, ClientAuthentication(lambda: assertions), failures(storage.rate_counters)
            ),
            [
                ClientCredentials(),
                PasswordCredentials(
                    Authenticator(storage.directory, storage.users, hashes, clock, ids),
                    Asking(),
                    storage.families,
                    ids,
                ),
            ],
            signers,
            clock,
            ids,
            self.events,
            possession=lambda: Possession(storage.assertions, signers),
            hooks=no_hooks,
            entries=no_entries,
            shared=lambda: SharedTokens(storage.revocations),
        )

    def preview(self, grant_type: str, scope: str, **fields: str) -> Any:
        body = {"client_id": "0oaAAAAAAAAAAAAAAAAA", "grant_type": grant_type, "scope": scope} | fields
        if grant_type != "client_credentials":
            body.setdefault("user_id", "ann@example.com")
        answer = self.admin.post(f"{BASE}/tokens/preview", body)
        assert answer.status == 200, answer.json
        return answer.json

    def real(self, grant_type: str, scope: str) -> Any:
        form = {"grant_type": grant_type}
        if scope:
            form["scope"] = scope
        if grant_type == "password":
            form |= {"username": "ann@example.com", "password": PASSWORD}
        return decoded(self.token(a_form(form, headers=basic())).body)


def subset(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True).map(tuple)


EXPRESSIONS = [
    "'constant'",
    "user.department",
    "user.email + app.clientId",
    "isMemberOfGroupName(\"team g1\") ? 'yes' : null",
    "access.scope",
    "user.firstName > 3",
    "Arrays.get({1}, 5)",
    "app.profile.tier",
]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    claims = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["RESOURCE", "IDENTITY"]))
        value_type = draw(st.sampled_from(["EXPRESSION", "EXPRESSION", "GROUPS"]))
        claims.append(
            Claim(
                f"ocl{number}",
                f"c{number}",
                kind,  # type: ignore[arg-type]
                value_type,  # type: ignore[arg-type]
                draw(st.sampled_from(EXPRESSIONS)) if value_type == "EXPRESSION" else "team",
                draw(st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE"])),
                "STARTS_WITH" if value_type == "GROUPS" else None,
                draw(subset(["a", "openid"])),
                draw(st.booleans()) or kind == "RESOURCE",
            )
        )
    people = st.builds(
        People,
        users_include=subset([ANN.id]),
        users_exclude=subset([ANN.id]),
        groups_include=subset(["g1", "EVERYONE"]),
    )
    rules = [
        a_rule(
            id=f"r{number}",
            grant_types=draw(subset(["client_credentials", "password"])),
            scopes=draw(st.one_of(st.just(("*",)), subset(["a", "b", "openid", "profile"]))),
            people=draw(people),
            access_token_lifetime=300 * (number + 1),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    own = tuple(
        Scope(f"scp{name}", name, default=draw(st.booleans()), consent=draw(st.sampled_from(["IMPLICIT", "REQUIRED"])))
        for name in ("a", "b")
    )
    server = a_server(
        scopes=(*SYSTEM, *own),
        claims=(*SYSTEM_CLAIMS, *claims),
        policies=(a_policy(*rules[:2]), a_policy(*rules[2:], id="p2")),
        keys=KEYS,
    )
    client = a_client(
        application_type="native",
        grant_types=draw(subset(["client_credentials", "password"])),
        consent_method=draw(st.sampled_from(["TRUSTED", "REQUIRED"])),
        implicit_assignment=draw(st.booleans()),
    )
    return World(server, client, groups=draw(subset(["g1", "g2"])))


@settings(max_examples=100)
@given(st.data())
def test_the_preview_is_what_the_token_endpoint_does(data: st.DataObject) -> None:
    world = data.draw(worlds())
    events = len(world.admin.storage.events)
    for _ in range(3):
        grant = data.draw(st.sampled_from(["client_credentials", "password"]))
        scope = " ".join(data.draw(subset(["a", "b", "openid", "profile", "unknown"])))

        shown, real = world.preview(grant, scope), world.real(grant, scope)

        if "error" in real:
            assert {name: shown["error"][name] for name in ("error", "error_description")} == real
            assert shown["decision"]["outcome"] == "DENY"
            assert world.events.emitted[-1].reason == shown["error"]["reason"]
            continue
        assert shown["error"] is None
        access = jwt.decode(real["access_token"], options={"verify_signature": False})
        assert without(shown["access_token"]["payload"]) == without(access)
        assert shown["access_token"]["header"] == jwt.get_unverified_header(real["access_token"])
        assert (shown["id_token"] is None) == ("id_token" not in real)
        if "id_token" in real:
            identity = jwt.decode(real["id_token"], options={"verify_signature": False})
            assert without(shown["id_token"]["payload"]) == without(identity)
        event = next(e for e in world.events.emitted[::-1] if e.type.endswith("access_token"))
        assert event.debug["rule"] == shown["decision"]["rule"]["id"]
        for token in ("access_token", "id_token"):
            for claim in (shown[token] or {"claims": []})["claims"]:
                assert claim["included"] == (claim["name"] in shown[token]["payload"])
                if claim["included"]:
                    assert shown[token]["payload"][claim["name"]] == claim["value"]
        matched = [step for step in shown["decision"]["steps"] if step["matched"]]
        assert [step["rule"]["id"] for step in matched] == [shown["decision"]["rule"]["id"]]
    assert len(world.admin.storage.events) == events  # not one of them is of the preview


def without(payload: dict[str, Any]) -> dict[str, Any]:
    """But what is new in every token, and the hash of a token that there is not."""
    return {name: value for name, value in payload.items() if name not in {"jti", "at_hash"}}


PEOPLE_SERVER = a_server(
    scopes=(*SYSTEM, Scope("scp1", "orders:read", consent="REQUIRED")), claims=SYSTEM_CLAIMS, keys=KEYS
)


def test_a_refusal_names_the_nearest_rule_and_what_would_have_to_change() -> None:
    rule = a_rule(scopes=("orders:read",))
    world = World(a_server(policies=(a_policy(rule),), keys=KEYS), a_client())

    shown = world.preview("client_credentials", "orders:read orders:write")

    assert shown["error"]["reason"] == "no_matching_policy"
    miss = shown["decision"]["nearestMiss"]
    assert miss["rule"] == {"id": "0pr1", "name": "r", "priority": 1}
    assert miss["changes"] == ["add 'orders:write' to conditions.scopes.include of 'r', or ask for less"]
    failed = [condition for condition in miss["conditions"] if not condition["holds"]]
    assert failed[0] | {"change": None} == {
        "name": "scopes",
        "holds": False,
        "required": ["orders:read"],
        "actual": ["orders:read", "orders:write"],
        "change": None,
    }


def test_a_preview_says_what_a_token_for_a_resource_would_be() -> None:
    mcp = a_resource("https://mcp.example.com/mcp", "orders:read")
    rule = a_rule(grant_types=("client_credentials", "authorization_code"))
    scopes = (*SYSTEM, Scope("scp1", "orders:read"), Scope("scp2", "orders:write"))
    server = a_server(
        scopes=scopes, claims=SYSTEM_CLAIMS, policies=(a_policy(rule),), keys=KEYS, resource_indicators=True,
        resources=(mcp,),
    )  # fmt: skip
    client = a_client(
        application_type="web", grant_types=("client_credentials", "authorization_code"), implicit_assignment=True
    )
    world = World(server, client)

    for grant, scope in (
        ("client_credentials", "orders:read orders:write"),
        ("authorization_code", "openid orders:read"),
    ):
        payload = world.preview(grant, scope, resource="https://mcp.example.com")["access_token"]["payload"]
        assert (payload["aud"], "orders:read" in payload["scp"], "orders:write" in payload["scp"]) == (
            mcp.uri, True, False,
        )  # fmt: skip
        assert world.preview(grant, scope)["access_token"]["payload"]["aud"] == "api://orders"
        refused = world.preview(grant, scope, resource="https://evil.example")
        assert (refused["access_token"], refused["error"]["reason"]) == (None, "unsupported_resource")
        left = world.preview(grant, "openid orders:write"[7 * (grant == "client_credentials") :], resource=mcp.uri)
        assert left["error"]["reason"] == "no_scope_for_resource"


def test_a_claim_that_fails_is_named_with_what_it_read() -> None:
    claim = Claim("ocl1", "bad", "RESOURCE", "EXPRESSION", "app.clientId > 3")
    world = World(a_server(claims=(claim,), keys=KEYS), a_client())

    shown = world.preview("client_credentials", "orders:read")

    assert shown["error"]["reason"] == "user_claim_evaluation_failure"
    assert shown["access_token"]["payload"] is None
    (outcome,) = [one for one in shown["access_token"]["claims"] if one["name"] == "bad"]
    assert (outcome["included"], outcome["leftOut"]) == (False, "failed")
    assert outcome["inputs"] == {"app.clientId": "0oaAAAAAAAAAAAAAAAAA"}
    assert outcome["failure"]


def test_a_token_that_no_header_could_carry_is_refused_with_its_largest_claim() -> None:
    claim = Claim("ocl1", "blob", "RESOURCE", "EXPRESSION", "app.profile.blob")
    server = a_server(claims=(claim,), keys=KEYS)
    client = a_client(profile={"blob": "x" * 8_000})

    refused = World(server, client).preview("client_credentials", "orders:read")["error"]
    allowed = World(replace(server, large_access_tokens=True), client).preview("client_credentials", "orders:read")

    assert refused["error_description"] == "The 'blob' user claim could not be evaluated."
    assert "7168 is the most" in refused["detail"]
    assert "largeAccessTokens" in refused["detail"]
    assert allowed["error"] is None


def test_what_would_not_fit_beside_a_place_in_a_status_list_is_refused() -> None:
    """The place is given when the token is minted; a preview gives none."""
    claim = Claim("ocl1", "blob", "RESOURCE", "EXPRESSION", "app.profile.blob")
    server = a_server(claims=(claim,), keys=KEYS)

    def refused(size: int, *, listed: bool) -> bool:
        world = World(replace(server, status_list=listed), a_client(profile={"blob": "x" * size}))
        shown = world.preview("client_credentials", "orders:read")
        assert "status" not in (shown["access_token"]["payload"] or {})
        return shown["error"] is not None

    largest = bisect_left(range(8_000), True, key=lambda size: refused(size, listed=False)) - 1

    assert refused(largest, listed=True)
    assert not refused(largest - 200, listed=True)


def test_grants_of_the_browser_can_be_tried_too() -> None:
    rule = a_rule(grant_types=("authorization_code", "implicit"))
    client = a_client(
        application_type="web",
        grant_types=("authorization_code", "implicit", "refresh_token"),
        implicit_assignment=True,
        consent_method="REQUIRED",
    )
    world = World(replace(PEOPLE_SERVER, policies=(a_policy(rule),)), client)

    code = world.preview("authorization_code", "openid profile offline_access orders:read", user_id=ANN.id)
    fat = world.preview("implicit", "openid profile", response_type="id_token")
    thin = world.preview("implicit", "openid profile", response_type="token id_token")

    assert code["decision"]["consentNeeded"] == ["orders:read"]
    assert code["refresh_token"] == {"lifetimeMinutes": 0, "windowMinutes": 10080}
    assert code["access_token"]["payload"]["uid"] == ANN.id
    assert "given_name" not in code["id_token"]["payload"]
    assert fat["access_token"] is None
    assert fat["id_token"]["payload"]["given_name"] == "Ann"
    assert "given_name" not in thin["id_token"]["payload"]
    assert thin["refresh_token"] is None


def test_what_somebody_is_asked_without_a_browser_can_be_tried_too() -> None:
    rule = a_rule(grant_types=(CIBA,), people=People(users_include=(ANN.id,)))
    client = a_client(application_type="web", grant_types=(CIBA,), implicit_assignment=True)
    world = World(replace(PEOPLE_SERVER, policies=(a_policy(rule),)), client)

    shown = world.preview(CIBA, "openid orders:read")

    assert (shown["access_token"]["payload"]["uid"], shown["decision"]["rule"]["id"]) == (ANN.id, "0pr1")
    assert world.preview(CIBA, "orders:read")["error"]["reason"] == "ciba_request_invalid_scope"
    assert world.preview(CIBA, "")["error"]["reason"] == "ciba_request_missing_scope"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"grant_type": "client_credentials"}, 400, "E0000001"),
        ({"client_id": "0oaAAAAAAAAAAAAAAAAA", "grant_type": "password"}, 400, "E0000001"),
        ({"client_id": "0oaNobody", "grant_type": "client_credentials"}, 404, "E0000007"),
        ({"client_id": "0oaAAAAAAAAAAAAAAAAA", "grant_type": "password", "user_id": "nobody"}, 404, "E0000007"),
        ({"client_id": 5, "grant_type": "client_credentials"}, 400, "E0000003"),
    ],
)
def test_what_is_no_request_is_said(body: Any, status: int, code: str) -> None:
    answer = World(PEOPLE_SERVER, a_client()).admin.post(f"{BASE}/tokens/preview", body)

    assert (answer.status, answer.code) == (status, code)


def test_a_user_who_is_not_active_is_said() -> None:
    world = World(replace(PEOPLE_SERVER, policies=(a_policy(a_rule(grant_types=("password",))),)), a_client(
        grant_types=("password",), implicit_assignment=True
    ))  # fmt: skip
    user = world.admin.storage.users.get(ANN.id)
    world.admin.storage.users.save(user, replace(user, status="SUSPENDED"), [])

    assert world.preview("password", "openid")["error"]["detail"] == "the user is SUSPENDED"


def test_the_analysis_names_what_is_wrong() -> None:
    wide, late = a_rule(id="wide", name="wide"), a_rule(id="late", name="late", scopes=("orders:read",))
    claims = (
        Claim("ocl1", "bad", "RESOURCE", "EXPRESSION", "user.department > 3"),
        Claim("ocl2", "good", "RESOURCE", "EXPRESSION", "user.department"),
        Claim("ocl3", "groups", "RESOURCE", "GROUPS", "team", group_filter_type="STARTS_WITH"),
    )
    client = a_client(grant_types=("authorization_code",))
    admin = World(a_server(policies=(a_policy(wide, late),), claims=claims, keys=KEYS), client).admin

    found = admin.get(f"{BASE}/analysis").json

    assert found["unreachable"] == [
        {
            "policy": {"id": "00p1", "name": "p"},
            "rule": {"id": "late", "name": "late"},
            "reason": "shadowed",
            "shadowedBy": [{"id": "wide", "name": "wide"}],
        }
    ]
    assert [client["id"] for client in found["clientsWithoutRule"]] == ["0oaAAAAAAAAAAAAAAAAA"]
    assert [claim["name"] for claim in found["claimsThatCanFail"]] == ["bad", "groups"]
    assert found["claimsThatCanFail"][1]["failures"][0]["for"] == "a user in 101 matching groups"


def test_under_a_security_profile_nobody_gets_anything_by_password() -> None:
    client = a_client(grant_types=("password", "client_credentials"), implicit_assignment=True)
    rules = (a_rule(grant_types=("password", "implicit")), a_rule(id="0pr2", name="machines"))
    kinds: dict[str, Any] = {"policies": (a_policy(*rules),), "keys": KEYS}
    strict = World(a_server(**kinds, security_profile="FAPI2"), client)

    found = strict.admin.get(f"{BASE}/analysis").json["unreachable"]
    refused = strict.preview("password", "orders:read")

    assert [(verdict["rule"]["id"], verdict["reason"]) for verdict in found] == [("0pr1", "no_grant_types")]
    assert refused["requires"] == {
        "profile": "FAPI2",
        "proof": True,
        "pushedRequest": False,
        "subjectToken": None,
    }
    assert refused["error"]["detail"] == "the security profile does not allow the grant type 'password'"
    assert World(a_server(**kinds), client).admin.get(f"{BASE}/analysis").json["unreachable"] == []


def test_who_can_get_a_scope_and_how() -> None:
    admin = World(
        a_server(policies=(a_policy(a_rule(), clients=("0oaAAAAAAAAAAAAAAAAA",)),), keys=KEYS), a_client()
    ).admin

    (way,) = admin.get(f"{BASE}/analysis?scope=orders:read").json["ways"]

    assert (way["rule"]["id"], way["clients"], way["grantTypes"]) == (
        "0pr1",
        ["0oaAAAAAAAAAAAAAAAAA"],
        ["client_credentials"],
    )
    assert admin.get(f"{BASE}/analysis?scope=unknown").code == "E0000007"


def test_a_redirect_uri_that_is_not_registered_is_named_with_the_nearest() -> None:
    client = a_client(
        grant_types=("authorization_code",),
        redirect_uris=("https://app.example/callback",),
        implicit_assignment=True,
    )
    world = World(
        a_server(scopes=SYSTEM, keys=KEYS, policies=(a_policy(a_rule(grant_types=("authorization_code",))),)), client
    )

    wrong = world.preview("authorization_code", "openid", redirect_uri="https://app.example/calback?secret=1")
    right = world.preview("authorization_code", "openid", redirect_uri="https://app.example/callback")

    assert wrong["error"]["reason"] == "illegal_redirect_uri"
    assert wrong["error"]["detail"] == (
        "redirect_uri 'https://app.example/calback' is not known; the nearest that is: 'https://app.example/callback'"
    )
    assert right["error"] is None


def unregistered(world: World, client_id: str, **fields: str) -> Any:
    answer = world.preview("authorization_code", "orders:read", client_id=client_id, **fields)
    return answer["client"], answer["decision"], answer["error"]


def test_a_client_that_nobody_registered_is_previewed_as_far_as_it_is_known() -> None:
    url = "https://app.example/client.json"
    rule = a_rule(grant_types=("authorization_code",), access_token_lifetime=86_400)
    scopes = (*SYSTEM, Scope("scp9", "orders:read", metadata_publish="ALL_CLIENTS"))
    policies = (a_policy(rule, clients=("ALL_CLIENTS",)), a_policy(rule, id="00pB", clients=("METADATA_CLIENTS",)))
    server = a_server(scopes=scopes, claims=SYSTEM_CLAIMS, keys=KEYS, policies=policies)
    closed = World(server, a_client())
    open_to_all = replace(server, registration=ClientRegistration("OPEN"))
    world = World(open_to_all, a_client())

    client, decision, error = unregistered(closed, url)
    assert (client, decision["outcome"]) == ({"id": url, "class": "METADATA"}, "DENY")
    assert (error["reason"], error["detail"]) == ("invalid_client_id", "clientRegistration.metadataDocuments is OFF")
    client, decision, _ = unregistered(world, url, redirect_uri="http://localhost/callback")
    assert client == {"id": url, "class": "METADATA", "document": "ASSUMED"}
    assert (decision["policy"]["id"], decision["consentNeeded"]) == ("00pB", ["orders:read"])
    document = ClientDocument(url, "App", ("https://app.example/cb",), "none", ("authorization_code",))
    copies = world.admin.storage.client_copies
    copy = ClientCopy(SERVER_ID, document, NOW, NOW, NOW, NOW)
    copies.save(None, copy)
    assert unregistered(world, url)[0]["document"] == "FETCHED"
    assert unregistered(world, url, redirect_uri="http://localhost/callback")[2]["reason"] == "illegal_redirect_uri"
    copies.save(copy, replace(copy, withdrawn_at=NOW))
    assert unregistered(world, url)[2]["reason"] == "cimd_not_found"
    entry = MetadataClient("mcl1", url, NOW, NOW, document)
    world = World(replace(open_to_all, metadata_clients=(entry,)), a_client())
    assert unregistered(world, url)[0]["document"] == "APPROVED"
    world = World(replace(open_to_all, metadata_clients=(replace(entry, status="BLOCKED"),)), a_client())
    assert unregistered(world, url)[2]["detail"] == "an administrator blocked the client"


def test_a_policy_for_registered_clients_says_what_others_need() -> None:
    rule = a_rule(grant_types=("authorization_code",))
    server = a_server(scopes=SYSTEM, keys=KEYS, policies=(a_policy(rule, clients=("ALL_CLIENTS",)),))
    world = World(replace(server, registration=ClientRegistration("OPEN")), a_client())

    answer = world.preview("authorization_code", "openid", client_id="https://app.example/client.json")

    assert answer["error"]["reason"] == "no_matching_policy"
    (change,) = answer["decision"]["nearestMiss"]["changes"]
    assert "'METADATA_CLIENTS'" in change
    assert "'ALL_CLIENTS' means registered clients alone" in change


def test_the_analysis_knows_words_for_unregistered_clients() -> None:
    rule = a_rule(grant_types=("authorization_code",))
    narrow = a_policy(
        a_rule(id="0prB", grant_types=("authorization_code",)), id="00pB", clients=("origin:https://a.example",)
    )
    policies = (a_policy(rule, clients=("METADATA_CLIENTS",)), narrow)
    server = a_server(scopes=(*SYSTEM, Scope("scp9", "orders:read")), keys=KEYS, policies=policies)

    def reasons(registration: ClientRegistration) -> list[tuple[Any, str]]:
        world = World(replace(server, registration=registration), a_client())
        found = world.admin.get(f"{BASE}/analysis").json["unreachable"]
        return [(one["rule"] and one["rule"]["id"], one["reason"]) for one in found]

    assert reasons(ClientRegistration("OPEN")) == [("0prB", "shadowed")]
    assert {reason for _, reason in reasons(ClientRegistration())} == {"no_clients"}
    world = World(replace(server, registration=ClientRegistration("OPEN")), a_client())
    (way, *_) = world.admin.get(f"{BASE}/analysis?scope=orders:read").json["ways"]
    assert way["clients"] == ["METADATA_CLIENTS"]


def test_an_exchange_is_previewed_for_a_users_token_or_a_machines() -> None:
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    rules = (a_rule(grant_types=(exchange,), people=People(groups_include=("EVERYONE",)), scopes=("orders:read",)),)
    world = World(a_server(policies=(a_policy(*rules),), keys=KEYS), a_client(grant_types=(exchange,)))

    for_ann = world.preview(exchange, "orders:read")
    refused = world.preview(exchange, "orders:write")
    machines = world.preview(exchange, "orders:read", user_id="")
    nothing = world.preview(exchange, "")

    token = for_ann["access_token"]["payload"]
    assert (token["uid"], token["act"], token["scp"]) == (ANN.id, {"sub": "0oaAAAAAAAAAAAAAAAAA"}, ["orders:read"])
    assert (for_ann["error"], for_ann["refresh_token"], for_ann["id_token"]) == (None, None, None)
    assert for_ann["requires"]["subjectToken"] == {"narrowOnly": False}
    assert refused["error"]["reason"] == "no_matching_policy"
    assert refused["decision"]["nearestMiss"]["changes"] == [
        "add 'orders:write' to conditions.scopes.include of 'r', or ask for less"
    ]
    assert machines["error"]["reason"] == "no_matching_policy"
    assert machines["decision"]["nearestMiss"]["changes"] == [
        "leave conditions.people of a rule like 'r' empty: the token is nobody's but a client's"
    ]
    assert nothing["error"]["detail"] == "a preview knows no subject token: name scopes"


def test_what_narrows_and_who_may_not_act_is_in_the_preview() -> None:
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    server = a_server(policies=(a_policy(a_rule(grant_types=(exchange,))),), keys=KEYS, narrow_exchange=True)
    service = World(server, a_client(grant_types=(exchange,)))
    web = World(server, a_client(grant_types=(exchange,), application_type="web"))

    assert service.preview(exchange, "orders:read")["requires"]["subjectToken"] == {"narrowOnly": True}
    assert web.preview(exchange, "orders:read")["error"]["reason"] == "on_behalf_invalid_client_type"
