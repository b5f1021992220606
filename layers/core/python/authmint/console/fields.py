"""Fields of forms: where their values stand in an object of the API, and how people write them."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..web.forms import Form

Kind = Literal["text", "area", "number", "decimal", "choice", "choices", "flag", "list", "json", "password"]


class BadField(Exception):
    """What was typed is no value of its kind. The message is for whoever typed it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name
        self.why = why


def _same(value: Any) -> Any:
    return value


def _id(one: Mapping[str, Any]) -> str:
    return str(one["id"])


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        path: Where its value stands, by names with dots between them; also the name of its input.
        label, hint: English texts.
        options: Of choices: values and their English texts.
        source: Of choices: a collection of the API and where the names of its objects stand; their ids are the values.
        key: Of a source: the value that stands for one of its objects, where that is not its id.
        only: Where it can be written; elsewhere it is shown.
        least: It may not be left empty.
        code: It is shown in type of fixed width.
        shows, reads: What its input shows of a value, and the value of what its input says, where they differ.
        aside: It is one of those that few need, which are folded away.
    """

    path: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    only: Literal["", "new", "there"] = ""
    least: bool = False
    code: bool = False
    aside: bool = False
    source: tuple[str, str] | None = None
    key: Callable[[Mapping[str, Any]], str] = _id
    shows: Callable[[Any], Any] = _same
    reads: Callable[[Any], Any] = _same

    def shown(self, body: Mapping[str, Any]) -> Any:
        """Its value in an object, as its input shows it."""
        value = at(body, self.path)
        value = None if value is None else self.shows(value)
        match self.kind:
            case "flag":
                return value is True
            case "choices":
                return [str(one) for one in value or ()]
            case "list":
                return "\n".join(str(one) for one in value or ())
            case "json":
                return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
            case _:
                return "" if value is None else str(value)

    def typed(self, form: Form) -> Any:
        """What somebody typed, to be shown again."""
        if self.kind == "choices":
            return form.texts(self.path)
        return bool(form.texts(self.path)) if self.kind == "flag" else form.text(self.path)

    def written(self, form: Form) -> Any:
        """The value for the API; ``None``: it was left empty. Raises BadField."""
        value = self._written(form)
        return None if value is None else self.reads(value)

    def _written(self, form: Form) -> Any:
        if self.kind in {"choices", "flag"}:
            return form.texts(self.path) if self.kind == "choices" else bool(form.texts(self.path))
        text = form.text(self.path).replace("\r\n", "\n")
        match self.kind:
            case "list":
                return [line.strip() for line in text.splitlines() if line.strip()]
            case "number":
                return self._number(text)
            case "decimal":
                return self._decimal(text)
            case "json":
                return self._json(text)
            case _:
                return text or None

    def _number(self, text: str) -> int | None:
        if not text.strip():
            return None
        try:
            return int(text)
        except ValueError:
            raise BadField(self.path, "This must be a whole number.") from None

    def _decimal(self, text: str) -> float | None:
        try:
            number = float(text) if text.strip() else None
        except ValueError:
            number = math.nan
        if number is not None and not math.isfinite(number):
            raise BadField(self.path, "This must be a number.")
        return number

    def _json(self, text: str) -> Any:
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            raise BadField(self.path, f"This is no JSON: {error}") from None


def at(body: Any, path: str) -> Any:
    """What stands at a path of an object; ``None``: nothing."""
    for name in path.split("."):
        if isinstance(body, list) and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        elif isinstance(body, Mapping):
            body = body.get(name)
        else:
            return None
    return body


def put_at(body: dict[str, Any], path: str, value: Any) -> None:
    """Write a value there; what is in between is made."""
    *between, last = path.split(".")
    for name in between:
        below = body.get(name)
        if not isinstance(below, dict):
            below = body[name] = {}
        body = below
    body[last] = value
