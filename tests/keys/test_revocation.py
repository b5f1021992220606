"""Emergency rotation: a leaked key is gone at once, whatever state it was in; the others go on as before."""

import pytest
from authmint.keys.birth import fresh_keys
from authmint.keys.forecast import forecast
from authmint.keys.jwks import jwks
from authmint.keys.rotation import (
    JWKS_MAX_AGE,
    JWKS_MIN_AGE,
    REMEMBERED,
    RETENTION,
    ROTATION_PERIOD,
    SKEW,
    jwks_max_age,
    needed_to_rotate,
    revoke,
    scheduled,
)
from authmint.storage.servers import AuthorizationServer
from hypothesis import given
from hypothesis import strategies as st

from tests.keys.key_sets import DAY, IDS, PAIRS, newborn, rotated, run, states, unannounced
from tests.support.fakes import NOW


def revoked(server: AuthorizationServer, kid: str, now: int) -> AuthorizationServer:
    fresh = fresh_keys("aus", "ES256", PAIRS, IDS, now, needed=needed_to_rotate(server))
    return revoke(server, kid, now, fresh)


def kids(server: AuthorizationServer) -> set[str]:
    return {key["kid"] for key in jwks(server)["keys"]}


def test_an_announced_key_signs_in_place_of_a_leaked_one_because_verifiers_know_it() -> None:
    server = newborn()
    (announced,) = (key for key in server.keys if key.status == "NEXT")

    after = revoked(server, server.active_key.kid, NOW + DAY)

    assert states(after) == ["ACTIVE", "NEXT"]
    assert after.active_key.kid == announced.kid
    assert after.active_key.activated_at == NOW + DAY
    assert after.rotate_at == NOW + DAY + ROTATION_PERIOD


def test_a_fresh_key_signs_in_place_of_a_leaked_one_where_none_was_announced() -> None:
    server = unannounced()

    after = revoked(server, server.active_key.kid, NOW + DAY)

    assert states(after) == ["ACTIVE", "NEXT"]
    assert kids(after).isdisjoint(kids(server))


def test_a_leaked_announced_key_is_replaced_and_announced_for_as_long_as_any() -> None:
    server = newborn()
    (announced,) = (key for key in server.keys if key.status == "NEXT")
    late = NOW + ROTATION_PERIOD - 60

    after = revoked(server, announced.kid, late)

    assert states(after) == ["ACTIVE", "NEXT"]
    assert after.active_key == server.active_key
    assert announced.kid not in kids(after)
    assert after.rotate_at == late + JWKS_MAX_AGE + SKEW


@pytest.mark.parametrize("which", [0, 1])
def test_a_leaked_key_goes_though_no_other_can_be_made(which: int) -> None:
    server = newborn()

    after = revoke(server, server.keys[which].kid, NOW + DAY, ())

    assert states(after) == ["ACTIVE"]
    assert jwks_max_age(after, NOW + DAY) == JWKS_MIN_AGE
    assert states(run(after, NOW + DAY)) == ["ACTIVE", "NEXT"]


def test_a_leaked_expired_key_just_goes() -> None:
    server = rotated(newborn(), NOW + DAY)
    (expired,) = (key for key in server.keys if key.status == "EXPIRED")

    after = revoked(server, expired.kid, NOW + DAY + 60)

    assert states(after) == ["ACTIVE", "NEXT"]
    assert after.active_key == server.active_key


def test_a_manual_server_is_served_as_well() -> None:
    server = newborn(rotation_mode="MANUAL")

    after = revoked(server, server.active_key.kid, NOW + DAY)

    assert states(after) == ["ACTIVE", "NEXT"]
    assert after.rotate_at is None


def test_revoking_twice_or_what_is_not_there_changes_nothing() -> None:
    server = newborn()
    after = revoked(server, server.active_key.kid, NOW + DAY)

    assert revoked(after, server.active_key.kid, NOW + 2 * DAY) == after
    assert revoked(server, "unknown", NOW) == server


def test_the_revoked_keys_that_are_remembered_are_the_latest() -> None:
    server, gone = newborn(), []
    for hour in range(REMEMBERED + 5):
        gone.append(server.active_key.kid)
        server = revoked(server, server.active_key.kid, NOW + hour * 3600)

    assert [key.kid for key in server.revoked] == gone[-REMEMBERED:]


actions = st.lists(
    st.tuples(st.integers(300, 40 * DAY), st.sampled_from(["run", "rotate", "revoke"]), st.integers(0, 3)),
    max_size=40,
)


@given(actions, st.sampled_from(["AUTO", "MANUAL"]))
def test_whatever_happens_one_key_signs_and_a_revoked_one_never_comes_back(
    actions: list[tuple[int, str, int]], mode: str
) -> None:
    server, now, gone = scheduled(newborn(rotation_mode=mode)), NOW, set()
    for passed, action, which in actions:
        now += passed
        before = server
        if action == "run":
            server = run(server, now)
        elif action == "rotate":
            server = rotated(server, now)
        else:
            leaked = server.keys[which % len(server.keys)]
            gone.add(leaked.kid)
            server = revoked(server, leaked.kid, now)
            kept = {key.kid for key in before.keys} - {leaked.kid}
            assert kept <= kids(server), "the others' verification is unaffected"
        assert states(server).count("ACTIVE") == 1
        assert states(server).count("NEXT") == 1
        assert kids(server).isdisjoint(gone)


@given(actions)
def test_a_forecast_says_what_the_schedule_then_does(actions: list[tuple[int, str, int]]) -> None:
    server, now = unannounced(), NOW
    for passed, _, _ in actions[:12]:
        now += passed
        server = run(server, now)
        shown = forecast(server, now)
        times = [found.next_at for found in shown if found.next_at is not None]
        assert min(times) == server.rotate_at
        assert [found.key.status for found in shown] == states(server)
        for found in shown:
            assert found.overdue == (found.next_at is not None and found.next_at <= now)


@pytest.mark.parametrize(
    ("mode", "steps"),
    [("AUTO", ["stop signing", "start signing"]), ("MANUAL", ["wait for keyRotate", "wait for keyRotate"])],
)
def test_an_announced_key_starts_when_the_active_one_stops(mode: str, steps: list[str]) -> None:
    active, announced = forecast(newborn(rotation_mode=mode), NOW)

    assert [active.next_step, announced.next_step] == steps
    assert active.next_at == announced.next_at
    if mode == "AUTO":
        assert active.last_token_expires_by == NOW + ROTATION_PERIOD + RETENTION
