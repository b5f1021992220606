"""Events of authentication requests without a browser (docs/protocol.md §21)."""

from dataclasses import dataclass, field
from typing import Any

from ...audit.builder import EventBuilder
from ...clock import Clock
from ...http import Request
from ...ids import Ids
from ...storage.directory import Person
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer, endpoints_of
from ..authorization.interaction import APPROVE
from ..endpoint import Call
from ..errors import OAuthError
from ..issuance import Trace
from ..token_events import steps_shown
from .asked import Asked


def approval_uri(server: AuthorizationServer, base_url: str, handle: str) -> str:
    """Where the user decides. Whoever else has it can do nothing with it."""
    return f"{endpoints_of(server, base_url)}{APPROVE}?request={handle}"


@dataclass
class Record:
    """What is known of a request so far, and the event that it becomes.

    Attributes:
        person: Whom it names, where there is such a user.
        handle: By which the page of the user finds it.
    """

    request: Request
    clock: Clock
    ids: Ids
    call: Call | None = None
    asked: Asked | None = None
    person: Person | None = None
    handle: str = ""
    trace: Trace = field(default_factory=Trace)

    def stored(self) -> Event:
        """It waits for its user."""
        return self._event(self._debug())

    def refused(self, error: OAuthError) -> Event:
        """It was refused, or waits for nobody, which its client is not told."""
        debug = self._debug() if self.call is not None else dict(error.about)
        debug |= {"error": error.code, "error_description": error.description, "reason_detail": error.reason}
        return self._event(debug, error)

    def _event(self, debug: dict[str, Any], refusal: OAuthError | None = None) -> Event:
        call = self.call
        if call is not None:
            client = call.client
            actor = Party(client.id, "PublicClientApp", client.id, client.label)
        else:
            named = {} if refusal is None else refusal.about
            actor = Party(named.get("client_id", "unknown"), "PublicClientApp")
        targets = () if self.person is None else (Party(self.person.user.id, "User", self.person.user.login),)
        org = "" if call is not None and call.server.is_org else ".as"
        return EventBuilder(self.request, self.clock, self.ids).event(
            f"app.oauth2{org}.backchannel.request",
            actor=actor,
            targets=targets,
            reason=None if refusal is None else refusal.id,
            debug=debug,
        )

    def _debug(self) -> dict[str, Any]:
        if self.call is None:
            return {}
        debug: dict[str, Any] = {
            "authorization_server": self.call.server.id,
            "authorization_server_name": self.call.server.name,
            "client_auth_type": self.call.client.auth_method,
        }
        if self.asked is not None:
            debug |= {
                "requested_scopes": ", ".join(self.asked.scopes),
                "resource": ", ".join(self.asked.resources)[:4096],
                "binding_message": self.asked.binding_message,
                "approval": self.handle and approval_uri(self.call.server, self.request.base_url, self.handle),
            }
        approved, decision = self.trace.approved, self.trace.decision
        if approved is not None:
            debug |= {"policy": approved.policy_id, "rule": approved.rule_id}
        elif decision is not None:
            debug["steps"] = steps_shown(decision)
        return debug
