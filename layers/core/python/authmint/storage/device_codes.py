"""Device codes (RFC 8628)."""

from dataclasses import dataclass
from typing import Protocol

from .polled_grants import PolledGrant, PolledGrants


@dataclass(frozen=True, kw_only=True)
class DeviceCode(PolledGrant):
    """A device that waits for its user. ``digest`` is of the device code.

    Attributes:
        user_code: Eight letters, without the hyphen that people see.
    """

    user_code: str


class DeviceCodes(PolledGrants[DeviceCode], Protocol):
    """All device codes of a deployment."""

    def add(self, code: DeviceCode) -> None:
        """Raises AlreadyExists: a living code has the same ``user_code``."""

    def by_user_code(self, user_code: str) -> DeviceCode:
        """A consistent read. Raises NotFound."""
