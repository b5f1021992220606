"""Browsers that are not asked for a second factor again (docs/protocol.md §31.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .generations import FIRST, Generations


@dataclass(frozen=True)
class RememberedBrowser:
    """A browser in which a second factor was proved. ``digest`` is SHA-256 of its cookie, base64url.

    Attributes:
        label: What it called itself (``User-Agent``).
        factor_id: What was proved: when that is taken away, the browser is a stranger again.
        password_changed_at: When the password was chosen that was proved: another one makes it a stranger, too.
    """

    digest: str
    user_id: str
    created_at: int
    expires_at: int
    label: str = ""
    factor_id: str | None = None
    password_changed_at: int | None = None
    generations: Generations = FIRST


class RememberedBrowsers(Protocol):
    """All of a deployment."""

    def add(self, browser: RememberedBrowser) -> None:
        """Remember one. Raises AlreadyExists: a call before this one did."""

    def get(self, user_id: str, digest: str) -> RememberedBrowser:
        """One of a user's. A consistent read; expired ones are found too, for a while. Raises NotFound."""

    def of_user(self, user_id: str) -> Sequence[RememberedBrowser]:
        """All of a user's, the oldest first."""

    def forget(self, user_id: str, digest: str) -> None:
        """Forget one. Nothing happens where it is gone."""
