"""What functions have in common, and what they are made of. Heavy imports stay inside, so each loads what it uses."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from ..clock import SystemClock
from ..deadline import Deadline
from ..http import Request, Response
from ..ids import RandomIds
from ..storage.retrying import Retrying
from .entrypoint import Function
from .records import Records
from .settings import BadSettings, Settings

if TYPE_CHECKING:
    from ..directory.authentication import Authenticator
    from ..directory.password_change import PasswordChange
    from ..directory.passwords import PasswordHashes, PasswordPolicy
    from ..dynamo.schema_version import SchemaVersion
    from ..dynamo.tables import Tables
    from ..factors.sinks import EventSink
    from ..factors.user_factors import UserFactors
    from ..federation.people import FederatedPeople
    from ..federation.signing_out import SigningOut
    from ..federation.upstream import Upstream
    from ..hooks.calls import Functions, HookCalls
    from ..hooks.passwords import AskedPasswordImports
    from ..hooks.registration import RegistrationHook
    from ..hooks.tokens import AskedTokenHooks
    from ..keys.vault import KeyPairs, SecretSeals
    from ..mail.contents import Brand
    from ..mail.letters import Letters
    from ..mail.mailer import Postman
    from ..oauth.authorization.request_objects import RequestObjects
    from ..oauth.client_auth.assertions import Assertions
    from ..oauth.client_auth.certificates import Certificates
    from ..oauth.client_auth.signatures import ClientSignatures
    from ..oauth.client_auth.workloads import Workloads
    from ..oauth.dpop.possession import Possession
    from ..oauth.endpoint import AuthenticatedEndpoint
    from ..oauth.issuer_keys import IssuerKeys
    from ..oauth.outbound_fetch import Answer, Document
    from ..oauth.registration.clients import RegisteredClients
    from ..oauth.shared_tokens import SharedTokens
    from ..oauth.status_list.entries import StatusEntries
    from ..oauth.token_validity import TokenValidity
    from ..oauth.unregistered_clients import FetchedClients, StoredClients
    from ..pages.authn.callers import TrustedCallers
    from ..pages.browsers import CookieBrowsers
    from ..pages.documents import HostedPages
    from ..pages.federation import FederationPages
    from ..pages.my_account.caller import OwnCallers
    from ..pages.recovery.pages import RecoveryPages
    from ..pages.steps import Steps
    from ..policy.sign_on.circumstances import Circumstances
    from ..policy.sign_on.password import PasswordDecision
    from ..provisioning.rule_memberships import RuleMemberships
    from ..rate_limit import RateLimit
    from ..recovery.address_change import AddressChange
    from ..recovery.helpdesk import Helpdesk
    from ..recovery.recovery import Recovery
    from ..recovery.sign_up import SignUp
    from ..self_service.links import OwnLinks
    from ..self_service.profile import OwnProfiles
    from ..self_service.services import SelfService
    from ..sign_on.factor_steps import FactorSteps
    from ..sign_on.policies import AppliedPolicies
    from ..sign_on.policy_demands import BlockedZones, PolicyDemands
    from ..sign_on.watch import Watch
    from ..storage.configuration import Configuration
    from ..storage.directory import Person
    from ..storage.outbox import Mail
    from ..storage.users import User
    from ..tokens.signer import KeyUnwrapper, Signers, WarmSigners
    from ..web.render import Renderer
    from ..web.theme import Theme


#: What a program may do whose word for whom it calls is taken.
_VOUCHING: Final = "okta.users.manage"
#: How often one server asks one host for documents.
_DOCUMENTS_PER_MINUTE: Final = 30


class _NewSignOnNotices:
    """``NewSignOnNotices``, made when the first one is needed."""

    def __init__(self, parts: "Parts") -> None:
        self._parts = parts

    def to(self, user: "User", request: Request, here: "Circumstances", /, *, now: int) -> "Sequence[Mail]":
        from ..sign_on.notices import MailedNotices

        return MailedNotices(self._parts.letters(), self._parts.records.mail_templates).to(user, request, here, now=now)


class Parts:
    """What every function is made of."""

    def __init__(self, env: Mapping[str, str]) -> None:
        from ..dynamo.connection import SharedConnection
        from ..dynamo.tables import tables
        from .aws_session import session
        from .logging import Log

        self.settings = Settings.from_env(env)
        self.deadline = Deadline()
        self.retrying = Retrying(self.deadline.allows_an_attempt)
        self.clock = SystemClock()
        self.ids = RandomIds(self.clock)
        self.log: Log = Log(self.settings.service, self.clock, namespace=self.settings.namespace)
        self.session = session(self.deadline)
        self.tables: Tables = tables(
            SharedConnection(self.session),
            config=self.settings.config_table,
            grants=self.settings.grants_table,
            events=self.settings.events_table,
            clock=self.clock,
            retrying=self.retrying,
        )
        self.records = Records(self.tables, self.clock, self.ids)

    @classmethod
    def of(cls, env: "Surroundings") -> "Parts":
        """The parts that an environment asks for, or those that somebody has put together already."""
        return env if isinstance(env, Parts) else cls(env)

    #: How often passwords of one login may be tried.
    sign_ins_per_second = 4

    def configuration(self, *, calls: bool = False) -> "Configuration":
        """Servers, and clients of every class. ``calls``: of clients that call by themselves, documents are fetched."""
        from ..storage.configuration import OpenConfiguration

        documents = self.fetched_clients if calls else self.stored_clients
        return OpenConfiguration(
            self.registered_configuration(), {"METADATA": documents, "DYNAMIC": self.dynamic_clients}
        )

    def registered_configuration(self) -> "Configuration":
        """Servers, and the clients of administrators: one that keeps what it read, whoever asks."""
        return self._warm_configuration

    @cached_property
    def _warm_configuration(self) -> "Configuration":
        from ..dynamo.configuration import WarmConfiguration

        return WarmConfiguration(self.tables, self.clock, staleness=self.settings.staleness_ms)

    def stored_clients(self) -> "StoredClients":
        """Unregistered clients by what is stored of them."""
        from ..oauth.unregistered_clients import StoredClients

        return StoredClients(self.records.client_copies)

    def dynamic_clients(self) -> "RegisteredClients":
        """Clients that registered themselves."""
        from ..oauth.registration.clients import RegisteredClients

        return RegisteredClients(self.records.dynamic_clients, self.clock.now)

    def fetched_clients(self, *, grace: int | None = None) -> "FetchedClients":
        """Unregistered clients, whose documents are fetched. ``grace``: seconds by which copies may be older."""
        from urllib.parse import urlsplit

        from ..oauth.document_clients import DocumentClients
        from ..oauth.unregistered_clients import GRACE, ChangedClients, FetchedClients

        hosts = self.limit("documents", most=_DOCUMENTS_PER_MINUTE)

        def may_ask(server_id: str, url: str, now: int) -> bool:
            return hosts.take(f"{server_id} {urlsplit(url).netloc}", now=now).allowed

        changed = ChangedClients(self.log, self.clock, self.ids)
        documents = DocumentClients(self.records.client_copies, self.fetch_client_document, may_ask, changed)
        own = urlsplit(self.settings.base_url or "").hostname
        return FetchedClients(
            self.stored_clients(),
            documents,
            self.clock.now,
            grace=GRACE if grace is None else grace,
            own_hosts=frozenset({own} if own else ()),
        )

    def fetch_client_document(self, uri: str, issuer: str) -> "Document":
        """The metadata document of a client, for a server."""
        from ..oauth.outbound_fetch import CLIENT_DOCUMENT, fetch_document

        private = self.settings.allow_private_jwks_uri
        return fetch_document(uri, CLIENT_DOCUMENT, allow_private=private, left=self.deadline.left, issuer=issuer)

    def schema_version(self, *, of_events: bool = False) -> "SchemaVersion":
        """For functions that do not ask for configuration with every request, which looks at it along the way."""
        from ..dynamo.schema_version import SchemaVersion

        table = self.tables.events if of_events else self.tables.config
        return SchemaVersion(table or self.tables.config, self.clock)

    def hashes(self) -> "PasswordHashes":
        from ..directory.passwords import PasswordHashes

        return PasswordHashes(self.ids)

    def limit(self, kind: str, *, most: int, seconds: int = 60) -> "RateLimit":
        """How often something may be tried. ``kind``: what."""
        from ..rate_limit import RateLimit

        return RateLimit(self.records.rate_counters, kind, most=most, seconds=seconds)

    def authenticator(self) -> "Authenticator":
        from ..directory.authentication import Authenticator

        return Authenticator(
            self.records.directory,
            self.records.users,
            self.hashes(),
            self.clock,
            self.ids,
            self.password_policies(),
            retrying=self.retrying,
            limit=self.limit("login", most=self.sign_ins_per_second, seconds=1),
            letters=self.letters,
            imports=self.password_imports,
        )

    def password_imports(self) -> "AskedPasswordImports":
        """What asks another directory about passwords: made when one is known there alone."""
        from ..hooks.passwords import AskedPasswordImports

        return AskedPasswordImports(self.records.inline_hooks, self.hook_calls(), self.clock, self.ids, self.log.emit)

    def password_change(self) -> "PasswordChange":
        from ..directory.password_change import PasswordChange
        from ..directory.passwords import PasswordPolicy

        return PasswordChange(
            self.records.users,
            self.hashes(),
            self.clock,
            self.ids,
            PasswordPolicy(),
            self.retrying,
            self.letters(),
            self._password_policy,
        )

    def password_policies(self) -> "Callable[[Person, Request, int], PasswordPolicy]":
        """What holds for each user's password. Where nobody wrote a policy, nothing is evaluated."""
        from ..directory.passwords import PasswordPolicy

        everybodys = PasswordPolicy()

        def decide(person: "Person", request: Request, now: int) -> PasswordPolicy:
            if not self.records.sign_on_policies.of_type("PASSWORD").policies:
                return everybodys
            return self.decide_password(person, request, now).policy

        return decide

    def _password_policy(self, user: "User", request: Request, now: int) -> "PasswordPolicy":
        return self.decide_password(self.records.directory.person(user.id), request, now).policy

    def _lockout_notice(self, user: "User", request: Request, now: int) -> "Sequence[Mail]":
        """The mail to somebody whom wrong codes locked, where the policy of passwords has such mail sent."""
        letters = self.letters()
        if not letters.on or not self._password_policy(user, request, now).mails_lockout:
            return ()
        return letters.to(user, "AccountLockout", now=now)

    def user_factors(self, *, events: "EventSink | None" = None, administrative: bool = False) -> "UserFactors":
        """Factors of users. ``events``: where those go that nothing is stored with; ``None``: into the log lines."""
        from ..factors.code_lockout import CodeLockout
        from ..factors.key_settings import key_settings
        from ..factors.kinds import Surroundings, kinds
        from ..factors.org_name import org_name
        from ..factors.recovery_codes import RecoveryCodeBook
        from ..factors.relying_party import relying_party
        from ..factors.user_factors import UserFactors
        from ..sign_on.policy_demands import EnrolmentPolicies

        records, letters = self.records, self.letters()
        seals, events = self.factor_seals(administrative=administrative), events or self.log
        lockout = CodeLockout(
            records.code_tries, records.users, self.clock, self.ids, self.retrying, notice=self._lockout_notice
        )
        around = Surroundings(
            factors=records.factors,
            challenges=records.factor_challenges,
            seals=seals,
            ids=self.ids,
            org_name=lambda base_url: org_name(records.org_settings.get(), base_url),
            party=lambda base_url: relying_party(base_url, records.trusted_origins.get()),
            keys=lambda: key_settings(records.authenticators.get().of("webauthn").method or {}),
            outbox=records.outbox,
            letters=letters,
            code_pace=self.limit("code", most=1, seconds=5),
            code_lifetime=lambda: records.authenticators.get().code_lifetime,
            hashes=self.hashes,
        )
        return UserFactors(
            factors=records.factors,
            kinds=kinds(around),
            recovery=RecoveryCodeBook(
                records=records.recovery_codes,
                seals=seals,
                lockout=lockout,
                letters=letters,
                events=events,
                clock=self.clock,
                ids=self.ids,
                retrying=self.retrying,
            ),
            authenticators=records.authenticators.get,
            rules=EnrolmentPolicies(self.policies(), records.directory, self.clock),
            letters=letters,
            lockout=lockout,
            activations=self.limit("activation", most=5, seconds=300),
            events=events,
            clock=self.clock,
            ids=self.ids,
        )

    def federation_pages(self, steps: "Steps") -> "FederationPages":
        """Signing in with identity providers."""
        from ..pages.federation import FederationPages

        records = self.records
        return FederationPages(
            steps,
            records.identity_providers,
            self.policies(),
            records.users,
            self.limit("webfinger", most=self.settings.sign_ins),
            records.federated_requests,
            cache(self._upstream),
            cache(self._federated_people),
            self.own_links,
            self.log,
            self.clock,
            self.ids,
        )

    def signing_out(self) -> "SigningOut":
        """Signing out with identity providers."""
        from ..federation.signing_out import SigningOut

        return SigningOut(self.records.identity_providers, self.records.federated_requests, self.ids)

    def _upstream(self) -> "Upstream":
        from ..federation.upstream import Upstream
        from ..oauth.client_auth.jwks_uri import FetchedJwks

        return Upstream(self.exchange, self.idp_seals(), FetchedJwks(self.fetch), self.key_unwrapper(), self.ids)

    def _federated_people(self) -> "FederatedPeople":
        from ..federation.people import FederatedPeople, PeopleRecords
        from ..provisioning.incoming import Incoming

        records = self.records
        people = PeopleRecords(
            users=records.users,
            groups=records.groups,
            directory=records.directory,
            roles=records.roles,
            links=records.idp_links,
            schemas=records.user_schemas,
            user_types=records.user_types,
            incoming=Incoming(records.user_mappings, records.idp_schemas),
            rules=self._rule_memberships(),
        )
        return FederatedPeople(people, self.ids, self.retrying)

    def _rule_memberships(self) -> "RuleMemberships":
        from ..provisioning.rule_memberships import RuleMemberships

        records = self.records
        return RuleMemberships(records.group_rules, records.users, records.groups, records.roles, self.retrying)

    def ruled(self, user: "User", request: Request) -> None:
        """Put somebody into the groups that rules say, who changed something of themselves. Raises Unavailable."""
        from ..provisioning.rule_memberships import by_themselves

        self._rule_memberships().apply(user.id, by_themselves(user, request, self.clock, self.ids), at=self.clock.now())

    def demands(self, *, of_pages: bool = False) -> "PolicyDemands":
        """What policies of people ask of sign-ons. ``of_pages``: also what is missing of their profile."""
        from ..sign_on.policy_demands import PolicyDemands

        def writable(user: "User") -> frozenset[str]:
            return self.own_profiles().writable(user)

        notices = _NewSignOnNotices(self) if self.settings.mail_from else None
        return PolicyDemands(self.policies(), notices, writable if of_pages else None)

    def factor_steps(self) -> "FactorSteps":
        """What knows factors, for sign-ons: made when one asks for more than a password."""
        from ..sign_on.factor_steps import FactorSteps
        from ..sign_on.remembered import BrowserMemory

        factors = self.user_factors()
        memory = BrowserMemory(self.records.remembered_browsers, factors, self.ids)
        return FactorSteps(factors, factors.recovery, memory)

    def policies(self) -> "AppliedPolicies":
        """The policies of people."""
        from ..policy.sign_on.defaults import Seeds
        from ..sign_on.policies import AppliedPolicies

        settings = self.settings
        mail = settings.mail_from is not None
        seeds = Seeds(idle=settings.session_idle, lifetime=settings.session_lifetime, mail=mail)
        return AppliedPolicies(self.records.sign_on_policies, self.records.zones, seeds, self.watch)

    def blocked_zones(self) -> "BlockedZones":
        """What refuses whoever comes from a zone that is blocked."""
        from ..sign_on.policy_demands import BlockedZones

        return BlockedZones(self.policies(), self.log, self.clock, self.ids)

    def watch(self) -> "Watch":
        """What is remembered of sign-ons."""
        from ..policy.sign_on.risk import Weights
        from ..sign_on.watch import Watch

        records, told = self.records, self.settings.risk_weights
        weights = Weights(**told)
        return Watch(records.histories, records.behaviors, records.threats, records.rate_counters, weights)

    def decide_password(self, person: "Person", request: Request, now: int) -> "PasswordDecision":
        """What holds for somebody's password, for a request."""
        policies = self.policies()
        here = policies.circumstances(request, device=None)
        return policies.password(policies.facts(person, here, now=now))

    def helpdesk(self) -> "Helpdesk":
        """Who takes what people ask for who cannot sign in."""
        from ..recovery.helpdesk import Brakes, Helpdesk

        return Helpdesk(
            self.records.directory,
            self.records.groups,
            self.records.roles,
            self.records.recovery_tickets,
            self.letters(),
            self.decide_password,
            Brakes(
                of_name=self.limit("recovery", most=1, seconds=30),
                of_name_and_hour=self.limit("recoveries", most=5, seconds=3_600),
                of_address=self.limit("recoverer", most=20, seconds=3_600),
            ),
            self.clock,
            self.ids,
        )

    def recovery(self) -> "Recovery":
        """What tickets are good for that people were mailed."""
        from ..recovery.recovery import Recovery
        from ..recovery.tickets import Tickets

        records = self.records
        return Recovery(
            Tickets(records.users, records.recovery_tickets),
            records.directory,
            records.factors,
            self.hashes(),
            self.letters(),
            self.decide_password,
            self.limit("answer", most=5, seconds=300),
            self.clock,
            self.ids,
            self.retrying,
            self.ruled,
        )

    def address_change(self) -> "AddressChange":
        """What gives people another address that they proved."""
        from ..recovery.address_change import AddressChange

        return AddressChange(
            self.records.users,
            self.records.factor_challenges,
            self.records.outbox,
            self.letters(),
            self.limit("address_change", most=5, seconds=3_600),
            self.limit("code", most=1, seconds=5),
            self.clock,
            self.ids,
            self.retrying,
            self.ruled,
        )

    def self_service(self, configuration: "Configuration") -> "SelfService":
        """What people do with their own account."""
        from .own_account import self_service

        return self_service(self, configuration)

    def own_callers(self, configuration: "Configuration") -> "OwnCallers":
        """Programs that act for people about their own account."""
        from .own_account import own_callers

        return own_callers(self, configuration)

    def own_profiles(self) -> "OwnProfiles":
        """Profiles, for those whose they are."""
        from ..expressions.regexes import matches
        from ..self_service.profile import OwnProfiles

        records = self.records
        return OwnProfiles(
            records.users,
            records.user_schemas,
            records.user_types,
            records.identity_providers,
            matches,
            self.ruled,
            self.clock,
            self.ids,
            self.retrying,
        )

    def asked_about_profile(
        self, hook_id: str, user: "User", said: Mapping[str, Any], request: Request
    ) -> Mapping[str, Any]:
        """What a hook makes of what somebody said of themselves on their way in. Raises NotWelcome."""
        from ..hooks.registration import RegistrationDenied
        from ..recovery.refusals import NotWelcome

        try:
            return self._registration_hook().completed(hook_id, user, said, request)
        except RegistrationDenied as denied:
            raise NotWelcome(str(denied), denied.causes) from None

    def own_links(self) -> "OwnLinks":
        """Identity providers that know somebody, for whose links they are."""
        from ..self_service.links import OwnLinks
        from ..self_service.ways_in import WaysIn

        records = self.records
        return OwnLinks(
            records.identity_providers,
            records.idp_links,
            WaysIn(
                records.users,
                records.identity_providers,
                records.idp_links,
                records.factors,
                records.authenticators.get,
            ),
            records.roles,
            self.clock,
            self.ids,
            self.retrying,
        )

    def trusted_callers(self, configuration: "Configuration", blocked: "BlockedZones") -> "TrustedCallers":
        """Programs that sign other people on, and may say whom."""
        from ..pages.authn.callers import TrustedCallers

        def vouches(request: Request) -> bool:
            from ..management.http.authentication import Authentication
            from ..management.http.errors import ApiError, BearerChallenge

            records, validity = self.records, self.validity(configuration)
            known = Authentication(
                records.api_tokens,
                configuration,
                validity,
                records.directory,
                records.roles,
                services_need_roles=self.settings.services_need_roles,
                notes_use=False,
            )
            try:
                caller = known.caller(request, now=self.clock.now())
                return caller.may(_VOUCHING) and caller.access.reach("user_changes", "W").everything
            except (ApiError, BearerChallenge):
                return False

        def address(request: Request) -> str:
            return self.policies().circumstances(request, device=None, believed=True).address

        return TrustedCallers(vouches, address, blocked.refuse)

    def recovery_pages(self, pages: "HostedPages") -> "RecoveryPages":
        """Pages for who cannot sign in, each made when it is first needed."""
        from ..audit.builder import EventBuilder
        from ..pages.recovery.pages import RecoveryPages

        return RecoveryPages(
            pages,
            self.settings.mail_from is not None,
            self.helpdesk,
            self.recovery,
            self.user_factors,
            self.address_change,
            self.sign_up,
            lambda client: self.policies().sign_up(client),
            self.log.emit,
            lambda request: EventBuilder(request, self.clock, self.ids),
        )

    def sign_up(self) -> "SignUp":
        """Who takes what strangers ask for who want an account."""
        from ..expressions.regexes import matches
        from ..recovery.sign_up import SignUp

        records = self.records
        return SignUp(
            records.users,
            records.groups,
            records.roles,
            records.recovery_tickets,
            self.letters(),
            records.user_schemas.get,
            matches,
            self._asked_to_register,
            self.limit("signup", most=10, seconds=3_600),
            self.clock,
            self.ids,
            self.retrying,
        )

    def _asked_to_register(self, hook_id: str, profile: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
        from ..hooks.registration import RegistrationDenied
        from ..recovery.refusals import NotWelcome

        try:
            return self._registration_hook().allowed(hook_id, profile, request)
        except RegistrationDenied as denied:
            raise NotWelcome(str(denied), denied.causes) from None

    def _registration_hook(self) -> "RegistrationHook":
        from ..hooks.registration import RegistrationHook

        return RegistrationHook(self.records.inline_hooks, self.hook_calls(), self.clock, self.ids, self.log.emit)

    def letters(self) -> "Letters":
        """What makes mail for people."""
        from ..mail.letters import Letters

        return Letters(self.ids, on=self.settings.mail_from is not None)

    def theme(self) -> "Theme":
        from ..web.theme import BadTheme, Theme

        text = self.settings.theme
        try:
            return Theme() if text is None else Theme.parse(text)
        except BadTheme as error:
            raise BadSettings(f"AUTHMINT_THEME: {error}") from None

    def brand(self) -> "Brand":
        """What mail looks like."""
        from ..mail.contents import Brand

        theme = self.theme()
        return Brand(theme.name, theme.colour, theme.on_colour, theme.language)

    def postman(self) -> "Postman":
        """Who takes mail."""
        from ..ses.postman import SesPostman, client

        if self.settings.mail_from is None:
            raise BadSettings("AUTHMINT_MAIL_FROM is not set")
        configuration_set = self.settings.mail_configuration_set
        return SesPostman(client(self.session), self.settings.mail_from, self.brand().name, configuration_set)

    def renderer(self) -> "Renderer":
        from ..pages.documents import TEMPLATES
        from ..web.render import Renderer

        return Renderer(self.theme(), self.ids, TEMPLATES)

    def browsers(self) -> "CookieBrowsers":
        from ..pages.browsers import CookieBrowsers
        from ..sign_on.sessions import SessionSettings

        lifetimes = SessionSettings(self.settings.session_idle, self.settings.session_lifetime)
        return CookieBrowsers(self.records.sessions, self.records.directory, self.ids, lifetimes)

    def signers(self) -> "WarmSigners":
        """Signers whose keys are opened by KMS, for functions that answer at once."""
        from ..tokens.signer import WarmSigners

        return WarmSigners(self.key_unwrapper())

    def key_unwrapper(self) -> "KeyUnwrapper":
        """What opens keys, by KMS."""
        from ..kms.key_pairs import KmsKeyUnwrapper

        return KmsKeyUnwrapper(*self._kms)

    def seals(self) -> "SecretSeals":
        from ..kms.seals import KmsSeals

        return KmsSeals(*self._kms)

    def key_pairs(self) -> "KeyPairs":
        """For functions that create keys."""
        from ..kms.key_pairs import KmsKeyPairs

        return KmsKeyPairs(*self._administrative_kms, self.retrying)

    def administrative_seals(self) -> "SecretSeals":
        """The seals by the client that functions that create keys have."""
        from ..kms.seals import KmsSeals

        return KmsSeals(*self._administrative_kms)

    def factor_seals(self, *, administrative: bool = False) -> "SecretSeals":
        """The seals of what factors are checked by. ``administrative``: by the client that such functions have."""
        from ..kms.seals import KmsSeals, factor_context

        return KmsSeals(*(self._administrative_kms if administrative else self._kms), factor_context)

    def idp_seals(self, *, administrative: bool = False) -> "SecretSeals":
        """The seals of secrets at identity providers. ``administrative``: by the client that such functions have."""
        from ..kms.seals import KmsSeals, idp_context

        return KmsSeals(*(self._administrative_kms if administrative else self._kms), idp_context)

    def hook_seals(self, *, administrative: bool = False) -> "SecretSeals":
        """The seals of what hooks know us by. ``administrative``: by the client that such functions have."""
        from ..kms.seals import KmsSeals, hook_context

        return KmsSeals(*(self._administrative_kms if administrative else self._kms), hook_context)

    def token_hooks(self, *, administrative: bool = False) -> "AskedTokenHooks":
        """What asks the hooks of rules, made when one is to be asked. ``administrative`` as in ``hook_seals``."""
        from ..hooks.tokens import AskedTokenHooks

        calls = self.hook_calls(administrative=administrative)
        return AskedTokenHooks(self.records.inline_hooks, calls, self.clock, self.ids, self.log.emit)

    def hook_calls(self, *, administrative: bool = False) -> "HookCalls":
        """What asks hooks: for those who make it when one is to be asked. ``administrative`` as in ``hook_seals``."""
        from ..hooks.calls import HookCalls

        def functions() -> "Functions":
            from ..hooks.functions import LambdaFunctions, client

            return LambdaFunctions(client(self.session))

        return HookCalls(
            self.exchange,
            lambda: self.hook_seals(administrative=administrative),
            functions,
            left=self.deadline.left,
        )

    def exchange(
        self,
        method: str,
        uri: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        largest: int | None = None,
        timeout: float | None = None,
    ) -> "Answer":
        """One request to a host of somebody else, and its answer; bounded as usual where nothing else is said."""
        from ..oauth.outbound_fetch import MAX_BYTES, TIMEOUT_SECONDS, exchange

        return exchange(
            method,
            uri,
            headers=headers,
            body=body,
            largest=largest or MAX_BYTES,
            timeout=timeout or TIMEOUT_SECONDS,
            allow_private=self.settings.allow_private_jwks_uri,
            left=self.deadline.left,
        )

    @cached_property
    def _kms(self) -> tuple[Any, str]:
        from ..kms.client import client

        return client(self.session), self._kms_key()

    @cached_property
    def _administrative_kms(self) -> tuple[Any, str]:
        from ..kms.client import administrative_client

        return administrative_client(self.session), self._kms_key()

    def _kms_key(self) -> str:
        if self.settings.kms_key_id is None:
            raise BadSettings("AUTHMINT_KMS_KEY_ID is not set")
        return self.settings.kms_key_id

    def fetch(self, uri: str) -> bytes:
        """A document of somebody else's server."""
        from ..oauth.outbound_fetch import fetch

        return fetch(uri, allow_private=self.settings.allow_private_jwks_uri, left=self.deadline.left)

    def fetch_metadata(self, uri: str) -> bytes:
        """What an issuer outside says of itself."""
        from ..oauth.outbound_fetch import ISSUER_METADATA, fetch_document

        private = self.settings.allow_private_jwks_uri
        return fetch_document(uri, ISSUER_METADATA, allow_private=private, left=self.deadline.left).content

    @cached_property
    def issuer_keys(self) -> "IssuerKeys":
        """What verifies the words of issuers outside: for those who need it when the first one comes."""
        from ..oauth.issuer_keys import IssuerKeys

        return IssuerKeys(self.fetch, self.fetch_metadata)

    def authenticated(self, configuration: "Configuration") -> "AuthenticatedEndpoint":
        from ..oauth.client_auth.authentication import ClientAuthentication
        from ..oauth.endpoint import AuthenticatedEndpoint

        return AuthenticatedEndpoint(
            configuration,
            ClientAuthentication(self._assertions, self._workloads, self._certificates),
            self._client_failures,
        )

    def shared_tokens(self) -> "SharedTokens":
        """What keeps tokens that requests of one client share."""
        from ..oauth.shared_tokens import SharedTokens

        return SharedTokens(self.records.revocations)

    def status_entries(self) -> "StatusEntries":
        """What gives tokens places in status lists: for those who make it when the first one needs one."""
        from ..oauth.status_list.entries import StatusEntries

        since = self.settings.assertions_since
        return StatusEntries(self.records.status_lists, self.records.families, self.ids, since)

    def possession(self, signers: "Signers") -> "Possession":
        """What reads proofs of possession: for those who make it when the first one comes."""
        from ..oauth.dpop.possession import Possession

        return Possession(self.records.assertions, signers)

    def validity(self, configuration: "Configuration") -> "TokenValidity":
        """What looks at everything that a token hangs on."""
        from ..oauth.token_validity import TokenValidity

        records = self.records
        return TokenValidity(
            configuration,
            records.revocations,
            records.families,
            records.directory,
            lambda: records.lineages,
        )

    def _client_failures(self) -> "RateLimit":
        return self.limit("client", most=self.settings.client_failures)

    def _assertions(self) -> "Assertions":
        from ..oauth.client_auth.assertions import Assertions

        since = self.settings.assertions_since
        return Assertions(self.records.assertions, self._client_signatures, since=since)

    def _certificates(self) -> "Certificates":
        from ..oauth.client_auth.certificates import Certificates

        return Certificates(lambda client, now: self._client_signatures.keys(client, now=now))

    def _workloads(self) -> "Workloads":
        from ..oauth.client_auth.workloads import Workloads

        records = self.records
        since = self.settings.assertions_since
        return Workloads(self.issuer_keys, records.assertions, records.clients.many, since=since)

    def request_objects(self) -> "RequestObjects":
        """What opens signed requests: for those who make it when the first one comes."""
        from ..oauth.authorization.request_objects import RequestObjects

        since = self.settings.assertions_since
        return RequestObjects(self.records.assertions, self._client_signatures, since=since)

    @cached_property
    def _client_signatures(self) -> "ClientSignatures":
        from ..oauth.client_auth.jwks_uri import FetchedJwks
        from ..oauth.client_auth.signatures import ClientSignatures

        return ClientSignatures(self.seals(), FetchedJwks(self.fetch))


#: What a function is wired from: the environment of its process, or parts that are there already.
Surroundings = Mapping[str, str] | Parts
Endpoint = Callable[[Request], Response]


def on_first_use(make: Callable[[], Endpoint]) -> Endpoint:
    """An endpoint that is put together when it is first asked: a cold start pays for what its first request needs."""
    made = cache(make)
    return lambda request: made()(request)


def new_function(parts: Parts, http: Any, failure: Any, direct: Any = None) -> Function:
    """A function with what the parts say of its surroundings."""
    settings = parts.settings
    return Function(
        http,
        failure,
        parts.log.report,
        direct,
        settings.base_url,
        parts.deadline,
        settings.edge_secrets,
        settings.viewer_facts,
        settings.mtls_url,
    )


def server_error(request: Request) -> Response:
    """500 of the protocol endpoints."""
    from ..oauth.cors import with_cors
    from ..oauth.errors import OAuthError

    return with_cors(OAuthError("server_error").response(request.base_url))
