"""Factors of users: enrolled, activated, asked for, verified, removed."""

import base64
from dataclasses import replace

import pytest
from authmint.factors.answers import Passcode, binary
from authmint.factors.kind import CodeWanted, SharedSecret, Wishes
from authmint.factors.refusals import LockedOut, NotActive, NotEnrollable, Replayed, TooFast, WrongAnswer
from authmint.storage.errors import Conflict
from authmint.storage.sign_on_transactions import Proof

from tests.factors.people import Factored
from tests.support.builders import a_user


@pytest.fixture
def people() -> Factored:
    return Factored()


def verified(people: Factored, factor: object, code: Passcode) -> Proof:
    current = people.factors.of(people.ann)
    return people.factors.verify(people.ann, current, code, binding="t", **people.asked)


def test_an_app_is_pending_until_its_first_code(people: Factored) -> None:
    factor, shared = people.factors.enrol(people.ann, "totp", **people.asked)

    assert isinstance(shared, SharedSecret)
    assert len(shared.secret) == 32
    assert shared.secret in shared.uri
    assert shared.secret not in repr(people.storage.factors.factors)
    assert factor.id.startswith("uft")
    assert [found.status for found in people.factors.of(people.ann)] == ["PENDING_ACTIVATION"]
    with pytest.raises(NotActive):
        verified(people, factor, Passcode("000000"))


def test_a_right_code_proves_the_app(people: Factored) -> None:
    factor, secret = people.app()

    proof = verified(people, factor, people.code(secret))

    assert proof == Proof("totp", people.clock.now(), factor.id)
    assert [(e.type, e.outcome) for e in people.log.emitted] == [("user.authentication.auth_via_mfa", "SUCCESS")]
    assert [e.type for e in people.storage.events] == ["user.mfa.factor.activate"]
    assert people.factors.of(people.ann)[0].last_used_at == people.clock.now()
    assert people.factors.challenge(people.ann, [factor], binding="t", **people.asked) == CodeWanted()


def test_spaces_of_a_code_mean_nothing(people: Factored) -> None:
    factor, secret = people.app()
    code = people.code(secret).text

    assert verified(people, factor, Passcode(f" {code[:3]} {code[3:]} ")).method == "totp"


def test_the_code_that_activated_is_used_up(people: Factored) -> None:
    factor, shared = people.factors.enrol(people.ann, "totp", **people.asked)
    assert isinstance(shared, SharedSecret)
    secret = base64.b32decode(shared.secret)
    people.factors.activate(people.ann, factor, people.code(secret), **people.asked)

    with pytest.raises(Replayed):
        verified(people, factor, people.code(secret))


def test_a_code_is_good_once_and_makes_older_ones_worthless(people: Factored) -> None:
    factor, secret = people.app()
    verified(people, factor, people.code(secret))

    for steps in (0, -1):
        with pytest.raises(Replayed):
            verified(people, factor, people.code(secret, steps=steps))
    assert verified(people, factor, people.code(secret, steps=1)).method == "totp"
    assert people.ann.failed_codes == 0


def test_a_new_name_does_not_make_a_code_good_again(people: Factored) -> None:
    factor, secret = people.app()
    read_before = people.factors.of(people.ann)[0]
    verified(people, factor, people.code(secret))

    people.factors.rename(people.ann, read_before, "phone", **people.asked)

    with pytest.raises(Replayed):
        verified(people, factor, people.code(secret))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345"])
def test_what_is_no_code_counts_as_a_wrong_one(people: Factored, typed: str) -> None:
    factor, _ = people.app()

    with pytest.raises(WrongAnswer):
        verified(people, factor, Passcode(typed))
    assert people.ann.failed_codes == 1


def test_a_fifth_wrong_code_in_a_row_locks_with_its_event(people: Factored) -> None:
    factor, secret = people.app()

    for _ in range(4):
        with pytest.raises(WrongAnswer):
            verified(people, factor, people.wrong(secret))
    with pytest.raises(LockedOut):
        verified(people, factor, people.wrong(secret))

    assert people.status == "LOCKED_OUT"
    assert people.storage.events[-1].type == "user.account.lock"
    with pytest.raises(LockedOut):
        verified(people, factor, people.code(secret))
    assert people.log.emitted[-1].reason == "LOCKED_OUT"


def test_a_right_code_forgets_the_wrong_ones_before_it(people: Factored) -> None:
    factor, secret = people.app()
    for _ in range(4):
        with pytest.raises(WrongAnswer):
            verified(people, factor, people.wrong(secret))

    verified(people, factor, people.code(secret))

    assert people.ann.failed_codes == 0


