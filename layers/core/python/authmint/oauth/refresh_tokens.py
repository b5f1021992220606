"""Refresh tokens: their text, what is remembered of it, and the answer that only their holder can read again.

A token is 60 characters: 17 that name its family, and 256 random bits. The family is found by the former, the token by
SHA-256 of the whole.
"""

import re
from dataclasses import dataclass
from typing import Final

from ..ids import Ids
from ..jose.encoding import b64decode, b64encode
from ..storage.clients import secret_digest
from ..storage.lifetimes import Lifetimes
from ..storage.token_families import FAMILY, RefreshToken, TokenFamily

_TEXT: Final = re.compile(r"([0-9A-Za-z]{17})[\w-]{43}", re.ASCII)
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, repr=False)
class Minted:
    """A new refresh token: what the client gets, and what is stored. Without ``repr``: it holds the token."""

    text: str
    record: RefreshToken


def mint(family_id: str, lifetimes: Lifetimes, ids: Ids, now: int) -> Minted:
    """A new token of a family. It dies idle after the window."""
    text = family_id.removeprefix(FAMILY) + ids.opaque(32)
    return Minted(text, RefreshToken(secret_digest(text), family_id, now, now + lifetimes.refresh_token_window))


def family_of(text: str) -> str | None:
    """The id of the family that a token names; ``None``: it is no refresh token."""
    match = _TEXT.fullmatch(text)
    return None if match is None else FAMILY + match[1]


def expired(family: TokenFamily, token: RefreshToken, now: int) -> bool:
    """Whether a token's time is over, by disuse or for good."""
    return token.idle_expires_at <= now or (family.expires_at is not None and family.expires_at <= now)


def seal(text: str, answer: bytes, ids: Ids) -> str:
    """An answer that only the holder of a refresh token can read: the key is derived from the token, and not stored."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = b64decode(ids.opaque(_NONCE_BYTES))
    return b64encode(nonce + AESGCM(_key(text)).encrypt(nonce, answer, None))


def unseal(text: str, sealed: str) -> bytes:
    """The answer. Raises ValueError where it was sealed for another token."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    data = b64decode(sealed)
    try:
        return AESGCM(_key(text)).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
    except InvalidTag:
        raise ValueError("sealed for another token") from None


def _key(text: str) -> bytes:
    """HKDF (RFC 5869) of the token: SHA-256 of it is stored, so the key must be something else."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=b"authmint: answer to a rotated refresh token").derive(text.encode())
