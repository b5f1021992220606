"""Whether a sign-on differs from those before it (docs/protocol.md §33.6)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

from ...storage.behaviors import Behavior, BehaviorList
from ...storage.groups import EVERYONE_GROUP
from ...storage.sign_on_history import PastSignIn, SignOnHistory
from ...storage.sign_on_transactions import BehaviorResult
from .circumstances import Circumstances, Place

#: Sign-ins that are remembered, and for how many seconds.
MOST: Final = 100
KEPT: Final = 180 * 86_400
#: Kilometres: coordinates are those of cities, so what is nearer may be the same place.
NEAR: Final = 50
_EARTH: Final = 6_371.0088
_SINCE: Final = EVERYONE_GROUP.created_at

_Spec = Mapping[str, Any]


def _seed(code: str, name: str, kind: Any, **settings: Any) -> Behavior:
    return Behavior(f"bhvAuthmint{code:0<9}", name, kind, _SINCE, _SINCE, settings)


def _anomaly(most: int, **more: Any) -> dict[str, Any]:
    return {"minEventsNeededForEvaluation": 0, "maxEventsUsedForEvaluation": most, **more}


#: There from the start, until somebody changes one.
SEEDED: Final = (
    _seed("City", "New City", "ANOMALOUS_LOCATION", **_anomaly(20, granularity="CITY")),
    _seed("Country", "New Country", "ANOMALOUS_LOCATION", **_anomaly(10, granularity="COUNTRY")),
    _seed("Device", "New Device", "ANOMALOUS_DEVICE", **_anomaly(20)),
    _seed(
        "Point",
        "New Geo-Location",
        "ANOMALOUS_LOCATION",
        **_anomaly(20, granularity="LAT_LONG", radiusKilometers=20),
    ),
    _seed("Ip", "New IP", "ANOMALOUS_IP", **_anomaly(50)),
    _seed("State", "New State", "ANOMALOUS_LOCATION", **_anomaly(15, granularity="SUBDIVISION")),
    _seed("Velocity", "Velocity", "VELOCITY", velocityKph=805),
)


def behaviors_of(listed: BehaviorList) -> tuple[Behavior, ...]:
    """Those that there are, by their names."""
    return tuple(sorted(listed.behaviors if listed.version else SEEDED, key=lambda one: one.name))


def results(
    behaviors: Iterable[Behavior], history: SignOnHistory, here: Circumstances, *, now: int
) -> dict[str, BehaviorResult]:
    """What came out for each ACTIVE behaviour, by its id."""
    past = list(recent(history, now))
    return {one.id: result(one, past, here, now=now) for one in behaviors if one.status == "ACTIVE"}


def recent(history: SignOnHistory, now: int) -> Iterable[PastSignIn]:
    """Sign-ins one by one, the last one first, as far back as they are remembered."""
    left = MOST
    for one in history.sign_ins:
        if now - one.at > KEPT:
            return
        for _ in range(min(one.count, left)):
            yield one
        left -= one.count
        if left <= 0:
            return


def result(behavior: Behavior, past: Sequence[PastSignIn], here: Circumstances, *, now: int) -> BehaviorResult:
    """Whether the sign-on is new in this respect. ``past``: one by one, the last one first."""
    if behavior.type == "VELOCITY":
        return _velocity(behavior.settings, past, here, now)
    reading, same = _COMPARED[behavior.type](behavior.settings)
    value = reading(_as_past(here, now))
    if value is None and behavior.type != "ANOMALOUS_DEVICE":
        return "BAD_REQUEST"
    used = past[: behavior.settings.get("maxEventsUsedForEvaluation", MOST)]
    known = [found for one in used if (found := reading(one)) is not None]
    if len(known) < max(1, behavior.settings.get("minEventsNeededForEvaluation", 0)):
        return "UNKNOWN"
    # A device that has no name yet is a new one.
    return "NEGATIVE" if value is not None and any(same(value, other) for other in known) else "POSITIVE"


def _as_past(here: Circumstances, now: int) -> PastSignIn:
    place = here.place or Place()
    return PastSignIn(
        at=now,
        address=here.address,
        device=here.device,
        country=place.country,
        region=place.region,
        city=None if place.city is None else f"{place.country} {place.region or ''} {place.city}",
        point=place.point,
        asn=here.asn,
    )


def is_new(history: SignOnHistory, here: Circumstances, *, now: int) -> bool:
    """Whether the owner of a history is to be told of a sign-in: by a device that is not in it.

    A device without a name is known by its address. Of somebody who never signed in nothing is new.
    """
    past = [one for one in history.sign_ins if now - one.at <= KEPT]
    if here.device is not None:
        return bool(past) and all(one.device != here.device for one in past)
    return bool(past) and all(one.device is not None or one.address != here.address for one in past)


def with_sign_in(history: SignOnHistory, here: Circumstances, *, now: int) -> SignOnHistory:
    """The history with one more sign-in, as short as it may be."""
    made = _as_past(here, now)
    first, rest = history.sign_ins[:1], history.sign_ins[1:]
    if first and replace(first[0], at=0, count=0) == replace(made, at=0, count=0):
        made, kept = replace(made, count=min(first[0].count + 1, MOST)), rest
    else:
        kept = history.sign_ins
    found, total = [made], made.count
    for one in kept:
        if total >= MOST or now - one.at > KEPT:
            break
        found.append(one)
        total += one.count
    return replace(history, sign_ins=tuple(found))


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two points, by the haversine formula."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH * asin(sqrt(half))


def _velocity(settings: _Spec, past: Sequence[PastSignIn], here: Circumstances, now: int) -> BehaviorResult:
    point = None if here.place is None else here.place.point
    if not past:
        return "BAD_REQUEST" if point is None else "UNKNOWN"
    before = past[0]
    if point is None or before.point is None:
        return "BAD_REQUEST"
    far = distance(before.point, point)
    if far <= NEAR:
        return "NEGATIVE"
    hours = (now - before.at) / 3_600
    return "POSITIVE" if hours <= 0 or far / hours > settings.get("velocityKph", 805) else "NEGATIVE"


_Compared = tuple[Callable[[PastSignIn], Any], Callable[[Any, Any], bool]]


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other)


def _place(settings: _Spec) -> _Compared:
    granularity = settings.get("granularity", "CITY")
    if granularity == "LAT_LONG":
        radius = settings.get("radiusKilometers", 20)
        return (lambda one: one.point), (lambda one, other: distance(one, other) <= radius)
    name = {"COUNTRY": "country", "SUBDIVISION": "region", "CITY": "city"}[granularity]
    return (lambda one: getattr(one, name)), _equal


_COMPARED: Final[Mapping[str, Callable[[_Spec], _Compared]]] = {
    "ANOMALOUS_DEVICE": lambda _: ((lambda one: one.device), _equal),
    "ANOMALOUS_IP": lambda _: ((lambda one: one.address or None), _equal),
    "ANOMALOUS_ASN": lambda _: ((lambda one: one.asn), _equal),
    "ANOMALOUS_LOCATION": _place,
}
