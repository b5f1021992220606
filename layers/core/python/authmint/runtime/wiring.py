"""The composition root: one function per Lambda function. Heavy imports stay inside, so each loads what it uses."""

from collections.abc import Mapping
from typing import Any

from ..http import Request, Response
from .entrypoint import Function
from .grant_types import GRANT_TYPES, grants
from .parts import Endpoint, Parts, new_function, on_first_use, server_error


def discovery(env: Mapping[str, str]) -> Function:
    """Function ``discovery``."""
    from ..oauth.authorization.vocabulary import CHALLENGE_METHODS, PROMPTS, REACHABLE, RESPONSE_MODES, RESPONSE_TYPES
    from ..oauth.client_auth.methods import METHODS
    from ..oauth.cors import with_cors
    from ..oauth.discovery import Discovery, Features, internal_error
    from ..oauth.routing import Route, Routes

    parts = Parts(env)
    features = Features(
        RESPONSE_TYPES, RESPONSE_MODES, PROMPTS, CHALLENGE_METHODS, REACHABLE,
        pushed_requests=True, device=True, userinfo=True, sign_out=True,
    )  # fmt: skip
    documents = Discovery(
        parts.configuration(), parts.ids, grant_types=GRANT_TYPES, auth_methods=METHODS, features=features
    )
    get = Route(documents, ("GET",))
    table = {"/.well-known/openid-configuration": get, "/.well-known/oauth-authorization-server": get}
    http = Routes(table, parts.ids)
    return new_function(parts, http, lambda _: with_cors(internal_error(parts.ids)))


def key_set(env: Mapping[str, str]) -> Function:
    """Function ``jwks``."""
    from ..oauth.cors import with_cors
    from ..oauth.discovery import internal_error
    from ..oauth.key_set import KeySet
    from ..oauth.routing import Route, Routes

    parts = Parts(env)
    keys = KeySet(parts.configuration(), parts.clock, parts.ids)
    http = Routes({"/v1/keys": Route(keys, ("GET",))}, parts.ids)
    return new_function(parts, http, lambda _: with_cors(internal_error(parts.ids)))


def token(env: Mapping[str, str]) -> Function:
    """Function ``token``: also what clients ask for before their users come (pushed requests, device codes)."""
    from ..kms.key_pairs import KmsKeyUnwrapper
    from ..oauth.routing import Route, Routes
    from ..oauth.token_endpoint import TokenEndpoint
    from ..tokens.signer import WarmSigners

    parts = Parts(env)
    kms = parts.kms()
    endpoint = parts.authenticated(parts.configuration(), kms)
    signers = WarmSigners(KmsKeyUnwrapper(*kms))

    def trusts(origin: str) -> bool:
        from ..dynamo.singletons import DynamoTrustedOrigins

        return DynamoTrustedOrigins(parts.tables).get().trusts(origin, "CORS")

    tokens = TokenEndpoint(endpoint, grants(parts), signers, parts.clock, parts.ids, parts.log, trusts=trusts)

    def device() -> Endpoint:
        from ..dynamo.device_codes import DynamoDeviceCodes
        from ..oauth.device import DeviceAuthorizationEndpoint

        codes = DynamoDeviceCodes(parts.tables, parts.ids)
        return DeviceAuthorizationEndpoint(endpoint, codes, parts.clock, parts.ids)

    def pushed() -> Endpoint:
        from ..dynamo.authorization_requests import DynamoStoredRequests
        from ..oauth.authorization.par import PushedRequestEndpoint

        requests = DynamoStoredRequests(parts.tables, parts.ids)
        return PushedRequestEndpoint(endpoint, requests, parts.clock, parts.ids, parts.log)

    table = {
        "/v1/token": Route(tokens, shared=False),
        "/v1/device/authorize": Route(on_first_use(device)),
        "/v1/par": Route(on_first_use(pushed)),
    }
    return new_function(parts, Routes(table, parts.ids), server_error)


