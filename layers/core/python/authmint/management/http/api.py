"""The management API: routes, who may call, and what every answer carries (docs/protocol.md §23.2)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ...audit.recorder import Recorder
from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...keys.vault import KeyPairs, SecretSeals
from ...oauth.preview import Previews
from ...oauth.token_validity import TokenValidity
from ...oauth.unregistered_clients import StoredClients
from ...outage import Outage
from ...rate_limit import Allowance, RateLimit
from ...storage.api_tokens import ApiTokens
from ...storage.client_documents import ClientCopies
from ...storage.clients import Clients
from ...storage.configuration import Configuration
from ...storage.events import EventLog
from ...storage.retrying import Retrying
from ...storage.revocations import Revocations
from ...storage.servers import Servers as ServerRecords
from ...storage.usage import UsageRecords
from ..clients.abilities import PLAIN, Abilities
from ..clients.client_changes import ClientChanges
from ..clients.client_secrets import SecretVault
from ..directory.mappings import MappingRecords
from ..directory.origins import Origins
from ..directory.people import PeopleRecords
from ..directory.profile_owners import Owners
from ..directory.rule_runs import run_on_schedule
from ..federation.records import FederationRecords
from ..hooks.operations import HookRecords
from ..mail.templates import EmailTemplates
from ..org.administrators import Administrators
from ..org.bootstrap import Bootstrap
from ..org.console_app import ConsoleApp
from ..org.logs import Logs
from ..org.organization import organization
from ..org.usage import Counted
from ..scim.api import ScimApi, is_scim
from ..servers.claim_preview import ClaimPreviews
from ..servers.dynamic_clients import RegisteredRecords
from ..servers.preview import Explanations
from ..servers.server_changes import ServerChanges
from ..servers.servers import Servers
from ..servers.trusted_issuers import TrustRecords
from ..sign_on.factor_operations import FactorRecords
from ..sign_on.issued import IssuedRecords
from ..sign_on.policy_changes import PolicyChanges
from .authentication import Authentication, Caller
from .authorization import Authorization, own_scope
from .call import Call
from .errors import ApiError, BearerChallenge, OAuthStyleError, unavailable
from .needed_scopes import needed_scope
from .operations import operations
from .preconditions import checked, with_tag
from .registration_errors import is_registration, registration_refusal

ORGANIZATION: Final = "/.well-known/okta-organization"


class ManagementApi:
    """Every route below ``/api/v1`` and ``/oauth2/v1/clients``."""

    def __init__(
        self,
        servers: ServerRecords,
        clients: Clients,
        api_tokens: ApiTokens,
        people: PeopleRecords,
        issued: IssuedRecords,
        mail: EmailTemplates,
        copies: ClientCopies,
        registered: RegisteredRecords,
        trust: TrustRecords,
        factors: FactorRecords,
        federation: FederationRecords,
        hooks: HookRecords,
        configuration: Configuration,
        revocations: Revocations,
        log: EventLog,
        usage: UsageRecords,
        pairs: KeyPairs,
        seals: SecretSeals,
        clock: Clock,
        ids: Ids,
        *,
        key_retention: int,
        services_need_roles: bool = False,
        able: Abilities = PLAIN,
        console_secret: str | None = None,
        base_url: str | None = None,
        limit: RateLimit,
        retrying: Retrying | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        changes = ServerChanges(servers)
        resource = Servers(changes, pairs, clock, ids, retention=key_retention)
        again = retrying or Retrying()
        console = ConsoleApp(clients, SecretVault(seals, ids), clock, ids, again, console_secret, base_url)
        administrators = Administrators(people, clock, ids, again)
        self.bootstrap = Bootstrap(resource, api_tokens, administrators, console, clock, ids)
        owners = Owners(clients, federation.providers, people.app_schemas, federation.schemas)
        mappings = MappingRecords(people, owners)
        explanations = Explanations(
            changes,
            clients,
            StoredClients(copies),
            people.directory,
            Previews(clock, ids),
            Origins(mappings, federation.links),
            hooks.previews,
            ids,
        )
        self._routes = operations(
            resource,
            changes,
            ClientChanges(clients, people.super_admins.client_going, able),
            api_tokens,
            people,
            issued,
            mail,
            copies,
            registered,
            trust,
            factors,
            federation,
            hooks,
            mappings,
            Logs(log, clock),
            Counted(log, usage, clock),
            explanations,
            ClaimPreviews(changes, clients, StoredClients(copies), people.directory, people.attributes),
            pairs,
            seals,
            ids,
            retention=key_retention,
        )
        validity = TokenValidity(configuration, revocations, issued.families, people.directory)
        self._authentication = Authentication(
            api_tokens,
            configuration,
            validity,
            people.directory,
            people.roles,
            services_need_roles=services_need_roles,
        )
        self._authorization = Authorization(
            people.roles, people, clients, api_tokens, issued.sessions, PolicyChanges(people.applied)
        )
        self._pictures = factors.pictures
        self._people = people
        self._scim = ScimApi(people, ids)
        self._clock = clock
        self._limit = limit
        self._ids = ids
        self._retrying = retrying or Retrying()
        self._ready = ready

    def __call__(self, request: Request) -> Response:
        """The answer, whatever the request. Only a fault of ours raises."""
        now = self._clock.now()
        allowance = self._limit.untouched(now=now)
        try:
            self._ready()
            if is_scim(request):
                return self._provisioned(request, now)
            if request.path == ORGANIZATION:
                answer = _organization(request)
            elif (picture := self._pictures.answer(request)) is not None:
                answer = picture
            else:
                caller = self._authentication.caller(request, now=now)
                allowance = self._limit.take(caller.paced_by, now=now)
                answer = self._answer(request, caller, allowance, now)
        except ApiError as error:
            answer = self._refusal(error, request)
            if error.status == 405:
                return self._finished(answer, request)
        except (BearerChallenge, OAuthStyleError) as error:
            answer = error.response()
        except Outage as error:
            answer = self._refusal(unavailable(error), request)
        return self._finished(answer, request, allowance)

    def run_group_rules(self) -> dict[str, Any]:
        """What is left of the run over all users after a change of group rules, as far as there is time."""
        return run_on_schedule(self._people, self._clock, self._ids, self._retrying)

    def _provisioned(self, request: Request, now: int) -> Response:
        """A call of a directory. Its refusals too are counted by its token."""
        allowance: Allowance | None = None

        def make(params: Mapping[str, str]) -> Call:
            nonlocal allowance
            caller = self._authentication.directory_caller(request, now=now)
            allowance = self._limit.take(caller.paced_by, now=now)
            if not allowance.allowed:
                raise ApiError("E0000047")
            recorder = Recorder(self._clock, self._ids, caller.party, request)
            return Call(request, params, recorder, caller, now, self._retrying)

        return self._finished(self._scim(request, make), request, allowance)

    def _refusal(self, error: ApiError, request: Request) -> Response:
        if is_registration(request):
            return registration_refusal(error, request).because_of(error.fault)
        return error.response(self._ids)

    def _answer(self, request: Request, caller: Caller, allowance: Allowance, now: int) -> Response:
        if not allowance.allowed:
            raise ApiError("E0000047")
        operation, params, template = self._routes.find(request.method, request.path)
        recorder = Recorder(self._clock, self._ids, caller.party, request)
        call = Call(request, params, recorder, caller, now, self._retrying)
        _check_scope(call, template)
        self._authorization.check(call, template)
        answer = operation(checked(call, self._routes))
        return with_tag(answer) if request.method == "GET" else answer

    def _finished(self, answer: Response, request: Request, allowance: Allowance | None = None) -> Response:
        headers = [
            ("x-okta-request-id", request.request_id or self._ids.opaque(16)),
            ("cache-control", "no-cache, no-store"),
            ("pragma", "no-cache"),
            ("expires", "0"),
        ]
        if allowance is not None:
            headers += allowance.headers()
        return answer.with_headers(*headers)


def _check_scope(call: Call, template: str) -> None:
    caller, request = call.caller, call.request
    if caller.scopes is None:
        return
    scope, own = needed_scope(request.method, request.path), own_scope(call, template)
    if scope is None or not (caller.may(scope) or (own is not None and caller.may(own))):
        if caller.by_api_token:
            raise ApiError("E0000006")
        raise BearerChallenge("insufficient_scope", request, scope=scope or "")


def _organization(request: Request) -> Response:
    if request.method != "GET":
        raise ApiError("E0000022")
    return organization(request.base_url)
