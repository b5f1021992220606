"""An event as ``GET /api/v1/logs`` shows it (docs/protocol.md §21)."""

from datetime import UTC, datetime
from typing import Any

from ..storage.events import Event, Party
from .messages import message_of


def event_json(event: Event) -> dict[str, Any]:
    """The full object; what is not known here is ``null``."""
    return {
        "actor": _party(event.actor),
        "client": {
            "userAgent": {"rawUserAgent": event.user_agent, "os": "Unknown", "browser": "UNKNOWN"},
            "zone": None,
            "device": None,
            "id": None,
            "ipAddress": event.source_ip or None,
            "geographicalContext": None,
        },
        "device": None,
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 0,
            "externalSessionId": None,
        },
        "displayMessage": event.message or message_of(event.type),
        "eventType": event.type,
        "outcome": {"result": event.outcome, "reason": event.reason},
        "published": _published(event.published_ms),
        "securityContext": {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None},
        "severity": "WARN" if event.outcome in {"FAILURE", "DENY"} else "INFO",
        "debugContext": {"debugData": dict(event.debug)},
        "legacyEventType": None,
        "transaction": {"type": "WEB", "id": event.request_id or event.id, "detail": {}},
        "uuid": event.id,
        "version": "0",
        "request": {"ipChain": _ip_chain(event.source_ip)},
        "target": [_party(target) for target in event.targets],
    }


def _party(party: Party) -> dict[str, Any]:
    return {
        "id": party.id,
        "type": party.type,
        "alternateId": party.alternate_id or "unknown",
        "displayName": party.display_name,
        "detailEntry": None if party.detail is None else dict(party.detail),
    }


def _published(milliseconds: int) -> str:
    instant = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _ip_chain(source_ip: str) -> list[dict[str, Any]]:
    if not source_ip:
        return []
    version = "V6" if ":" in source_ip else "V4"
    return [{"ip": source_ip, "geographicalContext": None, "version": version, "source": None}]
