"""For which sites keys are good: origins from which answers are taken, and the RP ID of each (WebAuthn §4, §13.4.9)."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..storage.trusted_origins import OriginList, serialized


@dataclass(frozen=True)
class RelyingParty:
    """One deployment, as browsers see it.

    Attributes:
        origins: Its own ones, and those that administrators trust.
        own_id: The RP ID of its own pages.
        fixed_id: Of a domain above several of the origins, where one was configured: then theirs is that.
    """

    origins: frozenset[str]
    own_id: str
    fixed_id: str | None = None

    def id_at(self, origin: str) -> str | None:
        """The RP ID of keys that are made at an origin; ``None``: nothing is taken from there."""
        if origin not in self.origins:
            return None
        host = urlsplit(origin).hostname or ""
        return self.fixed_id if self.fixed_id is not None and is_within(host, self.fixed_id) else host

    def takes(self, origin: str, rp_id: str) -> bool:
        """Whether a key of this RP ID can be used at an origin."""
        return origin in self.origins and is_within(urlsplit(origin).hostname or "", rp_id)


def relying_party(base_url: str, trusted: OriginList, *, fixed_id: str | None = None) -> RelyingParty:
    """The sites of a deployment.

    Browsers refuse addresses as RP ID, so the pages of one that is served at a loopback address are used at
    ``localhost``.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    own = {base_url}
    if _is_loopback(host):
        host = "localhost"
        own.add(f"{parts.scheme}://localhost" + (f":{parts.port}" if parts.port else ""))
    origins = _serialized((*own, *(one.origin for one in trusted.origins if one.status == "ACTIVE")))
    own_id = fixed_id if fixed_id is not None and is_within(host, fixed_id) else host
    return RelyingParty(frozenset(origins), own_id, fixed_id)


def is_within(host: str, rp_id: str) -> bool:
    """Whether a host is the domain of an RP ID, or below it."""
    return bool(rp_id) and (host == rp_id or host.endswith(f".{rp_id}"))


def _serialized(origins: Iterable[str]) -> Iterable[str]:
    return (found for found in map(serialized, origins) if found is not None)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
