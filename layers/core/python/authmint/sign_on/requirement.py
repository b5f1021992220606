"""What is asked of the sign-on of whoever is at the browser: by a request, and by policies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..http import Request
from ..policy.sign_on.assurance import Assurance
from ..policy.sign_on.sign_up import AskedProfile
from ..storage.clients import Client
from ..storage.directory import Person
from ..storage.events import Party
from ..storage.factors import FactorKind
from ..storage.sign_on_transactions import Assessment, SessionTerms, ToldDevice
from ..storage.users import User


class OutOfTurn(Exception):
    """The answer is not to what is asked now: another call was first, perhaps."""


@dataclass(frozen=True)
class Enrolments:
    """What somebody has to set up, and what they may.

    Attributes:
        required: Kinds that everybody here has to have.
        offered: Kinds that may be set up, the required ones among them.
    """

    required: tuple[FactorKind, ...] = ()
    offered: tuple[FactorKind, ...] = ()


NO_ENROLMENTS = Enrolments()


@dataclass(frozen=True)
class Remembering:
    """A browser may be known from now on, so that it is not asked for a second factor.

    Attributes:
        lifetime: Seconds; ``None``: until something changes.
        by_default: Whether the box is ticked.
        instead: What is asked of a browser that is known, in the place of all assurances.
    """

    lifetime: int | None = None
    by_default: bool = False
    instead: tuple[Assurance, ...] = ()


@dataclass(frozen=True)
class Requirement:
    """At first: that somebody is signed in (OpenID Connect Core §3.1.2.1).

    Attributes:
        user_id: Who it has to be (``id_token_hint``).
        again: They have to sign in for this very request (``prompt=login``).
        max_age: Seconds that their sign-in may be old.
        asked_at: Since when the request waits: a sign-in from then on is for it. ``None``: it does not wait, so nobody
            has signed in for it yet. Only the request's own record knows it: a parameter would be the browser's word.
        assurances: All of these have to hold.
        enrolments: What may be set up on the way.
        remembering: ``None``: browsers are not remembered.
        idp: Which identity provider has to say who it is; ``None``: it does not matter.
        profile: What they have to say of themselves before they go on; ``None``: nothing.
    """

    user_id: str | None = None
    again: bool = False
    max_age: int | None = None
    asked_at: int | None = None
    assurances: tuple[Assurance, ...] = ()
    enrolments: Enrolments = NO_ENROLMENTS
    remembering: Remembering | None = None
    idp: str | None = None
    profile: AskedProfile | None = None


NOTHING = Requirement()
#: What came out for somebody: the word of the log.
Outcome = Literal["ALLOW", "CHALLENGE", "ENROL", "DENY"]


@dataclass(frozen=True)
class Verdict:
    """What the log says of a decision: which policies and rules decided, and what was found out for it."""

    targets: tuple[Party, ...] = ()
    debug: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Demanded:
    """What policies say about one sign-on.

    Attributes:
        denied: Nobody gets in so, whatever is proved.
        requirement: What has to be proved, and what may be set up on the way.
        terms: Of the session; ``None``: those of the deployment.
        reason: Policy and rule that decided, for the log.
        watched: Some rule asks how unusual sign-ons are, so they are remembered.
        verdict: For the log; ``None``: nobody wrote a policy, and there is nothing to say.
    """

    denied: bool = False
    requirement: Requirement = NOTHING
    terms: SessionTerms | None = None
    reason: str = ""
    watched: bool = False
    verdict: Verdict | None = None


NOTHING_MORE = Demanded()


class Attempt(Protocol):
    """How somebody comes."""

    @property
    def request(self) -> Request:
        """Address, browser and headers."""

    @property
    def browser(self) -> str | None:
        """SHA-256 of the cookie that names the browser; ``None``: a caller of the API."""

    @property
    def device(self) -> str | None:
        """Digest of what this browser is remembered by; ``None``: nothing."""

    @property
    def told(self) -> ToldDevice | None:
        """The device, as a caller of the API says whom we trust."""

    @property
    def mark(self) -> str | None:
        """Digest of what tells this browser or device from others; ``None``: nothing does."""

    @property
    def idp(self) -> str:
        """The identity provider that says who it is; empty: we know them ourselves."""

    @property
    def assessment(self) -> Assessment | None:
        """How unusual the sign-on was of the session that there is; ``None``: nobody asked, or there is none."""


class SignOnDemands(Protocol):
    """Knows the policies of people."""

    def of_sign_on(
        self, person: Person, attempt: Attempt, *, now: int, trusted: Callable[[], bool] | None = None
    ) -> Demanded:
        """What the global session policy asks, and the one about enrolment.

        Args:
            person: Who it is.
            attempt: How they come.
            now: Unix seconds.
            trusted: A sign-on begins, so how unusual it is is found out where any rule asks; tells whether the device
                is remembered, or a passkey came first. ``None``: none begins.

        Raises:
            Unavailable: Storage could not answer.
        """

    def signed_on(self, user: User, attempt: Attempt, *, now: int) -> None:
        """Remember that somebody is signed on, where that is ``watched``."""

    def failed(self, login: str, attempt: Attempt, *, now: int) -> None:
        """Remember that somebody was refused, where some rule asks for that."""


class AppDemands(Protocol):
    """Knows the policies of apps."""

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        """What the app's authentication policy asks of who signs in to it. Raises Unavailable."""

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:
        """What somebody may set up who cannot prove that. Raises Unavailable."""


class PeopleDemands(SignOnDemands, AppDemands, Protocol):
    """What policies of people ask of a sign-in, and of one to an app."""


def written(requirement: Requirement) -> str:
    """As transactions keep it."""
    import msgspec  # few sign-ons are kept

    return msgspec.json.encode(requirement).decode("utf-8")


def read(text: str) -> Requirement:
    """What ``written`` made."""
    import msgspec

    return msgspec.json.decode(text, type=Requirement) if text else Requirement()
