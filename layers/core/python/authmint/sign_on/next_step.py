"""What is asked next of somebody who wants to be signed on. Pure: it reads and writes nothing."""

from dataclasses import dataclass
from typing import Literal

from .requirement import Requirement

StepName = Literal["identify", "new_password", "done"]
Reason = Literal["nobody_is_signed_in", "another_user", "still_another_user", "too_old", "asked_again", "expired"]


@dataclass(frozen=True)
class Known:
    """Who is there, as far as it is proved.

    Attributes:
        auth_time: When they proved last who they are.
        password_expired: What they proved has to be replaced before it counts.
    """

    user_id: str
    auth_time: int
    password_expired: bool = False


@dataclass(frozen=True)
class Step:
    """What is asked, and why.

    ``identify``: username and password. ``new_password``: in the place of the one that was proved. ``done``: nothing.
    """

    name: StepName
    reason: Reason | None = None


DONE = Step("done")


def next_step(known: Known | None, requirement: Requirement, *, now: int) -> Step:
    """The first thing that is missing."""
    if known is None:
        return Step("identify", "nobody_is_signed_in")
    if known.password_expired:
        return Step("new_password", "expired")
    for_this_request = requirement.asked_at is not None and known.auth_time >= requirement.asked_at
    if requirement.user_id not in {None, known.user_id}:
        # Who has just signed in for this request as somebody else would do so again.
        return Step("identify", "still_another_user" if for_this_request else "another_user")
    if for_this_request:
        return DONE
    if requirement.max_age is not None and now - known.auth_time > requirement.max_age:
        return Step("identify", "too_old")
    return Step("identify", "asked_again") if requirement.again else DONE
