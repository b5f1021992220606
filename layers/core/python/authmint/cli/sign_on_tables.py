"""``authmint explain --sign-on``: what somebody would be asked, and what those would who signed in lately."""

import argparse
import datetime
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from .remote import Remote, RemoteFailed
from .tables import for_people, print_json, print_table

_EXPLAIN: Final = "/api/v1/policies/explain"
#: What is sent of the options, by the name that it has there.
_SENT: Final = {
    "user": "user",
    "client": "app",
    "address": "address",
    "country": "country",
    "region": "region",
    "asn": "asn",
    "device": "device",
    "user_agent": "userAgent",
}
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
#: Outcomes with which nobody gets in.
_REFUSED: Final = frozenset({"BLOCKED", "DENIED", "CANNOT"})


def add_sign_on(parser: argparse.ArgumentParser) -> None:
    """Add what ``--sign-on`` takes beside a user and a client."""
    group = parser.add_argument_group("sign-ons of people")
    group.add_argument("--sign-on", action="store_true", help="explain what policies of people ask of --user")
    group.add_argument("--address", metavar="IP", help="where from")
    group.add_argument("--country", metavar="CC", help="as the edge would say")
    group.add_argument("--region", metavar="CC-R", help="the same")
    group.add_argument("--asn", metavar="N", help="the same")
    group.add_argument("--device", metavar="new|known", help="a new one, or the one that was used last (default: new)")
    group.add_argument("--user-agent", metavar="TEXT", help="of the browser")
    group.add_argument(
        "--last-days",
        type=int,
        metavar="N",
        help="not one sign-on, but those of the last N days (of everybody, or of --user), as the policies are now",
    )


def explain_sign_on(remote: Remote, options: argparse.Namespace) -> int:
    """The exit status: 1 where somebody would not get in. Raises RemoteFailed."""
    if options.last_days is not None:
        return _dry_run(remote, options)
    if not options.user:
        raise RemoteFailed("whose sign-on? Give --user, or --last-days")
    wish = {sent: getattr(options, name) for name, sent in _SENT.items() if getattr(options, name)}
    found = remote.admin("POST", _EXPLAIN, wish)
    if not for_people(as_json=options.json):
        print_json(found)
        return int(found["outcome"] in _REFUSED)
    print_table("outcome", [_outcome_row(found)])
    print_table("session", [_session_row(found["session"])])
    print_table("tried for the session, in this order", list(_rule_rows(found["session"]["evaluation"])))
    if found["app"] is not None:
        print_table("application", [{"access": found["app"]["access"], "asks": _asked(found["app"]["assurances"])}])
        print_table("tried for the application, in this order", list(_rule_rows(found["app"]["evaluation"])))
    unusual = [{"behavior": name, "result": result} for name, result in found["behaviors"].items()]
    print_table("behaviors", unusual)
    return int(found["outcome"] in _REFUSED)


def _outcome_row(found: Mapping[str, Any]) -> dict[str, Any]:
    where = found["from"]
    return {
        "outcome": found["outcome"],
        "user": found["user"]["login"],
        "risk": found["risk"]["level"],
        "because of": ", ".join(found["risk"]["reasons"]),
        "zones": ", ".join(zone["name"] for zone in where["zones"]),
        "cannot be told": ", ".join(zone["name"] for zone in where["undefinedZones"]),
    }


def _session_row(session: Mapping[str, Any]) -> dict[str, Any]:
    decided = [f"{one['policy']['name']}: {one['rule']['name']}" for one in session["decidedBy"]]
    return {
        "access": session["access"],
        "second factor": session["factorPromptMode"] if session["requireFactor"] else None,
        "first": session["primaryFactor"],
        "idle (s)": session["idleSeconds"],
        "lifetime (s)": session["lifetimeSeconds"],
        "decided by": ", ".join(decided),
    }


def _asked(assurances: list[Mapping[str, Any]]) -> str:
    return "; ".join(
        f"{'two factors' if one['twoFactors'] else 'one factor'}"
        + (f", no older than {one['reauthenticateInSeconds']} s" if one["reauthenticateInSeconds"] is not None else "")
        + (f", any of {one['anyOf']}" if one["anyOf"] else "")
        for one in assurances
    )


def _rule_rows(evaluation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in ("evaluated", "undefined", "result"):
        for policy in evaluation[part]["policies"]:
            for rule in policy["rules"] or [{"name": None, "status": policy["status"], "conditions": []}]:
                conditions = (*policy["conditions"], *rule["conditions"])
                missed = [f"{one['type']} {one['status']}" for one in conditions if one["status"] != "MATCH"]
                yield {
                    "policy": policy["name"],
                    "rule": rule["name"],
                    "status": rule["status"],
                    "conditions": ", ".join(missed),
                }


def _dry_run(remote: Remote, options: argparse.Namespace) -> int:
    """What would be asked of the sign-ins of the last days: each user, address and browser once."""
    until = datetime.datetime.now(datetime.UTC)
    since = until - datetime.timedelta(days=options.last_days)
    wanted = 'eventType eq "user.session.start" and outcome.result eq "SUCCESS"'
    if options.user:
        named = json.dumps(options.user)
        wanted += f" and (actor.id eq {named} or actor.alternateId eq {named})"
    query = {
        "since": since.strftime(_MOMENT),
        "until": until.strftime(_MOMENT),  # or there would always be a next page, to wait for what happens
        "filter": wanted,
        "limit": "1000",
    }
    seen: Counter[tuple[str, str, str]] = Counter()
    for event in remote.pages(f"/api/v1/logs?{urlencode(query)}"):
        client = event.get("client") or {}
        agent = (client.get("userAgent") or {}).get("rawUserAgent") or ""
        seen[event["actor"]["id"], client.get("ipAddress") or "", agent] += 1
    rows = [_tried(remote, options, key, count) for key, count in seen.items()]
    rows.sort(key=lambda row: (row["outcome"] not in _REFUSED, row["outcome"], row["user"]))
    if not for_people(as_json=options.json):
        print_json(rows)
    else:
        print_table(f"sign-ins of the last {options.last_days} days, by the policies of now", rows)
    return int(any(row["outcome"] in _REFUSED for row in rows))


def _tried(remote: Remote, options: argparse.Namespace, key: tuple[str, str, str], count: int) -> dict[str, Any]:
    user, address, agent = key
    wish = {"user": user, "address": address, "userAgent": agent[:500], "device": "known", "app": options.client}
    try:
        found = remote.admin("POST", _EXPLAIN, {name: value for name, value in wish.items() if value})
    except RemoteFailed as error:  # who is gone since then is no reason to stop
        return {"user": user, "address": address, "sign-ins": count, "outcome": "UNKNOWN", "factor": str(error)}
    session = found["session"]
    return {
        "user": found["user"]["login"],
        "address": address,
        "sign-ins": count,
        "outcome": found["outcome"],
        "factor": session["factorPromptMode"] if session["requireFactor"] else None,
    }
