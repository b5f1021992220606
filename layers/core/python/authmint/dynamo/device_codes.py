"""``DeviceCodes`` in DynamoDB: found by digest; an item per user code leads to the device code that has it now."""

from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.device_codes import DeviceCode
from ..storage.errors import AlreadyExists, AlreadyUsed
from .grant_records import Refused
from .items import HEAD
from .polled_grants import PolledGrantRecords
from .records import encode
from .tables import ConditionFailed

_USER_CODE: Final = "USERCODE"


class DynamoDeviceCodes(PolledGrantRecords[DeviceCode]):
    """``DeviceCodes``."""

    kind = "DEVICE"
    record = DeviceCode

    def add(self, code: DeviceCode) -> None:
        free = self._item.pk.does_not_exist() | (self._item.expires_at <= code.created_at)
        place = f"{_USER_CODE}#{code.user_code}", HEAD
        lead = self._item(*place, kind=_USER_CODE, owner=code.digest, **self._lifetime(code))
        record = self._new(code)

        def write(transaction: TransactWrite) -> None:
            transaction.save(lead, condition=free)
            transaction.save(record, condition=self._item.pk.does_not_exist())

        try:
            self._transact(write)
        except ConditionFailed as error:
            raise AlreadyExists("user_code" if error.failed[0] else "digest") from None

    def by_user_code(self, user_code: str) -> DeviceCode:
        return self.get(self._found(_USER_CODE, user_code).owner or "")

    def decide(self, grant: DeviceCode, decided: DeviceCode) -> None:
        actions = [self._item.body.set(encode(decided)), self._item.status.set(decided.status)]
        try:
            self._change_once(self._place(grant), actions, self._item.status == "PENDING", mark="writer")
        except Refused:
            raise AlreadyUsed(self.kind) from None
