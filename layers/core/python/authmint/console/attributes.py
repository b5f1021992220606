"""The attributes of profiles: those that a deployment has of its own are made and taken away here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from ..http import Response
from .errors import ApiProblem
from .fields import BadField, Field
from .forms import fill, inputs, problem_of, see_other, status_of
from .rendering import Crumb, Renderer
from .site import Route
from .visit import Visit

_GUIDE: Final = "people-and-sign-on.md"
_REMOVAL: Final = "What profiles have in it is gone, and claims that read it are empty."
_GROUPS: Final = "/api/v1/meta/schemas/group/default"
_FIELDS: Final = (
    Field("name", "Name", least=True, code=True, hint="Letters, digits and _: expressions name it so."),
    Field("title", "Title", least=True),
    Field(
        "type",
        "Its value is",
        "choice",
        options=(
            ("string", "text"),
            ("boolean", "yes or no"),
            ("integer", "a whole number"),
            ("number", "a number"),
            ("array", "a list of texts"),
        ),
    ),
    Field("enum", "Only one of these", "list", hint="One on each line; none: any."),
    Field("description", "Description", "area"),
)


@dataclass(frozen=True)
class Attributes:
    """Below a user type, and of groups."""

    render: Renderer

    def routes(self) -> Sequence[Route]:
        """Their pages."""
        found = []
        for path in ("/types/{type}/attributes", "/group-attributes"):
            found.append(Route(path, self.listing, ("GET", "POST")))
            found.append(Route(f"{path}/{{name}}/delete", self.remove, ("GET", "POST")))
        return found

    def listing(self, visit: Visit) -> Response:
        """All attributes, and the form of a new one; on POST it is made."""
        path, crumbs = self._place(visit)
        body: dict[str, Any] = {}
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            try:
                fill(body, _FIELDS, visit)
                visit.api.post(path, _change(body.pop("name"), _attribute(body)))
                return see_other(f"{visit.request.path}?said=made")
            except (BadField, ApiProblem) as refused:
                problem = refused
        definitions = visit.api.get(path).get("definitions", {})
        parts = {part: definitions.get(part, {}).get("properties") or {} for part in ("custom", "base")}
        values = {
            "title": visit.t("Attributes"),
            "parts_of_it": parts,
            "inputs": inputs(visit, _FIELDS, body, new=True, again=problem is not None),
            "crumbs": crumbs,
            "said": visit.query("said"),
        }
        return self._page("attributes.html", visit, values, problem)

    def remove(self, visit: Visit) -> Response:
        """Ask for the name of what goes; on POST it goes."""
        path, crumbs = self._place(visit)
        name, home = visit.part("name"), visit.request.path.rpartition("/")[0].rpartition("/")[0]
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            if visit.form.text("name").strip() == name:
                try:
                    visit.api.post(path, _change(name, None))
                    return see_other(f"{home}?said=removed")
                except ApiProblem as refused:
                    problem = refused
            else:
                problem = BadField("name", visit.t("This is not its name."))
        values = {
            "title": visit.t("Delete {name}?", name=name),
            "family": {"removal": _REMOVAL, "asks_name": True},
            "name": name,
            "crumbs": (*crumbs, Crumb(visit.t("Attributes"), home)),
        }
        return self._page("remove.html", visit, values, problem)

    def _place(self, visit: Visit) -> tuple[str, Sequence[Crumb]]:
        """Where the schema is, and what the page stands below."""
        if "type" not in visit.parts:
            return _GROUPS, (Crumb(visit.t("Groups"), "/console/groups"),)
        identity = visit.parts["type"]
        found = visit.api.get(f"/api/v1/meta/types/user/{identity}")
        above = (
            Crumb(visit.t("User types"), "/console/types"),
            Crumb(found["displayName"], f"/console/types/{identity}"),
        )
        return urlsplit(found["_links"]["schema"]["href"]).path, above

    def _page(
        self, template: str, visit: Visit, values: dict[str, Any], problem: ApiProblem | BadField | None
    ) -> Response:
        values |= {"section": "directory", "guide": _GUIDE, "problem": problem_of(problem)}
        return self.render.page(template, visit, values, status=status_of(problem))


def _attribute(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in body.items() if value not in (None, [])}
    return found | {"items": {"type": "string"}} if found.get("type") == "array" else found


def _change(name: str, attribute: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {name: attribute}}}}
