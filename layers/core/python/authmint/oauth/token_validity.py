"""Whether a token that its signature speaks for is good: what it hangs on is read, and nothing of it may have ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..storage.client_registration import class_of
from ..storage.clients import Client
from ..storage.configuration import Configuration
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.generations import Generations
from ..storage.lineages import Ancestor, Lineages
from ..storage.liveness import NotAlive, check_client, check_family, check_lineage, check_server, live_person
from ..storage.revocations import Revocations
from ..storage.servers import AuthorizationServer
from ..storage.token_families import TokenFamilies, TokenFamily
from .access_tokens import AccessToken, IdToken


@dataclass(frozen=True)
class Holder:
    """Whose token it is: the client and, where there is one, the user.

    Attributes:
        ancestors: Tokens that it was given for.
        listed: Its family's record says that tokens that end with it are in status lists.
        began: The client of the first of these; ``None``: there are none.
    """

    client: Client
    person: Person | None = None
    ancestors: tuple[Ancestor, ...] = ()
    began: Client | None = None
    listed: bool = False

    @property
    def first(self) -> Client:
        """The client that it all began with."""
        return self.began or self.client


class TokenValidity:
    """Looks at every record that a token hangs on. All reads are consistent.

    Its methods raise ``NotAlive``, with a reason for the log that the caller of the endpoint is not told.
    """

    def __init__(
        self,
        configuration: Configuration,
        revocations: Revocations,
        families: TokenFamilies,
        directory: Directory,
        lineages: Callable[[], Lineages] | None = None,
    ) -> None:
        """``lineages``: makes what is asked about tokens that others were given for; without, the others are not good.

        Tokens of the org server are given for no others.
        """
        self._lineages = lineages
        self._configuration = configuration
        self._revocations = revocations
        self._families = families
        self._directory = directory

    def of_access_token(
        self, token: AccessToken, server: AuthorizationServer, *, known: Client | None = None
    ) -> Holder:
        """Whose an access token is, if it is good.

        Args:
            token: Recognized.
            server: That minted it.
            known: A client that was read already.

        Raises:
            NotAlive: It was revoked, or client, user or family ended.
        """
        client = self._client(token.client_id, server, known)
        made = token.generations
        ancestors: tuple[Ancestor, ...] = ()
        listed = False
        if token.family_id is not None:
            family = self._family(token.family_id, server, client)
            made, ancestors, listed = family.generations, family.ancestors, family.listed
        check_client(client, made)
        if self._revocations.has(server.id, token.jti):
            raise NotAlive("revoked")
        began = self._living(ancestors, server) if ancestors else None
        holder = self._holder(client, token.user_id, made)
        return replace(holder, ancestors=ancestors, began=began, listed=listed)

    def of_id_token(self, token: IdToken, server: AuthorizationServer, *, known: Client | None = None) -> Holder:
        """Whose an ID token is, if client and user did not end since.

        Raises:
            NotAlive: One of them did.
        """
        client = check_client(self._client(token.client_id, server, known), token.generations)
        return self._holder(client, token.user_id, token.generations)

    def of_family(self, family: TokenFamily, server: AuthorizationServer, client: Client) -> Holder:
        """Whose a family is that was read already, if it is of this client at this server and good.

        Raises:
            NotAlive: It is another's, was revoked, or client or user ended.
        """
        _check_family_of(family, server, client)
        return self._holder(check_client(client, family.generations), family.user_id, family.generations)

    def of_lineage(self, lineage: Sequence[Ancestor], server: AuthorizationServer) -> None:
        """Whether tokens, each given for the one before it, are all good.

        Raises:
            NotAlive: One is not.
        """
        self._living(lineage, server)

    def _living(self, ancestors: Sequence[Ancestor], server: AuthorizationServer) -> Client | None:
        """The client of the first of the tokens that one was given for, if none of them ended.

        One read more, and one for each other server that is among theirs: warm instances know its keys and rules.
        """
        if self._lineages is None:
            raise NotAlive("it was given for another token")
        lineage = self._lineages().read(ancestors)
        strangers = {(one.server_id, one.client_id) for one in ancestors if class_of(one.client_id) != "REGISTERED"}
        others = {one.server_id for one in ancestors} - {server.id, *(server_id for server_id, _ in strangers)}
        for server_id in sorted(others):
            check_server(self._configuration.read(server_id).server)
        clients = dict(lineage.clients)
        for server_id, client_id in sorted(strangers):
            snapshot = self._configuration.read(server_id, client_id)
            check_server(snapshot.server)
            if snapshot.client is not None:
                clients[client_id] = snapshot.client
        lineage = replace(lineage, clients=clients)
        check_lineage(ancestors, lineage)
        return lineage.clients[ancestors[0].client_id]

    def _client(self, client_id: str, server: AuthorizationServer, known: Client | None) -> Client:
        if known is not None and known.id == client_id:
            return known
        path_id = server.id if server.is_org else server.path_id
        return check_client(self._configuration.read(path_id, client_id).client)

    def _family(self, family_id: str, server: AuthorizationServer, client: Client) -> TokenFamily:
        try:
            family = self._families.get(family_id)
        except NotFound:
            raise NotAlive("its family is gone", "session") from None
        _check_family_of(family, server, client)
        return family

    def _holder(self, client: Client, user_id: str | None, made: Generations) -> Holder:
        return Holder(client, None if user_id is None else live_person(self._directory, user_id, made))


def _check_family_of(family: TokenFamily, server: AuthorizationServer, client: Client) -> None:
    if family.server_id != server.id or family.client_id != client.id:
        raise NotAlive("its family is another client's, or another server's")
    check_family(family)
