"""The first page: how the deployment is, and what wants attention."""

from dataclasses import dataclass
from typing import Any

from ..http import Response
from .errors import ApiProblem
from .rendering import Renderer
from .visit import Visit


@dataclass(frozen=True)
class Overview:
    """``/console``."""

    render: Renderer

    def __call__(self, visit: Visit) -> Response:
        """What of it the administrator's roles let see."""
        servers = self._seen(lambda: visit.api.every("/api/v1/authorizationServers?limit=200"))
        values = {
            "title": visit.t("Overview"),
            "section": "overview",
            "guide": "README.md",
            "servers": servers,
            "apps": self._seen(lambda: visit.api.page("/api/v1/apps?limit=200")),
            "people": self._seen(lambda: visit.api.page("/api/v1/users?limit=200")),
            "refusals": self._seen(lambda: self._refusals(visit)),
        }
        return self.render.page("overview.html", visit, values)

    def _refusals(self, visit: Visit) -> list[Any]:
        query = 'filter=outcome.result eq "FAILURE"&sortOrder=DESCENDING&limit=20'.replace(" ", "%20").replace(
            '"', "%22"
        )
        events, _ = visit.api.page(f"/api/v1/logs?{query}")
        return events

    def _seen(self, look: Any) -> Any:
        """``None``: it may not be seen, or not now: the rest of the page stands."""
        try:
            return look()
        except ApiProblem:
            return None
