"""The protocol endpoints over storage in memory, by their name in URLs."""

from collections.abc import Callable
from typing import Any

from authmint.clock import Clock
from authmint.directory.authentication import Authenticator
from authmint.directory.password_change import PasswordChange
from authmint.directory.passwords import PasswordHashes, PasswordPolicy
from authmint.http import Request, Response
from authmint.ids import Ids
from authmint.oauth.authorization.approval import Granting
from authmint.oauth.authorization.endpoint import AuthorizationEndpoint
from authmint.oauth.authorization.interactions import Interactions
from authmint.oauth.authorization.issuing import Issuing
from authmint.oauth.authorization.logout import LogoutEndpoint
from authmint.oauth.authorization.par import PushedRequestEndpoint
from authmint.oauth.authorization.request import Arrivals
from authmint.oauth.authorization.responses import Outcomes
from authmint.oauth.client_auth.assertions import Assertions
from authmint.oauth.client_auth.authentication import ClientAuthentication
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.device import DeviceAuthorizationEndpoint
from authmint.oauth.endpoint import AuthenticatedEndpoint
from authmint.oauth.grants.authorization_code import AuthorizationCodeGrant
from authmint.oauth.grants.base import GrantType
from authmint.oauth.grants.client_credentials import ClientCredentials
from authmint.oauth.grants.device_code import DeviceCodeGrant
from authmint.oauth.grants.refresh_token import RefreshTokenGrant
from authmint.oauth.introspection import IntrospectionEndpoint
from authmint.oauth.issuance import Issuance
from authmint.oauth.revocation import RevocationEndpoint
from authmint.oauth.token_endpoint import TokenEndpoint
from authmint.oauth.token_validity import TokenValidity
from authmint.oauth.userinfo import UserinfoEndpoint
from authmint.pages.assembly import PageRecords, new_site
from authmint.pages.browsers import CookieBrowsers
from authmint.pages.documents import TEMPLATES, HostedPages
from authmint.pages.sign_on_events import SignOnEvents
from authmint.pages.site import Site
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.events import Event
from authmint.tokens.signer import KeyUnwrapper, WarmSigners
from authmint.web.render import Renderer
from authmint.web.theme import Theme

from tests.memory.storage import MemoryStorage
from tests.support.fakes import FakeSeals
from tests.support.management import CHEAP


class Nowhere:
    """``TokenEvents`` that go nowhere."""

    def emit(self, event: Event) -> None:
        """Forget it."""


def endpoints(
    storage: MemoryStorage, vault: KeyUnwrapper, clock: Clock, ids: Ids
) -> tuple[dict[str, Callable[[Request], Response]], Site]:
    """The endpoints, and the pages beside them."""
    configuration = PlainConfiguration(storage.servers, storage.clients)

    def nothing(uri: str) -> Any:
        raise AssertionError(uri)

    assertions = Assertions(storage.assertions, FakeSeals(), FetchedJwks(nothing))
    endpoint = AuthenticatedEndpoint(configuration, ClientAuthentication(assertions))
    validity = TokenValidity(configuration, storage.revocations, storage.families, storage.directory)
    grants: list[GrantType] = [
        ClientCredentials(),
        AuthorizationCodeGrant(storage.codes, storage.families, storage.directory, ids),
        RefreshTokenGrant(storage.families, storage.directory, ids),
        DeviceCodeGrant(storage.device_codes, storage.directory, ids),
    ]
    pages, browsers = (
        HostedPages(Renderer(Theme(), ids, TEMPLATES)),
        CookieBrowsers(storage.sessions, storage.directory, ids),
    )
    signers, arrivals = WarmSigners(vault), Arrivals(configuration, storage.requests)
    granting, outcomes = Granting(Issuance(ids), storage.consents, ids), Outcomes(pages, Nowhere())
    interactions = Interactions(arrivals, storage.requests, granting, outcomes, clock, ids)
    issuing = Issuing(storage.codes, storage.families, storage.requests, signers, ids)
    site = _site(storage, interactions, pages, browsers, clock, ids)
    return {
        "token": TokenEndpoint(endpoint, grants, signers, clock, ids, Nowhere()),
        "introspect": IntrospectionEndpoint(endpoint, validity, storage.families, clock),
        "revoke": RevocationEndpoint(endpoint, storage.revocations, storage.families, clock, ids, Nowhere()),
        "userinfo": UserinfoEndpoint(configuration, validity, clock),
        "par": PushedRequestEndpoint(endpoint, storage.requests, clock, ids, Nowhere()),
        "device/authorize": DeviceAuthorizationEndpoint(endpoint, storage.device_codes, clock, ids),
        "logout": LogoutEndpoint(configuration, browsers, pages, clock),
        "authorize": AuthorizationEndpoint(
            arrivals, browsers, interactions, granting, issuing, outcomes,
            storage.session_tokens, storage.directory, clock, ids,
        ),
    }, site  # fmt: skip


def _site(
    storage: MemoryStorage,
    interactions: Interactions,
    pages: HostedPages,
    browsers: CookieBrowsers,
    clock: Clock,
    ids: Ids,
) -> Site:
    hashes, policy = PasswordHashes(ids, CHEAP), PasswordPolicy()
    return new_site(
        PageRecords(
            directory=storage.directory,
            clients=storage.clients,
            servers=storage.servers,
            requests=storage.requests,
            consents=storage.consents,
            device_codes=storage.device_codes,
            session_tokens=storage.session_tokens,
            trusted_origins=storage.trusted_origins,
            attempts=storage.assertions,
        ),
        interactions,
        pages=pages,
        browsers=browsers,
        authenticator=Authenticator(storage.directory, storage.users, hashes, clock, ids, policy),
        journal=SignOnEvents(Nowhere(), clock, ids),
        change=PasswordChange(storage.users, hashes, clock, ids, policy),
        clock=clock,
        ids=ids,
    )
