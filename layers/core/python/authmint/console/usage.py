"""What was used how much by whom, and what nobody uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from ..http import Response
from .errors import ApiProblem
from .forms import problem_of
from .rendering import Renderer
from .visit import Visit

_API: Final = "/api/v1/usage"
#: By what it can be told apart, with English texts.
BY: Final = {
    "day": "day",
    "hour": "hour",
    "server": "server",
    "client": "client",
    "grantType": "grant type",
    "reason": "reason",
    "factor": "factor",
    "policy": "policy",
    "rule": "rule",
}
_DAYS: Final = ("1", "7", "30")
#: Numbers that are shown, with English texts.
NUMBERS: Final = {
    "tokens": "Tokens",
    "refusals": "Refused requests",
    "codes": "Codes",
    "signIns": "Sign-ins",
    "signInsRefused": "Refused sign-ins",
    "factors": "Factors used",
    "factorsRefused": "Factors refused",
    "allowed": "Sign-ons allowed",
    "asked": "Asked for more",
    "denied": "Sign-ons denied",
    "clients": "Clients",
    "people": "People",
}
_CHARTED: Final = ("tokens", "refusals", "signIns", "signInsRefused")
_WIDTH, _HEIGHT = 720, 120


@dataclass(frozen=True)
class UsagePage:
    """``/console/usage``."""

    render: Renderer

    def __call__(self, visit: Visit) -> Response:
        """Numbers, as a table and as pictures of it."""
        by = visit.query("by") if visit.query("by") in BY else "day"
        days = visit.query("days") if visit.query("days") in _DAYS else "7"
        path = f"{_API}?{urlencode({'by': by, 'since': visit.days_ago(int(days)), 'limit': '200'})}"
        after, problem = visit.query("after"), None
        answer: Mapping[str, Any] = {"groups": [], "next": None}
        try:
            answer = visit.api.get(path + ("&" + urlencode({"after": after}) if after else ""))
        except ApiProblem as refused:
            if refused.passes or refused.status == 403:
                raise
            problem = refused
        groups = answer["groups"]
        shown = [name for name in NUMBERS if any(group.get(name) for group in groups)]
        values = {
            "title": visit.t("What was used"),
            "section": "reports",
            "guide": "explanations-and-logs.md",
            "by": by,
            "ways": BY,
            "days": days,
            "groups": groups,
            "numbers": [(name, NUMBERS[name]) for name in shown],
            "charts": [(NUMBERS[name], _bars(groups, by, name)) for name in _CHARTED if name in shown],
            "size": (_WIDTH, _HEIGHT),
            "unused": self._unused(visit),
            "following": answer["next"] and visit.here(after=answer["next"]),
            "problem": problem_of(problem),
        }
        return self.render.page("usage.html", visit, values, status=200 if problem is None else problem.status)

    def _unused(self, visit: Visit) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = visit.api.get(f"{_API}/unused?limit=20")
        except ApiProblem:
            return None  # it may not be seen, or not now: the rest of the page stands
        return found


def _bars(groups: Sequence[Mapping[str, Any]], by: str, name: str) -> Sequence[Mapping[str, Any]]:
    """Places of bars of a chart, and what each says."""
    most = max(group.get(name) or 0 for group in groups) or 1
    step = _WIDTH / len(groups)
    bars = []
    for place, group in enumerate(groups):
        value = group.get(name) or 0
        height = round(value * (_HEIGHT - 20) / most, 1)
        bars.append(
            {
                "x": round(place * step + step * 0.1, 1),
                "y": _HEIGHT - height,
                "width": round(min(step * 0.8, 48), 1),
                "height": height,
                "text": f"{group[by][:10] if by == 'day' else group[by]}: {value}",
            }
        )
    return bars
