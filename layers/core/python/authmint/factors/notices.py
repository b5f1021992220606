"""What is told to people whose factors change: whoever did it, they learn of it."""

from collections.abc import Sequence
from typing import Final, Literal

from ..mail.letters import Letters
from ..storage.factors import Factor, FactorKind
from ..storage.outbox import Mail
from .kind import Ask

_NAMES: Final[dict[FactorKind, str]] = {
    "totp": "An authenticator app",
    "webauthn": "A security key or passkey",
    "email": "Codes by email",
    "question": "A security question",
}
RECOVERY_CODES: Final = "A set of recovery codes"


def name_for_people(factor: Factor) -> str:
    """What a factor is, and what its owner calls it."""
    return f"{_NAMES[factor.kind]} ({factor.name})" if factor.name else _NAMES[factor.kind]


def notice(
    letters: Letters, ask: Ask, template: Literal["AuthenticatorEnrolled", "AuthenticatorReset"], name: str
) -> Sequence[Mail]:
    """One mail to the user, or none where none is sent."""
    return letters.to(ask.user, template, {"authenticator.name": name}, now=ask.now)
