"""What the log says of mappings."""

from collections.abc import Sequence

from ..audit.builder import EventBuilder
from ..storage.events import Event, Party
from .mapping import Step


def problem_event(build: EventBuilder, step: Step, *, actor: Party, targets: Sequence[Party], direction: str) -> Event:
    """An attribute stays as it was, for its expression gave no value that fits. The value itself is not told."""
    return build.event(
        "application.appuser.mapping.invalid.expression",
        actor=actor,
        targets=targets,
        reason=step.problem,
        debug={"attribute": step.attribute, "expression": step.expression, "direction": direction},
    )
