"""Why a factor is not enrolled, or an answer not taken."""

from typing import Literal

from ..rate_limit import Allowance


class FactorRefused(Exception):
    """Base of this tree: ``WrongAnswer``, ``Replayed``, ``Expired``, ``TooFast``, ``LockedOut``, ``NotActive``,
    ``NotEnrollable``.
    """


class WrongAnswer(FactorRefused):
    """It does not fit. ``reason`` is for the log: whoever answered learns only that."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Replayed(FactorRefused):
    """The code is right, and was used before (RFC 6238 §5.2)."""


class Expired(FactorRefused):
    """Nothing is asked, or not any more: a challenge that was used, or whose time is over."""


class TooFast(FactorRefused):
    """Too many answers, or too many mails, at once. The answer was not looked at.

    Attributes:
        allowance: Until when.
    """

    def __init__(self, allowance: Allowance) -> None:
        super().__init__("too many tries")
        self.allowance = allowance


class LockedOut(FactorRefused):
    """Too many wrong codes in a row. Whether this one was right is not said."""


class NotActive(FactorRefused):
    """The factor is not activated yet, or is already, or cannot be used any more."""


class NotEnrollable(FactorRefused):
    """The user cannot have such a factor.

    Attributes:
        reason: ``taken``: has one already; ``policy``: may not; ``kind``: there is none; ``address``: not verified, or
            another's; ``answer``: of a question, too short.
    """

    def __init__(self, reason: Literal["taken", "policy", "kind", "address", "answer"]) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_of(refusal: FactorRefused) -> str:
    """What the log says of a refusal."""
    match refusal:
        case WrongAnswer():
            return refusal.reason
        case Replayed():
            return "PASSCODE_REPLAYED"
        case LockedOut():
            return "LOCKED_OUT"
        case TooFast():
            return "RATE_LIMITED"
        case _:
            return "EXPIRED"
