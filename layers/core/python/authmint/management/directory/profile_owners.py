"""Who has profiles of users of their own: apps and identity providers, each with a schema and mappings (§38.1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...provisioning.mapping import Properties
from ...provisioning.sources import kind_of
from ...storage.app_schemas import AppSchemas
from ...storage.clients import Client, Clients
from ...storage.errors import NotFound
from ...storage.events import Party
from ...storage.identity_providers import IdentityProvider, IdentityProviders
from ..administrators.table import Right
from ..clients.app_claims import BASE
from ..clients.client_changes import app_party
from ..http.call import Call
from ..http.errors import ApiError
from .mapping_ids import Direction

Base = Mapping[str, Mapping[str, Any]]
_SCOPE: Final = "NONE"


@dataclass(frozen=True)
class Owner:
    """An app or an identity provider.

    Attributes:
        name: Of its profiles.
        label: What people call it.
        client: ``None``: it is no app.
        starts: What users' profiles are made of while nobody changed it.
        base: JSON schemas of the attributes that all such profiles have, by name.
        schemas: Where what administrators defined beside these is kept.
    """

    id: str
    name: str
    label: str
    party: Party
    created_at: int
    client: Client | None
    starts: Properties
    base: Base
    schemas: AppSchemas

    @property
    def attributes(self) -> Base:
        """JSON schemas of every attribute of its profiles, by name."""
        return {**self.base, **self.schemas.get(self.id).custom}

    @property
    def directions(self) -> Sequence[Direction]:
        """Both ways; a provider is never told of users."""
        return [Direction(self.id, to_user) for to_user in ((True, False) if self.client else (True,))]

    def check(self, call: Call, right: Right) -> None:
        """Who may change what a provider says of people could be anybody: it is left to who may change providers.

        Raises:
            ApiError: E0000006.
        """
        if self.client is None and not call.caller.access.reach("idps", right):
            raise ApiError("E0000006")


@dataclass(frozen=True)
class Owners:
    """All of a deployment."""

    clients: Clients
    providers: IdentityProviders
    app_schemas: AppSchemas
    idp_schemas: AppSchemas

    def find(self, owner_id: str) -> Owner | None:
        """The app or provider of an id."""
        provider = self.providers.all().get(owner_id)
        if provider is not None:
            return self._of_provider(provider)
        try:
            return self._of_client(self.clients.get(owner_id))
        except NotFound:
            return None

    def all(self, *, after: str | None) -> Iterator[Owner]:
        """All of them in ascending id."""
        waiting = [one for one in self.providers.all().providers if after is None or one.id > after]
        while clients := self.clients.list(after=after):
            for client in clients:
                while waiting and waiting[0].id < client.id:
                    yield self._of_provider(waiting.pop(0))
                yield self._of_client(client)
            after = clients[-1].id
        yield from map(self._of_provider, waiting)

    def _of_client(self, client: Client) -> Owner:
        return Owner(
            client.id,
            "oidc_client",
            client.label,
            app_party(client),
            client.created_at,
            client,
            {},
            BASE,
            self.app_schemas,
        )

    def _of_provider(self, provider: IdentityProvider) -> Owner:
        kind = kind_of(provider.type)
        base = {
            name: {"title": title, "type": "string", "externalName": claim, "scope": _SCOPE}
            for name, (title, claim) in kind.attributes.items()
        }
        return Owner(
            provider.id,
            kind.name,
            provider.name,
            Party(provider.id, "IdentityProvider", display_name=provider.name),
            provider.created_at,
            None,
            kind.properties,
            base,
            self.idp_schemas,
        )
