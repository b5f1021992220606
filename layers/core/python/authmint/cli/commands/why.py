"""``authmint preview``, ``explain`` and ``analyze``: what a request would get, why, and what is wrong with a server."""

import argparse
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from ..claim_origins import explain_claim
from ..parsers import add_command
from ..remote import Remote, RemoteFailed, add_options, of_options
from ..sign_on_tables import add_analysis, add_sign_on, analyze_sign_on, explain_sign_on
from ..tables import for_people, print_json, print_table

_SERVERS: Final = "/api/v1/authorizationServers"
#: What a preview cannot look at, and a request has to bring.
_NEEDS: Final = {
    "proof": "a proof of its key (DPoP)",
    "pushedRequest": "a pushed request",
    "subjectToken": "the token of whom it acts for",
}
_PREVIEW_EXAMPLES: Final = """
authmint preview --client 0oa1a2b3c4d5e6f7g8h9 --scope orders:read
authmint preview --client 0oa1a2b3c4d5e6f7g8h9 --scope orders:read --call-hooks     with what the rule's hook changes
authmint preview --client 0oa1a2b3c4d5e6f7g8h9 --grant authorization_code --user ada@example.com --scope "openid email"
"""
_EXPLAIN_EXAMPLES: Final = """
authmint explain --client 0oa1a2b3c4d5e6f7g8h9 --scope orders:write
authmint explain --claim dept --client 0oa1a2b3c4d5e6f7g8h9 --grant password --user ada@example.com     its origins
authmint explain --event 5f0c2d1e-7a8b-4c9d-8e0f-1a2b3c4d5e6f     as authmint logs shows it
authmint explain --sign-on --user ada@example.com --client 0oa1a2b3c4d5e6f7g8h9 --address 198.51.100.7 --country DE
authmint explain --sign-on --last-days 7     what would have been asked of the sign-ins of the last seven days
authmint explain --sign-on --last-days 7 --activate 0pr1a2b3c4d5e6f7g8h9     the same, with this rule
"""
_ANALYZE_EXAMPLES: Final = """
authmint analyze
authmint analyze --server default --scope orders:write     who can get it
authmint analyze --sign-on     rules of people's policies that never match, people who are locked out by policy
authmint analyze --sign-on --activate 0pr1a2b3c4d5e6f7g8h9     the same, before that rule is switched on
"""


def add(commands: Any) -> None:
    """Add the group's parsers."""
    preview = add_command(
        commands,
        "preview",
        summary="what a token request would get, without effect; 1: a refusal",
        examples=_PREVIEW_EXAMPLES,
    )
    _add_wish(preview)
    preview.add_argument("--call-hooks", action="store_true", help="ask the hook of the rule, and show what it changes")
    preview.set_defaults(run=_preview)
    explain = add_command(
        commands,
        "explain",
        summary="why a token request is granted or refused: every condition tried; 1: a refusal",
        description="Why a token request is granted or refused. The request is given by --client and the others, or "
        "is that of an event of the system log (--event), which is tried again with the configuration as it is now. "
        "With --sign-on: what policies of people ask of --user, by which rule, zone or risk.",
        examples=_EXPLAIN_EXAMPLES,
    )
    _add_wish(explain)
    explain.add_argument("--event", metavar="UUID", help="a token event of the system log")
    explain.add_argument("--claim", metavar="NAME", help="where the value of this claim comes from, step by step")
    add_sign_on(explain)
    explain.set_defaults(run=_explain)
    analyze = add_command(
        commands,
        "analyze",
        summary="rules that never match, scopes that nobody gets, claims that fail",
        examples=_ANALYZE_EXAMPLES,
    )
    analyze.add_argument("--server", metavar="ID", default="default", help="id of the server (default: default)")
    analyze.add_argument("--scope", metavar="NAME", help="who can get this scope, through which rule")
    add_analysis(analyze)
    add_options(analyze)
    analyze.set_defaults(run=_analyze)


