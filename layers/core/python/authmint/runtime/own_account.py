"""What people do with their own account, made of a function's parts."""

from ..http import Request
from ..oauth.errors import OAuthError
from ..pages.my_account.caller import OwnCallers
from ..self_service.addresses import OwnAddresses
from ..self_service.apps import OwnApps
from ..self_service.deletion import OwnDeletion
from ..self_service.export import OwnExport
from ..self_service.password import OwnPasswords, Terms
from ..self_service.progressive import ProgressiveProfiles
from ..self_service.services import SelfService
from ..self_service.sessions import OwnSessions
from ..storage.clients import Client
from ..storage.configuration import Configuration
from ..storage.directory import Person
from ..storage.servers import AuthorizationServer
from .parts import Parts


def self_service(parts: Parts, configuration: Configuration) -> SelfService:
    """All of it. ``configuration``: servers, and clients of every class."""
    records, clock, ids, retrying = parts.records, parts.clock, parts.ids, parts.retrying

    def find(server_id: str, client_id: str) -> tuple[AuthorizationServer | None, Client | None]:
        try:
            snapshot = configuration.read(server_id, client_id)
        except OAuthError:  # whose document cannot be read now is shown by its id
            snapshot = configuration.read(server_id)
        return snapshot.server, snapshot.client

    def terms(person: Person, request: Request, now: int) -> Terms:
        decision = parts.decide_password(person, request, now)
        return Terms(decision.policy, decision.change)

    profiles = parts.own_profiles()
    links = parts.own_links()
    sessions = OwnSessions(records.sessions, records.log, clock, ids)
    apps = OwnApps(records.consents, records.families, find, records.log, clock, ids)
    return SelfService(
        addresses=OwnAddresses(parts.address_change(), profiles, parts.user_factors),
        profiles=profiles,
        progressive=ProgressiveProfiles(profiles, parts.asked_about_profile),
        passwords=OwnPasswords(parts.password_change(), terms, links.ways, clock, ids, retrying),
        sessions=sessions,
        apps=apps,
        links=links,
        export=OwnExport(
            profiles, sessions, apps, links, parts.user_factors(), records.remembered_browsers, records.histories
        ),
        org_settings=records.org_settings,
        deletion=OwnDeletion(
            records.users,
            records.directory,
            records.roles,
            records.sessions,
            records.consents,
            records.remembered_browsers,
            lambda: records.org_settings.get().people_delete_themselves,
            clock,
            ids,
            retrying,
        ),
    )


def own_callers(parts: Parts, configuration: Configuration) -> OwnCallers:
    """Who calls for people about their own account."""
    return OwnCallers(configuration, parts.validity(configuration), lambda: parts.records.assertions)
