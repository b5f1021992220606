"""docs/protocol.md §33.8: what a trial says comes out is what sign-ons do with the same person and policies."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from authmint.http import Request
from authmint.management.sign_on.trial import Trials
from authmint.policy.sign_on.circumstances import Circumstances
from authmint.policy.sign_on.defaults import Seeds
from authmint.sign_on.next_step import Known, next_step
from authmint.sign_on.policies import AppliedPolicies
from authmint.sign_on.policy_demands import PolicyDemands
from authmint.sign_on.sign_on import Caller
from authmint.storage.authenticators import Authenticator
from authmint.storage.directory import Person
from authmint.storage.factors import Credential, Factor
from authmint.storage.groups import EVERYONE_GROUP
from authmint.storage.sign_on_policies import PolicyOrder
from authmint.storage.sign_on_transactions import Proof
from authmint.storage.users import Password

from tests.memory.parts import Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_user
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FrozenClock
from tests.support.sign_on_policies import a_policy, a_rule, app_sign_on, signon, with_factor

ANN = Person(a_user(password=Password("hash", NOW - 100)), (EVERYONE_GROUP,))
SESSIONS = (signon(), with_factor(), signon(primaryFactor="PASSWORD_IDP"), signon("DENY"))
APPS: tuple[dict[str, Any] | None, ...] = (
    None,
    app_sign_on(factorMode="2FA"),
    app_sign_on(constraints=[{"possession": {"phishingResistant": "REQUIRED"}}]),
    app_sign_on(constraints=[{"possession": {"hardwareProtection": "REQUIRED"}}]),
    app_sign_on("DENY"),
)
FACTORS: tuple[tuple[str, ...], ...] = ((), ("totp",), ("synced",), ("bound",), ("totp", "synced"))
ENROLMENT = ((), ("google_otp",), ("webauthn",))


def factor(name: str) -> Factor:
    kind: Any = "totp" if name == "totp" else "webauthn"
    key = Credential(name, "k", "acme.example.com", "h", synced=name == "synced", verified=True)
    return Factor(
        f"uft{name}", ANN.user.id, kind, "ACTIVE", NOW, NOW, "FIDO", credential=None if name == "totp" else key
    )


@pytest.mark.parametrize("totp_is_on", [True, False])
def test_a_trial_says_what_the_sign_on_does(totp_is_on: bool) -> None:
    outcomes: set[str] = set()
    for session, app, names, enrol in product(SESSIONS, APPS, FACTORS, ENROLMENT):
        storage = MemoryStorage()
        listed = [{"key": key, "enroll": {"self": "OPTIONAL"}} for key in enrol]
        settings = {"type": "AUTHENTICATORS", "authenticators": listed}
        when = a_rule({"enroll": {"self": "LOGIN"}})
        storage.sign_on_policies.save(None, a_policy(a_rule(session)), [], order=PolicyOrder(("00pA",)))
        enrolment = a_policy(when, type="MFA_ENROLL", id="00pE", settings=settings)
        storage.sign_on_policies.save(None, enrolment, [], order=PolicyOrder(("00pE",)))
        if app is not None:
            storage.sign_on_policies.save(None, a_policy(a_rule(app), type="ACCESS_POLICY", id="rstA"), [])
        storage.users.add(ANN.user, [])
        for name in names:
            storage.factors.add(factor(name), [])
        before = storage.authenticators.get()
        status: Any = "ACTIVE" if totp_is_on else "INACTIVE"
        changed: Authenticator = replace(before.of("google_otp"), status=status)
        storage.authenticators.save(before, before.with_changed(changed), [])
        parts = MemoryParts(storage, vault=FakeKeyPairs(), clock=FrozenClock(), ids=CountingIds(), log=Emitted())
        applied = AppliedPolicies(storage.sign_on_policies, storage.zones, Seeds())
        client = a_client(access_policy=None if app is None else "rstA")
        here = Circumstances("198.51.100.7")

        said = Trials(applied, parts.user_factors()).of(ANN, applied.facts(ANN, here, now=NOW), here, client).outcome

        assert said == _done(PolicyDemands(applied), parts.factor_steps(), client), (session, app, names, enrol)
        outcomes.add(said)
    assert outcomes == {"ALLOWED", "DENIED", "ENROLLS", "CANNOT"}


def _done(demands: PolicyDemands, steps: Any, client: Any) -> str:
    """What the real steps ask of somebody with a password: at first, then for the application."""
    caller = Caller(Request("POST", "/signin", source_ip="198.51.100.7"), "b", NOW)
    found = []
    proved = (Proof("password", NOW),)
    for demanded in (
        demands.of_sign_on(ANN, caller, now=NOW),
        demands.of_app(client, ANN, caller, now=NOW),
    ):
        if demanded.denied:
            return "DENIED"
        may = replace(demands.enrolments(ANN, caller, now=NOW), required=())
        requirement = replace(demanded.requirement, enrolments=may)
        known = steps.known(Known(ANN.user.id, NOW, proved), ANN.user)
        # What is proved first, before something is set up, makes no difference to whether it can be.
        if not known.factors or next_step(known, requirement, now=NOW).name != "challenge":
            found.append(next_step(known, requirement, now=NOW).name)
        else:
            everything = tuple(
                Proof(each.method, NOW, each.id, synced=each.synced, verified=each.verified) for each in known.factors
            )
            found.append(next_step(replace(known, proofs=(*proved, *everything)), requirement, now=NOW).name)
    return "CANNOT" if "refused" in found else "ENROLLS" if "enrol" in found else "ALLOWED"
