"""Payloads of identity assertions for other servers (ID-JAG, docs/protocol.md §45.4)."""

from collections.abc import Mapping
from typing import Any, Final

from ..ids import Ids
from ..storage.generations import FIRST
from .access_token import new_jti

ID_JAG_TYPE: Final = "oauth-id-jag+jwt"
#: Seconds that one lives.
LONGEST: Final = 300
_JTI_PREFIX: Final = "IDAAG."


def id_jag_payload(*, issuer: str, subject: str, ids: Ids, now: int, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of one that lives from now for ``LONGEST`` seconds.

    Args:
        issuer: ``iss``.
        subject: ``sub``: id of the user.
        ids: For ``jti``.
        now: Unix seconds.
        claims: The others.
    """
    protocol = {
        "jti": new_jti(_JTI_PREFIX, ids, FIRST),
        "iss": issuer,
        "sub": subject,
        "iat": now,
        "exp": now + LONGEST,
    }
    return {**protocol, **claims}
