"""``…/scopes`` of a server (docs/protocol.md §25.2)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from ...http import Response
from ...ids import Ids
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer, Scope
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import ApiError, invalid_field, not_found, read_only
from ..http.fields import Fields
from ..http.paging import after_of, limit_of, page
from .server_changes import ServerChanges, find, path_of, replaced, server_party, without
from .system_objects import RESERVED_SCOPES

MOST: Final = 1_000
TAKEN: Final = "An object with this field already exists in the current organization"
_NAME: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_FILTER: Final = re.compile(r'\s*name\s+eq\s+"([^"]*)"\s*', re.IGNORECASE)
Changed = tuple[AuthorizationServer, Scope, Sequence[Event]]


class Scopes:
    """Scopes of one server. Names are unique: changes of a server come one after the other, by its version."""

    def __init__(self, changes: ServerChanges, ids: Ids) -> None:
        self._changes = changes
        self._ids = ids

    def list(self, call: Call) -> Response:
        """Custom scopes by name, then the system ones in their order (docs/protocol.md §23.4); the cursor is a name."""
        server = self._changes.load(call)
        limit, after = limit_of(call.request, default=200, most=200), after_of(call.request)
        custom = sorted((s for s in server.scopes if not s.system), key=lambda s: s.name)
        ordered = [*custom, *(s for s in server.scopes if s.system)]
        if after is not None:
            names = [scope.name for scope in ordered]
            if after not in names:
                raise ApiError("E0000029", causes=["Invalid cursor."])
            ordered = ordered[names.index(after) + 1 :]
        found = [scope for scope in ordered if _wanted(scope, call)]
        extra = {name: value for name in ("q", "filter") if (value := call.request.query_value(name))}
        following = found[limit - 1].name if len(found) > limit else None
        items = [scope_json(scope, server, call) for scope in found[:limit]]
        path = f"{path_of(server)}/scopes"
        return page(call.request, path, items, limit=limit, following=following, extra=extra, cursor=itemgetter("name"))

    def create(self, call: Call) -> Response:
        self._changes.load(call)
        scope = _read(call.body(), Scope(self._ids.object_id("scp"), ""))

        def change(server: AuthorizationServer) -> Changed:
            _check_name(scope, server)
            if len(server.scopes) >= MOST:
                raise invalid_field("name", f"A server can have at most {MOST} scopes.")
            return replace(server, scopes=(*server.scopes, scope)), scope, [_event("created", scope, server, call)]

        return _answer(201, *self._changes.change(call, change), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, scope_json(_found(server, call), server, call))

    def replace(self, call: Call) -> Response:
        """200. A system scope keeps its name."""
        _found(self._changes.load(call), call)
        body = call.body()

        def change(server: AuthorizationServer) -> Changed:
            before = _found(server, call)
            after = _read(body, replace(Scope(before.id, before.name), system=before.system))
            if before.system and after.name != before.name:
                raise read_only("OAuth2Scope")
            _check_name(after, server)
            changed = replace(server, scopes=replaced(server.scopes, after))
            return changed, after, [_event("updated", after, server, call)]

        return _answer(200, *self._changes.change(call, change), call)

    def delete(self, call: Call) -> Response:
        def change(server: AuthorizationServer) -> Changed:
            scope = _found(server, call)
            if scope.system:
                raise read_only("OAuth2Scope")
            changed = replace(server, scopes=without(server.scopes, scope.id))
            return changed, scope, [_event("deleted", scope, server, call)]

        self._changes.change(call, change)
        return NO_CONTENT


def scope_json(scope: Scope, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """A scope as it is shown (docs/protocol.md §25.2). ``displayName`` is left out where it was never set."""
    shown: dict[str, Any] = {"id": scope.id, "name": scope.name}
    if scope.display_name is not None:
        shown["displayName"] = scope.display_name
    href = call.url(f"{path_of(server)}/scopes/{scope.id}")
    return shown | {
        "description": scope.description,
        "system": scope.system,
        "metadataPublish": scope.metadata_publish,
        "consent": scope.consent,
        "optional": scope.optional,
        "apiResourceId": None,
        "default": scope.default,
        "_links": {"self": link(href, "GET", "PUT", "DELETE")},
    }


def _read(body: Fields, base: Scope) -> Scope:
    name = body.text("name", required=True) or ""
    if name and not _acceptable(name):
        body.problem(
            "name",
            "must be printable ASCII without space, quote and backslash, not 'okta' or '*', "
            "not starting with 'okta.' or 'okta:', and not hold both '<' and '>'.",
        )
    scope = replace(
        base,
        name=name,
        display_name=body.text("displayName"),
        description=body.text("description", longest=4_096),
        consent=body.choice("consent", ("IMPLICIT", "REQUIRED", "FLEXIBLE"), "IMPLICIT"),
        metadata_publish=body.choice("metadataPublish", ("ALL_CLIENTS", "NO_CLIENTS"), "NO_CLIENTS"),
        optional=body.flag("optional", default=False),
        default=body.flag("default", default=False),
    )
    body.check()
    return replace(scope, optional=scope.optional and scope.consent != "IMPLICIT")


def _acceptable(name: str) -> bool:
    if not _NAME.fullmatch(name) or name in {"okta", "*"} or name.startswith(("okta.", "okta:")):
        return False
    return not ("<" in name and ">" in name)


def _check_name(scope: Scope, server: AuthorizationServer) -> None:
    taken = any(known.name == scope.name and known.id != scope.id for known in server.scopes)
    if taken or (scope.name in RESERVED_SCOPES and not scope.system):
        raise invalid_field("name", TAKEN)


def _wanted(scope: Scope, call: Call) -> bool:
    q, condition = call.request.query_value("q"), call.request.query_value("filter")
    if condition:
        match = _FILTER.fullmatch(condition)
        if match is None:
            raise ApiError("E0000031")
        if scope.name != match[1]:
            return False
    return not q or q.casefold() in scope.name.casefold()


def _found(server: AuthorizationServer, call: Call) -> Scope:
    scope: Scope | None = find(server.scopes, call.params["scopeId"])
    if scope is None:
        raise not_found(call.params["scopeId"], "OAuth2Scope")
    return scope


def _event(verb: str, scope: Scope, server: AuthorizationServer, call: Call) -> Event:
    party = Party(scope.id, "OAuth2Scope", display_name=scope.name)
    return call.recorder.event(f"oauth2.scope.{verb}", party, server_party(server))


def _answer(status: int, server: AuthorizationServer, scope: Scope, call: Call) -> Response:
    return Response.json(status, scope_json(scope, server, call))
