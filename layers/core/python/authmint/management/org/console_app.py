"""The application by which the console signs administrators in, made by whoever may invoke the function."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from ...audit.recorder import Recorder
from ...clock import Clock
from ...ids import Ids
from ...oauth.console_client import (
    CALLBACK_PATH,
    CLIENT_ID,
    HOME_PATH,
    LAPTOP_CALLBACK,
    LAPTOP_CLIENT_ID,
    SCOPES,
    client_secret,
)
from ...storage.clients import Client, Clients, ScopeGrant, secret_digest
from ...storage.errors import AlreadyExists, Conflict, NotFound
from ...storage.retrying import Retrying
from ..clients.client_changes import app_party
from ..clients.client_secrets import SecretVault

_BASE_URL: Final = re.compile(r"(https://[a-z0-9.:-]+|http://(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5})")


@dataclass(frozen=True)
class ConsoleApp:
    """Makes it, and brings it up to date.

    Attributes:
        secret: Of the deployment; ``None``: the console is off.
        base_url: Where browsers find the deployment, where that is configured.
    """

    clients: Clients
    vault: SecretVault
    clock: Clock
    ids: Ids
    retrying: Retrying
    secret: str | None = None
    base_url: str | None = None

    def __call__(self, payload: Mapping[str, Any], recorder: Recorder) -> dict[str, Any]:
        """``{"action": "set_up_console"}``, with ``base_url`` where the deployment has no domain of its own.

        What administrators changed of the app stays, but for what the console cannot do without.
        """
        if self.secret is None:
            return {"error": "console_is_off", "message": "deploy with the parameter ConsoleSecret before"}
        base_url = payload.get("base_url") or self.base_url
        if not isinstance(base_url, str) or not _BASE_URL.fullmatch(base_url):
            message = "base_url must be the address of the deployment: https://host, without a slash at the end"
            return {"error": "bad_base_url", "message": message}
        changed = False
        for client_id in (CLIENT_ID, LAPTOP_CLIENT_ID):
            changed |= self.retrying(partial(self._set_up, client_id, base_url, recorder), on=(Conflict, AlreadyExists))
        return {"clientId": CLIENT_ID, "console": base_url + HOME_PATH, "changed": changed}

    def _set_up(self, client_id: str, base_url: str, recorder: Recorder) -> bool:
        now = self.clock.now()
        try:
            before = self.clients.get(client_id)
        except NotFound:
            made = self._needed(Client(client_id, client_id.replace("-", " "), now, now), base_url, now)
            made = replace(made, grant_types=("authorization_code", "refresh_token"), implicit_assignment=True)
            self.clients.add(made, [recorder.event("application.lifecycle.create", app_party(made))])
            return True
        after = self._needed(before, base_url, now)
        if after == before:
            return False
        after = replace(after, updated_at=now)
        self.clients.save(before, after, [recorder.event("application.lifecycle.update", app_party(after))])
        return True

    def _needed(self, client: Client, base_url: str, now: int) -> Client:
        granted = {grant.scope for grant in client.scope_grants}
        new = [ScopeGrant(self.ids.object_id("oag"), name, now, "iam") for name in SCOPES if name not in granted]
        client = replace(client, pkce_required=True, scope_grants=(*client.scope_grants, *new))
        if client.id == LAPTOP_CLIENT_ID:
            own: dict[str, Any] = {
                "application_type": "native",
                "auth_method": "none",
                "redirect_uris": (LAPTOP_CALLBACK,),
            }
            return replace(client, **own)
        secret = client_secret(self.secret or "")
        known = any(each.digest == secret_digest(secret) and each.status == "ACTIVE" for each in client.secrets)
        return replace(
            client,
            auth_method="client_secret_post",
            redirect_uris=(base_url + CALLBACK_PATH,),
            post_logout_redirect_uris=(base_url + HOME_PATH,),
            secrets=client.secrets if known else (self.vault.make(client.id, secret, now),),
        )
