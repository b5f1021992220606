"""Durations as policies write them (ISO 8601): days, hours, minutes, seconds, and nothing longer."""

import re
from typing import Final

_DURATION: Final = re.compile(r"P(?=[\dT])(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10})S)?)?")
_UNITS: Final = (86_400, 3_600, 60, 1)


def seconds_of(text: str) -> int | None:
    """The seconds; ``None``: it is no such duration."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    return sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS, strict=True))
