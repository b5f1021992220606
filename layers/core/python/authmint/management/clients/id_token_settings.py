"""``/api/v1/internal/apps/{appId}/settings/oauth/idToken``: what Terraform sets of an app beyond the public API.

An app may have one claim of its own about groups. It is in ID tokens of the org authorization server, and in what
userinfo says, where the scope ``groups`` was granted.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from ...claims.identity import SYSTEM_CLAIMS
from ...claims.names import RESERVED
from ...expressions.limits import MAX_LENGTH
from ...http import Response
from ...ids import Ids
from ...oauth.scopes import ORG_SCOPES
from ...storage.clients import Client
from ...storage.events import Event
from ...storage.servers import Claim
from ..http.call import Call
from ..http.fields import Fields
from ..servers.claims import FILTERS, check_value
from ..servers.servers import ISSUER_MODES
from .client_changes import ClientChanges, app_party

PATH: Final = "/api/v1/internal/apps/{appId}/settings/oauth/idToken"


class IdTokenSettings:
    """Issuer mode and groups claim of an app."""

    def __init__(self, clients: ClientChanges, ids: Ids, attributes: Callable[[], Collection[str]]) -> None:
        """``attributes`` gives the names that ``user.`` may be followed by."""
        self._clients = clients
        self._ids = ids
        self._attributes = attributes

    def get(self, call: Call) -> Response:
        client = self._clients.load(call)
        return Response.json(200, _json(client, call.request.base_url, client.id))

    def change(self, call: Call) -> Response:
        """200. All of it is sent: without a name there is no groups claim any more."""
        self._clients.load(call)
        body = call.body()
        mode = body.choice("issuerMode", ISSUER_MODES, "") or None
        made = self._claim(body)
        body.check()

        def change(before: Client) -> tuple[Client, None, Sequence[Event]]:
            known = before.groups_claim
            claim = made if made is None or known is None else replace(made, id=known.id)
            after = replace(before, issuer_mode=mode or before.issuer_mode, groups_claim=claim)
            if after == before:
                return before, None, ()
            after = replace(after, updated_at=call.now)
            return after, None, [call.recorder.event("application.lifecycle.update", app_party(after))]

        client, _ = self._clients.change(call, change)
        return Response.json(200, _json(client, None, None))

    def _claim(self, body: Fields) -> Claim | None:
        name = body.text("name") or ""
        if not name:
            return None
        value_type = body.choice("valueType", ("GROUPS", "EXPRESSION"), "GROUPS")
        kind = body.choice("groupFilterType", FILTERS, "STARTS_WITH")
        claim = Claim(
            id=self._ids.object_id("ocl"),
            name=name,
            claim_type="IDENTITY",
            value_type=value_type,
            value=body.text("value", required=True, longest=MAX_LENGTH),
            scopes=ORG_SCOPES,
            always_include=True,
            group_filter_type=kind if value_type == "GROUPS" else None,
        )
        if name in RESERVED["IDENTITY"] or name in SYSTEM_CLAIMS:
            body.problem("name", f"'{name}' is reserved.")
        check_value(body, claim, self._attributes())
        return claim


def _json(client: Client, issuer: str | None, audience: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "issuer": issuer,
        "orgUrl": None,
        "customUrl": None,
        "audience": audience,
        "issuerMode": client.issuer_mode,
    }
    claim = client.groups_claim
    if claim is None:
        return shown
    shown |= {"name": claim.name, "valueType": claim.value_type, "value": claim.value}
    return shown if claim.group_filter_type is None else shown | {"groupFilterType": claim.group_filter_type}
