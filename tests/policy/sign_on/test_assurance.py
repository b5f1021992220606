"""How much is proved: the classes, the demands, and the age of proofs."""

import pytest
from authmint.policy.sign_on.assurance import Alternative, Assurance, Demand, is_two_factors
from authmint.storage.sign_on_transactions import Proof
from hypothesis import given
from hypothesis import strategies as st

NOW = 100_000

PASSWORD = Proof("password", NOW)
TOTP = Proof("totp", NOW)
EMAIL = Proof("email", NOW)
SYNCED = Proof("webauthn", NOW, synced=True, verified=True)
BOUND = Proof("webauthn", NOW, verified=True)
UNVERIFIED = Proof("webauthn", NOW)
CODE = Proof("recovery_code", NOW)
QUESTION = Proof("question", NOW)


@pytest.mark.parametrize(
    ("proofs", "two"),
    [
        ([PASSWORD], False),
        ([PASSWORD, QUESTION], False),
        ([PASSWORD, TOTP], True),
        ([PASSWORD, EMAIL], True),
        ([PASSWORD, CODE], True),
        ([TOTP, EMAIL], False),
        ([UNVERIFIED], False),
        ([UNVERIFIED, PASSWORD], True),
        ([SYNCED], True),
        ([BOUND], True),
    ],
)
def test_two_factors_are_two_classes_or_one_key_that_knows_its_owner(proofs: list[Proof], two: bool) -> None:
    assert is_two_factors(proofs) is two
    assert Assurance(two_factors=True).met(proofs, now=NOW) is two


@pytest.mark.parametrize(
    ("demand", "fitting"),
    [
        (Demand(), {"totp", "email", "synced", "bound", "unverified"}),
        (Demand(device_bound=True), {"totp", "synced", "bound", "unverified"}),
        (Demand(phishing_resistant=True), {"synced", "bound", "unverified"}),
        (Demand(hardware_protected=True), {"bound", "unverified"}),
        (Demand(user_verified=True), {"synced", "bound"}),
        (Demand(methods=frozenset({"totp"})), {"totp"}),
        (Demand(excluded=frozenset({"email"})), {"totp", "synced", "bound", "unverified"}),
    ],
)
def test_which_factor_satisfies_which_demand(demand: Demand, fitting: set[str]) -> None:
    factors = {"totp": TOTP, "email": EMAIL, "synced": SYNCED, "bound": BOUND, "unverified": UNVERIFIED}
    assurance = Assurance(alternatives=(Alternative(possession=demand),))

    assert {name for name, proof in factors.items() if demand.fits(proof)} == fitting
    assert {name for name, proof in factors.items() if assurance.met([PASSWORD, proof], now=NOW)} == fitting
    assert {name for name, proof in factors.items() if assurance.reachable([PASSWORD, proof])} == fitting


def test_any_alternative_will_do_but_it_has_to_hold_whole() -> None:
    assurance = Assurance(
        alternatives=(
            Alternative(knowledge=Demand(methods=frozenset({"password"})), possession=Demand(phishing_resistant=True)),
            Alternative(possession=Demand(hardware_protected=True)),
        )
    )

    assert not assurance.met([PASSWORD, TOTP], now=NOW)
    assert not assurance.met([SYNCED], now=NOW)
    assert assurance.met([PASSWORD, SYNCED], now=NOW)
    assert assurance.met([BOUND], now=NOW)


def test_proofs_age_each_from_its_own_time() -> None:
    old = Proof("totp", NOW - 3 * 3600)
    assurance = Assurance(two_factors=True, reauthenticate_in=2 * 3600)

    assert not assurance.met([PASSWORD, old], now=NOW)
    assert assurance.met([PASSWORD, Proof("totp", NOW - 2 * 3600)], now=NOW)


def test_every_time_means_since_the_request_began_to_wait() -> None:
    assurance = Assurance(reauthenticate_in=0)

    assert not assurance.met([PASSWORD], now=NOW)
    assert not assurance.met([PASSWORD], now=NOW, asked_at=NOW + 1)
    assert assurance.met([PASSWORD], now=NOW, asked_at=NOW)


def test_a_demand_may_have_an_age_of_its_own() -> None:
    fresh_password = Alternative(knowledge=Demand(reauthenticate_in=60))
    assurance = Assurance(alternatives=(fresh_password,))

    assert assurance.met([Proof("password", NOW - 60), TOTP], now=NOW)
    assert not assurance.met([Proof("password", NOW - 61), TOTP], now=NOW)


proofs = st.builds(
    Proof,
    method=st.sampled_from(["password", "totp", "email", "webauthn", "recovery_code", "question"]),
    at=st.integers(NOW - 1000, NOW),
    synced=st.booleans(),
    verified=st.booleans(),
)
flags = st.booleans()
demands = st.builds(
    Demand,
    phishing_resistant=flags,
    device_bound=flags,
    hardware_protected=flags,
    user_verified=flags,
    reauthenticate_in=st.none() | st.integers(0, 1000),
)
assurances = st.builds(
    Assurance,
    two_factors=flags,
    alternatives=st.lists(
        st.builds(Alternative, knowledge=st.none() | demands, possession=st.none() | demands), max_size=3
    ).map(tuple),
    reauthenticate_in=st.none() | st.integers(0, 1000),
)


@given(assurance=assurances, given_=st.lists(proofs, max_size=4), more=proofs)
def test_more_proofs_never_prove_less_and_nothing_proves_nothing(
    assurance: Assurance, given_: list[Proof], more: Proof
) -> None:
    assert not assurance.met([], now=NOW)
    if assurance.met(given_, now=NOW):
        assert assurance.met([*given_, more], now=NOW)
        assert assurance.reachable(given_)


@given(assurance=assurances, given_=st.lists(proofs, max_size=4), later=st.integers(0, 2000))
def test_what_was_not_enough_is_not_enough_later(assurance: Assurance, given_: list[Proof], later: int) -> None:
    if assurance.met(given_, now=NOW + later):
        assert assurance.met(given_, now=NOW)
