"""Servers with keys of every state."""

from authmint.keys import rotation
from authmint.keys.birth import first_keys, fresh_keys, new_key
from authmint.keys.rotation import advance, needed_to_rotate, rotate, wants_next
from authmint.storage.servers import AuthorizationServer, SigningKey

from tests.support.builders import a_server
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs

IDS, PAIRS = CountingIds(), FakeKeyPairs()
DAY = 86_400


def fresh(now: int) -> SigningKey:
    return new_key("aus", "ES256", PAIRS, IDS, now)


def newborn(**changes: object) -> AuthorizationServer:
    return a_server(algorithm="ES256", **{"keys": first_keys("aus", "ES256", PAIRS, IDS, NOW)} | changes)


def unannounced(**changes: object) -> AuthorizationServer:
    """From before a NEXT key was always published, or whose next key could not be made."""
    return a_server(algorithm="ES256", **changes)


def rotated(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """What ``keyRotate`` does."""
    return rotate(server, now, fresh_keys("aus", "ES256", PAIRS, IDS, now, needed=needed_to_rotate(server)))


def run(server: AuthorizationServer, now: int) -> AuthorizationServer:
    """What one run of the schedule does."""
    if server.rotate_at is None or server.rotate_at > now:
        return server
    return advance(server, now, fresh(now) if wants_next(server, now) else None)


def states(server: AuthorizationServer) -> list[str]:
    return [key.status for key in rotation.in_order(server.keys)]
