"""``authmint keys``: how the signing keys of a deployment do, and the emergency brake for a leaked one."""

import argparse
from typing import Any
from urllib.parse import quote

from ..parsers import add_command
from ..remote import Remote, add_options, of_options
from ..tables import for_people, print_json, print_table

_SERVERS = "/api/v1/authorizationServers"
_DOCTOR_EXAMPLES = """
authmint keys doctor                     of all servers
authmint keys doctor --server default
"""
_REVOKE_EXAMPLES = """
authmint keys revoke default RQ8DuhdxCczyMvy7GNJb4Ka3lQ99vrSo3oFBUiZjzzc --reason "copied to a laptop"
"""


def add(commands: Any) -> None:
    """Add the group's parsers."""
    keys = add_command(
        commands, "keys", summary="signing keys of a deployment", examples=_DOCTOR_EXAMPLES + _REVOKE_EXAMPLES
    )
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    doctor = add_command(
        actions,
        "doctor",
        summary="since when each key serves, and what happens to it next; 1: overdue",
        examples=_DOCTOR_EXAMPLES,
    )
    doctor.add_argument("--server", metavar="ID", help="one server; default: all")
    add_options(doctor)
    doctor.set_defaults(run=_doctor)
    revoke = add_command(
        actions,
        "revoke",
        summary="withdraw a leaked key at once",
        description="Withdraws a leaked key at once: it leaves the key set, a fresh key signs where it did, and the "
        "tokens that it signed are inactive at introspection. Verifiers that cached the key set trust the key until "
        "their copy has run out, at most a day.",
        examples=_REVOKE_EXAMPLES,
    )
    revoke.add_argument("server", metavar="SERVER", help="id, or default")
    revoke.add_argument("kid", metavar="KID", help="put -- before it where it begins with a hyphen")
    revoke.add_argument("--reason", help="for the system log")
    add_options(revoke)
    revoke.set_defaults(run=_revoke)


def _doctor(options: argparse.Namespace) -> int:
    remote = of_options(options)
    ids = [options.server] if options.server else [server["id"] for server in remote.pages(_SERVERS)]
    servers = [_rotation(remote, server_id) for server_id in ids]
    if for_people(as_json=options.json):
        for server in servers:
            title = f"{server['name']} ({server['id']}), {server['rotationMode']}, {server['status']}"
            print_table(title, [_row(key) for key in server["keys"]])
    else:
        print_json(servers)
    return int(any(key["next"]["overdue"] for server in servers for key in server["keys"]))


def _rotation(remote: Remote, server_id: str) -> Any:
    return remote.admin("GET", f"{_SERVERS}/{quote(server_id, safe='')}/credentials/rotation")


def _row(key: Any) -> dict[str, Any]:
    following = key["next"]
    return {
        "kid": key["kid"],
        "status": key["status"],
        "published since": key["publishedSince"],
        "signs since": key["signsSince"],
        "last token expires by": key["lastTokenExpiresBy"],
        "next": following["step"],
        "when": f"{following['at']}, overdue" if following["overdue"] else following["at"],
    }


def _revoke(options: argparse.Namespace) -> int:
    remote = of_options(options)
    server, kid = quote(options.server, safe=""), quote(options.kid, safe="")
    path = f"{_SERVERS}/{server}/credentials/keys/{kid}/lifecycle/revoke"
    body = None if options.reason is None else {"reason": options.reason}
    left = remote.admin("POST", path, body)
    if for_people(as_json=options.json):
        rows = [{"kid": key["kid"], "status": key["status"], "alg": key["alg"]} for key in left]
        print_table(f"Keys of {options.server} from now on", rows)
    else:
        print_json(left)
    return 0
