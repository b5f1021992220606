"""Whose request a preview is: somebody, and a client as the server knows it, or would know it."""

from dataclasses import dataclass
from typing import Any

from ...oauth.authorization.request import unknown_client
from ...oauth.errors import OAuthError
from ...oauth.unregistered_clients import StoredClients, admitted, assumed
from ...storage.client_registration import class_of
from ...storage.clients import Client, Clients
from ...storage.directory import Directory, Person
from ...storage.errors import NotFound
from ...storage.servers import AuthorizationServer
from ..http.errors import not_found


@dataclass(frozen=True)
class PreviewedClient:
    """A client, and how much of it is known.

    Attributes:
        refused: Why the server would have nothing to do with it.
        document: Of a metadata document: ``APPROVED`` by administrators, ``FETCHED`` before, or ``ASSUMED`` to say
            what such documents do: nothing is fetched for a preview.
    """

    client: Client
    refused: OAuthError | None = None
    document: str | None = None

    def shown(self) -> dict[str, Any]:
        """As answers show it."""
        shown = {"id": self.client.id, "class": class_of(self.client.id)}
        return shown if self.document is None else shown | {"document": self.document}


def find(
    server: AuthorizationServer, client_id: str, redirect_uri: str, clients: Clients, unregistered: StoredClients
) -> PreviewedClient:
    """The client of an id, whatever class it is of.

    Raises:
        ApiError: E0000007: there is no such client, and there cannot be one yet.
        Unavailable: Storage could not answer.
    """
    class_ = class_of(client_id)
    if class_ == "REGISTERED":
        try:
            return PreviewedClient(clients.get(client_id))
        except NotFound:
            raise not_found(client_id, "PublicClientApp") from None
    if class_ == "DYNAMIC":
        known = unregistered.client(server, client_id)
        if known is None:
            raise not_found(client_id, "PublicClientApp")
        return PreviewedClient(known)
    try:
        entry = admitted(server, client_id)
    except OAuthError as refused:
        return PreviewedClient(unknown_client(client_id), refused)
    found = unregistered.client(server, client_id)
    if found is not None:
        return PreviewedClient(found, document="FETCHED" if entry is None or entry.document is None else "APPROVED")
    if unregistered.is_withdrawn(server, client_id):
        return PreviewedClient(unknown_client(client_id), OAuthError("cimd_not_found", "The document was withdrawn."))
    return PreviewedClient(assumed(client_id, entry, redirect_uri), document="ASSUMED")


def person_of(directory: Directory, named: str) -> Person:
    """Somebody by their id or login.

    Raises:
        ApiError: E0000007.
        Unavailable: Storage could not answer.
    """
    try:
        return directory.person(named)
    except NotFound:
        pass
    try:
        return directory.by_login(named)
    except NotFound:
        raise not_found(named, "User") from None
