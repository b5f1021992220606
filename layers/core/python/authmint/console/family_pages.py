"""The pages that every family of objects has: its list, a new one, one that is there, what can be done to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from ..http import Response
from ..web.forms import BadForm
from .errors import ApiProblem
from .fields import BadField, at
from .forms import copied, fill, inputs, problem_of, see_other, status_of
from .rendering import Crumb, Renderer
from .resources import Action, Family
from .visit import Visit

#: On one page of a list.
_PAGE: Final = 50


@dataclass(frozen=True)
class FamilyPages:
    """Pages of one family."""

    family: Family
    render: Renderer

    def listing(self, visit: Visit) -> Response:
        """All of them, page by page; some, where the family can be searched."""
        family, sought = self.family, visit.query("q").strip()
        query: dict[str, str] = {"limit": str(_PAGE)}
        if family.query:
            query = dict(pair.split("=", 1) for pair in family.query.split("&")) | query
        if sought and family.search:
            query[family.search] = sought
        after = visit.query("after")
        path = after if after.startswith(self._api(visit)) else f"{self._api(visit)}?{urlencode(query)}"
        items, following = visit.api.page(path)
        values = {
            "title": visit.t(family.title),
            "family": family,
            "items": [(item, self._uri(visit, item)) for item in items],
            "ordered": family.ordered,
            "sought": sought,
            "following": following and visit.here(after=following),
            "own": self._own(visit),
            "crumbs": self._crumbs(visit)[:-1],
        }
        return self._page("list.html", visit, values)

    def new(self, visit: Visit) -> Response:
        """The form of a new one; on POST it is made."""
        family = self.family
        if visit.request.method != "POST":
            return self._form(visit, family.makes, dict(family.base), new=True)
        visit.form  # noqa: B018 - the token is looked at before anything is read
        body = dict(copied(family.base))
        try:
            fill(body, family.makes, visit)
            made = visit.api.post(self._api(visit), body)
        except (BadField, ApiProblem) as problem:
            return self._form(visit, family.makes, body, new=True, problem=problem)
        return self._see(visit, made, "made")

    def one(self, visit: Visit) -> Response:
        """The object, its fields, and what can be done to it; on POST it is changed."""
        family = self.family
        item = visit.api.get(self._item_api(visit))
        if visit.request.method != "POST":
            return self._form(visit, family.shown, item, item=item)
        visit.form  # noqa: B018 - as above
        body = dict(copied(item))
        try:
            fill(body, family.shown, visit)
            call = visit.api.put if family.replaces == "PUT" else visit.api.post
            call(self._item_api(visit), body)
        except (BadField, ApiProblem) as problem:
            return self._form(visit, family.shown, body, item=item, problem=problem)
        return self._see(visit, item, "saved")

    def act(self, visit: Visit) -> Response:
        """Do something to it."""
        visit.form  # noqa: B018 - as above
        action = next((each for each in self.family.actions if each.name == visit.part("action")), None)
        if action is None:
            raise BadForm("action")
        item = visit.api.get(self._item_api(visit))
        path = self._item_api(visit) + action.path
        try:
            answer = self._done(visit, action, path)
        except ApiProblem as problem:
            return self._form(visit, self.family.shown, item, item=item, problem=problem)
        if action.shows:
            values = {"title": visit.t(action.label), "answer": answer, "crumbs": self._crumbs(visit, item)}
            return self._page("shown_once.html", visit, values)
        return self._see(visit, item, "done")

    def move(self, visit: Visit) -> Response:
        """One place up or down among its like; at either end, and where it has a fixed place, it stays."""
        visit.form  # noqa: B018 - as above
        body = dict(copied(visit.api.get(self._item_api(visit))))
        way = {"up": -1, "down": 1}.get(visit.part("way"))
        if way is None:
            raise BadForm("way")
        body["priority"] = max(1, int(body.get("priority") or 1) + way)
        visit.api.put(self._item_api(visit), body)
        return see_other(f"{self._list_uri(visit)}?said=saved")

    def remove(self, visit: Visit) -> Response:
        """Ask for the name of what goes; on POST it goes."""
        item = visit.api.get(self._item_api(visit))
        name = self._name(item)
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            if visit.form.text("name").strip() == name:
                try:
                    self._removed(visit, item)
                except ApiProblem as refused:
                    problem = refused
                else:
                    return see_other(f"{self._list_uri(visit)}?said=removed")
            else:
                problem = BadField("name", visit.t("This is not its name."))
        values = {
            "title": visit.t("Delete {name}?", name=name),
            "family": self.family,
            "name": name,
            "crumbs": self._crumbs(visit, item),
            "problem": problem_of(problem),
        }
        return self._page("remove.html", visit, values, status=200 if problem is None else 422)

    def _removed(self, visit: Visit, item: Mapping[str, Any]) -> None:
        """Take it away; what has to be switched off before is."""
        off = next((each for each in self.family.actions if each.name == "deactivate"), None)
        if off is not None and item.get("status") in off.when:
            self._done(visit, off, self._item_api(visit) + off.path)
        visit.api.delete(self._item_api(visit))

    def _done(self, visit: Visit, action: Action, path: str) -> Any:
        if action.method == "DELETE":
            visit.api.delete(path)
            return None
        call = visit.api.put if action.method == "PUT" else visit.api.post
        return call(path, action.body)

    def _form(
        self,
        visit: Visit,
        fields: Any,
        body: Mapping[str, Any],
        *,
        new: bool = False,
        item: Mapping[str, Any] | None = None,
        problem: ApiProblem | BadField | None = None,
    ) -> Response:
        name = "" if item is None else self._name(item)
        status = "" if item is None else item.get("status", "")
        values = {
            "title": visit.t("New {one}", one=visit.t(self.family.one)) if new else name,
            "family": self.family,
            "item": item,
            "inputs": inputs(visit, fields, body, new=new, again=problem is not None),
            "new": new,
            "actions": [a for a in self.family.actions if item is not None and (not a.when or status in a.when)],
            "tabs": []
            if item is None
            else [(visit.t(tab.label), self._here(visit) + tab.path) for tab in self.family.tabs],
            "own": "" if item is None else self._here(visit),
            "crumbs": self._crumbs(visit) if item is None else self._crumbs(visit, item)[:-1],
            "problem": problem_of(problem),
        }
        return self._page("form.html", visit, values, status=status_of(problem))

    def _page(self, template: str, visit: Visit, values: dict[str, Any], *, status: int = 200) -> Response:
        values = {
            "section": self.family.section,
            "guide": self.family.guide,
            "said": visit.query("said"),
            **values,
        }
        return self.render.page(template, visit, values, status=status)

    def _see(self, visit: Visit, item: Any, said: str) -> Response:
        identity = at(item or {}, self.family.identity)
        target = self._list_uri(visit) if identity is None else self._uri(visit, item)
        return see_other(f"{target}?said={said}")

    def _name(self, item: Mapping[str, Any]) -> str:
        return str(at(item, self.family.name) or at(item, self.family.identity) or "")

    def _api(self, visit: Visit) -> str:
        return _filled(self.family.api, visit.parts)

    def _item_api(self, visit: Visit) -> str:
        template = self.family.item_api or self.family.api + "/{id}"
        return _filled(template, visit.parts)

    def _list_uri(self, visit: Visit) -> str:
        return "/console" + _filled(self.family.path, visit.parts)

    def _own(self, visit: Visit) -> str:
        return self._list_uri(visit)

    def _here(self, visit: Visit) -> str:
        """Of the object that the path names, by the name that the path has for it."""
        return f"{self._list_uri(visit)}/{visit.parts['id']}"

    def _uri(self, visit: Visit, item: Mapping[str, Any]) -> str:
        return f"{self._list_uri(visit)}/{quote(str(at(item, self.family.identity)), safe='')}"

    def _crumbs(self, visit: Visit, item: Mapping[str, Any] | None = None) -> list[Crumb]:
        """What stands above: lists and objects, by the path."""
        crumbs, uri = [], "/console"
        parts = _filled(self.family.path, visit.parts).strip("/").split("/")
        for place, part in enumerate(parts):
            uri += f"/{part}"
            last = place == len(parts) - 1
            crumbs.append(Crumb(visit.t(self.family.title) if last else _heading(visit, part), uri))
        if item is not None:
            crumbs.append(Crumb(self._name(item), self._uri(visit, item)))
        return crumbs


_HEADINGS: Final = {"servers": "Authorization servers", "apps": "Applications", "users": "People", "groups": "Groups",
                    "policies": "Access policies", "sign-on": "Sign-on policies"}  # fmt: skip


def _heading(visit: Visit, part: str) -> str:
    return visit.t(_HEADINGS[part]) if part in _HEADINGS else part


def _filled(template: str, parts: Mapping[str, str]) -> str:
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", value)
    return template
