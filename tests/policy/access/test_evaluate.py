"""docs/protocol.md §9.1: worked examples, and what must hold for any policies."""

from dataclasses import replace

from authmint.policy.access.evaluate import Decision, Subject, TokenRequest, evaluate, match
from authmint.storage.servers import People, Policy, Rule
from hypothesis import given

from tests.policy.access.generated import policies, requests
from tests.support.builders import a_policy, a_rule, a_server

CODE = ("authorization_code",)
USER = Subject("u1")


def decide(policies: tuple[Policy, ...], scopes: str = "openid", **changes: object) -> Decision:
    values: dict[str, object] = {"client_id": "A", "grant_type": "authorization_code", "user": USER}
    request = TokenRequest(scopes=tuple(scopes.split()), **values | changes)  # type: ignore[arg-type]
    return evaluate(a_server(policies=policies), request)


R1 = a_rule(id="R1", grant_types=CODE, scopes=("openid", "profile", "offline_access"), access_token_lifetime=600)
R2 = a_rule(id="R2", grant_types=CODE)
P1 = a_policy(R1, R2, id="P1", clients=("A",))


def test_p1_first_rule_that_permits_every_scope_wins() -> None:
    decision = decide((P1,), "openid profile")

    assert decision.rule == R1
    assert decision.granted == ("openid", "profile")


def test_p2_one_scope_too_many_moves_on_to_the_next_rule() -> None:
    decision = decide((P1,), "openid profile email")

    assert decision.rule == R2
    assert [step.mismatch for step in decision.steps] == ["scope", None]


def test_p3_a_policy_whose_rules_all_fail_lets_the_next_one_try() -> None:
    last = a_rule(id="R3", grant_types=CODE, access_token_lifetime=300)

    decision = decide((replace(P1, rules=(R1,)), a_policy(last, id="P2")), "openid email")

    assert decision.rule == last


def test_p4_a_policy_without_rules_yields_nothing() -> None:
    decision = decide((replace(P1, rules=()), a_policy(R2, id="P2")))

    assert decision.policy is not None
    assert decision.policy.id == "P2"


def test_p5_a_policy_of_another_client_does_not_apply() -> None:
    decision = decide((P1,), client_id="B")

    assert decision.refusal == "no_matching_policy"
    assert [(step.policy_id, step.mismatch) for step in decision.steps] == [("P1", "client")]


def test_p6_a_rule_without_the_grant_does_not_apply() -> None:
    assert decide((P1,), grant_type="client_credentials", user=None).refusal == "no_matching_policy"


def test_p7_a_user_outside_the_group_does_not_match() -> None:
    rule = replace(R2, people=People(groups_include=("admins",)))

    assert decide((a_policy(rule),)).refusal == "no_matching_policy"


def test_p8_exclusion_beats_inclusion() -> None:
    people = People(users_include=("u1",), groups_include=("g1",), users_exclude=("u1",))

    assert decide((a_policy(replace(R2, people=people)),), user=Subject("u1", frozenset({"g1"}))).rule is None


def test_p9_everyone_makes_exclusions_ineffective() -> None:
    rule = replace(R2, people=People(groups_include=("EVERYONE",), users_exclude=("u1",)))

    assert decide((a_policy(rule),)).rule == rule


def test_p10_an_inactive_rule_is_passed_over() -> None:
    decision = decide((a_policy(replace(R1, status="INACTIVE"), R2),))

    assert decision.rule == R2
    assert decision.steps[0].mismatch == "inactive"


def test_p11_default_scopes_are_cut_to_what_the_rule_permits() -> None:
    decision = decide((a_policy(replace(R2, scopes=("d1",))),), "d1 d2", defaulted=True)

    assert decision.granted == ("d1",)


def test_default_scopes_of_which_none_is_permitted_have_their_own_refusal() -> None:
    decision = decide((a_policy(replace(R2, scopes=("other",))),), "d1", defaulted=True)

    assert decision.refusal == "no_scope_allowed"


def test_an_inactive_policy_is_passed_over() -> None:
    assert decide((a_policy(R2, status="INACTIVE"),)).rule is None


def test_people_are_not_consulted_for_a_client_alone() -> None:
    rule = a_rule(people=People(users_include=("someone",)))

    assert decide((a_policy(rule),), grant_type="client_credentials", user=None).rule == rule


def obvious(policies: tuple[Policy, ...], request: TokenRequest) -> tuple[str, frozenset[str]] | None:
    """The algorithm once more, slow and plain."""
    for policy in policies:
        if policy.status == "ACTIVE" and (set(policy.clients) & {"ALL_CLIENTS", request.client_id}):
            for rule in policy.rules:
                if rule.status != "ACTIVE" or request.grant_type not in rule.grant_types:
                    continue
                if request.user is not None and not _people(rule, request.user):
                    continue
                permitted = set(request.scopes) if "*" in rule.scopes else set(request.scopes) & set(rule.scopes)
                if permitted == set(request.scopes) or (request.defaulted and permitted):
                    return rule.id, frozenset(permitted)
    return None


def _people(rule: Rule, user: Subject) -> bool:
    people = rule.people
    if "EVERYONE" in people.groups_include:
        return True
    listed = bool(people.groups_include or people.users_include)
    inside = user.user_id in people.users_include or bool(user.groups & set(people.groups_include))
    outside = user.user_id in people.users_exclude or bool(user.groups & set(people.groups_exclude))
    return (inside or not listed) and not outside


@given(policies, requests)
def test_a_slow_and_obvious_reading_agrees(policies: tuple[Policy, ...], request: TokenRequest) -> None:
    decision = evaluate(a_server(policies=policies), request)

    found = None if decision.rule is None else (decision.rule.id, frozenset(decision.granted))
    assert found == obvious(policies, request)


@given(policies, requests)
def test_nothing_is_granted_but_by_a_rule_that_matches(policies: tuple[Policy, ...], request: TokenRequest) -> None:
    decision = evaluate(a_server(policies=policies), request)

    if decision.rule is None:
        assert decision.granted == ()
        assert decision.refusal is not None
    else:
        assert match(decision.rule, request) == (None, decision.granted)
        assert set(decision.granted) <= set(request.scopes)
        assert decision.steps[-1].mismatch is None
        assert all(step.mismatch is not None for step in decision.steps[:-1])


@given(policies, policies, requests)
def test_what_is_tried_later_never_changes_what_was_allowed(
    first: tuple[Policy, ...], later: tuple[Policy, ...], request: TokenRequest
) -> None:
    decision = evaluate(a_server(policies=first), request)

    if decision.rule is not None:
        assert evaluate(a_server(policies=first + later), request) == decision
