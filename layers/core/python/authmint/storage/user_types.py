"""Types of users beside the default one, each with a schema of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from .events import Event
from .schemas import ProfileSchema

#: Id of the type of users that have no other. It is no record.
DEFAULT_TYPE_ID: Final = "otyAuthmintUserType0"


@dataclass(frozen=True)
class UserType:
    """A type of users.

    Attributes:
        schema: Of its users' profiles. Its ``version`` is not used: the list has one.
        leaving: It is being deleted and takes no more users.
    """

    id: str
    name: str
    display_name: str
    description: str | None
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    schema: ProfileSchema = field(default_factory=ProfileSchema)
    leaving: bool = False


@dataclass(frozen=True)
class UserTypeList:
    """All of them."""

    types: tuple[UserType, ...] = ()
    version: int = 0

    def get(self, type_id: str) -> UserType | None:
        """The type; ``None`` where there is none of this id."""
        return next((one for one in self.types if one.id == type_id), None)


class UserTypes(Protocol):
    """The one list of a deployment."""

    def get(self) -> UserTypeList:
        """The list; empty where nobody made a type."""

    def save(self, before: UserTypeList, after: UserTypeList, events: Sequence[Event]) -> None:
        """Raises Conflict: the list is not at ``before.version`` any more."""

    def in_use(self, type_id: str) -> bool:
        """Whether there is a user of the type."""
