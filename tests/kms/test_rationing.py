"""KMS gives one RSA key pair a second: those who want one at once wait their turns, and all of them get it."""

import heapq
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from authmint.deadline import NEEDED
from authmint.keys.birth import first_keys
from authmint.keys.vault import VaultThrottled
from authmint.kms.key_pairs import KmsKeyPairs
from authmint.storage.retrying import Retrying
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.fakes import AT_ONCE, NOW, CountingIds

AT_ONCE_MADE = 20
#: What API Gateway waits for an answer.
PATIENCE_OF_THE_GATEWAY = 29.0


class VirtualTime:
    """Time that goes on when everybody sleeps."""

    def __init__(self, people: int) -> None:
        self.now = 0.0
        self._awake = people
        self._waiting: list[float] = []
        self._changed = threading.Condition()

    def sleep(self, seconds: float) -> None:
        with self._changed:
            until = self.now + seconds
            heapq.heappush(self._waiting, until)
            self._awake -= 1
            self._go_on()
            self._changed.wait_for(lambda: self.now >= until)

    def leave(self) -> None:
        with self._changed:
            self._awake -= 1
            self._go_on()

    def _go_on(self) -> None:
        if self._awake == 0 and self._waiting:
            self.now = self._waiting[0]
            while self._waiting and self._waiting[0] <= self.now:
                heapq.heappop(self._waiting)
                self._awake += 1
            self._changed.notify_all()


class Rationed:
    """A client of KMS that gives one pair a second, and refuses all others."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._next = 0.0
        self.given = 0

    def generate_data_key_pair_without_plaintext(self, **_: Any) -> dict[str, Any]:
        with self._lock:
            if self._time.now < self._next:
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GenerateDataKeyPairWithoutPlaintext")
            self._next = self._time.now + 1.0
            self.given += 1
        return {"PublicKey": PUBLIC, "PrivateKeyCiphertextBlob": b"wrapped"}


#: One key is as good as another here.
PUBLIC = (
    ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)


def test_twenty_servers_made_at_once_all_get_their_key_in_time() -> None:
    time = VirtualTime(AT_ONCE_MADE)
    kms = Rationed(time)

    def make(number: int) -> tuple[float, int]:
        retrying = Retrying(
            in_time=lambda: time.now + NEEDED <= PATIENCE_OF_THE_GATEWAY,
            sleep=time.sleep,
            random=Random(number).random,  # noqa: S311 - to be repeated
        )
        keys = first_keys(f"aus{number}", "ES256", KmsKeyPairs(kms, "key", retrying), CountingIds(number * 100), NOW)
        made_at = time.now
        time.leave()
        return made_at, len(keys)

    with ThreadPoolExecutor(AT_ONCE_MADE) as pool:
        made = list(pool.map(make, range(AT_ONCE_MADE)))

    assert max(at for at, _ in made) < PATIENCE_OF_THE_GATEWAY - NEEDED
    assert kms.given == sum(keys for _, keys in made)
    # Keys that nobody waits for are left to the schedule.
    assert sum(keys for _, keys in made) <= AT_ONCE_MADE + 1


def test_who_waits_for_nobody_gets_the_announced_key_too() -> None:
    generous = KmsKeyPairs(_Generous(), "key", AT_ONCE)

    assert [key.status for key in first_keys("aus", "ES256", generous, CountingIds(), NOW)] == ["ACTIVE", "NEXT"]


def test_a_key_that_never_comes_is_an_outage_that_says_so() -> None:
    with pytest.raises(VaultThrottled, match="ThrottlingException"):
        KmsKeyPairs(_Never(), "key", AT_ONCE).generate("aus", "kid", "ES256")


class _Generous:
    def generate_data_key_pair_without_plaintext(self, **_: Any) -> dict[str, Any]:
        return {"PublicKey": PUBLIC, "PrivateKeyCiphertextBlob": b"wrapped"}


class _Never:
    def generate_data_key_pair_without_plaintext(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GenerateDataKeyPairWithoutPlaintext")
