"""Histories of sign-ins, in memory and in DynamoDB."""

from dataclasses import replace

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.rate_counters import DynamoRateCounters
from authmint.dynamo.sign_on_history import DynamoSignOnHistories
from authmint.dynamo.singletons import DynamoBehaviors, DynamoThreats
from authmint.ids import RandomIds
from authmint.storage.behaviors import Behavior, BehaviorList, ThreatConfiguration
from authmint.storage.errors import Conflict
from authmint.storage.sign_on_history import PastSignIn, SignOnHistories, SignOnHistory

from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW

SIGN_IN = PastSignIn(NOW, "198.51.100.7", 3, "d1", "DE", "DE-BE", "Berlin", (52.52, 13.405), "64500")


@pytest.fixture(params=["memory", "dynamo"])
def histories(request: pytest.FixtureRequest) -> SignOnHistories:
    if request.param == "memory":
        return MemoryStorage().histories
    return DynamoSignOnHistories(request.getfixturevalue("deployed").tables())


def test_what_was_saved_is_read(histories: SignOnHistories) -> None:
    first = histories.get("00uA")

    histories.save(first, replace(first, sign_ins=(SIGN_IN,), override="HIGH"))

    assert first == SignOnHistory("00uA")
    assert histories.get("00uA") == SignOnHistory("00uA", (SIGN_IN,), "HIGH", 1)
    assert histories.get("00uB") == SignOnHistory("00uB")


def test_of_two_changes_the_second_is_refused(histories: SignOnHistories) -> None:
    first = histories.get("00uA")
    histories.save(first, replace(first, override="LOW"))

    with pytest.raises(Conflict):
        histories.save(first, replace(first, override="HIGH"))

    assert histories.get("00uA").override == "LOW"


def test_behaviours_and_threats_are_stored_whole(request: pytest.FixtureRequest) -> None:
    tables = request.getfixturevalue("deployed").tables()
    behaviors, threats = DynamoBehaviors(tables), DynamoThreats(tables)
    one = Behavior("bhvA", "Fast", "VELOCITY", NOW, NOW, {"velocityKph": 900})

    behaviors.save(behaviors.get(), BehaviorList((one,)), [])
    threats.save(threats.get(), ThreatConfiguration("block", ("nzoA",), NOW, NOW), [])

    assert behaviors.get() == BehaviorList((one,), 1)
    assert threats.get() == ThreatConfiguration("block", ("nzoA",), NOW, NOW, 1)


def test_counts_are_read_without_counting(request: pytest.FixtureRequest) -> None:
    counters = DynamoRateCounters(request.getfixturevalue("deployed").tables(), RandomIds(SystemClock()))
    counters.add("k", expires_at=NOW)
    counters.add("k", expires_at=NOW)

    assert [counters.count("k"), counters.count("k"), counters.count("other")] == [2, 2, 0]
