"""What policies of people do: what is wrong with them, whom they lock out, and what they would ask of whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..http import Response
from .errors import ApiProblem
from .fields import Field
from .forms import problem_of, resolved
from .rendering import Renderer
from .site import Route
from .visit import Visit

_API: Final = "/api/v1/policies"
_GUIDE: Final = "policies-by-example.md"
_APP: Final = Field(
    "app", "For this application", "choice", options=(("", "–"),), source=("/api/v1/apps?limit=200", "label")
)
_TRIED_TYPES: Final = ("OKTA_SIGN_ON", "ACCESS_POLICY", "MFA_ENROLL")
_EXPLAINED: Final = (
    Field("user", "Who", least=True, hint="Username or id."),
    _APP,
    Field("address", "From this address", code=True, hint="192.0.2.7, for example."),
    Field("country", "From this country", code=True, hint="DE, for example; where the address does not say it."),
    Field("device", "On", "choice", options=(("new", "a new device"), ("known", "a device that was seen"))),
    Field("remembered", "They chose to be remembered there", "flag"),
)
#: What a trial can come out as.
OUTCOMES: Final = {
    "ALLOWED": "gets in",
    "ENROLLS": "gets in after setting something up",
    "CANNOT": "is locked out: nothing they have is enough",
    "DENIED": "is refused by a rule",
    "BLOCKED": "is refused by a zone",
    "UNKNOWN": "is not there any more",
}


@dataclass(frozen=True)
class SignOnPages:
    """``/console/analysis`` and ``/console/explain``. They only look: nothing is changed, and nobody is told."""

    render: Renderer

    def routes(self) -> Sequence[Route]:
        """Both pages."""
        return (Route("/analysis", self.analysis), Route("/explain", self.explain))

    def analysis(self, visit: Visit) -> Response:
        """What is wrong; with ``of``: who is locked out, or what would be asked of past sign-ins."""
        found = visit.api.get(f"{_API}/analysis")
        asked, problem = visit.query("of"), None
        answer: dict[str, Any] = {}
        fields = [*resolved(visit, (_APP,)), self._active(visit)]
        if asked in {"people", "sign-ins"}:
            body: dict[str, Any] = {"activate": _all(visit, "activate")}
            body |= {name: text for name in ("app", "after") if (text := visit.query(name))}
            if asked == "sign-ins":
                body["days"] = 7
            try:
                answer = visit.api.post(f"{_API}/analysis/{asked}", body)
            except ApiProblem as refused:
                if refused.passes:
                    raise
                problem = refused
        values = {
            "title": visit.t("Analysis"),
            "found": found,
            "inputs": [(field, _typed(visit, field), True) for field in fields],
            "asked": asked,
            "answer": answer,
            "counts": _counts(answer.get("signIns") or ()),
            "following": answer.get("next") and visit.here(after=answer["next"]),
        }
        return self._page("analysis.html", visit, values, problem)

    def explain(self, visit: Visit) -> Response:
        """What would be asked of somebody, and by which rule."""
        fields = resolved(visit, _EXPLAINED)
        answer, problem = None, None
        if visit.query("user"):
            body: dict[str, Any] = {
                field.path: text for field in fields if field.kind != "flag" and (text := visit.query(field.path))
            }
            body["remembered"] = bool(visit.query("remembered"))
            try:
                answer = visit.api.post(f"{_API}/explain", body)
            except ApiProblem as refused:
                if refused.passes:
                    raise
                problem = refused
        values = {
            "title": visit.t("Try a sign-on"),
            "inputs": [(field, _typed(visit, field), True) for field in fields],
            "answer": answer,
        }
        return self._page("explain.html", visit, values, problem)

    def _active(self, visit: Visit) -> Field:
        """Policies and rules that are off, to be tried as if they were on."""
        options = []
        for kind in _TRIED_TYPES:
            for policy in visit.api.every(f"{_API}?type={kind}&expand=rules"):
                off = [("policy", policy)] if policy["status"] == "INACTIVE" else []
                rules = (policy.get("_embedded") or {}).get("rules") or ()
                off += [("rule", rule) for rule in rules if rule["status"] == "INACTIVE"]
                options += [(one["id"], f"{policy['name']} / {one['name']}") for _, one in off]
        hint = "Switched-off policies and rules, as if they were on." if options else "No policy or rule is off."
        return Field("activate", "Try these", "choices", hint, options)

    def _page(self, template: str, visit: Visit, values: dict[str, Any], problem: ApiProblem | None) -> Response:
        values |= {"section": "security", "guide": _GUIDE, "problem": problem_of(problem), "outcomes": OUTCOMES}
        return self.render.page(template, visit, values, status=200 if problem is None else problem.status)


def _typed(visit: Visit, field: Field) -> Any:
    if field.kind == "flag":
        return bool(visit.query(field.path))
    return _all(visit, field.path) if field.kind in {"choices", "list"} else visit.query(field.path)


def _all(visit: Visit, name: str) -> list[str]:
    return [value for key, value in visit.request.query if key == name and value]


def _counts(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """Sign-ins by what would come out of them."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + row["signIns"]
    return counts
