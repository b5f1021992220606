"""Everything that a deployment has, read over its management API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..patience import Patient, Unreadable
from .kinds import Item, Kind, segment

#: What an API answers where it has no such thing.
_NONE: Final = frozenset({400, 401, 404, 405, 410, 501})


@dataclass(frozen=True)
class Trouble:
    """Something that is not, or was not, brought in.

    Attributes:
        title: What kind of thing it is.
        name: What it is called.
        why: In words, the API's own where it refused.
    """

    title: str
    name: str
    why: str


@dataclass
class Snapshot:
    """A deployment.

    Attributes:
        items: By kind, in the order of its lists.
        lacking: What has no equivalent, by name.
        unread: What could not be read.
        names: What objects are called, by id.
    """

    items: dict[str, list[Item]] = field(default_factory=dict)
    lacking: list[Trouble] = field(default_factory=list)
    unread: list[Trouble] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def of(self, kind: Kind) -> Sequence[Item]:
        """All of a kind."""
        return self.items.get(kind.word, ())

    def below(self, item: Item) -> Mapping[str, Sequence[Item]]:
        """What stands below an object, by kind."""
        if item.mark not in self._children:
            return {}
        return self._children[item.mark]

    def put(self, item: Item) -> None:
        """Note an object."""
        self.items.setdefault(item.kind.word, []).append(item)
        if not item.kind.refers:
            self.names.setdefault(item.id, item.kind.name(item.raw))
        if item.parent is not None:
            self._children.setdefault(item.parent.mark, {}).setdefault(item.kind.word, []).append(item)

    def __post_init__(self) -> None:
        self._children: dict[str, dict[str, list[Item]]] = {}


def read_org(org: Patient, kinds: Sequence[Kind]) -> Snapshot:
    """Everything of these kinds. Raises RemoteFailed."""
    found = Snapshot()
    for kind in kinds:
        parents: Sequence[Item | None] = [None] if kind.parent is None else found.items.get(kind.parent, [])
        for parent in parents:
            if parent is not None and parent.kind.lacks(parent.raw):
                continue
            try:
                for item in items_of(org, kind, parent, found.names):
                    found.put(item)
                    if (why := kind.lacks(item.raw)) is not None:
                        found.lacking.append(Trouble(kind.title, item.name, why))
            except Unreadable as error:
                if not (kind.optional and error.status in {*_NONE, 403}):
                    found.unread.append(Trouble(kind.title, parent.name if parent else "all of them", str(error)))
    return found


def items_of(org: Patient, kind: Kind, parent: Item | None, names: Mapping[str, str]) -> Iterator[Item]:
    """All of a kind below one parent. Raises Unreadable, RemoteFailed."""
    try:
        for raw in kind.read(org, parent):
            identifier = kind.id_of(raw)
            # Whatever is asked of it later.
            _ = segment(identifier), kind.name(raw), kind.key(raw), kind.lacks(raw) or kind.body(raw)
            yield Item(kind, identifier, raw, parent, names.get(identifier) if kind.refers else None)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise Unreadable(200, "the answer has a shape that nobody knows") from None


def lacking_elsewhere(org: Patient, lists: Sequence[tuple[str, str, str]]) -> Iterator[Trouble]:
    """What lists hold of which there is nothing here. Raises RemoteFailed."""
    for path, title, why in lists:
        answer = org.read(path)
        if answer.status == 200:
            for one in _listed(answer.json()):
                yield Trouble(title, _name_of(one), why)


def _listed(shown: Any) -> Sequence[Mapping[str, Any]]:
    """The objects of an answer, which is a list or has one."""
    if isinstance(shown, Mapping):
        shown = next((value for value in shown.values() if isinstance(value, list)), [])
    return [one for one in shown if isinstance(one, Mapping)] if isinstance(shown, list) else []


def _name_of(one: Mapping[str, Any]) -> str:
    primary = one.get("primary")
    named = one.get("name") or one.get("label") or one.get("domain") or one.get("id")
    return str(named or (primary.get("name") if isinstance(primary, Mapping) else None) or "?")
