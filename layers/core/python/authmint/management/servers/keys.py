"""``…/credentials`` of a server: its signing keys (docs/protocol.md §25.6)."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...jose.keys import SigningAlgorithm
from ...keys.birth import fresh_keys
from ...keys.forecast import forecast
from ...keys.rotation import in_order, jwks_max_age, needed_to_rotate, period_end, revoke, rotate
from ...keys.schedule import revocation, rollover
from ...keys.vault import KeyPairs
from ...storage.events import Event
from ...storage.servers import AuthorizationServer, SigningKey
from ..http.call import Call, link
from ..http.errors import invalid, not_found
from ..http.paging import whole
from .server_changes import ServerChanges, path_of


class Keys:
    """Signing keys of one server, and ``keyRotate``."""

    def __init__(self, changes: ServerChanges, pairs: KeyPairs, ids: Ids, *, retention: int) -> None:
        self._changes = changes
        self._pairs = pairs
        self._ids = ids
        self._retention = retention

    def list(self, call: Call) -> Response:
        return _listed(self._changes.load(call), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        for key in server.keys:
            if key.kid == call.params["keyId"]:
                return Response.json(200, key_json(key, server, call))
        raise not_found(call.params["keyId"], "JsonWebKey")

    def rotate(self, call: Call) -> Response:
        """200 with the list after the rotation, which takes effect at once."""
        fresh = self._maker(self._changes.load(call), call.now)
        if not call.request.body or call.body().raw("use") != "sig":
            raise invalid("rotateKeys", "Invalid value specified for key 'use' parameter.")

        def change(server: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            new = fresh(server.algorithm, needed_to_rotate(server))
            after = rotate(server, call.now, new, retention=self._retention)
            return after, None, [rollover(call.recorder, after)]

        after, _ = self._changes.change(call, change)
        return _listed(after, call)

    def revoke(self, call: Call) -> Response:
        """Withdraw a leaked key at once: 200 with the list that is left. Repeating it changes nothing.

        An extension of ours. Every token that the key signed is inactive at introspection from here on. A verifier
        that works offline goes on trusting the key until the copy of the key set that it cached has run out: at most
        the ``max-age`` served before, a day. The new signing key may be unknown to it, which takes one refetch.
        """
        kid = call.params["keyId"]
        fresh = self._maker(self._changes.load(call), call.now)
        reason = "revoked by an administrator"
        if call.request.body:
            body = call.body()
            reason = body.text("reason") or reason
            body.check()

        def change(server: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            if any(known.kid == kid for known in server.revoked):
                return server, None, ()
            if all(key.kid != kid for key in server.keys):
                raise not_found(kid, "JsonWebKey")
            expired = any(key.kid == kid and key.status == "EXPIRED" for key in server.keys)
            after = revoke(server, kid, call.now, () if expired else fresh(server.algorithm, needed_to_rotate(server)))
            return after, None, [revocation(call.recorder, after, kid, reason)]

        after, _ = self._changes.change(call, change)
        return _listed(after, call)

    def rotation(self, call: Call) -> Response:
        """Since when each key is published and signs, and what happens to it next: an extension of ours."""
        return Response.json(200, rotation_json(self._changes.load(call), call.now, retention=self._retention))

    def _maker(
        self, server: AuthorizationServer, now: int
    ) -> Callable[[SigningAlgorithm, int], tuple[SigningKey, ...]]:
        """Makes new keys, once: also when the change that they are for has to be repeated."""
        return cache(
            lambda algorithm, needed: fresh_keys(server.id, algorithm, self._pairs, self._ids, now, needed=needed)
        )


def key_json(key: SigningKey, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """A key as it is shown (docs/protocol.md §25.6): never a private member, in exactly this order."""
    members = {name: value for name, value in key.jwk.items() if name != "kty"}
    href = call.url(f"{path_of(server)}/credentials/keys/{key.kid}")
    return {
        "kty": key.jwk["kty"],
        "status": key.status,
        "alg": key.algorithm,
        "kid": key.kid,
        "use": "sig",
        "_links": {"self": link(href, "GET")},
        **members,
    }


def _listed(server: AuthorizationServer, call: Call) -> Response:
    return whole(call.request, [key_json(key, server, call) for key in in_order(server.keys)], cursor=itemgetter("kid"))


def rotation_json(server: AuthorizationServer, now: int, *, retention: int) -> dict[str, Any]:
    """What ``authmint keys doctor`` shows of a server."""
    return {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "alg": server.algorithm,
        "rotationMode": server.rotation_mode,
        "nextRotation": timestamp(period_end(server)) if server.rotation_mode == "AUTO" else None,
        "jwksMaxAge": jwks_max_age(server, now),
        "keys": [
            {
                "kid": found.key.kid,
                "status": found.key.status,
                "alg": found.key.algorithm,
                "publishedSince": timestamp(found.key.published_at),
                "signsSince": _time(found.key.activated_at),
                "signedUntil": _time(found.key.expired_at),
                "lastTokenExpiresBy": _time(found.last_token_expires_by),
                "next": {"step": found.next_step, "at": _time(found.next_at), "overdue": found.overdue},
            }
            for found in forecast(server, now, retention=retention)
        ],
        "revoked": [{"kid": key.kid, "revokedAt": timestamp(key.revoked_at)} for key in server.revoked],
    }


def _time(at: int | None) -> str | None:
    return None if at is None else timestamp(at)
