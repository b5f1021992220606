"""Sign-ons on their way: who has proved something, and is asked for more before there is a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .generations import FIRST, Generations

#: What can be proved. Each method has its module in ``sign_on``.
Method = Literal["password", "totp", "email", "webauthn", "recovery_code", "question"]


@dataclass(frozen=True)
class Proof:
    """What a user proved, and when (Unix seconds).

    Attributes:
        factor_id: With which factor; ``None``: with none that is enrolled.
        primary: It said who they are, and was not a second proof of that: it moves ``auth_time``.
        synced: With a key that may leave its device (WebAuthn §6.1.3).
        verified: By an authenticator that knew who used it (WebAuthn §6.1).
    """

    method: Method
    at: int
    factor_id: str | None = None
    primary: bool = False
    synced: bool = False
    verified: bool = False


@dataclass(frozen=True)
class SignOnTransaction:
    """What stands between a caller and a session. ``digest`` is SHA-256 of its handle, base64url.

    Attributes:
        browser: SHA-256 of the cookie of the browser that began it: no other may go on. ``None``: the API's caller.
        onward: Where its browser goes when nothing more is asked.
        password_changed_at: When the password was chosen that was proved: a proof of another one is void.
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


class SignOnTransactions(Protocol):
    """All transactions of a deployment."""

    def add(self, transaction: SignOnTransaction) -> None:
        """Store a new one. Raises AlreadyExists: a call before this one did."""

    def get(self, digest: str) -> SignOnTransaction:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound: none, or it ended."""

    def end(self, digest: str) -> None:
        """End it, exactly once even under concurrent calls. Raises NotFound: none, or it ended."""
