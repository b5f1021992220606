"""Attempts at the management API: ids and cursors of one server below the URL of the other."""

from typing import Final
from urllib.parse import quote, urlsplit

from .attempts import Attempts, Crossing
from .endpoints import active, introspected
from .sides import Side

#: Kinds of objects below a server, and what can be done to one, besides reading.
_KINDS: Final = {
    "scopes": ("PUT", "DELETE"),
    "claims": ("PUT", "DELETE"),
    "resources": ("PUT", "DELETE"),
    "trustedIssuers": ("PUT", "DELETE"),
    "policies": ("PUT", "DELETE", "lifecycle/activate", "lifecycle/deactivate"),
    "credentials/keys": ("lifecycle/revoke",),
}
_RULE: Final = ("PUT", "DELETE", "lifecycle/activate", "lifecycle/deactivate")


def attempts(crossing: Crossing) -> Attempts:
    """Every attempt. Raises RemoteFailed."""
    own, target = crossing.own, crossing.target
    for kind, actions in _KINDS.items():
        yield from _object(crossing, f"{target.path}/{kind}/{_quoted(own.children[kind])}", kind, actions)
    policy, rule = own.children["policies"], own.rule
    mixed = f"{target.path}/policies/{target.children['policies']}/rules/{_quoted(rule)}"
    below = f"{target.path}/policies/{_quoted(policy)}/rules"
    yield from _object(crossing, mixed, "rule under the other's policy", _RULE)
    yield from _object(crossing, f"{below}/{_quoted(rule)}", "rule", _RULE)
    yield from _lists(crossing, below)
    yield from _still_there(crossing)


def _object(crossing: Crossing, path: str, kind: str, actions: tuple[str, ...]) -> Attempts:
    """Read, change and delete something that is the other server's: 404, as if there were none."""
    for action in ("GET", *actions):
        method, url = (action, path) if action.isupper() else ("POST", f"{path}/{action}")
        answer = crossing.remote.admin_answer(method, url, {} if method == "PUT" else None)
        yield crossing.attempt(f"its {kind} there: {action}", answer, refused=answer.status == 404)


def _lists(crossing: Crossing, rules_of_own: str) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target
    answer = remote.admin_answer("GET", rules_of_own)
    yield crossing.attempt("its policy there: list rules", answer, refused=answer.status == 404)
    for kind, identifier in own.children.items():
        answer = remote.admin_answer("GET", f"{target.path}/{kind}")
        shown = identifier in answer.body.decode()
        yield crossing.attempt(f"its {kind} in the other's list", answer, refused=answer.status == 200 and not shown)
    cursor = _cursor(crossing, own)
    if cursor is not None:
        answer = remote.admin_answer("GET", f"{target.path}/associatedServers?trusted=true&{cursor}")
        crossed = answer.status == 200 and own.server_id in answer.body.decode()
        yield crossing.attempt("a cursor of its list there", answer, refused=not crossed)


def _cursor(crossing: Crossing, side: Side) -> str | None:
    """The query of the second page of a side's own list."""
    answer = crossing.remote.admin_answer("GET", f"{side.path}/associatedServers?trusted=false&limit=1")
    if answer.following is None:
        return None
    return next(part for part in urlsplit(answer.following).query.split("&") if part.startswith("after="))


def _still_there(crossing: Crossing) -> Attempts:
    """After all that: what was the target of nothing is as it was."""
    remote, own = crossing.remote, crossing.own
    for kind, identifier in own.children.items():
        answer = remote.admin_answer("GET", f"{own.path}/{kind}/{_quoted(identifier)}")
        yield crossing.attempt(f"its {kind} afterwards, at home", answer, refused=answer.status == 200)
    answer = introspected(crossing, own.token, own, own.client)
    yield crossing.attempt("its token afterwards, at home", answer, refused=active(answer))


def _quoted(identifier: str) -> str:
    return quote(identifier, safe="")
