"""Sign-ons on their way: whose they are, how long, and that each ends once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.directory.authentication import AuthenticationFailed, Authenticator
from authmint.directory.password_change import NotChangeable, PasswordChange, UnsuitablePassword
from authmint.directory.passwords import PasswordHashes, PasswordPolicy
from authmint.http import Request
from authmint.sign_on.answers import NewPassword
from authmint.sign_on.sessions import SignedOn
from authmint.sign_on.sign_on import LIFETIME, Caller, Pending, SignOn
from authmint.storage.errors import NotFound
from authmint.storage.users import Password

from tests.memory.parts import CHEAP, Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.support.builders import a_user
from tests.support.demands import Asking, Quiet
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FrozenClock

OLD, NEW = "Correct-Horse-7", "Battery-Staple-8"
REQUEST = Request("POST", "/signin")


class World:
    """Ann, whose password has expired unless told otherwise."""

    def __init__(self, **changes: Any) -> None:
        self.storage = MemoryStorage()
        clock, ids, policy = FrozenClock(), CountingIds(), PasswordPolicy()
        hashes = PasswordHashes(ids, CHEAP)
        password = Password(hashes.make(OLD), NOW - 10)
        ann: dict[str, Any] = {"login": "ann@example.com", "password": password, "status": "PASSWORD_EXPIRED"}
        self.storage.users.add(a_user(**ann | changes), [])
        verifier = Authenticator(self.storage.directory, self.storage.users, hashes, clock, ids, policy)
        change = PasswordChange(self.storage.users, hashes, clock, ids, policy)
        self.demands = Asking()
        parts = MemoryParts(self.storage, vault=FakeKeyPairs(), clock=clock, ids=ids, log=Emitted())
        self.factors = parts.factor_steps()
        self.sign_on = SignOn(
            self.storage.sign_ons,
            self.storage.sessions,
            self.storage.directory,
            verifier,
            change,
            self.demands,
            lambda: self.factors,
            Quiet(),
            ids,
        )

    def begin(self, caller: Caller | None = None) -> Pending:
        found = self.sign_on.begin(caller or browser(), "ann@example.com", OLD, {"request": "r"})
        assert isinstance(found, Pending)
        return found


def browser(name: str | None = "hers", *, now: int = NOW) -> Caller:
    return Caller(REQUEST, name, now)


def test_of_whom_nothing_more_is_asked_nothing_is_stored() -> None:
    world = World(status="ACTIVE")

    found = world.sign_on.begin(browser(), "ann@example.com", OLD, {})

    assert isinstance(found, SignedOn)
    assert (found.person.user.id, [proof.method for proof in found.proofs]) == ("00uA", ["password"])
    assert world.storage.sign_ons.records == {}


def test_a_wrong_password_begins_nothing() -> None:
    world = World()

    with pytest.raises(AuthenticationFailed):
        world.sign_on.begin(browser(), "ann@example.com", "Wrong-Horse-7", {})
    assert world.storage.sign_ons.records == {}


def test_a_new_password_ends_the_way() -> None:
    world = World()
    pending = world.begin()

    assert (pending.step.name, pending.step.reason, pending.transaction.onward) == (
        "new_password",
        "expired",
        {"request": "r"},
    )
    signed_on = world.sign_on.advance(
        world.sign_on.find(pending.handle, browser()), browser(now=NOW + 5), NewPassword(NEW)
    )
    assert isinstance(signed_on, SignedOn)
    assert [proof.at for proof in signed_on.proofs] == [NOW + 5]
    with pytest.raises(NotFound):
        world.sign_on.find(pending.handle, browser())


@pytest.mark.parametrize("caller", [browser("another"), browser(None), browser(now=NOW + LIFETIME)])
def test_nobody_else_goes_on_and_nobody_too_late(caller: Caller) -> None:
    world = World()
    pending = world.begin()

    with pytest.raises(NotFound):
        world.sign_on.find(pending.handle, caller)
    assert world.sign_on.find(pending.handle, browser(now=NOW + LIFETIME - 1)).handle == pending.handle


def test_a_transaction_of_the_api_is_no_browsers() -> None:
    world = World()
    pending = world.begin(browser(None))

    with pytest.raises(NotFound):
        world.sign_on.find(pending.handle, browser())


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (NewPassword("short"), UnsuitablePassword),
        (NewPassword(OLD), UnsuitablePassword),
        (NewPassword(NEW, old="Wrong-Horse-7"), NotChangeable),
    ],
)
def test_a_refused_answer_ends_nothing(answer: NewPassword, refusal: type[Exception]) -> None:
    world = World()
    pending = world.begin()

    with pytest.raises(refusal):
        world.sign_on.advance(pending, browser(), answer)
    assert isinstance(world.sign_on.advance(pending, browser(), NewPassword(NEW, old=OLD)), SignedOn)


@pytest.mark.parametrize("change", ["password", "suspended", "gone"])
def test_a_proof_is_void_when_what_it_was_about_changed(change: str) -> None:
    world = World()
    pending = world.begin()
    users = world.storage.users
    ann = users.get("00uA")
    assert ann.password is not None
    if change == "password":
        users.save(ann, replace(ann, password=replace(ann.password, changed_at=NOW + 1)), [])
    elif change == "suspended":
        users.save(ann, replace(ann, status="SUSPENDED"), [])
    else:
        users.delete(ann, [])

    with pytest.raises((NotChangeable, NotFound)):
        world.sign_on.advance(pending, browser(), NewPassword(NEW))


def test_of_parallel_answers_one_counts() -> None:
    world = World()
    pending = world.begin()

    def answer(number: int) -> bool:
        try:
            world.sign_on.advance(pending, browser(), NewPassword(f"{NEW}-{number}"))
        except (NotChangeable, NotFound):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(answer, range(8))) == 1
