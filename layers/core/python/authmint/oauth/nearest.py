"""What is said of a name that is not known: which it was, and the nearest one that is. For logs and explanations."""

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 200
#: How alike two names must be for one to be a slip of the other (``difflib``'s ratio).
_ALIKE: Final = 0.6


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A reason, as in: ``scope 'orders:raed' is not known; the nearest that is: 'orders:read'``.

    Args:
        kind: What it should have been the name of.
        name: As somebody wrote it; cut to what a log line can hold.
        known: What there is.
    """
    import difflib  # who writes names right never needs it

    said = f"{kind} '{name[:_LONGEST]}' is not known"
    nearest = difflib.get_close_matches(name[:_LONGEST], list(known), n=1, cutoff=_ALIKE)
    return f"{said}; the nearest that is: '{nearest[0]}'" if nearest else said
