"""How far event hooks are, and their dead letters, in memory and in DynamoDB."""

from dataclasses import replace

import pytest
from authmint.dynamo.hook_deliveries import DynamoHookDeliveries
from authmint.storage.errors import Conflict
from authmint.storage.events import Event, Party
from authmint.storage.hook_deliveries import DeadLetter, HookDeliveries, Progress

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.fakes import NOW, CountingIds

EVENT = Event("e1", NOW * 1_000, "user.lifecycle.create", Party("00u1", "User"))


@pytest.fixture(params=["memory", "dynamo"])
def deliveries(request: pytest.FixtureRequest) -> HookDeliveries:
    if request.param == "memory":
        return MemoryStorage().hook_deliveries
    return DynamoHookDeliveries(request.getfixturevalue("deployed").tables(), CountingIds())


def test_a_hook_begins_at_the_beginning_and_goes_on(deliveries: HookDeliveries) -> None:
    first = deliveries.progress("who1")
    saved = deliveries.save(replace(first, place="p1", failures=2, saved_at=NOW))

    assert first == Progress("who1")
    assert saved == Progress("who1", "p1", 2, saved_at=NOW, version=1)
    assert deliveries.progress("who1") == saved
    assert deliveries.progress("who2") == Progress("who2")
    with pytest.raises(Conflict):
        deliveries.save(replace(first, saved_at=NOW))


def test_dead_letters_come_with_the_step_in_the_order_of_the_log(deliveries: HookDeliveries) -> None:
    progress = deliveries.progress("who1")
    letters = [DeadLetter("who1", place, EVENT, "status 500", NOW) for place in ("p2", "p1", "p3")]
    for letter in letters:
        progress = deliveries.save(replace(progress, saved_at=NOW), letter=letter)
    with pytest.raises(Conflict):
        deliveries.save(replace(progress, version=0), letter=replace(letters[0], place="p0"))
    deliveries.forget(letters[2])

    assert [letter.place for letter in deliveries.dead_letters("who1", limit=10)] == ["p1", "p2"]
    assert deliveries.dead_letters("who1", limit=1) == [letters[1]]
    assert deliveries.dead_letters("who2", limit=1) == []


def test_of_runs_at_once_one_has_a_hook(deliveries: HookDeliveries) -> None:
    outcomes = race(lambda _: deliveries.save(Progress("who1", saved_at=NOW)), Conflict)

    assert outcomes.count("won") == 1
