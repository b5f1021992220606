"""Regular expressions of administrators, matched in linear time by RE2: no pattern can make a token slow."""

from functools import lru_cache
from typing import Any, Final

from .errors import EvaluationFailed

#: Bytes that one pattern may take. RE2 slows down rather than take more.
_MEMORY: Final = 262_144


class BadPattern(ValueError):
    """Not a regular expression of RE2, or one that is too large."""


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Any:
    """The pattern, ready to match.

    Raises:
        BadPattern: It does not compile.
    """
    import re2  # a native library that few claims need

    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        raise BadPattern("is not a regular expression, or too large a one") from None


def without_slashes(pattern: str) -> str:
    """A pattern for names of groups may stand between slashes (docs/protocol.md §12.5)."""
    return pattern[1:-1] if len(pattern) > 1 and pattern[0] == pattern[-1] == "/" else pattern


def matches(pattern: str, text: str) -> bool:
    """Whether all of the text matches (docs/protocol.md §12.6)."""
    try:
        return compiled(pattern).fullmatch(text) is not None
    except BadPattern:
        raise EvaluationFailed("a regular expression does not compile") from None
    except UnicodeEncodeError:
        raise EvaluationFailed("a text is not Unicode") from None
