"""``/api/v1/authorizationServers/{id}/security``: settings that only this service has (docs/protocol.md §25.8).

All are off at first: each widens what a server does.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...http import Response
from ...storage.events import Event
from ...storage.servers import AuthorizationServer
from ..http.call import Call
from .server_changes import ServerChanges, server_party

_KNOWN: Final = frozenset({"largeAccessTokens", "resourceIndicators"})


class SecuritySettings:
    """The settings of one server, read and replaced."""

    def __init__(self, changes: ServerChanges) -> None:
        self._changes = changes

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(self._changes.load(call)))

    def replace(self, call: Call) -> Response:
        """200. What is left out is off; what nobody knows is refused, so that nobody relies on it."""
        self._changes.load(call)
        body = call.body()
        large = body.flag("largeAccessTokens", default=False)
        resources = body.choice("resourceIndicators", ("OFF", "ON"), "OFF") == "ON"
        for name in body.names():
            if name not in _KNOWN:
                body.problem(name[:100], "There is no such setting.")
        body.check()

        def change(before: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            after = replace(before, large_access_tokens=large, resource_indicators=resources)
            if after == before:
                return before, None, []
            after = replace(after, updated_at=call.now)
            return after, None, [call.recorder.event("oauth2.as.updated", server_party(after))]

        server, _ = self._changes.change(call, change)
        return Response.json(200, _json(server))


def _json(server: AuthorizationServer) -> dict[str, Any]:
    return {
        "largeAccessTokens": server.large_access_tokens,
        "resourceIndicators": "ON" if server.resource_indicators else "OFF",
    }
