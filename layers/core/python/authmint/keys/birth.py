"""How a signing key comes into being."""

from ..ids import Ids
from ..jose.keys import SigningAlgorithm
from ..storage.servers import SigningKey
from .vault import KeyPairs


def new_key(server_id: str, algorithm: SigningAlgorithm, pairs: KeyPairs, ids: Ids, now: int) -> SigningKey:
    """A fresh key, ACTIVE from now on; ``rotation`` turns it into a NEXT key where it is not the first.

    Raises:
        VaultUnavailable: The key management service could not answer.
    """
    kid = ids.opaque(32)
    pair = pairs.generate(server_id, kid, algorithm)
    return SigningKey(
        kid=kid,
        algorithm=algorithm,
        status="ACTIVE",
        jwk=pair.jwk,
        wrapped=pair.wrapped,
        published_at=now,
        activated_at=now,
    )
