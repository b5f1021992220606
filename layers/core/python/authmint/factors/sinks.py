"""Where events go that nothing is stored with."""

from typing import Final, Protocol

from ..storage.events import Event

#: An answer was taken, or refused.
VERIFIED: Final = "user.authentication.auth_via_mfa"


class EventSink(Protocol):
    """A log that does not wait."""

    def emit(self, event: Event) -> None:
        """Write one."""
