"""``authmint explain --sign-on``: what somebody would be asked, and what those would who signed in lately."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .remote import Remote, RemoteFailed
from .tables import for_people, print_json, print_table

_EXPLAIN: Final = "/api/v1/policies/explain"
_ANALYSIS: Final = "/api/v1/policies/analysis"
_SIGN_INS: Final = f"{_ANALYSIS}/sign-ins"
#: What is sent of the options, by the name that it has there.
_SENT: Final = {
    "user": "user",
    "username": "username",
    "client": "app",
    "address": "address",
    "country": "country",
    "region": "region",
    "asn": "asn",
    "device": "device",
    "user_agent": "userAgent",
}
#: Outcomes with which nobody gets in.
_REFUSED: Final = frozenset({"BLOCKED", "DENIED", "CANNOT"})


def add_sign_on(parser: argparse.ArgumentParser) -> None:
    """Add what ``--sign-on`` takes beside a user and a client."""
    group = parser.add_argument_group("sign-ons of people")
    group.add_argument("--sign-on", action="store_true", help="explain what policies of people ask of --user")
    group.add_argument("--username", metavar="NAME", help="instead of --user, of somebody who is not here: where to?")
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
    _add_activate(group)


def add_analysis(parser: argparse.ArgumentParser) -> None:
    """Add what ``--sign-on`` takes of an analysis."""
    group = parser.add_argument_group("policies of people")
    group.add_argument(
        "--sign-on", action="store_true", help="rules of people's policies that never match, people whom they lock out"
    )
    group.add_argument("--client", metavar="ID", help="an app that people sign in to")
    group.add_argument("--address", metavar="IP", help="where from")
    group.add_argument("--risk", metavar="LEVEL", help="LOW (default), MEDIUM or HIGH")
    _add_activate(group)


def _add_activate(group: Any) -> None:
    group.add_argument(
        "--activate", metavar="ID", action="append", help="a policy or a rule, tried as if it were ACTIVE; repeatable"
    )


def explain_sign_on(remote: Remote, options: argparse.Namespace) -> int:
    """The exit status: 1 where somebody would not get in. Raises RemoteFailed."""
    if options.last_days is not None:
        return _dry_run(remote, options)
    if not (options.user or options.username):
        raise RemoteFailed("whose sign-on? Give --user, --username, or --last-days")
    wish = {sent: getattr(options, name) for name, sent in _SENT.items() if getattr(options, name)}
    found = remote.admin("POST", _EXPLAIN, wish)
    if not for_people(as_json=options.json):
        print_json(found)
        return int(found.get("outcome") in _REFUSED)
    if found["user"] is None:
        _print_routing(found["routing"])
        return 0
    print_table("outcome", [_outcome_row(found)])
    _print_routing(found["routing"])
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


def _print_routing(routing: Mapping[str, Any]) -> None:
    to = [one["name"] for one in routing["providers"]] + (["this service"] if routing["ours"] else [])
    row = {
        "signs in with": " or ".join(to),
        "asked for the username first": routing["usernameFirst"],
        "decided by": _rules(routing["decidedBy"]),
    }
    print_table("where", [row])
    print_table("tried for where, in this order", list(_rule_rows(routing["evaluation"])))


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
    wish = {"days": options.last_days, "user": options.user, "app": options.client, "activate": options.activate}
    rows: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    for page in _pages(remote, _SIGN_INS, wish):
        for found in page["signIns"]:
            key = (found["user"]["id"], found["address"], found["userAgent"])
            row = rows.setdefault(key, _sign_in_row(found))
            row["sign-ins"] += found["signIns"]
    in_order = sorted(rows.values(), key=lambda row: (row["outcome"] not in _REFUSED, row["outcome"], row["user"]))
    if not for_people(as_json=options.json):
        print_json(in_order)
    else:
        print_table(f"sign-ins of the last {options.last_days} days, by the policies of now", in_order)
    return int(any(row["outcome"] in _REFUSED for row in in_order))


def _pages(remote: Remote, path: str, wish: Mapping[str, Any]) -> Iterator[Any]:
    """Every page of an analysis. Raises RemoteFailed."""
    sent = {name: value for name, value in wish.items() if value}
    while True:
        page = remote.admin("POST", path, sent)
        yield page
        if page["next"] is None:
            return
        sent["after"] = page["next"]


def _sign_in_row(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": found["user"]["login"],
        "address": found["address"],
        "sign-ins": 0,
        "outcome": found["outcome"],
        "factor": found.get("factorPromptMode"),
        "decided by": _rules(found["decidedBy"]),
    }


def _rules(decided: list[Mapping[str, Any]]) -> str:
    return ", ".join(f"{one['policy']['name']}: {one['rule']['name']}" for one in decided)


def analyze_sign_on(remote: Remote, options: argparse.Namespace) -> int:
    """The exit status: 1 where somebody is locked out by policy. Raises RemoteFailed."""
    rules = remote.admin("GET", f"{_ANALYSIS}")
    wish = {"app": options.client, "address": options.address, "risk": options.risk, "activate": options.activate}
    locked_out, tried = [], 0
    for page in _pages(remote, f"{_ANALYSIS}/people", {**wish, "limit": 200}):
        locked_out += page["lockedOut"]
        tried += page["tried"]
    if not for_people(as_json=options.json):
        print_json({**rules, "tried": tried, "lockedOut": locked_out})
        return int(bool(locked_out))
    print_table("rules that nobody matches", [_dead_row(one) for one in rules["unreachableRules"]])
    print_table("named, and gone or INACTIVE", [_missing_row(one) for one in rules["missing"]])
    title = f"locked out by policy, of {tried} users"
    print_table(title, [{"user": one["user"]["login"], "asked by": _rules(one["decidedBy"])} for one in locked_out])
    return int(bool(locked_out))


def _dead_row(found: Mapping[str, Any]) -> dict[str, Any]:
    because = found["shadowedBy"] or found["condition"]
    return {**_named(found), "reason": found["reason"], "by": because}


def _missing_row(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**_named(found), "kind": found["kind"], "id": found["id"]}


def _named(found: Mapping[str, Any]) -> dict[str, Any]:
    policy, rule = found["policy"], found["rule"]
    return {"type": policy["type"], "policy": policy["name"], "rule": None if rule is None else rule["name"]}
