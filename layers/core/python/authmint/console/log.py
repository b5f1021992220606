"""The system log, with filters that are links."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from ..http import Response
from .errors import ApiProblem
from .rendering import Crumb, Renderer
from .visit import Visit

_FILTERS: Final = (("type", "eventType"), ("actor", "actor.id"), ("target", "target.id"), ("outcome", "outcome.result"))


@dataclass(frozen=True)
class Log:
    """``/console/log``."""

    render: Renderer

    def listing(self, visit: Visit) -> Response:
        """A page of events, the latest first."""
        after = visit.query("after")
        terms = [f'{name} eq "{_escaped(wanted)}"' for key, name in _FILTERS if (wanted := visit.query(key))]
        query = {"sortOrder": "DESCENDING", "limit": "50", "q": visit.query("q"), "filter": " and ".join(terms)}
        query |= {"since": visit.query("since"), "until": visit.query("until")}
        sent = urlencode({name: value for name, value in query.items() if value}, quote_via=quote)
        path = after if after.startswith("/api/v1/logs?") else f"/api/v1/logs?{sent}"
        problem: dict[str, Any] | None = None
        events: list[Any] = []
        following: str | None = None
        try:
            events, following = visit.api.page(path)
        except ApiProblem as refused:
            if refused.passes or refused.status == 403:
                raise
            problem = {
                "text": refused.summary,
                "causes": refused.causes,
                "field": "",
                "code": refused.code,
                "passes": False,
            }
        values: dict[str, Any] = {
            "title": visit.t("System log"),
            "section": "reports",
            "guide": "explanations-and-logs.md",
            "events": events,
            "following": following and visit.here(after=following),
            "filters": [(key, visit.query(key)) for key, _ in _FILTERS],
            "problem": problem,
            "live": bool(visit.query("live")) and not after,
        }
        return self.render.page("log.html", visit, values, status=200 if problem is None else 400)

    def one(self, visit: Visit) -> Response:
        """One event, whole."""
        path = f'/api/v1/logs?filter={quote(f"""uuid eq "{_escaped(visit.part("id"))}" """.strip())}&limit=1'
        events, _ = visit.api.page(path)
        if not events:
            raise ApiProblem(404, "E0000007", visit.t("There is no such event, or not any more."))
        values = {
            "title": events[0]["eventType"],
            "section": "reports",
            "guide": "explanations-and-logs.md",
            "event": events[0],
            "crumbs": (Crumb(visit.t("System log"), "/console/log"),),
        }
        return self.render.page("event.html", visit, values)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
