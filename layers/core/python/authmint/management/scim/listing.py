"""Lists (RFC 7644 §3.4.2), and what is shown of a resource (§3.9)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ...http import Response
from ..http.call import Call
from ..http.filters import Condition
from .filters import condition_of
from .messages import MOST_RESULTS, ScimError, page_of
from .vocabulary import spelled

_T = TypeVar("_T")
#: Resources that one request looks at: what it costs does not grow with the deployment.
MOST_LOOKED_AT: Final = 20_000
_ALWAYS: Final = frozenset({"schemas", "id"})


@dataclass(frozen=True)
class Found:
    """What a filter means: how much, and a page of it from a place on."""

    total: int
    start: int
    resources: Sequence[Mapping[str, Any]]

    def response(self) -> Response:
        """The answer."""
        return page_of(self.resources, total=self.total, start=self.start)

    def followed_by(self, other: "Found") -> "Found":
        """This, and then something else."""
        return Found(self.total + other.total, self.start, [*self.resources, *other.resources])


def find(
    call: Call,
    candidates: Callable[[Condition | None], Iterable[_T]],
    shown: Callable[[_T, Condition | None], Mapping[str, Any] | None],
    *,
    before: Found | None = None,
) -> Found:
    """A page of what a filter means.

    Args:
        call: With ``filter``, ``startIndex``, ``count``.
        candidates: Among which those of a condition are.
        shown: A resource, where a condition means it.
        before: What comes before all of it.

    Raises:
        ScimError: invalidFilter, invalidValue, tooMany.
    """
    text = call.request.query_value("filter")
    condition = condition_of(text) if text else None
    start = max(1, _number(call, "startIndex", 1))
    count = max(0, min(_number(call, "count", MOST_RESULTS), MOST_RESULTS))
    passed, taken = (0, 0) if before is None else (before.total, len(before.resources))
    first, count = max(1, start - passed), count - taken
    total = 0
    resources: list[Mapping[str, Any]] = []
    for looked_at, candidate in enumerate(candidates(condition)):
        if looked_at >= MOST_LOOKED_AT or not call.retrying.in_time():
            raise ScimError(400, "The filter means too many resources: ask for userName, externalId or id.", "tooMany")
        resource = shown(candidate, condition)
        if resource is None:
            continue
        total += 1
        if first <= total < first + count:
            resources.append(projected(resource, call))
    return Found(total, start, resources)


def walk(read: Callable[[str | None], Sequence[_T]], key: Callable[[_T], str], size: int) -> Iterator[_T]:
    """Everything in a listing by key, as far as it is taken."""
    after = None
    while page := read(after):
        yield from page
        if len(page) < size:
            return
        after = key(page[-1])


def projected(resource: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    """A resource with the attributes that a request asks for, or without those that it does not want."""
    only, without = _names(call, "attributes"), _names(call, "excludedAttributes")
    if only:
        return {name: value for name, value in resource.items() if name in _ALWAYS or name in only}
    return {name: value for name, value in resource.items() if name in _ALWAYS or name not in without}


def wants(call: Call, name: str) -> bool:
    """Whether an attribute is going to be shown."""
    only = _names(call, "attributes")
    return name in only if only else name not in _names(call, "excludedAttributes")


def _names(call: Call, parameter: str) -> frozenset[str]:
    """Top-level names; of ``name.givenName`` all of ``name`` is shown, of an extension all of it."""
    text = call.request.query_value(parameter) or ""
    found = set()
    for one in filter(None, (part.strip() for part in text.split(","))):
        urn, _, attribute = one.rpartition(":")
        core = not urn or urn.lower().startswith("urn:ietf:params:scim:schemas:core:")
        found.add(spelled(attribute.partition(".")[0]) if core else spelled(urn))
        found.add(spelled(one))
    return frozenset(found)


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.query_value(name)
    try:
        return default if not text else int(text[:12])
    except ValueError:
        raise ScimError(400, f"{name} is a number.", "invalidValue") from None
