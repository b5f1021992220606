"""``/idp/myaccount/password`` and ``/idp/myaccount/sessions``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...api_errors import ApiError, invalid, not_found
from ...directory.authentication import AuthenticationFailed, PasswordExpired, TooFast
from ...directory.password_change import UnsuitablePassword
from ...http import Response
from ...self_service.password import OwnPasswords, Terms
from ...self_service.refusals import NotDone
from ...self_service.services import SelfService
from ...sign_on.sign_on import Verifier
from ...storage.errors import NotFound
from ...storage.users import User
from ..api_call import JsonBody
from ..visit import Visit
from .answers import complexity_json, password_json
from .caller import OwnCaller

_NO_CONTENT: Final = Response(204)


@dataclass(frozen=True)
class Passwords:
    """Sets, changes and removes the user's own password. Tokens of applications stay: the caller's is one of them."""

    services: Callable[[], SelfService]
    verifier: Verifier
    has_factors: Callable[[OwnCaller], bool]

    @property
    def _passwords(self) -> OwnPasswords:
        return self.services().passwords

    def get(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, password_json(caller.person.user, visit.request.base_url))

    def create(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """201: the first one."""
        if caller.person.user.password is not None:
            text = "This account already has a password set as an authenticator."
            raise ApiError("E0000157", "okta_password", causes=[text])
        return self._reset(visit, caller)

    def replace(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """201, without the old one: of who has just signed in."""
        if caller.person.user.password is None:
            raise self._none(caller)
        return self._reset(visit, caller)

    def delete(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """204: the user signs in otherwise from here on."""
        if caller.person.user.password is None:
            raise self._none(caller)
        caller.check_fresh(factors=self.has_factors(caller))
        try:
            self._passwords.remove(caller.person, visit.request, now=visit.now)
        except NotDone as refused:
            raise _refusal(refused) from None
        except NotFound:
            raise ApiError("E0000011") from None
        return _NO_CONTENT

    def change(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """204, with the old one; and with two factors of who has a second one."""
        body = JsonBody.read(visit.request)
        old, new, user = body.text("oldPassword"), body.text("newPassword"), caller.person.user
        if user.password is None:
            raise self._none(caller)
        if self.has_factors(caller) and not caller.two_factors:
            raise ApiError("E0000006")
        self._suits(visit, caller, new)
        try:
            self.verifier.verify(user.login, old, visit.now, request=visit.request)
        except PasswordExpired:
            pass  # right, and about to be replaced
        except TooFast as fast:
            raise ApiError("E0000047", headers=fast.allowance.headers()) from None
        except AuthenticationFailed:
            raise ApiError("E0000014", causes=["Old Password is not correct"]) from None
        self._choose(visit, caller, new)
        return _NO_CONTENT

    def requirements(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200."""
        terms = self._passwords.terms(caller.person, visit.request, visit.now)
        return Response.json(200, complexity_json(terms.policy, visit.request.base_url))

    def end_sessions(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """204: every session of the user ends, and what applications hold but for ``oauthTokens=false``."""
        services, user, request = self.services(), caller.person.user, visit.request
        spared = request.query_value("excludeCurrentAuthorizationContext") == "true"
        own = caller.token.family_id if spared else None
        services.sessions.end_others(user, None, request)
        if request.query_value("oauthTokens") != "false":
            services.apps.withdraw_tokens(user, request, now=visit.now, but=own)
        return _NO_CONTENT

    def _reset(self, visit: Visit, caller: OwnCaller) -> Response:
        profile = JsonBody.read(visit.request).members.get("profile")
        new = profile.get("password") if isinstance(profile, dict) else None
        if not isinstance(new, str) or not new:
            raise invalid("Password", "password: The field cannot be left blank")
        caller.check_fresh(factors=self.has_factors(caller))
        self._suits(visit, caller, new)
        return Response.json(201, password_json(self._choose(visit, caller, new), visit.request.base_url))

    def _suits(self, visit: Visit, caller: OwnCaller, new: str) -> None:
        terms = self._terms(visit, caller)
        lacks = terms.policy.lacks(new, caller.person.user.login, caller.person.user.profile)
        if lacks:
            raise invalid("Password", f"password: {terms.policy.refusal(lacks)}")

    def _terms(self, visit: Visit, caller: OwnCaller) -> Terms:
        try:
            return self._passwords.check(caller.person, visit.request, now=visit.now)
        except NotDone as refused:
            raise _refusal(refused) from None

    def _choose(self, visit: Visit, caller: OwnCaller, new: str) -> User:
        try:
            return self._passwords.choose(caller.person, new, visit.request, now=visit.now, revoke=False)
        except UnsuitablePassword as error:
            policy = self._terms(visit, caller).policy
            raise invalid("Password", f"password: {policy.refusal(error.lacks)}") from None
        except NotDone as refused:
            raise _refusal(refused) from None
        except NotFound:
            raise ApiError("E0000011") from None

    def _none(self, caller: OwnCaller) -> ApiError:
        return not_found(caller.person.user.id, "UserProfilePassword")


def _refusal(refused: NotDone) -> ApiError:
    causes = {
        "too_soon": "Password cannot be changed this soon.",
        "only_way_in": "There is no other way to sign in.",
    }
    cause = causes.get(refused.why)
    return ApiError("E0000080" if refused.why == "too_soon" else "E0000035", causes=[cause] if cause else [])
