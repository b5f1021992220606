"""``DeviceCodes`` in DynamoDB: found by digest; an item per user code leads to the device code that has it now."""

from dataclasses import replace
from typing import Any, Final, cast

from pynamodb.transactions import TransactWrite

from ..ids import Ids
from ..storage.device_codes import DeviceCode
from ..storage.errors import AlreadyExists, AlreadyUsed, NotFound
from ..storage.token_families import RefreshToken, TokenFamily
from .grant_records import GRACE, GrantRecords, Refused
from .items import HEAD, GrantItem
from .records import decode, encode
from .tables import ConditionFailed, Tables
from .token_families import DynamoTokenFamilies

_DEVICE: Final = "DEVICE"
_USER_CODE: Final = "USERCODE"


class DynamoDeviceCodes(GrantRecords):
    """``DeviceCodes``."""

    def __init__(self, tables: Tables, ids: Ids) -> None:
        super().__init__(tables, ids)
        self._families = DynamoTokenFamilies(tables, ids)

    def add(self, code: DeviceCode) -> None:
        lifetime: Any = {"expires_at": code.expires_at, "ttl": code.expires_at + GRACE}
        free = self._item.pk.does_not_exist() | (self._item.expires_at <= code.created_at)
        lead = self._item(f"{_USER_CODE}#{code.user_code}", HEAD, kind=_USER_CODE, owner=code.digest, **lifetime)
        record = self._item(
            f"{_DEVICE}#{code.digest}",
            HEAD,
            kind=_DEVICE,
            body=encode(code),
            status=code.status,
            polled_at=code.polled_at,
            interval=code.interval,
            **lifetime,
        )

        def write(transaction: TransactWrite) -> None:
            transaction.save(lead, condition=free)
            transaction.save(record, condition=self._item.pk.does_not_exist())

        try:
            self._transact(write)
        except ConditionFailed as error:
            raise AlreadyExists("user_code" if error.failed[0] else "digest") from None

    def get(self, digest: str) -> DeviceCode:
        return _code(self._found(_DEVICE, digest))

    def by_user_code(self, user_code: str) -> DeviceCode:
        return self.get(self._found(_USER_CODE, user_code).owner or "")

    def polled(self, code: DeviceCode, *, at: int, interval: int) -> None:
        self._change_once(_place(code), [self._item.polled_at.set(at), self._item.interval.set(interval)])

    def decide(self, code: DeviceCode, decided: DeviceCode) -> None:
        actions = [self._item.body.set(encode(decided)), self._item.status.set(decided.status)]
        try:
            self._change_once(_place(code), actions, self._item.status == "PENDING", mark="writer")
        except Refused:
            raise AlreadyUsed("device code") from None

    def redeem(self, code: DeviceCode, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        record, approved = self._item(*_place(code)), self._item.status == "APPROVED"

        def write(transaction: TransactWrite) -> None:
            self._families.put(transaction, family, refresh_token)
            transaction.update(record, [self._item.status.set("SPENT")], condition=approved)

        try:
            self._transact(write)
        except ConditionFailed:
            raise AlreadyUsed("device code") from None


def _place(code: DeviceCode) -> tuple[str, str]:
    return f"{_DEVICE}#{code.digest}", HEAD


def _code(item: GrantItem) -> DeviceCode:
    """Attributes move on; ``body`` says the rest."""
    if item.polled_at is None or item.interval is None:
        raise NotFound(_DEVICE)
    return replace(
        decode(item.body or "", DeviceCode),
        status=cast("Any", item.status),
        polled_at=int(item.polled_at),
        interval=int(item.interval),
    )
