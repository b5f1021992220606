"""Events as log lines: no value twice, and nothing that says nothing, because every byte of them is paid for.

The type of an event is the line's ``message``, and when it happened its ``timestamp``. Some members are left out where
they are what one expects, and are ``false`` where there is none: the alternate id of a client is its id; the hash of a
token is its id, its subject the actor's id, its scope what was granted; granted scopes are, where a rule was found,
those that were asked for. An outcome stands where it is not the good one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ..storage.events import Event, Party

_CLIENT: Final = "PublicClientApp"
#: By type: the good outcome, where it has another name.
_GOOD: Final = {"policy.evaluate_sign_on": "ALLOW"}


def line_of(event: Event) -> dict[str, Any]:
    """What a line says of an event beside its type and its time."""
    line: dict[str, Any] = {"id": event.id, "actor": _party(event.actor)}
    if event.outcome != _GOOD.get(event.type, "SUCCESS"):
        line["outcome"] = event.outcome
    if event.reason is not None:
        line["reason"] = event.reason
    if event.message:
        line["message"] = event.message
    if event.targets:
        line["targets"] = [_target(target, event) for target in event.targets]
    if event.debug:
        line["debug"] = _without(event.debug, _debug_elsewhere(event.debug))
    if event.source_ip:
        line["source_ip"] = event.source_ip
    if event.user_agent:
        line["user_agent"] = event.user_agent
    if event.request_id:
        line["request_id"] = event.request_id
    return line


def _party(party: Party) -> dict[str, Any]:
    line: dict[str, Any] = {"id": party.id, "type": party.type}
    if party.type == _CLIENT:
        if party.alternate_id != party.id:
            line["alternate_id"] = False if party.alternate_id is None else party.alternate_id
    elif party.alternate_id is not None:
        line["alternate_id"] = party.alternate_id
    if party.display_name is not None:
        line["display_name"] = party.display_name
    return line


def _target(target: Party, event: Event) -> dict[str, Any]:
    line = _party(target)
    if target.detail is not None:
        line["detail"] = _without(target.detail, _detail_elsewhere(target.id, event.actor.id, event.debug))
    return line


def _without(values: Mapping[str, Any], elsewhere: Mapping[str, str]) -> dict[str, Any]:
    """The values but for those that stand elsewhere."""
    line = {name: value for name, value in values.items() if name not in elsewhere or elsewhere[name] != value}
    for name in elsewhere:
        if name not in values:
            line[name] = False
    return line


def _with(values: Mapping[str, Any], elsewhere: Mapping[str, str]) -> dict[str, Any]:
    """The values with those that stand elsewhere."""
    return {name: value for name, value in {**elsewhere, **values}.items() if value is not False}


def _debug_elsewhere(debug: Mapping[str, Any]) -> dict[str, str]:
    asked = debug.get("requested_scopes")
    return {"granted_scopes": asked} if "rule" in debug and isinstance(asked, str) else {}


def _detail_elsewhere(target: str, actor: str, debug: Mapping[str, Any]) -> dict[str, str]:
    granted = debug.get("granted_scopes")
    scope = {"scope": granted.replace(", ", " ")} if isinstance(granted, str) else {}
    return {"hash": target, "subject": actor, **scope}


def instant(at_ms: int) -> str:
    """A time as lines have it, to the millisecond."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def event_of(line: Mapping[str, Any]) -> Event:
    """The event of a line, also of one that a release before this one wrote: it says everything where it belongs.

    Raises:
        ValueError: The line holds no event.
    """
    found = line["event"]
    if not isinstance(found, dict):
        raise ValueError("not an event")
    if "type" not in found:
        found = _whole(found, line)
    return msgspec.convert(found, Event)


def _whole(found: dict[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    try:
        at = datetime.fromisoformat(line["timestamp"])
        actor, debug = _named(found["actor"]), found.get("debug", {})
        debug = _with(debug, _debug_elsewhere(debug))
        targets = [_told(_named(target), actor["id"], debug) for target in found.get("targets", [])]
        millisecond = round(at.timestamp() * 1_000)
        told = {"type": line["message"], "published_ms": millisecond, "actor": actor, "debug": debug}
        outcome = found.get("outcome", _GOOD.get(line["message"], "SUCCESS"))
        return found | told | {"targets": targets, "outcome": outcome}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an event") from error


def _named(party: dict[str, Any]) -> dict[str, Any]:
    return _with(party, {"alternate_id": party["id"]}) if party["type"] == _CLIENT else party


def _told(target: dict[str, Any], actor: str, debug: Mapping[str, Any]) -> dict[str, Any]:
    if target.get("detail") is None:
        return target
    return target | {"detail": _with(target["detail"], _detail_elsewhere(target["id"], actor, debug))}
