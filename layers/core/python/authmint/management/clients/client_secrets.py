"""``/api/v1/apps/{appId}/credentials/secrets``: client secrets, how they are made and kept (docs/protocol.md §26.5)."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...keys.vault import SecretSeals
from ...storage.clients import AuthMethod, Client, ClientSecret, secret_digest
from ...storage.events import Event
from ...storage.servers import Status
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import ApiError, invalid, not_found
from ..http.paging import whole
from ..servers.server_changes import find, replaced, without
from .client_changes import ClientChanges, app_party

MOST: Final = 2
SECRET_METHODS: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})
_LEAST, _LEAST_FOR_HMAC, _LONGEST = 14, 32, 100
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+")
_KIND: Final = "OAuth2ClientSecretMediated"
Changed = tuple[Client, ClientSecret, Sequence[Event]]


def check_secret(secret: str, method: AuthMethod) -> None:
    """Raises ApiError (E0000001, ``client_secret``) where a chosen secret cannot be one. Never shows it."""
    if method not in SECRET_METHODS:
        problem = f"'client_secret' can't be used when 'token_endpoint_auth_method' is '{method}'."
    elif len(secret) > _LONGEST:
        problem = f"'client_secret' can't be more than '{_LONGEST}' characters long."
    elif len(secret) < _LEAST:
        problem = f"'client_secret' must be at least '{_LEAST}' characters long."
    elif method == "client_secret_jwt" and len(secret) < _LEAST_FOR_HMAC:
        problem = (
            f"'client_secret' must be at least '{_LEAST_FOR_HMAC}' characters long when "
            "'token_endpoint_auth_method' is 'client_secret_jwt'."
        )
    elif not _PRINTABLE.fullmatch(secret):
        problem = "''client_secret'' must only contain printable ASCII: [x20-x7E]+"
    else:
        return
    raise invalid("client_secret", f"client_secret: {problem}")


class SecretVault:
    """Makes, seals and opens client secrets."""

    def __init__(self, seals: SecretSeals, ids: Ids) -> None:
        self._seals = seals
        self._ids = ids

    def make(self, client_id: str, secret: str | None, now: int, status: Status = "ACTIVE") -> ClientSecret:
        """A secret of 64 characters, or the one given. Raises VaultUnavailable."""
        secret = secret or self._ids.opaque(48)
        secret_id = self._ids.object_id("ocs")
        wrapped = self._seals.seal(client_id, secret_id, secret)
        return ClientSecret(secret_id, secret_digest(secret), wrapped, now, now, status)

    def show(self, client: Client, secret: ClientSecret) -> str:
        """A secret as it is shown, opened by KMS. Raises VaultUnavailable."""
        return self._seals.open(client.id, secret.id, secret.wrapped)

    def newest(self, client: Client) -> str | None:
        """The newest ACTIVE secret of a client, if it has one."""
        active = [secret for secret in client.secrets if secret.status == "ACTIVE"]
        return self.show(client, active[-1]) if active and client.auth_method in SECRET_METHODS else None


class ClientSecrets:
    """Secrets of one app, one by one. Every answer shows the secret (docs/protocol.md §26.5)."""

    def __init__(self, changes: ClientChanges, vault: SecretVault) -> None:
        self._changes = changes
        self._vault = vault

    def list(self, call: Call) -> Response:
        client = self._changes.load(call)
        return whole(call.request, [self._json(secret, client, call) for secret in client.secrets])

    def get(self, call: Call) -> Response:
        client = self._changes.load(call)
        return Response.json(200, self._json(_found(client, call), client, call))

    def create(self, call: Call) -> Response:
        client = self._changes.load(call)
        given, status = None, "ACTIVE"
        if call.request.body:
            body = call.body()
            given = body.text("client_secret", longest=10_000)
            status = body.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE")
            body.check()
        if given is not None or client.auth_method not in SECRET_METHODS:
            check_secret(given or "", client.auth_method)
        if len(client.secrets) >= MOST:
            raise _too_many()
        secret = self._vault.make(client.id, given, call.now, status)  # type: ignore[arg-type]
        text = self._vault.show(client, secret)

        def change(client: Client) -> Changed:
            if len(client.secrets) >= MOST:
                raise _too_many()
            after = replace(client, secrets=(*client.secrets, secret), updated_at=call.now)
            return after, secret, [_event("create", client, call)]

        client, secret = self._changes.change(call, change)
        return Response.json(201, secret_json(secret, text, client, call))

    def delete(self, call: Call) -> Response:
        def change(client: Client) -> Changed:
            secret = _found(client, call)
            if secret.status == "ACTIVE":
                text = "You can't delete an active client secret. Deactivate the secret before deleting it."
                raise invalid(_KIND, text)
            after = replace(client, secrets=without(client.secrets, secret.id), updated_at=call.now)
            return after, secret, [_event("delete", client, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        client = self._changes.load(call)
        text = self._vault.show(client, _found(client, call))

        def change(client: Client) -> Changed:
            secret = _found(client, call)
            others = [known for known in client.secrets if known.id != secret.id and known.status == "ACTIVE"]
            if status == "INACTIVE" and not others:
                raise invalid(_KIND, "You can't deactivate the only active client secret.")
            secret = replace(secret, status=status, updated_at=call.now)
            after = replace(client, secrets=replaced(client.secrets, secret), updated_at=call.now)
            return after, secret, [_event(verb, client, call)]

        client, secret = self._changes.change(call, change)
        return Response.json(200, secret_json(secret, text, client, call))

    def _json(self, secret: ClientSecret, client: Client, call: Call) -> dict[str, Any]:
        return secret_json(secret, self._vault.show(client, secret), client, call)


def secret_json(secret: ClientSecret, text: str, client: Client, call: Call) -> dict[str, Any]:
    """A secret as it is shown, with the secret itself (docs/protocol.md §26.5)."""
    href = call.url(f"/api/v1/apps/{client.id}/credentials/secrets/{secret.id}")
    links = lifecycle(href, secret.status)
    if secret.status == "INACTIVE":
        links["delete"] = link(href, "DELETE")
    return {
        "id": secret.id,
        "created": timestamp(secret.created_at),
        "lastUpdated": timestamp(secret.updated_at),
        "status": secret.status,
        "client_secret": text,
        "secret_hash": secret_hash(text),
        "_links": links,
    }


def secret_hash(secret: str) -> str:
    """base64url of the first 16 bytes of SHA-256 (docs/protocol.md §26.5)."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()[:16]).rstrip(b"=").decode("ascii")


def _too_many() -> ApiError:
    return invalid(_KIND, "You've reached the maximum number of client secrets per client.")


def _found(client: Client, call: Call) -> ClientSecret:
    secret: ClientSecret | None = find(client.secrets, call.params["secretId"])
    if secret is None:
        raise not_found(call.params["secretId"], _KIND)
    return secret


def _event(verb: str, client: Client, call: Call) -> Event:
    return call.recorder.event(f"app.oauth2.client.lifecycle.secret.{verb}", app_party(client))
