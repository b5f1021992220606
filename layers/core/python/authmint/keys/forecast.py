"""What happens to each key of a server next, and when: pure, for ``authmint keys doctor``."""

from dataclasses import dataclass
from typing import Literal

from ..storage.servers import AuthorizationServer, SigningKey
from .rotation import RETENTION, in_order, ready_at

What = Literal["announce successor", "stop signing", "start signing", "leave the key set", "wait for keyRotate"]


@dataclass(frozen=True)
class KeyForecast:
    """What will become of one key, and when.

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
    expires_by, step, at = _next(key, server, retention)
    return KeyForecast(
        key=key, last_token_expires_by=expires_by, next_step=step, next_at=at, overdue=at is not None and at <= now
    )


def _next(key: SigningKey, server: AuthorizationServer, retention: int) -> tuple[int | None, What, int | None]:
    ready = ready_at(server)
    if key.status == "EXPIRED":
        return key.withdraw_at, "leave the key set", key.withdraw_at
    if key.status == "ACTIVE" and ready is None:
        return None, "announce successor", server.rotate_at
    if ready is None or server.rotation_mode == "MANUAL":
        return None, "wait for keyRotate", None
    if key.status == "NEXT":
        return None, "start signing", ready
    return ready + retention, "stop signing", ready
