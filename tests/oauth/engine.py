"""The protocol endpoints over storage in memory."""

from dataclasses import dataclass, field
from typing import Any

from authmint.directory.authentication import Authenticator
from authmint.directory.passwords import Cost, PasswordHashes
from authmint.http import Request, Response
from authmint.oauth.client_auth.assertions import Assertions
from authmint.oauth.client_auth.authentication import ClientAuthentication
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.device import DeviceAuthorizationEndpoint
from authmint.oauth.endpoint import AuthenticatedEndpoint
from authmint.oauth.grants.authorization_code import AuthorizationCodeGrant
from authmint.oauth.grants.base import GrantType
from authmint.oauth.grants.client_credentials import ClientCredentials
from authmint.oauth.grants.device_code import DeviceCodeGrant
from authmint.oauth.grants.password import PasswordCredentials
from authmint.oauth.grants.refresh_token import RefreshTokenGrant
from authmint.oauth.introspection import IntrospectionEndpoint
from authmint.oauth.revocation import RevocationEndpoint
from authmint.oauth.token_endpoint import TokenEndpoint
from authmint.oauth.token_validity import TokenValidity
from authmint.oauth.userinfo import UserinfoEndpoint
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.events import Event
from authmint.tokens.signer import WarmSigners

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_form, a_server, basic
from tests.support.fakes import CountingIds, FakeKeyPairs, FakeSeals, FrozenClock, decoded

#: Hashes that cost nothing: what they cost in earnest is for their own tests.
CHEAP = Cost(memory_kib=8, iterations=1)


@dataclass
class Events:
    """``TokenEvents`` in a list."""

    emitted: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.emitted.append(event)


class Engine:
    """A deployment in memory: one server and one client, unless told otherwise."""

    def __init__(self, server: Any = None, client: Any = None) -> None:
        self.storage = MemoryStorage()
        self.clock = FrozenClock()
        self.ids = CountingIds()
        self.events = Events()
        self.documents: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.storage.servers.add(server or a_server(), [])
        self.storage.clients.add(client or a_client(), [])
        configuration = PlainConfiguration(self.storage.servers, self.storage.clients)
        assertions = Assertions(self.storage.assertions, FakeSeals(), FetchedJwks(self._fetch))
        endpoint = AuthenticatedEndpoint(configuration, ClientAuthentication(assertions))
        signers = WarmSigners(FakeKeyPairs())
        authenticator = Authenticator(
            self.storage.directory, self.storage.users, PasswordHashes(self.ids, CHEAP), self.clock, self.ids
        )
        families = self.storage.families
        grants: list[GrantType] = [
            ClientCredentials(),
            PasswordCredentials(authenticator, families, self.ids),
            AuthorizationCodeGrant(self.storage.codes, families, self.storage.directory, self.ids),
            RefreshTokenGrant(families, self.storage.directory, self.ids),
            DeviceCodeGrant(self.storage.device_codes, self.storage.directory, self.ids),
        ]
        self.token = TokenEndpoint(endpoint, grants, signers, self.clock, self.ids, self.events)
        validity = TokenValidity(configuration, self.storage.revocations, families, self.storage.directory)
        self.introspect = IntrospectionEndpoint(endpoint, validity, families, self.clock)
        self.revoke = RevocationEndpoint(
            endpoint, self.storage.revocations, families, self.clock, self.ids, self.events
        )
        self.userinfo = UserinfoEndpoint(configuration, validity, self.clock)
        self.device = DeviceAuthorizationEndpoint(endpoint, self.storage.device_codes, self.clock, self.ids)

    def _fetch(self, uri: str) -> bytes:
        self.fetched.append(uri)
        return self.documents[uri]

    def ask(self, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Response:
        """A token request with client credentials; without ``headers``: HTTP Basic."""
        form = {"grant_type": "client_credentials", "scope": "orders:read"} | (fields or {})
        return self.token(a_form(form, headers=basic() if headers is None else headers))

    def access_token(self, fields: dict[str, str] | None = None) -> str:
        """A token that is sure to be issued."""
        answer = self.ask(fields)
        assert answer.status == 200, answer.body
        token: str = decoded(answer.body)["access_token"]
        return token

    def state(self, token: str, request: Request | None = None) -> Any:
        """What introspection says."""
        return decoded(self.introspect(request or a_form({"token": token}, headers=basic(), path="introspect")).body)
