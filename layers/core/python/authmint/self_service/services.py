"""Everything that people can do with their own account, in one place."""

from dataclasses import dataclass

from ..storage.org_settings import OrgSettingsRecord
from .addresses import OwnAddresses
from .apps import OwnApps
from .deletion import OwnDeletion
from .export import OwnExport
from .links import OwnLinks
from .password import OwnPasswords
from .profile import OwnProfiles
from .progressive import ProgressiveProfiles
from .sessions import OwnSessions


@dataclass(frozen=True)
class SelfService:
    """What pages and programs do it with."""

    addresses: OwnAddresses
    profiles: OwnProfiles
    progressive: ProgressiveProfiles
    passwords: OwnPasswords
    sessions: OwnSessions
    apps: OwnApps
    links: OwnLinks
    export: OwnExport
    deletion: OwnDeletion
    org_settings: OrgSettingsRecord
