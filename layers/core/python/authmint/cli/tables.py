"""What commands print: tables on a terminal, JSON for programs."""

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

#: A control character that JSON leaves as it is.
_ESCAPED: Final = {"\x7f": r"\u007f"}


def for_people(*, as_json: bool) -> bool:
    """Whether to print tables: on a terminal, unless JSON was asked for."""
    return sys.stdout.isatty() and not as_json


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json_of(value, indent=2))


def json_of(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON in which letters are themselves, and what a terminal might obey is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(one if _is_shown(one) else _ESCAPED.get(one) or json.dumps(one)[1:-1] for one in text)


def plain(text: str) -> str:
    """A text for a terminal: what is not printable is replaced, for others choose names, and a terminal obeys some."""
    return "".join(one if _is_shown(one) else "\N{REPLACEMENT CHARACTER}" for one in text)


def _is_shown(character: str) -> bool:
    return character == "\n" or character.isprintable() or unicodedata.category(character) == "Zs"


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table with the members of the first row as columns. A value may be text, number, flag or nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(plain(title if rows else f"{title}: none"), style="bold"))
    if not rows:
        return
    table = Table()
    for column in rows[0]:
        table.add_column(plain(str(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(_shown(value))) for value in row.values()))  # Text: a value is never markup
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
