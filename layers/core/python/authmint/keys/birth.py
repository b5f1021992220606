"""How a signing key comes into being."""

from dataclasses import replace

from ..ids import Ids
from ..jose.keys import SigningAlgorithm
from ..storage.servers import SigningKey
from .vault import KeyPair, KeyPairs


def new_key(server_id: str, algorithm: SigningAlgorithm, pairs: KeyPairs, ids: Ids, now: int) -> SigningKey:
    """A fresh key, ACTIVE from now on; ``rotation`` turns it into a NEXT key where it is not the first.

    Raises:
        VaultUnavailable: The key management service could not answer.
    """
    kid = ids.opaque(32)
    return _key(kid, algorithm, pairs.generate(server_id, kid, algorithm), now)


def _key(kid: str, algorithm: SigningAlgorithm, pair: KeyPair, now: int) -> SigningKey:
    return SigningKey(
        kid=kid,
        algorithm=algorithm,
        status="ACTIVE",
        jwk=pair.jwk,
        wrapped=pair.wrapped,
        published_at=now,
        activated_at=now,
    )


def fresh_keys(
    server_id: str, algorithm: SigningAlgorithm, pairs: KeyPairs, ids: Ids, now: int, *, needed: int
) -> tuple[SigningKey, ...]:
    """The keys that are needed, and one more to be announced, where the key management service has one to spare.

    A rotation in need does not wait for the key after the next: the schedule makes up for it.

    Raises:
        VaultUnavailable: A key that is needed could not be made.
    """
    keys = [new_key(server_id=server_id, algorithm=algorithm, pairs=pairs, ids=ids, now=now) for _ in range(needed)]
    kid = ids.opaque(32)
    if spare := pairs.spare(server_id, kid, algorithm):
        keys.append(_key(kid, algorithm, spare, now))
    return tuple(keys)


def first_keys(
    server_id: str, algorithm: SigningAlgorithm, pairs: KeyPairs, ids: Ids, now: int
) -> tuple[SigningKey, ...]:
    """What a server is born with: a key that signs, and the one after it. Raises VaultUnavailable."""
    signing, *announced = fresh_keys(server_id=server_id, algorithm=algorithm, pairs=pairs, ids=ids, now=now, needed=1)
    return (signing, *(replace(key, status="NEXT", activated_at=None) for key in announced))
