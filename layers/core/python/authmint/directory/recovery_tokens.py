"""Single-use tokens that let a user choose a password: activation and recovery (docs/protocol.md §27.2)."""

from typing import Literal

from ..ids import Ids
from ..storage.clients import secret_digest
from ..storage.users import RecoveryToken, User


def issue(
    user_id: str, purpose: Literal["activation", "recovery"], ids: Ids, *, now: int, lifetime: int
) -> tuple[str, RecoveryToken]:
    """A new token as it is handed out, once, and as it is remembered. A user has one at a time: the last."""
    text = f"{user_id}.{ids.opaque(32)}"
    return text, RecoveryToken(purpose, secret_digest(text), now + lifetime)


def owner(text: str) -> str:
    """Id of the user that a token names. It proves nothing."""
    return text.partition(".")[0]


def good(user: User, text: str, purpose: Literal["activation", "recovery"], *, now: int) -> bool:
    """Whether the token is the user's, of this purpose, and not expired. Saving a password must drop it."""
    ticket = user.ticket
    if ticket is None or ticket.purpose != purpose or ticket.expires_at <= now:
        return False
    return ticket.digest == secret_digest(text)
