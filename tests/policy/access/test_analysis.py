"""Static analysis: no verdict is ever refuted by a request, and each kind of mistake is found."""

import pytest
from authmint.policy.access.analysis import analyze, unreachable, ways_to
from authmint.policy.access.evaluate import Subject, TokenRequest, evaluate
from authmint.policy.access.explain import explain
from authmint.storage.clients import Client
from authmint.storage.servers import AuthorizationServer, People, Policy, Rule, Scope
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import a_client, a_policy, a_rule, a_server

CLIENTS, USERS, GROUPS, SCOPES = ["cA", "cB", "cC"], ["u1", "u2"], ["g1", "g2"], ["s1", "s2", "s3"]
GRANTS = ["client_credentials", "authorization_code", "password"]
KEYS = a_server(algorithm="ES256").keys


def subset(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True).map(tuple)


people = st.builds(
    People,
    users_include=subset(USERS),
    users_exclude=subset(USERS),
    groups_include=subset([*GROUPS, "EVERYONE"]),
    groups_exclude=subset(GROUPS),
)
statuses = st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE"])


@st.composite
def servers(draw: st.DrawFn) -> AuthorizationServer:
    policies: list[Policy] = []
    number = 0
    for _ in range(draw(st.integers(0, 4))):
        rules = []
        for _ in range(draw(st.integers(0, 4))):
            number += 1
            rules.append(
                a_rule(
                    id=f"r{number}",
                    status=draw(statuses),
                    grant_types=draw(subset(GRANTS)),
                    scopes=draw(st.one_of(st.just(("*",)), subset([*SCOPES, "gone"]))),
                    people=draw(people),
                )
            )
        clients = draw(st.one_of(st.just(("ALL_CLIENTS",)), subset([*CLIENTS, "unknown"])))
        policies.append(a_policy(*rules, id=f"p{len(policies)}", status=draw(statuses), clients=clients))
    scopes = tuple(Scope(f"scp{name}", name, default=draw(st.booleans())) for name in SCOPES)
    return a_server(policies=tuple(policies), scopes=scopes, keys=KEYS)


@st.composite
def all_clients(draw: st.DrawFn) -> list[Client]:
    return [
        a_client(id=name, grant_types=draw(subset(GRANTS)), status=draw(statuses), secrets=())
        for name in draw(subset(CLIENTS))
    ]


@st.composite
def requests(draw: st.DrawFn, server: AuthorizationServer, clients: list[Client]) -> TokenRequest | None:
    """A request that reaches the policies: of an ACTIVE client, with a grant of its, for scopes that are defined."""
    able = [client for client in clients if client.status == "ACTIVE" and client.grant_types]
    if not able:
        return None
    client = draw(st.sampled_from(able))
    grant = draw(st.sampled_from(client.grant_types))
    user = None
    if grant != "client_credentials":
        user = Subject(draw(st.sampled_from([*USERS, "u3"])), frozenset(draw(subset(GROUPS))))
    defaults = tuple(scope.name for scope in server.scopes if scope.default)
    defaulted = bool(defaults) and draw(st.booleans())
    scopes = defaults if defaulted else tuple(draw(st.lists(st.sampled_from(SCOPES), min_size=1, unique=True)))
    return TokenRequest(client.id, grant, scopes, defaulted, user)


@settings(max_examples=250)
@given(st.data())
def test_no_request_refutes_a_verdict(data: st.DataObject) -> None:
    server, clients = data.draw(servers()), data.draw(all_clients())
    found = analyze(server, clients)
    dead = {verdict.rule_id for verdict in found.unreachable}
    dead_policies = {verdict.policy_id for verdict in found.unreachable if verdict.rule_id is None}

    for _ in range(8):
        request = data.draw(requests(server, clients))
        if request is None:
            return
        decision = evaluate(server, request)
        if decision.rule is None or decision.policy is None:
            continue
        assert decision.rule.id not in dead
        assert decision.policy.id not in dead_policies
        assert not set(decision.granted) & set(found.unobtainable_scopes)
        assert request.client_id not in found.clients_without_rule
        if request.defaulted:
            assert not set(decision.granted) & set(found.refused_defaults)
        for scope in decision.granted:
            ways = {way.rule.id: way for way in ways_to(server, scope, clients)}
            assert decision.rule.id in ways
            way = ways[decision.rule.id]
            assert way.clients == ("ALL_CLIENTS",) or request.client_id in way.clients
            assert request.grant_type in way.grant_types


@settings(max_examples=150)
@given(st.data())
def test_the_explanation_is_the_walk_of_the_evaluation(data: st.DataObject) -> None:
    server, clients = data.draw(servers()), data.draw(all_clients())
    request = data.draw(requests(server, clients))
    if request is None:
        return

    decision, explanation = evaluate(server, request), explain(server, request)

    matched = [trial for trial in explanation.trials if trial.rule is not None and trial.matched]
    assert [trial.rule for trial in matched] == ([] if decision.rule is None else [decision.rule])
    assert (explanation.nearest is None) == (decision.rule is not None or not any(p.rules for p in server.policies))
    if explanation.nearest is not None:
        assert explanation.nearest.misses
        assert all(condition.change for condition in explanation.nearest.misses)


