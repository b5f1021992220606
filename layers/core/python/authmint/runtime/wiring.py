"""The composition root: one function per Lambda function. Heavy imports stay inside, so each loads what it uses."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from ..http import Request, Response
from .console import console as console  # one of these functions, in a room of its own
from .entrypoint import Function
from .grant_types import GRANT_TYPES, grants
from .parts import Endpoint, Parts, Surroundings, new_function, on_first_use, server_error

if TYPE_CHECKING:
    from ..management.http.api import ManagementApi
    from ..management.sign_on.factor_operations import FactorRecords


#: New clients of one server from one address.
_REGISTRATIONS_PER_HOUR: Final = 20
_MAILS_PER_USER_AND_HOUR: Final = 10
#: Paths of the function authorize whose answers are read by programs.
_APIS: Final = ("/api/", "/idp/")
#: Two attempts, and what is written after them.
_SECONDS_OF_A_DELIVERY: Final = 15


def discovery(env: Surroundings) -> Function:
    """Function ``discovery``."""
    from ..oauth.authorization.vocabulary import ALL_MODES, CHALLENGE_METHODS, PROMPTS, RESPONSE_TYPES
    from ..oauth.client_auth.methods import METHODS, REQUEST_ALGORITHMS, TLS_METHODS
    from ..oauth.cors import with_cors
    from ..oauth.discovery import Discovery, Features, internal_error
    from ..oauth.routing import Route, Routes
    from ..sign_on.context_classes import CLASSES

    parts = Parts.of(env)
    features = Features(
        RESPONSE_TYPES, ALL_MODES, PROMPTS, CHALLENGE_METHODS, tuple(CLASSES), REQUEST_ALGORITHMS,
        pushed_requests=True, device=True, backchannel=True, userinfo=True, sign_out=True,
        signed_answers=parts.settings.signed_answers, mtls_url=parts.settings.mtls_url,
    )  # fmt: skip
    methods = METHODS if features.mtls_url is None else (*METHODS, *TLS_METHODS)
    documents = Discovery(
        parts.configuration(), parts.ids, grant_types=GRANT_TYPES, auth_methods=methods, features=features
    )
    get = Route(documents, ("GET",))
    table = {"/.well-known/openid-configuration": get, "/.well-known/oauth-authorization-server": get}
    http = Routes(table, parts.ids)
    return new_function(parts, http, lambda _: with_cors(internal_error(parts.ids)))


def key_set(env: Surroundings) -> Function:
    """Function ``jwks``."""
    from ..oauth.cors import with_cors
    from ..oauth.discovery import internal_error
    from ..oauth.key_set import KeySet
    from ..oauth.routing import Route, Routes

    parts = Parts.of(env)
    keys = KeySet(parts.configuration(), parts.clock, parts.ids)
    http = Routes({"/v1/keys": Route(keys, ("GET",))}, parts.ids)
    return new_function(parts, http, lambda _: with_cors(internal_error(parts.ids)))


def status_list(env: Surroundings) -> Function:
    """Function ``status_list``: which tokens of a server are revoked, for everybody. It signs, and writes nothing."""
    from ..oauth.cors import with_cors
    from ..oauth.discovery import internal_error
    from ..oauth.routing import Route, Routes
    from ..oauth.status_list.endpoint import StatusListEndpoint

    parts = Parts.of(env)
    lists = StatusListEndpoint(
        parts.configuration(), parts.records.status_lists, parts.signers(), parts.clock, parts.ids
    )
    http = Routes({}, parts.ids, below={"/v1/status/": Route(lists, ("GET",))})
    return new_function(parts, http, lambda _: with_cors(internal_error(parts.ids)))


def token(env: Surroundings) -> Function:
    """Function ``token``: also what clients ask for before their users come (pushed requests, device codes)."""
    from ..oauth.routing import Route, Routes
    from ..oauth.token_endpoint import TokenEndpoint

    parts = Parts.of(env)
    endpoint = parts.authenticated(parts.configuration(calls=True))

    def trusts(origin: str) -> bool:
        return parts.records.trusted_origins.get().trusts(origin, "CORS")

    signers = parts.signers()
    possession = cache(lambda: parts.possession(signers))
    tokens = TokenEndpoint(
        endpoint,
        grants(parts),
        signers,
        parts.clock,
        parts.ids,
        parts.log,
        possession=possession,
        hooks=cache(parts.token_hooks),
        shared=cache(parts.shared_tokens),
        entries=cache(parts.status_entries),
        trusts=trusts,
        used=lambda *use: parts.dynamic_clients().used(*use),
    )

    def device() -> Endpoint:
        from ..oauth.device import DeviceAuthorizationEndpoint

        limit = parts.limit("device", most=parts.settings.device_codes)
        return DeviceAuthorizationEndpoint(endpoint, parts.records.device_codes, limit, parts.clock, parts.ids)

    def pushed() -> Endpoint:
        from ..oauth.authorization.par import PushedRequestEndpoint

        return PushedRequestEndpoint(
            endpoint,
            parts.records.requests,
            parts.clock,
            parts.ids,
            parts.log,
            possession=possession,
            objects=cache(parts.request_objects),
        )

    def backchannel() -> Endpoint:
        from ..oauth.backchannel.endpoint import BackchannelEndpoint

        return BackchannelEndpoint(
            endpoint,
            parts.records.backchannel_requests,
            parts.records.directory,
            parts.clock,
            parts.ids,
            parts.log,
            objects=cache(parts.request_objects),
        )

    table = {
        "/v1/token": Route(tokens, shared=False),
        "/v1/bc/authorize": Route(on_first_use(backchannel)),
        "/v1/device/authorize": Route(on_first_use(device)),
        "/v1/par": Route(on_first_use(pushed)),
    }
    return new_function(parts, Routes(table, parts.ids), server_error)


def authorize(env: Surroundings) -> Function:
    """Function ``authorize``: what browsers visit. Signing keys are opened for the implicit flow and for hybrids."""
    from ..api_errors import ApiError, internal_error
    from ..api_errors import unavailable as api_unavailable
    from ..oauth.authorization.approval import Granting
    from ..oauth.authorization.endpoint import AuthorizationEndpoint
    from ..oauth.authorization.interactions import Interactions
    from ..oauth.authorization.issuing import Issuing
    from ..oauth.authorization.logout import LogoutEndpoint
    from ..oauth.authorization.request import Arrivals
    from ..oauth.authorization.responses import Outcomes
    from ..oauth.authorization.standing import Standings
    from ..oauth.errors import OAuthError, unavailable
    from ..oauth.issuance import Issuance
    from ..oauth.routing import Route, Routes
    from ..pages.assembly import PageRecords, new_site
    from ..pages.documents import HostedPages
    from ..pages.sign_on_events import SignOnEvents
    from ..pages.verifiers import Brakes
    from ..sign_on.sessions import SessionTokenExchange
    from ..storage.errors import Unavailable

    parts = Parts.of(env)
    records, clock, ids = parts.records, parts.clock, parts.ids
    configuration, directory, requests = parts.configuration(), records.directory, records.requests
    pages, browsers = HostedPages(parts.renderer()), parts.browsers()
    arrivals = Arrivals(configuration, requests, cache(parts.request_objects), lambda: parts.fetched_clients(grace=0))
    signers = parts.signers()
    outcomes = Outcomes(pages, parts.log, signers)
    granting = Granting(Issuance(ids), records.consents, ids)
    demands, factors = parts.demands(of_pages=True), cache(parts.factor_steps)
    standings = Standings(demands, factors, lambda: records.identity_providers)
    interactions = Interactions(arrivals, requests, granting, standings, outcomes, clock, ids)
    tokens = SessionTokenExchange(records.session_tokens, directory, ids)
    issuing = Issuing(
        records.codes, records.families, requests, records.sessions, signers, ids, cache(parts.status_entries)
    )
    endpoint = AuthorizationEndpoint(
        arrivals,
        browsers,
        interactions,
        granting,
        issuing,
        outcomes,
        standings,
        tokens,
        clock,
        ids,
        hooks=cache(parts.token_hooks),
    )
    logout = LogoutEndpoint(configuration, browsers, pages, clock, parts.signing_out)
    blocked = parts.blocked_zones()
    site = new_site(
        PageRecords(
            directory=directory,
            clients=records.clients,
            servers=records.servers,
            sign_ons=records.sign_ons,
            recovery_steps=records.recovery_steps,
            sessions=records.sessions,
            remembered=records.remembered_browsers,
            consents=records.consents,
            device_codes=records.device_codes,
            backchannel_requests=records.backchannel_requests,
            session_tokens=records.session_tokens,
            trusted_origins=records.trusted_origins,
            sign_on_policies=records.sign_on_policies,
        ),
        interactions,
        pages=pages,
        browsers=browsers,
        authenticator=parts.authenticator(),
        brakes=Brakes(
            addresses=parts.limit("address", most=parts.settings.sign_ins),
            user_codes=parts.limit("activate", most=20, seconds=600),
            invitations=parts.limit("invitation", most=parts.settings.sign_ins),
        ),
        journal=SignOnEvents(parts.log, clock, ids),
        change=parts.password_change(),
        demands=demands,
        factors=factors,
        recovery=parts.recovery_pages(pages),
        callers=parts.trusted_callers(configuration, blocked),
        federation=parts.federation_pages,
        services=partial(parts.self_service, configuration),
        own_callers=partial(parts.own_callers, configuration),
        clock=clock,
        ids=ids,
    )
    visited = {
        "/v1/authorize": Route(endpoint, ("GET", "POST"), scripts=False),
        "/v1/logout": Route(logout, ("GET", "POST"), scripts=False),
    }
    protocol = Routes(visited, ids)
    version = parts.schema_version()

    def http(request: Request) -> Response:
        api = request.path.startswith(_APIS)
        try:
            version.check()
            if blocked.refuse(request):
                refusal = pages.problem("blocked", request, status=403, code="access_denied")
                return ApiError("E0000006").response(ids) if api else refusal
        except Unavailable as error:
            return api_unavailable(error).response(ids) if api else pages.error(unavailable(error), request)
        return site(request) or protocol(request)

    def failure(request: Request) -> Response:
        if request.path.startswith(_APIS):
            return internal_error(ids)
        return pages.error(OAuthError("server_error"), request)

    return new_function(parts, http, failure)


def registration(env: Surroundings) -> Function:
    """Function ``registration``: clients that register themselves. It writes these, and nothing else."""
    from ..oauth.registration.endpoint import RegistrationEndpoint
    from ..oauth.routing import Route, Routes

    parts = Parts.of(env)
    endpoint = RegistrationEndpoint(
        parts.registered_configuration(),
        parts.records.dynamic_clients,
        lambda: parts.limit("registration", most=_REGISTRATIONS_PER_HOUR, seconds=3_600),
        parts.clock,
        parts.ids,
        parts.log,
    )
    return new_function(parts, Routes({"/v1/register": Route(endpoint)}, parts.ids), server_error)


def token_status(env: Surroundings) -> Function:
    """Function ``token_status``: introspection, revocation, userinfo."""
    from ..oauth.introspection import IntrospectionEndpoint
    from ..oauth.revocation import RevocationEndpoint
    from ..oauth.routing import Route, Routes
    from ..oauth.signed_answers import UNSIGNED, SignedAnswers
    from ..oauth.status_list.ends import StatusEnds
    from ..oauth.userinfo import UserinfoEndpoint

    parts = Parts.of(env)
    configuration = parts.configuration()
    endpoint = parts.authenticated(configuration)
    revocations, families, ends = (
        parts.records.revocations,
        parts.records.families,
        StatusEnds(parts.records.status_lists),
    )
    validity = parts.validity(configuration)
    answers = SignedAnswers.by(parts.signers) if parts.settings.signed_answers else UNSIGNED
    revoke = RevocationEndpoint(endpoint, revocations, ends, families, parts.clock, parts.ids, parts.log)
    table = {
        "/v1/introspect": Route(IntrospectionEndpoint(endpoint, validity, families, parts.clock, answers)),
        "/v1/revoke": Route(revoke),
        "/v1/userinfo": Route(
            UserinfoEndpoint(configuration, validity, parts.clock, lambda: parts.records.assertions, answers),
            ("GET", "POST"),
        ),
    }
    return new_function(parts, Routes(table, parts.ids), server_error)


def key_rotation(env: Surroundings) -> Function:
    """Function ``key_rotation``."""
    from ..dynamo.cleanup import DynamoCleanup
    from ..keys.schedule import RotationSchedule

    parts = Parts.of(env)
    schedule = RotationSchedule(
        parts.records.servers,
        parts.key_pairs(),
        parts.clock,
        parts.ids,
        retention=parts.settings.key_retention,
        retrying=parts.retrying,
        on_failure=parts.log.report,
    )

    leftovers = DynamoCleanup(parts.tables)
    version = parts.schema_version()

    def direct(_: Mapping[str, Any]) -> dict[str, Any]:
        version.check()
        run = schedule.run()
        swept, failed = leftovers.run()  # last: keys are more urgent than tidiness
        outcome = {
            "advanced": list(run.advanced),
            "swept": [*run.swept, *swept],
            "failed": dict(run.failed),
            "unswept": failed,
        }
        parts.log.info("key rotation", **outcome)
        parts.log.seconds("RotationLag", run.lag)
        return outcome

    return Function(None, server_error, parts.log.report, direct, deadline=parts.deadline)


def audit_sink(env: Surroundings) -> Function:
    """Function ``audit_sink``: token events from log lines into the system log, and their numbers by the hour."""
    from ..audit.sink import AuditSink

    parts = Parts.of(env)
    sink = AuditSink(parts.records.log)
    version = parts.schema_version(of_events=True)

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        version.check()
        if not payload or "schedule" in str(payload.get("source")):
            from ..audit.usage_counting import UsageCounting

            records, in_time = parts.records, parts.deadline.allows_an_attempt
            counted = UsageCounting(records.log, records.usage, parts.clock, in_time).run()
            parts.log.info("usage counted", **counted)
            return dict(counted)
        outcome = sink(payload)
        parts.log.info("token events recorded", **outcome)
        return outcome

    return Function(None, server_error, parts.log.report, direct, deadline=parts.deadline)


def mailer(env: Surroundings) -> Function:
    """Function ``mailer``: mail from the outbox to who delivers it."""
    from ..mail.composing import Composer
    from ..mail.mailer import Limits, Mailer

    parts = Parts.of(env)
    limits = Limits(
        of_user=parts.limit("mail", most=_MAILS_PER_USER_AND_HOUR, seconds=3_600),
        of_all=parts.limit("mails", most=parts.settings.mails_per_day, seconds=86_400),
    )
    version = parts.schema_version()
    made = cache(
        lambda: Mailer(
            parts.records.outbox,
            Composer(parts.brand(), parts.records.mail_templates),
            parts.postman(),
            limits,
            undeliverable=parts.records.undeliverable,
            log=parts.records.log,
            journal=parts.log,
            clock=parts.clock,
            ids=parts.ids,
            go_on=parts.deadline.allows_an_attempt,
        )
    )

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        version.check()
        outcome = made()(payload)
        if outcome:
            parts.log.info("mail", **outcome)
        return outcome

    return Function(None, server_error, parts.log.report, direct, deadline=parts.deadline)


def backchannel_logout(env: Surroundings) -> Function:
    """Function ``backchannel_logout``: ends of sessions, to clients whose ID tokens named them."""
    from ..oauth.backchannel_logout import BackchannelLogout
    from ..oauth.status_list.ends import StatusEnds

    parts = Parts.of(env)
    version = parts.schema_version()
    telling = BackchannelLogout(
        parts.records.logout_notices,
        StatusEnds(parts.records.status_lists),
        parts.records.families,
        parts.records.sessions,
        parts.records.users,
        parts.configuration(),
        parts.signers(),
        parts.exchange,
        log=parts.records.log,
        journal=parts.log,
        clock=parts.clock,
        ids=parts.ids,
        go_on=lambda: parts.deadline.left() > _SECONDS_OF_A_DELIVERY,
    )

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        version.check()
        outcome = telling(payload)
        if outcome:
            parts.log.info("back-channel logout", **outcome)
        return dict(outcome)

    return Function(None, server_error, parts.log.report, direct, deadline=parts.deadline)


def hooks(env: Surroundings) -> Function:
    """Function ``hooks``: what is in the system log, to endpoints that want to know."""
    from ..hooks.events import EventHooks

    parts = Parts.of(env)
    version = parts.schema_version()
    records = parts.records
    telling = EventHooks(
        records.event_hooks,
        records.hook_deliveries,
        records.log,
        parts.hook_calls(),
        parts.log,
        parts.clock,
        parts.ids,
        go_on=lambda: parts.deadline.left() > _SECONDS_OF_A_DELIVERY,
    )

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        version.check()
        action = payload.get("action")
        if action == "given_up":
            return {"given_up": telling.given_up()}
        outcome = telling.redrive() if action == "redrive" else telling.run()
        if outcome:
            parts.log.info("event hooks", **outcome)
        return dict(outcome)

    return Function(None, server_error, parts.log.report, direct, deadline=parts.deadline)


def management_api(parts: Parts, *, ready: Callable[[], None] = lambda: None) -> "ManagementApi":
    """The management API without what surrounds it. ``ready`` raises what keeps it from answering at all."""
    from ..management.clients.abilities import Abilities
    from ..management.directory.people import PeopleRecords
    from ..management.federation.records import FederationRecords
    from ..management.hooks.operations import HookRecords
    from ..management.http.api import ManagementApi
    from ..management.mail.templates import EmailTemplates
    from ..management.servers.dynamic_clients import RegisteredRecords
    from ..management.servers.previewed_hook import PreviewedHooks
    from ..management.servers.trusted_issuers import TrustRecords
    from ..management.sign_on.issued import IssuedRecords

    records = parts.records
    return ManagementApi(
        servers=records.servers,
        clients=records.clients,
        api_tokens=records.api_tokens,
        people=PeopleRecords(
            users=records.users,
            groups=records.groups,
            group_rules=records.group_rules,
            assignments=records.assignments,
            schemas=records.user_schemas,
            group_schemas=records.group_schemas,
            org_settings=records.org_settings,
            user_types=records.user_types,
            trusted_origins=records.trusted_origins,
            app_schemas=records.app_schemas,
            user_mappings=records.user_mappings,
            directory=records.directory,
            hashes=parts.hashes(),
            ids=parts.ids,
            letters=parts.letters(),
            tickets=records.recovery_tickets,
            decide=parts.decide_password,
            answers=parts.limit("answer", most=5, seconds=300),
            applied=parts.policies(),
            watch=parts.watch(),
            factors=records.factors,
            roles=records.roles,
            identity_providers=records.identity_providers,
        ),
        configuration=parts.configuration(),
        revocations=records.revocations,
        issued=IssuedRecords(
            families=records.families,
            consents=records.consents,
            sessions=records.sessions,
            log=records.log,
            session_idle=parts.settings.session_idle,
        ),
        mail=EmailTemplates(
            records.mail_templates,
            records.users,
            records.outbox,
            parts.letters(),
            parts.brand(),
            parts.ids,
            records.sign_on_policies.watch,
            records.undeliverable,
        ),
        copies=records.client_copies,
        registered=RegisteredRecords(records.dynamic_clients, records.registration_tokens),
        trust=TrustRecords(records.issuer_subjects, records.users, parts.fetch_metadata),
        factors=_factor_records(parts),
        federation=FederationRecords(
            providers=records.identity_providers,
            links=records.idp_links,
            schemas=records.idp_schemas,
            seals=parts.idp_seals(administrative=True),
            fetch=parts.fetch,
            log=records.log,
            allow_private=parts.settings.allow_private_jwks_uri,
        ),
        hooks=HookRecords(
            inline_hooks=records.inline_hooks,
            event_hooks=records.event_hooks,
            seals=parts.hook_seals(administrative=True),
            calls=parts.hook_calls(administrative=True),
            previews=PreviewedHooks(lambda: parts.token_hooks(administrative=True)),
            policies=records.sign_on_policies,
            allow_private=parts.settings.allow_private_jwks_uri,
        ),
        log=records.log,
        usage=records.usage,
        pairs=parts.key_pairs(),
        seals=parts.administrative_seals(),
        clock=parts.clock,
        ids=parts.ids,
        key_retention=parts.settings.key_retention,
        services_need_roles=parts.settings.services_need_roles,
        able=Abilities(parts.settings.signed_answers, parts.settings.mtls_url is not None),
        console_secret=parts.settings.console_secret,
        base_url=parts.settings.base_url,
        retrying=parts.retrying,
        limit=parts.limit("admin", most=parts.settings.admin_calls),
        ready=ready,
    )


def _factor_records(parts: Parts) -> "FactorRecords":
    from ..audit.recorded import RecordedEvents
    from ..management.sign_on.factor_operations import FactorRecords
    from ..management.sign_on.qr_codes import QrCodes
    from ..sign_on.needed_authenticators import NeededAuthenticators

    records = parts.records
    factors = parts.user_factors(events=RecordedEvents(records.log), administrative=True)

    return FactorRecords(
        factors=factors,
        authenticators=records.authenticators,
        pictures=QrCodes(factors, records.factor_challenges, records.users, parts.clock, parts.ids),
        needed=NeededAuthenticators(parts.policies()),
    )


def management(env: Surroundings) -> Function:
    """Function ``management``."""
    from ..management.http.errors import internal_error
    from ..oauth.cors import preflight, with_cors

    parts = Parts.of(env)
    version = parts.schema_version()
    api = management_api(parts, ready=version.check)

    def readable(request: Request, answer: Response) -> Response:
        # Registration is a protocol endpoint (RFC 7591): scripts may use it like the others.
        return with_cors(answer) if request.path.startswith("/oauth2/") else answer

    def http(request: Request) -> Response:
        if request.method == "OPTIONS" and request.path.startswith("/oauth2/"):
            return preflight(request, ("GET", "POST", "PUT", "DELETE"))
        return readable(request, api(request))

    def failure(request: Request) -> Response:
        return readable(request, internal_error(parts.ids))

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        version.check()
        if "schedule" in str(payload.get("source")):
            outcome = api.run_group_rules()
            parts.log.info("group rules", **outcome)
            return outcome
        return api.bootstrap(payload)

    return new_function(parts, http, failure, direct=direct)
