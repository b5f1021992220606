"""Secrets sealed by KMS, because they are used as they are: client secrets, those of factors and of hooks."""

import base64
from collections.abc import Callable
from typing import Any

from .key_pairs import translated

#: The encryption context of a secret: whose it is, and which one.
Context = Callable[[str, str], dict[str, str]]


def secret_context(client_id: str, secret_id: str) -> dict[str, str]:
    """The encryption context of a client secret. KMS denies it to whoever may only open the other kind."""
    return {"purpose": "client-secret", "client": client_id, "secret": secret_id}


def factor_context(user_id: str, factor_id: str) -> dict[str, str]:
    """The encryption context of what a factor of a user is checked by."""
    return {"purpose": "factor-secret", "user": user_id, "factor": factor_id}


def idp_context(idp_id: str, secret_id: str) -> dict[str, str]:
    """The encryption context of what this service is known by at an identity provider."""
    return {"purpose": "idp-secret", "idp": idp_id, "secret": secret_id}


def hook_context(hook_id: str, secret_id: str) -> dict[str, str]:
    """The encryption context of a secret that a hook knows us by."""
    return {"purpose": "hook-secret", "hook": hook_id, "secret": secret_id}


class KmsSeals:
    """``SecretSeals``."""

    def __init__(self, client: Any, key_id: str, context: Context = secret_context) -> None:
        self._client = client
        self._key_id = key_id
        self._context = context

    def seal(self, owner_id: str, secret_id: str, secret: str) -> str:
        with translated():
            answer = self._client.encrypt(
                KeyId=self._key_id,
                Plaintext=secret.encode(),
                EncryptionContext=self._context(owner_id, secret_id),
            )
        return base64.b64encode(answer["CiphertextBlob"]).decode("ascii")

    def open(self, owner_id: str, secret_id: str, wrapped: str) -> str:
        with translated():
            answer = self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(wrapped),
                EncryptionContext=self._context(owner_id, secret_id),
            )
        plaintext: bytes = answer["Plaintext"]
        return plaintext.decode()
