"""A directory in memory with hashes that cost little."""

from authmint.directory.authentication import Authenticator
from authmint.directory.passwords import Cost, PasswordHashes
from authmint.storage.users import Password, User

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_user
from tests.support.fakes import NOW, CountingIds, FrozenClock

CHEAP = Cost(memory_kib=64, iterations=1)
PASSWORD = "Correct-Horse-7"


class People:
    """One user, Ann, who knows her password."""

    def __init__(self, **changes: object) -> None:
        self.storage = MemoryStorage()
        self.hashes = PasswordHashes(CountingIds(), CHEAP)
        self.authenticator = Authenticator(
            self.storage.directory, self.storage.users, self.hashes, FrozenClock(), CountingIds()
        )
        password = Password(self.hashes.make(PASSWORD), NOW)
        self.storage.users.add(a_user(**{"login": "ann@example.com", "password": password} | changes), [])

    @property
    def ann(self) -> User:
        return self.storage.users.get("00uA")
