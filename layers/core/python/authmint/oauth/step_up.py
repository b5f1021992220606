"""What an API asks of its caller's sign-in, and how it says so (RFC 9470): for our own resources and for verifiers."""

from collections.abc import Collection, Mapping
from typing import Any


def wanted(
    claims: Mapping[str, Any], acr_values: Collection[str], max_age: int | None, *, now: int
) -> Mapping[str, str] | None:
    """The parameters of the challenge (RFC 9470 §3) where the sign-in behind a token is not enough.

    Args:
        claims: Of the access token: ``acr`` and ``auth_time`` count.
        acr_values: Classes of which its user has to have proved one; none: any will do.
        max_age: Seconds that the sign-in may be old; ``None``: any age will do.
        now: Unix seconds.

    Returns:
        What a client has to ask the authorization endpoint for; ``None``: the sign-in is enough.
    """
    signed_in_at = claims.get("auth_time")
    fresh = max_age is None or (isinstance(signed_in_at, int) and now - signed_in_at <= max_age)
    if fresh and (not acr_values or claims.get("acr") in acr_values):
        return None
    asked = {"acr_values": " ".join(acr_values)} if acr_values else {}
    return asked if max_age is None else asked | {"max_age": str(max_age)}
