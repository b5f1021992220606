"""``Lineages`` over other records in memory."""

from collections.abc import Sequence

from authmint.storage.clients import Clients
from authmint.storage.lineages import Ancestor, Lineage
from authmint.storage.revocations import Revocations

from .grants import MemoryTokenFamilies


class MemoryLineages:
    """``Lineages``."""

    def __init__(self, families: MemoryTokenFamilies, revocations: Revocations, clients: Clients) -> None:
        self._families = families
        self._revocations = revocations
        self._clients = clients

    def read(self, ancestors: Sequence[Ancestor]) -> Lineage:
        wanted = {one.family_id for one in ancestors}
        clients = self._clients.many([one.client_id for one in ancestors])
        places = [(one.server_id, one.jti) for one in ancestors]
        return Lineage(
            {family_id: family for family_id, family in self._families.families.items() if family_id in wanted},
            {client.id: client for client in clients},
            frozenset(place for place in places if self._revocations.has(*place)),
        )