def reasons(server: AuthorizationServer, *clients: Client) -> list[tuple[str | None, str, tuple[str, ...]]]:
    return [(v.rule_id, v.reason, v.shadowed_by) for v in unreachable(server, clients)]


WIDE: Rule = a_rule(id="wide", grant_types=("client_credentials", "password"))


@pytest.mark.parametrize(
    ("rule", "reason", "by"),
    [
        (a_rule(id="r", status="INACTIVE"), "inactive", ()),
        (a_rule(id="r", grant_types=()), "no_grant_types", ()),
        (a_rule(id="r", scopes=("gone",)), "no_scopes", ()),
        (
            a_rule(
                id="r",
                grant_types=("authorization_code",),
                people=People(groups_include=("g",), groups_exclude=("g", "h")),
            ),
            "nobody_is_included",
            (),
        ),
        (a_rule(id="r", scopes=("orders:read",)), "shadowed", ("wide",)),
        (
            a_rule(id="r", grant_types=("password",), people=People(users_include=("u",))),
            "shadowed",
            ("wide",),
        ),
    ],
)
def test_each_kind_of_dead_rule_is_found(rule: Rule, reason: str, by: tuple[str, ...]) -> None:
    server = a_server(algorithm="ES256", policies=(a_policy(WIDE, rule),))

    assert reasons(server, a_client()) == [("r", reason, by)]


def test_a_rule_for_more_than_what_comes_before_is_not_dead() -> None:
    narrow = a_rule(id="narrow", scopes=("orders:read",))
    members = a_rule(id="members", grant_types=("password",), people=People(groups_include=("g",)))
    all_but = a_rule(id="all_but", grant_types=("password",), people=People(users_exclude=("u",)))
    everyone = a_rule(
        id="everyone", grant_types=("password",), people=People(groups_include=("EVERYONE",), users_exclude=("u",))
    )
    server = a_server(algorithm="ES256", policies=(a_policy(narrow, a_rule(id="r"), members, all_but, everyone),))

    assert reasons(server, a_client()) == []


def test_several_rules_together_can_take_everything() -> None:
    first = a_rule(id="first", grant_types=("password",))
    second = a_rule(id="second")
    both = a_rule(id="both", grant_types=("client_credentials", "password"))
    server = a_server(algorithm="ES256", policies=(a_policy(first, second), a_policy(both, id="later")))

    assert reasons(server, a_client()) == [("both", "shadowed", ("second", "first"))]


def test_policies_that_are_for_nobody() -> None:
    empty, gone = a_policy(id="empty"), a_policy(a_rule(), id="gone", clients=("0oaGone",))
    off, other = (
        a_policy(a_rule(id="r2"), id="off", status="INACTIVE"),
        a_policy(a_rule(id="r3"), id="other", clients=("0oaWeb",)),
    )
    web = a_client(id="0oaWeb", grant_types=("authorization_code",))
    server = a_server(algorithm="ES256", policies=(empty, gone, off, other))

    found = {(v.policy_id, v.rule_id): v.reason for v in unreachable(server, [web])}

    assert found == {
        ("empty", None): "no_rules",
        ("gone", None): "no_clients",
        ("gone", "0pr1"): "no_clients",
        ("off", None): "inactive",
        ("off", "r2"): "inactive",
        ("other", "r3"): "no_client_has_the_grant_types",
    }


def test_scopes_clients_and_defaults_without_a_rule() -> None:
    scopes = (Scope("1", "a"), Scope("2", "b", default=True), Scope("3", "openid", system=True))
    server = a_server(algorithm="ES256", scopes=scopes, policies=(a_policy(a_rule(scopes=("a",))),))

    found = analyze(server, [a_client(), a_client(id="0oaWeb", grant_types=("authorization_code",))])

    assert found.unobtainable_scopes == ("b",)
    assert found.refused_defaults == ("b",)
    assert found.clients_without_rule == ("0oaWeb",)


def test_the_nearest_miss_says_what_would_have_to_change() -> None:
    far = a_rule(id="far", grant_types=("password",), scopes=("a",), people=People(users_include=("x",)))
    near = a_rule(id="near", scopes=("a",))
    server = a_server(algorithm="ES256", policies=(a_policy(far, near),))

    nearest = explain(server, TokenRequest("0oaA", "client_credentials", ("a", "b"))).nearest

    assert nearest is not None
    assert nearest.rule == near
    assert [condition.change for condition in nearest.misses] == [
        "add 'b' to conditions.scopes.include of 'r', or ask for less"
    ]
