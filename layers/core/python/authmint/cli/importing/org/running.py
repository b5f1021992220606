"""One import: read both sides, plan, carry out."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...remote import RemoteFailed
from ..patience import Patient
from .applying import Applying, Outcome
from .catalogue import ELSEWHERE, FAMILIES, catalogue
from .directory import Passwords
from .kinds import Kind
from .planning import Plan, left_behind, plan_of
from .reading import Trouble, lacking_elsewhere, read_org
from .references import References
from .state import State

#: Kinds that others name by their ids: they are looked up whatever is brought in.
_NAMED: Final = frozenset(
    {"user-type", "group", "user", "zone", "behavior", "inline-hook", "identity-provider", "app", "policy", "server"}
)

_PASSWORD_HOOK: Final = "com.okta.user.credential.password.import"
_NO_HOOK: Final = "no password import hook is active here: nobody of them can sign in by a password before one is"


@dataclass(frozen=True)
class Choice:
    """What is brought in, and how.

    Attributes:
        families: Words of ``FAMILIES``.
        leaves: What is there under the same name stays as it is.
    """

    families: Collection[str]
    passwords: Passwords = "later"
    leaves: bool = False


class Import:
    """An import from one deployment into another."""

    def __init__(self, source: Patient, target: Patient, choice: Choice, state: Path) -> None:
        """Raises RemoteFailed: the state is of something else."""
        if source.url == target.url:
            raise RemoteFailed("source and target are the same deployment")
        self._source = source
        self._target = target
        self._choice = choice
        self._chosen = frozenset(word for family in choice.families for word in FAMILIES[family])
        self.kinds = _needed(catalogue(choice.passwords), self._chosen)
        self._references = References()
        self._state = State(state, source.url, target.url)

    def plan(self) -> Plan:
        """What would be done. Changes nothing. Raises RemoteFailed."""
        self._found = read_org(self._source, self.kinds)
        there = read_org(self._target, self.kinds)
        if there.unread:
            first = there.unread[0]
            raise RemoteFailed(f"the target does not show {first.title} ({first.name}): {first.why}")
        plan, self._pairing = plan_of(
            self._found, there, self.kinds, self._chosen, self._state, self._references, leaves=self._choice.leaves
        )
        chosen = [kind for kind in self.kinds if kind.word in self._chosen]
        left_behind(self._source, self._found, plan, self._state, chosen)
        if set(FAMILIES) <= set(self._choice.families):
            plan.lacking += lacking_elsewhere(self._source, ELSEWHERE)
        return plan

    def apply(self, plan: Plan, told: Callable[[int, int], None]) -> Outcome:
        """Carry it out. Raises RemoteFailed: the target does not answer, or breaks; the next run goes on from there."""
        outcome = Applying(self._target, self._found, self._pairing, self._state, self._references, told).run(plan)
        made = any(step.item.kind.word == "user" and step.action == "create" for step in plan.steps)
        if made and self._choice.passwords == "hook" and not self._asks_elsewhere():
            outcome.notes.append(Trouble("users", "all of them", _NO_HOOK))
        return outcome

    def _asks_elsewhere(self) -> bool:
        """Whether the target asks another directory about passwords."""
        hooks = self._target.items("/api/v1/inlineHooks")
        return any(one.get("type") == _PASSWORD_HOOK and one.get("status") == "ACTIVE" for one in hooks)

    def close(self) -> None:
        """Let others use the state."""
        self._state.close()


def _needed(kinds: Sequence[Kind], chosen: Collection[str]) -> Sequence[Kind]:
    """Kinds that are brought in, named, or stood below, in order."""
    words = {*_NAMED, *chosen}
    parents = {kind.word: kind.parent for kind in kinds}
    for word in [*words]:
        above = parents.get(word)
        while above is not None:
            words.add(above)
            above = parents.get(above)
    return [kind for kind in kinds if kind.word in words]
