"""The clock of the running local stack: the machine's, and as far ahead as ``authmint clock`` moved it."""

import re
import struct
import tempfile
from pathlib import Path
from typing import Final

_INTEGER: Final = struct.Struct("<q")
_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SECONDS: Final = (86_400, 3_600, 60, 1)
#: A hundred years: more is a slip of the keyboard.
MOST: Final = 36_525 * 86_400


def duration(text: str) -> int:
    """Seconds of ``2h``, ``90m``, ``30d`` or ``1d12h``.

    Raises:
        ValueError: It is none of these, or longer than a hundred years.
    """
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is no duration; one is written like 2h, 90m, 30d or 1d12h")
    seconds = sum(int(number) * unit for number, unit in zip(match.groups(), _SECONDS, strict=True) if number)
    if seconds > MOST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return seconds


class LocalClock:
    """How far the functions' clocks are ahead, in a file that all of them look at.

    Args:
        data: Directory that keeps the stack's state: time does not go back when it starts again.
    """

    def __init__(self, data: Path | None) -> None:
        directory = Path(tempfile.mkdtemp(prefix="authmint-")) if data is None else data
        self._temporary = data is None
        self.path = directory / "clock"
        if not self.path.is_file() or self.path.stat().st_size != _INTEGER.size:
            directory.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(_INTEGER.pack(0))

    @property
    def ahead(self) -> int:
        """How many seconds the functions' clocks are ahead."""
        seconds: int = _INTEGER.unpack(self.path.read_bytes())[0]
        return seconds

    def advance(self, seconds: int) -> int:
        """Move on; how far it is ahead then. In place: running functions hold the file."""
        ahead = self.ahead + seconds
        with self.path.open("r+b") as file:
            file.write(_INTEGER.pack(ahead))
        return ahead

    def close(self) -> None:
        """Forget it, where nothing is kept."""
        if self._temporary:
            self.path.unlink(missing_ok=True)
            self.path.parent.rmdir()
