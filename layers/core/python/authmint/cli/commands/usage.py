"""``authmint usage``: what a deployment was used for, how much, by whom."""

import argparse
import sys
from typing import Any, Final
from urllib.parse import urlencode

from ..parsers import add_command
from ..remote import Remote, RemoteFailed, add_options, of_options
from ..tables import for_people, print_json, print_table

_PATH: Final = "/api/v1/usage"
_FILTERS: Final = ("server", "client", "grant-type", "token-type", "outcome", "reason", "factor", "policy", "rule")
_PARAMETERS: Final = {"grant-type": "grantType", "token-type": "tokenType"}
#: Columns that are shown where nothing is in them, too.
_ALWAYS: Final = frozenset({"tokens", "refusals"})
_EXAMPLES: Final = """
authmint usage                                                    the last seven days, by the day
authmint usage --by client --since 2026-01-01 --until 2026-02-01
authmint usage --by reason --outcome FAILURE                      why requests and sign-ins are refused
authmint usage --by server,hour --csv
authmint usage --unused --since 2026-01-01                        scopes and rules without use, secrets that end soon
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    usage = add_command(
        commands,
        "usage",
        summary="tokens, sign-ins and refusals in numbers, and what nobody uses",
        examples=_EXAMPLES,
    )
    usage.add_argument(
        "--by",
        default="day",
        metavar="NAMES",
        help="up to three of server, client, grantType, tokenType, outcome, reason, factor, policy, rule, hour, day",
    )
    usage.add_argument("--since", metavar="TIME", help="ISO 8601; default: a week ago, with --unused: 30 days")
    usage.add_argument("--until", metavar="TIME", help="ISO 8601; default: now")
    for name in _FILTERS:
        usage.add_argument(f"--{name}", metavar="VALUE", help=f"only what has this {name.replace('-', ' ')}")
    usage.add_argument("--unused", action="store_true", help="what nobody uses, and secrets that end soon")
    usage.add_argument("--csv", action="store_true", help="comma-separated values")
    add_options(usage)
    usage.set_defaults(run=_usage)


def _usage(options: argparse.Namespace) -> int:
    remote = of_options(options)
    query = {name: value for name in ("since", "until") if (value := getattr(options, name))}
    if options.unused:
        return _unused(remote, query, as_json=options.json)
    query["by"] = options.by
    for name in _FILTERS:
        if (value := getattr(options, name.replace("-", "_"))) is not None:
            query[_PARAMETERS.get(name, name)] = value
    if options.csv:
        _print_csv(remote, query)
        return 0
    found = _whole(remote, _PATH, query | {"limit": "1000"}, ("groups",))
    if for_people(as_json=options.json):
        until = f"counted until {found['countedUntil']}"
        print_table(f"usage from {found['since']} to {found['until']}, {until}", _rows(found["groups"]))
    else:
        print_json(found)
    return 0


def _unused(remote: Remote, query: dict[str, str], *, as_json: bool) -> int:
    found = _whole(remote, f"{_PATH}/unused", query, ("scopes", "rules", "secrets"))
    if not for_people(as_json=as_json):
        print_json(found)
        return 0
    scopes = [{"server": one["server"]["name"], "scope": one["scope"]["name"]} for one in found["scopes"]]
    print_table(f"scopes of no access token since {found['since']}", scopes)
    rules = [
        {"server": _name(one["server"]), "policy": one["policy"]["name"], "rule": one["rule"]["name"]}
        for one in found["rules"]
    ]
    print_table("rules that decided nothing", rules)
    secrets = [
        {"kind": one["kind"], "name": one["name"], "server": _name(one["server"]), "ends": one["expiresAt"]}
        for one in found["secrets"]
    ]
    print_table("secrets that end soon", secrets)
    return 0


def _name(server: Any) -> str | None:
    return None if server is None else server["name"]


def _whole(remote: Remote, path: str, query: dict[str, str], lists: tuple[str, ...]) -> dict[str, Any]:
    """All pages as one. Raises RemoteFailed."""
    whole: dict[str, Any] = {}
    following: str | None = ""
    while following is not None:
        page = remote.admin("GET", f"{path}?{urlencode(query | ({'after': following} if following else {}))}")
        whole = page | {name: [*whole.get(name, []), *page[name]] for name in lists}
        following = whole.pop("next")
    return whole


def _print_csv(remote: Remote, query: dict[str, str]) -> None:
    path: str | None = f"{_PATH}?{urlencode(query | {'format': 'csv', 'limit': '1000'})}"
    names = True
    while path is not None:
        answer = remote.admin_answer("GET", path)
        if answer.status >= 300:
            remote.admin("GET", path)  # refuses again, in words
            raise RemoteFailed(f"usage answers with status {answer.status}")
        head, end, rows = answer.body.decode().partition("\r\n")
        sys.stdout.write(head + end + rows if names else rows)
        path, names = answer.following, False


def _rows(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The most first, where they are not in the order of time; columns without a number are left out."""
    shown = [
        name
        for name in (groups[0] if groups else ())
        if name in _ALWAYS or any(group[name] not in {0, None} for group in groups)
    ]
    timed = any(name in shown for name in ("day", "hour"))
    ordered = groups if timed else sorted(groups, key=lambda group: -sum(_numbers(group)))
    return [{name: group[name] for name in shown} for group in ordered]


def _numbers(group: dict[str, Any]) -> list[int]:
    return [value for value in group.values() if isinstance(value, int)]
