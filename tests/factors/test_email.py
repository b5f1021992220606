"""Codes by email: sent, good once, and for whom they are."""

from dataclasses import replace

import pytest
from authmint.factors.answers import Passcode
from authmint.factors.kind import CodeSent, CodeWanted, Wishes
from authmint.factors.refusals import Expired, LockedOut, NotActive, NotEnrollable, TooFast, WrongAnswer
from authmint.factors.wire import masked
from authmint.mail.letters import Letters
from authmint.storage.errors import NotFound
from authmint.storage.factors import Factor
from authmint.storage.sign_on_transactions import Proof

from tests.factors.people import Factored


@pytest.fixture
def people() -> Factored:
    return Factored()


def enrolled(people: Factored) -> Factor:
    factor, _ = people.factors.enrol(people.ann, "email", **people.asked)
    active = people.factors.activate(people.ann, factor, people.sent(), **people.asked)
    people.clock.advance(seconds=10)
    return active


def asked(people: Factored, factor: Factor, binding: str = "t") -> None:
    people.factors.challenge(people.ann, [factor], binding=binding, **people.asked)
    people.clock.advance(seconds=10)


def verify(people: Factored, factor: Factor, code: Passcode, binding: str = "t") -> Proof:
    return people.factors.verify(people.ann, [factor], code, binding=binding, **people.asked)


def wrong(people: Factored) -> Passcode:
    return Passcode("000000" if people.sent().text != "000000" else "111111")


def test_a_code_that_was_sent_activates(people: Factored) -> None:
    factor, activation = people.factors.enrol(people.ann, "email", **people.asked)

    assert factor.id.startswith("emf")
    assert activation == CodeSent("00ua@example.com", people.clock.now() + 300)
    letter = people.letters[-1]
    assert (letter.template, letter.to) == ("EmailFactorVerification", "00ua@example.com")
    assert people.sent().text not in repr(people.storage.factor_challenges.challenges)
    active = people.factors.activate(people.ann, factor, people.sent(), **people.asked)

    assert active.status == "ACTIVE"
    assert [one.template for one in people.letters] == ["EmailFactorVerification", "AuthenticatorEnrolled"]


def test_a_code_proves_once(people: Factored) -> None:
    factor = enrolled(people)
    asked(people, factor)
    code = people.sent()

    assert verify(people, factor, code) == Proof("email", people.clock.now(), factor.id)

    with pytest.raises(Expired):
        verify(people, factor, code)
    assert people.ann.failed_codes == 0
    assert people.storage.factors.get("00uA", factor.id).last_used_at == people.clock.now()


def test_a_factor_that_was_removed_meanwhile_proves_nothing(people: Factored) -> None:
    factor = enrolled(people)
    asked(people, factor)
    people.factors.remove(people.ann, people.storage.factors.get("00uA", factor.id), **people.asked)
    sent = Passcode(next(one.values["verificationToken"] for one in people.letters if one.template == "EmailChallenge"))

    with pytest.raises(NotActive):
        verify(people, factor, sent)


def test_a_code_of_another_transaction_is_refused(people: Factored) -> None:
    factor = enrolled(people)
    asked(people, factor, "mine")

    with pytest.raises(Expired):
        verify(people, factor, people.sent(), "theirs")
    assert verify(people, factor, people.sent(), "mine").method == "email"


def test_of_two_who_have_the_right_code_one_is_let_in(people: Factored, monkeypatch: pytest.MonkeyPatch) -> None:
    factor = enrolled(people)
    asked(people, factor)

    def used_before(*_: object) -> None:
        raise NotFound("challenge")

    monkeypatch.setattr(people.storage.factor_challenges, "use", used_before)

    with pytest.raises(Expired):
        verify(people, factor, people.sent())


def test_a_new_code_kills_the_one_before(people: Factored) -> None:
    factor = enrolled(people)
    asked(people, factor)
    old = people.sent()
    asked(people, factor)

    if old != people.sent():
        with pytest.raises(WrongAnswer):
            verify(people, factor, old)
    assert verify(people, factor, people.sent()).method == "email"


