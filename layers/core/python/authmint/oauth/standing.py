"""Whether what was once granted still stands: revocations, families, clients, users (runtime contract §9, §10)."""

from dataclasses import dataclass

from ..storage.clients import Client
from ..storage.configuration import Configuration
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.families import TokenFamilies, TokenFamily
from ..storage.grants import Revocations
from ..storage.servers import AuthorizationServer
from .access_tokens import AccessToken


@dataclass(frozen=True)
class Holder:
    """Whose token it is: the client and, where there is one, the user."""

    client: Client
    person: Person | None


class Standing:
    """Looks at every record that a token hangs on. All reads are consistent."""

    def __init__(
        self,
        configuration: Configuration,
        revocations: Revocations,
        families: TokenFamilies,
        directory: Directory,
    ) -> None:
        self._configuration = configuration
        self._revocations = revocations
        self._families = families
        self._directory = directory

    def of_access_token(
        self, token: AccessToken, server: AuthorizationServer, *, known: Client | None = None
    ) -> Holder | None:
        """Whose a token is; ``None``: it is dead.

        Args:
            token: Recognized.
            server: That minted it.
            known: A client that was read already.
        """
        client = self.client(token.client_id, server, known=known)
        if client is None or token.issued_at <= client.tokens_after:
            return None
        if self._revocations.has(server.id, token.jti):
            return None
        if token.family_id is not None and self.family(token.family_id, server, client) is None:
            return None
        if token.user_id is None:
            return Holder(client, None)
        person = self.person(token.user_id, since=token.issued_at)
        return None if person is None else Holder(client, person)

    def client(self, client_id: str, server: AuthorizationServer, *, known: Client | None = None) -> Client | None:
        """An ACTIVE client."""
        client = known
        if known is None or known.id != client_id:
            client = self._configuration.read(server.path_id if not server.is_org else server.id, client_id).client
        return None if client is None or client.status != "ACTIVE" else client

    def family(self, family_id: str, server: AuthorizationServer, client: Client) -> TokenFamily | None:
        """A family of this client at this server that was not revoked."""
        try:
            family = self._families.get(family_id)
        except NotFound:
            return None
        return family if self.stands(family, server, client) else None

    def stands(self, family: TokenFamily, server: AuthorizationServer, client: Client) -> bool:
        """Whether a family that was read already is of this client at this server, and alive."""
        if family.server_id != server.id or family.client_id != client.id or family.revoked_at is not None:
            return False
        return family.created_at > client.tokens_after

    def person(self, user_id: str, *, since: int) -> Person | None:
        """An ACTIVE user, who was not deactivated after something was made."""
        try:
            person = self._directory.person(user_id)
        except NotFound:
            return None
        return person if person.user.status == "ACTIVE" and since > person.user.tokens_after else None
