"""The composition root: one function per Lambda function. Heavy imports stay inside, so each loads what it uses."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..clock import SystemClock
from ..http import Request, Response
from ..ids import RandomIds
from ..patience import Deadline
from .entrypoint import Function
from .settings import BadSettings, Settings

if TYPE_CHECKING:
    from ..directory.authentication import Authenticator
    from ..dynamo.tables import Tables
    from ..oauth.endpoint import AuthenticatedEndpoint
    from ..storage.configuration import Configuration

#: Grants of the token endpoint; discovery says the same.
GRANT_TYPES: Final = (
    "authorization_code",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)


class _Parts:
    """What every function is made of."""

    def __init__(self, env: Mapping[str, str]) -> None:
        from ..dynamo.connection import SharedConnection
        from ..dynamo.tables import tables
        from .aws_session import session
        from .logging import Log

        self.settings = Settings.from_env(env)
        self.deadline = Deadline()
        self.clock = SystemClock()
        self.ids = RandomIds(self.clock)
        self.log: Log = Log(self.settings.service, self.clock)
        self.session = session(self.deadline)
        self.tables: Tables = tables(
            SharedConnection(self.session),
            config=self.settings.config_table,
            grants=self.settings.grants_table,
            events=self.settings.events_table,
            clock=self.clock,
        )

    def configuration(self) -> "Configuration":
        from ..dynamo.configuration import WarmConfiguration

        return WarmConfiguration(self.tables, self.clock, staleness=self.settings.staleness_ms)

    def authenticator(self) -> "Authenticator":
        from ..directory.authentication import Authenticator
        from ..directory.passwords import PasswordHashes
        from ..dynamo.directory import DynamoDirectory
        from ..dynamo.users import DynamoUsers

        return Authenticator(
            DynamoDirectory(self.tables, self.clock),
            DynamoUsers(self.tables, self.clock),
            PasswordHashes(self.ids),
            self.clock,
            self.ids,
        )

    def kms(self) -> tuple[Any, str]:
        """KMS client and key."""
        from ..kms.client import client

        if self.settings.kms_key_id is None:
            raise BadSettings("AUTHMINT_KMS_KEY_ID is not set")
        return client(self.session), self.settings.kms_key_id

    def authenticated(self, configuration: "Configuration", kms: tuple[Any, str]) -> "AuthenticatedEndpoint":
        from functools import partial

        from ..dynamo.grants import DynamoUsedAssertions
        from ..kms.seals import KmsSeals
        from ..oauth.assertions import Assertions
        from ..oauth.client_authentication import ClientAuthentication
        from ..oauth.endpoint import AuthenticatedEndpoint
        from ..oauth.jwks_uri import FetchedJwks, fetch

        assertions = Assertions(
            DynamoUsedAssertions(self.tables, self.ids),
            KmsSeals(*kms),
            FetchedJwks(partial(fetch, allow_private=self.settings.allow_private_jwks_uri, left=self.deadline.left)),
        )
        return AuthenticatedEndpoint(configuration, ClientAuthentication(assertions))


def discovery(env: Mapping[str, str]) -> Function:
    """Function ``discovery``."""
    from ..oauth.client_authentication import METHODS
    from ..oidc.discovery import Discovery, internal_error

    parts = _Parts(env)
    http = Discovery(parts.configuration(), parts.ids, grant_types=GRANT_TYPES, auth_methods=METHODS)
    return _function(parts, http, lambda _: internal_error(parts.ids))


def key_set(env: Mapping[str, str]) -> Function:
    """Function ``jwks``."""
    from ..oidc.discovery import internal_error
    from ..oidc.key_set import KeySet

    parts = _Parts(env)
    http = KeySet(parts.configuration(), parts.clock, parts.ids)
    return _function(parts, http, lambda _: internal_error(parts.ids))


def token(env: Mapping[str, str]) -> Function:
    """Function ``token``. The list of grants here is the registry."""
    from ..dynamo.codes import DynamoAuthorizationCodes
    from ..dynamo.device_codes import DynamoDeviceCodes
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.families import DynamoTokenFamilies
    from ..kms.key_pairs import KmsKeyUnwrapper
    from ..oauth.device import DeviceAuthorizationEndpoint
    from ..oauth.grants.authorization_code import AuthorizationCodeGrant
    from ..oauth.grants.client_credentials import ClientCredentials
    from ..oauth.grants.device_code import DeviceCodeGrant
    from ..oauth.grants.password import PasswordCredentials
    from ..oauth.grants.refresh_token import RefreshTokenGrant
    from ..oauth.token_endpoint import TokenEndpoint
    from ..tokens.signer import WarmSigners

    parts = _Parts(env)
    kms = parts.kms()
    endpoint = parts.authenticated(parts.configuration(), kms)
    directory = DynamoDirectory(parts.tables, parts.clock)
    families = DynamoTokenFamilies(parts.tables, parts.ids)
    codes, devices = DynamoAuthorizationCodes(parts.tables, parts.ids), DynamoDeviceCodes(parts.tables, parts.ids)
    tokens = TokenEndpoint(
        endpoint,
        [
            AuthorizationCodeGrant(codes, families, directory, parts.ids),
            RefreshTokenGrant(families, directory, parts.ids),
            PasswordCredentials(parts.authenticator(), families, parts.ids),
            ClientCredentials(),
            DeviceCodeGrant(devices, directory, parts.ids),
        ],
        WarmSigners(KmsKeyUnwrapper(*kms)),
        parts.clock,
        parts.ids,
        parts.log,
    )
    device = DeviceAuthorizationEndpoint(endpoint, devices, parts.clock, parts.ids)
    return _function(parts, _by_path({"/token": tokens, "/device/authorize": device}), _server_error)


def token_status(env: Mapping[str, str]) -> Function:
    """Function ``token_status``: introspection, revocation, userinfo."""
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.families import DynamoTokenFamilies
    from ..dynamo.grants import DynamoRevocations
    from ..oauth.introspection import IntrospectionEndpoint
    from ..oauth.revocation import RevocationEndpoint
    from ..oauth.standing import Standing
    from ..oauth.userinfo import UserinfoEndpoint

    parts = _Parts(env)
    configuration = parts.configuration()
    endpoint = parts.authenticated(configuration, parts.kms())
    revocations = DynamoRevocations(parts.tables, parts.ids)
    families = DynamoTokenFamilies(parts.tables, parts.ids)
    standing = Standing(configuration, revocations, families, DynamoDirectory(parts.tables, parts.clock))
    endpoints: Mapping[str, Callable[[Request], Response]] = {
        "/introspect": IntrospectionEndpoint(endpoint, standing, families, parts.clock),
        "/revoke": RevocationEndpoint(endpoint, revocations, families, parts.clock, parts.ids, parts.log),
        "/userinfo": UserinfoEndpoint(configuration, standing, parts.clock),
    }
    return _function(parts, _by_path(endpoints), _server_error)


def key_rotation(env: Mapping[str, str]) -> Function:
    """Function ``key_rotation``."""
    from ..dynamo.leftovers import DynamoLeftovers
    from ..dynamo.servers import DynamoServers
    from ..keys.schedule import RotationSchedule
    from ..kms.key_pairs import KmsKeyPairs

    parts = _Parts(env)
    schedule = RotationSchedule(
        DynamoServers(parts.tables, parts.clock),
        KmsKeyPairs(*parts.kms()),
        parts.clock,
        parts.ids,
        retention=parts.settings.key_retention,
        on_failure=parts.log.report,
    )

    leftovers = DynamoLeftovers(parts.tables)

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

    return Function(None, _server_error, parts.log.report, direct, deadline=parts.deadline)


def audit_sink(env: Mapping[str, str]) -> Function:
    """Function ``audit_sink``: token events from log lines into the system log."""
    from ..audit.sink import AuditSink
    from ..dynamo.event_log import DynamoEventLog

    parts = _Parts(env)
    sink = AuditSink(DynamoEventLog(parts.tables, parts.clock))

    def direct(payload: Mapping[str, Any]) -> dict[str, Any]:
        outcome = sink(payload)
        parts.log.info("token events recorded", **outcome)
        return outcome

    return Function(None, _server_error, parts.log.report, direct)


def management(env: Mapping[str, str]) -> Function:
    """Function ``management``."""
    from ..directory.passwords import PasswordHashes
    from ..dynamo.api_tokens import DynamoApiTokens
    from ..dynamo.assignments import DynamoAssignments
    from ..dynamo.clients import DynamoClients
    from ..dynamo.consents import DynamoConsents
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.event_log import DynamoEventLog
    from ..dynamo.families import DynamoTokenFamilies
    from ..dynamo.grants import DynamoRevocations
    from ..dynamo.groups import DynamoGroups
    from ..dynamo.servers import DynamoServers
    from ..dynamo.sessions import DynamoSessions
    from ..dynamo.user_schemas import DynamoUserSchemas
    from ..dynamo.users import DynamoUsers
    from ..kms.key_pairs import KmsKeyPairs
    from ..kms.seals import KmsSeals
    from ..management.api import ManagementApi
    from ..management.errors import internal_error
    from ..management.issued import IssuedRecords
    from ..management.people import PeopleRecords

    parts = _Parts(env)
    kms = parts.kms()
    api = ManagementApi(
        servers=DynamoServers(parts.tables, parts.clock),
        clients=DynamoClients(parts.tables, parts.clock),
        api_tokens=DynamoApiTokens(parts.tables),
        people=PeopleRecords(
            users=DynamoUsers(parts.tables, parts.clock),
            groups=DynamoGroups(parts.tables, parts.clock),
            assignments=DynamoAssignments(parts.tables, parts.clock),
            schemas=DynamoUserSchemas(parts.tables),
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
        ),
        log=DynamoEventLog(parts.tables, parts.clock),
        pairs=KmsKeyPairs(*kms),
        seals=KmsSeals(*kms),
        clock=parts.clock,
        ids=parts.ids,
        key_retention=parts.settings.key_retention,
    )
    return _function(parts, api, lambda _: internal_error(parts.ids), direct=api.bootstrap)


def _by_path(endpoints: Mapping[str, Callable[[Request], Response]]) -> Callable[[Request], Response]:
    """The endpoint by the end of the path; the routes of the template let no other path through."""
    from ..oauth.cors import preflight

    def http(request: Request) -> Response:
        if request.method == "OPTIONS":
            return preflight(request)
        for end, endpoint in endpoints.items():
            if request.path.endswith(end):
                return endpoint(request)
        raise LookupError("no endpoint at this path")

    return http


def _function(parts: _Parts, http: Any, failure: Any, direct: Any = None) -> Function:
    return Function(http, failure, parts.log.report, direct, parts.settings.base_url, parts.deadline)


def _server_error(request: Request) -> Response:
    from ..oauth.errors import OAuthError

    return OAuthError("server_error").response(request.base_url)
