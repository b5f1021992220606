"""Policies of people and their order, in memory and in DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.dynamo.sign_on_policies import DynamoSignOnPolicies
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.sign_on_policies import PolicyOrder, SignOnPolicies, SignOnPolicy, SignOnRule

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.fakes import NOW

RULE = SignOnRule("0prA", "all", NOW, NOW, 1, {"signon": {"access": "ALLOW"}}, {"network": {"connection": "ANYWHERE"}})


@pytest.fixture(params=["memory", "dynamo"])
def policies(request: pytest.FixtureRequest) -> SignOnPolicies:
    if request.param == "memory":
        return MemoryStorage().sign_on_policies
    return DynamoSignOnPolicies(request.getfixturevalue("deployed").tables())


def a_policy(identifier: str = "00pA", **changes: Any) -> SignOnPolicy:
    made = SignOnPolicy(identifier, "OKTA_SIGN_ON", "Änne’s", NOW, NOW, groups=("00gA",), rules=(RULE,))
    return replace(made, **changes)


def add(policies: SignOnPolicies, *made: SignOnPolicy, first: bool = False) -> None:
    for policy in made:
        order = policies.of_type(policy.type).order
        ids = (policy.id, *order.ids) if first else (*order.ids, policy.id)
        policies.save(None, policy, [], order=replace(order, ids=ids))


def test_what_was_saved_is_read(policies: SignOnPolicies) -> None:
    made = a_policy(settings={"password": {"age": {"maxAgeDays": 3}}})

    add(policies, made)

    assert policies.get("OKTA_SIGN_ON", "00pA") == replace(made, version=1)


def test_nothing_is_there_at_first(policies: SignOnPolicies) -> None:
    listed = policies.of_type("PASSWORD")

    assert (listed.policies, listed.order) == ((), PolicyOrder())
    with pytest.raises(NotFound):
        policies.get("PASSWORD", "00pA")


def test_a_policy_of_another_type_is_not_found(policies: SignOnPolicies) -> None:
    add(policies, a_policy())

    with pytest.raises(NotFound):
        policies.get("PASSWORD", "00pA")
    assert policies.of_type("PASSWORD").policies == ()


def test_they_come_in_their_order_and_the_systems_last(policies: SignOnPolicies) -> None:
    add(policies, a_policy("00pA"), a_policy("00pB"))
    add(policies, a_policy("00pC"), first=True)
    policies.save(None, a_policy("00p0", system=True), [])

    listed = policies.of_type("OKTA_SIGN_ON").policies

    assert [(policy.id, policy.priority) for policy in listed] == [("00pC", 1), ("00pA", 2), ("00pB", 3), ("00p0", 4)]


def test_policies_of_applications_come_by_their_ids(policies: SignOnPolicies) -> None:
    for identifier in ("rstB", "rstA"):
        policies.save(None, a_policy(identifier, type="ACCESS_POLICY"), [])

    assert [policy.id for policy in policies.of_type("ACCESS_POLICY").policies] == ["rstA", "rstB"]


def test_a_change_of_what_changed_since_is_refused(policies: SignOnPolicies) -> None:
    add(policies, a_policy())
    read = policies.get("OKTA_SIGN_ON", "00pA")
    policies.save(read, replace(read, name="first"), [])

    for after in (replace(read, name="second"), None):
        with pytest.raises(Conflict):
            policies.save(read, after, [])

    assert policies.get("OKTA_SIGN_ON", "00pA").name == "first"


def test_an_order_that_changed_since_is_refused_with_its_policy(policies: SignOnPolicies) -> None:
    seen = policies.of_type("OKTA_SIGN_ON").order
    add(policies, a_policy("00pA"))

    with pytest.raises(Conflict):
        policies.save(None, a_policy("00pB"), [], order=replace(seen, ids=("00pB",)))

    assert [policy.id for policy in policies.of_type("OKTA_SIGN_ON").policies] == ["00pA"]


def test_of_many_that_add_at_once_none_is_lost_or_half_there(policies: SignOnPolicies) -> None:
    outcomes = race(lambda number: add(policies, a_policy(f"00p{number}")), Conflict)

    listed = policies.of_type("OKTA_SIGN_ON")
    assert len(listed.policies) == outcomes.count("won") >= 1
    assert set(listed.order.ids) == {policy.id for policy in listed.policies}


def test_sign_ins_are_remembered_once_a_rule_asks(policies: SignOnPolicies) -> None:
    add(policies, a_policy())
    before = policies.of_type("OKTA_SIGN_ON").order

    policies.watch()
    policies.watch()

    after = policies.of_type("OKTA_SIGN_ON").order
    assert (before.watched, after.watched, after.ids) == (False, True, before.ids)
    add(policies, a_policy("00pB"))
    assert policies.of_type("OKTA_SIGN_ON").order.watched


def test_what_was_removed_is_gone(policies: SignOnPolicies) -> None:
    add(policies, a_policy())
    read, order = policies.get("OKTA_SIGN_ON", "00pA"), policies.of_type("OKTA_SIGN_ON").order

    policies.save(read, None, [], order=replace(order, ids=()))

    assert policies.of_type("OKTA_SIGN_ON").policies == ()
