"""Where a request comes from and from what, as far as it can be known (docs/protocol.md §33.3)."""

import re
from dataclasses import dataclass
from typing import Final

from .facts import Platform


@dataclass(frozen=True)
class Place:
    """Where an address is, as our own edge says: never more exact than a city.

    Attributes:
        country: Two letters (ISO 3166-1).
        region: With the country, as in ``US-CA`` (ISO 3166-2).
        point: Latitude and longitude in degrees.
    """

    country: str | None = None
    region: str | None = None
    city: str | None = None
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Circumstances:
    """What one request says of its caller. Computed once.

    Attributes:
        address: Of the client; empty: not known.
        device: Tells one browser from others: a digest. ``None``: it was not there before.
        place: ``None``: nobody whom we believe says it.
        asn: Number of the network that the address belongs to, in decimal.
        anonymous: Whether the address hides who uses it; ``None``: not known.
    """

    address: str = ""
    user_agent: str = ""
    device: str | None = None
    place: Place | None = None
    asn: str | None = None
    anonymous: bool | None = None

    @property
    def platform(self) -> Platform | None:
        """What the browser says that it runs on; ``None``: it says nothing."""
        return platform_of(self.user_agent)


#: In this order: who runs on a telephone names the computer's system as well.
_SYSTEMS: Final[tuple[tuple[re.Pattern[str], Platform], ...]] = (
    (re.compile(r"iPhone|iPad|iPod"), Platform("MOBILE", "IOS")),
    (re.compile(r"Android"), Platform("MOBILE", "ANDROID")),
    (re.compile(r"Windows Phone|Mobile"), Platform("MOBILE", "OTHER")),
    (re.compile(r"CrOS"), Platform("DESKTOP", "CHROMEOS")),
    (re.compile(r"Windows"), Platform("DESKTOP", "WINDOWS")),
    (re.compile(r"Macintosh|Mac OS X"), Platform("DESKTOP", "MACOS")),
)


def platform_of(user_agent: str) -> Platform | None:
    """The platform that a ``User-Agent`` names."""
    if not user_agent:
        return None
    for pattern, platform in _SYSTEMS:
        if pattern.search(user_agent):
            return Platform(platform.type, platform.os, user_agent)
    return Platform("DESKTOP", "OTHER", user_agent)
