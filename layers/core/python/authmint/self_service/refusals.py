"""Why something about one's own account is not done. Nothing was changed."""

from collections.abc import Sequence
from typing import Literal

Why = Literal[
    "administers", "gone", "not_allowed", "not_linkable", "off", "only_way_in", "provisioned", "taken", "too_soon"
]


class NotDone(Exception):
    """It is not done, for this reason."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class BadProfile(Exception):
    """What is asked for is no profile. ``problems``: names of attributes, and what is wrong with each."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(", ".join(name for name, _ in problems))
        self.problems = tuple(problems)


class NotWritable(Exception):
    """Attributes that are not for their user to change. ``names``: which."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)
