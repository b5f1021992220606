"""Passwords that another directory hashed: tried as it would, replaced at the first sign-in."""

import base64
import hashlib
from typing import Any

import pytest
from authmint.directory.authentication import Authenticator, BadCredentials
from authmint.directory.imported_passwords import BadHash, encoded, fits
from authmint.directory.passwords import Cost, PasswordHashes
from authmint.storage.users import Password

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_user
from tests.support.fakes import NOW, CountingIds, FrozenClock

PASSWORD = "Pässwörter-7"
SALT = b"salt & pepper"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def digested(name: str, text: bytes) -> str:
    return b64(hashlib.new(name, text).digest())


RAW = PASSWORD.encode()
#: Of crypt_blowfish's tests: of the password ``U*U``.
BCRYPT = {
    "algorithm": "BCRYPT", "workFactor": 5,
    "salt": "CCCCCCCCCCCCCCCCCCCCC.", "value": "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
}  # fmt: skip
PBKDF2 = {
    "algorithm": "PBKDF2", "digestAlgorithm": "SHA512_HMAC", "iterationCount": 4096, "keySize": 32, "salt": b64(SALT),
    "value": b64(hashlib.pbkdf2_hmac("sha512", RAW, SALT, 4096, 32)),
}  # fmt: skip
#: Of the reference implementation's tests.
ARGON2 = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
HASHES: dict[str, tuple[str, dict[str, Any]]] = {
    "bcrypt": ("U*U", BCRYPT),
    "pbkdf2 sha512": (PASSWORD, PBKDF2),
    "pbkdf2 sha256": (PASSWORD, PBKDF2 | {
        "digestAlgorithm": "SHA256_HMAC", "value": b64(hashlib.pbkdf2_hmac("sha256", RAW, SALT, 4096, 32))}),
    "sha512, salt before": (PASSWORD, {
        "algorithm": "SHA-512", "salt": b64(SALT), "saltOrder": "PREFIX", "value": digested("sha512", SALT + RAW)}),
    "sha256, salt after": (PASSWORD, {
        "algorithm": "SHA-256", "salt": b64(SALT), "saltOrder": "POSTFIX", "value": digested("sha256", RAW + SALT)}),
    "sha1": (PASSWORD, {"algorithm": "SHA-1", "value": digested("sha1", RAW)}),
    "scrypt": (PASSWORD, {
        "algorithm": "SCRYPT", "workFactor": 10, "blockSize": 8, "parallelization": 2, "salt": b64(SALT),
        "value": b64(hashlib.scrypt(RAW, salt=SALT, n=1024, r=8, p=2, dklen=32))}),
    "argon2id": ("password", {"algorithm": "ARGON2ID", "value": ARGON2}),
    "md5": (PASSWORD, {"algorithm": "MD5", "value": digested("md5", RAW)}),
}  # fmt: skip


SCRYPT = HASHES["scrypt"][1]


@pytest.mark.parametrize("name", HASHES)
def test_a_hash_fits_its_password_and_no_other(name: str) -> None:
    password, sent = HASHES[name]
    kept = encoded(sent)

    assert kept.startswith("{")
    assert fits(password, kept)
    assert not fits(password + "x", kept)
    assert not fits("", kept)


def test_characters_may_be_composed_or_not() -> None:
    decomposed = "Pa\u0308ss"
    as_typed = encoded({"algorithm": "MD5", "value": digested("md5", decomposed.encode())})
    composed = encoded({"algorithm": "MD5", "value": digested("md5", "P\xe4ss".encode())})

    assert fits(decomposed, as_typed)
    assert fits(decomposed, composed)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (BCRYPT | {"algorithm": "ROT13"}, "algorithm"),
        (BCRYPT | {"workFactor": 20}, "workFactor"),
        (BCRYPT | {"workFactor": True}, "workFactor"),
        (BCRYPT | {"salt": "short"}, "salt"),
        (BCRYPT | {"value": "$" * 31}, "value"),
        (PBKDF2 | {"iterationCount": 1}, "iterationCount"),
        (PBKDF2 | {"iterationCount": 10**9}, "iterationCount"),
        (PBKDF2 | {"digestAlgorithm": "MD5"}, "digestAlgorithm"),
        (PBKDF2 | {"keySize": 64}, "value"),
        (PBKDF2 | {"salt": ""}, "salt"),
        ({"algorithm": "SHA-256", "value": "not base64"}, "value"),
        ({"algorithm": "SHA-256", "value": b64(b"short")}, "value"),
        ({"algorithm": "SHA-256", "value": b64(b"x" * 32), "saltOrder": "IN"}, "saltOrder"),
        ({"algorithm": "SHA-256", "value": b64(b"x" * 32), "salt": 7}, "salt"),
        ({"algorithm": "SHA-256"}, "value"),
        (SCRYPT | {"workFactor": 17, "blockSize": 32}, "workFactor"),
        (SCRYPT | {"salt": ""}, "salt"),
        (SCRYPT | {"value": b64(b"short")}, "value"),
        ({"algorithm": "ARGON2ID", "value": ARGON2.replace("m=256", "m=9999999")}, "value"),
        ({"algorithm": "ARGON2ID", "value": ARGON2.replace("argon2id", "argon2i")}, "value"),
    ],
)
def test_what_could_not_be_tried_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadHash) as refused:
        encoded(changes)

    assert refused.value.field == field


class Burning(PasswordHashes):
    """Counts what trying costs."""

    burned = 0

    def burn(self, password: str) -> None:
        self.burned += 1
        super().burn(password)


@pytest.fixture
def signing_in() -> tuple[Authenticator, MemoryStorage, Burning]:
    storage, ids = MemoryStorage(), CountingIds()
    hashes = Burning(ids, Cost(memory_kib=8, iterations=1))
    storage.users.add(a_user(login="ann@b.example", password=Password(encoded(HASHES["md5"][1]), NOW - 5)), [])
    return Authenticator(storage.directory, storage.users, hashes, FrozenClock(), ids), storage, hashes


def test_the_first_sign_in_puts_a_hash_of_ours_in_its_place(signing_in: Any) -> None:
    authenticator, storage, _ = signing_in

    person = authenticator.verify("ann@b.example", PASSWORD, NOW)

    known = storage.users.get("00uA")
    assert known.password.hash.startswith("$argon2id$")
    assert (known.password.changed_at, known.password.imported) == (NOW - 5, False)
    assert (person.user.version, person.user.last_login_at) == (known.version, NOW)
    assert authenticator.verify("ann@b.example", PASSWORD, NOW + 1).user.id == "00uA"


def test_a_wrong_password_leaves_it_and_costs_what_others_cost(signing_in: Any) -> None:
    authenticator, storage, hashes = signing_in

    with pytest.raises(BadCredentials):
        authenticator.verify("ann@b.example", "Wrong-Horse-7", NOW)

    known = storage.users.get("00uA")
    assert (known.password.imported, known.failed_attempts) == (True, 1)
    assert hashes.burned == 1
