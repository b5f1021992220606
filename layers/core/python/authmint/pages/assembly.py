"""All pages of a deployment, put together."""

from dataclasses import dataclass

from ..clock import Clock
from ..directory.password_change import PasswordChange
from ..ids import Ids
from ..sign_on.sessions import SessionTokenExchange
from ..sign_on.sign_on import SignOn, Verifier
from ..storage.clients import Clients
from ..storage.consents import Consents
from ..storage.device_codes import DeviceCodes
from ..storage.directory import Directory
from ..storage.servers import Servers
from ..storage.sessions import SessionTokens
from ..storage.sign_on_transactions import SignOnTransactions
from ..storage.trusted_origins import TrustedOrigins
from .authn_api import AuthnApi
from .browsers import CookieBrowsers
from .consent import ConsentPage
from .device import DevicePage
from .documents import HostedPages
from .password import PasswordPage
from .sessions_api import SessionsApi
from .sign_in import SignInPage
from .sign_on_events import SignOnEvents
from .sign_out import SignOutPage
from .site import Site
from .start import StartPage
from .verifiers import BrakedVerifier, Brakes, WatchedVerifier
from .waiting import Authorizations


@dataclass(frozen=True)
class PageRecords:
    """Storage that pages read and write."""

    directory: Directory
    clients: Clients
    servers: Servers
    sign_ons: SignOnTransactions
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
    sign_on = SignOn(records.sign_ons, verifier, change, ids)
    tokens = SessionTokenExchange(records.session_tokens, records.directory, ids)
    return Site(
        pages,
        browsers,
        sign_in=SignInPage(pages=pages, browsers=browsers, sign_on=sign_on, authorizations=authorizations),
        password=PasswordPage(pages=pages, browsers=browsers, sign_on=sign_on, authorizations=authorizations),
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
        authn=AuthnApi(sign_on, tokens),
        sessions=SessionsApi(browsers, tokens),
        origins=records.trusted_origins,
        clock=clock,
        ids=ids,
    )
