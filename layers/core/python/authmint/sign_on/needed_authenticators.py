"""Which authenticators the policies of a deployment need: switched off, they would keep people out."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..policy.sign_on.enrolment import enrolments_of
from ..policy.sign_on.needed import rules_that_need
from ..storage.authenticators import KIND_OF, AuthenticatorKey, AuthenticatorList
from ..storage.sign_on_transactions import Method
from .policies import AppliedPolicies


@dataclass(frozen=True)
class NeededAuthenticators:
    """Asks the policies."""

    policies: AppliedPolicies

    def enrolment_policies(self, key: AuthenticatorKey) -> Sequence[str]:
        """Names of the policies that require everybody to enrol it."""
        policies = self.policies.of_type("MFA_ENROLL")
        return [one.name for one in policies if enrolments_of(one.settings).get(key) == "REQUIRED"]

    def rules(self, key: AuthenticatorKey, listed: AuthenticatorList) -> Sequence[str]:
        """Names of the rules of applications that nobody could satisfy without it."""
        kind = KIND_OF.get(key)
        if kind is None:
            return ()
        on: list[Method] = ["password", *(one for one in KIND_OF.values() if listed.signs_on(one))]
        return rules_that_need(kind, self.policies.of_type("ACCESS_POLICY"), on)