def test_a_code_expires(people: Factored) -> None:
    factor = enrolled(people)
    asked(people, factor)
    people.clock.advance(seconds=290)

    with pytest.raises(Expired):
        verify(people, factor, people.sent())


def test_a_code_lives_as_long_as_administrators_say(people: Factored) -> None:
    factor = enrolled(people)
    listed = people.storage.authenticators.get()
    email = replace(listed.of("okta_email"), settings={"allowedFor": "recovery", "tokenLifetimeInMinutes": 10})
    people.storage.authenticators.save(listed, listed.with_changed(email), [])

    told = people.factors.challenge(people.ann, [factor], binding="t", **people.asked)
    people.clock.advance(seconds=10)
    shorter = people.factors.challenge(people.ann, [factor], binding="u", lifetime=60, **people.asked)

    assert told == CodeSent("00ua@example.com", people.clock.now() - 10 + 600)
    assert shorter == CodeSent("00ua@example.com", people.clock.now() + 60)


def test_the_code_of_an_enrolment_proves_nothing_else(people: Factored) -> None:
    people.sign_on_by_mail()
    (automatic,) = people.factors.of(people.ann)
    user = people.ann
    people.storage.users.save(user, replace(user, profile={**user.profile, "secondEmail": "ann@home.example"}), [])
    people.factors.enrol(people.ann, "email", wishes=Wishes(address="ann@home.example"), **people.asked)

    with pytest.raises(Expired):
        verify(people, automatic, people.sent(), "")


def test_of_one_code_five_guesses_are_looked_at_and_the_fifth_locks(people: Factored) -> None:
    factor = enrolled(people)
    asked(people, factor)
    for _ in range(4):
        with pytest.raises(WrongAnswer):
            verify(people, factor, wrong(people))

    with pytest.raises(LockedOut):
        verify(people, factor, wrong(people))

    assert people.status == "LOCKED_OUT"


def test_codes_of_several_factors_count_together(people: Factored) -> None:
    app, secret = people.app()
    factor = enrolled(people)
    asked(people, factor)
    for _ in range(3):
        with pytest.raises(WrongAnswer):
            verify(people, factor, wrong(people))
    with pytest.raises(WrongAnswer):
        verify(people, app, people.wrong(secret))
    with pytest.raises(LockedOut):
        verify(people, app, people.wrong(secret))


def test_one_address_gets_one_code_in_five_seconds(people: Factored) -> None:
    factor = enrolled(people)
    people.factors.challenge(people.ann, [factor], binding="t", **people.asked)

    with pytest.raises(TooFast):
        people.factors.challenge(people.ann, [factor], binding="other", **people.asked)
    with pytest.raises(TooFast):
        people.factors.enrol(people.ann, "email", wishes=Wishes(address="00ua@EXAMPLE.com"), **people.asked)


def test_only_addresses_that_are_known_to_be_the_users_can_be_enrolled(people: Factored) -> None:
    user = people.ann
    people.storage.users.save(user, replace(user, profile={**user.profile, "secondEmail": "ann@home.example"}), [])

    with pytest.raises(NotEnrollable) as refused:
        people.factors.enrol(people.ann, "email", wishes=Wishes(address="evil@example.org"), **people.asked)
    assert refused.value.reason == "address"
    assert people.letters == []
    second, _ = people.factors.enrol(people.ann, "email", wishes=Wishes(address="ANN@home.example"), **people.asked)
    people.factors.activate(people.ann, second, people.sent(), **people.asked)
    people.clock.advance(seconds=10)
    first = enrolled(people)
    assert {one.id for one in people.factors.of(people.ann)} == {first.id, second.id}
    with pytest.raises(NotEnrollable) as refused:
        people.factors.enrol(people.ann, "email", **people.asked)
    assert refused.value.reason == "taken"


def test_an_address_is_enrolled_once(people: Factored) -> None:
    enrolled(people)

    with pytest.raises(NotEnrollable) as refused:
        people.factors.enrol(people.ann, "email", **people.asked)
    assert refused.value.reason == "taken"