def test_who_is_unlocked_counts_anew(people: Factored) -> None:
    from authmint.management.directory.user_lifecycle import moved

    factor, secret = people.app()
    for _ in range(5):
        with pytest.raises((WrongAnswer, LockedOut)):
            verified(people, factor, people.wrong(secret))
    locked = people.ann
    people.storage.users.save(locked, moved(locked, "ACTIVE", people.clock.now()), [])

    assert verified(people, factor, people.code(secret)).method == "totp"


def test_who_was_locked_by_passwords_proves_nothing_by_codes(people: Factored) -> None:
    factor, secret = people.app()
    user = people.ann
    people.storage.users.save(user, replace(user, status="LOCKED_OUT"), [])

    with pytest.raises(LockedOut):
        verified(people, factor, people.code(secret))
    assert people.ann.failed_codes == 0


def test_who_cannot_sign_in_is_not_locked_and_not_shut_out_for_ever(people: Factored) -> None:
    factor, secret = people.app()
    user = people.ann
    people.storage.users.save(user, replace(user, status="SUSPENDED"), [])
    for _ in range(4):
        with pytest.raises(WrongAnswer):
            verified(people, factor, people.wrong(secret))
    with pytest.raises(LockedOut):
        verified(people, factor, people.wrong(secret))
    assert people.status == "SUSPENDED"

    people.clock.advance(seconds=61)
    with pytest.raises(TooFast):
        verified(people, factor, people.code(secret))
    assert verified(people, factor, people.code(secret)).method == "totp"


def test_a_crash_before_the_lock_neither_opens_nor_closes_the_way_for_ever(people: Factored) -> None:
    factor, secret = people.app()
    for _ in range(5):
        people.storage.code_tries.take("00uA", most=5, at=people.clock.now())

    with pytest.raises(TooFast):
        verified(people, factor, people.code(secret))
    assert people.status == "ACTIVE"
    people.clock.advance(seconds=61)
    with pytest.raises(LockedOut):
        verified(people, factor, people.code(secret))
    assert people.status == "LOCKED_OUT"


def test_of_a_factor_that_is_not_activated_five_answers_are_taken_in_five_minutes(people: Factored) -> None:
    factor, shared = people.factors.enrol(people.ann, "totp", **people.asked)
    assert isinstance(shared, SharedSecret)
    secret = base64.b32decode(shared.secret)
    for _ in range(5):
        with pytest.raises(WrongAnswer):
            people.factors.activate(people.ann, factor, people.wrong(secret), **people.asked)

    with pytest.raises(TooFast) as refused:
        people.factors.activate(people.ann, factor, people.code(secret), **people.asked)

    assert not refused.value.allowance.allowed
    assert people.ann.failed_codes == 0
    people.clock.advance(seconds=300)
    assert people.factors.activate(people.ann, factor, people.code(secret), **people.asked).status == "ACTIVE"


def test_a_pending_app_makes_way_for_a_new_one_and_an_active_one_does_not(people: Factored) -> None:
    first, _ = people.factors.enrol(people.ann, "totp", **people.asked)
    second, _ = people.app()

    assert [factor.id for factor in people.factors.of(people.ann)] == [second.id]
    assert first.id != second.id
    with pytest.raises(NotEnrollable) as refused:
        people.factors.enrol(people.ann, "totp", **people.asked)
    assert refused.value.reason == "taken"
    other, _ = people.factors.enrol(people.ann, "totp", provider="OKTA", **people.asked)
    assert other.id.startswith("ost")


def test_another_users_pending_factor_is_nobodys_to_activate_or_see(people: Factored) -> None:
    app, shared = people.factors.enrol(people.ann, "totp", **people.asked)
    email, _ = people.factors.enrol(people.ann, "email", **people.asked)
    wishes = Wishes(question="first_award", answer="swimming")
    question, _ = people.factors.enrol(people.ann, "question", wishes=wishes, **people.asked)
    people.storage.users.add(a_user(id="00uB", login="b@example.com"), [])
    other = people.storage.users.get("00uB")
    people.clock.advance(seconds=10)
    assert isinstance(shared, SharedSecret)
    code = people.code(base64.b32decode(shared.secret))

    for attempt in (
        lambda: people.factors.activate(other, app, code, **people.asked),
        lambda: people.factors.shown(other, app, **people.asked),
        lambda: people.factors.resend(other, email, **people.asked),
        lambda: people.factors.change_question(other, question, "first_award", "judo club", **people.asked),
        lambda: people.factors.challenge(other, [question], binding="t", **people.asked),
        lambda: people.factors.challenge(people.ann, [app], binding="t", **people.asked),
    ):
        with pytest.raises(NotActive):
            attempt()
    assert people.factors.shown(people.ann, app, **people.asked) == shared


