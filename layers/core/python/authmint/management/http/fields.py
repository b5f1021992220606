"""Reads the members of a JSON body and collects what is wrong, in the order of reading (docs/protocol.md §23.3).

A member of the wrong JSON type makes the body malformed (E0000003), as it does where typed objects are read.
``null`` counts as left out.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from ...http import Request
from ...jose.encoding import strict_json
from .errors import ApiError, invalid

MAX_BODY: Final = 1_048_576
BLANK: Final = "The field cannot be left blank"
TOO_LONG: Final = "The field is too long"


def json_object(request: Request) -> Mapping[str, Any]:
    """The body. Raises ApiError (E0000003) where it is not one JSON object."""
    if len(request.body) > MAX_BODY:
        raise ApiError("E0000003")
    try:
        body = strict_json(request.body)
    except (ValueError, RecursionError):
        raise ApiError("E0000003") from None
    if not isinstance(body, dict):
        raise ApiError("E0000003")
    return body


class Fields:
    """The members of one object, and of those below it."""

    def __init__(self, body: Mapping[str, Any], path: str = "", problems: list[tuple[str, str]] | None = None) -> None:
        self._body = body
        self._path = path
        self.problems: list[tuple[str, str]] = [] if problems is None else problems

    def has(self, name: str) -> bool:
        """Whether the member is there and not ``null``."""
        return self._body.get(name) is not None

    def raw(self, name: str) -> Any:
        """The member as it stands."""
        return self._body.get(name)

    def names(self) -> tuple[str, ...]:
        """Names of all members."""
        return tuple(self._body)

    def below(self, name: str) -> "Fields":
        """The object of that name; an empty one where it is left out."""
        return Fields(self._typed(name, dict) or {}, f"{self._path}{name}.", self.problems)

    def item(self, name: str, place: int) -> "Fields":
        """The object at a place of the list of that name, which has to be one."""
        return Fields(self._body[name][place], f"{self._path}{name}[{place}].", self.problems)

    def objects(self, name: str, *, most: int = 100) -> list["Fields"]:
        """The objects of the list of that name, each to be read; none where it is left out, or too long.

        Raises:
            ApiError: E0000003: it is no list of objects.
        """
        sent = self.raw(name)
        if sent is None:
            return []
        if not isinstance(sent, list) or not all(isinstance(one, dict) for one in sent):
            raise ApiError("E0000003")
        if len(sent) > most:
            self.problem(name, f"There can be at most {most}.")
            return []
        return [self.item(name, place) for place in range(len(sent))]

    def text(self, name: str, *, required: bool = False, longest: int = 255) -> str | None:
        """A string; where ``required``, not blank."""
        value: str | None = self._typed(name, str)
        if required and (value is None or not value.strip()):
            self.problem(name, BLANK)
        elif value is not None and len(value) > longest:
            self.problem(name, TOO_LONG)
        return value

    def choice(self, name: str, allowed: Collection[str], default: str, *, required: bool = False) -> Any:
        """One of a few words."""
        value = self._typed(name, str)
        if value is None:
            if required:
                self.problem(name, BLANK)
            return default
        if value not in allowed:
            self.problem(name, f"must be one of [{', '.join(allowed)}].")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """The member as a boolean; the default where it is missing."""
        value: bool | None = self._typed(name, bool)
        return default if value is None else value

    def number(self, name: str) -> int | None:
        """The member as a whole number within its bounds."""
        value: int | None = self._typed(name, int)
        return value

    def texts(self, name: str, *, longest: int = 1_024, most: int = 1_000) -> tuple[str, ...] | None:
        """A list of strings without repetitions; ``None`` where it is left out."""
        value = self._typed(name, list)
        if value is None:
            return None
        if not all(isinstance(item, str) for item in value):
            raise ApiError("E0000003")
        if len(value) > most or any(len(item) > longest for item in value):
            self.problem(name, TOO_LONG)
        return tuple(dict.fromkeys(value))

    def free(self, name: str, *, longest: int) -> Mapping[str, Any]:
        """An object of any JSON, in at most so many characters; an empty one where it is left out."""
        value: Mapping[str, Any] = self._typed(name, dict) or {}
        if len(json.dumps(value)) > longest:
            self.problem(name, TOO_LONG)
        return value

    def problem(self, name: str, message: str) -> None:
        """Note that something is wrong with a member."""
        self.problems.append((self._path + name, message))

    def check(self) -> None:
        """Raises ApiError (E0000001) where anything was wrong: subject is the first field."""
        if self.problems:
            raise invalid(self.problems[0][0], *(f"{field}: {message}" for field, message in self.problems))

    def _typed(self, name: str, kind: type[Any]) -> Any:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ApiError("E0000003")
        return value
