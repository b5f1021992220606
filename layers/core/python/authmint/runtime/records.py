"""A deployment's records, each loaded when a function first asks for it: a cold start pays for what it uses."""

from functools import cached_property
from typing import TYPE_CHECKING

from ..clock import Clock
from ..ids import Ids

if TYPE_CHECKING:
    from ..dynamo.tables import Tables
    from ..storage.api_tokens import ApiTokens
    from ..storage.app_schemas import AppSchemas
    from ..storage.assignments import Assignments
    from ..storage.authenticators import Authenticators
    from ..storage.authorization_requests import StoredRequests
    from ..storage.backchannel_requests import BackchannelRequests
    from ..storage.behaviors import Behaviors, Threats
    from ..storage.client_documents import ClientCopies
    from ..storage.clients import Clients
    from ..storage.code_tries import CodeTries
    from ..storage.codes import AuthorizationCodes
    from ..storage.consents import Consents
    from ..storage.device_codes import DeviceCodes
    from ..storage.directory import Directory
    from ..storage.dynamic_clients import DynamicClients, RegistrationTokens
    from ..storage.events import EventLog
    from ..storage.factor_challenges import FactorChallenges
    from ..storage.factors import Factors
    from ..storage.federated_requests import FederatedRequests
    from ..storage.group_rules import GroupRules
    from ..storage.groups import Groups
    from ..storage.hook_deliveries import HookDeliveries
    from ..storage.hooks import EventHook, Hooks, InlineHook
    from ..storage.identity_providers import IdentityProviders, IdpLinks
    from ..storage.lineages import Lineages
    from ..storage.logout_notices import LogoutNotices
    from ..storage.mail_templates import MailTemplates
    from ..storage.mappings import UserMappings
    from ..storage.org_settings import OrgSettingsRecord
    from ..storage.outbox import Outbox
    from ..storage.rate_counters import RateCounters
    from ..storage.recovery_codes import RecoveryCodesRecord
    from ..storage.recovery_tickets import RecoveryTickets
    from ..storage.remembered_browsers import RememberedBrowsers
    from ..storage.replay import UsedAssertions
    from ..storage.revocations import Revocations
    from ..storage.roles import Roles
    from ..storage.schemas import ProfileSchemas
    from ..storage.servers import Servers
    from ..storage.sessions import Sessions, SessionTokens
    from ..storage.sign_on_history import SignOnHistories
    from ..storage.sign_on_policies import SignOnPolicies
    from ..storage.sign_on_transactions import SignOnTransactions
    from ..storage.status_lists import StatusLists
    from ..storage.token_families import TokenFamilies
    from ..storage.trusted_issuers import IssuerSubjects
    from ..storage.trusted_origins import TrustedOrigins
    from ..storage.undeliverable import UndeliverableAddresses
    from ..storage.usage import UsageRecords
    from ..storage.user_types import UserTypes
    from ..storage.users import Users
    from ..storage.zones import Zones


