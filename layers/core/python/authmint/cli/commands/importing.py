"""``authmint import``: what another directory holds, brought in over the API."""

import argparse
from pathlib import Path
from typing import Any, Final

from ..importing.people import Plan, apply, plan_of, schema_of
from ..importing.people_file import Columns, Row, read
from ..parsers import add_command
from ..remote import RemoteFailed, add_options, of_options
from ..tables import for_people, print_json, print_table
from . import importing_org

_EXAMPLES: Final = """
authmint import users --csv people.csv                 the plan; on a terminal it asks before it does it
authmint import users --csv people.csv --apply         without asking; the same again goes on where it stopped
authmint import users --csv people.csv --map E-Mail=email --map "First Name=firstName" --ignore Notes
"""


def add(commands: Any) -> None:
    """Add the command's parsers."""
    parser = commands.add_parser("import", help="bring in what another directory holds")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    users = add_command(
        kinds,
        "users",
        summary="make users of the rows of a CSV file; 1: some cannot be made",
        examples=_EXAMPLES,
        description="Makes users of the rows of a CSV file. Columns are attributes of the profile; beside these "
        "password, or hash ($2b$…, $argon2id$…), or hash.algorithm, hash.value and what else the Users API takes of a "
        "hash; groups (names, semicolons between them); active. It shows a plan first. Users whose "
        "login is there already are left alone.",
    )
    users.add_argument("--csv", metavar="FILE", required=True, type=Path, help="UTF-8; the first line names columns")
    users.add_argument("--map", metavar="COLUMN=ATTRIBUTE", action="append", default=[], help="one of another name")
    users.add_argument("--ignore", metavar="COLUMN", action="append", default=[], help="a column that is left out")
    importing_org.add_applying(users)
    add_options(users)
    users.set_defaults(run=_users)
    importing_org.add(kinds)


def _users(options: argparse.Namespace) -> int:
    remote = of_options(options)
    renamed = dict(_pair(text) for text in options.map)
    columns = Columns(schema_of(remote), renamed, frozenset(options.ignore))
    plan = plan_of(remote, read(options.csv, columns), columns)
    if for_people(as_json=options.json) and not options.apply:
        _print(plan, applied=False, as_json=False)
        if not (plan.made and importing_org.is_wanted(options)):
            return int(bool(plan.refused))
        options.apply = True
    if options.apply:
        plan = apply(remote, plan)
    _print(plan, applied=options.apply, as_json=options.json)
    return int(bool(plan.refused))


def _pair(text: str) -> tuple[str, str]:
    column, separator, attribute = text.partition("=")
    if not (column and separator and attribute):
        raise RemoteFailed(f"--map {text}: COLUMN=ATTRIBUTE is what it takes")
    return column, attribute


def _print(plan: Plan, *, applied: bool, as_json: bool) -> None:
    counts = {"made" if applied else "to make": len(plan.made), "there already": len(plan.there)}
    refused = [_shown(row) for row in plan.refused]
    if not for_people(as_json=as_json):
        print_json({"applied": applied, "made": len(plan.made), "there": len(plan.there), "refused": refused})
        return
    print_table("users", [counts | {"refused": len(refused)}])
    print_table("rows that cannot be users", refused)


def _shown(row: Row) -> dict[str, Any]:
    return {"row": row.number, "login": row.login, "problem": row.problem}
