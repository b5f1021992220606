"""``FactorChallenges`` in DynamoDB."""

from ..storage.errors import NotFound
from ..storage.factor_challenges import FactorChallenge
from .grant_records import GRACE, MAX_KEY, Refused
from .items import HEAD
from .records import decode, encode
from .servers import well_formed
from .single_use import SingleUseRecords


class DynamoFactorChallenges(SingleUseRecords):
    """``FactorChallenges``: ``CHALLENGE#digest``."""

    kind = "CHALLENGE"

    def add(self, challenge: FactorChallenge) -> None:
        self._add(challenge)

    def replace(self, challenge: FactorChallenge) -> None:
        item = self._item(
            f"{self.kind}#{challenge.digest}",
            HEAD,
            kind=self.kind,
            body=encode(challenge),
            expires_at=challenge.expires_at,
            ttl=challenge.expires_at + GRACE,
        )
        self._dispatch("PutItem", item.get_save_kwargs_from_instance())

    def get(self, digest: str) -> FactorChallenge:
        return decode(self._unused(digest).body or "", FactorChallenge)

    def attempt(self, digest: str, *, most: int) -> FactorChallenge:
        if not well_formed(digest, MAX_KEY):
            raise NotFound(self.kind)
        uses = self._item.uses
        room = self._item.status.does_not_exist() & (uses.does_not_exist() | (uses < most))
        try:
            found = self._change_once((f"{self.kind}#{digest}", HEAD), [uses.add(1)], room)
        except Refused:
            raise NotFound(self.kind) from None
        return decode(found.body or "", FactorChallenge)

    def use(self, digest: str, seen: FactorChallenge | None = None) -> FactorChallenge:
        unchanged = None if seen is None else self._item.body == encode(seen)
        return decode(self._use(digest, unchanged).body or "", FactorChallenge)
