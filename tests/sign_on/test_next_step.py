"""What is asked next, of whom: pure, so it is held to a second way of saying it."""

from itertools import combinations
from typing import Any

import pytest
from authmint.policy.sign_on.assurance import Alternative, Assurance, Demand
from authmint.sign_on.next_step import DONE, Known, Step, needs_factors, next_step
from authmint.sign_on.requirement import Enrolments, Requirement
from authmint.sign_on.sessions import amr_of, auth_time_of
from authmint.storage.factors import Credential, Factor, FactorKind
from authmint.storage.sign_on_transactions import Proof
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_000


def known(at: int, *proofs: Proof, user_id: str = "a", **facts: Any) -> Known:
    """Somebody who proved a password then, and more."""
    return Known(user_id, at, (Proof("password", at), *proofs), **facts)


@pytest.mark.parametrize(
    ("who", "requirement", "asked", "reason"),
    [
        (None, {}, "identify", "nobody_is_signed_in"),
        (known(900), {}, "done", None),
        (known(900, password_expired=True), {}, "new_password", "expired"),
        (known(900), {"user_id": "a"}, "done", None),
        (known(900), {"user_id": "b"}, "identify", "another_user"),
        (known(900), {"user_id": "b", "asked_at": 900}, "identify", "still_another_user"),
        (known(900), {"user_id": "b", "asked_at": 901}, "identify", "another_user"),
        (known(900), {"again": True}, "identify", "asked_again"),
        (known(900), {"again": True, "asked_at": 901}, "identify", "asked_again"),
        (known(900), {"again": True, "asked_at": 900}, "done", None),
        (known(900), {"max_age": 100}, "done", None),
        (known(900), {"max_age": 99}, "identify", "too_old"),
        (known(900), {"max_age": 0, "asked_at": 900}, "done", None),
    ],
)
def test_the_first_thing_that_is_missing(
    who: Known | None, requirement: dict[str, Any], asked: str, reason: str | None
) -> None:
    assert next_step(who, Requirement(**requirement), now=NOW) == Step(asked, reason)  # type: ignore[arg-type]


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
    step = next_step(known(auth_time), requirement, now=NOW)

    right_user = requirement.user_id in {None, "a"}
    for_it = requirement.asked_at is not None and auth_time >= requirement.asked_at
    young = requirement.max_age is None or NOW - auth_time <= requirement.max_age
    assert (step == DONE) == (right_user and (for_it or (young and not requirement.again)))


@given(auth_time=times, requirement=requirements)
def test_who_signs_in_now_for_a_request_as_who_it_is_about_is_done(auth_time: int, requirement: Requirement) -> None:
    waiting = Requirement(requirement.user_id, requirement.again, requirement.max_age, asked_at=NOW)
    somebody = requirement.user_id or "a"

    assert next_step(known(NOW, user_id=somebody), waiting, now=NOW) == DONE
    assert next_step(known(NOW, user_id=somebody, password_expired=True), waiting, now=NOW).name == "new_password"


def test_what_follows_from_proofs() -> None:
    twice = (Proof("password", 5), Proof("password", 9))

    assert (amr_of(twice), auth_time_of(twice)) == (("pwd",), 9)
    assert (amr_of(()), auth_time_of(())) == ((), 0)


@pytest.mark.parametrize(
    ("proofs", "amr"),
    [
        ((Proof("totp", 2), Proof("password", 1)), ("pwd", "otp", "mfa")),
        ((Proof("password", 1), Proof("email", 2), Proof("totp", 3)), ("pwd", "otp", "mfa")),
        ((Proof("webauthn", 1, verified=True, synced=True),), ("swk", "mfa")),
        ((Proof("webauthn", 1, verified=True),), ("hwk", "mfa")),
        ((Proof("webauthn", 1),), ("hwk",)),
        ((Proof("password", 1), Proof("question", 2)), ("pwd", "kba")),
        ((Proof("password", 1), Proof("recovery_code", 2)), ("pwd", "kba", "mfa")),
    ],
)
def test_methods_by_their_registered_names(proofs: tuple[Proof, ...], amr: tuple[str, ...]) -> None:
    assert amr_of(proofs) == amr


