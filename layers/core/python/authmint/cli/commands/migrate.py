"""``authmint migrate``: the tables of a deployment into the form of the installed release, with AWS credentials."""

import argparse
import sys
from typing import Any, Final

from ..parsers import add_command

_EXAMPLES: Final = """
authmint migrate --check                   say which form the tables have; status 1 where there is something to do
authmint migrate --stage prod              after the functions were deployed
authmint migrate --events-table restored-events --stage prod
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    migrate = add_command(
        commands,
        "migrate",
        summary="bring the tables into the form of this release, while the functions serve",
        description=(
            "Bring the tables into the form of this release, while the functions serve. It may be interrupted at any "
            "point and run again. Region and credentials are those of the AWS configuration."
        ),
        examples=_EXAMPLES,
    )
    migrate.add_argument("--stage", default="prod", help="of the deployment: part of its tables' names (default prod)")
    for table in ("config", "grants", "events"):
        migrate.add_argument(f"--{table}-table", metavar="NAME", help=f"default: authmint-STAGE-{table}")
    migrate.add_argument("--check", action="store_true", help="only say which form the tables have")
    migrate.set_defaults(run=_migrate)


def _migrate(options: argparse.Namespace) -> int:
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    from ...clock import SystemClock
    from ...dynamo.connection import SharedConnection
    from ...dynamo.migrations import Migrations
    from ...dynamo.schema_version import KNOWN
    from ...dynamo.tables import tables
    from ...storage.errors import Unavailable

    def name(table: str) -> str:
        return getattr(options, f"{table}_table") or f"authmint-{options.stage}-{table}"

    try:
        bound = tables(SharedConnection(Session()), config=name("config"), grants=name("grants"), events=name("events"))
        migrations = Migrations(bound, SystemClock(), lambda line: print(line, flush=True))
        if not options.check:
            migrations.run()
            return 0
        for table, form in migrations.forms().items():
            print(f"{table}: form {form} of {KNOWN}")
        return 0 if migrations.finished() else 1
    except (BotoCoreError, Unavailable) as error:
        print(f"authmint: {error}", file=sys.stderr)
        return 2
