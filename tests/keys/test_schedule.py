"""The scheduled run: one failure does not stop the others, two runs do what one does, a crash resumes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from authmint.jose.keys import SigningAlgorithm
from authmint.keys.rotation import JWKS_MAX_AGE, SKEW
from authmint.keys.schedule import RotationSchedule
from authmint.keys.vault import KeyPair, VaultUnavailable
from authmint.storage.errors import Conflict, Unavailable
from authmint.storage.servers import ORG_SERVER

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_server
from tests.support.fakes import AT_ONCE, NOW, CountingIds, FakeKeyPairs, FrozenClock

DAY = 86_400
LATER = NOW + 76 * DAY


class Stubborn(FakeKeyPairs):
    """Makes no key for one server."""

    def generate(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        if server_id == "ausBad":
            raise VaultUnavailable("KMS: ThrottlingException")
        return super().generate(server_id, kid, algorithm)


class Deployment:
    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.clock = FrozenClock(LATER)
        self.pairs = Stubborn()
        self.reported: list[BaseException] = []

    def schedule(self) -> RotationSchedule:
        return RotationSchedule(
            self.storage.servers,
            self.pairs,
            self.clock,
            CountingIds(),
            retention=90_000,
            on_failure=lambda error, _: self.reported.append(error),
            retrying=AT_ONCE,
        )

    def add(self, *ids: str) -> None:
        for server_id in ids:
            self.storage.servers.add(a_server(id=server_id), [])


def test_a_server_that_fails_does_not_stop_the_others_and_the_lag_says_how_late_it_is() -> None:
    deployment = Deployment()
    deployment.add("ausA", "ausBad", "ausC")
    deployment.clock.advance(seconds=7_300)

    run = deployment.schedule().run()

    assert run.advanced == ("ausA", "ausC")
    assert run.failed == (("ausBad", "VaultUnavailable"),)
    assert run.lag == LATER + 7_300 - NOW
    assert [type(error) for error in deployment.reported] == [VaultUnavailable]


def test_servers_from_before_a_next_key_was_always_published_get_one_at_the_next_run() -> None:
    """Their records do not say that they are due: they are found without them, once per instance of the function."""
    deployment = Deployment()
    deployment.add("ausA", "ausB")
    deployment.storage.servers.add(a_server(id=ORG_SERVER), [])
    for server_id, mode, due in (
        ("ausA", "MANUAL", None),
        ("ausB", "AUTO", LATER + DAY),
        (ORG_SERVER, "AUTO", None),
    ):
        server = deployment.storage.servers.get(server_id)
        deployment.storage.servers.save(server, replace(server, rotation_mode=mode, rotate_at=due), [])  # type: ignore[arg-type]
    schedule = deployment.schedule()

    runs = [schedule.run(), schedule.run()]

    assert [sorted(run.advanced) for run in runs] == [sorted(["ausA", "ausB", ORG_SERVER]), []]
    for server_id in ("ausA", "ausB", ORG_SERVER):
        assert [key.status for key in deployment.storage.servers.get(server_id).keys] == ["ACTIVE", "NEXT"]


def test_a_key_that_could_not_be_made_is_tried_again_for_servers_that_nothing_is_due_for() -> None:
    deployment = Deployment()
    deployment.add("ausBad")
    server = deployment.storage.servers.get("ausBad")
    deployment.storage.servers.save(server, replace(server, rotate_at=None), [])
    schedule = deployment.schedule()

    assert [schedule.run().failed for _ in range(2)] == [(("ausBad", "VaultUnavailable"),)] * 2


def test_delivered_twice_it_makes_one_key() -> None:
    deployment = Deployment()
    deployment.add("ausA")

    runs = [deployment.schedule().run() for _ in range(2)]

    assert [run.advanced for run in runs] == [("ausA",), ()]
    assert len(deployment.storage.servers.get("ausA").keys) == 2


def test_two_rotators_at_once_make_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment()
    deployment.add("ausA")
    servers = deployment.storage.servers
    original = servers.save
    raced: list[str] = []

    def save(before: Any, after: Any, events: Sequence[Any]) -> None:
        if not raced:
            raced.append("another rotator comes first")
            assert deployment.schedule().run().advanced == ("ausA",)
        original(before, after, events)

    monkeypatch.setattr(servers, "save", save)
    run = deployment.schedule().run()

    assert run.failed == ()
    assert [key.status for key in servers.get("ausA").keys] == ["ACTIVE", "NEXT"]


@pytest.mark.parametrize("committed", [True, False])
def test_a_crash_around_a_write_resumes(monkeypatch: pytest.MonkeyPatch, committed: bool) -> None:
    deployment = Deployment()
    deployment.add("ausA")
    servers = deployment.storage.servers
    original = servers.save

    def crash(before: Any, after: Any, events: Sequence[Any]) -> None:
        if committed:
            original(before, after, events)
        raise Unavailable("DynamoDB: ReadTimeoutError")

    monkeypatch.setattr(servers, "save", crash)
    assert deployment.schedule().run().failed == (("ausA", "Unavailable"),)
    monkeypatch.setattr(servers, "save", original)
    deployment.schedule().run()
    announced = servers.get("ausA")
    deployment.clock.advance(seconds=14 * 86_400)
    deployment.schedule().run()

    promoted = servers.get("ausA")
    assert [key.status for key in announced.keys] == ["ACTIVE", "NEXT"]
    assert [key.status for key in promoted.keys] == ["EXPIRED", "ACTIVE", "NEXT"]
    assert [event.type for event in deployment.storage.events] == ["app.oauth2.as.key.rollover"]


def test_a_server_that_keeps_changing_is_left_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment()
    deployment.add("ausA")

    def conflict(*_: Any) -> None:
        raise Conflict("ausA")

    monkeypatch.setattr(deployment.storage.servers, "save", conflict)

    assert deployment.schedule().run().failed == (("ausA", "Unavailable"),)


def test_a_key_is_published_for_max_age_and_skew_before_it_signs() -> None:
    deployment = Deployment()
    deployment.add("ausA")
    deployment.clock.advance(seconds=60 * 86_400)
    deployment.schedule().run()
    server = deployment.storage.servers.get("ausA")
    deployment.storage.servers.save(server, replace(server, rotate_at=1), [])
    deployment.clock.advance(seconds=JWKS_MAX_AGE + SKEW - 1)

    deployment.schedule().run()

    assert [key.status for key in deployment.storage.servers.get("ausA").keys] == ["ACTIVE", "NEXT"]
