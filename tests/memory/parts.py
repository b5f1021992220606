"""What functions are made of where everything is in memory: they are wired as the deployed ones are."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from authmint.clock import Clock
from authmint.deadline import Deadline
from authmint.directory.passwords import Cost, PasswordHashes
from authmint.ids import Ids
from authmint.keys.vault import KeyPairs, SecretSeals
from authmint.oauth.outbound_fetch import Answer, Document
from authmint.runtime.parts import Parts
from authmint.runtime.records import Records
from authmint.runtime.settings import Settings
from authmint.storage.configuration import Configuration, PlainConfiguration
from authmint.storage.events import Event
from authmint.tokens.signer import KeyUnwrapper

from tests.support.fakes import AT_ONCE, FakeSeals

from .storage import MemoryStorage

#: What hashes cost in earnest is for their own tests.
CHEAP = Cost(memory_kib=8, iterations=1)
_SETTINGS = {"AUTHMINT_CONFIG_TABLE": "c", "AUTHMINT_GRANTS_TABLE": "g", "AUTHMINT_EVENTS_TABLE": "e"}


class Emitted:
    """A log that keeps the events of tokens, in a list. What nobody expected is raised again."""

    def __init__(self) -> None:
        self.emitted: list[Event] = []
        self.counted: list[tuple[str, str]] = []

    def refused(self, metric: str, reason: str) -> None:
        self.counted.append((metric, reason))

    def emit(self, event: Event) -> None:
        self.emitted.append(event)

    def report(self, fault: BaseException, request_id: str = "", *, route: str = "", status: int = 0) -> None:
        raise fault

    def info(self, message: str, **fields: Any) -> None:
        """Nobody reads what a run did."""


class Nowhere(Emitted):
    """A log that keeps nothing."""

    def emit(self, event: Event) -> None:
        """Forget it."""


class _NoForm:
    """There are no tables, so they have no form that a release could not know."""

    def due(self) -> bool:
        return False

    def check(self) -> None:
        """Nothing to look at."""


class MemoryParts(Parts):
    """``vault`` makes keys and opens them; ``most`` sign-ins a second.

    ``fetch`` and ``exchange`` answer for other people's servers.
    """

    def __init__(
        self,
        storage: MemoryStorage,
        *,
        vault: Any,
        clock: Clock,
        ids: Ids,
        log: Any,
        fetch: Callable[[str], bytes] | None = None,
        documents: Callable[[str, str], Document] | None = None,
        exchange: Callable[..., Answer] | None = None,
        most: int = 4,
        mail_from: str = "",
    ) -> None:
        self.settings = Settings.from_env({**_SETTINGS, "AUTHMINT_MAIL_FROM": mail_from})
        self.deadline = Deadline()
        self.retrying = AT_ONCE
        self.clock = cast("Any", clock)
        self.ids = cast("Any", ids)
        self.log = log
        self.records = cast("Records", storage)
        self._vault = vault
        self._fetch = fetch
        self._documents = documents
        self._exchange = exchange
        self.sign_ins_per_second = most

    def schema_version(self, *, of_events: bool = False) -> Any:
        return _NoForm()

    def registered_configuration(self) -> Configuration:
        return PlainConfiguration(self.records.servers, self.records.clients)

    def hashes(self) -> PasswordHashes:
        return PasswordHashes(self.ids, CHEAP)

    def key_unwrapper(self) -> KeyUnwrapper:
        return cast("KeyUnwrapper", self._vault)

    def seals(self) -> SecretSeals:
        return FakeSeals()

    def administrative_seals(self) -> SecretSeals:
        return FakeSeals()

    def factor_seals(self, *, administrative: bool = False) -> SecretSeals:
        return FakeSeals()

    def idp_seals(self, *, administrative: bool = False) -> SecretSeals:
        return FakeSeals()

    def hook_seals(self, *, administrative: bool = False) -> SecretSeals:
        return FakeSeals()

    def exchange(
        self,
        method: str,
        uri: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        largest: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        assert self._exchange is not None, uri
        return self._exchange(method, uri, headers=headers, body=body, largest=largest, timeout=timeout)

    def key_pairs(self) -> KeyPairs:
        return cast("KeyPairs", self._vault)

    def fetch(self, uri: str) -> bytes:
        assert self._fetch is not None, uri
        return self._fetch(uri)

    def fetch_metadata(self, uri: str) -> bytes:
        return self.fetch(uri)

    def fetch_client_document(self, uri: str, issuer: str) -> Document:
        assert self._documents is not None, uri
        return self._documents(uri, issuer)
