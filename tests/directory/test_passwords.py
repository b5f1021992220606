"""What a password must be like, how it is remembered, and who gets in with it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from authmint.directory.authentication import AuthenticationFailed, BadCredentials, LockedOut, PasswordExpired
from authmint.directory.passwords import LONGEST, PasswordHashes, PasswordPolicy
from authmint.storage.users import UserStatus
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.directory.people import CHEAP, PASSWORD, People
from tests.support.fakes import NOW, CountingIds

WRONG = PASSWORD[::-1]


def hashes() -> PasswordHashes:
    return PasswordHashes(CountingIds(), CHEAP)


@given(st.text(max_size=30), st.text(max_size=30))
@hypothesis_settings(max_examples=25)
def test_a_hash_fits_its_password_only(password: str, other: str) -> None:
    import unicodedata

    hashed = hashes().make(password)

    assert hashes().fits(password, hashed)
    same = unicodedata.normalize("NFC", password) == unicodedata.normalize("NFC", other)
    assert hashes().fits(other, hashed) is same


def test_the_same_characters_composed_otherwise_are_the_same_password() -> None:
    assert hashes().fits("cafe\u0301-Secret1", hashes().make("caf\u00e9-Secret1"))


def test_the_cost_is_what_owasp_recommends_and_the_salt_is_new() -> None:
    maker = PasswordHashes(CountingIds())

    one, other = maker.make("x"), maker.make("x")

    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other


def test_a_password_of_absurd_length_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = hashes()
    hashed = maker.make("x")
    monkeypatch.setattr("authmint.directory.passwords._bytes", lambda _: pytest.fail("it was looked at"))

    assert not maker.fits("x" * (LONGEST + 1), hashed)
    maker.burn("x" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("password", "lacking"),
    [
        ("Abcdefg1", ("not a commonly used password",)),
        ("Abcdexyz1", ()),
        ("Abcde1", ("at least 8 characters",)),
        ("A1" + "a" * 300, ("at most 256 characters",)),
        ("ABCDEFG1", ("a lowercase letter",)),
        ("abcdefg1", ("an uppercase letter",)),
        ("Abcdefgh", ("a number",)),
        ("xxJOHNxx1", ("no parts of your username",)),
        ("xxExample1", ("no parts of your username",)),
        ("Ñandúñan1", ()),
        ("", ("at least 8 characters", "a lowercase letter", "an uppercase letter", "a number")),
    ],
)
def test_what_a_password_lacks(password: str, lacking: tuple[str, ...]) -> None:
    policy = PasswordPolicy()

    assert tuple(map(policy.in_words, policy.lacks(password, "john.doe@example.com"))) == lacking


def test_who_knows_the_password_gets_in() -> None:
    people = People()

    person = people.authenticator.verify("ANN@example.com", PASSWORD, NOW + 5)

    assert person.user.id == "00uA"
    assert people.ann.last_login_at == NOW + 5


def outcome(people: People, login: str = "ann@example.com", password: str = WRONG) -> type[Exception] | None:
    try:
        people.authenticator.verify(login, password, NOW)
    except AuthenticationFailed as error:
        return type(error)
    return None


def test_wrong_passwords_lock_and_say_so_once_in_the_log() -> None:
    people = People()

    outcomes = [outcome(people) for _ in range(12)]

    assert outcomes == [BadCredentials] * 9 + [LockedOut] * 3
    assert people.ann.status == "LOCKED_OUT"
    assert [event.type for event in people.storage.events] == ["user.account.lock"]
    assert outcome(people, password=PASSWORD) is LockedOut


def test_a_right_password_starts_the_count_again() -> None:
    people = People()
    for _ in range(9):
        outcome(people)

    assert outcome(people, password=PASSWORD) is None
    assert people.ann.failed_attempts == 0
    assert outcome(people) is BadCredentials


def test_parallel_attempts_are_counted_exactly() -> None:
    people = People()

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: outcome(people), range(40)))

    assert outcomes.count(BadCredentials) == 9
    assert outcomes.count(LockedOut) == 31
    assert people.ann.failed_attempts == 10


@pytest.mark.parametrize("status", ["STAGED", "PROVISIONED", "RECOVERY", "SUSPENDED", "DEPROVISIONED"])
def test_who_is_not_active_is_not_told_so(status: UserStatus) -> None:
    assert outcome(People(status=status), password=PASSWORD) is BadCredentials


def test_without_a_password_nobody_gets_in() -> None:
    people = People(password=None)

    assert outcome(people, password="") is BadCredentials
    assert outcome(people, login="bob@example.com") is BadCredentials
    assert outcome(people, login="\ud800" * 5_000) is BadCredentials


def test_an_expired_password_is_told_only_to_who_knows_it() -> None:
    people = People(status="PASSWORD_EXPIRED")

    assert outcome(people) is BadCredentials
    with pytest.raises(PasswordExpired) as refused:
        people.authenticator.verify("ann@example.com", PASSWORD, NOW)
    assert refused.value.person.user.id == "00uA"


def test_every_refusal_costs_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    people = People()
    work: list[str] = []
    monkeypatch.setattr(people.hashes, "fits", lambda *_: work.append("fits"))
    monkeypatch.setattr(people.hashes, "make", lambda *_: work.append("make"))

    outcome(people, login="nobody@example.com")
    outcome(people)

    assert work == ["make", "fits"]


def test_nothing_secret_is_in_a_repr() -> None:
    shown = repr(People().ann)

    assert "argon2id" not in shown
    assert "ann@example.com" not in shown
