"""``/api/v1/authn``: what comes of it is a session token."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...api_errors import ApiError
from ...clock import timestamp
from ...directory.authentication import AuthenticationFailed, LockedOut, TooFast
from ...directory.password_change import NotChangeable, UnsuitablePassword
from ...directory.passwords import PasswordPolicy
from ...factors.refusals import FactorRefused
from ...http import Response
from ...sign_on.answers import Answer, Back, NewPassword, Skipped
from ...sign_on.requirement import OutOfTurn
from ...sign_on.sessions import SessionTokenExchange, SignedOn
from ...sign_on.sign_on import Pending, SignOn
from ...storage.errors import NotFound
from ...storage.users import User
from ..api_call import JsonBody
from ..browsers import remembered
from ..visit import Visit
from .callers import TrustedCallers, told_device
from .view import AuthnView, user_view

_LONGEST_RELAY_STATE: Final = 2_048
_PREFIX: Final = "/api/v1/authn"
_FACTOR: Final = re.compile(
    rf"{_PREFIX}/factors/([A-Za-z0-9_-]{{1,64}})/(lifecycle/activate|lifecycle/resend|verify|verify/resend)(?:/email)?"
)

if TYPE_CHECKING:
    from .recovery import RecoveryApi

Handler = Callable[[Visit], Response]


@dataclass(frozen=True)
class AuthnApi:
    """Takes what clients post, and prints where they stand."""

    sign_on: SignOn
    tokens: SessionTokenExchange
    recovery: "Callable[[], RecoveryApi]"
    callers: TrustedCallers

    def handler(self, path: str) -> Handler | None:
        """What answers a path; ``None``: it is none of these."""
        found = self._handler(path)
        return None if found is None else lambda visit: found(self.callers.visit(visit))

    def _handler(self, path: str) -> Handler | None:
        found = self._fixed.get(path.removeprefix(_PREFIX)) if path.startswith(_PREFIX) else None
        if found is not None:
            return found
        if path.startswith(f"{_PREFIX}/recovery/"):
            return self.recovery().handler(path.removeprefix(f"{_PREFIX}/recovery"))
        factor = _FACTOR.fullmatch(path)
        if factor is None:
            return None
        return lambda visit: self._factor(visit, factor[1], factor[2])

    @property
    def _fixed(self) -> Mapping[str, Handler]:
        return {
            "": self.authenticate,
            "/introspect": self.introspect,
            "/factors": self.enrol,
            "/credentials/change_password": self.change_password,
            "/credentials/reset_password": lambda visit: self.recovery().reset_password(visit, self._activated),
            "/previous": lambda visit: self._advanced(visit, lambda _body, _pending: Back()),
            "/skip": lambda visit: self._advanced(visit, lambda _body, _pending: Skipped()),
            "/cancel": self.cancel,
        }

    def authenticate(self, visit: Visit) -> Response:
        """200: wherever a username and a password lead, or where a state token stands.

        Raises:
            ApiError: E0000004 where username and password do not belong together, or a policy refuses; E0000047 where
                too many were tried; E0000011: no such state token.
        """
        body = JsonBody.read(visit.request)
        if "stateToken" in body.members and "password" not in body.members:
            return self._standing(visit, body)
        if "token" in body.members and "username" not in body.members:
            return self.recovery().activate(visit, body, _relayed(body))
        username, password = body.text("username", longest=320), body.text("password")
        return self._begun(visit, body, username, password, _relayed(body))

    def _begun(
        self, visit: Visit, body: JsonBody, username: str, password: str, relayed: Mapping[str, str]
    ) -> Response:
        try:
            caller = visit.api_caller.at(told_device(visit, body.members))
            found = self.sign_on.begin(caller, username, password, relayed, warn=_wants_to_be_warned(body))
        except TooFast as fast:
            raise ApiError("E0000047", headers=fast.allowance.headers()) from None
        except AuthenticationFailed as failed:
            if isinstance(failed, LockedOut) and failed.told:
                return self._locked(visit, relayed)
            # One answer for all: that somebody is locked out would tell whoever guesses that there is such a user.
            raise ApiError("E0000004") from None
        return self._answer(visit, found, relayed)

    def introspect(self, visit: Visit) -> Response:
        """200, where a state token stands. Raises ApiError (E0000011)."""
        return self._standing(visit, JsonBody.read(visit.request))

    def change_password(self, visit: Visit) -> Response:
        """200: onward.

        Raises:
            ApiError: E0000011 (``stateToken``), E0000014 (``oldPassword``), E0000079 or E0000080 (``newPassword``).
        """
        return self._advanced(visit, lambda body, _: NewPassword(body.text("newPassword"), body.text("oldPassword")))

    def enrol(self, visit: Visit) -> Response:
        """200: a factor is being set up.

        Raises:
            ApiError: E0000001: no such factor; E0000011, E0000079.
        """
        from .factor_answers import begun  # most clients send a password and nothing else

        return self._advanced(visit, begun)

    def cancel(self, visit: Visit) -> Response:
        """200: nothing comes of it. Raises ApiError (E0000011)."""
        body = JsonBody.read(visit.request)
        if _is_of_recovery(body):
            return self.recovery().cancel(visit, body)
        pending = self._pending(visit, body)
        self.sign_on.cancel(pending)
        return Response.json(200, dict(_relayed_of(pending)))

    def _factor(self, visit: Visit, factor: str, about: str) -> Response:
        from .factor_answers import answered

        if about == "verify" and _is_of_recovery(JsonBody.read(visit.request)):
            return self.recovery().verify(visit, factor)
        remember = visit.request.query_value("rememberDevice") == "true"
        return self._advanced(visit, lambda body, pending: answered(body, pending, factor, about, remember=remember))

    def _activated(self, visit: Visit, user: User, relayed: Mapping[str, str]) -> Response:
        """Who has just chosen a first password signs in with it, by whatever else policies ask."""
        body = JsonBody.read(visit.request)
        return self._begun(visit, body, user.login, body.text("newPassword"), relayed)

    def _standing(self, visit: Visit, body: JsonBody) -> Response:
        if _is_of_recovery(body):
            return self.recovery().standing(visit, body)
        return self._shown(visit, self._pending(visit, body))

    def _advanced(self, visit: Visit, answer: Callable[[JsonBody, Pending], Answer]) -> Response:
        body = JsonBody.read(visit.request)
        pending = self._pending(visit, body)
        try:
            found = self.sign_on.advance(pending, visit.api_caller, answer(body, pending))
        except UnsuitablePassword as error:
            raise ApiError("E0000080", causes=[self._policy(visit, pending.user).refusal(error.lacks)]) from None
        except NotChangeable:
            cause = "oldPassword: The credentials provided were incorrect."
            raise ApiError("E0000014", causes=[cause]) from None
        except FactorRefused as refused:
            raise _refusal(refused) from None
        except OutOfTurn:
            cause = "This operation is not allowed in the current authentication state."
            raise ApiError("E0000079", causes=[cause]) from None
        except (NotFound, AuthenticationFailed):
            raise ApiError("E0000011") from None
        return self._answer(visit, found, _relayed_of(pending))

    def _policy(self, visit: Visit, user: User) -> PasswordPolicy:
        return self.sign_on.policy_of(user, visit.api_caller)

    def _pending(self, visit: Visit, body: JsonBody) -> Pending:
        state = body.text("stateToken")
        try:
            return self.sign_on.find(state, visit.api_caller)
        except NotFound:
            raise ApiError("E0000011") from None

    def _answer(self, visit: Visit, found: SignedOn | Pending, relayed: Mapping[str, str]) -> Response:
        return self._shown(visit, found) if isinstance(found, Pending) else self._success(visit, found, relayed)

    def _shown(self, visit: Visit, pending: Pending) -> Response:
        policy = self._policy(visit, pending.user) if pending.step.name == "new_password" else PasswordPolicy()
        view = AuthnView(visit.request.base_url + _PREFIX, policy, visit.now)
        shown = self.sign_on.shown(pending, visit.api_caller)
        return Response.json(200, view.of(pending, shown))

    def _locked(self, visit: Visit, relayed: Mapping[str, str]) -> Response:
        view = AuthnView(visit.request.base_url + _PREFIX, PasswordPolicy(), visit.now)
        links = {"next": view.link("recovery/unlock", "unlock"), "cancel": view.link("cancel")}
        return Response.json(200, {"status": "LOCKED_OUT", **relayed, "_embedded": {}, "_links": links})

    def _success(self, visit: Visit, signed_on: SignedOn, relayed: Mapping[str, str]) -> Response:
        secret, expires_at = self.tokens.give(signed_on, now=visit.now)
        view = AuthnView(visit.request.base_url + _PREFIX, PasswordPolicy(), visit.now)
        answer = {
            "expiresAt": timestamp(expires_at),
            "status": "SUCCESS",
            **relayed,
            "sessionToken": secret,
            "_embedded": {"user": user_view(signed_on.person.user)},
            "_links": {"cancel": view.link("cancel")},
        }
        return Response.json(200, answer, remembered(visit.request, signed_on, elsewhere=visit.trusted))


def _refusal(refused: FactorRefused) -> ApiError:
    from .factor_answers import refusal

    return refusal(refused)


def _is_of_recovery(body: JsonBody) -> bool:
    return "~" in str(body.members.get("stateToken"))


def _wants_to_be_warned(body: JsonBody) -> bool:
    """Whether the caller knows what to do with a password that expires soon."""
    options = body.members.get("options")
    return isinstance(options, dict) and options.get("warnBeforePasswordExpired") is True


def _relayed(body: JsonBody) -> dict[str, str]:
    state = body.members.get("relayState")
    return {"relayState": state[:_LONGEST_RELAY_STATE]} if isinstance(state, str) else {}


def _relayed_of(pending: Pending) -> Mapping[str, str]:
    return {name: value for name, value in pending.transaction.onward.items() if name == "relayState"}
