"""The rotation state machine (docs/protocol.md §25.6, docs/decisions/0002): no live token ever fails to verify."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from authmint.keys.jwks import jwks
from authmint.keys.rotation import (
    JWKS_MAX_AGE,
    JWKS_MIN_AGE,
    RETENTION,
    ROTATION_PERIOD,
    SKEW,
    announced,
    jwks_max_age,
    rotate,
    scheduled,
)
from authmint.storage.servers import AuthorizationServer
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.keys.key_sets import DAY, fresh, newborn, rotated, run, states, unannounced
from tests.support.fakes import NOW


def test_a_new_server_has_an_active_key_and_the_one_after_it() -> None:
    server = newborn()

    assert states(server) == ["ACTIVE", "NEXT"]
    assert server.rotate_at == NOW + ROTATION_PERIOD
    assert jwks_max_age(server, NOW) == JWKS_MAX_AGE
    assert run(server, NOW + DAY) == server


def test_a_period_promotes_announces_and_withdraws() -> None:
    server = newborn()
    promoted = run(server, NOW + ROTATION_PERIOD)
    withdrawn = run(promoted, NOW + ROTATION_PERIOD + RETENTION)

    assert [states(s) for s in (promoted, withdrawn)] == [["ACTIVE", "NEXT", "EXPIRED"], ["ACTIVE", "NEXT"]]
    assert promoted.active_key.kid == announced_kid(server)
    assert announced_kid(promoted) not in {key.kid for key in server.keys}
    assert withdrawn.rotate_at == NOW + 2 * ROTATION_PERIOD


def announced_kid(server: AuthorizationServer) -> str:
    key = announced(server)
    assert key is not None
    return key.kid


@pytest.mark.parametrize("mode", ["AUTO", "MANUAL"])
def test_a_server_without_a_next_key_is_due_at_once_and_its_key_set_is_kept_for_minutes(mode: str) -> None:
    server = unannounced(rotation_mode=mode)

    assert (server.rotate_at, jwks_max_age(server, NOW + DAY)) == (NOW, JWKS_MIN_AGE)
    assert jwks_max_age(replace(server, rotate_at=NOW + 50 * DAY), NOW) == JWKS_MIN_AGE  # as records of before have it
    assert states(run(server, NOW + DAY)) == ["ACTIVE", "NEXT"]
    assert jwks_max_age(run(server, NOW + DAY), NOW + DAY) == JWKS_MAX_AGE


def test_a_schedule_that_ran_late_still_publishes_before_it_signs() -> None:
    late = NOW + ROTATION_PERIOD + 30 * DAY
    server = run(unannounced(), late)

    assert states(server) == ["ACTIVE", "NEXT"]
    assert server.rotate_at == late + JWKS_MAX_AGE + SKEW
    assert states(run(server, late + JWKS_MAX_AGE + SKEW - 1)) == ["ACTIVE", "NEXT"]


def test_running_twice_does_no_more_than_once() -> None:
    server = run(newborn(), NOW + ROTATION_PERIOD)

    assert run(server, NOW + ROTATION_PERIOD) == server


def test_a_manual_server_rotates_by_request_only() -> None:
    server = newborn(rotation_mode="MANUAL")

    after = rotated(server, NOW + DAY)

    assert server.rotate_at is None
    assert run(server, NOW + 2 * ROTATION_PERIOD) == server
    assert states(after) == ["ACTIVE", "NEXT", "EXPIRED"]
    assert after.rotate_at == NOW + DAY + RETENTION


def test_a_request_promotes_the_key_that_caches_hold() -> None:
    server = newborn()

    after = rotated(server, NOW + DAY)

    assert after.active_key.kid == announced_kid(server)
    assert len(after.keys) == len(server.keys) + 1


def test_a_request_is_served_though_no_key_can_be_made() -> None:
    server = newborn()

    after = rotate(server, NOW + DAY, ())

    assert states(after) == ["ACTIVE", "EXPIRED"]
    assert (jwks_max_age(after, NOW + DAY), after.rotate_at) == (JWKS_MIN_AGE, NOW)
    assert states(run(after, NOW + DAY)) == ["ACTIVE", "NEXT", "EXPIRED"]


@dataclass
class Verifier:
    """Caches the key set as long as it may, by a clock that is off by a little.

    ``patient``: it never fetches again early; or it does for an unknown key, and an HTTP cache (RFC 9111) answers with
    the copy that it holds, as a browser's own does, which is the same.
    """

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


def impatient(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """An administrator who rotates at every step, on top of the schedule."""
    return rotated(run(server, now), now)


@settings(max_examples=200)
@given(steps, skews)
def test_after_every_rotation_at_once_a_refetch_of_the_origin_is_enough(
    steps: list[tuple[int, int]], skews: list[int]
) -> None:
    assert failures(steps, skews, impatient, patient=False) == 0


def considerate(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """An administrator who rotates as often as caches get to know the next key."""
    server = run(server, now)
    key = announced(server)
    return rotated(server, now) if key is not None and key.published_at + JWKS_MAX_AGE + SKEW <= now else server


@settings(max_examples=500)
@given(steps, skews, st.sampled_from(["AUTO", "MANUAL"]))
def test_rotations_at_once_fail_nobody_though_http_caches_answer_the_refetch(
    steps: list[tuple[int, int]], skews: list[int], mode: str
) -> None:
    def serve(server: AuthorizationServer, now: int) -> AuthorizationServer:
        return considerate(scheduled(replace(server, rotation_mode=mode)), now)  # type: ignore[arg-type]

    assert failures(steps, skews, serve, patient=True) == 0


def test_where_no_key_was_announced_caches_are_wrong_for_minutes_only() -> None:
    server = unannounced()
    cache = Verifier(0)
    cache.fetch(server, NOW)

    after = rotated(server, NOW + 1)

    assert not cache.verifies(after.active_key.kid, after, NOW + JWKS_MIN_AGE, patient=True)
    assert cache.verifies(after.active_key.kid, after, NOW + JWKS_MIN_AGE + 1, patient=True)


def hasty(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """Signs with a key as soon as it is made."""
    if server.rotate_at is None or server.rotate_at > now:
        return server
    without = replace(server, keys=tuple(key for key in server.keys if key.status != "NEXT"))
    return rotate(without, now, [fresh(now)])


def forgetful(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """Withdraws a key as soon as it signs no more."""
    after = run(server, now)
    return scheduled(replace(after, keys=tuple(key for key in after.keys if key.status != "EXPIRED")))


BREAKING = [(90 * DAY - 100, DAY), (200, DAY), (400, DAY)]


@pytest.mark.parametrize("rule", [hasty, forgetful])
def test_breaking_the_rule_is_noticed(rule: Callable[[AuthorizationServer, int], AuthorizationServer]) -> None:
    assert failures(BREAKING, [0], run, patient=True) == 0
    assert failures(BREAKING, [0], rule, patient=True) > 0


@given(steps, st.integers(0, 3))
def test_there_is_always_one_key_that_signs_and_at_most_one_announced(steps: list[tuple[int, int]], every: int) -> None:
    server, now = newborn(), NOW
    for number, (passed, _) in enumerate(steps):
        now += passed
        server = impatient(server, now) if every and number % every == 0 else run(server, now)
        kinds = states(server)
        assert kinds.count("ACTIVE") == 1
        assert kinds.count("NEXT") == 1
        assert len({key.kid for key in server.keys}) == len(server.keys)
        assert 300 <= jwks_max_age(server, now) <= JWKS_MAX_AGE
