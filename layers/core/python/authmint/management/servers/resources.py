"""``…/resources`` of a server: what its tokens can be for (RFC 8707, docs/protocol.md §8.5, §25.9). An extension.

They may be made before the setting ``resourceIndicators`` is ON, and do nothing until then.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...oauth.resources import LONGEST, canonical
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer, Resource
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import id_after, limit_of, page
from .server_changes import ServerChanges, find, path_of, replaced, server_party, without

MOST: Final = 100
_KNOWN: Final = frozenset(
    {"id", "resource", "name", "scopes", "default", "status", "created", "lastUpdated", "_links"}  # read, then sent
)
Changed = tuple[AuthorizationServer, Resource, Sequence[Event]]


class Resources:
    """Resources of one server. Changes of a server come one after the other, by its version."""

    def __init__(self, changes: ServerChanges, ids: Ids) -> None:
        self._changes = changes
        self._ids = ids

    def list(self, call: Call) -> Response:
        """In ascending id."""
        server = self._changes.load(call)
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        found = sorted((r for r in server.resources if after is None or r.id > after), key=lambda r: r.id)
        items = [_json(resource, server, call) for resource in found[:limit]]
        following = found[limit - 1].id if len(found) > limit else None
        return page(call.request, f"{path_of(server)}/resources", items, limit=limit, following=following, extra={})

    def create(self, call: Call) -> Response:
        self._changes.load(call)
        body = call.body()

        def change(server: AuthorizationServer) -> Changed:
            resource = _read(body, Resource(self._ids.object_id("rsi"), "", call.now, call.now), server, new=True)
            if len(server.resources) >= MOST:
                raise invalid_field("resource", f"A server can have at most {MOST} resources.")
            changed = replace(server, resources=(*server.resources, resource))
            return changed, resource, [_event("created", resource, server, call)]

        return _answer(201, *self._changes.change(call, change), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, _json(_found(server, call), server, call))

    def replace(self, call: Call) -> Response:
        """200. The URI stays: it is in tokens, and those who read them compare it."""
        _found(self._changes.load(call), call)
        body = call.body()

        def change(server: AuthorizationServer) -> tuple[AuthorizationServer, Resource, Sequence[Event]]:
            before = _found(server, call)
            base = Resource(before.id, before.uri, before.created_at, before.updated_at)
            after = _read(body, base, server, new=False)
            if after == before:
                return server, before, []
            after = replace(after, updated_at=call.now)
            changed = replace(server, resources=replaced(server.resources, after))
            return changed, after, [_event("updated", after, server, call)]

        return _answer(200, *self._changes.change(call, change), call)

    def delete(self, call: Call) -> Response:
        """204. No token is given for it any more, and no refresh token that is for it alone is good for anything."""

        def change(server: AuthorizationServer) -> Changed:
            resource = _found(server, call)
            changed = replace(server, resources=without(server.resources, resource.id))
            return changed, resource, [_event("deleted", resource, server, call)]

        self._changes.change(call, change)
        return NO_CONTENT


def _read(body: Fields, base: Resource, server: AuthorizationServer, *, new: bool) -> Resource:
    body.problems.clear()  # the same body is read again where another change came first
    uri = body.text("resource", required=new, longest=LONGEST) or base.uri
    if not new and uri != base.uri:
        body.problem("resource", "cannot be changed: it is the audience of tokens. Make another resource.")
    resource = replace(
        base,
        uri=uri,
        name=body.text("name") or "",
        scopes=body.texts("scopes", longest=255) or (),
        default=body.flag("default", default=False),
        status=body.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE"),
    )
    for name in body.names():
        if name not in _KNOWN:
            body.problem(name[:100], "There is no such member.")
    _check(body, resource, server)
    body.check()
    return resource


def _check(body: Fields, resource: Resource, server: AuthorizationServer) -> None:
    form = canonical(resource.uri)
    if resource.uri and form is None:
        body.problem("resource", "must be an absolute URI in ASCII, without fragment and user information.")
    others = [other for other in server.resources if other.id != resource.id]
    if alike := [other.uri for other in others if canonical(other.uri) == form]:
        body.problem("resource", f"The server has '{alike[0]}', which means the same.")
    known = {scope.name for scope in server.scopes}
    if unknown := [name for name in resource.scopes if name not in known]:
        body.problem("scopes", f"The server has no scope '{unknown[0]}'.")
    if resource.default and (defaults := [other.uri for other in others if other.default]):
        body.problem("default", f"'{defaults[0]}' is the default already.")


def _json(resource: Resource, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    href = call.url(f"{path_of(server)}/resources/{resource.id}")
    return {
        "id": resource.id,
        "resource": resource.uri,
        "name": resource.name,
        "scopes": list(resource.scopes),
        "default": resource.default,
        "status": resource.status,
        "created": timestamp(resource.created_at),
        "lastUpdated": timestamp(resource.updated_at),
        "_links": {"self": link(href, "GET", "PUT", "DELETE")},
    }


def _found(server: AuthorizationServer, call: Call) -> Resource:
    resource: Resource | None = find(server.resources, call.params["resourceId"])
    if resource is None:
        raise not_found(call.params["resourceId"], "AuthorizationServerResource")
    return resource


def _event(verb: str, resource: Resource, server: AuthorizationServer, call: Call) -> Event:
    party = Party(resource.id, "AuthorizationServerResource", display_name=resource.uri)
    return call.recorder.event(f"oauth2.resource.{verb}", party, server_party(server))


def _answer(status: int, server: AuthorizationServer, resource: Resource, call: Call) -> Response:
    return Response.json(status, _json(resource, server, call))
