"""The checkout as tests of documents read it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
_KINDS: Final = frozenset({".py", ".md", ".yaml", ".toml", ".mjs", ".sh", ".tf", ".html", ".css"})
_PLACES: Final = ("docs", "examples", "functions", "layers", "tests", "costs", "events")
_NOT_OURS: Final = frozenset({"node_modules", "__pycache__"})


def documents() -> list[Path]:
    """Every document for people: at the top, below ``docs`` and ``examples``."""
    return [*sorted(CHECKOUT.glob("*.md")), *_below("docs", {".md"}), *_below("examples", {".md"})]


def sources() -> Iterator[Path]:
    """Every file of the project that is text and written by hand."""
    for path in CHECKOUT.iterdir():
        if path.is_file() and (path.suffix in _KINDS or path.name == "Makefile"):
            yield path
    for place in _PLACES:
        yield from _below(place, _KINDS)


def _below(place: str, kinds: frozenset[str] | set[str]) -> Iterator[Path]:
    for path in sorted((CHECKOUT / place).rglob("*")):
        if path.suffix in kinds and _NOT_OURS.isdisjoint(path.parts) and path.is_file():
            yield path
