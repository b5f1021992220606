"""``app_connections`` of a client, in both views of it (docs/protocol.md §45.4)."""

import re
from dataclasses import replace
from typing import Any, Final

from ...oauth.form import TOKEN_EXCHANGE
from ...storage.app_connections import AppConnection
from ...storage.clients import Client
from ..http.fields import Fields
from .client_uris import is_page_uri

NAME: Final = "app_connections"
MOST: Final = 20
_LONGEST: Final = 512
_KNOWN: Final = frozenset({"audience", "client_id", "scopes", "resources"})
_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,255}")
_PRINTABLE: Final = re.compile(r"[\x21-\x7E]+")


def read_connections(client: Client, settings: Fields) -> Client:
    """The client with what a body says: what it leaves out is gone."""
    found = tuple(map(_read, settings.objects(NAME, most=MOST)))
    if len({one.audience for one in found}) < len(found):
        settings.problem(NAME, "There can be one for an audience.")
    return replace(client, app_connections=found)


def check_connections(client: Client, settings: Fields) -> None:
    """Note what a client that is connected needs: it proves who it is, and exchanges tokens."""
    if not client.app_connections:
        return
    if client.auth_method == "none":
        settings.problem(NAME, "are for clients that authenticate.")
    if TOKEN_EXCHANGE not in client.grant_types:
        settings.problem(NAME, f"need the grant type '{TOKEN_EXCHANGE}'.")


def shown_connections(client: Client) -> dict[str, Any]:
    """The member of a client that has any."""
    return {NAME: [_json(one) for one in client.app_connections]} if client.app_connections else {}


def _read(body: Fields) -> AppConnection:
    audience = body.text("audience", required=True, longest=_LONGEST) or ""
    if audience and (not is_page_uri(audience) or "?" in audience or "#" in audience):
        body.problem("audience", "must be the issuer of a server: an https URL without query and fragment.")
    client_id = body.text("client_id", required=True, longest=_LONGEST) or ""
    if client_id and not _PRINTABLE.fullmatch(client_id):
        body.problem("client_id", "is what the client is called at that server.")
    scopes, resources = body.texts("scopes", most=100) or (), body.texts("resources", longest=_LONGEST, most=100) or ()
    if not scopes:
        body.problem("scopes", "At least one is needed.")
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        body.problem("scopes", "are names of scopes.")
    if not all(_PRINTABLE.fullmatch(uri) and ":" in uri and "#" not in uri for uri in resources):
        body.problem("resources", "are absolute URIs without fragment.")
    for name in body.names():
        if name not in _KNOWN:
            body.problem(name[:100], "There is no such member.")
    return AppConnection(audience, client_id, scopes, resources)


def _json(connection: AppConnection) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "audience": connection.audience,
        "client_id": connection.client_id,
        "scopes": list(connection.scopes),
    }
    return shown | {"resources": list(connection.resources)} if connection.resources else shown
