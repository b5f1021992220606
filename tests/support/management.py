"""The management API over storage in memory."""

from authmint.clock import Clock
from authmint.ids import Ids
from authmint.keys.vault import KeyPairs
from authmint.management.api import ManagementApi
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.memory import MemoryStorage

from .fakes import FakeSeals


def management_api(storage: MemoryStorage, *, pairs: KeyPairs, clock: Clock, ids: Ids) -> ManagementApi:
    """Wired as the function is, but for the storage and the keys."""
    return ManagementApi(
        servers=storage.servers,
        clients=storage.clients,
        api_tokens=storage.api_tokens,
        configuration=PlainConfiguration(storage.servers, storage.clients),
        revocations=storage.revocations,
        log=storage.log,
        directory=storage.directory,
        pairs=pairs,
        seals=FakeSeals(),
        clock=clock,
        ids=ids,
        key_retention=90_000,
    )
