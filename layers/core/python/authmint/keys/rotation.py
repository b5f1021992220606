"""The rotation state machine (management contract §11, runtime contract §19): pure over a server and the time.

A key is born NEXT (published, not signing), becomes ACTIVE (signs) once every verifier that honours the JWKS
max-age has seen it, then EXPIRED (published, verifies) until the last token it signed has expired, then it goes.
"""

from dataclasses import replace
from typing import Final

from ..storage.servers import AuthorizationServer, RevokedKey, SigningKey

ROTATION_PERIOD: Final = 90 * 86_400
ANNOUNCEMENT: Final = 14 * 86_400
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


def wants_next(server: AuthorizationServer, now: int) -> bool:
    """Whether a NEXT key is due to be made and published."""
    return (
        server.rotation_mode == "AUTO"
        and all(key.status != "NEXT" for key in server.keys)
        and now >= period_end(server) - ANNOUNCEMENT
    )


def advance(
    server: AuthorizationServer, now: int, fresh: SigningKey | None = None, *, retention: int = RETENTION
) -> AuthorizationServer:
    """One step of the schedule: withdraw what has served, publish ``fresh``, promote NEXT when its time has come.

    Args:
        server: As stored.
        now: Unix seconds.
        fresh: A key made because ``wants_next`` said so.
        retention: Seconds that an expired key stays published.

    Returns:
        The server with its keys and ``rotate_at`` brought up to date; equal to the input when nothing was due.
    """
    keys = [key for key in server.keys if key.withdraw_at is None or key.withdraw_at > now]
    if fresh is not None:
        keys.append(replace(fresh, status="NEXT", published_at=now, activated_at=None))
    server = replace(server, keys=tuple(keys))
    if server.rotation_mode == "AUTO" and (ready := ready_at(server)) is not None and ready <= now:
        server = _promote(server, now, retention)
    return scheduled(server)


def rotate(
    server: AuthorizationServer, now: int, fresh: SigningKey | None, *, retention: int = RETENTION
) -> AuthorizationServer:
    """Rotate at once (``keyRotate``): NEXT signs from now on, or ``fresh`` where there is no NEXT.

    A key that was never published may sign at once here, so verifiers need their one refetch on an unknown kid.
    """
    if fresh is not None:
        next_key = replace(fresh, status="NEXT", published_at=now, activated_at=None)
        server = replace(server, keys=(*server.keys, next_key))
    keys = tuple(key for key in server.keys if key.withdraw_at is None or key.withdraw_at > now)
    return scheduled(_promote(replace(server, keys=keys), now, retention))


def replacement_wanted(server: AuthorizationServer, kid: str) -> bool:
    """Whether ``revoke`` of this key takes a fresh one: for the NEXT key, and for the ACTIVE one without a NEXT."""
    status = next((key.status for key in server.keys if key.kid == kid), None)
    return status == "NEXT" or (status == "ACTIVE" and all(key.status != "NEXT" for key in server.keys))


def revoke(server: AuthorizationServer, kid: str, now: int, fresh: SigningKey | None) -> AuthorizationServer:
    """Withdraw a leaked key at once, whatever it breaks: it is neither published nor accepted from now on.

    In place of an ACTIVE key the announced one signs, or ``fresh`` where none was; a NEXT key is replaced by
    ``fresh``, announced anew. A verifier that cached the key set trusts the leaked key for up to the ``max-age`` that
    it was served; tokens signed by the others go on as before.

    Args:
        server: As stored.
        kid: Of a key in any state. Unknown, or revoked before: nothing changes.
        now: Unix seconds.
        fresh: A key made because ``replacement_wanted`` said so.
    """
    leaked = next((key for key in server.keys if key.kid == kid), None)
    if leaked is None:
        return server
    keys = tuple(key for key in server.keys if key.kid != kid)
    if fresh is not None:
        keys = (*keys, replace(fresh, status="NEXT", published_at=now, activated_at=None))
    revoked = (*server.revoked, RevokedKey(kid, now))[-REMEMBERED:]
    server = replace(server, keys=keys, revoked=revoked)
    return scheduled(_promote(server, now, 0) if leaked.status == "ACTIVE" else server)


def ready_at(server: AuthorizationServer) -> int | None:
    """When the NEXT key may sign: every verifier that honours the max-age has seen it. ``None`` without one."""
    for key in server.keys:
        if key.status == "NEXT":
            return max(period_end(server), key.published_at + JWKS_MAX_AGE + SKEW)
    return None


def scheduled(server: AuthorizationServer) -> AuthorizationServer:
    """The server with ``rotate_at`` set to the next moment at which ``advance`` has something to do."""
    times = [key.withdraw_at for key in server.keys if key.withdraw_at is not None]
    if server.rotation_mode == "AUTO":
        ready = ready_at(server)
        times.append(period_end(server) - ANNOUNCEMENT if ready is None else ready)
    return replace(server, rotate_at=min(times, default=None))


def jwks_max_age(server: AuthorizationServer, now: int) -> int:
    """Seconds for which a verifier may keep the key set (RFC 9111). Shrinks as a change comes near."""
    until_change = JWKS_MAX_AGE if server.rotate_at is None else server.rotate_at - now
    return max(JWKS_MIN_AGE, min(JWKS_MAX_AGE, until_change))


def in_order(keys: tuple[SigningKey, ...]) -> list[SigningKey]:
    """ACTIVE, then NEXT, then EXPIRED, the latest first (management contract §5.4)."""
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
