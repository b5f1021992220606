"""What people do here, for the system log: sign-ins, refused ones too, and what they agreed to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..directory.authentication import AuthenticationFailed, LockedOut, PasswordExpired, TooFast
from ..http import Request
from ..ids import Ids
from ..oauth.token_events import TokenEvents
from ..storage.clients import Client
from ..storage.directory import Person
from ..storage.events import Party
from ..storage.users import User

#: What looks like a login. Somebody may have typed the password into the wrong field: the log must not hold that.
_LOGIN: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")

_REASONS: Final[Mapping[type[AuthenticationFailed], str]] = {LockedOut: "LOCKED_OUT", TooFast: "RATE_LIMITED"}


class Verifier(Protocol):
    """Knows people by their passwords: ``Authenticator``, and what watches it."""

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""


@dataclass(frozen=True)
class SignOnEvents:
    """Writes events without waiting for anything."""

    events: TokenEvents
    clock: Clock
    ids: Ids

    def signed_in(self, request: Request, user: User) -> None:
        """The password was right."""
        self._write(request, "user.session.start", _party(user))

    def refused(self, request: Request, actor: Party, reason: str) -> None:
        """The password was wrong, or right and no use."""
        self._write(request, "user.session.start", actor, reason=reason)

    def agreed(self, request: Request, user: User, client: Client, server_id: str, answers: Mapping[str, str]) -> None:
        """The user answered a client. ``answers``: by scope."""
        party = Party(client.id, "PublicClientApp", display_name=client.label)
        debug = {"authorization_server": server_id, "scopes": dict(answers)}
        self._write(request, "app.oauth2.as.consent.grant", _party(user), party, debug=debug)

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


@dataclass(frozen=True)
class WatchedVerifier:
    """``Verifier``: every attempt is in the log."""

    verifier: Verifier
    journal: SignOnEvents

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""
        try:
            person = self.verifier.verify(login, password, now, request=request)
        except PasswordExpired as proved:
            self.journal.refused(request, _party(proved.person.user), "PASSWORD_EXPIRED")
            raise
        except AuthenticationFailed as error:
            typed = login if _LOGIN.fullmatch(login) else None
            reason = _REASONS.get(type(error), "INVALID_CREDENTIALS")
            self.journal.refused(request, Party("unknown", "User", typed), reason)
            raise
        self.journal.signed_in(request, person.user)
        return person


def _party(user: User) -> Party:
    return Party(user.id, "User", user.login)
