"""``Consents`` in DynamoDB: one partition per user. They have no end, and so no TTL."""

from collections.abc import Sequence
from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.clients import secret_digest
from ..storage.consents import Consent
from .connection import translated
from .grant_records import LONGEST_CLIENT_ID, MAX_KEY, GrantRecords
from .records import decode, encode
from .servers import well_formed
from .tables import MAX_OPERATIONS

_CONSENT: Final = "CONSENT"


class DynamoConsents(GrantRecords):
    """``Consents``."""

    def given(self, user_id: str, client_id: str, server_id: str) -> Sequence[Consent]:
        if not all(well_formed(key, LONGEST_CLIENT_ID) for key in (user_id, client_id, server_id)):
            return []
        return [
            consent
            for consent in self._of(user_id, f"{client_id}#{server_id}#")
            if (consent.client_id, consent.server_id) == (client_id, server_id)
        ]

    def of_user(self, user_id: str) -> Sequence[Consent]:
        if not well_formed(user_id, MAX_KEY):
            return []
        return sorted(self._of(user_id, ""), key=lambda consent: consent.id)

    def record(self, consents: Sequence[Consent]) -> None:
        # A transaction for its request token: a repeated put that arrives late would revive what was revoked since.
        latest = list({_place(consent): consent for consent in consents}.items())
        for start in range(0, len(latest), MAX_OPERATIONS):

            def write(transaction: TransactWrite, start: int = start) -> None:
                for place, consent in latest[start : start + MAX_OPERATIONS]:
                    transaction.save(self._item(*place, kind=_CONSENT, body=encode(consent)))

            self._transact(write)

    def revoke(self, consents: Sequence[Consent]) -> None:
        places = list(dict.fromkeys(map(_place, consents)))
        for start in range(0, len(places), MAX_OPERATIONS):

            def write(transaction: TransactWrite, start: int = start) -> None:
                for place in places[start : start + MAX_OPERATIONS]:
                    transaction.delete(self._item(*place))

            self._transact(write)

    def _of(self, user_id: str, prefix: str) -> Sequence[Consent]:
        condition = self._item.sk.startswith(prefix) if prefix else None
        with translated():
            found = self._item.query(f"{_CONSENT}#{user_id}", condition, consistent_read=True)
            return [decode(item.body or "", Consent) for item in found if item.kind == _CONSENT]


def _place(consent: Consent) -> tuple[str, str]:
    # No scope has a blank in it, and a sort key takes 1,024 bytes.
    about = consent.scope if consent.resource is None else f"{consent.scope} {secret_digest(consent.resource)}"
    return f"{_CONSENT}#{consent.user_id}", f"{consent.client_id}#{consent.server_id}#{about}"
