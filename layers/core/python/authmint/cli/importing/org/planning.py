"""What an import would do: each object of the source, compared with what the target has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..patience import Patient
from .directory import Users, deactivated
from .kinds import Item, Kind
from .reading import Snapshot, Trouble
from .references import References, covers
from .state import Done, State, digest_of

#: ``follow``: it comes with what it stands below, which is to be made, and is compared then; ``same``: it is there
#: already; ``leave``: another one of its name is there, and stays as it is.
Action = Literal["create", "follow", "update", "same", "leave"]


@dataclass(frozen=True)
class Step:
    """What is done about one object.

    Attributes:
        target: The object of the target that it is; ``None``: there is none yet.
        changes: Members that are changed.
        known: It was brought in before.
    """

    item: Item
    action: Action
    target: Item | None = None
    changes: Sequence[str] = ()
    known: bool = False


@dataclass
class Plan:
    """All of it, in order.

    Attributes:
        lacking: What has no equivalent.
        unread: What could not be read.
        gone: What was brought in before, and is not at the source any more; it stays.
    """

    steps: list[Step] = field(default_factory=list)
    lacking: list[Trouble] = field(default_factory=list)
    unread: list[Trouble] = field(default_factory=list)
    gone: list[Trouble] = field(default_factory=list)

    @property
    def changing(self) -> Sequence[Step]:
        """Those that change something."""
        return [step for step in self.steps if step.action in {"create", "follow", "update"}]

    def counts(self) -> Mapping[Kind, Mapping[str, int]]:
        """By kind, how many there are of each action."""
        counted: dict[Kind, dict[str, int]] = {}
        for step in self.steps:
            of_kind = counted.setdefault(
                step.item.kind, dict.fromkeys(("create", "follow", "update", "leave", "same"), 0)
            )
            of_kind[step.action] += 1
        return counted


class Pairing:
    """Which object of the target is which of the source: by the state, else by what it is called.

    Attributes:
        pairs: Those of the target by the marks of those of the source.
    """

    def __init__(self, state: State, references: References) -> None:
        self._state = state
        self._references = references
        self._by_id: dict[tuple[str, str, str], Item] = {}
        self._by_key: dict[tuple[str, str, str], list[Item]] = {}
        self._claimed: set[str] = set()
        self._reserved: set[str] = set()
        self.pairs: dict[str, Item] = {}

    def offer(self, items: Sequence[Item]) -> None:
        """Objects of the target. Those that were brought in before are not anybody else's."""
        for item in items:
            place = item.kind.title, item.parent.mark if item.parent else ""
            if (*place, item.id) in self._by_id:
                continue
            self._by_id[*place, item.id] = item
            self._by_key.setdefault((*place, item.kind.key(item.raw)), []).append(item)

    def reserve(self, items: Sequence[Item]) -> None:
        """Objects of the source that were brought in before have theirs, whoever else has that name by now."""
        for item in items:
            if (done := self._state.done.get(item.mark)) is not None and done.target_id != item.id:
                self._reserved.add(done.target_id)

    def find(self, item: Item, parent: Item | None) -> Item | None:
        """The one of the target that an object is, below what its parent is there."""
        place = item.kind.title, parent.mark if parent else ""
        if item.kind.refers:
            return self._by_id.get((*place, self._references.get(item.id) or ""))
        done = self._state.done.get(item.mark)
        found = None if done is None else self._by_id.get((*place, done.target_id))
        if found is None:
            named = self._by_key.get((*place, item.kind.key(item.raw)), ())
            found = next((one for one in named if self._is_free(one)), None)
        if found is not None:
            self._claimed.add(found.mark)
        return found

    def _is_free(self, item: Item) -> bool:
        return item.mark not in self._claimed and item.id not in self._reserved


