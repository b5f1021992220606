"""Clients that no administrator registered, as the protocol sees them: which of them a server lets in, and what they
are there (docs/protocol.md §7.5).

An unregistered client is a ``Client`` like any other, made from what its metadata document says, within what the server
allows: PKCE, consent, rotated refresh tokens, everybody assigned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..policy.access.evaluate import is_for
from ..storage.client_documents import ClientCopies, ClientCopy, ClientDocument
from ..storage.client_registration import MetadataClient, origin_of
from ..storage.clients import Client, ClientKey
from ..storage.events import Party
from ..storage.servers import AuthorizationServer
from .client_documents import BadDocument, is_document_url
from .document_clients import DocumentClients, DocumentUnavailable, NotFetchedYet, stored_copy
from .errors import OAuthError
from .token_events import TokenEvents

#: Seconds by which a copy may be older than its host said, where a client calls: it must not wait for another host.
GRACE: Final = 86_400
_CHANGED: Final = "app.oauth2.client.lifecycle.update"
_WITHDRAWN: Final = "app.oauth2.client.lifecycle.deactivate"
#: Seconds for which a rotated refresh token may come again: such clients refresh in parallel.
_LEEWAY: Final = 30


@dataclass(frozen=True)
class StoredClients:
    """``Unregistered`` by what is stored alone: for whoever asks about what was given before."""

    copies: ClientCopies

    def client(self, server: AuthorizationServer, client_id: str) -> Client | None:
        """The client, if the server still lets it in; however old the copy is."""
        try:
            entry = admitted(server, client_id)
        except OAuthError:
            return None
        copy = stored_copy(self.copies, server.id, client_id)
        if entry is not None and entry.document is not None:
            return client_of(entry.document, entry, copy)
        if copy is None or copy.withdrawn_at is not None:
            return None
        return client_of(copy.document, entry, copy)

    def is_withdrawn(self, server: AuthorizationServer, client_id: str) -> bool:
        """Whether the document's host said last that there is none."""
        copy = stored_copy(self.copies, server.id, client_id)
        return copy is not None and copy.withdrawn_at is not None


@dataclass(frozen=True)
class FetchedClients:
    """``Unregistered`` with documents that are fetched where a copy is too old, or where there is none.

    Attributes:
        grace: Seconds by which a copy may be older than its host said.
        issuer: For the people of the documents' hosts.
        own_hosts: Names of this deployment: nobody's documents are there.
        now: Gives Unix seconds.
    """

    stored: StoredClients
    documents: DocumentClients
    now: Callable[[], int]
    grace: int = GRACE
    issuer: str = ""
    own_hosts: frozenset[str] = frozenset()

    def client(self, server: AuthorizationServer, client_id: str) -> Client | None:
        """The client, for a call of its own: nobody is signed in there."""
        try:
            return self.found(server, client_id, signed_in=False)
        except (NotFetchedYet, _NotLetIn, _BadClient):
            return None  # as of an id that nobody has

    def found(
        self, server: AuthorizationServer, client_id: str, *, signed_in: bool, issuer: str | None = None
    ) -> Client:
        """The client of a URL.

        Args:
            server: Whose client.
            client_id: Its URL.
            signed_in: Whether the browser that asks has a session: nobody else makes this service fetch from anywhere.
            issuer: Of the server.

        Raises:
            OAuthError: There is none, or it cannot be told now.
            NotFetchedYet: The document would have to be fetched for the first time, and nobody is signed in.
            Unavailable: Storage could not answer.
        """
        entry = admitted(server, client_id, own_hosts=self.own_hosts)
        if entry is not None and entry.document is not None:
            client = self.stored.client(server, client_id)
            if client is None:
                raise _NotLetIn("the entry is gone")
            return client
        if not any(
            policy.status == "ACTIVE" and policy.rules and is_for(policy, client_id) for policy in server.policies
        ):
            raise _NotLetIn("no policy of the server is for such a client")
        try:
            copy = self.documents.find(
                server.id,
                client_id,
                issuer=self.issuer if issuer is None else issuer,
                private_schemes=server.registration.private_schemes,
                now=self.now(),
                grace=self.grace,
                begin=signed_in or server.registration.metadata_documents != "OPEN" or entry is not None,
            )
        except BadDocument as bad:
            raise _BadClient(bad) from None
        except DocumentUnavailable as unavailable:
            raise OAuthError("client_document_unavailable", reason=str(unavailable)) from None
        return client_of(copy.document, entry, copy)


