"""What a deployment lets people prove with: each authenticator with its settings, on or off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol

from .events import Event
from .factors import FactorKind
from .servers import Status

AuthenticatorKey = Literal["okta_email", "google_otp", "okta_password", "webauthn", "security_question"]
#: When the first deployment could have had them (Unix seconds): of those that nobody changed.
_SEEDED_AT: Final = 1_767_225_600
#: Which kind of factor each is for.
KIND_OF: Final[Mapping[AuthenticatorKey, FactorKind]] = {
    "google_otp": "totp",
    "webauthn": "webauthn",
    "okta_email": "email",
    "security_question": "question",
}
KEY_OF: Final[Mapping[FactorKind, AuthenticatorKey]] = {kind: key for key, kind in KIND_OF.items()}


@dataclass(frozen=True)
class Authenticator:
    """One of them.

    Attributes:
        settings: Of the authenticator; ``None``: it has none.
        method: Settings of its method, as far as they were set; ``None``: it has none.
    """

    key: AuthenticatorKey
    id: str
    name: str
    status: Status = "ACTIVE"
    created_at: int = _SEEDED_AT
    updated_at: int = _SEEDED_AT
    settings: Mapping[str, Any] | None = None
    method: Mapping[str, Any] | None = None


_SEEDED: Final = (
    Authenticator(
        "okta_email", "aut00000000000email1", "Email", settings={"allowedFor": "recovery", "tokenLifetimeInMinutes": 5}
    ),
    Authenticator("google_otp", "aut00000000000totp01", "Google Authenticator", settings={}),
    Authenticator("okta_password", "aut00000000passwd001", "Password"),
    Authenticator("webauthn", "aut00000000webauthn1", "Security Key or Biometric", method={}),
    Authenticator(
        "security_question", "aut00000000question1", "Security Question", settings={"allowedFor": "recovery"}
    ),
)


@dataclass(frozen=True)
class AuthenticatorList:
    """All of a deployment. At first everything is on, e-mail and questions for recovery alone."""

    authenticators: tuple[Authenticator, ...] = field(default=_SEEDED)
    version: int = 0

    def of(self, key: AuthenticatorKey) -> Authenticator:
        """The one of a key."""
        return next(one for one in self.authenticators if one.key == key)

    @property
    def code_lifetime(self) -> int:
        """Seconds that a code by email lives where nobody says otherwise."""
        minutes: int = (self.of("okta_email").settings or {}).get("tokenLifetimeInMinutes", 5)
        return minutes * 60

    def with_changed(self, changed: Authenticator) -> "AuthenticatorList":
        """The list in which one stands in the place of the one of its key."""
        return replace(
            self, authenticators=tuple(changed if one.key == changed.key else one for one in self.authenticators)
        )

    def has_on(self, kind: FactorKind) -> bool:
        """Whether factors of a kind are used at all."""
        return self.of(KEY_OF[kind]).status == "ACTIVE"

    def signs_on(self, kind: FactorKind) -> bool:
        """Whether factors of a kind are used to sign on, and not to get back in alone."""
        one = self.of(KEY_OF[kind])
        return one.status == "ACTIVE" and (one.settings or {}).get("allowedFor", "any") in {"any", "sso"}


class Authenticators(Protocol):
    """The authenticators of a deployment."""

    def get(self) -> AuthenticatorList:
        """The list. A consistent read."""

    def save(self, before: AuthenticatorList, after: AuthenticatorList, events: Sequence[Event]) -> None:
        """Raises Conflict: the list is not at ``before.version`` any more."""
