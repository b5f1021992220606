"""Stand-ins that tests hold in their hands: a clock that waits, ids that count, a vault that is a dictionary."""

import base64
import io
from functools import cache
from typing import Any

from authmint.ids import base62
from authmint.jose.keys import SigningAlgorithm
from authmint.keys.vault import KeyPair
from authmint.storage.retrying import Retrying
from botocore.awsrequest import AWSResponse

from tests.support.key_pairs import private_jwk_pair

#: The tests' date, 2099-12-03. It lies ahead of the real one: what a test stores with a lifetime would otherwise be
#: expired at once for the backend's own clock, and removed under the test's hands.
NOW = 4_100_000_000
#: Tries again without waiting.
AT_ONCE = Retrying(sleep=lambda _: None, random=lambda: 1.0)


class FrozenClock:
    """Time that moves when told."""

    def __init__(self, now: int = NOW) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def now_ms(self) -> int:
        return self._now * 1000

    def advance(self, *, seconds: int) -> None:
        self._now += seconds


class CountingIds:
    """Ids 1, 2, 3 in the right shapes and in ascending order."""

    def __init__(self, start: int = 0) -> None:
        self._count = start

    def _next(self) -> int:
        self._count += 1
        return self._count

    def object_id(self, prefix: str) -> str:
        return prefix + base62(self._next(), 17)

    def opaque(self, size: int) -> str:
        return base64.urlsafe_b64encode(self._next().to_bytes(size, "big")).rstrip(b"=").decode()

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{self._next():012d}"


@cache
def pregenerated(algorithm: SigningAlgorithm) -> tuple[dict[str, str], bytes]:
    """One key pair per algorithm and process: making RSA keys is slow."""
    return private_jwk_pair(algorithm)


class FakeKeyPairs:
    """``KeyPairs`` whose "wrapping" is base64, and the opening half of it."""

    def __init__(self) -> None:
        self.generated: list[tuple[str, str]] = []

    def generate(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        self.generated.append((server_id, kid))
        jwk, pkcs8 = pregenerated(algorithm)
        return KeyPair(jwk, base64.b64encode(f"{server_id}/{kid}/".encode() + pkcs8).decode())

    def spare(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair | None:
        return self.generate(server_id, kid, algorithm)

    def unwrap(self, server_id: str, kid: str, wrapped: str) -> bytes:
        prefix = f"{server_id}/{kid}/".encode()
        plain = base64.b64decode(wrapped)
        assert plain.startswith(prefix), "opened under another encryption context"
        return plain.removeprefix(prefix)


class FakeSeals:
    """``SecretSeals`` in memory."""

    def seal(self, owner_id: str, secret_id: str, secret: str) -> str:
        return base64.b64encode(f"{owner_id}/{secret_id}/{secret}".encode()).decode()

    def open(self, owner_id: str, secret_id: str, wrapped: str) -> str:
        prefix = f"{owner_id}/{secret_id}/"
        plain = base64.b64decode(wrapped).decode()
        assert plain.startswith(prefix), "opened under another encryption context"
        return plain.removeprefix(prefix)


def decoded(body: bytes) -> Any:
    """The JSON of an answer."""
    import json

    return json.loads(body)


class _Answered(AWSResponse):  # type: ignore[misc]  # botocore is untyped
    """What a service that is not there answers."""

    def __init__(self, content: bytes) -> None:
        super().__init__("https://aws.invalid", 200, {"content-type": "application/json"}, io.BytesIO(content))
        self._said = content

    @property
    def content(self) -> bytes:
        return self._said


#: SES, to who sends mail.
SENT = _Answered(b'{"MessageId": "m"}')


def silent(**_: Any) -> AWSResponse:
    """What a function of somebody's answers to whatever it is asked: nothing."""
    return _Answered(b"null")


def no_hooks() -> Any:
    """Of endpoints that are to ask no hook."""
    raise AssertionError("a hook was to be asked")


def no_entries() -> Any:
    """Of endpoints of servers without status lists."""
    raise AssertionError("a token was to be in a status list")