def plan_of(
    source: Snapshot,
    target: Snapshot,
    kinds: Sequence[Kind],
    chosen: Collection[str],
    state: State,
    references: References,
    *,
    leaves: bool = False,
) -> tuple[Plan, Pairing]:
    """What an import would do.

    Args:
        source: Where it comes from.
        target: Where it goes.
        kinds: In order.
        chosen: Words of the kinds that are brought in; the others are only looked up.
        state: What was done before.
        references: Filled with what is known.
        leaves: What is there under the same name, and was not brought in, stays as it is.
    """
    lacking = [one for one in source.lacking if one.title in {kind.title for kind in kinds if kind.word in chosen}]
    plan = Plan(lacking=lacking, unread=[*source.unread])
    pairing = Pairing(state, references)
    pairs = pairing.pairs
    for kind in kinds:
        pairing.offer(target.of(kind))
        pairing.reserve(source.of(kind))
        found_of: list[tuple[Item, Item | None]] = []
        for item in source.of(kind):
            references.know(item.id)
            if kind.lacks(item.raw) is not None or (
                item.parent is not None and item.parent.kind.lacks(item.parent.raw)
            ):
                continue
            parent = None if item.parent is None else pairs.get(item.parent.mark)
            found = None if item.parent is not None and parent is None else pairing.find(item, parent)
            if found is not None:
                pairs[item.mark] = found
                if not kind.refers:
                    references.put(item.id, found.id)
            elif kind.is_fixed(item.raw) and not (item.parent is not None and parent is None):
                if kind.word in chosen:
                    plan.lacking.append(Trouble(kind.title, item.name, "it comes with the source, and is not here"))
                continue
            found_of.append((item, found))
        if kind.word in chosen:  # compared when all of the kind are found: they may name each other
            plan.steps += [_step(item, found, state, references, leaves=leaves) for item, found in found_of]
    return plan, pairing


def _step(item: Item, found: Item | None, state: State, references: References, *, leaves: bool) -> Step:
    kind, done = item.kind, state.done.get(item.mark)
    if found is None:
        return Step(item, "follow" if kind.is_fixed(item.raw) else "create", known=done is not None)
    wanted = references.guessed(wanted_of(item))
    digest = digest_of(wanted, kind.status(item.raw))
    if done is not None and done.target_id == found.id and done.digest == digest:
        return Step(item, "same", found, known=True)
    changes = differences(wanted, kind, found) if kind.replaces or kind.switches else []
    if done is not None and done.digest and done.digest.partition(" ")[0] != digest.partition(" ")[0] and kind.replaces:
        changes = changes or ["what was taken away"]  # of what is there more than is wanted nothing else tells
    if kind.moves(item.raw, found.raw):
        changes.append("status")
    if not changes:
        return Step(item, "same", found, known=done is not None)
    if leaves and done is None and not kind.is_fixed(item.raw):
        return Step(item, "leave", found, changes)
    return Step(item, "update", found, changes, known=done is not None)


def differences(wanted: Mapping[str, Any], kind: Kind, found: Item) -> list[str]:
    """Members of an object that the target has otherwise."""
    actual = guarded(kind.body(found.raw), kind) if kind.replaces else wanted
    return [name for name, value in wanted.items() if not covers(actual.get(name), value)]


def wanted_of(item: Item) -> dict[str, Any]:
    """What is compared of an object: everything but secrets."""
    return guarded(item.kind.body(item.raw), item.kind)


def guarded(body: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """A body without its secrets."""
    shown = dict(body)
    for path in kind.guarded:
        shown = _without(shown, path)
    return shown


def _without(body: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    name, rest = path[0], path[1:]
    if not rest or not isinstance(body.get(name), Mapping):
        return {other: value for other, value in body.items() if other != name}
    return {**body, name: _without(body[name], rest)}


def left_behind(org: Patient, source: Snapshot, plan: Plan, state: State, kinds: Sequence[Kind]) -> None:
    """Note in the plan what was brought in and is not at the source any more; deactivated people are deactivated.

    Raises:
        RemoteFailed: The source does not answer.
    """
    seen = {item.mark for kind in kinds for item in source.of(kind)}
    titles = {kind.word: kind for kind in kinds}
    for mark, done in [*state.done.items()]:
        kind = titles.get(mark.rpartition("/")[2].partition(":")[0])
        if mark in seen or kind is None:
            continue
        raw = deactivated(org, mark.partition(":")[2]) if isinstance(kind, Users) else None
        if raw is None:
            plan.gone.append(Trouble(kind.title, done.name, "it is not at the source any more"))
        elif done != done_of(item := Item(kind, str(raw["id"]), raw), done.target_id, {}):
            plan.steps.append(Step(item, "update", Item(kind, done.target_id, {"status": ""}), ["status"], known=True))


def done_of(item: Item, target_id: str, wanted: Any) -> Done:
    """What the state remembers of an object that is as it should be."""
    return Done(target_id, digest_of(wanted, item.kind.status(item.raw)), item.name)
