"""Who knows people by their passwords, and what stands around it: brakes and the log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..directory.authentication import AuthenticationFailed, LockedOut, PasswordExpired, TooFast, check_pace
from ..http import Request
from ..rate_limit import RateLimit, network_of
from ..sign_on.sign_on import Verifier
from ..storage.directory import Person
from ..storage.events import Party
from .sign_on_events import SignOnEvents, party_of

#: What looks like a login. Somebody may have typed the password into the wrong field: the log must not hold that.
_LOGIN: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")

_REASONS: Final[Mapping[type[AuthenticationFailed], str]] = {LockedOut: "LOCKED_OUT", TooFast: "RATE_LIMITED"}


@dataclass(frozen=True)
class Brakes:
    """How often something may be guessed.

    Attributes:
        addresses: Sign-ins from one address, whoever signs in.
        user_codes: Codes of devices, by one user.
        invitations: What keys are asked for, by one address: each is stored for a while.
    """

    addresses: RateLimit
    user_codes: RateLimit
    invitations: RateLimit


@dataclass(frozen=True)
class BrakedVerifier:
    """``Verifier``: so many attempts from one address. Passwords of many people are guessed from few addresses."""

    verifier: Verifier
    limit: RateLimit

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""
        check_pace(self.limit, network_of(request.source_ip), now=now)
        return self.verifier.verify(login, password, now, request=request)


@dataclass(frozen=True)
class WatchedVerifier:
    """``Verifier``: what is refused is in the log. Who is signed in is written down where nothing more is asked."""

    verifier: Verifier
    journal: SignOnEvents

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""
        try:
            return self.verifier.verify(login, password, now, request=request)
        except PasswordExpired as proved:
            self.journal.refused(request, party_of(proved.person.user), "PASSWORD_EXPIRED")
            raise
        except AuthenticationFailed as error:
            typed = login if _LOGIN.fullmatch(login) else None
            reason = _REASONS.get(type(error), "INVALID_CREDENTIALS")
            self.journal.refused(request, Party("unknown", "User", typed), reason)
            raise
