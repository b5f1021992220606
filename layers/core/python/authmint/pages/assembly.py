"""All pages of a deployment, put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

from ..clock import Clock
from ..directory.password_change import PasswordChange
from ..http import Response
from ..ids import Ids
from ..sign_on.requirement import PeopleDemands, SignOnDemands
from ..sign_on.sessions import SessionTokenExchange
from ..sign_on.sign_on import SignOn, Verifier
from ..storage.backchannel_requests import BackchannelRequests
from ..storage.clients import Clients
from ..storage.consents import Consents
from ..storage.device_codes import DeviceCodes
from ..storage.directory import Directory
from ..storage.remembered_browsers import RememberedBrowsers
from ..storage.servers import Servers
from ..storage.sessions import Sessions, SessionTokens
from ..storage.sign_on_policies import SignOnPolicies
from ..storage.sign_on_transactions import SignOnTransactions
from ..storage.trusted_origins import TrustedOrigins
from .app_sign_on import AppSignOn
from .approve import ApprovePage, WaitingRequests
from .authn.api import AuthnApi
from .authn.callers import TrustedCallers
from .browsers import CookieBrowsers
from .consent import ConsentPage
from .device import DevicePage
from .documents import HostedPages
from .password import PasswordPage
from .recovery.pages import RecoveryPages
from .sessions_api import SessionsApi
from .sign_in import SignInPage
from .sign_on_events import SignOnEvents
from .sign_out import SignOutPage
from .site import Page, Site
from .start import StartPage
from .steps import Steps
from .verifiers import BrakedVerifier, Brakes, WatchedVerifier
from .visit import SECTIONS, Visit
from .waiting import Authorizations

if TYPE_CHECKING:
    from ..self_service.services import SelfService
    from ..sign_on.factor_steps import FactorSteps
    from .federation import FederationPages
    from .my_account.api import MyAccountApi
    from .my_account.caller import OwnCallers


@dataclass(frozen=True)
class PageRecords:
    """Storage that pages read and write."""

    directory: Directory
    clients: Clients
    servers: Servers
    sign_ons: SignOnTransactions
    recovery_steps: SignOnTransactions
    sessions: Sessions
    remembered: RememberedBrowsers
    consents: Consents
    device_codes: DeviceCodes
    backchannel_requests: BackchannelRequests
    session_tokens: SessionTokens
    trusted_origins: TrustedOrigins
    sign_on_policies: SignOnPolicies


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
    demands: PeopleDemands,
    factors: "Callable[[], FactorSteps]",
    recovery: RecoveryPages,
    callers: TrustedCallers,
    federation: "Callable[[Steps], FederationPages]",
    services: "Callable[[], SelfService]",
    own_callers: "Callable[[], OwnCallers]",
    clock: Clock,
    ids: Ids,
) -> Site:
    """The site over its records. The authorization endpoint shares ``pages`` and ``browsers`` with it."""
    services = cache(services)
    verifier = WatchedVerifier(BrakedVerifier(authenticator, brakes.addresses), journal)
    sign_on = SignOn(
        records.sign_ons,
        records.sessions,
        records.directory,
        verifier,
        change,
        demands,
        factors,
        journal,
        ids,
        lambda: services().progressive,
    )
    steps = Steps(pages, browsers, sign_on, authorizations)
    tokens = SessionTokenExchange(records.session_tokens, records.directory, ids)
    providers = cache(lambda: federation(steps))
    apps = AppSignOn(pages, sign_on, demands, journal, factors)
    requests = WaitingRequests(records.backchannel_requests, records.clients, records.servers)
    account = cache(lambda: _account(steps, records, factors, demands, services, verifier, providers, requests))
    return Site(
        pages,
        browsers,
        sign_in=SignInPage(
            steps,
            brakes.invitations,
            helps=recovery.on,
            federation=providers,
            routes=records.sign_on_policies,
            welcomes=lambda client: recovery.welcome(client).open,
        ),
        sign_up=_OnFirstUse(partial(_sign_up, steps, recovery)),
        password=PasswordPage(steps),
        challenge=_OnFirstUse(partial(_challenge, steps)),
        enrol=_OnFirstUse(partial(_enrol, steps)),
        profile=_OnFirstUse(partial(_profile, steps, services)),
        account={section: _OnFirstUse(partial(_section, account, section)) for section in ("", *SECTIONS)},
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
            apps=apps,
        ),
        approve=ApprovePage(pages, requests, apps, journal),
        sign_out=SignOutPage(pages, browsers, providers),
        recovery=recovery,
        start=StartPage(pages, records.servers),
        authn=AuthnApi(sign_on, tokens, cache(lambda: recovery.api(records.recovery_steps, ids)), callers),
        sessions=SessionsApi(browsers, tokens),
        federation=providers,
        my_account=cache(lambda: _my_account(own_callers(), services, factors, demands, verifier)),
        origins=records.trusted_origins,
        clock=clock,
        ids=ids,
    )


@dataclass(frozen=True)
class _OnFirstUse:
    """A page that is put together when somebody comes to it: most visits are to others."""

    make: Callable[[], Page]

    @cached_property
    def _page(self) -> Page:
        return self.make()

    def get(self, visit: Visit) -> Response:
        return self._page.get(visit)

    def post(self, visit: Visit) -> Response:
        return self._page.post(visit)


def _section(account: Callable[[], Mapping[str, Page]], section: str) -> Page:
    return account()[section]


def _challenge(steps: Steps) -> Page:
    from .challenge import ChallengePage

    return ChallengePage(steps)


def _enrol(steps: Steps) -> Page:
    from .enrol import EnrolPage

    return EnrolPage(steps)


def _profile(steps: Steps, services: "Callable[[], SelfService]") -> Page:
    from .own_profile import OwnProfilePage

    return OwnProfilePage(steps, lambda: services().profiles)


def _sign_up(steps: Steps, recovery: RecoveryPages) -> Page:
    from .sign_up import SignUpPage

    return SignUpPage(steps, recovery.welcome, recovery.sign_up())


def _account(
    steps: Steps,
    records: PageRecords,
    factors: "Callable[[], FactorSteps]",
    demands: SignOnDemands,
    services: "Callable[[], SelfService]",
    verifier: Verifier,
    federation: "Callable[[], FederationPages]",
    requests: WaitingRequests,
) -> Mapping[str, Page]:
    """Pages of one's own account, by section."""
    from ..sign_on.own_account import OwnAccount
    from .account.apps import AppsPage
    from .account.data import DataPage
    from .account.factors import FactorsPage
    from .account.frame import Frame
    from .account.password import OwnPasswordPage
    from .account.profile import ProfilePage
    from .account.providers import ProvidersPage
    from .account.sessions import SessionsPage

    frame = Frame(steps, lambda: OwnAccount(factors(), demands))
    own = FactorsPage(
        frame,
        factors,
        lambda: services().addresses,
        records.remembered,
        records.sessions,
        lambda: services().links,
        requests,
    )
    return {
        "": own,
        "profile": ProfilePage(frame, services),
        "password": OwnPasswordPage(frame, services, verifier, records.directory),
        "sessions": SessionsPage(frame, services),
        "apps": AppsPage(frame, services),
        "providers": ProvidersPage(frame, services, federation),
        "data": DataPage(frame, services),
    }


def _my_account(
    callers: "OwnCallers",
    services: "Callable[[], SelfService]",
    factors: "Callable[[], FactorSteps]",
    demands: SignOnDemands,
    verifier: Verifier,
) -> "MyAccountApi":
    from ..sign_on.own_account import OwnAccount
    from .my_account.api import MyAccountApi
    from .my_account.emails import Emails
    from .my_account.factors import OwnFactors
    from .my_account.organization import Organization
    from .my_account.passwords import Passwords
    from .my_account.profile import Profile

    own = OwnFactors(lambda: factors().factors, lambda: OwnAccount(factors(), demands), lambda: services().links)
    return MyAccountApi(
        callers,
        Profile(lambda: services().profiles),
        Emails(lambda: services().addresses),
        Passwords(services, verifier, own.has_any),
        own,
        Organization(lambda: services().org_settings.get()),
    )
