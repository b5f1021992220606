"""Families of objects that administrators list, make, change and take away: each says what is particular to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .fields import Field, at
from .visit import Visit


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
        ends: English: what that is, where it is not what is said of a removal.
        shows: It answers something that is shown once.
    """

    name: str
    label: str
    path: str
    method: Literal["POST", "PUT", "DELETE"] = "POST"
    when: frozenset[str] = frozenset()
    body: Any = None
    danger: bool = False
    ends: str = ""
    shows: bool = False


@dataclass(frozen=True)
class Pick:
    """A new one is chosen among objects that are there, found by their names, instead of being described.

    Attributes:
        api: The collection to choose from.
        columns: What tells them apart.
        label: English text of the button beside each.
        search: The query parameter that finds some.
        method: ``POST``: its ``id`` goes to the family's collection; ``PUT``: to the path of its own below it.
        sends: What is sent of an id, by ``POST``.
    """

    api: str
    columns: Sequence[Column]
    label: str
    search: str = "q"
    method: Literal["POST", "PUT"] = "PUT"
    sends: Callable[[str], Any] = lambda identity: {"id": identity}


@dataclass(frozen=True)
class Kind:
    """One of the ways to make a new one, with a form of its own.

    Attributes:
        name: In the path of its form.
        label, text: English: what it is called, and what it is for.
        base: What a new one holds beside what is typed.
    """

    name: str
    label: str
    text: str
    makes: Sequence[Field]
    base: Mapping[str, Any] = field(default_factory=dict)


def _nothing_more(_: Visit, __: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Made:
    """What is shown after one was made, where that is shown once.

    Attributes:
        template: Of the page.
        more: What it needs besides the answer.
    """

    template: str = "shown_once.html"
    more: Callable[[Visit, Mapping[str, Any]], Mapping[str, Any]] = _nothing_more


@dataclass(frozen=True)
class Tab:
    """A page below an object: ``path`` below the object's own in the console."""

    label: str
    path: str


@dataclass(frozen=True)
class Trial:
    """How an object is tried before it is saved.

    Attributes:
        template: Of its form, instead of the usual one.
        values: What the template shows besides.
        tries: What comes of what is typed.
    """

    template: str
    values: Callable[[Visit], Mapping[str, Any]]
    tries: Callable[[Visit], Mapping[str, Any]]


@dataclass(frozen=True)
class Family:
    """Objects of one kind.

    Attributes:
        path: Below ``/console``; names in braces are ids of what they stand below.
        api: The collection at the API, with the same names in braces.
        title, one: English: of the list, and of one of them.
        name: Where an object's name stands, or what makes it.
        section: Which entry of the navigation it belongs to.
        makes: Fields of a new one; empty: none can be made here.
        fields: Of one that is there; ``None``: the same.
        base: What a new one holds beside what is typed.
        replaces: How a change is sent; ``""``: there are none.
        removes: Whether they can be taken away.
        identity: Where the id stands.
        search: The query parameter that finds some by their names; empty: there is none.
        removal: English: what stops working when one goes, or is switched off.
        empty: English: what to do where there is none.
        guide: Page and section of the guide.
        tabs: Further pages of one of them.
        item_api: Of one, where it is read elsewhere than below ``api``.
        query: Of the list, for the API.
        own_api: Of one, where it is made and taken away elsewhere than below ``api``.
        sends: What the API is sent of what is typed, for a new one.
        views: Some of them: English text, and the query for the API.
        items: Where the list stands in the API's answer; empty: it is the answer.
        names: Where the API has an object of the list under the same id, and where its name stands there: the list
            has it as ``_name``.
        kinds: Ways to make a new one, instead of ``makes``.
        picks: A new one is chosen, instead of ``makes``.
        made: What is shown after one was made.
        asks_name: Whether its name has to be typed before it goes.
        ordered: Their order, ``priority``, is moved in the list.
        leads: Where a row of the list leads, below ``/console``, where it is not the object's own page.
        steps: English: how one replaces another without an outage; shown above the list.
        step: At which of them a list is.
        more: Further fields of one, which depend on what the deployment has.
        in_list: Actions stand beside the objects in the list, too.
        trial: How one is tried before it is saved.
        used: Who used one lately, said before it goes or is switched off.
        hides: What no page shows of one, though the API does; left empty in a form, it stays.
    """

    path: str
    api: str
    title: str
    one: str
    section: str
    columns: Sequence[Column] = ()
    name: str | Callable[[Mapping[str, Any]], str] = "name"
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
    own_api: str = ""
    sends: Callable[[Any], Any] = lambda body: body
    views: Sequence[tuple[str, str]] = ()
    items: str = ""
    names: tuple[str, str] | None = None
    kinds: Sequence[Kind] = ()
    picks: Pick | None = None
    made: Made | None = None
    asks_name: bool = True
    ordered: bool = False
    leads: str = ""
    steps: Sequence[str] = ()
    step: Callable[[Sequence[Mapping[str, Any]]], int] = len
    more: Callable[[Visit, Mapping[str, Any] | None], Sequence[Field]] | None = None
    in_list: bool = False
    trial: "Trial | None" = None
    used: Callable[[Visit, Mapping[str, Any]], str] | None = None
    hides: Sequence[str] = ()

    def name_of(self, item: Mapping[str, Any]) -> str:
        """What an object is called; empty: it has no name."""
        return str(at(item, self.name) or "") if isinstance(self.name, str) else self.name(item)

    @property
    def can_make(self) -> bool:
        """Whether there is a page for a new one."""
        return bool(self.makes or self.kinds or self.picks)

    @property
    def shown(self) -> Sequence[Field]:
        """The fields of one that is there."""
        return self.makes if self.fields is None else self.fields
