"""What is asked next, of whom: pure, so it is held to a second way of saying it."""

from typing import Any

import pytest
from authmint.sign_on.next_step import DONE, Known, Step, next_step
from authmint.sign_on.proofs import amr_of, auth_time_of
from authmint.sign_on.requirement import Requirement
from authmint.storage.sign_on_transactions import Proof
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_000


@pytest.mark.parametrize(
    ("known", "requirement", "asked", "reason"),
    [
        (None, {}, "identify", "nobody_is_signed_in"),
        (Known("a", 900), {}, "done", None),
        (Known("a", 900, password_expired=True), {}, "new_password", "expired"),
        (Known("a", 900), {"user_id": "a"}, "done", None),
        (Known("a", 900), {"user_id": "b"}, "identify", "another_user"),
        (Known("a", 900), {"user_id": "b", "asked_at": 900}, "identify", "still_another_user"),
        (Known("a", 900), {"user_id": "b", "asked_at": 901}, "identify", "another_user"),
        (Known("a", 900), {"again": True}, "identify", "asked_again"),
        (Known("a", 900), {"again": True, "asked_at": 901}, "identify", "asked_again"),
        (Known("a", 900), {"again": True, "asked_at": 900}, "done", None),
        (Known("a", 900), {"max_age": 100}, "done", None),
        (Known("a", 900), {"max_age": 99}, "identify", "too_old"),
        (Known("a", 900), {"max_age": 0, "asked_at": 900}, "done", None),
    ],
)
def test_the_first_thing_that_is_missing(
    known: Known | None, requirement: dict[str, Any], asked: str, reason: str | None
) -> None:
    assert next_step(known, Requirement(**requirement), now=NOW) == Step(asked, reason)  # type: ignore[arg-type]


times = st.integers(0, NOW)
requirements = st.builds(
    Requirement,
    user_id=st.sampled_from([None, "a", "b"]),
    again=st.booleans(),
    max_age=st.none() | times,
    asked_at=st.none() | times,
)


@given(auth_time=times, requirement=requirements)
def test_nobody_gets_through_who_lacks_anything(auth_time: int, requirement: Requirement) -> None:
    step = next_step(Known("a", auth_time), requirement, now=NOW)

    right_user = requirement.user_id in {None, "a"}
    for_it = requirement.asked_at is not None and auth_time >= requirement.asked_at
    young = requirement.max_age is None or NOW - auth_time <= requirement.max_age
    assert (step == DONE) == (right_user and (for_it or (young and not requirement.again)))


@given(auth_time=times, requirement=requirements)
def test_who_signs_in_now_for_a_request_as_who_it_is_about_is_done(auth_time: int, requirement: Requirement) -> None:
    waiting = Requirement(requirement.user_id, requirement.again, requirement.max_age, asked_at=NOW)
    somebody = requirement.user_id or "a"

    assert next_step(Known(somebody, NOW), waiting, now=NOW) == DONE
    assert next_step(Known(somebody, NOW, password_expired=True), waiting, now=NOW).name == "new_password"


def test_what_follows_from_proofs() -> None:
    twice = (Proof("password", 5), Proof("password", 9))

    assert (amr_of(twice), auth_time_of(twice)) == (("pwd",), 9)
    assert (amr_of(()), auth_time_of(())) == ((), 0)
