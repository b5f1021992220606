"""Keys that a client publishes under its ``jwks_uri``: fetched when needed, kept for minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ...jose.encoding import strict_json
from ..errors import OAuthError
from ..outbound_fetch import Fetch, FetchFailed

CACHE_SECONDS: Final = 300
#: An assertion with an unknown kid may ask for a fresh copy, but not more often than this.
REFETCH_SECONDS: Final = 30
MAX_KEYS: Final = 50
_CACHED_URIS: Final = 1_000


class ClientJwks(Protocol):
    """Keys of clients that publish them."""

    def keys(self, uri: str, *, kid: str | None, now: int) -> Sequence[Mapping[str, Any]]:
        """The keys, fresh enough to hold ``kid`` if it exists. Raises OAuthError."""


@dataclass(frozen=True)
class _Cached:
    keys: tuple[Mapping[str, Any], ...]
    fetched_at: int


class FetchedJwks:
    """``ClientJwks`` with a bounded cache per warm instance."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._cache: dict[str, _Cached] = {}

    def keys(self, uri: str, *, kid: str | None, now: int) -> Sequence[Mapping[str, Any]]:
        cached = self._cache.get(uri)
        if cached is not None:
            age = now - cached.fetched_at
            known = kid is None or any(key.get("kid") == kid for key in cached.keys)
            if age < (CACHE_SECONDS if known else REFETCH_SECONDS):
                return cached.keys
        try:
            document = self._fetch(uri)
        except FetchFailed as error:
            raise OAuthError("jwks_uri_error", reason=str(error)) from None
        keys = parsed_keys(document)
        while len(self._cache) >= _CACHED_URIS:
            self._cache.pop(next(iter(self._cache)))
        self._cache[uri] = _Cached(keys, now)
        return keys


def parsed_keys(document: bytes) -> tuple[Mapping[str, Any], ...]:
    """The keys of a JWK set. Raises OAuthError: it is none."""
    try:
        keys = strict_json(document)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OAuthError("jwks_uri_error", reason="not a JWK set") from None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys) or len(keys) > MAX_KEYS:
        raise OAuthError("jwks_uri_error", reason="not a JWK set")
    if not keys:
        raise OAuthError("jwks_uri_no_key")
    kids = [key.get("kid") for key in keys]
    if len(keys) > 1 and (None in kids or len({str(kid) for kid in kids}) != len(kids)):
        raise OAuthError("jwks_uri_ambiguous_keys")
    return tuple(keys)
