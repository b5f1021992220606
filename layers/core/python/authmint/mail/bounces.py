"""What SES says of mail that was sent: it came back, or its reader complained (events of SES, by SNS)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..storage.undeliverable import Because


@dataclass(frozen=True)
class Bounce:
    """One address that mail did not reach, or was not wanted at.

    Attributes:
        for_good: Nothing is to be sent there any more.
        mail_id: Of the mail, as far as SES says it.
        template: The same.
    """

    address: str
    because: Because
    for_good: bool
    mail_id: str = ""
    template: str = ""


def are_notifications(records: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an invocation is about such events."""
    return any(record.get("EventSource") == "aws:sns" for record in records)


def bounces(records: Iterable[Mapping[str, Any]]) -> Iterator[Bounce]:
    """All that the records say. What is no such event says nothing."""
    for record in records:
        try:
            event = json.loads(record["Sns"]["Message"])
        except (KeyError, TypeError, ValueError):
            continue
        if isinstance(event, dict):
            yield from _of(event)


def _of(event: Mapping[str, Any]) -> Iterator[Bounce]:
    kind = event.get("eventType") or event.get("notificationType")
    if kind == "Bounce":
        about, listed = _object(event, "bounce"), "bouncedRecipients"
        because: Because = "BOUNCE"
        for_good = about.get("bounceType") == "Permanent"
    elif kind == "Complaint":
        about, listed, because, for_good = _object(event, "complaint"), "complainedRecipients", "COMPLAINT", True
    else:
        return
    tags = _object(_object(event, "mail"), "tags")
    for recipient in about.get(listed) or ():
        address = recipient.get("emailAddress") if isinstance(recipient, dict) else None
        if isinstance(address, str) and address:
            yield Bounce(address, because, for_good, _first(tags, "mail"), _first(tags, "template"))


def _object(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _first(tags: Mapping[str, Any], name: str) -> str:
    values = tags.get(name)
    return str(values[0]) if isinstance(values, list) and values else ""
