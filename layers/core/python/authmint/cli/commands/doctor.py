"""``authmint doctor``: how a deployment does, and what to do about it."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from ..operation.findings import Finding
from ..parsers import add_command
from ..remote import Remote, RemoteFailed, address_of
from ..tables import for_people, print_json, print_table

_EXAMPLES: Final = """
authmint doctor --url https://id.example.com             as clients meet it
authmint doctor --url https://id.example.com --stage prod      and as AWS shows it
authmint doctor --stage prod --json                      as AWS shows it, only
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    doctor = add_command(
        commands,
        "doctor",
        summary="check a deployment, and say what to do; 1: something is wrong, 2: something could not be checked",
        description="Checks a deployment from outside, as clients meet it, and with --stage from inside, with the "
        "credentials and the region of the environment: the stack, functions, tables, the KMS key and its policy, the "
        "way of events, the schedule, alarms and quotas. Changes nothing. Exit status 1: something is wrong; 2: "
        "nothing is, of what could be checked.",
        examples=_EXAMPLES,
    )
    doctor.add_argument("--url", help="of the deployment; default: AUTHMINT_URL, else the local stack")
    doctor.add_argument("--server", default="default", metavar="ID", help="to look at (default: default)")
    doctor.add_argument("--stage", help="look inside as well; without --url: only inside")
    doctor.add_argument("--stack", help="where it is not authmint-STAGE")
    doctor.add_argument("--json", action="store_true", help="print JSON, as without a terminal")
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    findings = list(_findings(options))
    if for_people(as_json=options.json):
        rows = [
            {"": _MARKS[found.state], "what": found.what, "seen": found.seen, "what to do": found.advice or None}
            for found in findings
        ]
        print_table("Findings", rows)
    else:
        print_json([asdict(found) for found in findings])
    states = {found.state for found in findings}
    return 1 if "bad" in states else 2 if "unknown" in states else 0


_MARKS: Final = {"good": "✓", "bad": "✗", "unknown": "?"}


def _findings(options: argparse.Namespace) -> Iterator[Finding]:
    if options.url or not options.stage:
        from ..operation.outside import outside

        remote = Remote(address_of(options, in_clear=True), token="")  # it says itself that http is bad
        try:
            yield from outside(remote, options.server, now=datetime.now(UTC))
        except RemoteFailed as error:
            yield Finding("reachable", "bad", str(error), "something in front answers in its place")
    if options.stage:
        import boto3  # only where it is asked

        from ..operation.inside import Inside

        yield from Inside(boto3.client, options.stage, options.stack or f"authmint-{options.stage}").findings()
