"""Signatures of deliveries, as Standard Webhooks names them: HMAC-SHA256 over id, time and body (§39.6)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

#: What a signing secret begins with; base64 of its bytes follows.
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def secret_of(opaque: str) -> str:
    """A signing secret from random base64url without padding, of a multiple of four characters but one."""
    raw = base64.urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4))
    return PREFIX + base64.b64encode(raw).decode("ascii")


def signed(message_id: str, now: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a delivery: one signature for each secret. None where there is no secret."""
    if not secrets:
        return {"webhook-id": message_id, "webhook-timestamp": str(now)}
    content = f"{message_id}.{now}.".encode() + body
    signatures = [f"v1,{_signature(secret, content)}" for secret in secrets]
    headers = {"webhook-id": message_id, "webhook-timestamp": str(now)}
    return headers | {"webhook-signature": " ".join(signatures)}


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode("ascii")
