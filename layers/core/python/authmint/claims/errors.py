"""How expressions and claims fail: when they are saved, and when they are evaluated."""


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
    """More groups than a claim may hold (runtime contract §17)."""


class ClaimFailed(Exception):
    """A claim could not be evaluated, so there is no token.

    Attributes:
        name: Of the claim.
        system: Whether it is a system claim.
        too_many_groups: It matched more groups than a claim may hold.
        reason: For logs; never holds a value.
    """

    def __init__(self, name: str, *, system: bool, too_many_groups: bool = False, reason: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.system = system
        self.too_many_groups = too_many_groups
        self.reason = reason
