"""What administrators want of keys of WebAuthn."""

from dataclasses import dataclass
from typing import Literal

Preference = Literal["discouraged", "preferred", "required"]


@dataclass(frozen=True)
class KeySettings:
    """The settings.

    Attributes:
        verification: Whether authenticators have to know who uses them, as keys are made.
        verification_for_use: The same, as they are used; ``None``: required where it was as they are made.
        resident_key: Whether keys are to be found without a user name.
        attachment: ``platform`` or ``cross-platform``; ``None``: either.
        synced: Keys that leave their device are taken, too.
    """

    verification: Preference = "preferred"
    verification_for_use: Preference | None = None
    resident_key: Preference = "preferred"
    attachment: Literal["platform", "cross-platform"] | None = None
    synced: bool = True

    @property
    def of_use(self) -> Preference:
        """Whether authenticators have to know who uses them, as keys are used."""
        return self.verification_for_use or ("required" if self.verification == "required" else "preferred")
