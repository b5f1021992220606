"""Bits and how they are packed (Token Status List §4), and places that tell nothing."""

import zlib
from itertools import pairwise

import pytest
from authmint.jose.encoding import b64encode
from authmint.oauth.status_list.document import BadList, is_revoked, mark, payload_of, unpacked
from authmint.oauth.status_list.places import place_of, places_of
from authmint.storage.status_lists import SIZE

#: Token Status List §4.1: sixteen tokens, and the list of them.
BITS = (1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1)
PACKED = "eNrbuRgAAhcBXQ"


def test_the_published_example_is_read_and_written() -> None:
    bits = unpacked({"bits": 1, "lst": PACKED})
    assert bits == bytes.fromhex("b9a3")
    assert tuple(int(is_revoked(bits, place)) for place in range(16)) == BITS

    written = bytearray(2)
    assert mark(written, [place for place, bit in enumerate(BITS) if bit])
    assert not mark(written, [0, 15])
    payload = payload_of("https://as.example/l", written, now=5)
    assert payload["status_list"] == {"bits": 1, "lst": PACKED}
    assert (payload["iat"], payload["exp"], payload["ttl"]) == (5, 86_405, 300)
    for beyond in (16, -1):
        with pytest.raises(IndexError):
            is_revoked(bits, beyond)


@pytest.mark.parametrize(
    "status_list",
    [
        None,
        [],
        {"bits": 2, "lst": PACKED},
        {"bits": True, "lst": PACKED},
        {"bits": 1},
        {"bits": 1, "lst": 5},
        {"bits": 1, "lst": PACKED + "=="},
        {"bits": 1, "lst": PACKED[:-4]},
        {"bits": 1, "lst": b64encode(zlib.compress(b"\xb9\xa3") + b"x")},
        {"bits": 1, "lst": b64encode(b"\xb9\xa3")},
        {"bits": 1, "lst": b64encode(zlib.compress(bytes(1 << 22), 9))},
        {"bits": 1, "lst": b64encode(zlib.compress(bytes((1 << 20) + 1), 9))},
    ],
)
def test_a_list_that_is_malformed_or_a_bomb_is_refused(status_list: object) -> None:
    with pytest.raises(BadList):
        unpacked(status_list)


def test_every_number_has_a_place_and_no_two_have_the_same() -> None:
    seen = bytearray(SIZE)
    for number in range(0, SIZE, 64):
        seen[place_of("key", number)] += 1
    for number in range(4_096):
        seen[place_of("another", number)] |= 2
    assert seen.count(1) + seen.count(3) == SIZE // 64
    assert len({place_of("key", number) for number in range(4_096)}) == 4_096
    assert list(places_of("key", SIZE - 300, 300)) == [place_of("key", number) for number in range(SIZE - 300, SIZE)]


def test_neighbours_in_time_are_none_in_the_list_and_another_list_orders_otherwise() -> None:
    places = [place_of("key", number) for number in range(256)]

    assert min(abs(a - b) for a, b in pairwise(places)) > 1
    assert sum(a < b for a, b in pairwise(places)) in range(80, 176)
    assert all(a != b for a, b in zip(places[:32], (place_of("other", number) for number in range(32)), strict=True))
