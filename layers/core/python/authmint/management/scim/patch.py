"""PATCH (RFC 7644 §3.5.2), as the standard says it and as products send it (docs/protocol.md §41.5)."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..http.errors import ApiError
from ..http.filters import MAX_LENGTH
from .filters import condition_of, matches
from .messages import ScimError
from .vocabulary import CUSTOM, ENTERPRISE, GROUP, USER, canonical, spelled, truth

MOST: Final = 1_000
#: Of one attribute that has several: each that is added is compared with each.
_MOST_VALUES: Final = 100
_PATH: Final = re.compile(r"(?:(urn:[\w.:-]+):)?([\w$-]+)(?:\[(.*)\])?(?:\.([\w$-]+))?", re.DOTALL | re.IGNORECASE)
_BY_TYPE: Final = re.compile(r'\s*type\s+eq\s+"([^"\\]*)"\s*', re.IGNORECASE)
#: What a resource has several of.
SEVERAL: Final = frozenset({"emails", "phoneNumbers", "addresses", "members"})
_EXTENSIONS: Final = frozenset({ENTERPRISE, CUSTOM})


@dataclass(frozen=True)
class Place:
    """What a path leads to.

    Attributes:
        extension: In which the attribute is; ``None``: it is of the core.
        condition: Which of several values; empty: all.
        part: Of the attribute; ``None``: all of it.
    """

    attribute: str
    extension: str | None = None
    condition: str = ""
    part: str | None = None


@dataclass(frozen=True)
class Change:
    """One operation about one place. ``verb``: ``add``, ``replace`` or ``remove``."""

    verb: str
    place: Place
    value: Any


def place_of(path: str) -> Place:
    """What a path leads to. Raises ScimError (invalidPath)."""
    if spelled(path) in _EXTENSIONS:
        return Place(spelled(path))
    match = _PATH.fullmatch(path.strip()) if len(path) <= MAX_LENGTH else None
    if match is None:
        raise ScimError(400, f"{path[:200]} is no path.", "invalidPath")
    urn, attribute, condition, part = match.groups()
    extension = None if urn is None or spelled(urn) in {USER, GROUP} else spelled(urn)
    if extension is not None and extension not in _EXTENSIONS:
        raise ScimError(400, f"There is no schema {urn[:200]}.", "invalidPath")
    name = attribute if extension == CUSTOM else spelled(attribute)
    return Place(name, extension, condition or "", None if part is None else spelled(part))


def changes_of(body: Mapping[str, Any]) -> Iterator[Change]:
    """The operations of a request, each about one place. Raises ScimError."""
    operations = canonical(body).get("Operations")
    if not isinstance(operations, list) or len(operations) > MOST:
        raise ScimError(400, f"Operations is a list of at most {MOST}.", "invalidSyntax")
    for operation in operations:
        verb = operation.get("op") if isinstance(operation, Mapping) else None
        verb = verb.lower() if isinstance(verb, str) else ""
        if verb not in {"add", "replace", "remove"}:
            raise ScimError(400, "op is add, replace or remove.", "invalidSyntax")
        path, value = operation.get("path"), operation.get("value")
        if isinstance(path, str) and path:
            place = place_of(path)
            yield Change(verb, place, canonical(value, inside=place.extension or place.attribute))
        elif verb == "remove":
            raise ScimError(400, "What is to be removed? Say a path.", "noTarget")
        elif not isinstance(value, Mapping):
            raise ScimError(400, "Without a path the value is an object.", "invalidSyntax")
        else:
            # Names may be paths here: products write "name.givenName", and attributes of extensions with their schema.
            yield from (Change(verb, place_of(name), one) for name, one in value.items())


def patched(resource: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """A resource after all operations of a request; of one that cannot be done none is.

    Raises:
        ScimError: invalidPath, noTarget, invalidFilter, invalidSyntax, mutability.
    """
    after = copy.deepcopy(dict(resource))
    for change in changes_of(body):
        place = change.place
        if place.attribute == "id" and place.extension is None and change.value != resource.get("id"):
            raise ScimError(400, "An id does not change.", "mutability")
        if place.attribute in {"id", "schemas", "meta"} and place.extension is None:
            continue
        holder = after if place.extension is None else after.setdefault(place.extension, {})
        _apply(change, holder)
    return after


def _apply(change: Change, holder: dict[str, Any]) -> None:
    place, value = change.place, truth(change.value)
    name = place.attribute
    if name in SEVERAL:
        _apply_several(change, holder)
    elif place.condition:
        raise ScimError(400, f"There is one {name}: it has no condition.", "invalidPath")
    elif place.part is not None:
        inner = holder.get(name)
        inner = dict(inner) if isinstance(inner, Mapping) else {}
        _set(change.verb, inner, place.part, value)
        holder[name] = inner
    elif change.verb != "remove" and isinstance(value, Mapping) and isinstance(holder.get(name), Mapping):
        # Sub-attributes that are not named stay (RFC 7644 §3.5.2.1, §3.5.2.3).
        holder[name] = {**holder[name], **value}
    else:
        _set(change.verb, holder, name, value)


def _set(verb: str, holder: dict[str, Any], name: str, value: Any) -> None:
    if verb == "remove" or value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


def _apply_several(change: Change, holder: dict[str, Any]) -> None:
    place, verb, value = change.place, change.verb, change.value
    known = [dict(one) for one in holder.get(place.attribute) or []]
    chosen = [one for one in known if _fits(one, place.condition)]
    if place.condition and not chosen and verb != "remove":
        by_type = _BY_TYPE.fullmatch(place.condition)
        if by_type is None:
            raise ScimError(400, "No value fits the condition.", "noTarget")
        chosen = [{"type": by_type[1]}]
        known += chosen
    if place.part is not None:
        for one in chosen:
            _set(verb, one, place.part, truth(value))
    elif verb == "remove":
        # Some products name what to remove by the value, and not by a condition.
        gone = chosen if value in (None, []) else [one for one in chosen if _among(one, value)]
        known = [one for one in known if not any(one is other for other in gone)]
    elif place.condition:
        for one in chosen:
            one.update(value if isinstance(value, Mapping) else {"value": value})
    else:
        sent = [dict(one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]
        if len(known) + len(sent) > _MOST_VALUES:
            raise ScimError(400, f"{place.attribute[:100]} can have at most {_MOST_VALUES} values.", "invalidValue")
        fresh = [one for one in sent if not (verb == "add" and any(_same(one, other) for other in known))]
        if any(truth(one.get("primary")) is True for one in fresh):
            known = [{**one, "primary": False} for one in known]
        known = [*known, *fresh] if verb == "add" else fresh
    holder[place.attribute] = [
        {**one, "primary": truth(one["primary"])} if "primary" in one else one for one in known if set(one) - {"type"}
    ]


def _fits(one: Mapping[str, Any], condition: str) -> bool:
    if not condition:
        return True
    try:
        return matches(condition_of(condition), one)
    except ApiError:
        raise ScimError(400, "The condition of the path is none.", "invalidFilter") from None


def _among(one: Mapping[str, Any], value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(one.get("value") == (other.get("value") if isinstance(other, Mapping) else other) for other in values)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.get("value") is not None and all(one.get(part) == other.get(part) for part in ("value", "type"))
