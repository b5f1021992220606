"""How large the status list of a million live tokens is as it is sent, and what making it takes."""

import random
from functools import partial
from typing import Final

from authmint.oauth.status_list.document import LONGEST, TYPE, mark, payload_of
from authmint.storage.status_lists import SIZE
from authmint.tokens.signer import KeySigner

from tests.benchmarks.measure import bar, cpu, line
from tests.support.fakes import pregenerated

#: Shares of a million tokens that are revoked, and kilobytes that their list may have.
SHARES: Final = ((0.001, 6), (0.01, 32), (0.05, 96))
_URI: Final = "https://auth.example.com/oauth2/aus0123456789abcdefg/v1/status/20261126-0"


def listed(signer: KeySigner, places: list[int]) -> str:
    """A list as an instance that knows nothing makes it, of places that it has read."""
    bits = bytearray(SIZE >> 3)
    mark(bits, places)
    return signer.sign(payload_of(_URI, bits, now=1), LONGEST, typ=TYPE)


def measure() -> None:
    """Print sizes, with their bars, and times."""
    signer = KeySigner("k" * 43, "RS256", pregenerated("RS256")[1])
    for share, most in SHARES:
        places = random.Random(1).sample(range(SIZE), int(1_000_000 * share))  # noqa: S311 - to measure by
        name = f"status list of a million tokens, {share:.1%} revoked"
        bar(name, len(listed(signer, places)) / 1_000, "kB", most=most)
        line(f"{name}: made anew", cpu(partial(listed, signer, places), rounds=3))


if __name__ == "__main__":
    measure()
