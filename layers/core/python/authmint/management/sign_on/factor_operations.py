"""Routes of factors, recovery codes and authenticators."""

from dataclasses import dataclass

from ...factors.user_factors import UserFactors
from ...storage.authenticators import Authenticators
from ..directory.people import PeopleRecords
from ..http.call import Operation
from ..http.crud import add_lifecycle
from ..http.routes import Routes
from .authenticator_enrollments import AuthenticatorEnrollments
from .authenticator_view import PATH
from .authenticators import ORG_FACTORS, AuthenticatorsResource, Needed
from .factors import FactorsResource
from .qr_codes import QrCodes
from .recovery_codes import RecoveryCodesResource

_USER = "/api/v1/users/{userId}"
_FACTOR = f"{_USER}/factors/{{factorId}}"
_ENROLLMENTS = f"{_USER}/authenticator-enrollments"


@dataclass(frozen=True)
class FactorRecords:
    """What people prove with, and what draws it.

    Attributes:
        needed: Which policies need an authenticator.
    """

    factors: UserFactors
    authenticators: Authenticators
    pictures: QrCodes
    needed: Needed


def add_factors(routes: Routes[Operation], people: PeopleRecords, records: FactorRecords) -> None:
    """Their routes."""
    factors = FactorsResource(people, records.factors, records.pictures)
    for method, path, operation in (
        ("GET", f"{_USER}/factors", factors.list),
        ("POST", f"{_USER}/factors", factors.enrol),
        ("GET", f"{_USER}/factors/catalog", factors.catalog),
        ("GET", f"{_USER}/factors/questions", factors.questions),
        ("GET", _FACTOR, factors.get),
        ("PUT", _FACTOR, factors.replace),
        ("DELETE", _FACTOR, factors.delete),
        ("POST", f"{_FACTOR}/lifecycle/activate", factors.activate),
        ("POST", f"{_FACTOR}/resend", factors.resend),
        ("POST", f"{_FACTOR}/verify", factors.verify),
        ("GET", f"{_FACTOR}/transactions/{{transactionId}}", factors.transaction),
        ("POST", f"{_USER}/lifecycle/reset_factors", factors.reset),
    ):
        routes.add(method, path, operation)
    codes = RecoveryCodesResource(people, records.factors.recovery)
    routes.add("GET", f"{_USER}/recoveryCodes", codes.get)
    routes.add("POST", f"{_USER}/recoveryCodes", codes.renew)
    routes.add("DELETE", f"{_USER}/recoveryCodes", codes.delete)
    enrollments = AuthenticatorEnrollments(people, records.factors)
    routes.add("GET", _ENROLLMENTS, enrollments.list)
    routes.add("GET", f"{_ENROLLMENTS}/{{enrollmentId}}", enrollments.get)
    routes.add("DELETE", f"{_ENROLLMENTS}/{{enrollmentId}}", enrollments.delete)
    _add_authenticators(routes, AuthenticatorsResource(records.authenticators, records.needed))


def _add_authenticators(routes: Routes[Operation], authenticators: AuthenticatorsResource) -> None:
    one = f"{PATH}/{{authenticatorId}}"
    for method, path, operation in (
        ("GET", PATH, authenticators.list),
        ("POST", PATH, authenticators.create),
        ("GET", one, authenticators.get),
        ("PUT", one, authenticators.replace),
        ("GET", f"{one}/methods", authenticators.methods),
        ("GET", f"{one}/methods/{{methodType}}", authenticators.method),
        ("PUT", f"{one}/methods/{{methodType}}", authenticators.replace_method),
        ("GET", ORG_FACTORS, authenticators.org_factors),
        ("GET", f"{ORG_FACTORS}/{{factorId}}", authenticators.org_factor),
        ("POST", f"{ORG_FACTORS}/{{factorId}}/lifecycle/activate", authenticators.activate_org_factor),
        ("POST", f"{ORG_FACTORS}/{{factorId}}/lifecycle/deactivate", authenticators.deactivate_org_factor),
    ):
        routes.add(method, path, operation)
    add_lifecycle(routes, PATH, "{authenticatorId}", authenticators)
