"""How unusual a sign-on is. Found once, at its first proof, and kept until it ends (docs/protocol.md §33.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .facts import BehaviorResult, RiskLevel


@dataclass(frozen=True)
class Assessment:
    """What was found.

    Attributes:
        reasons: Words for what raised the level, as the log has them.
        behaviors: Results by id of the behaviour.
    """

    level: RiskLevel = "LOW"
    reasons: tuple[str, ...] = ()
    behaviors: Mapping[str, BehaviorResult] = field(default_factory=dict)
