"""What a kind of object says of itself, so that a deployment's objects can be made again at another one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote, urlsplit

from ...remote import Answer
from ..patience import Patient

Raw = Mapping[str, Any]
#: What a deployment says of every object, and nobody sends.
_READ_ONLY: Final = frozenset(
    {"id", "orn", "created", "createdBy", "lastUpdated", "lastUpdatedBy", "lastMembershipUpdated", "system", "status"}
    | {"_links", "_embedded", "objectClass", "apiResourceId"}
)


@dataclass(frozen=True, eq=False)
class Item:
    """An object as a deployment has it.

    Attributes:
        id: At that deployment.
        raw: As its API shows it.
        parent: What it stands below.
        label: What the object that it refers to is called.
    """

    kind: "Kind"
    id: str
    raw: Raw
    parent: "Item | None" = None
    label: str | None = None

    @property
    def segment(self) -> str:
        """Its id in a path."""
        return segment(self.id)

    @property
    def mark(self) -> str:
        """What it is called in the state: unique at its deployment."""
        above = f"{self.parent.mark}/" if self.parent else ""
        return f"{above}{self.kind.noted}:{self.id}"

    @property
    def name(self) -> str:
        """What people call it."""
        above = f"{self.parent.name}: " if self.parent and self.kind.names_parent else ""
        return f"{above}{self.label or self.kind.name(self.raw)}"


def above(parent: Item | None) -> Item:
    """What an object stands below, of a kind that always does. Raises ValueError: it was read as if it stood alone."""
    if parent is None:
        raise ValueError("an object of this kind stands below another one")
    return parent


@dataclass(frozen=True)
class Making:
    """What an object is made of besides its body.

    Attributes:
        source: As it is at the source.
        parent: What it stands below at the target.
        target_id: Of what it refers to, at the target.
        groups: Of a user: ids at the target of groups to join at once.
        children: What stands below it at the source, by kind.
    """

    source: Item
    parent: Item | None
    target_id: str = ""
    groups: Sequence[str] = ()
    children: Mapping[str, Sequence[Item]] = field(default_factory=dict)


class Kind:
    """Objects of one kind. What most kinds do is here; each kind says what is particular to it.

    Attributes:
        word: Of the kind, and no other one.
        title: For people.
        parent: The kind that it stands below.
        replaces: How one is changed; ``""``: it is only made.
        switches: Whether it is switched by ``lifecycle/activate`` and ``lifecycle/deactivate``.
        settles: Not everything can be said of a new one: it is changed at once.
        refers: It is the object of another kind with this id, as below its parent: matched by that id.
        optional: Not every deployment has them, or shows them: then there are none.
        names_parent: Its name says nothing without its parent's.
        listed_anew: What is there is looked at again before the first is made: making others may have made it.
        without: What is so while one is not here.
        names_own: It may name others of its kind, which are not there yet: it is made, and changed when they are.
        guarded: Members that are secrets, as paths: sent to a new one, never compared, and in no state.
    """

    word: ClassVar[str]
    title: ClassVar[str]
    parent: ClassVar[str | None] = None
    replaces: ClassVar[Literal["PUT", "POST", ""]] = "PUT"
    switches: ClassVar[bool] = False
    refers: ClassVar[bool] = False
    settles: ClassVar[bool] = False
    optional: ClassVar[bool] = False
    names_parent: ClassVar[bool] = False
    listed_anew: ClassVar[bool] = False
    without: ClassVar[str] = ""
    names_own: ClassVar[bool] = False
    guarded: ClassVar[Sequence[Sequence[str]]] = ()

    @property
    def noted(self) -> str:
        """What the state calls it."""
        return self.word

    def path(self, parent: Item | None) -> str:
        """Of the collection."""
        raise NotImplementedError

    def query(self) -> str:
        """For its list."""
        return ""

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        """Every one of them. Raises Unreadable, RemoteFailed."""
        yield from org.items(self.path(parent) + self.query())

    def id_of(self, raw: Raw) -> str:
        """At its deployment."""
        return str(raw["id"])

    def name(self, raw: Raw) -> str:
        """What people call it."""
        return str(raw.get("name") or raw.get("id"))

    def key(self, raw: Raw) -> str:
        """By which the same one is found at another deployment."""
        return self.name(raw)

    def lacks(self, raw: Raw) -> str | None:
        """Why there is no equivalent; ``None``: there is one."""
        return None

    def is_fixed(self, raw: Raw) -> bool:
        """Whether it comes with every deployment: it is never made, and left alone where it is not there."""
        return bool(raw.get("system"))

    def body(self, raw: Raw) -> dict[str, Any]:
        """What is sent, with the ids of the deployment that it was read from."""
        return {name: value for name, value in raw.items() if name not in _READ_ONLY and value is not None}

    def status(self, raw: Raw) -> str | None:
        """What it is to be switched to; ``None``: nothing."""
        return str(raw["status"]) if self.switches and raw.get("status") in {"ACTIVE", "INACTIVE"} else None

    def missing(self, raw: Raw) -> str | None:
        """Why one cannot be made though it could be changed: a secret that the source does not tell."""
        return None

    def note(self, making: Making, made: Raw) -> str | None:
        """What somebody has to know of a new one."""
        return None

    def at(self, item: Item) -> str:
        """Path of one."""
        return f"{self.path(item.parent)}/{item.segment}"

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        """Make one. Raises Unsure, RemoteFailed."""
        inactive = "?activate=false" if self.switches and self.status(making.source.raw) == "INACTIVE" else ""
        return org.make(self.path(making.parent) + inactive, body)

    def made(self, answer: Answer, making: Making) -> Raw:
        """A new one, as it is at the target."""
        if self.refers:
            return {"id": making.target_id}
        shown: Raw = answer.json()
        return shown

    def change(self, org: Patient, target: Item, body: Any, *, known: bool) -> Answer | None:
        """Change one; ``None``: there is nothing to be changed but its status.

        Args:
            org: The target.
            target: What is changed.
            body: What it is to be.
            known: It was brought in before, so that what the body leaves out is to go.

        Raises:
            RemoteFailed: The target does not answer.
        """
        return org.change(self.replaces, self.at(target), body) if self.replaces else None

    def moves(self, source: Raw, target: Raw) -> Sequence[str]:
        """Below ``lifecycle/``, what brings one at the target to where it is at the source."""
        wanted = self.status(source)
        if wanted is None or wanted == target.get("status"):
            return ()
        return ("activate" if wanted == "ACTIVE" else "deactivate",)


def segment(word: str) -> str:
    """A word of a deployment as one segment of a path. Raises ValueError: it cannot be one."""
    if word in {"", ".", ".."}:  # quoted or not, these lead elsewhere
        raise ValueError(word)
    return quote(word, safe="")


def path_of(url: str) -> str:
    """The path of a link."""
    return urlsplit(url).path


def link_of(raw: Raw, name: str) -> str | None:
    """The path that a link of an object leads to."""
    link = (raw.get("_links") or {}).get(name)
    return path_of(link["href"]) if isinstance(link, Mapping) and link.get("href") else None


def without(body: Any, *members: str) -> dict[str, Any]:
    """An object without some of its members."""
    return {name: value for name, value in body.items() if name not in members}
