"""What all pages of one authorization server have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...http import Response
from ..families.servers import SERVER_TABS
from ..rendering import Crumb, Renderer
from ..visit import Visit

SERVERS_API: Final = "/api/v1/authorizationServers"


@dataclass(frozen=True)
class ServerFrame:
    """Title, the way back, and the tabs of the server that a path names."""

    render: Renderer

    def server(self, visit: Visit) -> dict[str, Any]:
        """The server. Raises ApiProblem."""
        found: dict[str, Any] = visit.api.get(api(visit))
        return found

    def page(
        self,
        template: str,
        visit: Visit,
        server: Mapping[str, Any],
        values: Mapping[str, Any],
        *,
        title: str,
        guide: str,
        status: int = 200,
    ) -> Response:
        """A page below a server. ``title``: English."""
        common = {
            "title": visit.t(title),
            "section": "servers",
            "guide": guide,
            "said": visit.query("said"),
            "server": server,
            "own": home(visit),
            "tabs": [(visit.t(tab.label), home(visit) + tab.path) for tab in SERVER_TABS],
            "crumbs": [
                Crumb(visit.t("Authorization servers"), "/console/servers"),
                Crumb(str(server["name"]), home(visit)),
            ],
        }
        return self.render.page(template, visit, common | dict(values), status=status)


def home(visit: Visit) -> str:
    """Of the server, in the console."""
    return f"/console/servers/{visit.parts['server']}"


def api(visit: Visit) -> str:
    """Of the server, at the API."""
    return f"{SERVERS_API}/{visit.parts['server']}"
