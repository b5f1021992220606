"""Families of objects that administrators list, make, change and take away: each says what is particular to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .fields import Field, at


@dataclass(frozen=True)
class Column:
    """One column of a list. ``path``: of the value, or what makes it."""

    label: str
    path: str | Callable[[Mapping[str, Any]], Any]

    def of(self, item: Mapping[str, Any]) -> Any:
        """The value of one object."""
        value = at(item, self.path) if isinstance(self.path, str) else self.path(item)
        if isinstance(value, bool):
            return value
        return ", ".join(map(str, value)) if isinstance(value, list) else ("" if value is None else value)


@dataclass(frozen=True)
class Action:
    """Something that can be done to an object besides changing it.

    Attributes:
        name: In the path of its form.
        label: English text of its button.
        path: Below the object's own, at the API.
        when: The values of ``status`` at which it makes sense; empty: always.
        body: What is sent.
        danger: What it ends does not come back by itself: it is asked for twice.
        shows: It answers something that is shown once.
    """

    name: str
    label: str
    path: str
    method: Literal["POST", "PUT", "DELETE"] = "POST"
    when: frozenset[str] = frozenset()
    body: Any = None
    danger: bool = False
    shows: bool = False


@dataclass(frozen=True)
class Tab:
    """A page below an object: ``path`` below the object's own in the console."""

    label: str
    path: str


@dataclass(frozen=True)
class Family:
    """Objects of one kind.

    Attributes:
        path: Below ``/console``; names in braces are ids of what they stand below.
        api: The collection at the API, with the same names in braces.
        title, one: English: of the list, and of one of them.
        name: Where an object's name stands.
        section: Which entry of the navigation it belongs to.
        makes: Fields of a new one; empty: none can be made here.
        fields: Of one that is there; ``None``: the same.
        base: What a new one holds beside what is typed.
        replaces: How a change is sent; ``""``: there are none.
        removes: Whether they can be taken away.
        identity: Where the id stands.
        search: The query parameter that finds some by their names; empty: there is none.
        removal: English: what stops working when one goes.
        empty: English: what to do where there is none.
        guide: Page and section of the guide.
        tabs: Further pages of one of them.
        item_api: Of one, where it is not below ``api``.
        query: Of the list, for the API.
        ordered: They have a ``priority`` among each other, and can be moved up and down.
    """

    path: str
    api: str
    title: str
    one: str
    section: str
    columns: Sequence[Column] = ()
    name: str = "name"
    makes: Sequence[Field] = ()
    fields: Sequence[Field] | None = None
    base: Mapping[str, Any] = field(default_factory=dict)
    replaces: Literal["PUT", "POST", ""] = "PUT"
    removes: bool = True
    actions: Sequence[Action] = ()
    identity: str = "id"
    search: str = ""
    removal: str = ""
    empty: str = ""
    guide: str = ""
    tabs: Sequence[Tab] = ()
    item_api: str = ""
    query: str = ""
    ordered: bool = False

    @property
    def shown(self) -> Sequence[Field]:
        """The fields of one that is there."""
        return self.makes if self.fields is None else self.fields
