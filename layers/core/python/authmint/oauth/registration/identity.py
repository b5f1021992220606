"""The id of a client that registered itself: a digest of what it was given, and of where."""

import hashlib
import json
import re
from typing import Final

from ...jose.encoding import b64encode
from .metadata import Registration

#: What such ids begin with. No id that we draw has an underscore.
PREFIX: Final = "dcr_"
_DOMAIN: Final = b"authmint-dcr-1"
_LENGTH: Final = 27
_ID: Final = re.compile(r"dcr_[A-Za-z0-9_-]{27}")


def client_id_of(server_id: str, registration: Registration) -> str:
    """The client's id at a server. The same registration is the same client, whoever sends it and however often."""
    digest = hashlib.sha256(b"\0".join((_DOMAIN, server_id.encode(), canonical(registration))))
    return PREFIX + b64encode(digest.digest())[:_LENGTH]


def is_dynamic(client_id: str) -> bool:
    """Whether an id can be one of these."""
    return _ID.fullmatch(client_id) is not None


def canonical(registration: Registration) -> bytes:
    """What makes the client: sorted, each value once, without ports that differ from start to start."""
    members = {
        "client_name": registration.name,
        "client_uri": registration.client_uri,
        "grant_types": sorted(registration.grant_types),
        "redirect_uris": list(registration.places),
        "scope": " ".join(registration.scopes),
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
