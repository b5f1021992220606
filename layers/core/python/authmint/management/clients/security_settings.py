"""What a client may ask to be protected by, beyond what everybody is: members of both views of it (RFC 9126 §6).

Each is shown where it is on: who reads a client and sends it back changes nothing.
"""

from dataclasses import replace
from typing import Any

from ...storage.clients import Client
from ..http.fields import Fields


def read_security(client: Client, default: Client, settings: Fields) -> Client:
    """The client with what a body says of its protection, or what holds where it says nothing."""
    return replace(
        client,
        pushes_only=settings.flag("require_pushed_authorization_requests", default=default.pushes_only),
    )


def shown_security(client: Client) -> dict[str, Any]:
    """The members that are on."""
    return {"require_pushed_authorization_requests": True} if client.pushes_only else {}
