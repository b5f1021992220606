"""What official clients ask of an org before they do anything, as far as there is an answer."""

from typing import Final

from ...expressions.facts import THIS_ORG
from ...http import Response

#: One deployment is one org: its own ids need not differ from those of other deployments.
ORG_ID: Final = THIS_ORG.id


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