def _add_wish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", metavar="ID", default="default", help="id of the server (default: default)")
    parser.add_argument("--client", metavar="ID")
    parser.add_argument("--grant", metavar="TYPE", default="client_credentials", help="default: client_credentials")
    parser.add_argument("--user", metavar="ID", help="id or login")
    parser.add_argument("--scope", metavar="SCOPES", default="", help="separated by spaces")
    parser.add_argument("--redirect-uri", metavar="URI", default="", help="of grants that begin in a browser")
    parser.add_argument("--resource", metavar="URI", default="", help="what the tokens are to be for")
    parser.add_argument("--response-type", metavar="TYPES", default="", help="of the grant implicit")
    add_options(parser)


def _wish(options: argparse.Namespace) -> dict[str, str]:
    if not options.client:
        raise RemoteFailed("whose request? Give --client")
    wish = {
        "client_id": options.client,
        "grant_type": options.grant,
        "user_id": options.user,
        "scope": options.scope,
        "response_type": options.response_type,
        "redirect_uri": options.redirect_uri,
        "resource": options.resource,
    }
    return {name: value for name, value in wish.items() if value}


def _asked(remote: Remote, server: str, wish: Mapping[str, Any]) -> Any:
    return remote.admin("POST", f"{_SERVERS}/{quote(server, safe='')}/tokens/preview", wish)


def _preview(options: argparse.Namespace) -> int:
    wish = {**_wish(options), "callHooks": True} if options.call_hooks else _wish(options)
    found = _asked(of_options(options), options.server, wish)
    if not for_people(as_json=options.json):
        print_json(found)
        return int(found["error"] is not None)
    _print_outcome(found)
    if "inlineHook" in found:
        print_table("hook", [_hook_row(found["inlineHook"])])
    for name in ("access_token", "id_token"):
        token = found[name]
        if token is not None and token["payload"] is not None:
            rows = [{"member": member, "value": _text(value)} for member, value in token["payload"].items()]
            print_table(name.replace("_", " "), rows)
        if token is not None:
            print_table(f"claims of the {name.replace('_', ' ')}", [_claim_row(claim) for claim in token["claims"]])
    if found["refresh_token"] is not None:
        print_table("refresh token", [found["refresh_token"]])
    return int(found["error"] is not None)


def _hook_row(hook: Mapping[str, Any]) -> dict[str, Any]:
    changed = [f"{token}: {', '.join(names)}" for token, names in hook["changed"].items() if names]
    return {
        "hook": hook["name"] or "(gone)",
        "outcome": hook["outcome"],
        "changed": "; ".join(changed) or None,
        "reason": hook["reason"],
    }


def _explain(options: argparse.Namespace) -> int:
    remote, server = of_options(options), options.server
    if options.sign_on:
        return explain_sign_on(remote, options)
    if options.event:
        server, wish = _of_event(remote, options.event)
    else:
        wish = _wish(options)
    found = _asked(remote, server, wish)
    if options.claim:
        return explain_claim(found, options.claim, as_json=options.json)
    shown = {"request": {"server": server, **wish}, "client": found["client"], "requires": found["requires"]}
    shown |= {"error": found["error"], "decision": found["decision"]}
    if not for_people(as_json=options.json):
        print_json(shown)
        return int(found["error"] is not None)
    print_table("request", [shown["request"]])
    _print_outcome(found)
    decision = found["decision"]
    rows = [row for step in decision["steps"] for row in _step_rows(step)]
    if rows:
        print_table("tried, in this order", rows)
    if decision["nearestMiss"] is not None:
        rows = [{"to change": change} for change in decision["nearestMiss"]["changes"]]
        print_table(f"nearest miss: rule {_name(decision['nearestMiss']['rule'])}", rows)
    return int(found["error"] is not None)