def test_a_second_proof_is_no_new_sign_in_but_a_key_that_said_who_it_is_was_one() -> None:
    assert auth_time_of((Proof("password", 5), Proof("totp", 9), Proof("webauthn", 9, verified=True))) == 5
    assert auth_time_of((Proof("password", 5), Proof("webauthn", 9, verified=True, primary=True))) == 9


def factor(kind: FactorKind, *, synced: bool = False, verified: bool = True, name: str = "") -> Factor:
    credential = Credential("c", "k", "rp", "h", synced=synced, verified=verified) if kind == "webauthn" else None
    return Factor(name or kind, "a", kind, "ACTIVE", 1, 1, "P", credential=credential)


TOTP = factor("totp")
EMAIL = factor("email")
PASSKEY = factor("webauthn", synced=True, name="passkey")
TWO = Assurance(two_factors=True)
PHISHING = Assurance(two_factors=True, alternatives=(Alternative(possession=Demand(phishing_resistant=True)),))
EVERY_TIME = Assurance(two_factors=True, reauthenticate_in=0)
FRESH = Assurance(two_factors=True, reauthenticate_in=100)
PASSWORD_TOO = Assurance(alternatives=(Alternative(knowledge=Demand(methods=frozenset({"password"}))),))
VERIFIED = Assurance(alternatives=(Alternative(possession=Demand(user_verified=True)),))
ALL: tuple[FactorKind, ...] = ("totp", "webauthn", "email")


@pytest.mark.parametrize(
    ("who", "assurances", "offered", "step"),
    [
        (known(900), [TWO], ALL, Step("enrol", "more_assurance", kinds=ALL)),
        (known(900), [TWO], (), Step("refused", "out_of_reach")),
        (known(900, factors=(TOTP,)), [TWO], (), Step("challenge", "more_assurance", ("totp",))),
        (
            known(900, factors=(TOTP, PASSKEY, EMAIL)),
            [TWO],
            (),
            Step("challenge", "more_assurance", ("totp", "passkey", "email")),
        ),
        (
            known(900, factors=(TOTP,), recovery_codes=True),
            [TWO],
            (),
            Step("challenge", "more_assurance", ("totp",), ("recovery_code",)),
        ),
        # What the policy wants is offered alone.
        (
            known(900, Proof("totp", 950), factors=(TOTP, PASSKEY), recovery_codes=True),
            [TWO, PHISHING],
            (),
            Step("challenge", "more_assurance", ("passkey",)),
        ),
        (known(900, Proof("totp", 950), factors=(TOTP,)), [PHISHING], (), Step("refused", "out_of_reach")),
        (
            known(900, Proof("totp", 950), factors=(TOTP,)),
            [PHISHING],
            ALL,
            Step("enrol", "more_assurance", kinds=("webauthn",)),
        ),
        # A password alone does not add a factor beside one that is there.
        (known(900, factors=(TOTP,)), [PHISHING], ALL, Step("challenge", "before_enrolling", ("totp",))),
        # A key that knows its owner is enough, once and for all.
        (
            Known("a", 900, (Proof("webauthn", 900, verified=True, primary=True),), factors=(PASSKEY,)),
            [TWO, PHISHING],
            (),
            DONE,
        ),
        (
            Known("a", 900, (Proof("webauthn", 900, verified=True, primary=True),), factors=(PASSKEY,)),
            [PASSWORD_TOO],
            (),
            Step("challenge", "more_assurance", methods=("password",)),
        ),
        # Both are too old: the key alone, or both of the others.
        (
            known(800, Proof("totp", 800), factors=(TOTP, PASSKEY)),
            [FRESH],
            (),
            Step("challenge", "more_assurance", ("totp", "passkey"), ("password",), verify_user=True),
        ),
        # Whoever has no password is known by the key alone, which has to know its owner for that.
        (
            Known("a", 800, (Proof("webauthn", 800, verified=True),), has_password=False, factors=(PASSKEY,)),
            [FRESH],
            (),
            Step("challenge", "more_assurance", ("passkey",), verify_user=True),
        ),
        (
            Known("a", 900, (Proof("email", 900),), has_password=False, factors=(EMAIL,)),
            [VERIFIED],
            ALL,
            Step("challenge", "before_enrolling", ("email",)),
        ),
        (known(900), [VERIFIED], ALL, Step("enrol", "more_assurance", kinds=("webauthn",), verify_user=True)),
        (
            known(950, Proof("totp", 950), factors=(TOTP,)),
            [EVERY_TIME],
            (),
            Step("challenge", "more_assurance", methods=("password",)),
        ),
    ],
)
def test_what_is_asked_for_more_assurance(
    who: Known, assurances: list[Assurance], offered: tuple[FactorKind, ...], step: Step
) -> None:
    requirement = Requirement(assurances=tuple(assurances), enrolments=Enrolments(offered=offered))
    assert next_step(who, requirement, now=NOW) == step
    assert needs_factors(who, requirement, now=NOW) == (step != DONE)


