"""Passwords that many people use, by a list that is asked offline: loaded only where a password is chosen."""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

_LIST: Final = Path(__file__).with_name("common_passwords.txt")
#: What people put in the place of letters.
_DISGUISES: Final = str.maketrans("@4301!|$57+8", "aaeoiilssttb")
_AROUND: Final = re.compile(r"^[^a-z]+|[^a-z]+$")
_AFTER: Final = re.compile(r"[^a-z]+$")
#: Characters: more different ones are needed than this.
_FEWEST: Final = 3


def is_common(password: str) -> bool:
    """Whether a password is one that many use, as it is or under a thin disguise.

    ``P@ssw0rd2026!`` is one: capitals, digits and signs around it, and signs in the place of letters, hide nothing.
    """
    folded = unicodedata.normalize("NFKC", password).casefold()
    bare = _AROUND.sub("", folded)
    undisguised = _AFTER.sub("", folded).translate(_DISGUISES)
    return len(set(folded)) <= _FEWEST or not _known().isdisjoint({folded, bare, undisguised})


@cache
def _known() -> frozenset[str]:
    lines = _LIST.read_text(encoding="ascii").splitlines()
    return frozenset(line.casefold() for line in lines if not line.startswith("#"))
