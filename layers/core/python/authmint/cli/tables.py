"""What commands print: tables on a terminal, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def for_people(*, as_json: bool) -> bool:
    """Whether to print tables: on a terminal, unless JSON was asked for."""
    return sys.stdout.isatty() and not as_json


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table with the members of the first row as columns. A value may be text, number, flag or nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(title if rows else f"{title}: none", style="bold"))
    if not rows:
        return
    table = Table()
    for column in rows[0]:
        table.add_column(str(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row.values()))  # Text: a value is never markup
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
