"""Recovery codes and security questions."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from authmint.factors.answers import Passcode
from authmint.factors.kind import Ask, Wishes
from authmint.factors.refusals import LockedOut, NotActive, NotEnrollable, WrongAnswer
from authmint.storage.sign_on_transactions import Proof

from tests.factors.people import ASKED, Factored


@pytest.fixture
def people() -> Factored:
    return Factored()


def new_codes(people: Factored) -> list[str]:
    return list(people.factors.recovery.renew(Ask(people.ann, people.clock.now(), ASKED)))


def spend(people: Factored, text: str) -> Proof:
    return people.factors.recovery.verify(people.ann, text, binding="t", **people.asked)


def test_ten_codes_are_good_once_each(people: Factored) -> None:
    codes = new_codes(people)

    assert len(set(codes)) == 10
    assert all(len(code) == 12 and code[4] == code[9] == "-" for code in codes)
    assert not any(code in repr(people.storage.recovery_codes.records) for code in codes)
    assert spend(people, codes[3]) == Proof("recovery_code", people.clock.now())
    assert people.factors.recovery.left(people.ann) == 9
    with pytest.raises(WrongAnswer):
        spend(people, codes[3])
    assert spend(people, codes[0].upper().replace("-", " ")).method == "recovery_code"
    assert people.factors.recovery.of("00uA").last_used_at == people.clock.now()


def test_what_looks_like_another_letter_is_read_as_it(people: Factored) -> None:
    codes = new_codes(people)
    code = next(code for code in codes if "0" in code or "1" in code)

    assert spend(people, code.replace("0", "O").replace("1", "l")).method == "recovery_code"


def test_new_codes_kill_the_old_ones(people: Factored) -> None:
    old = new_codes(people)
    new = new_codes(people)

    with pytest.raises(WrongAnswer):
        spend(people, old[0])
    assert spend(people, new[0]).method == "recovery_code"


def test_wrong_ones_lock(people: Factored) -> None:
    codes = new_codes(people)
    for _ in range(4):
        with pytest.raises(WrongAnswer):
            spend(people, "0000-0000-00")
    with pytest.raises(LockedOut):
        spend(people, "0000-0000-00")
    with pytest.raises(LockedOut):
        spend(people, codes[0])


def test_who_has_none_can_spend_none(people: Factored) -> None:
    with pytest.raises(WrongAnswer):
        spend(people, "")
    people.factors.recovery.remove(Ask(people.ann, people.clock.now(), ASKED))
    new_codes(people)
    people.factors.recovery.remove(Ask(people.ann, people.clock.now(), ASKED))
    assert people.factors.recovery.left(people.ann) == 0
    assert [event.type for event in people.storage.events] == ["user.mfa.factor.activate", "user.mfa.factor.deactivate"]


def test_of_many_who_spend_one_code_exactly_one_wins(people: Factored) -> None:
    codes = new_codes(people)

    def attempt(_: int) -> bool:
        try:
            spend(people, codes[0])
        except (WrongAnswer, LockedOut, Exception):  # noqa: BLE001 - whatever it is, it is no proof
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, range(20))).count(True) == 1


def test_people_are_told_that_one_was_used(people: Factored) -> None:
    codes = new_codes(people)
    spend(people, codes[0])

    told = [(letter.template, letter.values["authenticator.name"]) for letter in people.letters]
    assert told == [("AuthenticatorEnrolled", "A set of recovery codes"), ("AuthenticatorReset", "A recovery code")]
    assert [event.debug["factor"] for event in people.log.emitted] == ["RECOVERY_CODE"]


def question(people: Factored, answer: str = "Granny  Smith", key: str = "disliked_food") -> object:
    factor, _ = people.factors.enrol(people.ann, "question", wishes=Wishes(question=key, answer=answer), **people.asked)
    return factor


def test_a_question_is_answered_whatever_the_case(people: Factored) -> None:
    factor, _ = people.factors.enrol(
        people.ann, "question", wishes=Wishes(question="disliked_food", answer="Granny  Smith"), **people.asked
    )

    proof = people.factors.verify(people.ann, [factor], Passcode(" granny SMITH "), binding="t", **people.asked)

    assert proof.method == "question"
    assert "granny" not in repr(people.storage.factors.factors).lower()
    assert people.factors.usable(people.ann) == []
    with pytest.raises(WrongAnswer):
        people.factors.verify(people.ann, [factor], Passcode("granny"), binding="t", **people.asked)
    assert people.ann.failed_codes == 1
    changed = people.factors.change_question(people.ann, factor, "first_award", "Swimming", **people.asked)
    assert people.factors.verify(people.ann, [changed], Passcode("swimming"), binding="t", **people.asked)


@pytest.mark.parametrize(("key", "answer"), [("disliked_food", "abc"), ("disliked_food", "x" * 201), ("none", "abcd")])
def test_a_question_needs_an_answer(people: Factored, key: str, answer: str) -> None:
    with pytest.raises(NotEnrollable):
        question(people, answer, key)


def test_only_a_question_has_an_answer(people: Factored) -> None:
    factor, _ = people.app()

    with pytest.raises(NotActive):
        people.factors.change_question(people.ann, factor, "first_award", "Swimming", **people.asked)