def test_what_is_activated_is_not_activated_again_nor_shown(people: Factored, monkeypatch: pytest.MonkeyPatch) -> None:
    pending, shared = people.factors.enrol(people.ann, "totp", **people.asked)
    assert isinstance(shared, SharedSecret)
    secret = base64.b32decode(shared.secret)
    active = people.factors.activate(people.ann, pending, people.code(secret), **people.asked)
    people.clock.advance(seconds=60)

    with pytest.raises(NotActive):
        people.factors.shown(people.ann, active, **people.asked)
    monkeypatch.setattr(people.storage.factors, "of", lambda _: [])  # as a call saw it that came before
    for seen in (active, pending):
        with pytest.raises(NotActive):
            people.factors.activate(people.ann, seen, people.code(secret), **people.asked)
    assert [event.type for event in people.storage.events].count("user.mfa.factor.activate") == 1


def test_of_two_that_were_pending_at_once_one_is_activated(people: Factored) -> None:
    first, shared = people.factors.enrol(people.ann, "totp", **people.asked)
    assert isinstance(shared, SharedSecret)
    people.storage.factors.factors.clear()  # as another call saw it, before this one was stored
    people.app()
    people.storage.factors.add(replace(first, version=0), [])

    with pytest.raises(NotEnrollable):
        people.factors.activate(people.ann, first, people.code(base64.b32decode(shared.secret)), **people.asked)


def test_of_another_provider_there_is_none(people: Factored) -> None:
    with pytest.raises(NotEnrollable):
        people.factors.enrol(people.ann, "totp", provider="RSA", **people.asked)


def test_a_policy_may_forbid_it(people: Factored) -> None:
    class Nothing:
        def of(self, *_: object) -> dict[object, object]:
            return {}

    forbidden = replace(people.factors, rules=Nothing())  # type: ignore[arg-type]

    with pytest.raises(NotEnrollable) as refused:
        forbidden.enrol(people.ann, "totp", **people.asked)
    assert refused.value.reason == "policy"


def test_another_users_factor_proves_nothing(people: Factored) -> None:
    factor, secret = people.app()
    people.storage.users.add(a_user(id="00uB", login="b@example.com"), [])
    other = people.storage.users.get("00uB")

    for attempt in (
        lambda: people.factors.verify(other, [factor], people.code(secret), binding="t", **people.asked),
        lambda: people.factors.remove(other, factor, **people.asked),
        lambda: people.factors.rename(other, factor, "x", **people.asked),
        lambda: people.factors.activate(other, factor, people.code(secret), **people.asked),
    ):
        with pytest.raises(NotActive):
            attempt()


def test_who_is_gone_gets_no_factor_and_what_is_gone_stands_in_no_way(
    people: Factored, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = people.ann
    people.factors.enrol(ann, "totp", **people.asked)

    def gone(*_: object) -> None:
        raise Conflict("gone")

    monkeypatch.setattr(people.storage.factors, "remove", gone)
    people.factors.enrol(ann, "totp", **people.asked)
    del people.storage.users.users["00uA"]
    with pytest.raises(NotActive):
        people.factors.enrol(ann, "totp", **people.asked)


def test_a_new_name_is_recorded(people: Factored) -> None:
    factor, _ = people.app()

    people.factors.rename(people.ann, factor, "phone", **people.asked)

    assert people.storage.events[-1].type == "user.mfa.factor.update"


def test_removing_is_recorded(people: Factored) -> None:
    factor, _ = people.app()
    pending, _ = people.factors.enrol(people.ann, "totp", provider="OKTA", **people.asked)

    people.factors.remove(people.ann, pending, **people.asked)
    people.factors.remove(people.ann, factor, **people.asked)

    assert people.factors.of(people.ann) == []
    assert [event.type for event in people.storage.events] == ["user.mfa.factor.activate", "user.mfa.factor.deactivate"]


def test_a_reset_removes_all(people: Factored) -> None:
    people.app()
    people.factors.enrol(people.ann, "totp", provider="OKTA", **people.asked)

    assert people.factors.remove_all(people.ann, **people.asked) == 2

    assert people.factors.of(people.ann) == []
    assert people.storage.events[-1].type == "user.mfa.factor.reset_all"


@pytest.mark.parametrize("text", ["-_8=", "+/8", "-_8", "+/8=", " +/8= "])
def test_base64_of_every_client_is_read(text: str) -> None:
    assert binary(text) == b"\xfb\xff"


@pytest.mark.parametrize("text", ["a", "ä", "ab cd", "{}"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(WrongAnswer):
        binary(text)
