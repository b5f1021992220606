"""Browser sessions, and the one-time tokens that start them (docs/protocol.md §4.12, ``/api/v1/sessions``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .generations import FIRST, Generations
from .logout_notices import InformedClient
from .sign_on_transactions import Assessment, Proof, SessionTerms, voucher_of


@dataclass(frozen=True)
class Session:
    """A user's session in one browser. ``digest`` is SHA-256 of the cookie's value, base64url.

    Attributes:
        id: What administrators and ID tokens call it; never the cookie's value.
        auth_time: When the user proved who they are, last.
        idle_expires_at: Moves on with use, up to ``expires_at``.
        proofs: What was proved, and when: ``auth_time`` and ``amr`` follow from it (``sign_on.sessions``).
        csrf: What forms of this session have to send back (256 random bits).
        idle_lifetime: Seconds that it may go without use; 0: as the deployment says.
        persistent: It outlives the browser's closing.
        assessment: How unusual the sign-on was that began it; ``None``: nobody asked.
        agent: What the browser called itself as the session began, as people know it.
        address: From where it began.
    """

    digest: str
    id: str
    user_id: str
    created_at: int
    auth_time: int
    idle_expires_at: int
    expires_at: int
    csrf: str
    amr: tuple[str, ...]
    proofs: tuple[Proof, ...] = ()
    last_seen_at: int = 0
    generations: Generations = FIRST
    idle_lifetime: int = 0
    persistent: bool = False
    assessment: Assessment | None = None
    agent: str = ""
    address: str = ""

    @property
    def proved(self) -> tuple[Proof, ...]:
        """What was proved: sessions from before proofs were kept began with a password."""
        return self.proofs or (Proof("password", self.auth_time),)

    @property
    def idp(self) -> str | None:
        """Id of the identity provider that said who its user is; ``None``: we know them ourselves."""
        voucher = voucher_of(self.proved)
        return None if voucher is None else voucher.idp_id


class Sessions(Protocol):
    """All sessions of a deployment."""

    def add(self, session: Session) -> None:
        """Store a new session. Raises AlreadyExists: a call before this one did."""

    def get(self, digest: str) -> Session:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound."""

    def by_id(self, session_id: str) -> Session:
        """The session that administrators call so. Raises NotFound."""

    def save(self, session: Session) -> None:
        """Store another use or another sign-in. Nothing happens where the session is gone."""

    def renew(self, before: Session, after: Session) -> None:
        """Put a session under another digest, all or nothing: from then on the one before finds nothing.

        Raises:
            NotFound: It is gone, or another call renewed it.
        """

    def inform(self, session: Session, client: InformedClient) -> None:
        """Note a client that is to be told when the session ends, before it gets the token that names it.

        Raises:
            NotFound: The session has ended.
        """

    def end(self, session: Session) -> None:
        """Remove a session, and store notices for its clients. Nothing happens where it is gone."""

    def of_user(self, user_id: str, *, limit: int = 100) -> Sequence[Session]:
        """Sessions of a user, the youngest first. Expired ones are found too, for a while."""

    def end_all(self, user_id: str) -> int:
        """Remove every session of a user, with notices as ``end``; how many there were."""


@dataclass(frozen=True)
class SessionToken:
    """Proof of a sign-in, good for one session within five minutes. ``terms``: of that session."""

    digest: str
    user_id: str
    expires_at: int
    proofs: tuple[Proof, ...] = ()
    generations: Generations = FIRST
    terms: SessionTerms | None = None


class SessionTokens(Protocol):
    """All session tokens of a deployment."""

    def add(self, token: SessionToken) -> None:
        """Store a new token. Raises AlreadyExists: a call before this one did."""

    def spend(self, digest: str, *, at: int) -> SessionToken:
        """Use a token up, exactly once even under concurrent calls.

        Raises:
            NotFound: There is none, it was used, or it has expired.
        """
