"""The management API over storage in memory."""

from collections.abc import Callable
from dataclasses import replace

from authmint.clock import Clock
from authmint.ids import Ids
from authmint.keys.vault import KeyPairs
from authmint.management.clients.abilities import PLAIN, Abilities
from authmint.management.http.api import ManagementApi
from authmint.oauth.outbound_fetch import Answer
from authmint.runtime import wiring

from tests.memory.parts import MemoryParts, Nowhere
from tests.memory.storage import MemoryStorage


def management_api(
    storage: MemoryStorage,
    *,
    pairs: KeyPairs,
    clock: Clock,
    ids: Ids,
    mail_from: str = "",
    services_need_roles: bool = False,
    console_secret: str | None = None,
    exchange: Callable[..., Answer] | None = None,
    fetch: Callable[[str], bytes] | None = None,
    able: Abilities = PLAIN,
) -> ManagementApi:
    """Wired as the function is, but for the storage and the keys."""
    log = Nowhere()
    parts = MemoryParts(
        storage, vault=pairs, clock=clock, ids=ids, log=log, mail_from=mail_from, exchange=exchange, fetch=fetch
    )
    parts.settings = replace(
        parts.settings,
        services_need_roles=services_need_roles,
        console_secret=console_secret,
        signed_answers=able.signs_answers,
        mtls_url="https://mtls.acme.example.com" if able.mutual_tls else None,
    )
    return wiring.management_api(parts)