def _of_event(remote: Remote, uuid: str) -> tuple[str, dict[str, str]]:
    """The request that an event of the log tells of. Raises RemoteFailed."""
    query = urlencode({"filter": f'uuid eq "{uuid}"', "sortOrder": "DESCENDING", "limit": "1"})
    events = list(remote.pages(f"/api/v1/logs?{query}"))
    if not events:
        raise RemoteFailed(f"the log of the last week has no event {uuid}")
    debug = events[0]["debugContext"]["debugData"]
    if "grant_type" not in debug or "authorization_server" not in debug:
        raise RemoteFailed(f"event {uuid} is a {events[0]['eventType']}; explain takes token requests of known clients")
    users = [target["id"] for target in events[0]["target"] if target["type"] == "User"]
    wish = {
        "client_id": events[0]["actor"]["id"],
        "grant_type": debug["grant_type"],
        "scope": debug.get("requested_scopes", "").replace(", ", " "),
        "user_id": users[0] if users else "",
        "resource": debug.get("resource", ""),
    }
    return debug["authorization_server"], {name: value for name, value in wish.items() if value}


def _analyze(options: argparse.Namespace) -> int:
    remote = of_options(options)
    if options.sign_on:
        return analyze_sign_on(remote, options)
    path = f"{_SERVERS}/{quote(options.server, safe='')}/analysis"
    found = remote.admin("GET", path + (f"?{urlencode({'scope': options.scope})}" if options.scope else ""))
    if not for_people(as_json=options.json):
        print_json(found)
    elif options.scope:
        print_table(f"who can get {options.scope}", [_way_row(way) for way in found["ways"]])
    else:
        _print_analysis(found)
    return 0


def _print_outcome(found: Any) -> None:
    decision, error = found["decision"], found["error"]
    row = {
        "outcome": decision["outcome"],
        "policy": _name(decision["policy"]),
        "rule": _name(decision["rule"]),
        "granted": " ".join(decision["grantedScopes"]),
    }
    if found["client"]["class"] != "REGISTERED":
        row |= {"client": found["client"]["class"].lower(), "document": found["client"].get("document", "").lower()}
    if needs := [text for name, text in _NEEDS.items() if found["requires"][name]]:
        row["needs"] = ", ".join(needs)
    if error is not None:
        row |= {"error": error["error"], "reason": error["reason"], "says": error["error_description"]}
        if error["detail"]:
            row["detail"] = error["detail"]
    print_table("decision", [row])


def _step_rows(step: Any) -> list[dict[str, Any]]:
    return [
        {
            "policy": _name(step["policy"]),
            "rule": _name(step["rule"]),
            "condition": condition["name"],
            "holds": condition["holds"],
            "wants": _text(condition["required"]),
            "has": _text(condition["actual"]),
        }
        for condition in step["conditions"]
    ]


def _claim_row(claim: Any) -> dict[str, Any]:
    return {
        "claim": claim["name"],
        "from": f"the hook {claim['hook']['name']}" if "hook" in claim else claim["definition"],
        "read": ", ".join(f"{name} = {_text(value)}" for name, value in claim["inputs"].items()),
        "value": _text(claim["value"]) if claim["included"] else None,
        "left out": claim["failure"] or claim["leftOut"],
    }


def _way_row(way: Any) -> dict[str, Any]:
    return {
        "policy": _name(way["policy"]),
        "rule": _name(way["rule"]),
        "clients": ", ".join(way["clients"]),
        "grant types": ", ".join(way["grantTypes"]),
        "people": _text(way["people"]),
    }


def _print_analysis(found: Any) -> None:
    rows = [
        {
            "policy": _name(verdict["policy"]),
            "rule": _name(verdict["rule"]),
            "reason": verdict["reason"],
            "shadowed by": ", ".join(filter(None, map(_name, verdict["shadowedBy"]))),
        }
        for verdict in found["unreachable"]
    ]
    print_table("never matches", rows)
    print_table("scopes that nobody can get", [{"scope": name} for name in found["unobtainableScopes"]])
    print_table("default scopes that no rule permits", [{"scope": name} for name in found["defaultScopesNotPermitted"]])
    print_table("clients without a rule", found["clientsWithoutRule"])
    failing = [
        {"claim": claim["name"], "for": failure["for"], "reason": failure["reason"]}
        for claim in found["claimsThatCanFail"]
        for failure in claim["failures"]
    ]
    print_table("claims that can fail", failing)


def _name(record: Any) -> str | None:
    return None if record is None else str(record["name"])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_text, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(item)}" for name, item in value.items() if item not in ([], {}, None, ""))
    return "–" if value is None else str(value)
