"""The functions of the protocol over storage in memory."""

from collections.abc import Callable

from authmint.clock import Clock
from authmint.http import Request, Response
from authmint.ids import Ids
from authmint.runtime import wiring
from authmint.tokens.signer import KeyUnwrapper

from tests.memory.parts import MemoryParts, Nowhere
from tests.memory.storage import MemoryStorage

WIRES = {
    "token": wiring.token,
    "registration": wiring.registration,
    "token_status": wiring.token_status,
    "authorize": wiring.authorize,
    "jwks": wiring.key_set,
    "status_list": wiring.status_list,
    "discovery": wiring.discovery,
}


def functions(
    storage: MemoryStorage, vault: KeyUnwrapper, clock: Clock, ids: Ids
) -> dict[str, Callable[[Request], Response]]:
    """What answers requests, by function. People sign in as often as they like."""
    parts = MemoryParts(storage, vault=vault, clock=clock, ids=ids, log=Nowhere(), most=1_000)
    wired = {name: wire(parts).http for name, wire in WIRES.items()}
    return {name: http for name, http in wired.items() if http is not None}
