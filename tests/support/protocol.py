"""The protocol endpoints over storage in memory, by their name in URLs."""

from collections.abc import Callable
from typing import Any

from authmint.clock import Clock
from authmint.http import Request, Response
from authmint.ids import Ids
from authmint.oauth.assertions import Assertions
from authmint.oauth.client_authentication import ClientAuthentication
from authmint.oauth.endpoint import AuthenticatedEndpoint
from authmint.oauth.grants.client_credentials import ClientCredentials
from authmint.oauth.introspection import IntrospectionEndpoint
from authmint.oauth.jwks_uri import FetchedJwks
from authmint.oauth.revocation import RevocationEndpoint
from authmint.oauth.standing import Standing
from authmint.oauth.token_endpoint import TokenEndpoint
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.events import Event
from authmint.storage.memory import MemoryStorage
from authmint.tokens.signer import KeyUnwrapper, WarmSigners

from tests.support.fakes import FakeSeals


class Nowhere:
    """``TokenEvents`` that go nowhere."""

    def emit(self, event: Event) -> None:
        """Forget it."""


def endpoints(
    storage: MemoryStorage, vault: KeyUnwrapper, clock: Clock, ids: Ids
) -> dict[str, Callable[[Request], Response]]:
    """Token, introspection, revocation."""
    configuration = PlainConfiguration(storage.servers, storage.clients)

    def nothing(uri: str) -> Any:
        raise AssertionError(uri)

    assertions = Assertions(storage.assertions, FakeSeals(), FetchedJwks(nothing))
    endpoint = AuthenticatedEndpoint(configuration, ClientAuthentication(assertions))
    standing = Standing(configuration, storage.revocations, storage.families, storage.directory)
    return {
        "token": TokenEndpoint(endpoint, [ClientCredentials()], WarmSigners(vault), clock, ids, Nowhere()),
        "introspect": IntrospectionEndpoint(endpoint, standing, storage.families, clock),
        "revoke": RevocationEndpoint(endpoint, storage.revocations, storage.families, clock, ids, Nowhere()),
    }
