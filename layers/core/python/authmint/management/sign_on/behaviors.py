"""``/api/v1/behaviors``, ``…/users/{id}/risk``, ``…/threats/configuration`` (docs/protocol.md §33.9)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...policy.sign_on.behaviors import behaviors_of
from ...sign_on.watch import Watch
from ...storage.behaviors import Behavior, BehaviorList, BehaviorType, ThreatConfiguration
from ...storage.events import Event, Party
from ...storage.servers import Status
from ..directory.people import TAKEN, PeopleRecords
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import after_of, limit_of, page
from .policy_changes import PolicyChanges

PATH: Final = "/api/v1/behaviors"
THREATS: Final = "/api/v1/threats/configuration"
MOST: Final = 50
_TYPES: Final[tuple[BehaviorType, ...]] = (
    "ANOMALOUS_DEVICE",
    "ANOMALOUS_IP",
    "ANOMALOUS_LOCATION",
    "ANOMALOUS_ASN",
    "VELOCITY",
)
_GRANULARITIES: Final = ("COUNTRY", "SUBDIVISION", "CITY", "LAT_LONG")
_MOST_EVENTS: Final = 100
_FASTEST: Final = 100_000
_EARTH: Final = 20_038

_Changed = tuple[Behavior | None, Sequence[Behavior], str]


class BehaviorsResource:
    """Behaviours and their lifecycle. Those from the start are stored with the first change of any."""

    def __init__(self, watch: Watch, ids: Ids) -> None:
        self._records = watch.behaviors
        self._ids = ids

    def list(self, call: Call) -> Response:
        """A page by name; the cursor is a name."""
        limit, after = limit_of(call.request, default=10, most=200), after_of(call.request)
        shown = [_json(one, call) for one in behaviors_of(self._records.get()) if after is None or one.name > after]
        following = shown[limit - 1]["name"] if len(shown) > limit else None
        return page(call.request, PATH, shown[:limit], limit=limit, following=following, extra={})

    def create(self, call: Call) -> Response:
        """200. ACTIVE, whatever the body says."""
        body = call.body()
        kind = body.choice("type", _TYPES, "", required=True)
        body.check()
        made = _read(body, Behavior(self._ids.object_id("bhv"), "", kind, call.now, call.now))

        def change(there: Sequence[Behavior]) -> _Changed:
            if len(there) >= MOST:
                raise invalid_field("name", f"There can be at most {MOST} behaviors.")
            return made, (*there, made), "create"

        return self._answer(call, change)

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(_found(behaviors_of(self._records.get()), call), call))

    def replace(self, call: Call) -> Response:
        """200; ``type`` and ``status`` stay."""
        _found(behaviors_of(self._records.get()), call)
        body = call.body()

        def changed(before: Behavior) -> Behavior:
            if body.has("type") and body.raw("type") != before.type:
                raise invalid_field("type", "The type of a behavior cannot be changed.")
            return _read(body, before)

        return self._replaced(call, changed)

    def delete(self, call: Call) -> Response:
        """204. Rules that name it match no more by it."""

        def change(there: Sequence[Behavior]) -> _Changed:
            gone = _found(there, call)
            return gone, [one for one in there if one.id != gone.id], "delete"

        self._change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE")

    def _status(self, call: Call, status: Status) -> Response:
        return self._replaced(call, lambda before: replace(before, status=status))

    def _replaced(self, call: Call, changed: Callable[[Behavior], Behavior]) -> Response:
        def change(there: Sequence[Behavior]) -> _Changed:
            before = _found(there, call)
            after = changed(before)
            if after == before:
                return before, there, ""
            after = replace(after, updated_at=call.now)
            return after, [after if one.id == before.id else one for one in there], "update"

        return self._answer(call, change)

    def _answer(self, call: Call, change: Callable[[Sequence[Behavior]], _Changed]) -> Response:
        about = self._change(call, change)
        return Response.json(200, None if about is None else _json(about, call))

    def _change(self, call: Call, change: Callable[[Sequence[Behavior]], _Changed]) -> Behavior | None:
        def attempt() -> Behavior | None:
            before = self._records.get()
            about, after, verb = change(behaviors_of(before))
            if verb and about is not None:
                if any(one.name == about.name and one.id != about.id for one in after):
                    raise invalid_field("name", TAKEN)
                event = _event(f"security.behavior.settings.{verb}", about, call)
                self._records.save(before, BehaviorList(tuple(after)), [event])
            return about

        return call.retrying(attempt)


def _found(there: Sequence[Behavior], call: Call) -> Behavior:
    behavior_id = call.params["behaviorId"]
    found = next((one for one in there if one.id == behavior_id), None)
    if found is None:
        raise not_found(behavior_id, "BehaviorSettings")
    return found


def _read(body: Fields, base: Behavior) -> Behavior:
    settings = _SETTINGS[base.type](body.below("settings"))
    behavior = replace(base, name=body.text("name", required=True, longest=128) or "", settings=settings)
    body.check()
    return behavior


def _number(body: Fields, name: str, default: int, least: int, most: int) -> int:
    value = body.number(name)
    if value is not None and not least <= value <= most:
        body.problem(name, f"must be from {least} to {most}.")
    return default if value is None else value


def _anomaly(most: int) -> Callable[[Fields], dict[str, Any]]:
    def read(body: Fields) -> dict[str, Any]:
        return {
            "minEventsNeededForEvaluation": _number(body, "minEventsNeededForEvaluation", 0, 0, 10),
            "maxEventsUsedForEvaluation": _number(body, "maxEventsUsedForEvaluation", most, 1, _MOST_EVENTS),
        }

    return read


def _location(body: Fields) -> dict[str, Any]:
    granularity = body.choice("granularity", _GRANULARITIES, "LAT_LONG")
    shown = {**_anomaly(20)(body), "granularity": granularity}
    if granularity == "LAT_LONG":
        radius = body.raw("radiusKilometers")
        if radius is None:
            radius = 20
        if not isinstance(radius, int | float) or isinstance(radius, bool) or not 0 < radius <= _EARTH:
            body.problem("radiusKilometers", f"must be more than 0 and at most {_EARTH}.")
            radius = 20
        # Official SDKs know whole kilometres.
        shown["radiusKilometers"] = int(radius) if float(radius).is_integer() else radius
    return shown


_SETTINGS: Final[dict[str, Callable[[Fields], dict[str, Any]]]] = {
    "ANOMALOUS_DEVICE": _anomaly(20),
    "ANOMALOUS_IP": _anomaly(50),
    "ANOMALOUS_ASN": _anomaly(20),
    "ANOMALOUS_LOCATION": _location,
    "VELOCITY": lambda body: {"velocityKph": _number(body, "velocityKph", 805, 1, _FASTEST)},
}


def _event(event_type: str, behavior: Behavior, call: Call) -> Event:
    return call.recorder.event(event_type, Party(behavior.id, "BehaviorSettings", display_name=behavior.name))


def _json(behavior: Behavior, call: Call) -> dict[str, Any]:
    href = call.url(f"{PATH}/{behavior.id}")
    return {
        "id": behavior.id,
        "name": behavior.name,
        "status": behavior.status,
        "settings": behavior.settings,
        "type": behavior.type,
        "created": timestamp(behavior.created_at),
        "lastUpdated": timestamp(behavior.updated_at),
        "_links": {"self": link(href, "GET", "PUT", "DELETE"), **lifecycle(href, behavior.status)},
    }


class UserRisk:
    """What administrators say of a user's risk, and the history that is compared."""

    def __init__(self, watch: Watch, people: PeopleRecords) -> None:
        self._watch = watch
        self._people = people

    def get(self, call: Call) -> Response:
        """The override; ``NONE``: what is found counts."""
        user = self._people.user(call)
        return Response.json(200, self._json(user.id, self._watch.histories.get(user.id).override, call))

    def replace(self, call: Call) -> Response:
        """201 for a first override, 200 afterwards. ``NONE`` takes it away."""
        user = self._people.user(call)
        body = call.body()
        level = body.choice("riskLevel", ("LOW", "MEDIUM", "HIGH", "NONE"), "", required=True)
        body.check()

        def attempt() -> bool:
            before = self._watch.histories.get(user.id)
            override = None if level == "NONE" else level
            if override != before.override:
                party = Party(user.id, "User", alternate_id=user.login)
                event = call.recorder.event("user.risk.change", party, debug={"risk": level})
                self._watch.histories.save(before, replace(before, override=override), [event])
            return before.override is None

        first = call.retrying(attempt)
        answer = self._json(user.id, None if level == "NONE" else level, call)
        return Response.json(201 if first else 200, answer)

    def forget(self, call: Call) -> Response:
        """204: every device and every place is new again."""
        user = self._people.user(call)
        call.retrying(lambda: self._watch.forget(user.id))
        return NO_CONTENT

    def _json(self, user_id: str, level: str | None, call: Call) -> dict[str, Any]:
        href = call.url(f"/api/v1/users/{user_id}")
        shown: dict[str, Any] = {"riskLevel": level or "NONE"}
        if level is not None:
            shown["reason"] = "Admin override risk"
        links = {"user": link(href, "GET"), "self": link(f"{href}/risk", "GET", "PUT")}
        return shown | {"_links": links}


