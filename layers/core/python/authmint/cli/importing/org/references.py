"""Ids in objects: those of the source become those of the target."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_ID: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{20}(?![A-Za-z0-9])")
#: How ids begin that objects name others by.
_NAMED: Final = ("00g", "00u", "00p", "0oa", "aus", "aut", "bhv", "cal", "nzo", "oty", "rst", "who")


class UnknownReference(Exception):
    """An object names another one that the target does not have."""

    def __init__(self, identifier: str) -> None:
        super().__init__(identifier)
        self.identifier = identifier


class References:
    """What the ids of the source are at the target."""

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}

    def know(self, source_id: str) -> None:
        """Note that the source has such an object; what it is at the target is not known yet."""
        if _ID.fullmatch(source_id):
            self._ids.setdefault(source_id, None)

    def put(self, source_id: str, target_id: str) -> None:
        """Note what an object of the source is at the target."""
        self._ids[source_id] = target_id

    def get(self, source_id: str) -> str | None:
        """The id at the target; ``None``: there is none yet."""
        return self._ids.get(source_id)

    def translated(self, value: Any) -> Any:
        """A value with the ids of the target. Raises UnknownReference."""
        return self._walk(value, self._named)

    def guessed(self, value: Any) -> Any:
        """The same for comparing: what is not at the target yet stays as it is, and so equals nothing there."""
        return self._walk(value, lambda text: self._ids.get(text) or text)

    def _named(self, text: str) -> str:
        known = self._ids.get(text)
        if known is None and (text in self._ids or text.startswith(_NAMED)):
            raise UnknownReference(text)
        return known or text

    def _walk(self, value: Any, named: Callable[[str], str]) -> Any:
        if isinstance(value, str):
            if _ID.fullmatch(value):
                return named(value)
            # In a text, as of an expression, only what the source is known to have is an id for certain.
            return _ID.sub(lambda match: named(match[0]) if match[0] in self._ids else match[0], value)
        if isinstance(value, Mapping):
            return {self._walk(name, named): self._walk(one, named) for name, one in value.items()}
        if isinstance(value, list):
            return [self._walk(one, named) for one in value]
        return value


def covers(actual: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is so: members that nobody asks about may be anything."""
    if isinstance(wanted, Mapping):
        members = actual if isinstance(actual, Mapping) else {}
        return all(covers(members.get(name), one) for name, one in wanted.items())
    if isinstance(wanted, list):
        there = actual if isinstance(actual, list) else []
        if all(isinstance(one, str) for one in (*wanted, *there)):
            return sorted(wanted) == sorted(there)
        return len(there) == len(wanted) and all(map(covers, there, wanted))
    if wanted in (None, "", False):
        return actual in (None, "", False, [], {})
    return bool(actual == wanted)
