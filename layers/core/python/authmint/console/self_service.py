"""What people may do with their own account, beside what everybody may (docs/protocol.md §43.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..http import Response
from .errors import ApiProblem
from .fields import BadField, Field
from .forms import fill, inputs, now_there, problem_of, see_other, status_of
from .rendering import Renderer
from .visit import Visit

_API: Final = "/api/v1/org/selfService"
FIELDS: Final[Sequence[Field]] = (
    Field(
        "accountDeletion",
        "Accounts are deleted",
        "choice",
        options=(("DENY", "by administrators alone"), ("ALLOW", "by their owners, too")),
        hint="On their own account, after a fresh sign-in. Not of those who administer, nor whom a directory keeps.",
    ),
)


@dataclass(frozen=True)
class SelfServicePage:
    """One form."""

    render: Renderer

    def __call__(self, visit: Visit) -> Response:
        """The form; on POST it is saved."""
        there = visit.api.get(_API)
        settings: dict[str, Any] = {field.path: there.get(field.path) for field in FIELDS}
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            try:
                fill(settings, FIELDS, visit)
                visit.api.put(_API, settings, tag=visit.form.text("tag"))
            except (BadField, ApiProblem) as refused:
                problem = refused
            else:
                return see_other(f"{visit.request.path}?said=saved")
        values = {
            "title": visit.t("Own accounts"),
            "section": "directory",
            "guide": "account.md",
            "inputs": inputs(visit, FIELDS, settings, again=problem is not None),
            "tag": visit.api.tags.get(_API, ""),
            "now": now_there(FIELDS, there, visit) if isinstance(problem, ApiProblem) and problem.came_first else {},
            "problem": problem_of(problem),
            "said": visit.query("said"),
        }
        return self.render.page("self_service.html", visit, values, status=status_of(problem))
