"""Public keys of clients: those of a body, and ``/api/v1/apps/{appId}/credentials/jwks``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.clients import Client, ClientKey
from ...storage.events import Event
from ...storage.servers import Status
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import not_found
from ..servers.server_changes import replaced, without
from .client_changes import ClientChanges, app_party
from .key_reading import read_jwk, refused

MOST: Final = 50
_TOO_MANY: Final = (
    f"You can't create a new key. You have reached the maximum number of keys allowed ({MOST}). To add another key, "
    "you must first delete an existing one."
)
_NOT_UNIQUE: Final = "All keys in the 'jwks' must have a unique `kid`."
_WITHOUT_KID: Final = (
    "Each key should have a unique kid when adding multiple keys. Use the Apps API to update the JWKS to add a kid for "
    "the existing key, or delete the existing key and re-add the key with a kid using the JWKS APIs."
)
_ACTIVE: Final = "You can't delete an active JSON Web Key. Deactivate the key before deleting it."
_ONLY_ONE: Final = (
    "Can't deactivate the only active JSON Web Key when the value for `token_endpoint_auth_method` is "
    "`private_key_jwt`."
)
Changed = tuple[Client, ClientKey, Sequence[Event]]


def read_jwks(jwks: Any, ids: Ids, known: Sequence[ClientKey], now: int) -> tuple[ClientKey, ...]:
    """The keys of a ``jwks`` member; those known before keep their id. Raises ApiError."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list):
        raise refused("''jwks'' must be an object with an array ''keys''.")
    if len(keys) > MOST:
        raise refused(_TOO_MANY)
    read = [read_jwk(key) for key in keys]
    kids = [jwk.get("kid") for jwk, _ in read]
    if len(read) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise refused(_NOT_UNIQUE)
    before = {key.jwk.get("kid"): key for key in known}
    return tuple(
        replace(before[jwk.get("kid")], jwk=jwk, spelling=spelling)
        if jwk.get("kid") in before
        else ClientKey(ids.object_id("pks"), jwk, now, now, spelling=spelling)
        for jwk, spelling in read
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
        jwk, spelling = read_jwk(body)
        status: Status = "INACTIVE" if body.get("status") == "INACTIVE" else "ACTIVE"
        key = ClientKey(self._ids.object_id("pks"), jwk, call.now, call.now, status, spelling)

        def change(client: Client) -> Changed:
            if len(client.keys) >= MOST:
                raise refused(_TOO_MANY)
            kids = [known.jwk.get("kid") for known in client.keys]
            if kids and None in {*kids, jwk.get("kid")}:
                raise refused(_WITHOUT_KID)
            if jwk.get("kid") in kids:
                raise refused(_NOT_UNIQUE)
            after = replace(client, keys=(*client.keys, key), updated_at=call.now)
            return after, key, [_event("create", client, call)]

        client, key = self._changes.change(call, change)
        return Response.json(201, key_json(key, client, call))

    def delete(self, call: Call) -> Response:
        def change(client: Client) -> Changed:
            key = _found(client, call)
            if key.status == "ACTIVE":
                raise refused(_ACTIVE)
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
            others = [known for known in client.keys if known.id != key.id and known.status == "ACTIVE"]
            needed = client.auth_method == "private_key_jwt" and client.jwks_uri is None
            if status == "INACTIVE" and needed and not others:
                raise refused(_ONLY_ONE)
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
        **key.spelling,
        "_links": links,
    }


def _found(client: Client, call: Call) -> ClientKey:
    for key in client.keys:
        if call.params["keyId"] in {key.id, key.jwk.get("kid")}:
            return key
    raise not_found(call.params["keyId"], "JsonWebKey")


def _event(verb: str, client: Client, call: Call) -> Event:
    return call.recorder.event(f"app.oauth2.credentials.lifecycle.{verb}", app_party(client))
