"""``…/credentials`` of a server: its signing keys (contract §11)."""

from collections.abc import Sequence
from typing import Any

from ..http import Response
from ..ids import Ids
from ..keys.birth import new_key
from ..keys.rotation import in_order, rotate
from ..keys.schedule import rollover
from ..keys.vault import KeyPairs
from ..storage.events import Event
from ..storage.servers import AuthorizationServer, SigningKey
from .call import Call, link
from .errors import invalid, not_found
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
        self._changes.load(call)
        if not call.request.body or call.body().raw("use") != "sig":
            raise invalid("rotateKeys", "Invalid value specified for key 'use' parameter.")
        fresh: list[SigningKey] = []

        def change(server: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            if any(key.status == "NEXT" for key in server.keys):
                new = None
            else:  # made once, also when the change has to be repeated
                fresh[:] = fresh or [new_key(server.id, server.algorithm, self._pairs, self._ids, call.now)]
                new = fresh[0]
            after = rotate(server, call.now, new, retention=self._retention)
            return after, None, [rollover(call.recorder, after)]

        after, _ = self._changes.change(call, change)
        return _listed(after, call)


def key_json(key: SigningKey, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """§11: never a private member, in exactly this order."""
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
    return Response.json(200, [key_json(key, server, call) for key in in_order(server.keys)])
