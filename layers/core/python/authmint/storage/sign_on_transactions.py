"""Sign-ons on their way: who has proved something, and is asked for more before there is a session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .generations import FIRST, Generations
from .users import ProviderKind

#: What can be proved. Each method has its module in ``sign_on``.
Method = Literal["password", "totp", "email", "webauthn", "recovery_code", "question", "federated"]
RiskLevel = Literal["LOW", "MEDIUM", "HIGH"]
#: ``UNKNOWN``: there is too little history. ``BAD_REQUEST``: this request does not say what it would take.
BehaviorResult = Literal["POSITIVE", "NEGATIVE", "UNKNOWN", "BAD_REQUEST"]


@dataclass(frozen=True)
class Vouched:
    """Who said who somebody is, where we did not find out ourselves.

    Attributes:
        kind: What sessions say of the provider.
        amr: How it says that they proved it (RFC 8176), where its word is taken; empty: it is not.
    """

    idp_id: str
    kind: ProviderKind = "FEDERATION"
    amr: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What a user proved, and when (Unix seconds).

    Attributes:
        factor_id: With which factor; ``None``: with none that is enrolled.
        primary: It said who they are, and was not a second proof of that: it moves ``auth_time``.
        synced: With a key that may leave its device (WebAuthn §6.1.3).
        verified: By an authenticator that knew who used it (WebAuthn §6.1).
        vouched: Where an identity provider said it (``federated``): which, and what it said.
    """

    method: Method
    at: int
    factor_id: str | None = None
    primary: bool = False
    synced: bool = False
    verified: bool = False
    vouched: Vouched | None = None


def voucher_of(proofs: Sequence[Proof]) -> Vouched | None:
    """The identity provider that said who it is; ``None``: we know them ourselves."""
    return next((proof.vouched for proof in proofs if proof.vouched is not None), None)


@dataclass(frozen=True)
class Assessment:
    """How unusual a sign-on is. Found once, at its first proof, and kept until it ends (docs/protocol.md §33.6).

    Attributes:
        reasons: Words for what raised the level, as the log has them.
        behaviors: Results by id of the behaviour.
    """

    level: RiskLevel = "LOW"
    reasons: tuple[str, ...] = ()
    behaviors: Mapping[str, BehaviorResult] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionTerms:
    """What a session will be like, as the policy says that let its user in. Seconds.

    Attributes:
        idle_lifetime: Not used for so long, it is over.
        lifetime: After so long it is over in any case; 0: only when it is not used.
        persistent: It outlives the browser's closing.
        assessment: How unusual the sign-on was, for the policies of apps; ``None``: nobody asked.
    """

    idle_lifetime: int
    lifetime: int
    persistent: bool = False
    assessment: Assessment | None = None


@dataclass(frozen=True)
class ToldDevice:
    """What a program that is trusted says of the device it calls for.

    Attributes:
        mark: Digest of it.
        lasting: The device may be remembered by it.
    """

    mark: str
    lasting: bool = False


@dataclass(frozen=True)
class SignOnTransaction:
    """What stands between a caller and a session. ``digest`` is SHA-256 of its handle, base64url.

    Attributes:
        expires_at: Moves on with every step, up to ``ends_at``.
        ends_at: However it goes, it is over then. 0: at ``expires_at``.
        browser: SHA-256 of the cookie of the browser that began it: no other may go on. ``None``: the API's caller.
        onward: Where its browser goes when nothing more is asked.
        password_changed_at: When the password was chosen that was proved: a proof of another one is void.
        password_expired: It has to be replaced.
        password_expires_at: It will have to be then, which its owner is told. 0: nobody has to be told.
        requirement: What is asked, as ``sign_on`` wrote it down as the transaction began.
        terms: Of the session that comes of it; ``None``: those of the deployment.
        session: Digest of the session that is raised by it; ``None``: it makes a new one.
        factor_id: The factor that is being proved, or set up.
        kind: Of that factor, where it is set up.
        alone: No other factor of its kind will do.
        shown: What the caller needs for it, as ``sign_on`` wrote it down.
        skipped: The warning that the password expires was read, and left at that.
        remember: The browser shall be known from now on.
        told: The device, as the program said that began it; ``None``: none is trusted to have said so.
        watched: It is remembered, to be compared, where a session comes of it.
        version: Raised by every step.
    """

    digest: str
    user_id: str
    proofs: tuple[Proof, ...]
    created_at: int
    expires_at: int
    browser: str | None = None
    onward: Mapping[str, str] = field(default_factory=dict)
    password_changed_at: int | None = None
    generations: Generations = FIRST
    ends_at: int = 0
    password_expired: bool = False
    password_expires_at: int = 0
    requirement: str = ""
    terms: SessionTerms | None = None
    session: str | None = None
    factor_id: str | None = None
    kind: Method | None = None
    alone: bool = False
    shown: str = field(default="", repr=False)
    skipped: bool = False
    remember: bool = False
    watched: bool = False
    told: ToldDevice | None = None
    version: int = 0


class SignOnTransactions(Protocol):
    """All transactions of a deployment."""

    def add(self, transaction: SignOnTransaction) -> None:
        """Store a new one. Raises AlreadyExists: a call before this one did."""

    def get(self, digest: str) -> SignOnTransaction:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound: none, or it ended."""

    def move(self, before: SignOnTransaction, after: SignOnTransaction) -> SignOnTransaction:
        """Store a step, and raise the version; the transaction as it is then.

        Raises:
            Conflict: It is not at ``before.version`` any more: another call moved it.
            NotFound: There is none, or it ended.
        """

    def end(self, transaction: SignOnTransaction) -> None:
        """End it, exactly once even under concurrent calls.

        Raises:
            NotFound: There is none, it ended, or another call moved it.
        """
