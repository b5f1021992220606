"""What the policies of a deployment ask of a sign-on, as this room needs to know it."""

from dataclasses import dataclass
from typing import Protocol

from ..http import Request
from ..policy.sign_on.assurance import Assurance
from ..storage.clients import Client
from ..storage.directory import Person
from ..storage.sign_on_transactions import Proof, SessionTerms
from .requirement import NO_ENROLMENTS, Enrolments, Remembering


@dataclass(frozen=True)
class Demanded:
    """What policies say about one sign-on.

    Attributes:
        denied: Nobody gets in so, whatever is proved.
        assurances: All of these have to hold.
        enrolments: What has to be, and may be, set up on the way.
        terms: Of the session; ``None``: those of the deployment.
        remembering: ``None``: browsers are not remembered.
        reason: Policy and rule that decided, for the log.
    """

    denied: bool = False
    assurances: tuple[Assurance, ...] = ()
    enrolments: Enrolments = NO_ENROLMENTS
    terms: SessionTerms | None = None
    remembering: Remembering | None = None
    reason: str = ""


NOTHING_MORE = Demanded()


@dataclass(frozen=True)
class Attempt:
    """How somebody comes.

    Attributes:
        request: Address, browser and headers.
        proofs: What was proved so far.
        browser: SHA-256 of the cookie that names the browser; ``None``: a caller of the API.
        device: Digest of what this browser is remembered by; ``None``: nothing.
    """

    request: Request
    proofs: tuple[Proof, ...]
    browser: str | None = None
    device: str | None = None


class SignOnDemands(Protocol):
    """Knows the policies of people."""

    def of_sign_on(self, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        """What the global session policy asks, and the one about enrolment. Raises Unavailable."""


class AppDemands(Protocol):
    """Knows the policies of apps."""

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        """What the app's authentication policy asks of who signs in to it. Raises Unavailable."""

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:
        """What somebody may set up who cannot prove that. Raises Unavailable."""


class NoDemands:
    """``SignOnDemands`` and ``AppDemands`` where there are no policies of people."""

    def of_sign_on(self, person: Person, attempt: Attempt, *, now: int) -> Demanded:  # noqa: ARG002
        """Nothing more than a password."""
        return NOTHING_MORE

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:  # noqa: ARG002
        """Nothing more than a session."""
        return NOTHING_MORE

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:  # noqa: ARG002
        """Nothing."""
        return NO_ENROLMENTS
