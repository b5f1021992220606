"""docs/protocol.md §33.6: the level of a sign-on."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.sign_on.behaviors import with_sign_in
from authmint.policy.sign_on.circumstances import Circumstances, Place
from authmint.policy.sign_on.risk import Signals, Weights, assess, in_words
from authmint.storage.sign_on_history import SignOnHistory
from authmint.storage.sign_on_transactions import Assessment

from tests.support.fakes import NOW

HOME = Circumstances(
    "198.51.100.7", device="d1", place=Place("DE", "DE-BE", "Berlin", (52.52, 13.405)), asn="64500", anonymous=False
)
ABROAD = replace(HOME, place=Place("US", "US-NY", "New York", (40.7128, -74.006)))
USUAL = with_sign_in(SignOnHistory("00uA"), HOME, now=NOW - 3_600)


def found(here: Circumstances, history: SignOnHistory = USUAL, weights: Weights | None = None, **signals: Any) -> Any:
    return assess(history, here, Signals(**signals), {}, now=NOW, weights=weights)


@pytest.mark.parametrize(
    ("here", "signals", "level", "reasons"),
    [
        (HOME, {}, "LOW", ()),
        (replace(HOME, device="d2"), {}, "LOW", ("Anomalous Device",)),
        (replace(HOME, address="203.0.113.9"), {}, "LOW", ("New IP",)),
        (
            replace(HOME, device="d2", address="203.0.113.9"),
            {},
            "MEDIUM",
            ("Anomalous Device", "New IP"),
        ),
        (ABROAD, {}, "HIGH", ("Impossible Travel", "Anomalous Geo-Distance")),
        (replace(HOME, anonymous=True), {}, "MEDIUM", ("Suspicious IP",)),
        (HOME, {"failures": 2}, "LOW", ()),
        (HOME, {"failures": 3}, "LOW", ("Recent Failures",)),
        (HOME, {"failures": 8}, "MEDIUM", ("Recent Failures",)),
        (HOME, {"attack": True}, "MEDIUM", ("Threat Suspected",)),
        (replace(HOME, anonymous=True), {"attack": True}, "HIGH", ("Suspicious IP", "Threat Suspected")),
        (
            replace(HOME, device="d2"),
            {"changed_at": NOW - 60},
            "MEDIUM",
            ("Anomalous Device", "Recent Change"),
        ),
        (HOME, {"changed_at": NOW - 60}, "LOW", ()),
        (replace(HOME, device="d2"), {"changed_at": NOW - 7_200}, "LOW", ("Anomalous Device",)),
        (replace(HOME, anonymous=True), {"trusted": True}, "LOW", ("Suspicious IP",)),
        (replace(HOME, place=None), {}, "LOW", ("Location Unknown",)),
    ],
)
def test_levels_and_reasons(here: Circumstances, signals: Any, level: str, reasons: tuple[str, ...]) -> None:
    assert found(here, **signals) == Assessment(level, reasons)  # type: ignore[arg-type]


def test_until_the_first_sign_in_the_risk_is_high() -> None:
    assessed = found(HOME, SignOnHistory("00uA"))

    assert (assessed.level, assessed.reasons[0]) == ("HIGH", "New User")


def test_a_further_device_of_somebody_who_has_some_counts_more() -> None:
    history = USUAL
    for device in ("d2", "d3"):
        history = with_sign_in(history, replace(HOME, device=device), now=NOW - 60)

    assert found(replace(HOME, device="d4"), history).level == "MEDIUM"


@pytest.mark.parametrize("level", ["LOW", "MEDIUM", "HIGH"])
def test_what_an_administrator_says_replaces_what_is_found(level: Any) -> None:
    for history in (USUAL, SignOnHistory("00uA")):
        assert found(ABROAD, replace(history, override=level)) == Assessment(level, ("override.by.admin",))


def test_points_are_settings() -> None:
    weights = Weights(unknown_place=25, high=25)

    assert found(replace(HOME, place=None), weights=weights).level == "HIGH"


def test_the_words_of_the_log() -> None:
    assert in_words(Assessment("MEDIUM", ("Anomalous Device", "New IP"))) == (
        "{reasons=Anomalous Device, New IP, level=MEDIUM}"
    )
    assert in_words(Assessment()) == "{level=LOW}"
