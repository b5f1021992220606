"""What a token hangs on, as who gives it a place in a status list has to know."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...storage.lineages import Ancestor


@dataclass(frozen=True)
class Hung:
    """What a token hangs on beside its client.

    Attributes:
        family_id: ``None``: it has no family.
        unlisted: Families whose records do not say yet that tokens in lists end with them.
        lineage: Tokens that it was given for.
    """

    family_id: str | None = None
    unlisted: tuple[str, ...] = ()
    lineage: "tuple[Ancestor, ...]" = ()
