"""The pages that every family of objects has: its list, a new one, one that is there, what can be done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from ..http import Response
from ..web.forms import BadForm
from .errors import ApiProblem
from .fields import BadField, Field, at
from .forms import copied, fill, inputs, now_there, problem_of, resolved, see_other, status_of
from .rendering import Crumb, Renderer
from .resources import Action, Family, Kind, Pick, Trial
from .terraform import configuration
from .visit import Visit

#: In what a new object holds: the address of the deployment.
BASE_URL: Final = "{base_url}"
#: On one page of a list.
_PAGE: Final = 50
#: Of a list that the API gives in one piece.
_WHOLE: Final = 100


@dataclass(frozen=True)
class FamilyPages:
    """Pages of one family. ``parents``: the families that it stands below, from the top."""

    family: Family
    render: Renderer
    parents: Sequence[Family] = ()

    def listing(self, visit: Visit) -> Response:
        """All of them, page by page; some, where the family can be searched."""
        family, sought = self.family, visit.query("q").strip()
        query = self._query()
        view = int(visit.query("view")) if visit.query("view") in {str(n) for n in range(len(family.views))} else -1
        if view >= 0:
            name, _, wanted = family.views[view][1].partition("=")
            query[name] = wanted
        if sought and family.search:
            query[family.search] = sought
        items, following = self._items(visit, query)
        start = int(visit.query("start")) if visit.query("start").isdecimal() else 0
        further, items = len(items) > start + _WHOLE, items[start : start + _WHOLE]
        if further:
            following = visit.here(start=str(start + _WHOLE))
        elif following is not None:
            following = visit.here(after=following, start="")
        views = list(enumerate(family.views))
        values = {
            "title": visit.t(family.title),
            "family": family,
            "items": [(item, self._row_uri(visit, item), self._actions(item)) for item in self._named(visit, items)],
            "sought": sought,
            "views": [(visit.t(text), visit.here(view=str(n), after=""), n == view) for n, (text, _) in views],
            "following": following,
            "from_start": start == 0,
            "to_end": not further,
            "own": self._own(visit),
            "at_step": family.step(items) if family.steps else 0,
            **self._above(visit),
        }
        return self._page("list.html", visit, values)

    def _query(self) -> dict[str, str]:
        fixed = dict(pair.split("=", 1) for pair in self.family.query.split("&")) if self.family.query else {}
        return fixed | {"limit": str(_PAGE)}

    def _items(self, visit: Visit, query: Mapping[str, str]) -> tuple[list[Any], str | None]:
        after = visit.query("after")
        path = after if after.startswith(self._api(visit) + "?") else f"{self._api(visit)}?{urlencode(query)}"
        if not self.family.items:
            return visit.api.page(path)
        return at(visit.api.get(path), self.family.items) or [], None

    def _named(self, visit: Visit, items: list[Any]) -> list[Any]:
        """The objects with the names that another collection has for them."""
        if self.family.names is None or not items:
            return items
        path, name = self.family.names
        named = []
        for item in items:
            identity = quote(str(at(item, self.family.identity)), safe="")
            try:
                found = at(visit.api.get(_filled(path, {"id": identity})), name)
            except ApiProblem:
                found = None  # it may not be seen, or is gone: the list stands
            named.append(item | {"_name": found})
        return named

    def new(self, visit: Visit) -> Response:
        """The form of a new one; on POST it is made."""
        family = self.family
        if family.picks is not None:
            pick = self._chosen if visit.request.method == "POST" else self._choice
            return pick(visit, family.picks)
        kind = self._kind(visit)
        if family.kinds and kind is None:
            values = {"title": visit.t("New {one}", one=visit.t(family.one)), "kinds": family.kinds}
            return self._page("kinds.html", visit, {**values, **self._above(visit, whole=True)})
        fields = resolved(visit, family.makes if kind is None else kind.makes)
        base = self._base({**family.base, **({} if kind is None else kind.base)})
        if visit.request.method != "POST":
            return self._form(visit, fields, base, new=True)
        body = base
        try:
            fill(body, fields, visit)
            made = visit.api.post(self._api(visit), family.sends(body))
        except (BadField, ApiProblem) as problem:
            return self._form(visit, fields, body, new=True, problem=problem)
        if family.made is not None:
            return self._shown_once(visit, visit.t("New {one}", one=visit.t(family.one)), made)
        return self._see(visit, made, "made")

    def _kind(self, visit: Visit) -> Kind | None:
        name = visit.parts.get("kind")
        kind = next((one for one in self.family.kinds if one.name == name), None)
        if name is not None and kind is None:
            raise ApiProblem(404, "", visit.t("There is no such page."))
        return kind

    def _base(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """What a new one holds, with the address of the deployment where that is asked for."""
        return {name: self.render.base_url() if member == BASE_URL else copied(member) for name, member in base.items()}

    def _shown_once(self, visit: Visit, title: str, made: Any) -> Response:
        family = self.family
        uri = self._list_uri(visit) if at(made or {}, family.identity) is None else self._uri(visit, made)
        values = {"title": title, "answer": made, "uri": uri, "crumbs": self._crumbs(visit)}
        if family.made is None:
            return self._page("shown_once.html", visit, values)
        return self._page(family.made.template, visit, {**values, **family.made.more(visit, made)})

    def _choice(self, visit: Visit, picks: Pick, problem: ApiProblem | None = None) -> Response:
        """What a new one can be, with a search for it."""
        sought = visit.query("q").strip()
        query = {"limit": "20"} | ({picks.search: sought} if sought else {})
        found, _ = visit.api.page(f"{picks.api}?{urlencode(query)}")
        values = {
            "title": visit.t(picks.label),
            "picks": picks,
            "items": found,
            "sought": sought,
            "own": self._own(visit),
            "problem": problem_of(problem),
            **self._above(visit, whole=True),
        }
        return self._page("pick.html", visit, values, status=status_of(problem))

    def _chosen(self, visit: Visit, picks: Pick) -> Response:
        chosen = visit.form.text("id")
        try:
            if picks.method == "PUT":
                visit.api.put(self._own_api(visit, quote(chosen, safe="")), {})
            else:
                visit.api.post(self._api(visit), picks.sends(chosen))
        except ApiProblem as problem:
            return self._choice(visit, picks, problem)
        return see_other(f"{self._list_uri(visit)}?said=made")

    def one(self, visit: Visit) -> Response:
        """The object, its fields, and what can be done to it; on POST it is changed."""
        item = self._item(visit)
        fields = self._fields(visit, item)
        if visit.request.method != "POST":
            return self._form(visit, fields, item, item=item)
        body = dict(copied(item))
        try:
            fill(body, fields, visit)
            call = visit.api.put if self.family.replaces == "PUT" else visit.api.post
            call(self._item_api(visit), body, tag=visit.form.text("tag"))
        except (BadField, ApiProblem) as problem:
            return self._form(visit, fields, body, item=item, problem=problem)
        return self._see(visit, item, "saved")

    def _item(self, visit: Visit) -> Any:
        """The object of the path, without what no page shows."""
        item = visit.api.get(self._item_api(visit))
        for path in self.family.hides:
            above, _, last = path.rpartition(".")
            (at(item, above) or {}).pop(last, None)
        return item

    def _fields(self, visit: Visit, item: Mapping[str, Any]) -> Sequence[Field]:
        more = () if self.family.more is None else self.family.more(visit, item)
        return resolved(visit, (*self.family.shown, *more))

    def trial(self, trial: Trial, visit: Visit) -> Response:
        """Try what is typed, and save nothing: the form comes back with what came of it."""
        item = self._item(visit) if "id" in visit.parts else None
        fields = resolved(visit, self.family.makes) if item is None else self._fields(visit, item)
        tried = trial.tries(visit)
        return self._form(visit, fields, item or {}, new=item is None, item=item, tried=tried)

    def act(self, visit: Visit) -> Response:
        """Do something to it."""
        action = next((each for each in self.family.actions if each.name == visit.part("action")), None)
        if action is None:
            raise BadForm("action")
        item = self._item(visit)
        if action.danger and not visit.form.texts("sure"):
            return self._asked_again(visit, action, item)
        path = self._item_api(visit) + action.path
        try:
            answer = self._done(visit, action, path)
        except ApiProblem as problem:
            return self._form(visit, self._fields(visit, item), item, item=item, problem=problem)
        if action.shows and answer:
            values = {"title": visit.t(action.label), "answer": answer, "uri": self._uri(visit, item)}
            return self._page("shown_once.html", visit, {**values, "crumbs": self._crumbs(visit, item)})
        if visit.form.texts("listed"):
            return see_other(f"{self._list_uri(visit)}?said=done")
        return self._see(visit, item, "done")

    def _asked_again(self, visit: Visit, action: Action, item: Mapping[str, Any]) -> Response:
        """Say what it ends, before it is done."""
        values = {
            "title": f"{visit.t(action.label)}: {self._name(item)}",
            "action": action,
            "ends": action.ends or self.family.removal,
            "used": self._used(visit, item),
            "own": self._here(visit),
            "listed": bool(visit.form.texts("listed")),
            "crumbs": self._crumbs(visit, item),
        }
        return self._page("sure.html", visit, values)

    def move(self, visit: Visit) -> Response:
        """One place up or down: of two neighbours, the lower one takes the place of the upper one.

        At either end, and beside what has a fixed place, it stays.
        """
        items = visit.api.every(f"{self._api(visit)}?{urlencode(self._query())}")
        place = next((at_ for at_, one in enumerate(items) if at(one, self.family.identity) == visit.part("id")), None)
        if place is None or visit.part("way") not in {"up", "down"}:
            raise BadForm("way")
        upper = place - 1 if visit.part("way") == "up" else place
        pair = items[max(upper, 0) : upper + 2] if upper >= 0 else []
        if len(pair) == 2 and not any(one.get("system") for one in pair):
            path = f"{self._api(visit)}/{quote(str(at(pair[1], self.family.identity)), safe='')}"
            moved = visit.api.get(path)  # what was changed since the list was read stays
            visit.api.put(path, {**moved, "priority": pair[0]["priority"]}, tag=visit.api.tags.get(path, ""))
        return see_other(f"{self._list_uri(visit)}?said=saved")

    def remove(self, visit: Visit) -> Response:
        """Ask for the name of what goes; on POST it goes."""
        item = self._item(visit)
        name = self._name(item)
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            if not self.family.asks_name or visit.form.text("name").strip() == name.strip():
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
            "used": self._used(visit, item),
            "crumbs": self._crumbs(visit, item),
            "problem": problem_of(problem),
        }
        return self._page("remove.html", visit, values, status=200 if problem is None else 422)

    def _used(self, visit: Visit, item: Mapping[str, Any]) -> str:
        """Who will miss it, where the administrator may know."""
        try:
            return "" if self.family.used is None else self.family.used(visit, item)
        except ApiProblem:
            return ""  # the page stands without it

    def _removed(self, visit: Visit, item: Mapping[str, Any]) -> None:
        """Take it away; what has to be switched off before is."""
        off = next((each for each in self.family.actions if each.name == "deactivate"), None)
        if off is not None and item.get("status") in off.when:
            self._done(visit, off, self._item_api(visit) + off.path)
        visit.api.delete(self._own_api(visit, visit.parts["id"]))

    def _actions(self, item: Mapping[str, Any]) -> Sequence[Action]:
        """What can be done to an object as it is."""
        return [one for one in self.family.actions if not one.when or item.get("status") in one.when]

    def _done(self, visit: Visit, action: Action, path: str) -> Any:
        if action.method == "DELETE":
            visit.api.delete(path)
            return None
        call = visit.api.put if action.method == "PUT" else visit.api.post
        return call(path, action.body)

    def _form(
        self,
        visit: Visit,
        fields: Sequence[Field],
        body: Mapping[str, Any],
        *,
        new: bool = False,
        item: Mapping[str, Any] | None = None,
        problem: ApiProblem | BadField | None = None,
        tried: Mapping[str, Any] | None = None,
    ) -> Response:
        name, trial = "" if item is None else self._name(item), self.family.trial
        values = {
            "title": visit.t("New {one}", one=visit.t(self.family.one)) if new else name,
            "family": self.family,
            "item": item,
            "inputs": inputs(visit, fields, body, new=new, again=(problem or tried) is not None),
            "new": new,
            "tag": visit.api.tags.get(self._item_api(visit), "") if item is not None else "",
            "now": now_there(fields, item, visit) if isinstance(problem, ApiProblem) and problem.came_first else {},
            "actions": [] if item is None else self._actions(item),
            "tabs": [] if item is None else self._tabs(visit, self.family, self._here(visit)),
            "own": "" if item is None else self._here(visit),
            "terraform": None if item is None else self._configuration(visit, item),
            "crumbs": self._crumbs(visit),
            "problem": problem_of(problem),
        }
        if trial is None:
            return self._page("form.html", visit, values, status=status_of(problem))
        here = visit.request.path.removesuffix("/trial")
        values |= {**trial.values(visit), "tried": tried, "here": here}
        return self._page(trial.template, visit, values, status=status_of(problem))

    def _configuration(self, visit: Visit, item: Mapping[str, Any]) -> str | None:
        identity = str(at(item, self.family.identity))
        return configuration(self.family.path, name=self._name(item), identity=identity, item=item, parts=visit.parts)

    def _tabs(self, visit: Visit, family: Family, uri: str) -> list[tuple[str, str]]:
        return [(visit.t(tab.label), uri + tab.path) for tab in family.tabs]

    def _above(self, visit: Visit, *, whole: bool = False) -> dict[str, Any]:
        """Crumbs and tabs of a page that is of no object of this family. ``whole``: the list is above it, too."""
        crumbs = self._crumbs(visit)
        above: dict[str, Any] = {"crumbs": crumbs if whole else crumbs[:-1], "tabs": [], "parent_uri": ""}
        if self.parents:
            uri = crumbs[-2].uri
            above |= {"tabs": self._tabs(visit, self.parents[-1], uri), "parent_uri": uri}
        return above

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
        return self.family.name_of(item) or str(at(item, self.family.identity) or "")

    def _api(self, visit: Visit) -> str:
        return _filled(self.family.api, visit.parts)

    def _item_api(self, visit: Visit) -> str:
        template = self.family.item_api or self.family.api + "/{id}"
        return _filled(template, visit.parts)

    def _own_api(self, visit: Visit, identity: str) -> str:
        return _filled(self.family.own_api or self.family.api + "/{id}", {**visit.parts, "id": identity})

    def _list_uri(self, visit: Visit) -> str:
        return "/console" + _filled(self.family.path, visit.parts)

    def _own(self, visit: Visit) -> str:
        return self._list_uri(visit)

    def _here(self, visit: Visit) -> str:
        """Of the object that the path names, by the name that the path has for it."""
        return f"{self._list_uri(visit)}/{visit.parts['id']}"

    def _uri(self, visit: Visit, item: Mapping[str, Any]) -> str:
        return f"{self._list_uri(visit)}/{quote(str(at(item, self.family.identity)), safe='')}"

    def _row_uri(self, visit: Visit, item: Mapping[str, Any]) -> str:
        if not self.family.leads:
            return self._uri(visit, item)
        parts = {**visit.parts, "id": quote(str(at(item, self.family.identity)), safe="")}
        return "/console" + _filled(self.family.leads, parts)

    def _crumbs(self, visit: Visit, item: Mapping[str, Any] | None = None) -> list[Crumb]:
        """What stands above: lists and objects, by the path. Only the nearest object is asked for its name."""
        crumbs = []
        for parent in self.parents:
            uri = "/console" + _filled(parent.path, visit.parts)
            crumbs.append(Crumb(visit.t(parent.title), uri))
            part = visit.parts[_parameter(parent, self.family)]
            name = self._name_of(visit, parent, part) if parent is self.parents[-1] else ""
            crumbs.append(Crumb(name or visit.t(parent.one), f"{uri}/{part}"))
        crumbs.append(Crumb(visit.t(self.family.title), self._list_uri(visit)))
        if item is not None:
            crumbs.append(Crumb(self._name(item), self._here(visit)))
        return crumbs

    def _name_of(self, visit: Visit, parent: Family, part: str) -> str:
        try:
            item = visit.api.get(_filled(parent.item_api or parent.api + "/{id}", {**visit.parts, "id": part}))
        except ApiProblem:
            return ""  # the page stands without it
        return parent.name_of(item)


def parents_of(family: Family, families: Sequence[Family]) -> Sequence[Family]:
    """The families that one stands below, from the top."""
    above = [one for one in families if family.path.startswith(one.path + "/{")]
    return sorted(above, key=lambda one: len(one.path))


def _parameter(parent: Family, family: Family) -> str:
    """What the path of a family calls the id of an object of its parent."""
    return family.path.removeprefix(parent.path + "/{").partition("}")[0]


def _filled(template: str, parts: Mapping[str, str]) -> str:
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", value)
    return template
