"""Where a request comes from and from what, as far as it can be known (docs/protocol.md §33.3)."""

import re
from collections.abc import Callable
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


#: What our own edge says of whoever called it. Of a request that did not come through it, these are taken away.
_COUNTRY: Final = "cloudfront-viewer-country"
_REGION: Final = "cloudfront-viewer-country-region"
_CITY: Final = "cloudfront-viewer-city"
_LATITUDE: Final = "cloudfront-viewer-latitude"
_LONGITUDE: Final = "cloudfront-viewer-longitude"
_ASN: Final = "cloudfront-viewer-asn"
#: Instead of a country: nobody knows, and the Tor network.
_NOWHERE: Final = "XX"
_TOR: Final = "T1"


def viewer_of(header: Callable[[str], str | None]) -> tuple[Place | None, str | None, bool | None]:
    """Place, network and whether the address hides who uses it. Values that cannot be are not known."""
    country = _matching(r"[A-Z]{2}|T1", header(_COUNTRY))
    known = country if country not in {_NOWHERE, _TOR} else None
    region = _matching(r"[A-Z0-9]{1,3}", header(_REGION)) if known else None
    latitude, longitude = _degrees(header(_LATITUDE), 90), _degrees(header(_LONGITUDE), 180)
    place = Place(
        country=known,
        region=f"{known}-{region}" if region else None,
        city=(header(_CITY) or "")[:100] or None if known else None,
        point=(latitude, longitude) if known and latitude is not None and longitude is not None else None,
    )
    asn = _matching(r"\d{1,10}", header(_ASN))
    return None if place == Place() else place, asn, True if country == _TOR else None


def _matching(pattern: str, value: str | None) -> str | None:
    return value if value is not None and re.fullmatch(pattern, value) else None


def _degrees(value: str | None, most: int) -> float | None:
    if _matching(r"-?\d{1,3}(\.\d{1,8})?", value) is None:
        return None
    degrees = float(value or "")
    return degrees if abs(degrees) <= most else None
