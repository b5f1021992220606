"""What was asked of somebody who proves a factor, until the answer comes: single-use, and bound to what it is for."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

ChallengePurpose = Literal["enrol", "verify", "identify", "picture", "address", "second_address"]


@dataclass(frozen=True)
class FactorChallenge:
    """One challenge. ``digest`` is SHA-256 of what it is found by, base64url.

    Attributes:
        purpose: An answer for another one is refused.
        binding: For which transaction, browser or caller it is: the same.
        user_id: Whose answer it has to be; ``None``: that is what the answer says.
        factor_id: The same.
        address: That the code was sent to, where no factor says it.
        key, code: Of a code that was sent: what its HMAC was made with, and the HMAC; base64url.
    """

    digest: str
    purpose: ChallengePurpose
    binding: str
    created_at: int
    expires_at: int
    user_id: str | None = None
    factor_id: str | None = None
    address: str | None = None
    key: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


class FactorChallenges(Protocol):
    """All challenges of a deployment. Expired ones are found, too, for a while."""

    def add(self, challenge: FactorChallenge) -> None:
        """Store a new one. Raises AlreadyExists."""

    def replace(self, challenge: FactorChallenge) -> None:
        """Store one in the place of whatever is found by the same digest: that is worth nothing any more."""

    def get(self, digest: str) -> FactorChallenge:
        """One that is not used up. A consistent read. Raises NotFound."""

    def attempt(self, digest: str, *, most: int) -> FactorChallenge:
        """Count a guess at a code before it is looked at.

        Raises:
            NotFound: There is none, it was used, or there were ``most`` guesses.
        """

    def use(self, digest: str, seen: FactorChallenge | None = None) -> FactorChallenge:
        """Use one up, exactly once even under concurrent calls.

        Raises:
            NotFound: There is none, it was used, or it is not ``seen`` any more.
        """