def test_the_factor_comes_before_the_new_password_and_enrolment_after_it() -> None:
    requirement = Requirement(assurances=(TWO,), enrolments=Enrolments(("webauthn",), ("webauthn",)))

    assert next_step(known(900, factors=(TOTP,), password_expired=True), requirement, now=NOW).name == "challenge"
    proved = known(900, Proof("totp", 950), factors=(TOTP,), password_expired=True)
    assert next_step(proved, requirement, now=NOW) == Step("new_password", "expired")
    changed = known(990, Proof("totp", 950), factors=(TOTP,))
    assert next_step(changed, requirement, now=NOW) == Step("enrol", "required", kinds=("webauthn",))
    assert next_step(known(990, Proof("totp", 950), factors=(TOTP, PASSKEY)), requirement, now=NOW) == DONE


some_factors = st.lists(
    st.sampled_from([TOTP, EMAIL, PASSKEY, factor("webauthn", name="bound"), factor("webauthn", verified=False)]),
    unique=True,
).map(tuple)
some_assurances = st.lists(
    st.sampled_from([Assurance(), TWO, PHISHING, EVERY_TIME, FRESH, PASSWORD_TOO, VERIFIED]), max_size=3
).map(tuple)


@given(at=times, factors=some_factors, assurances=some_assurances, codes=st.booleans())
def test_whoever_does_what_is_asked_gets_there_and_nobody_else_does(
    at: int, factors: tuple[Factor, ...], assurances: tuple[Assurance, ...], codes: bool
) -> None:
    requirement = Requirement(assurances=assurances, asked_at=NOW)
    proofs: tuple[Proof, ...] = (Proof("password", at),)
    for _ in range(4):
        step = next_step(
            Known("a", auth_time_of(proofs), proofs, factors=factors, recovery_codes=codes), requirement, now=NOW
        )
        if step.name != "challenge":
            break
        assert step.choices or step.methods
        if step.verify_user:  # a key that asks nobody who uses it would be asked for again
            half = [Proof(one.method, NOW, one.id, synced=one.synced) for one in factors if one.kind == "webauthn"]
            assert not any(all(e.met((*proofs, one), now=NOW, asked_at=NOW) for e in assurances) for one in half)
        for one in (f for f in factors if f.id in step.choices[:1]):
            proofs += (Proof(one.method, NOW, one.id, synced=one.synced, verified=one.verified),)
        if not step.choices:
            proofs += (Proof(step.methods[0], NOW),)
    assert step.name in {"done", "refused"}
    assert (step == DONE) == all(each.met(proofs, now=NOW, asked_at=NOW) for each in assurances)
    if step.name == "refused":  # no choice of everything there is would have been enough
        everything = [Proof(f.method, NOW, synced=f.synced, verified=f.verified) for f in factors]
        everything += [Proof("password", NOW), *([Proof("recovery_code", NOW)] if codes else [])]
        for size in range(len(everything) + 1):
            for chosen in combinations(everything, size):
                assert not all(each.met((*proofs, *chosen), now=NOW, asked_at=NOW) for each in assurances)
