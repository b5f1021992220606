"""The index finds what ``evaluate`` finds, for any policies and any order of requests."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.access import evaluate as index
from authmint.policy.access.evaluate import PolicyIndex, TokenRequest, evaluate, match
from authmint.storage.servers import Policy, Rule
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.access.generated import policies, requests
from tests.support.builders import a_policy, a_rule, a_server

ASK = TokenRequest("A", "client_credentials", ("x",))


@given(policies, st.lists(requests, min_size=1, max_size=8))
def test_the_index_decides_as_evaluate_does(policies: tuple[Policy, ...], requests: list[TokenRequest]) -> None:
    server, indexed = a_server(policies=policies), PolicyIndex()

    for request in [*requests, *requests]:
        decision, truth = indexed.decide(server, request), evaluate(server, request)
        if truth.rule is None:
            assert decision == truth
        else:
            assert replace(decision, steps=truth.steps) == truth


@given(st.lists(policies, min_size=2, max_size=4), requests)
def test_another_version_of_a_server_is_another_server(
    versions: list[tuple[Policy, ...]], request: TokenRequest
) -> None:
    indexed = PolicyIndex()

    for version in versions:
        server = a_server(policies=version)
        assert indexed.decide(server, request).rule == evaluate(server, request).rule


def test_what_a_server_no_longer_allows_is_refused() -> None:
    server, indexed = a_server(), PolicyIndex()
    assert indexed.decide(server, ASK).rule is not None

    assert indexed.decide(replace(server, policies=()), ASK).refusal == "no_matching_policy"


def test_a_rule_is_compared_once_per_version_client_and_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def counted(rule: Rule, request: TokenRequest) -> Any:
        compared.append(rule.id)
        return match(rule, request)

    monkeypatch.setattr(index, "match", counted)
    rules = [a_rule(id=f"r{number}", scopes=("other",)) for number in range(50)]
    server, indexed = a_server(policies=(a_policy(*rules, a_rule(id="last")),)), PolicyIndex()

    decisions = [indexed.decide(server, ASK) for _ in range(10)]

    assert {decision.rule.id for decision in decisions if decision.rule} == {"last"}
    assert len(compared) == 51


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_SERVERS_KEPT", 2)
    monkeypatch.setattr(index, "_REQUESTS_KEPT", 3)
    indexed = PolicyIndex()
    servers = [a_server(id=f"aus{number}") for number in range(5)]

    for server in servers:
        for number in range(10):
            assert indexed.decide(server, replace(ASK, scopes=(f"s{number}",))).rule is not None

    assert len(indexed._servers) == 2
    assert {len(known.candidates) for known in indexed._servers.values()} == {3}
