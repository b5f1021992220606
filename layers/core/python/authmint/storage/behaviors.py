"""Behaviours that administrators name, and what is done about attacks (docs/protocol.md §33.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .events import Event
from .servers import Status

BehaviorType = Literal["ANOMALOUS_DEVICE", "ANOMALOUS_IP", "ANOMALOUS_LOCATION", "ANOMALOUS_ASN", "VELOCITY"]
#: What is done about an address from which many people's sign-ins fail.
ThreatAction = Literal["none", "audit", "block"]


@dataclass(frozen=True)
class Behavior:
    """What a sign-on is compared with. ``settings`` are those of its type, as the management API shows them."""

    id: str
    name: str
    type: BehaviorType
    created_at: int
    updated_at: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    status: Status = "ACTIVE"


@dataclass(frozen=True)
class BehaviorList:
    """All of them, once somebody changed one. At version 0 there are those from the start."""

    behaviors: tuple[Behavior, ...] = ()
    version: int = 0


@dataclass(frozen=True)
class ThreatConfiguration:
    """What is done about attacks.

    Attributes:
        excluded: Ids of zones from which nobody is suspected.
    """

    action: ThreatAction = "none"
    excluded: tuple[str, ...] = ()
    created_at: int = 0
    updated_at: int = 0
    version: int = 0


class Behaviors(Protocol):
    """The one list of a deployment."""

    def get(self) -> BehaviorList:
        """The list."""

    def save(self, before: BehaviorList, after: BehaviorList, events: Sequence[Event]) -> None:
        """Raises Conflict: the list is not at ``before.version`` any more."""


class Threats(Protocol):
    """The one configuration of a deployment."""

    def get(self) -> ThreatConfiguration:
        """What is configured; nothing where nobody did."""

    def save(self, before: ThreatConfiguration, after: ThreatConfiguration, events: Sequence[Event]) -> None:
        """Raises Conflict: it is not at ``before.version`` any more."""
