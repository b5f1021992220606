"""Which factors somebody may and must have: policies of type MFA_ENROLL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ...storage.sign_on_policies import SignOnPolicy
from .facts import Facts
from .walk import Open, Step, walk

Enrolment = Literal["NOT_ALLOWED", "OPTIONAL", "REQUIRED"]
#: When people are asked to enrol: at sign-in, when a second factor is asked for, or never.
When = Literal["LOGIN", "CHALLENGE", "NEVER"]

#: Authenticators by the names that factors had before there were authenticators.
FACTORS: Final[Mapping[str, str]] = {
    "google_otp": "google_otp",
    "okta_otp": "okta_verify",
    "okta_email": "okta_email",
    "fido_webauthn": "webauthn",
    "okta_question": "security_question",
    "okta_password": "okta_password",
}
_WHEN: Final[tuple[When, ...]] = ("NEVER", "LOGIN", "CHALLENGE")
_ENROLMENT: Final[tuple[Enrolment, ...]] = ("NOT_ALLOWED", "REQUIRED", "OPTIONAL")


@dataclass(frozen=True)
class EnrolmentDecision:
    """What may and must be enrolled.

    Attributes:
        authenticators: By key of the authenticator; each that was asked about is there.
        when: ``NEVER``: pages and transactions offer no enrolment.
        decided: The rules that decided, the first of them first.
    """

    authenticators: Mapping[str, Enrolment] = field(default_factory=dict)
    when: When = "NEVER"
    decided: tuple[Open, ...] = ()
    steps: tuple[Step, ...] = ()

    def allows(self, key: str) -> bool:
        """Whether an authenticator of this key may be enrolled."""
        return self.authenticators.get(key, "NOT_ALLOWED") != "NOT_ALLOWED"

    @property
    def required(self) -> tuple[str, ...]:
        """Keys of what everybody must have."""
        return tuple(key for key, enrolment in self.authenticators.items() if enrolment == "REQUIRED")


def enrolment_decision(
    policies: Iterable[SignOnPolicy], facts: Facts, authenticators: Iterable[str]
) -> EnrolmentDecision:
    """What the open rules say together about authenticators by their keys.

    What one of them does not allow is not allowed; what one of them requires is required.
    """
    found = walk(policies, facts)
    listed = [enrolments_of(one.policy.settings) for one in found.open]
    says: list[When] = [(one.rule.actions.get("enroll") or {}).get("self", "NEVER") for one in found.open]
    return EnrolmentDecision(
        authenticators={
            key: min((one.get(key, "NOT_ALLOWED") for one in listed), key=_ENROLMENT.index, default="NOT_ALLOWED")
            for key in authenticators
        },
        when=min(says, key=_WHEN.index, default="NEVER"),
        decided=found.open,
        steps=found.steps,
    )


def enrolments_of(settings: Mapping[str, Any] | None) -> Mapping[str, Enrolment]:
    """What the settings of a policy say, in either shape, by key of the authenticator."""
    settings = settings or {}
    if settings.get("type") == "FACTORS":
        factors = settings.get("factors") or {}
        return {FACTORS[name]: one["enroll"]["self"] for name, one in factors.items() if name in FACTORS}
    return {one["key"]: one["enroll"]["self"] for one in settings.get("authenticators") or ()}
