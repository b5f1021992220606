"""The rotation state machine: pure over a server and the time.

A key is born NEXT (published, not signing), becomes ACTIVE (signs) once every verifier that honours the JWKS
max-age has seen it, then EXPIRED (published, verifies) until the last token it signed has expired, then it goes.

A NEXT key is always published, under manual rotation too: whoever rotates at once promotes a key that caches hold
already. A verifier's refetch does not help there, because a browser's own cache may answer it. Where there is none for
a moment (the key management service failed), the key set may be kept for minutes only.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..storage.servers import AuthorizationServer, RevokedKey, SigningKey

ROTATION_PERIOD: Final = 90 * 86_400
JWKS_MAX_AGE: Final = 86_400
JWKS_MIN_AGE: Final = 300
SKEW: Final = 300
LONGEST_TOKEN: Final = 86_400
RETENTION: Final = LONGEST_TOKEN + 2 * SKEW
#: Revoked keys that a server remembers. They travel with its head, which every token request reads.
REMEMBERED: Final = 20


def period_end(server: AuthorizationServer) -> int:
    """When the active key's period ends: the ``nextRotation`` of the management API."""
    return (server.active_key.activated_at or 0) + ROTATION_PERIOD


def announced(server: AuthorizationServer) -> SigningKey | None:
    """The key that will sign next and is published already."""
    return next((key for key in server.keys if key.status == "NEXT"), None)


def wants_next(server: AuthorizationServer, now: int) -> bool:
    """Whether ``advance`` takes a fresh key: none is announced, or the one that is starts to sign now."""
    return announced(server) is None or _is_ready(server, now)


def advance(
    server: AuthorizationServer, now: int, fresh: SigningKey | None = None, *, retention: int = RETENTION
) -> AuthorizationServer:
    """One step of the schedule: withdraw what has served, promote NEXT when its time has come, publish ``fresh``.

    Args:
        server: As stored.
        now: Unix seconds.
        fresh: A key made because ``wants_next`` said so.
        retention: Seconds that an expired key stays published.

    Returns:
        The server with its keys and ``rotate_at`` brought up to date; equal to the input when nothing was due.
    """
    server = _withdrawn(server, now)
    if _is_ready(server, now):
        server = _promote(server, now, retention)
    if fresh is not None:
        server = _announce(server, now, fresh)
    return scheduled(server)


def needed_to_rotate(server: AuthorizationServer) -> int:
    """How many fresh keys ``rotate`` cannot do without: one where none is announced."""
    return 1 if announced(server) is None else 0


def rotate(
    server: AuthorizationServer, now: int, fresh: Sequence[SigningKey], *, retention: int = RETENTION
) -> AuthorizationServer:
    """Rotate at once (``keyRotate``): NEXT signs from now on.

    A key that was published less than the max-age ago may be unknown to verifiers: where none was announced, or after
    another rotation a short while ago.

    Args:
        server: As stored.
        now: Unix seconds.
        fresh: ``needed_to_rotate``, and one more that is announced. Without that one the schedule announces it.
        retention: Seconds that an expired key stays published.
    """
    return scheduled(_rotated(_withdrawn(server, now), now, fresh, retention))


def revoke(server: AuthorizationServer, kid: str, now: int, fresh: Sequence[SigningKey]) -> AuthorizationServer:
    """Withdraw a leaked key at once, whatever it breaks: it is neither published nor accepted from now on.

    In place of an ACTIVE key the announced one signs, or a fresh one where none was; a NEXT key is replaced by a fresh
    one. A verifier that cached the key set trusts the leaked key for up to the ``max-age`` that it was served; tokens
    signed by the others go on as before.

    Args:
        server: As stored.
        kid: Of a key in any state. Unknown, or revoked before: nothing changes.
        now: Unix seconds.
        fresh: As for ``rotate``.
    """
    leaked = next((key for key in server.keys if key.kid == kid), None)
    if leaked is None:
        return server
    keys = tuple(key for key in server.keys if key.kid != kid)
    server = replace(server, keys=keys, revoked=(*server.revoked, RevokedKey(kid, now))[-REMEMBERED:])
    if leaked.status == "ACTIVE":
        server = _rotated(server, now, fresh, 0)
    elif leaked.status == "NEXT" and fresh:
        server = _announce(server, now, fresh[-1])
    return scheduled(server)


def ready_at(server: AuthorizationServer) -> int | None:
    """When the NEXT key may sign: every verifier that honours the max-age has seen it. ``None`` without one."""
    key = announced(server)
    return None if key is None else max(period_end(server), key.published_at + JWKS_MAX_AGE + SKEW)


def scheduled(server: AuthorizationServer) -> AuthorizationServer:
    """The server with ``rotate_at`` set to the next moment at which ``advance`` has something to do."""
    times = [key.withdraw_at for key in server.keys if key.withdraw_at is not None]
    ready = ready_at(server)
    if ready is None:
        times.append(server.active_key.published_at)  # at once
    elif server.rotation_mode == "AUTO":
        times.append(ready)
    return replace(server, rotate_at=min(times, default=None))


def jwks_max_age(server: AuthorizationServer, now: int) -> int:
    """Seconds for which a verifier may keep the key set (RFC 9111).

    Shrinks as a change comes near. Minutes while no key is announced: a rotation would use one that nobody has seen.
    """
    if announced(server) is None:
        return JWKS_MIN_AGE
    until_change = JWKS_MAX_AGE if server.rotate_at is None else server.rotate_at - now
    return max(JWKS_MIN_AGE, min(JWKS_MAX_AGE, until_change))


def in_order(keys: tuple[SigningKey, ...]) -> list[SigningKey]:
    """ACTIVE, then NEXT, then EXPIRED, the latest first (docs/protocol.md §23.4)."""
    rank = {"ACTIVE": 0, "NEXT": 1, "EXPIRED": 2}
    return sorted(keys, key=lambda key: (rank[key.status], -(key.expired_at or 0), key.kid))


def _promote(server: AuthorizationServer, now: int, retention: int) -> AuthorizationServer:
    keys = []
    for key in server.keys:
        if key.status == "ACTIVE":
            keys.append(replace(key, status="EXPIRED", expired_at=now, withdraw_at=now + retention))
        elif key.status == "NEXT":
            keys.append(replace(key, status="ACTIVE", activated_at=now))
        else:
            keys.append(key)
    return replace(server, keys=tuple(keys))


def _is_ready(server: AuthorizationServer, now: int) -> bool:
    ready = ready_at(server)
    return server.rotation_mode == "AUTO" and ready is not None and ready <= now


def _rotated(server: AuthorizationServer, now: int, fresh: Sequence[SigningKey], retention: int) -> AuthorizationServer:
    unused = list(fresh)
    if announced(server) is None:
        server = _announce(server, now, unused.pop(0))
    server = _promote(server, now, retention)
    return _announce(server, now, unused[0]) if unused else server


def _announce(server: AuthorizationServer, now: int, fresh: SigningKey) -> AuthorizationServer:
    if announced(server) is not None:
        return server
    key = replace(fresh, status="NEXT", published_at=now, activated_at=None)
    return replace(server, keys=(*server.keys, key))


def _withdrawn(server: AuthorizationServer, now: int) -> AuthorizationServer:
    keys = tuple(key for key in server.keys if key.withdraw_at is None or key.withdraw_at > now)
    return replace(server, keys=keys)
