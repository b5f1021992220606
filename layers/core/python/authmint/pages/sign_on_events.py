"""What people do here, for the system log: sign-ins, refused ones too, and what they agreed to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..oauth.token_events import TokenEvents
from ..sign_on.requirement import Demanded, Outcome
from ..storage.clients import Client
from ..storage.events import Party
from ..storage.servers import AuthorizationServer
from ..storage.users import User


@dataclass(frozen=True)
class SignOnEvents:
    """Writes events without waiting for anything."""

    events: TokenEvents
    clock: Clock
    ids: Ids

    def signed_in(self, request: Request, user: User) -> None:
        """The password was right."""
        self._write(request, "user.session.start", party_of(user))

    def judged(
        self,
        request: Request,
        user: User,
        demanded: Demanded,
        outcome: Outcome,
        detail: str = "",
        client: Client | None = None,
    ) -> None:
        """What the policies of people decided, for an app where there is one (``Journal``)."""
        verdict = demanded.verdict
        if verdict is None and outcome == "ALLOW":
            return
        targets, debug = ((), {}) if verdict is None else (verdict.targets, verdict.debug)
        if client is not None:
            targets = (*targets, Party(client.id, "PublicClientApp", client.id, client.label))
        builder = EventBuilder(request, self.clock, self.ids)
        self.events.emit(builder.decision(party_of(user), targets, outcome, debug, detail=detail))

    def refused(self, request: Request, actor: Party, reason: str) -> None:
        """The password was wrong, or right and no use."""
        self._write(request, "user.session.start", actor, reason=reason)

    def agreed(self, request: Request, user: User, client: Client, server_id: str, answers: Mapping[str, str]) -> None:
        """The user answered a client. ``answers``: by scope."""
        party = Party(client.id, "PublicClientApp", display_name=client.label)
        debug = {"authorization_server": server_id, "scopes": dict(answers)}
        self._write(request, "app.oauth2.as.consent.grant", party_of(user), party, debug=debug)

    def decided(
        self,
        request: Request,
        user: User,
        client: Client,
        server: AuthorizationServer,
        scopes: Sequence[str],
        *,
        allowed: bool,
    ) -> None:
        """The user answered an authentication request without a browser."""
        event_type = "app.oauth2.backchannel.decide" if server.is_org else "app.oauth2.as.backchannel.decide"
        party = Party(client.id, "PublicClientApp", client.id, client.label)
        debug = {
            "authorization_server": server.id,
            "authorization_server_name": server.name,
            "requested_scopes": ", ".join(scopes),
        }
        reason = None if allowed else "access_denied"
        self._write(request, event_type, party_of(user), party, reason=reason, debug=debug)

    def _write(
        self,
        request: Request,
        event_type: str,
        actor: Party,
        *targets: Party,
        reason: str | None = None,
        debug: Mapping[str, Any] | None = None,
    ) -> None:
        builder = EventBuilder(request, self.clock, self.ids)
        self.events.emit(builder.event(event_type, actor=actor, targets=targets, reason=reason, debug=debug))


def party_of(user: User) -> Party:
    """The user as an actor of events."""
    return Party(user.id, "User", user.login)
