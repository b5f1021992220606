"""Forms of pages: what is shown in them, what was typed, and why it was refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..http import Response
from .errors import ApiProblem
from .fields import BadField, Field, at, put_at
from .visit import Visit

_CAME_FIRST: Final = (
    "Somebody else changed this meanwhile. What you typed is kept, and what stands there now is said beside it: save "
    "again to put yours in its place."
)


def inputs(
    visit: Visit, fields: Sequence[Field], body: Mapping[str, Any], *, new: bool = False, again: bool = False
) -> list[tuple[Field, Any, bool]]:
    """Fields with what stands in them, and whether it can be written. ``again``: what was typed is shown again."""
    posted = again and visit.request.method == "POST" and visit.form.texts("shown")
    return [
        (
            field,
            field.typed(visit.form) if posted and is_open(field, new=new) else field.shown(body),
            is_open(field, new=new),
        )
        for field in fields
    ]


def fill(body: dict[str, Any], fields: Sequence[Field], visit: Visit) -> None:
    """Write what was typed into an object of the API. Raises BadField."""
    new = visit.request.path.endswith("/new") or "kind" in visit.parts
    for field in fields:
        if not is_open(field, new=new):
            continue
        value = field.written(visit.form)
        if field.least and value in (None, "", []):
            raise BadField(field.path, visit.t("This has to be filled in."))
        if value in (None, []) and at(body, field.path) is None:
            continue  # it was not there, and still is not
        put_at(body, field.path, value)


def resolved(visit: Visit, fields: Sequence[Field]) -> Sequence[Field]:
    """Fields with the names of what can be chosen; where that is too much, or may not be seen, ids are typed."""
    found = []
    for field in fields:
        options = None if field.source is None else _options(visit, field.key, *field.source)
        if field.source is None:
            found.append(field)
        elif options is None:
            found.append(replace(field, kind="list" if field.kind == "choices" else "text", code=True))
        else:
            found.append(replace(field, options=(*field.options, *options)))
    return found


def _options(
    visit: Visit, key: Callable[[Mapping[str, Any]], str], path: str, name: str
) -> Sequence[tuple[str, str]] | None:
    try:
        listed, more = visit.api.page(path)
    except ApiProblem as problem:
        if problem.passes:
            raise
        return None
    return None if more else [(key(one), str(at(one, name))) for one in listed]


def is_open(field: Field, *, new: bool) -> bool:
    """Whether it can be written on this page."""
    return field.only in ("", "new" if new else "there")


def copied(value: Any) -> Any:
    """A value of JSON that can be changed without its original."""
    if isinstance(value, Mapping):
        return {name: copied(member) for name, member in value.items()}
    return list(map(copied, value)) if isinstance(value, list) else value


def see_other(uri: str) -> Response:
    """On to another page, after a form did what it should."""
    return Response(303, b"", (("location", uri), ("cache-control", "no-store")))


def status_of(problem: ApiProblem | BadField | None) -> int:
    """The status of a page that says why a form was refused, or that none was."""
    if problem is None:
        return 200
    return 422 if isinstance(problem, BadField) else problem.status


def problem_of(problem: ApiProblem | BadField | None) -> dict[str, Any] | None:
    """The refusal, for templates."""
    if problem is None:
        return None
    if isinstance(problem, BadField):
        return {"text": problem.why, "causes": (), "field": problem.name, "code": "", "passes": False}
    text = _CAME_FIRST if problem.came_first else problem.summary
    return {
        "text": text,
        "causes": problem.causes,
        "field": "",
        "code": problem.code,
        "passes": problem.passes,
    }


def now_there(fields: Sequence[Field], item: Mapping[str, Any] | None, visit: Visit) -> Mapping[str, Any]:
    """What stands in the object now, of the fields in which something else was typed."""
    found = {field.path: (field.shown(item or {}), field.typed(visit.form)) for field in fields if not field.only}
    return {path: shown for path, (shown, typed) in found.items() if shown != _with_one_end(typed)}


def _with_one_end(typed: Any) -> Any:
    """Lines as they are shown; browsers end them with two characters."""
    return typed.replace("\r\n", "\n") if isinstance(typed, str) else typed
