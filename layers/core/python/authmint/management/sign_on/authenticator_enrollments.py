"""``/api/v1/users/{userId}/authenticator-enrollments``: factors by the authenticators that they are of."""

from typing import Any

from ...clock import timestamp
from ...factors.user_factors import UserFactors
from ...http import Response
from ...storage.authenticators import KEY_OF, AuthenticatorList
from ...storage.errors import NotFound
from ...storage.factors import Factor
from ...storage.users import User
from ..directory.people import PeopleRecords
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import ApiError, not_found
from .authenticator_view import PATH, TYPES
from .factor_refusals import refusals
from .factor_view import profile_json, status_of


class AuthenticatorEnrollments:
    """Shows and removes what is activated."""

    def __init__(self, records: PeopleRecords, factors: UserFactors) -> None:
        self._records = records
        self._factors = factors

    def list(self, call: Call) -> Response:
        user = self._records.user(call)
        listed = self._factors.authenticators()
        active = [factor for factor in self._factors.of(user) if factor.status == "ACTIVE"]
        return Response.json(200, [_json(factor, user, listed, call) for factor in active])

    def get(self, call: Call) -> Response:
        user, factor = self._found(call)
        return Response.json(200, _json(factor, user, self._factors.authenticators(), call))

    def delete(self, call: Call) -> Response:
        """204."""

        def attempt() -> None:
            user, factor = self._found(call)
            if user.status == "DEPROVISIONED":
                raise ApiError("E0000038")
            with refusals():
                self._factors.remove(user, factor, now=call.now, request=call.request, actor=call.recorder.actor)

        call.retrying(attempt)
        return NO_CONTENT

    def _found(self, call: Call) -> tuple[User, Factor]:
        user, enrollment_id = self._records.user(call), call.params["enrollmentId"]
        try:
            factor = self._factors.get(user, enrollment_id)
        except NotFound:
            raise not_found(enrollment_id, "AuthenticatorEnrollment") from None
        if factor.status != "ACTIVE":
            raise not_found(enrollment_id, "AuthenticatorEnrollment")
        return user, factor


def _json(factor: Factor, user: User, listed: AuthenticatorList, call: Call) -> dict[str, Any]:
    one = listed.of(KEY_OF[factor.kind])
    owner = call.url(f"/api/v1/users/{user.id}")
    return {
        "id": factor.id,
        "key": one.key,
        "type": TYPES[one.key],
        "name": factor.name or one.name,
        "status": status_of(factor, listed),
        "created": timestamp(factor.created_at),
        "lastUpdated": timestamp(factor.updated_at),
        "profile": profile_json(factor, user),
        "_links": {
            "self": link(f"{owner}/authenticator-enrollments/{factor.id}", "GET", "DELETE"),
            "user": link(owner, "GET"),
            "authenticator": link(call.url(f"{PATH}/{one.id}"), "GET"),
        },
    }
