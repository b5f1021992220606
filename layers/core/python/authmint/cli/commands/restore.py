"""``authmint restore``: a deployment's tables from their backups, and whether they are whole."""

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import Any

from ..parsers import add_command
from ..tables import print_json

_EXAMPLES = """
authmint restore --check                                      practise: restore into copies, check them, remove them
authmint restore --stage prod --at 2026-11-26T03:00:00+00:00      as everything was then
authmint restore --suffix new                                 into authmint-prod-config-new and so on
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    restore = add_command(
        commands,
        "restore",
        summary="restore the tables of a deployment from their backups, and check them; 1: something is wrong",
        description="Restores the three tables from their point-in-time backups into tables of other names, with the "
        "credentials and the region of the environment, and checks that every record is whole. Prints the parameters "
        "to deploy with. Codes, refresh tokens, sessions and waiting requests do not come back: people sign in again.",
        examples=_EXAMPLES,
    )
    restore.add_argument("--stage", default="prod", help="of the deployment (default prod)")
    restore.add_argument(
        "--at", type=_moment, metavar="TIME", help="ISO 8601 with a zone; default: as late as possible"
    )
    restore.add_argument(
        "--suffix", help="of the new tables' names (default restored; of --check one that nothing has)"
    )
    restore.add_argument("--resume", action="store_true", help="go on with a restore into these names that was cut off")
    restore.add_argument("--check", action="store_true", help="practise: remove the tables after they were checked")
    for kind in ("config", "grants", "events"):
        restore.add_argument(f"--{kind}-table", metavar="NAME", help=f"where it is not authmint-STAGE-{kind}")
    restore.set_defaults(run=_run)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - no moment at all
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time with a zone, as in 2026-11-26T03:00:00+00:00")
    return moment.astimezone(UTC)


def _run(options: argparse.Namespace) -> int:
    import boto3  # this command only

    from ..recovery.checking import check
    from ..recovery.restoring import KINDS, RestoreFailed, Restoring

    dynamodb = boto3.client("dynamodb")
    names = {kind: getattr(options, f"{kind}_table") or f"authmint-{options.stage}-{kind}" for kind in KINDS}
    began = int(time.time())
    if options.check and options.resume:
        print("authmint: --check removes its tables, so it begins with new ones: not with --resume", file=sys.stderr)
        return 2
    suffix = options.suffix or (f"check-{began}" if options.check else "restored")
    restoring = Restoring(dynamodb, names, suffix)
    try:
        voided = restoring.restore(options.at, resume=options.resume)
    except RestoreFailed as error:
        print(f"authmint: {error}", file=sys.stderr)
        return 2
    checked = check(dynamodb, restoring.targets)
    report: dict[str, Any] = {
        "tables": restoring.targets,
        "records": dict(checked.counts),
        "not restored": dict(voided),
        "problems": checked.problems,
    }
    if options.check:
        restoring.remove()
    else:
        arns = {
            kind: dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
            for kind, name in restoring.targets.items()
        }
        report["deploy with"] = {f"Existing{kind.title()}TableArn": arn for kind, arn in arns.items()}
        report["deploy with"]["AssertionsSince"] = began
    print_json(report)
    return int(bool(checked.problems))
