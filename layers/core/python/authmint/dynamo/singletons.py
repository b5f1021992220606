"""What a deployment has one of: one item, changed on the condition of its version."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from ..storage.authenticators import AuthenticatorList
from ..storage.behaviors import BehaviorList, ThreatConfiguration
from ..storage.errors import Conflict
from ..storage.events import Event
from ..storage.org_settings import OrgSettings
from ..storage.schemas import ProfileSchema
from ..storage.trusted_origins import OriginList
from ..storage.user_types import UserTypeList
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .tables import ConditionFailed, Tables
from .type_marks import USER_TYPES, type_partition

_S = TypeVar(
    "_S", ProfileSchema, OriginList, UserTypeList, OrgSettings, BehaviorList, ThreatConfiguration, AuthenticatorList
)


class _Singleton(Generic[_S]):
    """One record of which a deployment has one."""

    def __init__(self, tables: Tables, partition: str, kind: type[_S]) -> None:
        self._tables = tables
        self._item = tables.config
        self._partition = partition
        self._kind: type[_S] = kind

    def get(self) -> _S:
        with translated():
            try:
                item = self._item.get(self._partition, HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return self._kind()
        return decode(item.body or "", self._kind)

    def save(self, before: _S, after: _S, events: Sequence[Event]) -> None:
        after = replace(after, version=before.version + 1)
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                item = self._item(self._partition, HEAD, body=encode(after), version=after.version)
                write.save(item, condition=unchanged)
        except ConditionFailed:
            raise Conflict(self._partition) from None


class DynamoUserSchemas(_Singleton[ProfileSchema]):
    """``ProfileSchemas`` of users: ``SCHEMA#user``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "SCHEMA#user", ProfileSchema)


class DynamoGroupSchemas(_Singleton[ProfileSchema]):
    """``ProfileSchemas`` of groups: ``SCHEMA#group``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "SCHEMA#group", ProfileSchema)


class DynamoUserTypes(_Singleton[UserTypeList]):
    """``UserTypes``: ``USERTYPES``, and ``USERTYPE#id`` with a mark for each user of the type."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, USER_TYPES, UserTypeList)

    def in_use(self, type_id: str) -> bool:
        with translated():
            return any(True for _ in self._item.query(type_partition(type_id), consistent_read=True, limit=1))


class DynamoOrgSettings(_Singleton[OrgSettings]):
    """``OrgSettingsRecord``: ``ORG``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "ORG", OrgSettings)


class DynamoTrustedOrigins(_Singleton[OriginList]):
    """``TrustedOrigins``: ``ORIGINS``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "ORIGINS", OriginList)


class DynamoAuthenticators(_Singleton[AuthenticatorList]):
    """``Authenticators``: ``AUTHENTICATORS``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "AUTHENTICATORS", AuthenticatorList)


class DynamoBehaviors(_Singleton[BehaviorList]):
    """``Behaviors``: ``BEHAVIORS``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "BEHAVIORS", BehaviorList)


class DynamoThreats(_Singleton[ThreatConfiguration]):
    """``Threats``: ``THREATS``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables, "THREATS", ThreatConfiguration)
