"""Status lists as a verifier keeps them (Token Status List §8.3): fetched by need, believed for as long as they say."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...jose.jws import BadToken, Jws, read
from ..outbound_fetch import FetchFailed
from .document import LIFETIME, LONGEST, TTL, TYPE, BadList, is_revoked, unpacked

#: Seconds after which a list that could not be had is asked for again.
AGAIN_AFTER: Final = 10
#: Lists that are kept: tokens of an issuer expire today or tomorrow.
_MOST: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class _Kept:
    bits: bytes
    fresh_until: int
    expires_at: int


@dataclass
class KeptLists:
    """The lists of one issuer.

    Attributes:
        prefix: What the URI of each begins with: others are never asked for.
        fetch: Gives a document. Raises FetchFailed.
        signed: Whether the issuer signed.
    """

    prefix: str
    fetch: Callable[[str], bytes]
    signed: Callable[[Jws, int], bool]
    _lists: dict[str, _Kept] = field(default_factory=dict)
    _tried_at: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def revoked(self, place: Any, *, now: int, fresh_only: bool) -> bool | None:
        """Whether the token at a place is revoked; ``None``: no list can be had that says it.

        Args:
            place: What its claim says: ``idx`` and ``uri``.
            now: Unix seconds.
            fresh_only: A list that should have been fetched anew says nothing. Else it does until it expires.

        Raises:
            BadList: The claim is malformed, names another issuer's list, or a place that the list does not have.
        """
        index, uri = (place.get("idx"), place.get("uri")) if isinstance(place, Mapping) else (None, None)
        if not isinstance(uri, str) or not isinstance(index, int) or isinstance(index, bool):
            raise BadList("no place in a status list")
        if not uri.startswith(self.prefix) or not _NAME.fullmatch(uri[len(self.prefix) :]):
            raise BadList("a list of somebody else")
        with self._lock:  # who waits here finds what the other one fetched
            known = self._lists.get(uri)
            if (known is None or known.fresh_until <= now) and now - self._tried_at.get(uri, 0) >= AGAIN_AFTER:
                known = self._renewed(uri, known, now)
        if known is None or (known.fresh_until if fresh_only else known.expires_at) <= now:
            return None
        try:
            return is_revoked(known.bits, index)
        except IndexError:
            raise BadList("no such place in its list") from None

    def _renewed(self, uri: str, known: _Kept | None, now: int) -> _Kept | None:
        """The list as it is now; what was known, where it cannot be had."""
        self._tried_at[uri] = now
        try:
            found = self._read(self.fetch(uri).decode("ascii"), uri, now)
        except (FetchFailed, BadToken, ValueError):  # a list that is wrong says as little as none
            return known
        if known is not None and len(known.bits) == len(found.bits):
            # What comes from a cache may be older than what was there: revoked stays revoked.
            both = int.from_bytes(known.bits, "big") | int.from_bytes(found.bits, "big")
            found = _Kept(both.to_bytes(len(found.bits), "big"), found.fresh_until, found.expires_at)
        self._lists[uri] = found
        self._lists = {one: kept for one, kept in self._lists.items() if kept.expires_at > now}
        for kept in (self._lists, self._tried_at):
            while len(kept) > _MOST:
                kept.pop(next(iter(kept)))
        return found

    def _read(self, text: str, uri: str, now: int) -> _Kept:
        """Raises BadToken, BadList: it is not this list, not signed by the issuer, not of now, or malformed."""
        jws = read(text.strip(), types=(TYPE,), longest=LONGEST)
        issued_at, expires_at, ttl = jws.date("iat"), jws.date("exp"), jws.payload.get("ttl", TTL)
        if not self.signed(jws, now):
            raise BadToken("not signed by a key of the issuer")
        if jws.payload.get("sub") != uri:
            raise BadToken("another list")
        if issued_at is None or jws.begins_after(now):
            raise BadToken("issued in the future")
        expires_at = issued_at + LIFETIME if expires_at is None else expires_at
        if expires_at <= now:
            raise BadToken("expired")
        if isinstance(ttl, bool) or not isinstance(ttl, int) or ttl <= 0:
            raise BadToken("ttl")
        return _Kept(unpacked(jws.payload.get("status_list")), min(now + ttl, expires_at), expires_at)
