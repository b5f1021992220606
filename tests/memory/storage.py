"""Every protocol of this package in memory: for unit tests and the benchmarks of the engine alone."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from authmint.storage.api_tokens import ApiToken
from authmint.storage.authenticators import AuthenticatorList
from authmint.storage.behaviors import BehaviorList, ThreatConfiguration
from authmint.storage.clients import Client
from authmint.storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound
from authmint.storage.events import Event, Recorded, place_of
from authmint.storage.hooks import EventHook, InlineHook
from authmint.storage.logout_notices import EndedTokens
from authmint.storage.org_settings import OrgSettings
from authmint.storage.revocations import Revocation
from authmint.storage.roles import BookChange
from authmint.storage.schemas import ProfileSchema
from authmint.storage.servers import ORG_SERVER, AuthorizationServer
from authmint.storage.trusted_origins import OriginList

from .app_schemas import MemoryAppSchemas
from .assignments import MemoryAssignments
from .client_copies import MemoryClientCopies
from .directory import MemoryDirectory, MemoryGroups, MemorySingleton, MemoryUsers
from .dynamic_clients import MemoryDynamicClients, MemoryRegistrationTokens
from .factors import MemoryCodeTries, MemoryFactorChallenges, MemoryFactors
from .grants import (
    MemoryAuthorizationCodes,
    MemoryBackchannelRequests,
    MemoryConsents,
    MemoryDeviceCodes,
    MemoryFederatedRequests,
    MemoryLogoutNotices,
    MemoryRateCounters,
    MemoryRememberedBrowsers,
    MemorySessions,
    MemorySessionTokens,
    MemorySignOnTransactions,
    MemoryStoredRequests,
    MemoryTokenFamilies,
)
from .group_rules import MemoryGroupRules
from .hooks import MemoryHookDeliveries, MemoryHooks
from .identity_providers import MemoryIdentityProviders, MemoryIdpLinks
from .issuer_subjects import MemoryIssuerSubjects
from .lineages import MemoryLineages
from .mappings import MemoryUserMappings
from .outbox import MemoryMailTemplates, MemoryOutbox, MemoryRecoveryTickets, MemoryUndeliverableAddresses
from .sign_on_policies import MemorySignOnHistories, MemorySignOnPolicies, MemoryZones
from .status_lists import MemoryStatusLists
from .usage import MemoryUsageRecords


class MemoryStorage:
    """One deployment's records. The protocols are its attributes."""

    def __init__(self) -> None:  # noqa: PLR0915 - one line a record
        self.events: list[Event] = []
        self.lock = threading.RLock()
        self.servers = MemoryServers(self)
        self.clients = MemoryClients(self)
        self.revocations = MemoryRevocations(self)
        self.assertions = MemoryUsedAssertions(self)
        self.api_tokens = MemoryApiTokens(self)
        self.log = MemoryEventLog(self)
        self.usage = MemoryUsageRecords()
        self.outbox = MemoryOutbox(self.lock)
        self.users = MemoryUsers(self.lock, self.events.extend, self.outbox.add)
        self.user_types = self.users.types
        self.roles = self.users.roles
        self.groups = MemoryGroups(self.users, self.clients, self.lock, self.events.extend)
        self.group_rules = MemoryGroupRules(self.users, self.lock, self.events.extend)
        self.assignments = MemoryAssignments(self.users, self.clients, self.lock, self.events.extend)
        self.app_schemas = MemoryAppSchemas(self.clients.get, self.lock, self.events.extend)
        self.user_mappings = MemoryUserMappings(self.lock, self.events.extend)
        self.user_schemas = MemorySingleton(ProfileSchema(), self.lock, self.events.extend)
        self.org_settings = MemorySingleton(OrgSettings(), self.lock, self.events.extend)
        self.authenticators = MemorySingleton(AuthenticatorList(), self.lock, self.events.extend)
        self.group_schemas = MemorySingleton(ProfileSchema(), self.lock, self.events.extend)
        self.trusted_origins = MemorySingleton(OriginList(), self.lock, self.events.extend)
        self.directory = MemoryDirectory(self.users)
        self.idp_links = MemoryIdpLinks(self.users, self.lock, self.events.extend)
        self.identity_providers = MemoryIdentityProviders(self.idp_links, self.lock, self.events.extend)
        self.idp_schemas = MemoryAppSchemas(self._provider, self.lock, self.events.extend)
        self.identity_providers.forget = self._forget_provider
        self.factors = MemoryFactors(self.users, self.lock, self.events.extend, self.outbox.add)
        self.recovery_codes = self.factors.recovery
        self.users.forget = lambda user_id: self.factors.remove_all(user_id, [])
        self.factor_challenges = MemoryFactorChallenges(self.lock)
        self.code_tries = MemoryCodeTries(self.users, self.lock)
        self.undeliverable = MemoryUndeliverableAddresses(self.events.extend)
        self.mail_templates = MemoryMailTemplates(self.lock, self.events.extend)
        self.recovery_tickets = MemoryRecoveryTickets(self.lock, self.events.extend, self.outbox.add)
        self.rate_counters = MemoryRateCounters(self.lock)
        self.sign_on_policies = MemorySignOnPolicies(self.lock, self.events.extend)
        self.behaviors = MemorySingleton(BehaviorList(), self.lock, self.events.extend)
        self.threats = MemorySingleton(ThreatConfiguration(), self.lock, self.events.extend)
        self.histories = MemorySignOnHistories(self.lock, self.events.extend, self.outbox.add)
        self.zones = MemoryZones(self.lock, self.events.extend)
        self.inline_hooks: MemoryHooks[InlineHook] = MemoryHooks(self.lock, self.events.extend)
        self.event_hooks: MemoryHooks[EventHook] = MemoryHooks(self.lock, self.events.extend)
        self.hook_deliveries = MemoryHookDeliveries(self.lock)
        self.status_lists = MemoryStatusLists(self.lock)
        self.logout_notices = MemoryLogoutNotices(self.lock)
        self.families = MemoryTokenFamilies(self.lock, self.logout_notices)
        self.issuer_subjects = MemoryIssuerSubjects(self.lock, self.events.extend)
        self.lineages = MemoryLineages(self.families, self.revocations, self.clients)
        self.codes = MemoryAuthorizationCodes(self.lock, self.families)
        self.users.ended = self.logout_notices.ended
        self.sessions = MemorySessions(self.lock, self.logout_notices)
        self.session_tokens = MemorySessionTokens(self.lock)
        self.consents = MemoryConsents(self.lock)
        self.sign_ons = MemorySignOnTransactions(self.lock)
        self.federated_requests = MemoryFederatedRequests(self.lock)
        self.recovery_steps = MemorySignOnTransactions(self.lock)
        self.remembered_browsers = MemoryRememberedBrowsers(self.lock)
        self.requests = MemoryStoredRequests(self.lock, self.codes, self.families)
        self.device_codes = MemoryDeviceCodes(self.lock, self.families)
        self.backchannel_requests = MemoryBackchannelRequests(self.lock, self.families)
        self.client_copies = MemoryClientCopies(self.lock, self.logout_notices.add)
        self.registration_tokens = MemoryRegistrationTokens(self.lock, self.events.extend)
        self.dynamic_clients = MemoryDynamicClients(
            self.lock, self.registration_tokens, self.events.extend, self.logout_notices.add
        )

    def _provider(self, idp_id: str) -> None:
        if self.identity_providers.all().get(idp_id) is None:
            raise NotFound(idp_id)

    def _forget_provider(self, idp_id: str) -> None:
        self.idp_schemas.client_deleted(idp_id)
        self.user_mappings.forget(idp_id)


