"""How long what is given may live."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lifetimes:
    """What a rule says of the tokens that it gives, in seconds; 0 is unlimited.

    Attributes:
        refresh_token: Of all refresh tokens of one authorization together.
        refresh_token_window: A refresh token that is not used for so long is dead.
    """

    access_token: int = 3600
    refresh_token: int = 0
    refresh_token_window: int = 604_800

    def capped(self, *, access_token: int, refresh_token: int) -> "Lifetimes":
        """The same within bounds."""
        return Lifetimes(
            min(self.access_token, access_token),
            min(self.refresh_token or refresh_token, refresh_token),
            min(self.refresh_token_window or refresh_token, refresh_token),
        )
