"""Who is let in again starts anew."""

from dataclasses import replace

from authmint.directory.lockout import forgiven

from tests.support.builders import a_user


def test_nothing_is_held_against_who_was_locked() -> None:
    counted = replace(a_user(), failed_attempts=3, failed_codes=2)

    assert forgiven(counted) == counted
    locked = replace(counted, status="LOCKED_OUT")
    assert forgiven(locked) == replace(locked, failed_attempts=0, failed_codes=0)