def test_who_is_vouched_for_is_sent_nothing_but_the_news(people: Factored) -> None:
    factor, activation = people.factors.enrol(people.ann, "email", wishes=Wishes(vouched=True), **people.asked)

    assert (factor.status, activation) == ("ACTIVE", CodeWanted())
    assert [letter.template for letter in people.letters] == ["AuthenticatorEnrolled"]


def test_a_pending_factor_gets_another_code(people: Factored) -> None:
    factor, _ = people.factors.enrol(people.ann, "email", **people.asked)
    old = people.sent()
    people.clock.advance(seconds=10)

    people.factors.resend(people.ann, factor, **people.asked)

    if old != people.sent():
        with pytest.raises(WrongAnswer):
            people.factors.activate(people.ann, factor, old, **people.asked)
    active = people.factors.activate(people.ann, factor, people.sent(), **people.asked)
    with pytest.raises(NotActive):
        people.factors.resend(people.ann, active, **people.asked)


def test_without_mail_there_are_no_codes(people: Factored) -> None:
    kind = people.factors.kinds("email")
    silent = replace(kind, letters=Letters(people.parts.ids, on=False))  # type: ignore[type-var]
    factors = replace(people.factors, kinds=lambda _: silent)

    with pytest.raises(NotEnrollable) as refused:
        factors.enrol(people.ann, "email", **people.asked)
    assert refused.value.reason == "kind"


def test_a_verified_address_is_a_factor_by_itself_where_codes_sign_people_on(people: Factored) -> None:
    assert people.factors.of(people.ann) == []
    people.sign_on_by_mail()

    (factor,) = people.factors.of(people.ann)

    assert (factor.id, factor.status, factor.address) == ("emfA", "ACTIVE", "00ua@example.com")
    assert people.factors.usable(people.ann) == [factor]
    assert people.factors.get(people.ann, "emfA") == factor
    asked(people, factor)
    assert verify(people, factor, people.sent()).factor_id == "emfA"
    with pytest.raises(NotActive):
        people.factors.remove(people.ann, factor, **people.asked)


def test_who_enrolled_the_address_has_it_once(people: Factored) -> None:
    factor = enrolled(people)
    people.sign_on_by_mail()

    assert [one.id for one in people.factors.of(people.ann)] == [factor.id]


def test_where_codes_are_for_recovery_alone_they_sign_nobody_on(people: Factored) -> None:
    factor = enrolled(people)

    assert people.factors.usable(people.ann) == []
    assert people.factors.of(people.ann)[0].id == factor.id


def test_a_policy_that_forbids_it_keeps_it_from_coming_by_itself(people: Factored) -> None:
    class AppsOnly:
        def of(self, *_: object) -> dict[str, str]:
            return {"totp": "OPTIONAL"}

    people.sign_on_by_mail()
    factors = replace(people.factors, rules=AppsOnly())  # type: ignore[arg-type]

    assert factors.of(people.ann) == []


def test_a_kind_that_is_switched_off_proves_nothing_and_is_not_enrolled(people: Factored) -> None:
    app, secret = people.app()
    people.switch_off("google_otp")

    assert people.factors.usable(people.ann) == []
    with pytest.raises(NotActive):
        verify(people, app, people.code(secret))
    with pytest.raises(NotEnrollable) as refused:
        people.factors.enrol(people.ann, "totp", **people.asked)
    assert refused.value.reason == "kind"


def test_an_address_is_masked() -> None:
    assert masked("ann.1@example.com") == "a...1@example.com"
    assert masked("a@example.com") == "a...a@example.com"


def test_people_are_told_what_changed(people: Factored) -> None:
    factor, _ = people.key()
    people.factors.remove(people.ann, factor, **people.asked)
    people.app()
    people.factors.remove_all(people.ann, **people.asked)

    told = [(letter.template, letter.values["authenticator.name"]) for letter in people.letters]
    assert told == [
        ("AuthenticatorEnrolled", "A security key or passkey (This device)"),
        ("AuthenticatorReset", "A security key or passkey (This device)"),
        ("AuthenticatorEnrolled", "An authenticator app"),
        ("AuthenticatorReset", "Everything"),
    ]
