"""Keys of issuers outside that a server trusts: fetched when needed, and kept (docs/protocol.md §45.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..jose.encoding import strict_json
from ..jose.jws import Jws, verified_by_key
from ..storage.trusted_issuers import TrustedIssuer
from .client_auth.jwks_uri import parsed_keys
from .errors import OAuthError
from .outbound_fetch import Fetch, FetchFailed

#: Seconds for which what was fetched counts as fresh.
FRESH: Final = 3_600
#: Seconds for which it is used all the same where the issuer cannot be reached.
STALE: Final = 86_400
#: An assertion with an unknown kid may ask for a fresh copy, but an issuer not more often than this.
REFETCH: Final = 60
#: Seconds for which an issuer is left alone that could not be asked, where there is nothing to go on with.
PAUSE: Final = 10
_KEPT: Final = 200


class KeysUnavailable(Exception):
    """The keys of an issuer cannot be had now. The message says why."""


@dataclass(frozen=True)
class _Kept:
    keys: tuple[Mapping[str, Any], ...]
    fetched_at: int
    tried_at: int


def metadata_url(issuer: str) -> str:
    """Where an issuer says what it is (OpenID Connect Discovery §4)."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def discovered(issuer: str, fetch: Fetch) -> str:
    """Where the keys of an issuer are, by its own word.

    Raises:
        FetchFailed: It cannot be asked.
        ValueError: Its metadata is another's, or none.
    """
    try:
        document = strict_json(fetch(metadata_url(issuer)))
    except RecursionError:
        raise ValueError("no metadata") from None
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ValueError("the metadata is of another issuer")
    uri = document.get("jwks_uri")
    if not isinstance(uri, str):
        raise ValueError("the metadata names no keys")
    return uri


class IssuerKeys:
    """Verifies what issuers signed. What was fetched is kept per warm instance."""

    def __init__(self, fetch_keys: Fetch, fetch_metadata: Fetch) -> None:
        self._fetch_keys = fetch_keys
        self._fetch_metadata = fetch_metadata
        self._kept: dict[tuple[str, str | None], _Kept] = {}
        self._failed: dict[tuple[str, str | None], int] = {}

    def verify(self, jws: Jws, issuer: TrustedIssuer, *, now: int) -> bool:
        """Whether the issuer signed it, by one of its algorithms.

        Raises:
            KeysUnavailable: Its keys cannot be had now.
        """
        if jws.algorithm not in issuer.algorithms:
            return False
        keys = issuer.jwks or self._fetched(issuer, jws.kid, now)
        if jws.kid is not None:
            keys = tuple(key for key in keys if key.get("kid") == jws.kid)
        return any(verified_by_key(jws, key, algorithms=issuer.algorithms) for key in keys)

    def _fetched(self, issuer: TrustedIssuer, kid: str | None, now: int) -> tuple[Mapping[str, Any], ...]:
        place = (issuer.issuer, None if issuer.discovery else issuer.jwks_uri)
        kept = self._kept.get(place)
        if kept is not None:
            known = kid is None or any(key.get("kid") == kid for key in kept.keys)
            if (known and now < kept.fetched_at + FRESH) or now < kept.tried_at + REFETCH:
                return kept.keys
        if now < self._failed.get(place, 0) + PAUSE:
            raise KeysUnavailable("they could not be fetched a moment ago")
        try:
            uri = discovered(issuer.issuer, self._fetch_metadata) if issuer.discovery else issuer.jwks_uri or ""
            keys = parsed_keys(self._fetch_keys(uri))
        except FetchFailed as error:
            if kept is None or error.withdrawn or now >= kept.fetched_at + STALE:
                self._failed[place] = now
                if error.withdrawn:
                    self._kept.pop(place, None)
                raise KeysUnavailable(str(error)) from None
            self._kept[place] = replace(kept, tried_at=now)
            return kept.keys
        except (OAuthError, ValueError) as error:
            self._failed[place] = now
            if isinstance(error, OAuthError) and error.id == "jwks_uri_no_key":
                self._kept.pop(place, None)  # it says that it has none any more
            raise KeysUnavailable(f"no key set: {type(error).__name__}") from None
        self._failed.pop(place, None)
        while len(self._kept) >= _KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[place] = _Kept(keys, now, now)
        return keys


#: Makes what verifies, when the first assertion of an issuer outside comes.
MakesKeys = Callable[[], IssuerKeys]


def trusted(issuers: Sequence[TrustedIssuer], name: Any, use: str) -> TrustedIssuer | None:
    """The issuer of this name that is trusted for a use: to the letter."""
    return next((one for one in issuers if one.issuer == name and one.use == use and one.status == "ACTIVE"), None)