def authorize(env: Mapping[str, str]) -> Function:
    """Function ``authorize``: what browsers visit. Signing keys are opened for the implicit flow and for hybrids."""
    from ..api_errors import internal_error
    from ..dynamo.authorization_requests import DynamoStoredRequests
    from ..dynamo.clients import DynamoClients
    from ..dynamo.codes import DynamoAuthorizationCodes
    from ..dynamo.consents import DynamoConsents
    from ..dynamo.device_codes import DynamoDeviceCodes
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.replay import DynamoUsedAssertions
    from ..dynamo.servers import DynamoServers
    from ..dynamo.sessions import DynamoSessionTokens
    from ..dynamo.singletons import DynamoTrustedOrigins
    from ..dynamo.token_families import DynamoTokenFamilies
    from ..kms.key_pairs import KmsKeyUnwrapper
    from ..oauth.authorization.approval import Granting
    from ..oauth.authorization.endpoint import AuthorizationEndpoint
    from ..oauth.authorization.interactions import Interactions
    from ..oauth.authorization.issuing import Issuing
    from ..oauth.authorization.logout import LogoutEndpoint
    from ..oauth.authorization.request import Arrivals
    from ..oauth.authorization.responses import Outcomes
    from ..oauth.errors import OAuthError
    from ..oauth.issuance import Issuance
    from ..oauth.routing import Route, Routes
    from ..pages.assembly import PageRecords, new_site
    from ..pages.documents import HostedPages
    from ..pages.sign_on_events import SignOnEvents
    from ..tokens.signer import WarmSigners

    parts = Parts(env)
    tables, clock, ids = parts.tables, parts.clock, parts.ids
    configuration, directory = parts.configuration(), DynamoDirectory(tables, clock)
    requests, consents = DynamoStoredRequests(tables, ids), DynamoConsents(tables, ids)
    session_tokens = DynamoSessionTokens(tables, ids)
    pages, browsers = HostedPages(parts.renderer()), parts.browsers(directory)
    arrivals, outcomes = Arrivals(configuration, requests), Outcomes(pages, parts.log)
    granting = Granting(Issuance(ids), consents, ids)
    interactions = Interactions(arrivals, requests, granting, outcomes, clock, ids)
    signers = WarmSigners(KmsKeyUnwrapper(*parts.kms()))
    codes, families = DynamoAuthorizationCodes(tables, ids), DynamoTokenFamilies(tables, ids)
    issuing = Issuing(codes, families, requests, signers, ids)
    endpoint = AuthorizationEndpoint(
        arrivals, browsers, interactions, granting, issuing, outcomes, session_tokens, directory, clock, ids
    )
    logout = LogoutEndpoint(configuration, browsers, pages, clock)
    site = new_site(
        PageRecords(
            directory=directory,
            clients=DynamoClients(tables, clock),
            servers=DynamoServers(tables, clock),
            requests=requests,
            consents=consents,
            device_codes=DynamoDeviceCodes(tables, ids),
            session_tokens=session_tokens,
            trusted_origins=DynamoTrustedOrigins(tables),
            attempts=DynamoUsedAssertions(tables, ids),
        ),
        interactions,
        pages=pages,
        browsers=browsers,
        authenticator=parts.authenticator(),
        journal=SignOnEvents(parts.log, clock, ids),
        change=parts.password_change(),
        clock=clock,
        ids=ids,
    )
    visited = {
        "/v1/authorize": Route(endpoint, ("GET", "POST"), scripts=False),
        "/v1/logout": Route(logout, ("GET", "POST"), scripts=False),
    }
    protocol = Routes(visited, ids)

    def http(request: Request) -> Response:
        return site(request) or protocol(request)

    def failure(request: Request) -> Response:
        if request.path.startswith("/api/"):
            return internal_error(ids)
        return pages.error(OAuthError("server_error"), request)

    return new_function(parts, http, failure)


def token_status(env: Mapping[str, str]) -> Function:
    """Function ``token_status``: introspection, revocation, userinfo."""
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.revocations import DynamoRevocations
    from ..dynamo.token_families import DynamoTokenFamilies
    from ..oauth.introspection import IntrospectionEndpoint
    from ..oauth.revocation import RevocationEndpoint
    from ..oauth.routing import Route, Routes
    from ..oauth.token_validity import TokenValidity
    from ..oauth.userinfo import UserinfoEndpoint

    parts = Parts(env)
    configuration = parts.configuration()
    endpoint = parts.authenticated(configuration, parts.kms())
    revocations = DynamoRevocations(parts.tables, parts.ids)
    families = DynamoTokenFamilies(parts.tables, parts.ids)
    validity = TokenValidity(configuration, revocations, families, DynamoDirectory(parts.tables, parts.clock))
    revoke = RevocationEndpoint(endpoint, revocations, families, parts.clock, parts.ids, parts.log)
    table = {
        "/v1/introspect": Route(IntrospectionEndpoint(endpoint, validity, families, parts.clock)),
        "/v1/revoke": Route(revoke),
        "/v1/userinfo": Route(UserinfoEndpoint(configuration, validity, parts.clock), ("GET", "POST")),
    }
    return new_function(parts, Routes(table, parts.ids), server_error)


