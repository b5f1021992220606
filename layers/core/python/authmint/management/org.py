"""What official clients ask of an org before they do anything, as far as there is an answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..claims.facts import THIS_ORG
from ..http import Response
from ..storage.clients import Client
from ..storage.events import Event
from .call import Call
from .client_changes import ClientChanges, app_party
from .server_changes import ServerChanges
from .servers import ISSUER_MODES

#: One deployment is one org: its own ids need not differ from those of other deployments.
ORG_ID: Final = THIS_ORG.id
_NO_GROUPS_CLAIM: Final = (
    "A groups claim of one app is not supported. Add a claim with 'valueType' 'GROUPS' to an authorization server."
)


class Org:
    """The few things of an org that are not its authorization servers or clients."""

    def __init__(self, servers: ServerChanges, clients: ClientChanges) -> None:
        self._servers = servers
        self._clients = clients

    def id_token_settings(self, call: Call) -> Response:
        """What Terraform reads of an app beyond the public API."""
        client = self._clients.load(call)
        return _id_token_settings(client, call.request.base_url, client.id)

    def change_id_token_settings(self, call: Call) -> Response:
        """200. The issuer mode is kept; a groups claim is refused: it would never be in a token."""
        self._clients.load(call)
        body = call.body()
        mode = body.choice("issuerMode", ISSUER_MODES, "") or None
        for name in ("name", "value", "valueType", "groupFilterType"):
            if body.text(name):
                body.problem(name, _NO_GROUPS_CLAIM)
        body.check()

        def change(before: Client) -> tuple[Client, None, Sequence[Event]]:
            if mode in {None, before.issuer_mode}:
                return before, None, ()
            after = replace(before, issuer_mode=mode, updated_at=call.now)
            return after, None, [call.recorder.event("application.lifecycle.update", app_party(after))]

        client, _ = self._clients.change(call, change)
        return _id_token_settings(client, None, None)


def _id_token_settings(client: Client, issuer: str | None, audience: str | None) -> Response:
    shown = {
        "issuer": issuer,
        "orgUrl": None,
        "customUrl": None,
        "audience": audience,
        "issuerMode": client.issuer_mode,
    }
    return Response.json(200, shown)


def organization(base_url: str) -> Response:
    """``/.well-known/okta-organization``, anonymous."""
    return Response.json(
        200,
        {
            "id": ORG_ID,
            "cell": "authmint",
            "_links": {"organization": {"href": base_url}},
            "pipeline": "idx",
            "settings": {
                "analyticsCollectionEnabled": False,
                "bugReportingEnabled": False,
                "omEnabled": False,
                "pssoEnabled": False,
                "desktopMFAEnabled": False,
                "itpEnabled": False,
            },
        },
    )
