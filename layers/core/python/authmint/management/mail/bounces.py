"""``/api/v1/org/email/bounces/remove-list``: addresses that mail is sent to again."""

from dataclasses import dataclass
from typing import Final

from ...directory.profile import is_address
from ...http import Response
from ...mail.mailer import masked
from ...storage.events import Party
from ...storage.undeliverable import UndeliverableAddresses
from ..http.call import Call

PATH: Final = "/api/v1/org/email/bounces/remove-list"
_MOST: Final = 100
_NO_ADDRESS: Final = "Invalid email address. The email address is ignored."


@dataclass(frozen=True)
class BouncedAddresses:
    """Clears what came back."""

    addresses: UndeliverableAddresses

    def clear(self, call: Call) -> Response:
        """200, with what could not be cleared. An address that nothing is known against is cleared."""
        body = call.body()
        sent = body.texts("emailAddresses") or ()
        if not 0 < len(sent) <= _MOST:
            body.problem("emailAddresses", f"must be from 1 to {_MOST} addresses.")
        body.check()
        errors = []
        for address in sent:
            if not is_address(address):
                errors.append({"emailAddress": address, "reason": _NO_ADDRESS})
            elif self.addresses.find(address) is not None:
                party = Party("unknown", "User", alternate_id=masked(address))
                self.addresses.clear(address, [call.recorder.event("system.email.bounce.removed", party)])
        return Response.json(200, {"errors": errors})
