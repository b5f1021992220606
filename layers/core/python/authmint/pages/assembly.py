"""All pages of a deployment, put together."""

from dataclasses import dataclass

from ..clock import Clock
from ..directory.password_change import PasswordChange
from ..ids import Ids
from ..storage.authorization_requests import StoredRequests
from ..storage.clients import Clients
from ..storage.consents import Consents
from ..storage.device_codes import DeviceCodes
from ..storage.directory import Directory
from ..storage.servers import Servers
from ..storage.sessions import SessionTokens
from ..storage.trusted_origins import TrustedOrigins
from .authn_api import AuthnApi
from .browsers import CookieBrowsers
from .consent import ConsentPage
from .device import DevicePage
from .documents import HostedPages
from .expired_passwords import ExpiredPasswords
from .password import PasswordPage
from .sessions_api import SessionsApi
from .sign_in import SignInPage
from .sign_on_events import SignOnEvents
from .sign_out import SignOutPage
from .site import Site
from .start import StartPage
from .verifiers import BrakedVerifier, Brakes, Verifier, WatchedVerifier
from .waiting import Authorizations


@dataclass(frozen=True)
class PageRecords:
    """Storage that pages read and write."""

    directory: Directory
    clients: Clients
    servers: Servers
    requests: StoredRequests
    consents: Consents
    device_codes: DeviceCodes
    session_tokens: SessionTokens
    trusted_origins: TrustedOrigins


def new_site(
    records: PageRecords,
    authorizations: Authorizations,
    *,
    pages: HostedPages,
    browsers: CookieBrowsers,
    authenticator: Verifier,
    brakes: Brakes,
    journal: SignOnEvents,
    change: PasswordChange,
    clock: Clock,
    ids: Ids,
) -> Site:
    """The site over its records. The authorization endpoint shares ``pages`` and ``browsers`` with it."""
    verifier = WatchedVerifier(BrakedVerifier(authenticator, brakes.addresses), journal)
    expired = ExpiredPasswords(records.requests, change, ids)
    return Site(
        pages,
        browsers,
        sign_in=SignInPage(
            pages=pages, browsers=browsers, authenticator=verifier, authorizations=authorizations, expired=expired
        ),
        password=PasswordPage(
            pages=pages, browsers=browsers, authenticator=verifier, authorizations=authorizations, expired=expired
        ),
        consent=ConsentPage(
            pages=pages,
            browsers=browsers,
            authorizations=authorizations,
            consents=records.consents,
            journal=journal,
            ids=ids,
        ),
        device=DevicePage(
            pages=pages,
            codes=records.device_codes,
            clients=records.clients,
            servers=records.servers,
            attempts=brakes.user_codes,
        ),
        sign_out=SignOutPage(pages, browsers),
        start=StartPage(pages, records.servers),
        authn=AuthnApi(verifier, records.session_tokens, expired, ids),
        sessions=SessionsApi(browsers, records.session_tokens, records.directory),
        origins=records.trusted_origins,
        clock=clock,
        ids=ids,
    )
