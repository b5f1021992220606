"""docs/protocol.md §33.1: the policies that are there from the start."""

from dataclasses import replace

import pytest
from authmint.policy.sign_on.defaults import IDS, Seeds, default_policy, with_default
from authmint.storage.sign_on_policies import PREFIXES, PolicyList, PolicyOrder, PolicyType

from tests.support.sign_on_policies import a_policy


@pytest.mark.parametrize("policy_type", IDS)
def test_each_type_has_one_whose_ids_look_like_all_others(policy_type: PolicyType) -> None:
    policy = default_policy(policy_type, Seeds())

    assert policy.system
    assert [len(policy.id), len(policy.rules[0].id)] == [20, 20]
    assert (policy.id[:3], policy.rules[0].id[:3]) == PREFIXES[policy_type]
    assert policy.rules[0].conditions is None


def test_ids_are_all_different() -> None:
    ids = [one for pair in IDS.values() for one in pair]

    assert len(set(ids)) == len(ids)


def test_it_comes_last_until_somebody_changes_it() -> None:
    own = a_policy(id="00pZ")
    listed = PolicyList((own,), PolicyOrder(("00pZ",), version=1))

    first = with_default(listed, "OKTA_SIGN_ON", Seeds())
    changed = replace(first[1], name="Default Policy of ours", version=1)
    then = with_default(replace(listed, policies=(own, changed)), "OKTA_SIGN_ON", Seeds())

    assert [(policy.id, policy.priority) for policy in first] == [("00pZ", 1), (IDS["OKTA_SIGN_ON"][0], 2)]
    assert then == (own, changed)


def test_that_of_applications_stands_in_the_order_of_ids() -> None:
    listed = PolicyList((a_policy(id="rst0", type="ACCESS_POLICY"), a_policy(id="rstZ", type="ACCESS_POLICY")))

    ids = [policy.id for policy in with_default(listed, "ACCESS_POLICY", Seeds())]

    assert ids == ["rst0", "rstAuthmintAccess000", "rstZ"]
