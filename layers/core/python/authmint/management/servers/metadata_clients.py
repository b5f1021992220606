"""``…/metadataClients`` of a server: what administrators say of single metadata documents (docs/protocol.md §25.10).

An entry lists a document, approves a copy of it (``PINNED``), or blocks its client. ``…/metadataDocuments`` shows the
documents that the server has fetched, whoever listed them. Both are extensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...oauth.client_documents import LARGEST, BadDocument, is_another_client, is_document_url, is_weaker
from ...oauth.client_documents import read as read_document
from ...storage.client_documents import ClientCopies, ClientCopy, ClientDocument, later
from ...storage.client_registration import MetadataClient
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import id_after, limit_of, page
from .server_changes import ServerChanges, find, path_of, replaced, server_party, without

MOST: Final = 100
#: Removed entries that are remembered.
_MOST_REMOVED: Final = 900
#: Seconds after which nothing is left that an entry's end could have ended.
_REMEMBERED: Final = 400 * 86_400
_KNOWN: Final = frozenset({"id", "clientId", "mode", "document", "status", "created", "lastUpdated", "_links"})
Changed = tuple[AuthorizationServer, MetadataClient, Sequence[Event]]


class MetadataClients:
    """Entries of one server. Changes of a server come one after the other, by its version."""

    def __init__(self, changes: ServerChanges, copies: ClientCopies, ids: Ids) -> None:
        self._changes = changes
        self._copies = copies
        self._ids = ids

    def list(self, call: Call) -> Response:
        """In ascending id."""
        server = self._changes.load(call)
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        found = sorted((c for c in _present(server) if after is None or c.id > after), key=lambda c: c.id)
        items = [_json(client, server, call) for client in found[:limit]]
        following = found[limit - 1].id if len(found) > limit else None
        return page(
            call.request, f"{path_of(server)}/metadataClients", items, limit=limit, following=following, extra={}
        )

    def create(self, call: Call) -> Response:
        """201. What the client had under an earlier entry stays dead."""
        self._changes.load(call)
        body = call.body()
        base = MetadataClient(self._ids.object_id("mcl"), "", call.now, call.now, since=call.now)

        def change(server: AuthorizationServer) -> Changed:
            made = _read(body, base, server, new=True)
            if len(_present(server)) >= MOST:
                raise invalid_field("clientId", f"A server can have at most {MOST} entries.")
            earlier = next((c for c in server.metadata_clients if c.client_id == made.client_id), None)
            if earlier is not None:
                made = replace(made, generation=earlier.generation)
            kept = tuple(c for c in server.metadata_clients if c is not earlier and _is_remembered(c, call.now))
            changed = replace(server, metadata_clients=(*kept, made))
            return changed, made, [_event("created", made, server, call)]

        return _answer(201, *self._changes.change(call, change), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, _json(_found(server, call), server, call))

    def replace(self, call: Call) -> Response:
        """200. Another document is a change between copies: who proved who it was and does so no more loses all."""
        _found(self._changes.load(call), call)
        body = call.body()

        def change(server: AuthorizationServer) -> Changed:
            before = _found(server, call)
            after = _read(body, before, server, new=False)
            if after == before:
                return server, before, []
            after = _since(before, replace(after, updated_at=call.now), call.now)
            changed = replace(server, metadata_clients=replaced(server.metadata_clients, after))
            return changed, after, [_event("updated", after, server, call)]

        return _answer(200, *self._changes.change(call, change), call)

    def delete(self, call: Call) -> Response:
        """204. Everything that the client has at this server is dead, also where the URL itself is still let in."""

        def change(server: AuthorizationServer) -> Changed:
            before = _found(server, call)
            gone = _ended(replace(before, status="REMOVED", document=None, source={}, updated_at=call.now), call.now)
            kept = replace(server, metadata_clients=replaced(server.metadata_clients, gone))
            removed = [c for c in kept.metadata_clients if c.status == "REMOVED"]
            for old in sorted(removed, key=lambda c: c.updated_at)[: max(len(removed) - _MOST_REMOVED, 0)]:
                kept = replace(kept, metadata_clients=without(kept.metadata_clients, old.id))
            return kept, before, [_event("deleted", before, server, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def documents(self, call: Call) -> Response:
        """The copies of documents that the server keeps, in the order of the digests of their URLs."""
        server = self._changes.load(call)
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        found, following = self._copies.list(server.id, after=after, limit=limit)
        items = [_copy_json(copy, server) for copy in found]
        return page(
            call.request, f"{path_of(server)}/metadataDocuments", items, limit=limit, following=following, extra={}
        )


@dataclass(frozen=True)
class _Sent:
    document: ClientDocument | None
    source: dict[str, Any]


def _read(body: Fields, base: MetadataClient, server: AuthorizationServer, *, new: bool) -> MetadataClient:
    url = body.text("clientId", required=new, longest=512) or base.client_id
    if url and not is_document_url(url):
        body.problem("clientId", "must be the URL of a metadata document: https, with a host and a path, nothing else.")
    elif not new and url != base.client_id:
        body.problem("clientId", "cannot be changed: it is in tokens. Make another entry.")
    if new and any(client.client_id == url for client in _present(server)):
        body.problem("clientId", "The server has an entry for this document.")
    sent = _document(body, url, server)
    mode = body.choice("mode", ("FOLLOW", "PINNED"), "FOLLOW" if sent.document is None else "PINNED")
    if (mode == "PINNED") != body.has("document"):
        body.problem("mode", "is 'PINNED' with a 'document', and 'FOLLOW' without one.")
    for name in body.names():
        if name not in _KNOWN:
            body.problem(name[:100], "There is no such member.")
    status = body.choice("status", ("ACTIVE", "BLOCKED"), "ACTIVE")
    body.check()
    return replace(base, client_id=url, document=sent.document, source=sent.source, status=status)


def _document(body: Fields, url: str, server: AuthorizationServer) -> _Sent:
    if not body.has("document"):
        return _Sent(None, {})
    source = dict(body.free("document", longest=LARGEST))
    try:
        schemes = server.registration.private_schemes
        return _Sent(read_document(msgspec.json.encode(source), url, private_schemes=schemes), source)
    except BadDocument as bad:
        body.problem("document", str(bad))
        return _Sent(None, source)


def _since(before: MetadataClient, after: MetadataClient, now: int) -> MetadataClient:
    """The entry after a change, with what the change ended."""
    if after.status == "BLOCKED" and before.status != "BLOCKED":
        after = _ended(after, now)
    if before.document is None or after.document is None:
        another, weaker = before.document is not after.document, False
    else:
        another = is_another_client(before.document, after.document)
        weaker = is_weaker(before.document, after.document)
    if another:
        after = replace(after, since=later(after.since, now))
    return _ended(after, now) if weaker else after


def _ended(client: MetadataClient, now: int) -> MetadataClient:
    return replace(client, generation=later(client.generation, now))


def _present(server: AuthorizationServer) -> Sequence[MetadataClient]:
    return [client for client in server.metadata_clients if client.status != "REMOVED"]


def _is_remembered(client: MetadataClient, now: int) -> bool:
    return client.status != "REMOVED" or now < client.updated_at + _REMEMBERED


def _json(client: MetadataClient, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    href = call.url(f"{path_of(server)}/metadataClients/{client.id}")
    shown = {
        "id": client.id,
        "clientId": client.client_id,
        "mode": client.mode,
        "status": client.status,
        "created": timestamp(client.created_at),
        "lastUpdated": timestamp(client.updated_at),
        "_links": {"self": link(href, "GET", "PUT", "DELETE")},
    }
    return shown if client.document is None else shown | {"document": client.source}


def _copy_json(copy: ClientCopy, server: AuthorizationServer) -> dict[str, Any]:
    document = copy.document
    entry = next((client for client in _present(server) if client.client_id == document.url), None)
    shown = {
        "clientId": document.url,
        "name": document.name,
        "redirectUris": list(document.redirect_uris),
        "tokenEndpointAuthMethod": document.auth_method,
        "grantTypes": list(document.grant_types),
        "status": "ACTIVE" if copy.withdrawn_at is None else "WITHDRAWN",
        "checked": timestamp(copy.checked_at),
        "freshUntil": timestamp(copy.fresh_until),
    }
    return shown if entry is None else shown | {"entry": entry.id}


def _found(server: AuthorizationServer, call: Call) -> MetadataClient:
    client: MetadataClient | None = find(_present(server), call.params["metadataClientId"])
    if client is None:
        raise not_found(call.params["metadataClientId"], "AuthorizationServerMetadataClient")
    return client


def _event(verb: str, client: MetadataClient, server: AuthorizationServer, call: Call) -> Event:
    party = Party(client.id, "AuthorizationServerMetadataClient", display_name=client.client_id)
    return call.recorder.event(f"oauth2.metadata_client.{verb}", party, server_party(server))


def _answer(status: int, server: AuthorizationServer, client: MetadataClient, call: Call) -> Response:
    return Response.json(status, _json(client, server, call))
