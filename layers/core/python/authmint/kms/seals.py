"""Client secrets sealed by KMS: they are shown again and are HMAC keys, so a digest alone does not do."""

import base64
from typing import Any

from .key_pairs import translated


def secret_context(client_id: str, secret_id: str) -> dict[str, str]:
    """The encryption context of a client secret. KMS denies it to whoever may only open the other kind."""
    return {"purpose": "client-secret", "client": client_id, "secret": secret_id}


class KmsSeals:
    """``SecretSeals``."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def seal(self, client_id: str, secret_id: str, secret: str) -> str:
        with translated():
            answer = self._client.encrypt(
                KeyId=self._key_id,
                Plaintext=secret.encode(),
                EncryptionContext=secret_context(client_id, secret_id),
            )
        return base64.b64encode(answer["CiphertextBlob"]).decode("ascii")

    def open(self, client_id: str, secret_id: str, wrapped: str) -> str:
        with translated():
            answer = self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(wrapped),
                EncryptionContext=secret_context(client_id, secret_id),
            )
        plaintext: bytes = answer["Plaintext"]
        return plaintext.decode()
