"""base64url (RFC 7515 §2) and strict JSON (RFC 8259 §4)."""

import base64
import json
import re
from typing import Any, Final, Never

#: Characters of a token. What is minted is held against the same limit, so that it can be read back.
MAX_TOKEN: Final = 16_384
_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*")
_MAX_DEPTH: Final = 32
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def b64encode(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64decode(text: str) -> bytes:
    """base64url without padding, canonical: exactly one text decodes to given bytes.

    Raises:
        ValueError: Another alphabet, padding, an impossible length, or bits set that mean nothing.
    """
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def strict_json(data: bytes) -> Any:
    """JSON in UTF-8 without duplicate names, NaN, infinities, absurd numbers or absurd nesting.

    Raises:
        ValueError: It is not that.
    """
    text = data.decode("utf-8")  # UnicodeDecodeError is a ValueError
    if text.startswith("\ufeff"):
        raise ValueError("byte order mark")
    _check_depth(text)
    value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer)
    if "\\u" in text:
        _check_surrogates(value)
    return value


def _check_surrogates(value: Any) -> None:
    """A lone surrogate is no character and cannot be stored or sent."""
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= _MAX_DEPTH:
        return
    depth = 0
    for character in _STRING.sub("", text):
        if character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return result


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("a number of absurd size")
    return int(digits)
