"""What administrators make of mail: other words for a template, and who gets it at all (docs/protocol.md §34.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .events import Event

Recipients = Literal["ALL_USERS", "ADMINS_ONLY", "NO_USERS"]


@dataclass(frozen=True)
class Customization:
    """Other words for a template in one language.

    Attributes:
        language: A tag (BCP 47).
        body: HTML with variables.
    """

    id: str
    language: str
    subject: str
    body: str = field(repr=False)
    created_at: int
    updated_at: int


@dataclass(frozen=True)
class MailTemplate:
    """One template as administrators left it; nothing said: ours, for everybody.

    Attributes:
        default: Id of the customization for who asks for none of the languages; ``None``: there is none.
        version: Raised by every change.
    """

    name: str
    recipients: Recipients = "ALL_USERS"
    default: str | None = None
    customizations: tuple[Customization, ...] = ()
    version: int = 0


#: Mail that nobody gets until an administrator says so.
OFF_AT_FIRST = frozenset({"NewSignOnNotification"})


def as_delivered(name: str) -> MailTemplate:
    """A template that nobody changed."""
    return MailTemplate(name, "NO_USERS" if name in OFF_AT_FIRST else "ALL_USERS")


class MailTemplates(Protocol):
    """All templates of a deployment."""

    def get(self, name: str) -> MailTemplate:
        """One as it is now: a consistent read. What nobody changed is as it was delivered."""

    def save(self, before: MailTemplate, after: MailTemplate, events: Sequence[Event]) -> None:
        """Store a change and its events, all or nothing. Raises Conflict: it is not at ``before.version`` any more."""
