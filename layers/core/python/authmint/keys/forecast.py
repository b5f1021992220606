"""What happens to each key of a server next, and when: pure, for ``authmint keys doctor``."""

from dataclasses import dataclass
from typing import Literal

from ..storage.servers import AuthorizationServer, SigningKey
from .rotation import ANNOUNCEMENT, RETENTION, in_order, period_end, ready_at

What = Literal["announce successor", "stop signing", "start signing", "leave the key set", "wait for keyRotate"]


@dataclass(frozen=True)
class KeyForecast:
    """One key.

    Attributes:
        last_token_expires_by: No token that it signed lives longer than this; of the ACTIVE key, were it to stop
            signing when it is expected to. ``None``: not known yet, or it has signed nothing.
        next_step: What the schedule does with it next.
        next_at: When; ``None``: only on request.
        overdue: The schedule should have done it by now.
    """

    key: SigningKey
    last_token_expires_by: int | None
    next_step: What
    next_at: int | None
    overdue: bool


def forecast(server: AuthorizationServer, now: int, *, retention: int = RETENTION) -> list[KeyForecast]:
    """Every key of the server, the one that signs first."""
    return [_of(key, server, now, retention) for key in in_order(server.keys)]


def _of(key: SigningKey, server: AuthorizationServer, now: int, retention: int) -> KeyForecast:
    automatic, ready = server.rotation_mode == "AUTO", ready_at(server)
    step: What = "leave the key set"
    expires_by = at = key.withdraw_at
    if key.status == "NEXT":
        expires_by, step, at = None, "start signing", ready
    elif key.status == "ACTIVE" and ready is not None:
        expires_by, step, at = ready + retention, "stop signing", ready
    elif key.status == "ACTIVE":
        expires_by, step, at = None, "announce successor", period_end(server) - ANNOUNCEMENT
    if key.status != "EXPIRED" and not automatic:
        expires_by, step, at = None, "wait for keyRotate", None
    return KeyForecast(key, expires_by, step, at, at is not None and at <= now)
