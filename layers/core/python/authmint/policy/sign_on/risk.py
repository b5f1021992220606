"""How risky a sign-on is: points for what is unusual, and a level (docs/protocol.md §33.6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...storage.behaviors import Behavior
from ...storage.sign_on_history import PastSignIn, SignOnHistory
from ...storage.sign_on_transactions import Assessment, BehaviorResult, RiskLevel
from .behaviors import recent, result
from .circumstances import Circumstances

_VELOCITY: Final = Behavior("", "", "VELOCITY", 0, 0, {"velocityKph": 805})
_DEVICE: Final = Behavior("", "", "ANOMALOUS_DEVICE", 0, 0, {"maxEventsUsedForEvaluation": 20})
_COUNTRY: Final = Behavior("", "", "ANOMALOUS_LOCATION", 0, 0, {"granularity": "COUNTRY"})
_ADDRESS: Final = Behavior("", "", "ANOMALOUS_IP", 0, 0, {"maxEventsUsedForEvaluation": 50})
_NETWORK: Final = Behavior("", "", "ANOMALOUS_ASN", 0, 0, {"maxEventsUsedForEvaluation": 50})
#: From so many devices on, one more is stranger.
_SOME_DEVICES: Final = 3
_FEW, _MANY = 3, 8
_HOUR: Final = 3_600
_OVERRIDDEN: Final = "override.by.admin"
_LEVELS: Final[tuple[RiskLevel, ...]] = ("LOW", "MEDIUM", "HIGH")


@dataclass(frozen=True)
class Weights:
    """Points of signals, and from how many on a level begins.

    Attributes:
        failures, many_failures: Of this user in the last hour: from 3 on, from 8 on.
        attack: From this address the sign-ins of many people fail.
        recent_change: The password was changed in the last hour, and this is another device.
        remembered: Taken away where the device is remembered, or a passkey came first.
        unknown_place: Nobody knows where the address is.
    """

    velocity: int = 60
    device: int = 20
    one_more_device: int = 25
    country: int = 25
    network: int = 5
    address: int = 5
    anonymous: int = 30
    failures: int = 15
    many_failures: int = 40
    attack: int = 40
    recent_change: int = 20
    remembered: int = 20
    unknown_place: int = 0
    medium: int = 25
    high: int = 60


@dataclass(frozen=True)
class Signals:
    """What is known beside history and circumstances.

    Attributes:
        failures: Wrong passwords and codes of the user in the last hour.
        attack: Whether the address is suspected.
        changed_at: When the password was changed last.
        trusted: The device is remembered, or a passkey came first.
    """

    failures: int = 0
    attack: bool = False
    changed_at: int | None = None
    trusted: bool = False


def assess(
    history: SignOnHistory,
    here: Circumstances,
    signals: Signals,
    behaviors: dict[str, BehaviorResult],
    *,
    now: int,
    weights: Weights | None = None,
) -> Assessment:
    """The level of a sign-on, and the words for what raised it."""
    weights = weights or Weights()
    if history.override is not None:
        return Assessment(history.override, (_OVERRIDDEN,), behaviors)
    past = list(recent(history, now))
    found = [*_unusual(past, here, signals, now, weights), *_suspicious(here, signals, weights)]
    if not past:
        # Until somebody has signed in once, nothing can be told from the usual.
        return Assessment("HIGH", ("New User", *_words(found)), behaviors)
    points = sum(points for _, points in found) - (weights.remembered if signals.trusted else 0)
    return Assessment(_level(points, weights), _words(found), behaviors)


def _unusual(
    past: Sequence[PastSignIn], here: Circumstances, signals: Signals, now: int, weights: Weights
) -> Iterator[tuple[str, int]]:
    """Signals in which it differs from the sign-ins before."""

    def new(behavior: Behavior) -> bool:
        return result(behavior, past, here, now=now) == "POSITIVE"

    if new(_VELOCITY):
        yield "Impossible Travel", weights.velocity
    if new(_DEVICE):
        devices = {one.device for one in past if one.device is not None}
        yield "Anomalous Device", weights.one_more_device if len(devices) >= _SOME_DEVICES else weights.device
        if signals.changed_at is not None and 0 <= now - signals.changed_at < _HOUR:
            yield "Recent Change", weights.recent_change
    if new(_COUNTRY):
        yield "Anomalous Geo-Distance", weights.country
    addresses = weights.network * new(_NETWORK) + weights.address * new(_ADDRESS)
    if addresses:
        yield "New IP", addresses


def _suspicious(here: Circumstances, signals: Signals, weights: Weights) -> Iterator[tuple[str, int]]:
    """Signals that are suspicious whoever it is."""
    if here.anonymous:
        yield "Suspicious IP", weights.anonymous
    if signals.failures >= _FEW:
        yield "Recent Failures", weights.many_failures if signals.failures >= _MANY else weights.failures
    if signals.attack:
        yield "Threat Suspected", weights.attack
    if here.place is None:
        yield "Location Unknown", weights.unknown_place


def _words(found: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(word for word, _ in found)


def _level(points: int, weights: Weights) -> RiskLevel:
    return "HIGH" if points >= weights.high else "MEDIUM" if points >= weights.medium else "LOW"


def worse(before: Assessment, now: Assessment) -> Assessment:
    """What was found at the sign-on and what is found now, together: a sign-on stays as unusual as it was.

    What an administrator says replaces both.
    """
    if _OVERRIDDEN in now.reasons:
        return now
    unusual = {one: result for one, result in before.behaviors.items() if result != "NEGATIVE"}
    return Assessment(
        max(before.level, now.level, key=_LEVELS.index),
        tuple(dict.fromkeys((*before.reasons, *now.reasons))),
        {**before.behaviors, **now.behaviors, **unusual},
    )


def in_words(assessment: Assessment) -> str:
    """As the log has it."""
    reasons = ", ".join(assessment.reasons)
    return f"{{reasons={reasons}, level={assessment.level}}}" if reasons else f"{{level={assessment.level}}}"
