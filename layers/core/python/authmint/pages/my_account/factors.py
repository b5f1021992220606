"""``/idp/myaccount/authenticators`` and ``/idp/myaccount/webauthn``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ...api_errors import ApiError, invalid, invalid_field, not_found
from ...clock import timestamp
from ...factors.kind import KeyOptions
from ...factors.refusals import FactorRefused, NotEnrollable, TooFast
from ...factors.user_factors import UserFactors
from ...factors.wire import registration_of
from ...http import Response
from ...self_service.links import OwnLinks
from ...self_service.refusals import NotDone
from ...sign_on.own_account import OwnAccount
from ...sign_on.sign_on import Caller
from ...storage.authenticators import KEY_OF, Authenticator
from ...storage.errors import Conflict, NotFound
from ...storage.factors import Factor
from ..api_call import JsonBody
from ..visit import Visit
from .answers import (
    PREFIX,
    authenticator_json,
    enrollment_json,
    link,
    password_enrollment_json,
    webauthn_json,
)
from .caller import OwnCaller

_NO_CONTENT: Final = Response(204)
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class OwnFactors:
    """Shows what the user signs in with; registers, names and removes keys."""

    factors: Callable[[], UserFactors]
    account: Callable[[], OwnAccount]
    links: Callable[[], OwnLinks]

    def has_any(self, caller: OwnCaller) -> bool:
        """Whether the user has a second factor. Raises Unavailable."""
        return any(one.status == "ACTIVE" for one in self.factors().of(caller.person.user))

    def authenticators(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200: what there is here. ``expand=enrollments``: with what the user has of each."""
        return Response.json(200, [self._shown(visit, caller, one) for one in self._on()])

    def authenticator(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, self._shown(visit, caller, self._one(parts[0])))

    def enrollments(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, self._enrollments(visit, caller, self._one(parts[0])))

    def enrollment(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, self._enrollment(visit, caller, parts))

    def rename(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200: the enrolment under another name; ``null``: under none of its own."""
        self._enrollment(visit, caller, parts)
        body = JsonBody.read(visit.request, merge_patch=True)
        name = body.members.get("nickname")
        if "nickname" not in body.members or not (name is None or isinstance(name, str)):
            raise invalid_field("nickname", "must be a text, or null")
        name = " ".join((name or "").split())
        if len(name) > _LONGEST_NAME:
            raise invalid_field("nickname", "The field is too long")
        factor = self._factor(caller, parts[1])
        if factor is None:
            raise ApiError("E0000038")
        try:
            renamed = self.factors().rename(caller.person.user, factor, name, now=visit.now, request=visit.request)
        except (Conflict, NotFound):
            raise not_found(parts[1], "AuthenticatorEnrollment") from None
        return Response.json(200, enrollment_json(renamed, self._one(parts[0]), visit.request.base_url))

    def keys(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200."""
        listed, base_url = self.factors().authenticators(), visit.request.base_url
        found = [one for one in self.factors().of(caller.person.user) if _is_key(one)]
        return Response.json(200, [webauthn_json(one, listed, base_url) for one in found])

    def key(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, self._key_json(visit, self._key(caller, parts[0])))

    def begin_key(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200: what a browser makes a key with."""
        caller.check_fresh(factors=self.has_any(caller))
        try:
            begun = self.factors().enrol(
                caller.person.user, "webauthn", now=visit.now, request=visit.request, binding=caller.binding
            )
        except NotEnrollable as refused:
            if str(refused) == "taken":
                text = "This user account has reached the maximum number of enrolled Passkey authenticators."
                raise invalid("Exceeded cardinality max", text) from None
            raise ApiError("E0000038", causes=["WebAuthn is not enabled for the org."]) from None
        except FactorRefused:
            raise ApiError("E0000038") from None
        activation = begun[1]
        if not isinstance(activation, KeyOptions):
            raise ApiError("E0000038")
        shown = {
            "options": dict(activation.options),
            "expiresAt": timestamp(activation.expires_at),
            "_links": {"enroll": link(f"{visit.request.base_url}{PREFIX}/webauthn", "POST")},
        }
        return Response.json(200, shown)

    def enrol_key(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200: the key counts."""
        body = JsonBody.read(visit.request)
        caller.check_fresh(factors=self.has_any(caller))
        user, factors = caller.person.user, self.factors()
        pending = [one for one in factors.factors.of(user.id) if one.kind == "webauthn" and one.status != "ACTIVE"]
        if not pending:
            raise not_found(user.id, "WebAuthnRegistration")
        try:
            made = factors.activate(
                user,
                pending[-1],
                registration_of(body.members),
                now=visit.now,
                request=visit.request,
                binding=caller.binding,
            )
        except TooFast as fast:
            raise ApiError("E0000047", headers=fast.allowance.headers()) from None
        except FactorRefused:
            raise invalid("webauthn", "The attestation does not fit what was asked for.") from None
        return Response.json(200, self._key_json(visit, made))

    def drop(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """204. What policies ask for, or the last way in, stays: 403."""
        caller.check_fresh(factors=self.has_any(caller))
        person, links = caller.person, self.links()
        account, asked = self.account(), Caller(visit.request, None, visit.now)

        def attempt() -> None:
            factor = self._key(caller, parts[0])
            known = account.known_of(person, now=visit.now)
            ways = links.ways.beside_factor(person.user.id, factor)
            if account.is_needed(person, known, factor, asked, now=visit.now):
                raise NotDone("not_allowed")
            # Of two that may each go if the other one stays, one stays.
            others = [*(one for one in known.factors if one.id != factor.id), *ways]
            self.factors().remove(person.user, factor, now=visit.now, request=visit.request, beside=others)

        try:
            links.retrying(attempt)
        except NotDone:
            raise ApiError("E0000006", causes=["It is needed to sign in."]) from None
        except NotFound:
            raise not_found(parts[0], "WebAuthn") from None
        return _NO_CONTENT

    def _on(self) -> list[Authenticator]:
        return [one for one in self.factors().authenticators().authenticators if one.status == "ACTIVE"]

    def _one(self, authenticator_id: str) -> Authenticator:
        for one in self._on():
            if one.id == authenticator_id:
                return one
        raise not_found(authenticator_id, "Authenticator")

    def _shown(self, visit: Visit, caller: OwnCaller, one: Authenticator) -> dict[str, Any]:
        shown = authenticator_json(one, visit.request.base_url)
        if visit.request.query_value("expand") == "enrollments":
            shown["_embedded"] = {"enrollments": self._enrollments(visit, caller, one)}
        return shown

    def _enrollments(self, visit: Visit, caller: OwnCaller, one: Authenticator) -> list[dict[str, Any]]:
        user, base_url = caller.person.user, visit.request.base_url
        if one.key == "okta_password":
            return [] if user.password is None else [password_enrollment_json(user, one, base_url)]
        active = [each for each in self.factors().of(user) if each.status == "ACTIVE" and KEY_OF[each.kind] == one.key]
        return [enrollment_json(each, one, base_url) for each in active]

    def _enrollment(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> dict[str, Any]:
        for shown in self._enrollments(visit, caller, self._one(parts[0])):
            if shown["id"] == parts[1]:
                return shown
        raise not_found(parts[1], "AuthenticatorEnrollment")

    def _factor(self, caller: OwnCaller, factor_id: str) -> Factor | None:
        """The factor of an enrolment; ``None``: it is the password, or an address that counts by itself."""
        return next((one for one in self.factors().factors.of(caller.person.user.id) if one.id == factor_id), None)

    def _key(self, caller: OwnCaller, factor_id: str) -> Factor:
        for one in self.factors().of(caller.person.user):
            if one.id == factor_id and _is_key(one):
                return one
        raise not_found(factor_id, "WebAuthn")

    def _key_json(self, visit: Visit, factor: Factor) -> dict[str, Any]:
        return webauthn_json(factor, self.factors().authenticators(), visit.request.base_url)


def _is_key(factor: Factor) -> bool:
    return factor.kind == "webauthn" and factor.status == "ACTIVE"
