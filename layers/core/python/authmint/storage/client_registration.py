"""Clients that no administrator registered: which of them a server takes, and how its policies address them.

An id says by its form which class a client is of. The URL of a metadata document is one (``METADATA``), and so is what
open registration makes (``DYNAMIC``); every other id is an administrator's (``REGISTERED``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from .client_documents import ClientDocument
from .lifetimes import Lifetimes

ClientClass = Literal["REGISTERED", "METADATA", "DYNAMIC"]
MetadataDocuments = Literal["OFF", "LISTED", "ORIGINS", "OPEN"]
DynamicRegistration = Literal["OFF", "TOKEN", "OPEN"]
MetadataClientMode = Literal["FOLLOW", "PINNED"]
MetadataClientStatus = Literal["ACTIVE", "BLOCKED", "REMOVED"]

#: Words of policies. Registered clients alone: a switch of a server must not open policies that were written for them.
ALL_CLIENTS: Final = "ALL_CLIENTS"
METADATA_CLIENTS: Final = "METADATA_CLIENTS"
DYNAMIC_CLIENTS: Final = "DYNAMIC_CLIENTS"
#: What stands before an origin in a policy: it means all metadata documents there.
ORIGIN: Final = "origin:"
DOCUMENT_SCHEME: Final = "https://"
DYNAMIC_ID: Final = "dcr_"

#: Schemes of redirect URIs that applications of some editors listen to.
PRIVATE_SCHEMES: Final = ("cursor", "vscode", "vscode-insiders", "windsurf", "zed")


@dataclass(frozen=True)
class ClientRegistration:
    """What a server says of clients that no administrator registered. At first: that there are none.

    Attributes:
        metadata_documents: Which URLs may name clients: none, those that administrators listed, those of ``origins``,
            all.
        origins: Scheme, host and port.
        dynamic: Who may register clients at the server: nobody, who has a token for it, everybody.
        scopes: Names of what such clients can have at most; none: the published ones, ``openid``, ``offline_access``.
        private_schemes: That their redirect URIs may have.
        https_redirect_hosts: Where https redirect URIs may lead. None: of a metadata document anywhere, of a dynamic
            registration to the well-known ones.
        unused_days: How long an unused dynamic client stays.
        max_access_token_minutes, max_refresh_days: What policies can give such a client at most.
    """

    metadata_documents: MetadataDocuments = "OFF"
    origins: tuple[str, ...] = ()
    dynamic: DynamicRegistration = "OFF"
    scopes: tuple[str, ...] = ()
    private_schemes: tuple[str, ...] = PRIVATE_SCHEMES
    https_redirect_hosts: tuple[str, ...] = ()
    max_dynamic_clients: int = 1_000
    unused_days: int = 30
    max_access_token_minutes: int = 60
    max_refresh_days: int = 30

    @property
    def is_off(self) -> bool:
        """Whether the server takes registered clients only."""
        return self.metadata_documents == "OFF" and self.dynamic == "OFF"

    def takes(self, class_: ClientClass) -> bool:
        """Whether clients of a class can be."""
        if class_ == "METADATA":
            return self.metadata_documents != "OFF"
        return class_ == "REGISTERED" or self.dynamic != "OFF"

    def capped(self, lifetimes: Lifetimes) -> Lifetimes:
        """What is left for such a client of what a rule gives."""
        return lifetimes.capped(
            access_token=self.max_access_token_minutes * 60, refresh_token=self.max_refresh_days * 86_400
        )


#: Registered clients alone.
CLOSED: Final = ClientRegistration()


@dataclass(frozen=True)
class MetadataClient:
    """What administrators say of one metadata document at one server.

    Attributes:
        client_id: Its URL.
        document: What the administrators approved, in place of what is behind the URL; ``None``: that is followed.
        source: The document as it was sent.
        status: REMOVED ones are remembered, so that nothing that was given before comes back with a new entry.
        since: Codes and consents from before are about somebody else (``ClientCopy.since``).
        generation: What was given under an earlier one is dead (``ClientCopy.generation``).
    """

    id: str
    client_id: str
    created_at: int
    updated_at: int
    document: ClientDocument | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    status: MetadataClientStatus = "ACTIVE"
    since: int = 0
    generation: int = 0

    @property
    def mode(self) -> MetadataClientMode:
        """Whether the document behind the URL counts."""
        return "FOLLOW" if self.document is None else "PINNED"


def class_of(client_id: str) -> ClientClass:
    """The class of a client, or of the clients that a word of a policy means."""
    if client_id.startswith((DOCUMENT_SCHEME, ORIGIN)) or client_id == METADATA_CLIENTS:
        return "METADATA"
    if client_id.startswith(DYNAMIC_ID) or client_id == DYNAMIC_CLIENTS:
        return "DYNAMIC"
    return "REGISTERED"


def origin_of(client_id: str) -> str:
    """The origin of a document's URL: scheme, host and port."""
    end = client_id.find("/", len(DOCUMENT_SCHEME))
    return client_id if end < 0 else client_id[:end]


def words_for(name: str) -> tuple[str, ...]:
    """The words that a policy can have to be for a client; of such a word: those that mean all that it means.

    The widest comes first.
    """
    class_ = class_of(name)
    if class_ == "REGISTERED":
        return (ALL_CLIENTS,) if name == ALL_CLIENTS else (ALL_CLIENTS, name)
    if class_ == "DYNAMIC":
        return (DYNAMIC_CLIENTS,) if name == DYNAMIC_CLIENTS else (DYNAMIC_CLIENTS, name)
    if name == METADATA_CLIENTS:
        return (METADATA_CLIENTS,)
    if name.startswith(ORIGIN):
        return (METADATA_CLIENTS, name)
    return (METADATA_CLIENTS, ORIGIN + origin_of(name), name)