def key_rotation(env: Mapping[str, str]) -> Function:
    """Function ``key_rotation``."""
    from ..dynamo.cleanup import DynamoCleanup
    from ..dynamo.servers import DynamoServers
    from ..keys.schedule import RotationSchedule
    from ..kms.key_pairs import KmsKeyPairs

    parts = Parts(env)
    schedule = RotationSchedule(
        DynamoServers(parts.tables, parts.clock),
        KmsKeyPairs(*parts.administrative_kms()),
        parts.clock,
        parts.ids,
        retention=parts.settings.key_retention,
        retrying=parts.retrying,
        on_failure=parts.log.report,
    )

    leftovers = DynamoCleanup(parts.tables)

    def direct(_: Mapping[str, Any]) -> dict[str, Any]:
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


def audit_sink(env: Mapping[str, str]) -> Function:
    """Function ``audit_sink``: token events from log lines into the system log."""
    from ..audit.sink import AuditSink
    from ..dynamo.event_log import DynamoEventLog

    parts = Parts(env)
    sink = AuditSink(DynamoEventLog(parts.tables, parts.clock))

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        outcome = sink(payload)
        parts.log.info("token events recorded", **outcome)
        return outcome

    return Function(None, server_error, parts.log.report, direct)


def management(env: Mapping[str, str]) -> Function:
    """Function ``management``."""
    from ..directory.passwords import PasswordHashes
    from ..dynamo.api_tokens import DynamoApiTokens
    from ..dynamo.app_schemas import DynamoAppSchemas
    from ..dynamo.assignments import DynamoAssignments
    from ..dynamo.clients import DynamoClients
    from ..dynamo.consents import DynamoConsents
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.event_log import DynamoEventLog
    from ..dynamo.groups import DynamoGroups
    from ..dynamo.revocations import DynamoRevocations
    from ..dynamo.servers import DynamoServers
    from ..dynamo.sessions import DynamoSessions
    from ..dynamo.singletons import (
        DynamoGroupSchemas,
        DynamoOrgSettings,
        DynamoTrustedOrigins,
        DynamoUserSchemas,
        DynamoUserTypes,
    )
    from ..dynamo.token_families import DynamoTokenFamilies
    from ..dynamo.users import DynamoUsers
    from ..kms.key_pairs import KmsKeyPairs
    from ..kms.seals import KmsSeals
    from ..management.directory.people import PeopleRecords
    from ..management.http.api import ManagementApi
    from ..management.http.errors import internal_error
    from ..management.sign_on.issued import IssuedRecords
    from ..oauth.cors import preflight, with_cors

    parts = Parts(env)
    kms = parts.administrative_kms()
    api = ManagementApi(
        servers=DynamoServers(parts.tables, parts.clock),
        clients=DynamoClients(parts.tables, parts.clock),
        api_tokens=DynamoApiTokens(parts.tables),
        people=PeopleRecords(
            users=DynamoUsers(parts.tables, parts.clock),
            groups=DynamoGroups(parts.tables, parts.clock),
            assignments=DynamoAssignments(parts.tables, parts.clock),
            schemas=DynamoUserSchemas(parts.tables),
            group_schemas=DynamoGroupSchemas(parts.tables),
            org_settings=DynamoOrgSettings(parts.tables),
            user_types=DynamoUserTypes(parts.tables),
            trusted_origins=DynamoTrustedOrigins(parts.tables),
            app_schemas=DynamoAppSchemas(parts.tables),
            directory=DynamoDirectory(parts.tables, parts.clock),
            hashes=PasswordHashes(parts.ids),
            ids=parts.ids,
        ),
        configuration=parts.configuration(),
        revocations=DynamoRevocations(parts.tables, parts.ids),
        issued=IssuedRecords(
            families=DynamoTokenFamilies(parts.tables, parts.ids),
            consents=DynamoConsents(parts.tables, parts.ids),
            sessions=DynamoSessions(parts.tables, parts.ids),
            log=DynamoEventLog(parts.tables, parts.clock),
            session_idle=parts.settings.session_idle,
        ),
        log=DynamoEventLog(parts.tables, parts.clock),
        pairs=KmsKeyPairs(*kms),
        seals=KmsSeals(*kms),
        clock=parts.clock,
        ids=parts.ids,
        key_retention=parts.settings.key_retention,
        retrying=parts.retrying,
    )

    def http(request: Request) -> Response:
        if not request.path.startswith("/oauth2/"):
            return api(request)
        # Registration is a protocol endpoint (RFC 7591): scripts may use it like the others.
        if request.method == "OPTIONS":
            return preflight(request, ("GET", "POST", "PUT", "DELETE"))
        return with_cors(api(request))

    return new_function(parts, http, lambda _: internal_error(parts.ids), direct=api.bootstrap)
