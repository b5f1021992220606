"""Events as log lines: no value twice, and nothing that says nothing, because every byte of them is paid for.

``true`` in the place of a text says that the text stands elsewhere in the line: an alternate id, or the hash of a
token, is the party's id; the subject of a token is the actor's id; granted scopes are those that were asked for; a
token's scope is what was granted. The type of an event is the line's ``message``, and when it happened its
``timestamp``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..storage.events import Event, Party


def line_of(event: Event) -> dict[str, Any]:
    """What a line says of an event beside its type and its time."""
    debug = event.debug
    granted, asked = debug.get("granted_scopes"), debug.get("requested_scopes")
    line: dict[str, Any] = {"id": event.id, "actor": _party(event.actor)}
    if event.outcome != "SUCCESS":
        line["outcome"] = event.outcome
    if event.reason is not None:
        line["reason"] = event.reason
    if event.message:
        line["message"] = event.message
    if event.targets:
        scope = granted.replace(", ", " ") if isinstance(granted, str) else None
        line["targets"] = [_target(target, event.actor.id, scope) for target in event.targets]
    if debug:
        line["debug"] = {**debug, "granted_scopes": True} if granted is not None and granted == asked else debug
    if event.source_ip:
        line["source_ip"] = event.source_ip
    if event.user_agent:
        line["user_agent"] = event.user_agent
    if event.request_id:
        line["request_id"] = event.request_id
    return line


def _party(party: Party) -> dict[str, Any]:
    line: dict[str, Any] = {"id": party.id, "type": party.type}
    if party.alternate_id is not None:
        line["alternate_id"] = True if party.alternate_id == party.id else party.alternate_id
    if party.display_name is not None:
        line["display_name"] = party.display_name
    return line


def _target(target: Party, subject: str, scope: str | None) -> dict[str, Any]:
    line = _party(target)
    if target.detail is not None:
        elsewhere = {"hash": target.id, "subject": subject, "scope": scope}
        line["detail"] = {
            name: True if value is not None and value == elsewhere.get(name) else value
            for name, value in target.detail.items()
        }
    return line


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
        actor, debug = _named(found["actor"]), dict(found.get("debug", {}))
        if debug.get("granted_scopes") is True:
            debug["granted_scopes"] = debug["requested_scopes"]
        granted = debug.get("granted_scopes")
        scope = granted.replace(", ", " ") if isinstance(granted, str) else None
        targets = [_told(_named(target), actor["id"], scope) for target in found.get("targets", [])]
        millisecond = round(at.timestamp() * 1_000)
        told = {"type": line["message"], "published_ms": millisecond, "actor": actor, "debug": debug}
        return found | told | {"targets": targets}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an event") from error


def _named(party: dict[str, Any]) -> dict[str, Any]:
    return party | {"alternate_id": party["id"]} if party.get("alternate_id") is True else party


def _told(target: dict[str, Any], subject: str, scope: str | None) -> dict[str, Any]:
    elsewhere = {"hash": target["id"], "subject": subject, "scope": scope}
    detail = target.get("detail")
    if detail is None:
        return target
    return target | {
        "detail": {
            name: elsewhere[name] if value is True and name in elsewhere else value for name, value in detail.items()
        }
    }
