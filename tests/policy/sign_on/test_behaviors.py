"""docs/protocol.md §33.6: whether a sign-on differs from those before it."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.sign_on.behaviors import (
    KEPT,
    SEEDED,
    behaviors_of,
    distance,
    recent,
    result,
    results,
    with_sign_in,
)
from authmint.policy.sign_on.circumstances import Circumstances, Place
from authmint.storage.behaviors import Behavior, BehaviorList
from authmint.storage.sign_on_history import PastSignIn, SignOnHistory
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOW

BERLIN, NEW_YORK = (52.52, 13.405), (40.7128, -74.006)
MUNICH, PARIS = (48.1374, 11.5755), (48.8566, 2.3522)
POTSDAM = (52.3906, 13.0645)
HOUR = 3_600


def here(point: tuple[float, float] | None = BERLIN, **changes: Any) -> Circumstances:
    place = None if point is None else Place("DE", "DE-BE", "Berlin", point)
    return replace(Circumstances("198.51.100.7", device="d1", place=place, asn="64500"), **changes)


def after(*before: Circumstances) -> SignOnHistory:
    """The history of somebody who signed in so, the first one first, an hour apart."""
    history = SignOnHistory("00uA")
    for place, one in enumerate(before):
        history = with_sign_in(history, one, now=NOW - (len(before) - place) * HOUR)
    return history


def a_behavior(kind: Any, **settings: Any) -> Behavior:
    return Behavior("bhvA", "b", kind, NOW, NOW, settings)


def seen(behavior: Behavior, history: SignOnHistory, now_here: Circumstances) -> str:
    return result(behavior, list(recent(history, NOW)), now_here, now=NOW)


@pytest.mark.parametrize(
    ("start", "end", "hours", "kilometres", "expected"),
    [
        (BERLIN, NEW_YORK, 2, 6_385, "POSITIVE"),
        (BERLIN, NEW_YORK, 9, 6_385, "NEGATIVE"),
        (BERLIN, MUNICH, 0.5, 504, "POSITIVE"),
        (BERLIN, MUNICH, 1, 504, "NEGATIVE"),
        (BERLIN, PARIS, 1.5, 877, "NEGATIVE"),
        (BERLIN, POTSDAM, 0, 27, "NEGATIVE"),
        (BERLIN, NEW_YORK, 0, 6_385, "POSITIVE"),
    ],
)
def test_velocity(
    start: tuple[float, float], end: tuple[float, float], hours: float, kilometres: int, expected: str
) -> None:
    past = [PastSignIn(NOW - int(hours * HOUR), "198.51.100.7", point=start)]

    found = result(a_behavior("VELOCITY", velocityKph=805), past, here(end), now=NOW)

    assert round(distance(start, end)) == kilometres
    assert found == expected


def test_velocity_needs_both_places() -> None:
    velocity = a_behavior("VELOCITY", velocityKph=805)

    assert seen(velocity, after(here()), here(None)) == "BAD_REQUEST"
    assert seen(velocity, after(here(None)), here()) == "BAD_REQUEST"
    assert seen(velocity, after(), here()) == "UNKNOWN"
    assert seen(velocity, after(), here(None)) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("kind", "settings", "other"),
    [
        ("ANOMALOUS_DEVICE", {}, {"device": "d2"}),
        ("ANOMALOUS_DEVICE", {}, {"device": None}),
        ("ANOMALOUS_IP", {}, {"address": "203.0.113.9"}),
        ("ANOMALOUS_ASN", {}, {"asn": "64501"}),
        ("ANOMALOUS_LOCATION", {"granularity": "COUNTRY"}, {"place": Place("FR", "FR-IDF", "Paris", PARIS)}),
        ("ANOMALOUS_LOCATION", {"granularity": "SUBDIVISION"}, {"place": Place("DE", "DE-BY", "Munich", MUNICH)}),
        ("ANOMALOUS_LOCATION", {"granularity": "CITY"}, {"place": Place("DE", "DE-BB", "Berlin", BERLIN)}),
        (
            "ANOMALOUS_LOCATION",
            {"granularity": "LAT_LONG", "radiusKilometers": 20},
            {"place": Place("DE", point=POTSDAM)},
        ),
    ],
)
def test_what_is_new_and_what_is_not(kind: str, settings: Any, other: Any) -> None:
    behavior = a_behavior(kind, maxEventsUsedForEvaluation=20, **settings)
    history = after(here(), here(None, address="10.0.0.1", device="d9", asn=None))

    assert seen(behavior, history, here()) == "NEGATIVE"
    assert seen(behavior, history, here(**other)) == "POSITIVE"
    assert seen(behavior, after(), here()) == "UNKNOWN"


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("ANOMALOUS_IP", {"address": ""}),
        ("ANOMALOUS_ASN", {"asn": None}),
        ("ANOMALOUS_LOCATION", {"place": None}),
    ],
)
def test_what_the_request_does_not_say_cannot_be_judged(kind: str, missing: Any) -> None:
    assert seen(a_behavior(kind), after(here()), here(**missing)) == "BAD_REQUEST"


def test_only_so_many_sign_ins_are_looked_at_and_so_many_are_needed() -> None:
    old, new = here(), here(address="203.0.113.9")
    history = after(old, *[new] * 3)

    assert seen(a_behavior("ANOMALOUS_IP", maxEventsUsedForEvaluation=3), history, old) == "POSITIVE"
    assert seen(a_behavior("ANOMALOUS_IP", maxEventsUsedForEvaluation=4), history, old) == "NEGATIVE"
    few = a_behavior("ANOMALOUS_IP", minEventsNeededForEvaluation=5)
    assert seen(few, history, old) == "UNKNOWN"
    assert seen(few, after(old, *[new] * 4), old) == "NEGATIVE"


def test_all_that_are_active_are_judged() -> None:
    inactive = [replace(one, status="INACTIVE") if one.name == "New IP" else one for one in SEEDED]

    found = results(inactive, after(here()), here(None), now=NOW)

    names = {one.id: one.name for one in SEEDED}
    assert {names[identifier]: outcome for identifier, outcome in found.items()} == {
        "New City": "BAD_REQUEST",
        "New Country": "BAD_REQUEST",
        "New Device": "NEGATIVE",
        "New Geo-Location": "BAD_REQUEST",
        "New State": "BAD_REQUEST",
        "Velocity": "BAD_REQUEST",
    }


def test_there_are_some_until_somebody_changes_one() -> None:
    one = a_behavior("VELOCITY")

    assert [known.name for known in behaviors_of(BehaviorList())] == sorted(known.name for known in SEEDED)
    assert all(len(known.id) == 20 for known in SEEDED)
    assert behaviors_of(BehaviorList((one,), 1)) == (one,)
    assert behaviors_of(BehaviorList((), 1)) == ()


def test_the_same_again_takes_no_more_room() -> None:
    history = after(*[here()] * 50, here(device="d2"), *[here()] * 3)

    assert [(one.device, one.count) for one in history.sign_ins] == [("d1", 3), ("d2", 1), ("d1", 50)]


def test_what_is_old_is_forgotten() -> None:
    history = with_sign_in(SignOnHistory("00uA"), here(), now=NOW - KEPT - 1)

    assert list(recent(history, NOW)) == []
    assert len(with_sign_in(history, here(device="d2"), now=NOW).sign_ins) == 1


@given(st.lists(st.sampled_from("abc"), max_size=150))
def test_no_more_than_a_hundred_are_remembered_and_those_in_their_order(devices: list[str]) -> None:
    history = SignOnHistory("00uA")
    for device in devices:
        history = with_sign_in(history, here(device=device), now=NOW)

    assert [one.device for one in recent(history, NOW)] == devices[::-1][:100]
