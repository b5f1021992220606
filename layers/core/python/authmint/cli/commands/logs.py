"""``authmint logs``: the system log of a deployment."""

import argparse
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from ..parsers import add_command
from ..remote import Answer, Remote, RemoteFailed, add_options, of_options
from ..tables import for_people, json_of, plain, print_json, print_table

_PATH: Final = "/api/v1/logs"
#: Seconds between two looks.
_PAUSE: Final = 2.0
_EXAMPLES: Final = """
authmint logs --follow
authmint logs --since 2026-01-31T08:00:00Z --filter 'outcome.result eq "FAILURE"' --json
"""


def add(commands: Any) -> None:
    """Add the group's parsers."""
    logs = add_command(
        commands,
        "logs",
        summary="the system log: administration, tokens granted and refused",
        examples=_EXAMPLES,
    )
    logs.add_argument("--since", metavar="TIME", help="ISO 8601; default: a week ago, with --follow: now")
    logs.add_argument("--until", metavar="TIME", help="ISO 8601")
    logs.add_argument("--filter", metavar="EXPRESSION", help='as in: outcome.result eq "FAILURE"')
    logs.add_argument("-q", metavar="WORDS", help="words that stand anywhere in the event")
    logs.add_argument("--limit", type=int, default=100, metavar="N", help="most events (default 100)")
    logs.add_argument("--follow", action="store_true", help="wait for events and print them as they come")
    add_options(logs)
    logs.set_defaults(run=_logs)


def _logs(options: argparse.Namespace) -> int:
    remote = of_options(options)
    given = {name: getattr(options, name) for name in ("since", "until", "filter", "q")}
    query = {name: value for name, value in given.items() if value}
    people = for_people(as_json=options.json)
    if options.follow:
        query.pop("until", None)
        query.setdefault("since", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        try:
            for event in follow(remote, query):
                print(_line(event) if people else json_of(event), flush=True)
        except KeyboardInterrupt:
            return 0
    events = _newest(remote, query, options.limit)
    if people:
        print_table("system log, the newest last", [_row(event) for event in events])
    else:
        print_json(events)
    return 0


def follow(remote: Remote, query: dict[str, str], *, pause: float = _PAUSE) -> Iterator[Any]:
    """Events for ever, each once. Raises RemoteFailed."""
    following = f"{_PATH}?{urlencode(query)}"
    while True:
        answer = _answered(remote, following)
        events = answer.json()
        yield from events
        if answer.following is None:
            raise RemoteFailed("the log has no next page; it cannot be followed")
        following = answer.following
        if not events:
            time.sleep(pause)


def _newest(remote: Remote, query: dict[str, str], limit: int) -> list[Any]:
    """The newest events, in the order in which they happened."""
    page = {"sortOrder": "DESCENDING", "limit": str(max(1, min(limit, 1_000)))}
    path: str | None = f"{_PATH}?{urlencode(query | page)}"
    found: list[Any] = []
    while path is not None and len(found) < limit:
        answer = _answered(remote, path)
        found += answer.json()
        path = answer.following
    return found[:limit][::-1]


def _answered(remote: Remote, path: str) -> Answer:
    answer = remote.admin_answer("GET", path)
    if answer.status >= 300:
        remote.admin("GET", path)  # refuses again, in words
        raise RemoteFailed(f"the log answers with status {answer.status}")
    return answer


def _row(event: Any) -> dict[str, Any]:
    debug = event["debugContext"]["debugData"]
    return {
        "when": event["published"],
        "event": event["eventType"],
        "outcome": event["outcome"]["reason"] or event["outcome"]["result"],
        "actor": event["actor"]["displayName"] or event["actor"]["id"],
        "target": ", ".join(target["displayName"] or target["id"] for target in event["target"]),
        "policy / rule": f"{debug['policy']} / {debug['rule']}" if "rule" in debug else None,
        "uuid": event["uuid"],
    }


def _line(event: Any) -> str:
    return plain("  ".join(str(value) for value in _row(event).values() if value)).replace("\n", " ")
