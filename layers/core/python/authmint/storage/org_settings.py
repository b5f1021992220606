"""What administrators say about the org."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .events import Event


@dataclass(frozen=True)
class OrgSettings:
    """Settings of a deployment.

    Attributes:
        profile: Name, address and where help is found, as far as they were set.
        contacts: Id of the user to turn to, by kind of contact.
        footer: Whether people's pages shall have the vendor's footer.
        people_delete_themselves: Whether people may end their own account.
    """

    profile: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, str] = field(default_factory=dict)
    footer: bool = True
    people_delete_themselves: bool = False
    updated_at: int = 0
    version: int = 0


class OrgSettingsRecord(Protocol):
    """The one record of a deployment."""

    def get(self) -> OrgSettings:
        """The settings; the first ones where nobody changed any."""

    def save(self, before: OrgSettings, after: OrgSettings, events: Sequence[Event]) -> None:
        """Raises Conflict: the settings are not at ``before.version`` any more."""
