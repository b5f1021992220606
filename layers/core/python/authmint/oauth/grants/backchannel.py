"""Authentication requests without a browser, in poll mode (OpenID CIBA Core 1.0 §10.1, §11)."""

from dataclasses import replace

from ...storage.backchannel_requests import BackchannelRequest
from ...storage.directory import Person
from ..form import CIBA
from ..sign_in import SignIn
from .polled import PolledGrantType, Refusals


class BackchannelGrant(PolledGrantType[BackchannelRequest]):
    """A client asks whether the user whom it named has decided."""

    name = CIBA
    parameter = "auth_req_id"
    refusals = Refusals(
        invalid="invalid_auth_req_id",
        pending="ciba_authorization_pending",
        hasty="ciba_slow_down",
        expired="ciba_expired_auth_req_id",
        denied="ciba_denied",
    )

    def sign_in(self, held: BackchannelRequest, person: Person) -> SignIn:
        """With the class that was reached, where any was asked for."""
        return replace(super().sign_in(held, person), acr=held.acr)
