"""The recovery pages by their paths, each made when it is first asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ...http import Request, Response
from ..documents import HostedPages
from ..visit import Visit

if TYPE_CHECKING:
    from ...audit.builder import EventBuilder
    from ...factors.user_factors import UserFactors
    from ...ids import Ids
    from ...policy.sign_on.sign_up import SignUpDecision
    from ...recovery.address_change import AddressChange
    from ...recovery.helpdesk import Helpdesk
    from ...recovery.recovery import Recovery
    from ...recovery.sign_up import SignUp
    from ...storage.clients import Client
    from ...storage.events import Event
    from ...storage.sign_on_transactions import SignOnTransactions
    from ..authn.recovery import RecoveryApi
    from .forgot import ForgotPage
    from .recover import RecoveryPage

Handler = Callable[[Visit], Response]
_BEGINNINGS = ("/forgot", "/recovery", "/signin/", "/reset_password/", "/welcome/", "/tokens/")


@dataclass(frozen=True)
class RecoveryPages:
    """What makes them.

    Attributes:
        on: Whether mail is sent, so that a forgotten password is something that can be helped.
        addresses: Changes those of who is signed in.
        sign_up, welcome: Makes accounts, and says whether strangers may have one on their way to an application.
        emit: Writes an event.
        events: Makes those of a request.
    """

    pages: HostedPages
    on: bool
    helpdesk: "Callable[[], Helpdesk]"
    recovery: "Callable[[], Recovery]"
    factors: "Callable[[], UserFactors]"
    addresses: "Callable[[], AddressChange]"
    sign_up: "Callable[[], SignUp]"
    welcome: "Callable[[Client], SignUpDecision]"
    emit: "Callable[[Event], None]"
    events: "Callable[[Request], EventBuilder]"

    def handlers(self, request: Request) -> dict[str, Handler] | None:
        """By method; ``None``: the path is none of these."""
        if not request.path.startswith(_BEGINNINGS):
            return None
        if request.path == "/forgot":
            return {"GET": lambda visit: self._forgot.get(visit), "POST": lambda visit: self._forgot.post(visit)}
        if request.path == "/recovery":
            return {"GET": lambda visit: self._recover.get(visit), "POST": lambda visit: self._recover.post(visit)}
        from .links import carried, follow

        return None if carried(request) is None else {"GET": follow}

    def api(self, steps: "SignOnTransactions", ids: "Ids") -> "RecoveryApi":
        """The same by JSON, below ``/api/v1/authn``."""
        from ..authn.recovery import RecoveryApi

        return RecoveryApi(self.helpdesk(), self.recovery(), self.factors(), steps, ids)

    @cached_property
    def _forgot(self) -> "ForgotPage":
        from .forgot import ForgotPage

        return ForgotPage(self.pages, self.helpdesk())

    @cached_property
    def _recover(self) -> "RecoveryPage":
        from .recover import RecoveryPage

        return RecoveryPage(self.pages, self.recovery(), self.factors, self._refused)

    def _refused(self, visit: Visit) -> None:
        """Somebody tried a link that is not good: it is in the log."""
        from ...storage.events import Party

        builder = self.events(visit.request)
        self.emit(builder.event("user.account.use_token", actor=Party("unknown", "User"), reason="INVALID_TOKEN"))
