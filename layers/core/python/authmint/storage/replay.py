"""What must not come twice: ``jti`` values that were used (RFC 7523 §3, RFC 9700 §2.5)."""

from typing import Protocol


class UsedAssertions(Protocol):
    """``jti`` values of client assertions, per client. ``expires_at`` is compared always: deletion may come late."""

    def spend(self, client_id: str, jti: str, *, expires_at: int, at: int) -> None:
        """Use a ``jti``, exactly once even under concurrent calls.

        Raises:
            AlreadyUsed: A call before this one used it, and it has not expired since.
        """