class MemoryEventLog:
    """``EventLog``. An event is recorded when it happens."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def record(self, events: Sequence[Event]) -> None:
        with self._storage.lock:
            known = {event.id for event in self._storage.events}
            new = {event.id: event for event in events if event.id not in known}
            self._storage.events.extend(new.values())

    def deliver(self, events: Sequence[Event], *, stream: str) -> None:
        self.record(events)

    def read(self, *, after: str, before: str, batch: int, descending: bool = False) -> Iterator[Recorded]:
        found = [Recorded(place_of(event.published_ms, event.id), event) for event in self._storage.events]
        found = [recorded for recorded in found if after < recorded.place < before]
        return iter(sorted(found, key=lambda recorded: recorded.place, reverse=descending))


class MemoryServers:
    """``Servers``."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self._servers: dict[str, AuthorizationServer] = {}
        self._deleted: set[str] = set()

    def get(self, server_id: str) -> AuthorizationServer:
        if server_id == "default":
            for server in self._servers.values():
                if server.is_default:
                    return server
        if server_id not in self._servers:
            raise NotFound(server_id)
        return self._servers[server_id]

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[AuthorizationServer]:
        ids = sorted(i for i in self._servers if i != ORG_SERVER and (after is None or i > after))
        return [self._servers[i] for i in ids[:limit]]

    def add(self, server: AuthorizationServer, events: Sequence[Event]) -> None:
        with self._storage.lock:
            taken = server.id in self._servers or server.id in self._deleted
            if taken or (server.is_default and any(s.is_default for s in self._servers.values())):
                raise AlreadyExists("id")
            self._servers[server.id] = replace(server, version=1)
            self._storage.events.extend(events)

    def save(self, before: AuthorizationServer, after: AuthorizationServer, events: Sequence[Event]) -> None:
        with self._storage.lock:
            self._check(before)
            self._servers[before.id] = replace(after, version=before.version + 1)
            known = {one.client_id: one.generation for one in before.metadata_clients}
            for one in after.metadata_clients:
                if known.get(one.client_id, one.generation) != one.generation:
                    at = after.updated_at
                    ended = EndedTokens.of_client(one.client_id, one.generation, at=at, server_id=after.id)
                    self._storage.logout_notices.add(ended)
            self._storage.events.extend(events)

    def delete(self, server: AuthorizationServer, events: Sequence[Event]) -> None:
        with self._storage.lock:
            self._check(server)
            del self._servers[server.id]
            self._deleted.add(server.id)
            self._storage.events.extend(events)

    def due(self, *, at: int) -> Sequence[str]:
        return sorted(s.id for s in self._servers.values() if s.rotate_at is not None and s.rotate_at <= at)

    def sweep(self, server_id: str) -> bool:
        return server_id not in self._servers

    def _check(self, seen: AuthorizationServer) -> None:
        if seen.id not in self._servers:
            raise NotFound(seen.id)
        if self._servers[seen.id].version != seen.version:
            raise Conflict(seen.id)


