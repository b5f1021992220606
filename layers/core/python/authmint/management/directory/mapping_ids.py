"""Ids of mappings: they follow from the app or provider, so that a pair is there from the moment that this is."""

import re
from dataclasses import dataclass
from typing import Final

#: Of ids as they are made here: the first digit of the time is free until the year 2081.
_OWN: Final = re.compile(r"0oa0([0-9A-Za-z]{16})")
_SHORT: Final = re.compile(r"prm([01])([0-9A-Za-z]{16})")
_LONG: Final = re.compile(r"prm-(to|from)-user-(.{1,100})")


@dataclass(frozen=True)
class Direction:
    """One of a pair: whose, and which way. ``to_user``: the owner is the source."""

    owner_id: str
    to_user: bool


def mapping_id(direction: Direction) -> str:
    """The id of a mapping."""
    own = _OWN.fullmatch(direction.owner_id)
    if own is None:
        return f"prm-{'to' if direction.to_user else 'from'}-user-{direction.owner_id}"
    return f"prm{0 if direction.to_user else 1}{own[1]}"


def direction_of(text: str) -> Direction | None:
    """Which mapping an id names, whether there is one or not; ``None``: it is no id of one."""
    short, long = _SHORT.fullmatch(text), _LONG.fullmatch(text)
    found = None
    if short is not None:
        found = Direction(f"0oa0{short[2]}", short[1] == "0")
    elif long is not None:
        found = Direction(long[2], long[1] == "to")
    # Each mapping has one id: what could be said in the short form is not found by the long one.
    return found if found is not None and mapping_id(found) == text else None
