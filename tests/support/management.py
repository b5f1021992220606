"""The management API over storage in memory."""

from authmint.clock import Clock
from authmint.directory.passwords import Cost, PasswordHashes
from authmint.ids import Ids
from authmint.keys.vault import KeyPairs
from authmint.management.directory.people import PeopleRecords
from authmint.management.http.api import ManagementApi
from authmint.management.sign_on.issued import IssuedRecords
from authmint.storage.configuration import PlainConfiguration

from tests.memory.storage import MemoryStorage

from .fakes import AT_ONCE, FakeSeals

#: What hashes cost in earnest is for their own tests.
CHEAP = Cost(memory_kib=8, iterations=1)


def management_api(storage: MemoryStorage, *, pairs: KeyPairs, clock: Clock, ids: Ids) -> ManagementApi:
    """Wired as the function is, but for the storage and the keys."""
    return ManagementApi(
        servers=storage.servers,
        clients=storage.clients,
        api_tokens=storage.api_tokens,
        issued=IssuedRecords(storage.families, storage.consents, storage.sessions, storage.log),
        configuration=PlainConfiguration(storage.servers, storage.clients),
        revocations=storage.revocations,
        log=storage.log,
        people=PeopleRecords(
            users=storage.users,
            groups=storage.groups,
            assignments=storage.assignments,
            schemas=storage.user_schemas,
            group_schemas=storage.group_schemas,
            user_types=storage.users.types,
            org_settings=storage.org_settings,
            trusted_origins=storage.trusted_origins,
            app_schemas=storage.app_schemas,
            directory=storage.directory,
            hashes=PasswordHashes(ids, CHEAP),
            ids=ids,
        ),
        pairs=pairs,
        seals=FakeSeals(),
        clock=clock,
        ids=ids,
        key_retention=90_000,
        retrying=AT_ONCE,
    )
