"""Sign-ons that ask for more than a password: what is asked, what counts, and that nobody gets around it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.directory.authentication import AuthenticationFailed, Authenticator
from authmint.directory.password_change import PasswordChange
from authmint.directory.passwords import PasswordHashes, PasswordPolicy
from authmint.factors.answers import Passcode
from authmint.factors.refusals import LockedOut, Replayed, WrongAnswer
from authmint.http import Request
from authmint.policy.sign_on.assurance import Alternative, Assurance, Demand
from authmint.sign_on.answers import Back, Begun, Chosen, NewPassword, Proved, SetUp, Skipped, ThePassword
from authmint.sign_on.requirement import Demanded, Enrolments, OutOfTurn, Requirement
from authmint.sign_on.sessions import SessionSettings, SignedOn, amr_of, new_session
from authmint.sign_on.sign_on import LONGEST, Caller, Denied, Pending, SignOn
from authmint.storage.errors import NotFound
from authmint.storage.sign_on_transactions import Proof, SessionTerms
from authmint.storage.users import Password

from tests.memory.parts import CHEAP, Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.support.apps import App
from tests.support.builders import a_user
from tests.support.demands import Asking, Quiet
from tests.support.fakes import CountingIds, FakeKeyPairs, FrozenClock

PASSWORD, NEW = "Correct-Horse-7", "Battery-Staple-8"
REQUEST = Request("POST", "/signin", base_url="https://acme.example.com", source_ip="198.51.100.7")
TWO = Assurance(two_factors=True)
WITH_APP = Requirement(assurances=(TWO,), enrolments=Enrolments(offered=("totp",)))
PHISHING = Assurance(alternatives=(Alternative(possession=Demand(phishing_resistant=True)),))


class World:
    """Ann, of whom a policy asks two factors."""

    def __init__(self, **changes: Any) -> None:
        self.storage, self.clock = MemoryStorage(), FrozenClock()
        ids, policy = CountingIds(), PasswordPolicy()
        hashes = PasswordHashes(ids, CHEAP)
        password = Password(hashes.make(PASSWORD), self.clock.now() - 10)
        self.storage.users.add(a_user(**{"login": "ann@example.com", "password": password} | changes), [])
        parts = MemoryParts(self.storage, vault=FakeKeyPairs(), clock=self.clock, ids=ids, log=Emitted())
        self.steps = parts.factor_steps()
        self.demands = Asking(Demanded(requirement=Requirement(assurances=(TWO,))))
        self.ids = ids
        self.sign_on = SignOn(
            self.storage.sign_ons,
            self.storage.sessions,
            self.storage.directory,
            Authenticator(self.storage.directory, self.storage.users, hashes, self.clock, ids, policy),
            PasswordChange(self.storage.users, hashes, self.clock, ids, policy),
            self.demands,
            lambda: self.steps,
            Quiet(),
            ids,
        )

    @property
    def ann(self) -> Any:
        return self.storage.users.get("00uA")

    def app(self) -> App:
        return App.of(self.steps.factors, self.ann, self.clock)[0]

    def caller(self, browser: str | None = "hers") -> Caller:
        return Caller(REQUEST, browser, self.clock.now())

    def begin(self) -> Pending:
        found = self.sign_on.begin(self.caller(), "ann@example.com", PASSWORD, {})
        assert isinstance(found, Pending)
        return found

    def advance(self, pending: Pending, answer: Any) -> SignedOn | Pending:
        return self.sign_on.advance(self.sign_on.find(pending.handle, self.caller()), self.caller(), answer)

    def done(self, pending: Pending, answer: Any) -> SignedOn:
        found = self.advance(pending, answer)
        assert isinstance(found, SignedOn), found
        return found


def test_a_code_is_the_second_factor() -> None:
    world = World()
    app = world.app()
    pending = world.begin()

    assert pending.step.name == "challenge"
    signed_on = world.done(pending, Proved(Passcode(app.code), pending.step.choices[0]))

    assert amr_of(signed_on.proofs) == ("pwd", "otp", "mfa")
    assert world.storage.sign_ons.records == {}


def test_what_is_compared_is_told_of_failures_always_and_of_sign_ons_where_it_is_asked_for() -> None:
    world = World()
    app = world.app()
    with pytest.raises(AuthenticationFailed):
        world.sign_on.begin(world.caller(), "ann@example.com", "wrong", {})
    world.done(world.begin(), Proved(Passcode(app.code), world.begin().step.choices[0]))
    unwatched = list(world.demands.told)
    world.demands.sign_on = replace(world.demands.sign_on, watched=True)
    world.clock.advance(seconds=30)

    pending = world.begin()
    with pytest.raises(WrongAnswer):
        world.advance(pending, Proved(Passcode(app.wrong), pending.step.choices[0]))
    world.done(pending, Proved(Passcode(app.code), pending.step.choices[0]))

    assert unwatched == ["ann@example.com failed"]
    assert world.demands.told == [*unwatched, "ann@example.com failed", "ann@example.com signed on"]


def test_wrong_codes_leave_everything_as_it_is_and_five_lock() -> None:
    world = World()
    app = world.app()
    pending = world.begin()

    for _ in range(4):
        with pytest.raises(WrongAnswer):
            world.advance(pending, Proved(Passcode(app.wrong), pending.step.choices[0]))
    assert world.sign_on.find(pending.handle, world.caller()).step == pending.step
    with pytest.raises(LockedOut):
        world.advance(pending, Proved(Passcode(app.wrong), pending.step.choices[0]))
    assert world.ann.status == "LOCKED_OUT"
    with pytest.raises(NotFound):
        world.sign_on.find(pending.handle, world.caller())


def test_a_right_password_does_not_forget_wrong_codes() -> None:
    world = World()
    app = world.app()

    for round_ in range(5):
        pending = world.begin()
        with pytest.raises(LockedOut if round_ == 4 else WrongAnswer):
            world.advance(pending, Proved(Passcode(app.wrong), pending.step.choices[0]))
    assert world.ann.status == "LOCKED_OUT"


def test_one_code_lets_one_in() -> None:
    world = World()
    app = world.app()
    one, other = world.begin(), world.begin()

    world.done(one, Proved(Passcode(app.code), one.step.choices[0]))
    with pytest.raises(Replayed):
        world.advance(other, Proved(Passcode(app.code), other.step.choices[0]))


def test_of_parallel_right_answers_one_signs_on() -> None:
    world = World()
    app = world.app()
    pending = world.begin()
    found = world.sign_on.find(pending.handle, world.caller())

    def answer(_: int) -> bool:
        try:
            return isinstance(
                world.sign_on.advance(found, world.caller(), Proved(Passcode(app.code), pending.step.choices[0])),
                SignedOn,
            )
        except (Replayed, OutOfTurn, NotFound):
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(answer, range(8))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        NewPassword(NEW),
        ThePassword(PASSWORD),
        Begun("totp"),
        SetUp(Passcode("000000")),
        Skipped(),
        Chosen("ufunknown"),
        Proved(Passcode("000000")),
        Proved(Passcode("000000"), "ufunknown"),
    ],
)
def test_nothing_else_is_an_answer_to_a_challenge(answer: Any) -> None:
    world = World()
    world.app()
    pending = world.begin()

    with pytest.raises(OutOfTurn):
        world.advance(pending, answer)
    assert world.sign_on.find(pending.handle, world.caller()).step == pending.step


def test_going_back_gives_nothing() -> None:
    world = World()
    world.app()
    pending = world.begin()

    back = world.advance(pending, Back())

    assert isinstance(back, Pending)
    assert back.step == pending.step


def test_who_has_no_factor_sets_one_up_and_is_in() -> None:
    world = World()
    world.demands.sign_on = Demanded(
        requirement=Requirement(assurances=(TWO,), enrolments=Enrolments(offered=("totp",)))
    )
    pending = world.begin()

    assert (pending.step.name, pending.step.kinds) == ("enrol", ("totp",))
    begun = world.advance(pending, Begun("totp"))
    assert isinstance(begun, Pending)
    shown = world.sign_on.shown(begun, world.caller())
    app = App(shown["secret"], world.clock)
    with pytest.raises(WrongAnswer):
        world.advance(begun, SetUp(Passcode(app.wrong)))
    signed_on = world.done(begun, SetUp(Passcode(app.code)))

    assert amr_of(signed_on.proofs) == ("pwd", "otp", "mfa")
    assert [factor.status for factor in world.steps.factors.of(world.ann)] == ["ACTIVE"]


def test_a_secret_is_not_kept_with_the_transaction() -> None:
    world = World()
    world.demands.sign_on = Demanded(
        requirement=Requirement(assurances=(TWO,), enrolments=Enrolments(offered=("totp",)))
    )

    begun = world.advance(world.begin(), Begun("totp"))

    assert isinstance(begun, Pending)
    assert world.sign_on.shown(begun, world.caller())["secret"] not in repr(world.storage.sign_ons.records) + str(
        [vars(record) for record in world.storage.sign_ons.records.values()]
    )


def test_who_cannot_prove_enough_is_refused_at_once() -> None:
    world = World()

    with pytest.raises(Denied):
        world.begin()
    world.demands.sign_on = Demanded(denied=True, reason="policy p, rule r")
    with pytest.raises(Denied, match="policy p, rule r"):
        world.begin()
    assert world.storage.sign_ons.records == {}


def test_the_factor_comes_before_the_new_password() -> None:
    world = World(status="PASSWORD_EXPIRED")
    world.storage.users.save(world.ann, replace(world.ann, status="ACTIVE"), [])
    app = world.app()
    world.storage.users.save(world.ann, replace(world.ann, status="PASSWORD_EXPIRED"), [])
    pending = world.begin()

    assert pending.step.name == "challenge"
    with pytest.raises(OutOfTurn):
        world.advance(pending, NewPassword(NEW))
    proved = world.advance(pending, Proved(Passcode(app.code), pending.step.choices[0]))
    assert isinstance(proved, Pending)
    assert proved.step.name == "new_password"
    assert amr_of(world.done(proved, NewPassword(NEW)).proofs) == ("pwd", "otp", "mfa")


@pytest.mark.parametrize("change", ["password", "suspended", "generation", "gone"])
def test_what_was_proved_counts_no_more_after(change: str) -> None:
    world = World()
    world.app()
    pending = world.begin()
    ann = world.ann
    if change == "password":
        world.storage.users.save(ann, replace(ann, password=replace(ann.password, changed_at=1)), [])
    elif change == "suspended":
        world.storage.users.save(ann, replace(ann, status="SUSPENDED"), [])
    elif change == "generation":
        world.storage.users.save(ann, replace(ann, token_generation=1), [])
    else:
        world.storage.users.delete(ann, [])

    with pytest.raises(NotFound):
        world.sign_on.find(pending.handle, world.caller())


def test_a_transaction_lives_as_long_as_somebody_works_at_it_and_an_hour_at_most() -> None:
    world = World()
    world.app()
    pending, begun = world.begin(), world.clock.now()

    for _ in range(5):
        world.clock.advance(seconds=590)
        world.advance(pending, Back())
    assert world.storage.sign_ons.records[pending.transaction.digest].expires_at <= begun + LONGEST
    world.clock.advance(seconds=700)
    with pytest.raises(NotFound):
        world.sign_on.find(pending.handle, world.caller())


def test_the_terms_of_a_policy_are_those_of_the_session() -> None:
    world = World()
    terms = SessionTerms(600, 3_600, persistent=True)
    world.demands.sign_on = Demanded(requirement=Requirement(assurances=(TWO,)), terms=terms)
    app = world.app()
    pending = world.begin()

    signed_on = world.done(pending, Proved(Passcode(app.code), pending.step.choices[0]))
    session = new_session(signed_on, "s", SessionSettings(), world.ids, now=world.clock.now())

    assert session.persistent
    assert (session.idle_expires_at, session.expires_at) == (world.clock.now() + 600, world.clock.now() + 3_600)
    longer = replace(signed_on, terms=SessionTerms(10**7, 10**7))
    session = new_session(longer, "s", SessionSettings(), world.ids, now=world.clock.now())
    assert (session.idle_expires_at, session.expires_at) == (world.clock.now() + 7_200, world.clock.now() + 43_200)


# Step-up.


def raised(world: World, *proofs: Proof) -> tuple[Any, Any]:
    person = world.storage.directory.person("00uA")
    session = new_session(SignedOn(person, proofs), "secret", SessionSettings(), world.ids, now=world.clock.now())
    world.storage.sessions.add(session)
    return session, person


def test_a_session_is_raised_and_not_made_longer() -> None:
    world = World()
    app = world.app()
    before = world.clock.now()
    session, person = raised(world, Proof("password", before))
    world.clock.advance(seconds=100)
    pending = world.sign_on.step_up(world.caller(), session, person, Requirement(assurances=(TWO,)), {"request": "r"})

    signed_on = world.done(pending, Proved(Passcode(app.code), pending.step.choices[0]))

    assert signed_on.raises == session
    assert [proof.at for proof in signed_on.proofs] == [before, before + 100]


def test_a_session_that_ended_is_not_raised() -> None:
    world = World()
    app = world.app()
    session, person = raised(world, Proof("password", world.clock.now()))
    pending = world.sign_on.step_up(world.caller(), session, person, Requirement(assurances=(TWO,)), {})
    world.storage.sessions.end(session)

    with pytest.raises(NotFound):
        world.advance(pending, Proved(Passcode(app.code), pending.step.choices[0]))


def test_nothing_is_stepped_up_that_is_enough_or_never_will_be() -> None:
    world = World()
    world.app()
    session, person = raised(world, Proof("password", world.clock.now()))

    with pytest.raises(OutOfTurn):
        world.sign_on.step_up(world.caller(), session, person, Requirement(), {})
    with pytest.raises(Denied):
        world.sign_on.step_up(world.caller(), session, person, Requirement(assurances=(PHISHING,)), {})


def test_the_password_alone_is_asked_where_nothing_else_will_do() -> None:
    world = World()
    world.clock.advance(seconds=10)
    session, person = raised(world, Proof("password", world.clock.now() - 10))
    fresh = Assurance(alternatives=(Alternative(knowledge=Demand(reauthenticate_in=5)),))
    pending = world.sign_on.step_up(world.caller(), session, person, Requirement(assurances=(fresh,)), {})

    assert pending.step.methods == ("password",)
    with pytest.raises(AuthenticationFailed):
        world.advance(pending, ThePassword("Wrong-Horse-7"))
    assert world.done(pending, ThePassword(PASSWORD)).proofs == (Proof("password", world.clock.now()),)
