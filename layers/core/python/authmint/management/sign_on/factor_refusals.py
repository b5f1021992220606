"""What administrators are answered where a factor is not enrolled, or an answer not taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ...factors.refusals import (
    Expired,
    FactorRefused,
    LockedOut,
    NotActive,
    NotEnrollable,
    Replayed,
    TooFast,
    WrongAnswer,
)
from ..http.errors import ApiError, invalid, invalid_field

WRONG_CODE: Final = "Your passcode doesn't match our records. Please try again."
WRONG_ANSWER: Final = "Your answer doesn't match our records. Please try again."
_NOT_ENABLED: Final = "The factor type is not enabled for this organization."
_ENROLMENT: Final = "factorEnrollRequest"


@contextmanager
def refusals(*, question: bool = False, sends: bool = False) -> Iterator[None]:
    """Raises ApiError for what the domain refuses.

    Args:
        question: It is about the answer to a question.
        sends: It is about mail: too much of it at once, and not too many answers.
    """
    try:
        yield
    except NotEnrollable as refusal:
        raise _not_enrolled(refusal) from None
    except FactorRefused as refusal:
        raise _refused(refusal, question=question, sends=sends) from None


def not_offered() -> ApiError:
    """There is no such kind of factor, or it is off."""
    return invalid_field("factorType", _NOT_ENABLED)


def _not_enrolled(refusal: NotEnrollable) -> ApiError:
    match refusal.reason:
        case "kind":
            return not_offered()
        case "policy":
            return invalid(_ENROLMENT, "Factor type is not allowed by the policy.")
        case "taken":
            return invalid(_ENROLMENT, "A factor of this type is already set up.")
        case "address":
            return invalid("Only verified primary or secondary email can be enrolled.")
        case "answer":
            return invalid(_ENROLMENT, "question and answer: a known question, and an answer of 4 to 200 characters.")


def _refused(refusal: FactorRefused, *, question: bool, sends: bool) -> ApiError:
    match refusal:
        case WrongAnswer() | Expired():
            return ApiError("E0000068", causes=[WRONG_ANSWER if question else WRONG_CODE])
        case Replayed():
            return ApiError("E0000082")
        case LockedOut():
            return ApiError("E0000069")
        case TooFast():
            waits = tuple(pair for pair in refusal.allowance.headers() if pair[0] == "retry-after")
            return ApiError("E0000118" if sends else "E0000047", headers=waits)
        case NotActive():
            return ApiError("E0000107")
        case _:
            raise refusal
