"""Passwords that another directory hashed: known again here until their owners sign in for the first time.

They are kept as JSON, which no hash of ours begins like. Loaded only where somebody has one.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

_DIGESTS: Final = {"SHA-512": "sha512", "SHA-256": "sha256", "SHA-1": "sha1", "MD5": "md5"}
_PSEUDO_RANDOM: Final = {"SHA256_HMAC": "sha256", "SHA512_HMAC": "sha512"}
_RADIX64: Final = re.compile(r"[./A-Za-z0-9]+")
#: What one sign-in may cost: a second or so.
_MOST_WORK: Final = 14
_MOST_ITERATIONS: Final = 2_000_000
_MOST_MEMORY: Final = 64 * 1_024 * 1_024
_PHC: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,88}\$[A-Za-z0-9+/]{16,88}"
)
#: bcrypt looks at so many bytes and no more.
_OF_BCRYPT: Final = 72


class BadHash(ValueError):
    """Not a hash that could be tried. ``field``: which member is wrong; the message says how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def encoded(sent: Mapping[str, Any]) -> str:
    """A hash as it is kept. Raises BadHash."""
    algorithm = sent.get("algorithm")
    if algorithm == "BCRYPT":
        kept = _bcrypt(sent)
    elif algorithm in _DIGESTS:
        kept = _digest(sent, str(algorithm))
    elif algorithm == "PBKDF2":
        kept = _pbkdf2(sent)
    elif algorithm == "SCRYPT":
        kept = _scrypt(sent)
    elif algorithm == "ARGON2ID":
        kept = _argon2(sent)
    else:
        known = ", ".join(sorted(("ARGON2ID", "BCRYPT", "PBKDF2", "SCRYPT", *_DIGESTS)))
        raise BadHash("algorithm", f"The algorithm must be one of {known}.")
    return json.dumps({"algorithm": algorithm, **kept}, separators=(",", ":"))


def fits(password: str, kept: str) -> bool:
    """Whether a kept hash is of this password."""
    known: dict[str, Any] = json.loads(kept)
    if "hook" in known:  # nothing is known of it here
        return False
    # Who hashed it may have taken the characters as they were typed, or as they are composed.
    forms = dict.fromkeys((password, unicodedata.normalize("NFC", password)))
    return any(_fits(form.encode("utf-8", "surrogatepass"), known) for form in forms)


def _fits(password: bytes, known: Mapping[str, Any]) -> bool:
    if known["algorithm"] == "BCRYPT":
        import bcrypt

        return bcrypt.checkpw(password[:_OF_BCRYPT], known["value"].encode())
    if known["algorithm"] == "ARGON2ID":
        return _fits_argon2(password, known["value"])
    salt, value = base64.b64decode(known["salt"]), base64.b64decode(known["value"])
    if known["algorithm"] == "PBKDF2":
        name = _PSEUDO_RANDOM[known["digest"]]
        made = hashlib.pbkdf2_hmac(name, password, salt, known["iterations"], len(value))
    elif known["algorithm"] == "SCRYPT":
        cost = {"n": known["n"], "r": known["r"], "p": known["p"], "maxmem": 2 * _MOST_MEMORY}
        made = hashlib.scrypt(password, salt=salt, dklen=len(value), **cost)
    else:
        salted = password + salt if known["postfix"] else salt + password
        made = hashlib.new(_DIGESTS[known["algorithm"]], salted, usedforsecurity=False).digest()
    return hmac.compare_digest(made, value)


def _bcrypt(sent: Mapping[str, Any]) -> dict[str, Any]:
    work = _number(sent, "workFactor", 4, _MOST_WORK)
    salt, value = sent.get("salt"), sent.get("value")
    if not isinstance(salt, str) or len(salt) != 22 or not _RADIX64.fullmatch(salt):
        raise BadHash("salt", "The salt must be 22 characters of Radix-64.")
    if not isinstance(value, str) or len(value) != 31 or not _RADIX64.fullmatch(value):
        raise BadHash("value", "The value must be 31 characters of Radix-64.")
    return {"value": f"$2b${work:02d}${salt}{value}"}


def _digest(sent: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
    order = sent.get("saltOrder", "PREFIX")
    if order not in {"PREFIX", "POSTFIX"}:
        raise BadHash("saltOrder", "The order must be PREFIX or POSTFIX.")
    salt = sent.get("salt") or ""
    _bytes_of("salt", salt)
    value = sent.get("value")
    if len(_bytes_of("value", value)) != hashlib.new(_DIGESTS[algorithm], usedforsecurity=False).digest_size:
        raise BadHash("value", f"The value is not as long as a hash of {algorithm} is.")
    return {"salt": salt, "value": value, "postfix": order == "POSTFIX"}


def _pbkdf2(sent: Mapping[str, Any]) -> dict[str, Any]:
    digest = sent.get("digestAlgorithm")
    if digest not in _PSEUDO_RANDOM:
        raise BadHash("digestAlgorithm", f"The algorithm must be one of {', '.join(_PSEUDO_RANDOM)}.")
    iterations = _number(sent, "iterationCount", 4_096, _MOST_ITERATIONS)
    size = _number(sent, "keySize", 16, 64)
    if not _bytes_of("salt", sent.get("salt")):
        raise BadHash("salt", "The field cannot be left blank")
    if len(_bytes_of("value", sent.get("value"))) != size:
        raise BadHash("value", "The value is not as long as keySize says.")
    return {"salt": sent["salt"], "value": sent["value"], "digest": digest, "iterations": iterations}


def _scrypt(sent: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7914. ``workFactor``: the logarithm of N."""
    n = 1 << _number(sent, "workFactor", 10, 17)
    r, p = _number(sent, "blockSize", 1, 32), _number(sent, "parallelization", 1, 16)
    if 128 * n * r > _MOST_MEMORY:
        raise BadHash("workFactor", f"A hash must take at most {_MOST_MEMORY} bytes of memory.")
    if not _bytes_of("salt", sent.get("salt")):
        raise BadHash("salt", "The field cannot be left blank")
    if not 16 <= len(_bytes_of("value", sent.get("value"))) <= 64:
        raise BadHash("value", "The value must be 16 to 64 bytes.")
    return {"salt": sent["salt"], "value": sent["value"], "n": n, "r": r, "p": p}


def _argon2(sent: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 9106, in the PHC string format."""
    value = sent.get("value")
    match = _PHC.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadHash("value", "The value must be $argon2id$v=19$m=…,t=…,p=…$salt$hash.")
    memory, passes, lanes = (int(number) for number in match.groups())
    if memory * 1_024 > _MOST_MEMORY or passes > 10 or lanes > 16:
        raise BadHash("value", f"A hash must take at most {_MOST_MEMORY} bytes, 10 passes and 16 lanes.")
    return {"value": value}


def _fits_argon2(password: bytes, phc: str) -> bool:
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id.verify_phc_encoded(password, phc)
    except InvalidKey:
        return False
    return True


def _number(sent: Mapping[str, Any], field: str, least: int, most: int) -> int:
    value = sent.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadHash(field, f"The number must be from {least} to {most}.")
    return value


def _bytes_of(field: str, text: Any) -> bytes:
    if not isinstance(text, str) or len(text) > 1_024:
        raise BadHash(field, "The field must be base64.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadHash(field, "The field must be base64.") from None
