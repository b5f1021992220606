"""``make bench``: the bars of the design, as ratios measured in one run."""

import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from authmint.clock import SystemClock
from authmint.dynamo.replay import DynamoUsedAssertions
from authmint.ids import RandomIds
from authmint.storage.errors import AlreadyUsed
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.benchmarks import backchannel, engine, handlers, people, stack, starts, status_lists
from tests.benchmarks.measure import MET, cpu, holds, line
from tests.support.backend import LocalAws, start
from tests.support.fakes import pregenerated


def raw_signatures() -> float:
    """CPU of one RSA-2048 signature, which the bars are multiples of."""
    rsa: Any = load_der_private_key(pregenerated("RS256")[1], None)
    p256: Any = load_der_private_key(pregenerated("ES256")[1], None)
    message = b"x" * 400
    by_rsa = cpu(lambda: rsa.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    by_ec = cpu(lambda: p256.sign(message, ec.ECDSA(hashes.SHA256())))
    line("one raw RSA-2048 signature", by_rsa)
    line("one raw P-256 signature", by_ec)
    return by_rsa


def races(aws: LocalAws) -> None:
    """Of fifty uses at once of what counts once, exactly one wins."""
    used = DynamoUsedAssertions(aws.fresh().tables(), RandomIds(SystemClock()))
    now = SystemClock().now()

    def spend(_: int) -> bool:
        try:
            used.spend("client", "jti", expires_at=now + 60, at=now)
        except AlreadyUsed:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        holds("50 parallel uses of one client assertion: winners", sum(pool.map(spend, range(50))), 1)


def main() -> int:
    print(
        f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; "
        "CPU time, best of 9 rounds\n"
    )
    rsa = raw_signatures()
    engine.measure(rsa)
    status_lists.measure()
    backend = start()
    try:
        aws = LocalAws(backend.endpoint)
        handlers.measure(aws, rsa)
        people.count(aws)
        backchannel.count(aws)
        races(aws)
    finally:
        backend.stop()
    starts.measure()
    for name in ("DYNAMODB", "KMS"):
        os.environ.pop(f"AWS_ENDPOINT_URL_{name}", None)  # the stack brings a backend of its own
    stack.measure()
    print("\nevery bar is met" if all(MET) else "\na bar is missed")
    return 0 if all(MET) else 1


if __name__ == "__main__":
    sys.exit(main())
