"""A plan carried out: object by object, each noted as soon as it is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...remote import Answer, RemoteFailed, words
from ..patience import TRIES, Patient, Unreadable, Unsure
from .kinds import Item, Kind, Making, Raw
from .planning import Pairing, Plan, Step, differences, done_of, guarded, wanted_of
from .reading import Snapshot, Trouble, items_of
from .references import References, UnknownReference
from .state import Done, State

_MOST_GROUPS: Final = 15


class _Refused(Exception):
    """An object that the target does not take, with the reason."""


class _Waiting(Exception):
    """An object whose parent is not there."""


@dataclass
class Outcome:
    """What became of a plan.

    Attributes:
        done: How many objects were made or changed.
        waiting: How many belong to others that are refused: they were not tried.
        refused: Those that could not be, and why.
        notes: What somebody has to know, or do, about those that were made.
    """

    done: int = 0
    waiting: int = 0
    refused: list[Trouble] = field(default_factory=list)
    notes: list[Trouble] = field(default_factory=list)


class Applying:
    """One run."""

    def __init__(
        self,
        org: Patient,
        source: Snapshot,
        pairing: Pairing,
        state: State,
        references: References,
        told: Callable[[int, int], None] = lambda _, __: None,
    ) -> None:
        """``told`` is called with how many steps were done, of how many."""
        self._org = org
        self._source = source
        self._pairing = pairing
        self._state = state
        self._references = references
        self._told = told
        self._targets = dict(pairing.pairs)
        self._listed: set[tuple[str, str]] = set()
        self._joined: set[str] = set()
        self._unresolved: list[tuple[Step, Item, Any]] = []
        self._outcome = Outcome()

    def run(self, plan: Plan) -> Outcome:
        """Carry a plan out. Raises RemoteFailed: the target does not answer; the next run goes on from there."""
        groups = _groups_to_join(plan)
        todo = len(plan.changing)
        for number, step in enumerate(plan.changing, 1):
            try:
                self._do(step, groups)
            except _Waiting:
                self._outcome.waiting += 1
            except _Refused as refusal:
                self._refuse(step.item, str(refusal))
            self._told(number, todo)
        self._resolve()
        for step in plan.steps:
            if step.action == "same" and step.target is not None:
                self._note(step.item, step.target)
        return self._outcome

    def _refuse(self, item: Item, why: str) -> None:
        without = f"; {item.kind.without}" if item.kind.without else ""
        self._outcome.refused.append(Trouble(item.kind.title, item.name, why + without))

    def _do(self, step: Step, groups: Mapping[str, Sequence[Item]]) -> None:
        item, target = step.item, step.target
        parent = self._parent(item)
        if target is None and item.mark in self._joined:
            self._outcome.done += 1
            return
        new = False
        if target is None and item.kind.listed_anew:
            target = self._found_anew(item, parent)
        try:
            body = self._body(item)
            if target is None:
                target, new = self._make(item, parent, body, groups)
        except UnknownReference as unknown:
            named = self._source.names.get(unknown.identifier, unknown.identifier)
            raise _Refused(f"it names {named}, which is not here") from None
        if self._finish(step, target, body, new=new) or new:
            self._outcome.done += 1
        if item.kind.names_own:
            self._unresolved.append((step, target, body))

    def _body(self, item: Item) -> Any:
        """What is sent. Raises UnknownReference."""
        body = item.kind.body(item.raw)
        return self._references.guessed(body) if item.kind.names_own else self._references.translated(body)

    def _resolve(self) -> None:
        """Change what named others of its kind that were not there yet, and are now."""
        for step, target, sent in self._unresolved:
            body = self._body(step.item)
            if body != sent:
                try:
                    self._changed(step, target, body)
                except _Refused as refusal:
                    self._refuse(step.item, str(refusal))
                else:
                    self._state.put(step.item.mark, done_of(step.item, target.id, guarded(body, step.item.kind)))

    def _parent(self, item: Item) -> Item | None:
        if item.parent is None:
            return None
        parent = self._targets.get(item.parent.mark)
        if parent is None:
            raise _Waiting
        return parent

    def _found_anew(self, item: Item, parent: Item | None) -> Item | None:
        """The object, where making another one has made it. The list is read once for each parent."""
        place = item.kind.word, parent.mark if parent else ""
        if place not in self._listed:
            self._listed.add(place)
            self._list(item.kind, parent)
        found = self._pairing.find(item, parent)
        if found is None and item.kind.is_fixed(item.raw):
            raise _Refused("it comes with the source, and is not here")
        return found

    def _list(self, kind: Kind, parent: Item | None) -> None:
        try:
            self._pairing.offer(list(items_of(self._org, kind, parent, {})))
        except Unreadable as error:
            raise _Refused(str(error)) from None

    def _make(
        self, item: Item, parent: Item | None, body: Any, groups: Mapping[str, Sequence[Item]]
    ) -> tuple[Item, bool]:
        """The object at the target, and whether it was made now."""
        kind = item.kind
        if (missing := kind.missing(item.raw)) is not None:
            raise _Refused(missing)
        joins = [one for one in groups.get(item.id, ()) if one.parent and one.parent.mark in self._targets]
        joins = joins[:_MOST_GROUPS] if kind.word == "user" else []
        making = Making(
            item,
            parent,
            self._references.translated(item.id) if kind.refers else "",
            [self._targets[one.parent.mark].id for one in joins if one.parent],
            self._source.below(item),
        )
        found, made = self._once(body, making)
        if made is not None and (note := kind.note(making, made.raw)):
            self._outcome.notes.append(Trouble(kind.title, item.name, note))
        target = made or found
        if target is None:
            raise _Refused("it could not be made")
        self._targets[item.mark] = target
        if not kind.refers:
            self._references.put(item.id, target.id)
            self._state.put(item.mark, Done(target.id, "", item.name))
        if made is not None:
            for one in joins:
                self._joined.add(one.mark)
                self._state.put(one.mark, done_of(one, target.id, wanted_of(one)))
        return target, made is not None

    def _once(self, body: Any, making: Making) -> tuple[Item | None, Item | None]:
        """The object, found or made: where it is not known whether it was made, it is looked for before the next try.

        Raises:
            RemoteFailed: The target is broken for too long.
        """
        kind = making.source.kind
        for attempt in range(TRIES):
            try:
                answer = kind.make(self._org, body, making)
            except Unsure:
                self._org.pause(attempt)
                self._list(kind, making.parent)
                if (found := self._pairing.find(making.source, making.parent)) is not None:
                    return found, None
                continue
            _check(answer)
            raw = kind.made(answer, making)
            made = Item(kind, kind.id_of(raw), raw, making.parent)
            self._pairing.offer([made])
            self._pairing.find(making.source, making.parent)
            return None, made
        raise RemoteFailed(f"{self._org.url} is broken: the same again goes on where it stopped")

    def _finish(self, step: Step, target: Item, body: Any, *, new: bool) -> bool:
        """Bring an object that is there to where it is at the source, and note it. Gives whether that took a change."""
        item, kind = step.item, step.item.kind
        wanted = guarded(body, kind)
        self._targets[item.mark] = target
        fresh = new and not kind.settles
        differs = not fresh and bool(kind.replaces and (step.changes or differences(wanted, kind, target)))
        differs = differs and list(step.changes) != ["status"]
        raw = self._changed(step, target, body) if differs else target.raw
        moves = kind.moves(item.raw, raw)
        for verb in moves:
            _check(self._org.change("POST", f"{kind.at(target)}/lifecycle/{verb}"))
        self._state.put(item.mark, done_of(item, target.id, wanted))
        return differs or bool(moves)

    def _changed(self, step: Step, target: Item, body: Any) -> Raw:
        """The object as it is after a change."""
        answer = step.item.kind.change(self._org, target, body, known=step.known)
        if answer is None:
            return target.raw
        _check(answer)
        shown = answer.json() if answer.body else None
        return shown if isinstance(shown, Mapping) and "status" in shown else target.raw

    def _note(self, item: Item, target: Item) -> None:
        """Remember what is as it should be, so that only what changes at the source is looked at again."""
        self._state.put(item.mark, done_of(item, target.id, self._references.guessed(wanted_of(item))))


def _check(answer: Answer) -> None:
    """Raises _Refused with the API's own words."""
    if answer.status >= 300:
        raise _Refused(words(answer))


def _groups_to_join(plan: Plan) -> Mapping[str, list[Item]]:
    """Memberships of people who are to be made, by the id of the person: but for groups that rules fill."""
    filled: set[str] = set()
    new: set[str] = set()
    for step in plan.steps:
        raw: Raw = step.item.raw
        if step.item.kind.title == "group rules":
            filled |= set(raw["actions"]["assignUserToGroups"]["groupIds"])
        elif step.item.kind.word == "user" and step.action == "create":
            new.add(step.item.id)
    found: dict[str, list[Item]] = {}
    for step in plan.steps:
        item, group = step.item, step.item.parent
        is_new = item.kind.word == "membership" and step.action == "create" and item.id in new
        if is_new and group is not None and group.id not in filled:
            found.setdefault(item.id, []).append(item)
    return found
