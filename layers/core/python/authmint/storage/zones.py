"""Network zones: sets of addresses and places that administrators name (docs/protocol.md §33.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .events import Event
from .servers import Status

ZoneType = Literal["IP", "DYNAMIC", "DYNAMIC_V2"]
#: What a zone is for: policies name it, or whoever is in it is refused.
ZoneUsage = Literal["POLICY", "BLOCKLIST"]


@dataclass(frozen=True)
class Zone:
    """A network zone.

    Attributes:
        extent: What is in it: the members of its type as the management API shows them, which checked them.
        system: There from the start. Nobody can delete it.
        version: Raised by every change. 0: nobody has changed it since it was there.
    """

    id: str
    name: str
    type: ZoneType
    usage: ZoneUsage
    created_at: int
    updated_at: int
    extent: Mapping[str, Any] = field(default_factory=dict)
    status: Status = "ACTIVE"
    system: bool = False
    version: int = 0


@dataclass(frozen=True)
class ZoneList:
    """The zones that somebody made or changed, in ascending id. ``version`` is raised by every change of any."""

    zones: tuple[Zone, ...] = ()
    version: int = 0


class Zones(Protocol):
    """The zones of a deployment that somebody made or changed."""

    def all(self) -> ZoneList:
        """All of them. A consistent read; what did not change since is not read again."""

    def save(self, before: Zone | None, after: Zone | None, events: Sequence[Event], *, seen: ZoneList) -> None:
        """Store a change of one zone and its events, all or nothing.

        Args:
            before: As it was read; ``None``: it is new.
            after: As it shall be; ``None``: it is removed. Its version is raised.
            events: What is recorded with it.
            seen: The list in which it was found.

        Raises:
            Conflict: The list is not at ``seen.version`` any more.
        """
