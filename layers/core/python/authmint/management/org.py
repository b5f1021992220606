"""What official clients ask of an org before they do anything (contract §19), as far as there is an answer."""

from typing import Final

from ..claims.facts import THIS_ORG
from ..clock import timestamp
from ..http import Response
from .call import Call
from .client_changes import ClientChanges
from .errors import not_found
from .server_changes import ServerChanges

#: One deployment is one org: its own ids need not differ from those of other deployments.
ORG_ID: Final = THIS_ORG.id
ACCESS_POLICY: Final = "rstAuthmintAccess000"


class Org:
    """The few things of an org that are not its authorization servers or clients."""

    def __init__(self, servers: ServerChanges, clients: ClientChanges) -> None:
        self._servers = servers
        self._clients = clients

    def me(self, call: Call) -> Response:
        """The owner of the API token; Terraform asks before anything else."""
        if call.caller.user_id is None:
            raise not_found("me", "User")
        login = f"{call.caller.user_id}@authmint.invalid"
        created = timestamp(call.caller.created_at)
        user = {
            "id": call.caller.user_id,
            "status": "ACTIVE",
            "created": created,
            "activated": created,
            "statusChanged": created,
            "lastLogin": None,
            "lastUpdated": created,
            "passwordChanged": None,
            "profile": {
                "firstName": "Authmint",
                "lastName": "Administrator",
                "mobilePhone": None,
                "secondEmail": None,
                "login": login,
                "email": login,
            },
            "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
            "_links": {"self": {"href": call.url(f"/api/v1/users/{call.caller.user_id}")}},
        }
        return Response.json(200, user)

    def policies(self, call: Call) -> Response:
        """The one sign-on policy that apps can be assigned to (§19)."""
        if call.request.query_value("type") not in {"ACCESS_POLICY", None}:
            return Response.json(200, [])
        href = call.url(f"/api/v1/policies/{ACCESS_POLICY}")
        created = timestamp(call.caller.created_at)
        policy = {
            "id": ACCESS_POLICY,
            "status": "ACTIVE",
            "name": "Default Policy",
            "description": "Default policy",
            "priority": 1,
            "system": True,
            "conditions": None,
            "created": created,
            "lastUpdated": created,
            "_links": {"self": {"href": href}, "rules": {"href": f"{href}/rules"}},
            "type": "ACCESS_POLICY",
        }
        return Response.json(200, [policy])

    def issuer_mode(self, call: Call) -> Response:
        """What Terraform asks of an app beyond the public API."""
        client = self._clients.load(call)
        shown = call.request.method == "GET"
        return Response.json(
            200,
            {
                "issuer": call.request.base_url if shown else None,
                "orgUrl": None,
                "customUrl": None,
                "audience": client.id if shown else None,
                "issuerMode": client.issuer_mode,
            },
        )


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