class MemoryClients:
    """``Clients``."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self._clients: dict[str, Client] = {}

    def get(self, client_id: str) -> Client:
        try:
            return self._clients[client_id]
        except KeyError:
            raise NotFound(client_id) from None

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[Client]:
        ids = sorted(i for i in self._clients if after is None or i > after)
        return [self._clients[i] for i in ids[:limit]]

    def many(self, client_ids: Sequence[str]) -> Sequence[Client]:
        return [self._clients[i] for i in sorted(set(client_ids)) if i in self._clients]

    def add(self, client: Client, events: Sequence[Event]) -> None:
        with self._storage.lock:
            if client.id in self._clients:
                raise AlreadyExists("id")
            self._check_label(client)
            self._clients[client.id] = replace(client, version=1)
            self._storage.events.extend(events)

    def save(self, before: Client, after: Client, events: Sequence[Event]) -> None:
        with self._storage.lock:
            self._check(before)
            self._check_label(after)
            self._clients[before.id] = replace(after, version=before.version + 1)
            if after.token_generation != before.token_generation:
                ended = EndedTokens.of_client(after.id, after.token_generation, at=after.updated_at)
                self._storage.logout_notices.add(ended)
            self._storage.events.extend(events)

    def delete(self, client: Client, events: Sequence[Event], *, book: BookChange | None = None) -> None:
        with self._storage.lock:
            self._check(client)
            self._storage.users.keep(book)
            del self._clients[client.id]
            generation = client.token_generation + 1
            self._storage.logout_notices.add(EndedTokens.of_client(client.id, generation, at=client.updated_at))
            self._storage.assignments.client_deleted(client.id)
            self._storage.app_schemas.client_deleted(client.id)
            self._storage.user_mappings.forget(client.id)
            self._storage.events.extend(events)

    def _check(self, seen: Client) -> None:
        if seen.id not in self._clients:
            raise NotFound(seen.id)
        if self._clients[seen.id].version != seen.version:
            raise Conflict(seen.id)

    def _check_label(self, client: Client) -> None:
        others = (known for known in self._clients.values() if known.id != client.id and known.reserves_label)
        if client.reserves_label and any(known.label == client.label for known in others):
            raise AlreadyExists("label")


class MemoryRevocations:
    """``Revocations``."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._lock = storage.lock
        self._revoked: dict[tuple[str, str], Revocation] = {}

    def add(self, revocation: Revocation) -> bool:
        with self._lock:
            key = (revocation.server_id, revocation.jti)
            known = key in self._revoked
            self._revoked.setdefault(key, revocation)
            return not known

    def at(self, server_id: str, jti: str) -> int | None:
        known = self._revoked.get((server_id, jti))
        return None if known is None else known.revoked_at

    def has(self, server_id: str, jti: str) -> bool:
        return (server_id, jti) in self._revoked


class MemoryUsedAssertions:
    """``UsedAssertions``."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._lock = storage.lock
        self._used: dict[tuple[str, str], int] = {}

    def spend(self, client_id: str, jti: str, *, expires_at: int, at: int) -> None:
        with self._lock:
            if self._used.get((client_id, jti), at - 1) >= at:
                raise AlreadyUsed(jti)
            self._used[client_id, jti] = expires_at


class MemoryApiTokens:
    """``ApiTokens``."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self._tokens: dict[str, ApiToken] = {}

    def find(self, digest: str) -> ApiToken:
        try:
            return self._tokens[digest]
        except KeyError:
            raise NotFound("API token") from None

    def get(self, token_id: str) -> ApiToken:
        for token in self._tokens.values():
            if token.id == token_id:
                return token
        raise NotFound("API token")

    def list(self) -> Sequence[ApiToken]:
        return sorted(self._tokens.values(), key=lambda token: token.id)

    def used(self, token: ApiToken, *, at: int) -> None:
        with self._storage.lock:
            if self._tokens.get(token.digest) == token:
                self._tokens[token.digest] = replace(token, used_at=at)

    def delete(self, token: ApiToken, events: Sequence[Event]) -> None:
        with self._storage.lock:
            if self._tokens.pop(token.digest, None) is None:
                raise NotFound("API token")
            self._storage.events.extend(events)

    def any(self) -> bool:
        return bool(self._tokens)

    def add(self, token: ApiToken, events: Sequence[Event]) -> None:
        with self._storage.lock:
            if token.digest in self._tokens:
                raise AlreadyExists("token")
            self._tokens[token.digest] = token
            self._storage.events.extend(events)
