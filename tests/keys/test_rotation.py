"""The rotation state machine (management contract §11, design §7): no live token ever fails to verify."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from authmint.keys import rotation
from authmint.keys.birth import new_key
from authmint.keys.jwks import jwks
from authmint.keys.rotation import (
    ANNOUNCEMENT,
    JWKS_MAX_AGE,
    RETENTION,
    ROTATION_PERIOD,
    SKEW,
    advance,
    jwks_max_age,
    rotate,
    scheduled,
    wants_next,
)
from authmint.storage.servers import AuthorizationServer, SigningKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import a_server
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs

IDS, PAIRS = CountingIds(), FakeKeyPairs()
DAY = 86_400


def fresh(now: int) -> SigningKey:
    return new_key("aus", "ES256", PAIRS, IDS, now)


def newborn(**changes: object) -> AuthorizationServer:
    return a_server(algorithm="ES256", **changes)


def run(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """What one run of the schedule does."""
    if server.rotate_at is None or server.rotate_at > now:
        return server
    return advance(server, now, fresh(now) if wants_next(server, now) else None)


def states(server: AuthorizationServer) -> list[str]:
    return [key.status for key in rotation.in_order(server.keys)]


def test_a_new_server_has_one_active_key_and_is_due_when_the_next_is_announced() -> None:
    server = newborn()

    assert states(server) == ["ACTIVE"]
    assert server.rotate_at == NOW + ROTATION_PERIOD - ANNOUNCEMENT
    assert run(server, NOW + DAY) == server


def test_a_period_announces_promotes_and_withdraws() -> None:
    server = newborn()
    announced = run(server, NOW + ROTATION_PERIOD - ANNOUNCEMENT)
    promoted = run(announced, NOW + ROTATION_PERIOD)
    withdrawn = run(promoted, NOW + ROTATION_PERIOD + RETENTION)

    assert [states(s) for s in (announced, promoted, withdrawn)] == [
        ["ACTIVE", "NEXT"],
        ["ACTIVE", "EXPIRED"],
        ["ACTIVE"],
    ]
    assert announced.active_key.kid == server.active_key.kid
    assert promoted.active_key.kid != server.active_key.kid


def test_a_schedule_that_ran_late_still_publishes_before_it_signs() -> None:
    late = NOW + ROTATION_PERIOD + 30 * DAY
    announced = run(newborn(), late)

    assert states(announced) == ["ACTIVE", "NEXT"]
    assert announced.rotate_at == late + JWKS_MAX_AGE + SKEW
    assert states(run(announced, late + JWKS_MAX_AGE + SKEW - 1)) == ["ACTIVE", "NEXT"]


def test_running_twice_does_no_more_than_once() -> None:
    server = run(newborn(), NOW + ROTATION_PERIOD)

    assert run(server, NOW + ROTATION_PERIOD) == server


def test_a_manual_server_rotates_by_request_only() -> None:
    server = scheduled(newborn(rotation_mode="MANUAL"))

    rotated = rotate(server, NOW + DAY, fresh(NOW + DAY))

    assert server.rotate_at is None
    assert states(rotated) == ["ACTIVE", "EXPIRED"]
    assert rotated.rotate_at == NOW + DAY + RETENTION


def test_a_request_promotes_the_announced_key() -> None:
    announced = run(newborn(), NOW + ROTATION_PERIOD - ANNOUNCEMENT)

    rotated = rotate(announced, NOW + ROTATION_PERIOD - DAY, None)

    assert states(rotated) == ["ACTIVE", "EXPIRED"]
    assert {key.kid for key in rotated.keys} == {key.kid for key in announced.keys}


@dataclass
class Verifier:
    """Caches the key set as long as it may, by a clock that is off by a little; ``patient``: never refetches early."""

    skew: int
    kids: frozenset[str] = frozenset()
    until: int = -1
    refetches: int = 0

    def fetch(self, server: AuthorizationServer, now: int) -> None:
        self.kids = frozenset(key["kid"] for key in jwks(server)["keys"])
        # A clock that is off measures durations right; it is the moment of arrival that is uncertain.
        self.until = now + jwks_max_age(server, now) + self.skew

    def verifies(self, kid: str, server: AuthorizationServer, now: int, *, patient: bool) -> bool:
        if now > self.until:
            self.fetch(server, now)
        if kid not in self.kids and not patient:
            self.refetches += 1
            self.fetch(server, now)
        return kid in self.kids


@dataclass(frozen=True)
class Token:
    kid: str
    expires_at: int


steps = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 900), st.integers(3_600, 3 * DAY), st.integers(10 * DAY, 40 * DAY)),
        st.integers(300, DAY),
    ),
    min_size=5,
    max_size=60,
)


def failures(
    steps: list[tuple[int, int]],
    skews: list[int],
    serve: Callable[[AuthorizationServer, int], AuthorizationServer],
    *,
    patient: bool,
) -> int:
    """How many live tokens failed to verify over a random life of a server.

    Each step: time passes, the schedule runs (or did not: ``serve`` decides), a token is minted, every verifier checks
    every live token, also those that came with a cached key set from before.
    """
    server, now, failed = newborn(), NOW, 0
    verifiers = [Verifier(skew) for skew in skews]
    for verifier in verifiers:
        verifier.fetch(server, now)
    tokens: list[Token] = []
    for passed, lifetime in steps:
        now += passed
        server = serve(server, now)
        tokens = [token for token in tokens if token.expires_at > now]
        tokens.append(Token(server.active_key.kid, now + lifetime))
        for verifier in verifiers:
            failed += sum(not verifier.verifies(token.kid, server, now, patient=patient) for token in tokens)
    return failed


skews = st.lists(st.integers(-60, 60), min_size=1, max_size=4)


@settings(max_examples=1_000)
@given(steps, skews)
def test_with_automatic_rotation_no_live_token_ever_fails_to_verify(
    steps: list[tuple[int, int]], skews: list[int]
) -> None:
    assert failures(steps, skews, run, patient=True) == 0


def manual(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """An administrator who rotates at every step, on top of the schedule."""
    server = run(server, now)
    has_next = any(key.status == "NEXT" for key in server.keys)
    return rotate(server, now, None if has_next else fresh(now))


@settings(max_examples=200)
@given(steps, skews)
def test_after_a_manual_rotation_one_refetch_is_enough(steps: list[tuple[int, int]], skews: list[int]) -> None:
    assert failures(steps, skews, manual, patient=False) == 0


def hasty(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """Signs with a key as soon as it is made."""
    if server.rotate_at is None or server.rotate_at > now:
        return server
    return rotate(server, now, fresh(now))


def forgetful(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """Withdraws a key as soon as it signs no more."""
    after = run(server, now)
    return scheduled(replace(after, keys=tuple(key for key in after.keys if key.status != "EXPIRED")))


BREAKING = [(76 * DAY - 100, DAY), (200, DAY), (14 * DAY - 150, DAY), (100, DAY), (400, DAY)]


@pytest.mark.parametrize("rule", [hasty, forgetful])
def test_breaking_the_rule_is_noticed(rule: Callable[[AuthorizationServer, int], AuthorizationServer]) -> None:
    assert failures(BREAKING, [0], run, patient=True) == 0
    assert failures(BREAKING, [0], rule, patient=True) > 0


@given(steps, st.integers(0, 3))
def test_there_is_always_one_key_that_signs_and_at_most_one_announced(steps: list[tuple[int, int]], every: int) -> None:
    server, now = newborn(), NOW
    for number, (passed, _) in enumerate(steps):
        now += passed
        server = manual(server, now) if every and number % every == 0 else run(server, now)
        kinds = states(server)
        assert kinds.count("ACTIVE") == 1
        assert kinds.count("NEXT") <= 1
        assert len({key.kid for key in server.keys}) == len(server.keys)
        assert 300 <= jwks_max_age(server, now) <= JWKS_MAX_AGE
