"""Why somebody is not helped. What is said of it is for the caller: a stranger learns nothing."""

from ..rate_limit import Allowance


class RecoveryRefused(Exception):
    """Base of this tree: ``TooOften``, ``NotOpen``, ``ProofMissing``, ``WrongAnswer``, ``NotWelcome``."""


class TooOften(RecoveryRefused):
    """Asked for too often, for this name or from this address: whether there is such a user or not.

    Attributes:
        allowance: Until when.
    """

    def __init__(self, allowance: Allowance) -> None:
        super().__init__("asked too often")
        self.allowance = allowance


class NotOpen(RecoveryRefused):
    """What was mailed leads nowhere: unknown, expired, used, of another kind, or void by what happened since."""


class ProofMissing(RecoveryRefused):
    """Something else has to be proved first."""


class WrongAnswer(RecoveryRefused):
    """The answer to the question is wrong."""


class NotWelcome(RecoveryRefused):
    """Whom an operator's program asked about a new account said no, or nothing. The message is for whoever asked.

    Attributes:
        causes: More of these, by the attribute that each is about; that is empty where it is about none.
    """

    def __init__(self, message: str, causes: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.causes = causes