class ThreatSettings:
    """What is done about addresses from which many people's sign-ins fail."""

    def __init__(self, watch: Watch, changes: PolicyChanges) -> None:
        self._records = watch.threats
        self._changes = changes

    def get(self, call: Call) -> Response:
        return Response.json(200, _threats_json(self._records.get(), call))

    def replace(self, call: Call) -> Response:
        """200 with what holds now."""
        body = call.body()
        action = body.choice("action", ("none", "audit", "block"), "", required=True)
        zones = body.texts("excludeZones", longest=100) or ()
        body.check()
        if action != "none":
            call.retrying(self._changes.applied.records.watch)

        def attempt() -> ThreatConfiguration:
            before = self._records.get()
            after = replace(before, action=action, excluded=zones)
            if after == before and before.version:
                return before
            after = replace(after, created_at=before.created_at or call.now, updated_at=call.now)
            party = Party("threats", "ThreatConfiguration", display_name=action)
            self._records.save(before, after, [call.recorder.event("security.threat.configuration.update", party)])
            return after

        return Response.json(200, _threats_json(call.retrying(attempt), call))


def _threats_json(threats: ThreatConfiguration, call: Call) -> dict[str, Any]:
    return {
        "action": threats.action,
        "excludeZones": list(threats.excluded),
        "created": timestamp(threats.created_at),
        "lastUpdated": timestamp(threats.updated_at),
        "_links": {"self": link(call.url(THREATS), "GET", "POST")},
    }
