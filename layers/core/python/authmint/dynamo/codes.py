"""``AuthorizationCodes`` in DynamoDB."""

from dataclasses import replace
from typing import Final

from ..storage.codes import AuthorizationCode
from ..storage.errors import AlreadyExists, AlreadyUsed, NotFound
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD
from .records import decode, encode
from .servers import well_formed

_CODE: Final = "CODE"


class DynamoAuthorizationCodes(GrantRecords):
    """``AuthorizationCodes``."""

    def add(self, code: AuthorizationCode) -> None:
        # Conditional though a digest never comes twice: a repeated write that arrives late would revive a spent code.
        item = self._item(
            f"{_CODE}#{code.digest}",
            HEAD,
            kind=_CODE,
            body=encode(code),
            spent_at=code.spent_at,
            expires_at=code.expires_at,
            ttl=code.expires_at + GRACE,
        )
        if not self._put_once(item):
            raise AlreadyExists("digest")

    def get(self, digest: str) -> AuthorizationCode:
        item = self._found(_CODE, digest)
        spent_at = None if item.spent_at is None else int(item.spent_at)
        return replace(decode(item.body or "", AuthorizationCode), spent_at=spent_at)

    def spend(self, digest: str, *, at: int) -> None:
        if not well_formed(digest, MAX_KEY):
            raise NotFound(_CODE)
        unspent = self._item.spent_at.does_not_exist()
        try:
            self._change_once((f"{_CODE}#{digest}", HEAD), [self._item.spent_at.set(at)], unspent, mark="spender")
        except Refused:
            raise AlreadyUsed("code") from None
