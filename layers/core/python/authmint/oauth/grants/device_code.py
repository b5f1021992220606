"""Device code grant (RFC 8628 §3.4–3.5)."""

from ...storage.device_codes import DeviceCode
from ..device import DEVICE_CODE
from .polled import PolledGrantType, Refusals


class DeviceCodeGrant(PolledGrantType[DeviceCode]):
    """A device asks whether its user has decided."""

    name = DEVICE_CODE
    parameter = "device_code"
    refusals = Refusals(
        invalid="invalid_device_code",
        pending="authorization_pending",
        hasty="slow_down",
        expired="expired_token",
        denied="device_denied",
    )
