"""Passwords that many people use are known, however thinly they are disguised; passwords of one's own are not."""

from dataclasses import replace

import pytest
from authmint.directory.common_passwords import _known, is_common
from authmint.directory.passwords import LONGEST, PasswordPolicy
from hypothesis import given
from hypothesis import strategies as st

#: Asks nothing else.
ANYTHING = PasswordPolicy(lower=0, upper=0, digits=0)


@pytest.mark.parametrize(
    "password",
    ["password", "PASSWORD", "Password1", "P@ssw0rd2026!", "p4$$w0rd", "123456789", "Qwerty123!", "!!dragon!!",
     "Superman-1985", "aaaaaaaA", "1111111111", "\uff30assword1"],
)  # fmt: skip
def test_what_many_use_is_common(password: str) -> None:
    assert is_common(password)
    assert ANYTHING.lacks(password, "ann@example.com") == ("common",)
    assert replace(ANYTHING, uncommon=False).lacks(password, "ann@example.com") == ()


@pytest.mark.parametrize(
    "password",
    ["Correct-Horse-7", "Battery-Staple-8", "tr0ub4dor&3x", "xKq9-vTz2-mLw7", "Pferd im Regen 3", "1a-2b-3c-4d"],
)
def test_what_somebody_made_up_is_not(password: str) -> None:
    assert not is_common(password)
    assert ANYTHING.lacks(password, "ann@example.com") == ()


@given(st.text(max_size=400))
def test_every_text_has_an_answer(password: str) -> None:
    assert is_common(password) in {True, False}


def test_nothing_is_looked_up_that_would_not_do_anyway() -> None:
    assert ANYTHING.lacks("a" * (LONGEST + 1), "ann@example.com") == ("longest",)
    assert PasswordPolicy().lacks("password", "ann@example.com") == ("upper", "digit")


def test_the_list_is_the_list() -> None:
    known = _known()

    assert 9_500 < len(known) <= 10_000
    assert "password" in known
    assert not any(word.startswith("#") or "copyright" in word for word in known)
