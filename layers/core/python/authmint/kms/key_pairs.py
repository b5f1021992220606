"""Key pairs from KMS: born wrapped, the private half is never seen here (``GenerateDataKeyPairWithoutPlaintext``)."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from ..jose.keys import SigningAlgorithm, jwk_from_der
from ..keys.vault import KeyPair, VaultThrottled, VaultUnavailable
from ..storage.retrying import Retrying

_SPECS: Final[Mapping[SigningAlgorithm, str]] = {
    "RS256": "RSA_2048",
    "PS256": "RSA_2048",
    "ES256": "ECC_NIST_P256",
    "EdDSA": "ECC_NIST_EDWARDS25519",
}


#: Seconds of pauses. KMS makes one RSA key pair a second, so those of twenty servers made at once take twenty seconds.
_PATIENCE: Final = 25.0
_THROTTLING: Final = frozenset({"ThrottlingException", "LimitExceededException", "RequestLimitExceeded"})


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever keeps KMS from answering into ``VaultUnavailable``; never with a value of the call."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "ClientError")
        kind = VaultThrottled if code in _THROTTLING else VaultUnavailable
        raise kind(f"KMS {error.operation_name}: {code}") from error
    except BotoCoreError as error:
        raise VaultUnavailable(f"KMS: {type(error).__name__}") from error


def signing_context(server_id: str, kid: str) -> dict[str, str]:
    """The encryption context of a signing key: it opens for this server and this kid only."""
    return {"purpose": "signing-key", "server": server_id, "kid": kid}


class KmsKeyPairs:
    """``KeyPairs``."""

    def __init__(self, client: Any, key_id: str, retrying: Retrying | None = None) -> None:
        self._client = client
        self._key_id = key_id
        self._retrying = retrying or Retrying()
        self._others_wait = False

    def generate(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        self._others_wait = False
        attempt = partial(self._attempt, server_id, kid, algorithm)
        return self._retrying(attempt, on=(VaultThrottled,), patience=_PATIENCE)

    def spare(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair | None:
        if self._others_wait:
            return None
        try:
            return self._attempt(server_id, kid, algorithm)
        except VaultUnavailable:
            return None

    def _attempt(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        try:
            return self._made(server_id, kid, algorithm)
        except VaultThrottled:
            self._others_wait = True
            raise

    def _made(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        with translated():
            pair = self._client.generate_data_key_pair_without_plaintext(
                KeyId=self._key_id, KeyPairSpec=_SPECS[algorithm], EncryptionContext=signing_context(server_id, kid)
            )
        wrapped = base64.b64encode(pair["PrivateKeyCiphertextBlob"]).decode("ascii")
        return KeyPair(jwk_from_der(pair["PublicKey"]), wrapped)


class KmsKeyUnwrapper:
    """``KeyUnwrapper``."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def unwrap(self, server_id: str, kid: str, wrapped: str) -> bytes:
        with translated():
            answer = self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(wrapped),
                EncryptionContext=signing_context(server_id, kid),
            )
        plaintext: bytes = answer["Plaintext"]
        return plaintext