class Records:
    """Every kind of record by its name, kept in DynamoDB. ``assertions`` are those that were used."""

    def __init__(self, tables: "Tables", clock: Clock, ids: Ids) -> None:
        self._tables = tables
        self._clock = clock
        self._ids = ids

    @cached_property
    def api_tokens(self) -> "ApiTokens":
        from ..dynamo.api_tokens import DynamoApiTokens

        return DynamoApiTokens(self._tables)

    @cached_property
    def app_schemas(self) -> "AppSchemas":
        from ..dynamo.app_schemas import DynamoAppSchemas

        return DynamoAppSchemas(self._tables)

    @cached_property
    def idp_schemas(self) -> "AppSchemas":
        from ..dynamo.app_schemas import DynamoAppSchemas
        from ..dynamo.identity_providers import partition

        return DynamoAppSchemas(self._tables, partition)

    @cached_property
    def assertions(self) -> "UsedAssertions":
        from ..dynamo.replay import DynamoUsedAssertions

        return DynamoUsedAssertions(self._tables, self._ids)

    @cached_property
    def assignments(self) -> "Assignments":
        from ..dynamo.assignments import DynamoAssignments

        return DynamoAssignments(self._tables, self._clock)

    @cached_property
    def authenticators(self) -> "Authenticators":
        from ..dynamo.singletons import DynamoAuthenticators

        return DynamoAuthenticators(self._tables)

    @cached_property
    def client_copies(self) -> "ClientCopies":
        from ..dynamo.client_copies import DynamoClientCopies

        return DynamoClientCopies(self._tables, self._ids)

    @cached_property
    def clients(self) -> "Clients":
        from ..dynamo.clients import DynamoClients

        return DynamoClients(self._tables, self._clock)

    @cached_property
    def code_tries(self) -> "CodeTries":
        from ..dynamo.code_tries import DynamoCodeTries

        return DynamoCodeTries(self._tables)

    @cached_property
    def codes(self) -> "AuthorizationCodes":
        from ..dynamo.codes import DynamoAuthorizationCodes

        return DynamoAuthorizationCodes(self._tables, self._ids)

    @cached_property
    def backchannel_requests(self) -> "BackchannelRequests":
        from ..dynamo.backchannel_requests import DynamoBackchannelRequests

        return DynamoBackchannelRequests(self._tables, self._ids)

    @cached_property
    def consents(self) -> "Consents":
        from ..dynamo.consents import DynamoConsents

        return DynamoConsents(self._tables, self._ids)

    @cached_property
    def device_codes(self) -> "DeviceCodes":
        from ..dynamo.device_codes import DynamoDeviceCodes

        return DynamoDeviceCodes(self._tables, self._ids)

    @cached_property
    def directory(self) -> "Directory":
        from ..dynamo.directory import DynamoDirectory

        return DynamoDirectory(self._tables, self._clock)

    @cached_property
    def dynamic_clients(self) -> "DynamicClients":
        from ..dynamo.dynamic_clients import DynamoDynamicClients

        return DynamoDynamicClients(self._tables, self._ids)

    @cached_property
    def sign_ons(self) -> "SignOnTransactions":
        from ..dynamo.sign_on_transactions import DynamoSignOnTransactions

        return DynamoSignOnTransactions(self._tables, self._ids)

    @cached_property
    def factor_challenges(self) -> "FactorChallenges":
        from ..dynamo.factor_challenges import DynamoFactorChallenges

        return DynamoFactorChallenges(self._tables, self._ids)

    @cached_property
    def factors(self) -> "Factors":
        from ..dynamo.factors import DynamoFactors

        return DynamoFactors(self._tables)

    @cached_property
    def families(self) -> "TokenFamilies":
        from ..dynamo.token_families import DynamoTokenFamilies

        return DynamoTokenFamilies(self._tables, self._ids)

    @cached_property
    def group_schemas(self) -> "ProfileSchemas":
        from ..dynamo.singletons import DynamoGroupSchemas

        return DynamoGroupSchemas(self._tables)

    @cached_property
    def group_rules(self) -> "GroupRules":
        from ..dynamo.group_rules import DynamoGroupRules

        return DynamoGroupRules(self._tables)

    @cached_property
    def groups(self) -> "Groups":
        from ..dynamo.groups import DynamoGroups

        return DynamoGroups(self._tables, self._clock)

    @cached_property
    def federated_requests(self) -> "FederatedRequests":
        from ..dynamo.federated_requests import DynamoFederatedRequests

        return DynamoFederatedRequests(self._tables, self._ids)

    @cached_property
    def identity_providers(self) -> "IdentityProviders":
        from ..dynamo.identity_providers import DynamoIdentityProviders

        return DynamoIdentityProviders(self._tables, self._clock)

    @cached_property
    def idp_links(self) -> "IdpLinks":
        from ..dynamo.identity_providers import DynamoIdpLinks

        return DynamoIdpLinks(self._tables)

    @cached_property
    def event_hooks(self) -> "Hooks[EventHook]":
        from ..dynamo.hooks import DynamoEventHooks

        return DynamoEventHooks(self._tables)

    @cached_property
    def hook_deliveries(self) -> "HookDeliveries":
        from ..dynamo.hook_deliveries import DynamoHookDeliveries

        return DynamoHookDeliveries(self._tables, self._ids)

    @cached_property
    def inline_hooks(self) -> "Hooks[InlineHook]":
        from ..dynamo.hooks import DynamoInlineHooks

        return DynamoInlineHooks(self._tables)

    @cached_property
    def issuer_subjects(self) -> "IssuerSubjects":
        from ..dynamo.issuer_subjects import DynamoIssuerSubjects

        return DynamoIssuerSubjects(self._tables)

    @cached_property
    def lineages(self) -> "Lineages":
        from ..dynamo.lineages import DynamoLineages

        return DynamoLineages(self._tables)

    @cached_property
    def log(self) -> "EventLog":
        from ..dynamo.event_log import DynamoEventLog

        return DynamoEventLog(self._tables, self._clock)

    @cached_property
    def mail_templates(self) -> "MailTemplates":
        from ..dynamo.mail_templates import DynamoMailTemplates

        return DynamoMailTemplates(self._tables)

    @cached_property
    def user_mappings(self) -> "UserMappings":
        from ..dynamo.mappings import DynamoUserMappings

        return DynamoUserMappings(self._tables)

    @cached_property
    def org_settings(self) -> "OrgSettingsRecord":
        from ..dynamo.singletons import DynamoOrgSettings

        return DynamoOrgSettings(self._tables)

    @cached_property
    def outbox(self) -> "Outbox":
        from ..dynamo.outbox import DynamoOutbox

        return DynamoOutbox(self._tables, self._ids)

    @cached_property
    def logout_notices(self) -> "LogoutNotices":
        from ..dynamo.logout_notices import DynamoLogoutNotices

        return DynamoLogoutNotices(self._tables, self._ids)

    @cached_property
    def rate_counters(self) -> "RateCounters":
        from ..dynamo.rate_counters import DynamoRateCounters

        return DynamoRateCounters(self._tables, self._ids)

    @cached_property
    def recovery_codes(self) -> "RecoveryCodesRecord":
        from ..dynamo.factors import DynamoRecoveryCodes

        return DynamoRecoveryCodes(self._tables)

    @cached_property
    def recovery_tickets(self) -> "RecoveryTickets":
        from ..dynamo.recovery_tickets import DynamoRecoveryTickets

        return DynamoRecoveryTickets(self._tables, self._ids)

    @cached_property
    def registration_tokens(self) -> "RegistrationTokens":
        from ..dynamo.dynamic_clients import DynamoRegistrationTokens

        return DynamoRegistrationTokens(self._tables, self._ids)

    @cached_property
    def recovery_steps(self) -> "SignOnTransactions":
        from ..dynamo.sign_on_transactions import DynamoRecoverySteps

        return DynamoRecoverySteps(self._tables, self._ids)

    @cached_property
    def remembered_browsers(self) -> "RememberedBrowsers":
        from ..dynamo.remembered_browsers import DynamoRememberedBrowsers

        return DynamoRememberedBrowsers(self._tables, self._ids)

    @cached_property
    def undeliverable(self) -> "UndeliverableAddresses":
        from ..dynamo.undeliverable import DynamoUndeliverableAddresses

        return DynamoUndeliverableAddresses(self._tables, self._ids)

    @cached_property
    def requests(self) -> "StoredRequests":
        from ..dynamo.authorization_requests import DynamoStoredRequests

        return DynamoStoredRequests(self._tables, self._ids)

    @cached_property
    def revocations(self) -> "Revocations":
        from ..dynamo.revocations import DynamoRevocations

        return DynamoRevocations(self._tables, self._ids)

    @cached_property
    def roles(self) -> "Roles":
        from ..dynamo.roles import DynamoRoles

        return DynamoRoles(self._tables)

    @cached_property
    def servers(self) -> "Servers":
        from ..dynamo.servers import DynamoServers

        return DynamoServers(self._tables, self._clock)

    @cached_property
    def session_tokens(self) -> "SessionTokens":
        from ..dynamo.sessions import DynamoSessionTokens

        return DynamoSessionTokens(self._tables, self._ids)

    @cached_property
    def sessions(self) -> "Sessions":
        from ..dynamo.sessions import DynamoSessions

        return DynamoSessions(self._tables, self._ids)

    @cached_property
    def sign_on_policies(self) -> "SignOnPolicies":
        from ..dynamo.sign_on_policies import DynamoSignOnPolicies

        return DynamoSignOnPolicies(self._tables)

    @cached_property
    def status_lists(self) -> "StatusLists":
        from ..dynamo.status_lists import DynamoStatusLists

        return DynamoStatusLists(self._tables, self._ids)

    @cached_property
    def trusted_origins(self) -> "TrustedOrigins":
        from ..dynamo.singletons import DynamoTrustedOrigins

        return DynamoTrustedOrigins(self._tables)

    @cached_property
    def user_schemas(self) -> "ProfileSchemas":
        from ..dynamo.singletons import DynamoUserSchemas

        return DynamoUserSchemas(self._tables)

    @cached_property
    def usage(self) -> "UsageRecords":
        from ..dynamo.usage import DynamoUsageRecords

        return DynamoUsageRecords(self._tables, self._clock)

    @cached_property
    def user_types(self) -> "UserTypes":
        from ..dynamo.singletons import DynamoUserTypes

        return DynamoUserTypes(self._tables)

    @cached_property
    def behaviors(self) -> "Behaviors":
        from ..dynamo.singletons import DynamoBehaviors

        return DynamoBehaviors(self._tables)

    @cached_property
    def threats(self) -> "Threats":
        from ..dynamo.singletons import DynamoThreats

        return DynamoThreats(self._tables)

    @cached_property
    def histories(self) -> "SignOnHistories":
        from ..dynamo.sign_on_history import DynamoSignOnHistories

        return DynamoSignOnHistories(self._tables)

    @cached_property
    def zones(self) -> "Zones":
        from ..dynamo.zones import DynamoZones

        return DynamoZones(self._tables)

    @cached_property
    def users(self) -> "Users":
        from ..dynamo.users import DynamoUsers

        return DynamoUsers(self._tables, self._clock)
