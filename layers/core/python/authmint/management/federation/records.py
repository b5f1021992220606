"""What the resources of identity providers work with."""

from dataclasses import dataclass

from ...keys.vault import SecretSeals
from ...oauth.outbound_fetch import Fetch
from ...storage.app_schemas import AppSchemas
from ...storage.events import Event, EventLog, Party
from ...storage.identity_providers import IdentityProvider, IdentityProviders, IdpLinks
from ..http.call import Call
from ..http.errors import not_found


def idp_party(provider: IdentityProvider) -> Party:
    """The provider as a target of an event."""
    return Party(provider.id, "IdentityProvider", display_name=provider.name)


def lifecycle_event(verb: str, provider: IdentityProvider, call: Call) -> Event:
    """That somebody did something to a provider, or saw its secret."""
    debug = {"idp_name": provider.name, "type": provider.type, "protocol": "OIDC"}
    return call.recorder.event(f"system.idp.lifecycle.{verb}", idp_party(provider), debug=debug)


@dataclass(frozen=True)
class FederationRecords:
    """Storage, seals of client secrets, and how to ask others.

    Attributes:
        allow_private: For the local stack only: providers on this machine.
    """

    providers: IdentityProviders
    links: IdpLinks
    schemas: AppSchemas
    seals: SecretSeals
    fetch: Fetch
    log: EventLog
    allow_private: bool = False

    def provider(self, call: Call) -> IdentityProvider:
        """The one of the URL. Raises ApiError (E0000007)."""
        idp_id = call.params["idpId"]
        found = self.providers.all().get(idp_id)
        if found is None:
            raise not_found(idp_id, "IdpTrust")
        return found