@dataclass(frozen=True)
class ChangedClients:
    """Tells the system log of clients that are others now, or none. Nobody did it: their documents say so."""

    events: TokenEvents
    clock: Clock
    ids: Ids

    def __call__(self, before: ClientCopy, after: ClientCopy) -> None:
        """One event."""
        url = after.document.url
        debug = {
            "authorization_server": after.server_id,
            "redirect_uris": ", ".join(after.document.redirect_uris),
            "token_endpoint_auth_method": after.document.auth_method,
            "tokens_revoked": "true" if after.generation != before.generation else "",
        }
        event = EventBuilder(Request("GET", "/"), self.clock, self.ids).event(
            _CHANGED if after.withdrawn_at is None else _WITHDRAWN,
            actor=Party("unknown", "SystemPrincipal"),
            targets=[Party(url, "PublicClientApp", url, after.document.name or host_of(url))],
            debug=debug,
        )
        self.events.emit(event)


class _NotLetIn(OAuthError):
    """The server has nothing to do with the URL. Whoever asks learns no more than of an id that nobody has."""

    def __init__(self, reason: str) -> None:
        super().__init__("invalid_client_id", reason=reason)


class _BadClient(OAuthError):
    """The document makes no client. Its author should read why."""

    def __init__(self, bad: BadDocument) -> None:
        super().__init__(bad.id, str(bad), reason=str(bad))


def admitted(
    server: AuthorizationServer, client_id: str, *, own_hosts: frozenset[str] = frozenset()
) -> MetadataClient | None:
    """What administrators say of a client that the server may look for; ``None``: nothing. Nothing is fetched.

    Raises:
        OAuthError: It may not.
    """
    registration = server.registration
    mode = registration.metadata_documents
    if mode == "OFF":
        raise _NotLetIn("clientRegistration.metadataDocuments is OFF")
    if not is_document_url(client_id, own_hosts=own_hosts):
        raise _NotLetIn("this is no URL of a metadata document")
    entry = next((client for client in server.metadata_clients if client.client_id == client_id), None)
    if entry is not None and entry.status == "BLOCKED":
        raise _NotLetIn("an administrator blocked the client")
    if entry is not None and entry.status == "ACTIVE":
        return entry
    if mode == "LISTED":
        raise _NotLetIn("no administrator listed the document")
    if mode == "ORIGINS" and origin_of(client_id) not in registration.origins:
        raise _NotLetIn("its origin is not in clientRegistration.origins")
    return entry


def client_of(document: ClientDocument, entry: MetadataClient | None, copy: ClientCopy | None) -> Client:
    """The client that a document describes at one server.

    Args:
        document: The approved one, or the copy's.
        entry: Of administrators, also one that was removed.
        copy: Also where the document is an approved one: what was given under it goes on.
    """
    generations = [entry.generation if entry is not None else 0, copy.generation if copy is not None else 0]
    since = [entry.since if entry is not None else 0]
    if copy is not None and document is copy.document:
        since.append(copy.since)
    pages = {"client_uri": document.client_uri, "tos_uri": document.tos_uri, "policy_uri": document.policy_uri}
    created_at = copy.since if copy is not None else max(since)
    return Client(
        id=document.url,
        label=document.name or host_of(document.url),
        created_at=created_at,
        updated_at=copy.checked_at if copy is not None else created_at,
        application_type="native",
        grant_types=document.grant_types,
        redirect_uris=document.redirect_uris,
        auth_method=document.auth_method,
        pkce_required=True,
        consent_method="REQUIRED",
        keys=tuple(ClientKey(str(jwk.get("kid", "")), jwk, created_at, created_at) for jwk in document.jwks),
        jwks_uri=document.jwks_uri,
        rotates_refresh_tokens=True,
        refresh_leeway=_LEEWAY,
        token_generation=max(generations),
        implicit_assignment=True,
        reserves_label=False,
        scopes=document.scopes,
        since=max(since),
        settings={name: uri for name, uri in pages.items() if uri},  # no logo: anybody can show anybody's picture
    )


def assumed(client_id: str, entry: MetadataClient | None, redirect_uri: str) -> Client:
    """The client of a document that was not fetched yet, as such documents usually describe one."""
    usual = ClientDocument(client_id, "", (redirect_uri,), "none", ("authorization_code", "refresh_token"))
    return client_of(usual, entry, None)


def host_of(client_id: str) -> str:
    """Whose client it is: nothing else about a metadata document is proven."""
    return urlsplit(client_id).hostname or client_id
