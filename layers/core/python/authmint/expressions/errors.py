"""How expressions fail: when they are saved, and when they are evaluated."""


class ExpressionError(ValueError):
    """An expression cannot be saved.

    Attributes:
        at: Position of the offending character, from 0.
        problem: What is wrong and what to do.
    """

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(f"{problem} (at position {at + 1})")
        self.at = at
        self.problem = problem


class EvaluationFailed(Exception):
    """An expression has no value for these facts. The message says why and never holds a value."""


class TooManyGroups(EvaluationFailed):
    """More groups than a claim may hold (docs/protocol.md §11.4)."""
