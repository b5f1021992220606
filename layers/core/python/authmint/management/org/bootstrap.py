"""Direct invocation of the management function, authorized by IAM: the first administrators, the built-in servers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ...audit.recorder import Recorder
from ...clock import Clock
from ...http import Request
from ...ids import Ids
from ...storage.api_tokens import ApiToken, ApiTokens
from ...storage.clients import secret_digest
from ...storage.errors import AlreadyExists, NotFound
from ...storage.events import Party
from ...storage.servers import ORG_SERVER, AuthorizationServer
from ..servers.server_changes import server_party
from ..servers.servers import Servers
from .administrators import Administrators
from .console_app import ConsoleApp
from .org_server import org_server

_ACTIONS: Final = ("bootstrap", "create_api_token", "create_administrator", "set_up_console")
_NAME: Final = "first administrator"
_GIVEN: Final = re.compile(r"[\x21-\x7e]{32,512}")
DEFAULT_DESCRIPTION: Final = "Default Authorization Server for your Applications"


class Bootstrap:
    """What whoever may invoke the function can do, and nobody else."""

    def __init__(
        self,
        servers: Servers,
        api_tokens: ApiTokens,
        administrators: Administrators,
        console: ConsoleApp,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._servers = servers
        self._api_tokens = api_tokens
        self._administrators = administrators
        self._console = console
        self._clock = clock
        self._ids = ids

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """``{"action": "bootstrap"}``, once, or ``{"action": "create_api_token", "name": …}``, for a locked-out one.

        ``token`` may be given (32 to 512 printable characters without spaces), else it is made. Repeating a call
        with the same token changes nothing. ``{"action": "create_administrator", "login": …}`` is about a person,
        ``{"action": "set_up_console"}`` about the application of the console.
        """
        refusal = _problem(payload)
        if refusal is not None:
            return refusal
        action, given = payload["action"], payload.get("token")
        makers: dict[str, Callable[[Mapping[str, Any], Recorder], dict[str, Any]]] = {
            "create_administrator": self._administrators,
            "set_up_console": self._console,
        }
        if action in makers:
            self._add_servers()
            return makers[action](payload, self._recorder())
        name = payload.get("name", _NAME)
        if action == "bootstrap":
            self._add_servers()
            if given is not None and self._known(given):
                return {"token": given, "created": False}
            if self._api_tokens.any():
                return _refused("already_bootstrapped", "there is an API token; 'create_api_token' makes another")
        elif given is not None and self._known(given):
            return {"token": given, "created": False}
        return {"token": self._new_token(given, name), "created": True}

    def _known(self, token: str) -> bool:
        try:
            self._api_tokens.find(secret_digest(token))
        except NotFound:
            return False
        return True

    def _new_token(self, given: str | None, name: str) -> str:
        token = given or self._ids.opaque(32)
        record = ApiToken(
            id=self._ids.object_id("00T"),
            name=name,
            user_id=self._ids.object_id("00u"),
            digest=secret_digest(token),
            created_at=self._clock.now(),
            used_at=self._clock.now(),
        )
        event = self._recorder().event("system.api_token.create", Party(record.id, "Token", display_name=name))
        self._api_tokens.add(record, [event])
        return token

    def _add_servers(self) -> None:
        self._add_server("default", self._default_server)
        self._add_server(ORG_SERVER, self._org_server)

    def _add_server(self, server_id: str, make: Callable[[], AuthorizationServer]) -> None:
        try:
            self._servers.changes.servers.get(server_id)
        except NotFound:
            server = make()
            event = self._recorder().event("oauth2.as.created", server_party(server))
            try:
                self._servers.changes.servers.add(server, [event])
            except AlreadyExists:  # another invocation was first
                return

    def _default_server(self) -> AuthorizationServer:
        server = self._servers.newborn("default", "api://default", "RS256", self._clock.now())
        return replace(server, is_default=True, description=DEFAULT_DESCRIPTION)

    def _org_server(self) -> AuthorizationServer:
        now = self._clock.now()
        return org_server(self._servers.newborn("org", "org", "RS256", now, server_id=ORG_SERVER), self._ids, now)

    def _recorder(self) -> Recorder:
        return Recorder(self._clock, self._ids, Party("iam", "SystemPrincipal"), Request("INVOKE", "/"))


def _problem(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is wrong with a direct invocation; ``None``: nothing is."""
    given, name = payload.get("token"), payload.get("name", _NAME)
    if payload.get("action") not in _ACTIONS:
        return _refused("unknown_action", f"action must be one of {', '.join(_ACTIONS)}")
    if given is not None and not (isinstance(given, str) and _GIVEN.fullmatch(given)):
        return _refused("bad_token", "token must be 32 to 512 printable ASCII characters without spaces")
    if not isinstance(name, str) or not 0 < len(name) <= 255:
        return _refused("bad_name", "name must be 1 to 255 characters")
    return None


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"error": code, "message": message}
