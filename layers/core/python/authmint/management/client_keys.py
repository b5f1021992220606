"""Public keys of clients (contract §14.6): what is taken, and ``/api/v1/apps/{appId}/credentials/jwks``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..clock import timestamp
from ..http import Response
from ..ids import Ids
from ..jose.keys import PRIVATE_MEMBERS, BadKey, public_key
from ..storage.clients import Client, ClientKey
from ..storage.events import Event
from ..storage.servers import Status
from .call import NO_CONTENT, Call, lifecycle, link
from .client_changes import ClientChanges, app_party
from .errors import invalid, not_found
from .server_changes import replaced, without

MOST: Final = 50
_TOO_MANY: Final = f"You've reached the maximum number of keys per client ({MOST})."
_SHORT: Final = "RSA key length in the 'jwks' is less than '2,048' bits for the given key."
_NOT_UNIQUE: Final = "Each key must have a unique ''kid''."
Changed = tuple[Client, ClientKey, Sequence[Event]]


def refused(cause: str) -> Exception:
    """E0000001 about a key."""
    return invalid("JsonWebKey", cause)


def read_jwk(jwk: Any) -> dict[str, Any]:
    """A public key as it is kept. Raises ApiError (E0000001, ``JsonWebKey``)."""
    if not isinstance(jwk, Mapping):
        raise refused("Each key must be an object.")
    kept = {name: value for name, value in jwk.items() if name not in _NOT_OF_THE_KEY and value is not None}
    if PRIVATE_MEMBERS & kept.keys():
        raise refused("A private or symmetric key must not be sent. Send the public key only.")
    for name in ("kid", "use", "alg"):
        if name in kept and (not isinstance(kept[name], str) or not 0 < len(kept[name]) <= 255):
            raise refused(f"''{name}'' must be a string of 1 to 255 characters.")
    if kept.get("use", "sig") not in {"sig", "enc"}:
        raise refused("''use'' must be 'sig' or 'enc'.")
    if any(not isinstance(value, str | list) for value in kept.values()) or len(str(kept)) > 8_192:
        raise refused("The key is malformed.")
    try:
        public_key(kept)
    except BadKey as error:
        if "RSA key length" in str(error):
            raise refused(_SHORT) from None
        raise refused(f"The key is not valid: {error}.") from None
    return kept


_NOT_OF_THE_KEY: Final = frozenset({"id", "status", "created", "lastUpdated", "_links"})


def read_jwks(jwks: Any, ids: Ids, known: Sequence[ClientKey], now: int) -> tuple[ClientKey, ...]:
    """The keys of a ``jwks`` member; those known before keep their id. Raises ApiError."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list):
        raise refused("''jwks'' must be an object with an array ''keys''.")
    if len(keys) > MOST:
        raise refused(_TOO_MANY)
    read = [read_jwk(key) for key in keys]
    kids = [key.get("kid") for key in read]
    if len(read) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise refused(_NOT_UNIQUE)
    before = {key.jwk.get("kid"): key for key in known}
    return tuple(
        replace(before[jwk.get("kid")], jwk=jwk)
        if jwk.get("kid") in before
        else ClientKey(ids.object_id("pks"), jwk, now, now)
        for jwk in read
    )


class ClientKeys:
    """Keys of one app, one by one."""

    def __init__(self, changes: ClientChanges, ids: Ids) -> None:
        self._changes = changes
        self._ids = ids

    def list(self, call: Call) -> Response:
        client = self._changes.load(call)
        return Response.json(200, {"jwks": {"keys": [key_json(key, client, call) for key in client.keys]}})

    def get(self, call: Call) -> Response:
        client = self._changes.load(call)
        return Response.json(200, key_json(_found(client, call), client, call))

    def create(self, call: Call) -> Response:
        self._changes.load(call)
        body = call.json()
        jwk = read_jwk(body)
        status: Status = "INACTIVE" if body.get("status") == "INACTIVE" else "ACTIVE"
        key = ClientKey(self._ids.object_id("pks"), jwk, call.now, call.now, status)

        def change(client: Client) -> Changed:
            if len(client.keys) >= MOST:
                raise refused(_TOO_MANY)
            if any(known.jwk.get("kid") == jwk.get("kid") for known in client.keys):
                raise refused(_NOT_UNIQUE)
            after = replace(client, keys=(*client.keys, key), updated_at=call.now)
            return after, key, [_event("create", client, call)]

        client, key = self._changes.change(call, change)
        return Response.json(201, key_json(key, client, call))

    def delete(self, call: Call) -> Response:
        def change(client: Client) -> Changed:
            key = _found(client, call)
            if key.status == "ACTIVE":
                raise refused("''ACTIVE'' keys cannot be deleted. Deactivate the key before deleting it.")
            after = replace(client, keys=without(client.keys, key.id), updated_at=call.now)
            return after, key, [_event("delete", client, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        def change(client: Client) -> Changed:
            key = replace(_found(client, call), status=status, updated_at=call.now)
            after = replace(client, keys=replaced(client.keys, key), updated_at=call.now)
            return after, key, [_event(verb, client, call)]

        client, key = self._changes.change(call, change)
        return Response.json(200, key_json(key, client, call))


def key_json(key: ClientKey, client: Client, call: Call) -> dict[str, Any]:
    """The key with its id and state."""
    href = call.url(f"/api/v1/apps/{client.id}/credentials/jwks/{key.id}")
    links = lifecycle(href, key.status) | ({"delete": link(href, "DELETE")} if key.status == "INACTIVE" else {})
    return {
        "id": key.id,
        "created": timestamp(key.created_at),
        "lastUpdated": timestamp(key.updated_at),
        "status": key.status,
        "use": "sig",
        **key.jwk,
        "_links": links,
    }


def _found(client: Client, call: Call) -> ClientKey:
    for key in client.keys:
        if call.params["keyId"] in {key.id, key.jwk.get("kid")}:
            return key
    raise not_found(call.params["keyId"], "JsonWebKey")


def _event(verb: str, client: Client, call: Call) -> Event:
    return call.recorder.event(f"app.oauth2.credentials.lifecycle.{verb}", app_party(client))
