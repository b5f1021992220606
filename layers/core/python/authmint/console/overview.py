"""The first page: how the deployment is, and what wants attention."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ..http import Response
from .errors import ApiProblem
from .rendering import Renderer
from .visit import Visit

_SERVERS: Final = "/api/v1/authorizationServers"
#: Days.
_SOON: Final = 14


@dataclass(frozen=True)
class Overview:
    """``/console``."""

    render: Renderer

    def __call__(self, visit: Visit) -> Response:
        """What of it the administrator's roles let see."""
        servers = self._seen(lambda: visit.api.every(f"{_SERVERS}?limit=200"))
        refusals = self._seen(lambda: self._refusals(visit))
        values = {
            "title": visit.t("Overview"),
            "section": "overview",
            "guide": "README.md",
            "servers": servers,
            "apps": self._seen(lambda: visit.api.page("/api/v1/apps?limit=200")),
            "people": self._seen(lambda: visit.api.page("/api/v1/users?limit=200")),
            "warnings": self._seen(lambda: visit.api.get("/api/v1/policies/analysis")),
            "rotations": self._rotations(visit, servers or ()),
            "refusals": refusals,
            "reasons": _reasons(refusals or ()),
        }
        return self.render.page("overview.html", visit, values)

    def _refusals(self, visit: Visit) -> list[Any]:
        since, wanted = visit.days_ago(1), quote('outcome.result eq "FAILURE"')
        events, _ = visit.api.page(f"/api/v1/logs?filter={wanted}&since={since}&sortOrder=DESCENDING&limit=200")
        return events

    def _rotations(self, visit: Visit, servers: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str]]:
        """Servers whose keys change within two weeks, with when."""
        soon, found = visit.days_ago(-_SOON), []
        for server in servers:
            at = (server.get("credentials") or {}).get("signing", {}).get("nextRotation")
            if at and at < soon:
                found.append((server, str(at)))
        return sorted(found, key=lambda one: one[1])

    def _seen(self, look: Callable[[], Any]) -> Any:
        """``None``: it may not be seen, or not now: the rest of the page stands."""
        try:
            return look()
        except ApiProblem:
            return None


def _reasons(events: Sequence[Mapping[str, Any]]) -> Sequence[tuple[str, str, int]]:
    """What was refused most, by kind and reason."""
    counted = Counter((one["eventType"], str(one["outcome"].get("reason") or "")) for one in events)
    return [(kind, reason, count) for (kind, reason), count in counted.most_common(10)]
