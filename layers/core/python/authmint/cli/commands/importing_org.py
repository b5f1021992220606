"""``authmint import org``: another deployment, or an org of the compatible product, brought in over both APIs."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..importing.org.applying import Outcome
from ..importing.org.catalogue import FAMILIES
from ..importing.org.directory import PASSWORDS
from ..importing.org.planning import Plan, Step
from ..importing.org.reading import Trouble
from ..importing.org.running import Choice, Import
from ..importing.patience import Patient
from ..parsers import add_command
from ..remote import Remote, RemoteFailed, add_options, checked_address, of_options
from ..tables import for_people, print_json, print_table

_EXAMPLES: Final = """
authmint import org --from https://acme.okta.com                  the plan; on a terminal it asks before it does it
authmint import org --from https://acme.okta.com --apply          without asking; again: it goes on where it stopped
authmint import org --from https://old.example.com --only apps servers --plan-only
authmint import org --from https://acme.okta.com --passwords hook --apply
"""
#: Of one kind and action, how many are named to people.
_NAMED: Final = 20


def add(kinds: Any) -> None:
    """Add the command's parser."""
    parser = add_command(
        kinds,
        "org",
        summary="bring in what another deployment, or an Okta org, holds; 1: some of it cannot be",
        examples=_EXAMPLES,
        description="Reads another deployment over its management API, by a token that may be a read-only one, and "
        "makes the same here: schemas, groups, people, zones, hooks, identity providers, applications, policies and "
        "authorization servers. It shows a plan first. What is here under the same name is updated; nothing is ever "
        "taken away. What has no equivalent, and what is refused, is named with the reason, and the rest is done. The "
        "state remembers which object here is which there, so that the same command goes on where it stopped, and "
        "later brings what changed since.",
    )
    parser.add_argument("--from", metavar="URL", required=True, dest="source", help="the deployment that is read")
    parser.add_argument("--from-token", metavar="TOKEN", help="API token there; default: AUTHMINT_FROM_TOKEN")
    parser.add_argument(
        "--state", metavar="FILE", type=Path, default=Path("authmint-import.state"), help="default: %(default)s"
    )
    parser.add_argument("--only", metavar="FAMILY", nargs="+", choices=FAMILIES, help=f"of {', '.join(FAMILIES)}")
    parser.add_argument("--except", metavar="FAMILY", nargs="+", choices=FAMILIES, default=[], dest="but", help="not")
    parser.add_argument(
        "--passwords",
        choices=PASSWORDS,
        default="later",
        help="people are made STAGED (later), are asked for the password that they have by a password import hook "
        "(hook), get mail to choose one (mail), or sign in by an identity provider alone (federated)",
    )
    parser.add_argument("--existing", choices=("update", "leave"), default="update", help="what is here already")
    add_applying(parser)
    add_options(parser)
    parser.set_defaults(run=_run)


def add_applying(parser: argparse.ArgumentParser) -> None:
    """Add what every import has: to do it, or not."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--apply", "--yes", action="store_true", help="do it, without asking")
    how.add_argument("--plan-only", action="store_true", help="do not ask")


def is_wanted(options: argparse.Namespace) -> bool:
    """Whether a plan that was shown is to be carried out."""
    if options.apply or options.plan_only or options.json or not is_asked():
        return bool(options.apply)
    return input("Do this? Only 'yes' is a yes: ").strip() == "yes"


def is_asked() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _run(options: argparse.Namespace) -> int:
    token = options.from_token or os.environ.get("AUTHMINT_FROM_TOKEN")
    if not token:
        raise RemoteFailed("a token of the source is needed: --from-token or AUTHMINT_FROM_TOKEN")
    source = Patient(Remote(checked_address(options.source), token))
    families = [one for one in options.only or FAMILIES if one not in options.but]
    choice = Choice(families, options.passwords, leaves=options.existing == "leave")
    run = Import(source, Patient(of_options(options)), choice, options.state)
    try:
        return _carried_out(run, options)
    finally:
        run.close()


def _carried_out(run: Import, options: argparse.Namespace) -> int:
    plan = run.plan()
    people = for_people(as_json=options.json)
    if people:
        _print_plan(plan)
    outcome = None
    if plan.steps and (options.apply or (plan.changing and is_wanted(options))):
        outcome = run.apply(plan, _progress if people and sys.stderr.isatty() else lambda _, __: None)
    if not people:
        print_json(_shown(plan, outcome))
    elif outcome is not None:
        _print_outcome(outcome)
    return int(bool(plan.unread or (outcome and outcome.refused)))


def _progress(done: int, todo: int) -> None:
    print(f"\r{done} of {todo}", end="" if done < todo else "\n", file=sys.stderr, flush=True)


def _shown(plan: Plan, outcome: Outcome | None) -> Mapping[str, Any]:
    steps = [
        {"kind": step.item.kind.title, "name": step.item.name, "action": step.action, "changes": list(step.changes)}
        for step in plan.steps
        if step.action not in {"same", "follow"}
    ]
    shown = {
        "applied": outcome is not None,
        "steps": steps,
        "same": sum(step.action == "same" for step in plan.steps),
        "withoutEquivalent": _troubles(plan.lacking),
        "unread": _troubles(plan.unread),
        "gone": _troubles(plan.gone),
    }
    if outcome is None:
        return shown
    return shown | {
        "done": outcome.done,
        "waiting": outcome.waiting,
        "refused": _troubles(outcome.refused),
        "notes": _troubles(outcome.notes),
    }


def _troubles(found: Sequence[Trouble]) -> list[dict[str, str]]:
    return [{"kind": one.title, "name": one.name, "why": one.why} for one in found]


def _print_plan(plan: Plan) -> None:
    counts = [
        {
            "what": kind.title,
            "make": count["create"],
            "update": count["update"],
            "leave": count["leave"],
            "there": count["same"],
        }
        for kind, count in plan.counts().items()
    ]
    print_table("plan", counts)
    _print_steps(plan.steps)
    _print_troubles("no equivalent", plan.lacking)
    _print_troubles("could not be read", plan.unread)
    _print_troubles("not at the source any more, and left here", plan.gone)
    if not plan.changing:
        print("nothing to do")


def _print_steps(steps: Sequence[Step]) -> None:
    rows: list[dict[str, str]] = []
    more: dict[tuple[str, str], int] = {}
    for step in steps:
        if step.action in {"same", "follow"}:
            continue
        place = step.item.kind.title, step.action
        more[place] = more.get(place, 0) + 1
        if more[place] <= _NAMED:
            rows.append(_row(*place, step.item.name, ", ".join(step.changes)))
    rows += [_row(*place, f"and {count - _NAMED} more", "") for place, count in more.items() if count > _NAMED]
    if rows:
        print_table("what changes here", rows)


def _row(title: str, action: str, name: str, changes: str) -> dict[str, str]:
    words = {"create": "make", "update": "update", "leave": "leave as it is"}
    return {"what": title, "name": name, "action": words[action], "members": changes}


def _print_troubles(title: str, found: Sequence[Trouble]) -> None:
    if found:
        print_table(title, [{"what": one.title, "name": one.name, "why": one.why} for one in found])


def _print_outcome(outcome: Outcome) -> None:
    waiting = f", {outcome.waiting} not tried, for what they belong to is not here" if outcome.waiting else ""
    print(f"{outcome.done} done, {len(outcome.refused)} refused{waiting}")
    _print_troubles("refused", outcome.refused)
    _print_troubles("to know, and to do", outcome.notes)
