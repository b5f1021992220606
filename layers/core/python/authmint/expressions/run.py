"""One evaluation: the facts, what is left of the budget, and what was read."""

from typing import Final

from .errors import EvaluationFailed
from .facts import Facts
from .values import MAX_SIZE, Object, Value

#: Work that the claims of one token may take together. A unit is a step, or 16 bytes of output; all of it takes less
#: than 0.2 s.
WORK: Final = 100_000
_BYTES_PER_UNIT: Final = 16


class Run:
    """What the functions of the language are given.

    Attributes:
        facts: ``None`` while constants are folded.
        group: The group that ``getFilteredGroups`` renders.
        reads: Names and values that were read; ``None`` where nobody asked.
    """

    __slots__ = ("_facts", "_left", "group", "reads")

    def __init__(self, facts: Facts | None, reads: dict[str, Value] | None = None) -> None:
        self._facts = facts
        self.reads = reads
        self.group: Object | None = None
        self._left = WORK

    @property
    def facts(self) -> Facts:
        if self._facts is None:
            raise EvaluationFailed("a constant cannot read facts")
        return self._facts

    def spend(self, units: int = 1) -> None:
        """Use up a part of the budget. Raises EvaluationFailed where none is left."""
        self._left -= units
        if self._left < 0:
            raise EvaluationFailed("the expressions need more work together than is allowed")

    def make(self, size: int) -> None:
        """Announce a text or an array before it is made."""
        if size > MAX_SIZE:
            raise EvaluationFailed(f"a value is larger than {MAX_SIZE}")
        self.spend(1 + size // _BYTES_PER_UNIT)

    def note(self, name: str, value: Value) -> None:
        """Remember that a fact was read."""
        if self.reads is not None:
            self.reads[name] = value
