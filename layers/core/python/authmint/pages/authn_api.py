"""``/api/v1/authn``: primary authentication, as the official SDKs call it. What comes of it is a session token."""

from dataclasses import dataclass
from typing import Any, Final

from ..api_errors import ApiError
from ..clock import timestamp
from ..directory.authentication import AuthenticationFailed, TooFast
from ..directory.password_change import NotChangeable, UnsuitablePassword
from ..http import Response
from ..sign_on.proofs import SignedOn
from ..sign_on.sessions import SessionTokenExchange
from ..sign_on.sign_on import NewPassword, Pending, SignOn
from ..storage.errors import NotFound
from ..storage.users import User
from .api_call import JsonBody
from .visit import Visit

_NO_STORE: Final = (("cache-control", "no-cache, no-store"), ("pragma", "no-cache"))
_LONGEST_RELAY_STATE: Final = 2_048


@dataclass(frozen=True)
class AuthnApi:
    """Proves a password, and hands out what starts a session."""

    sign_on: SignOn
    tokens: SessionTokenExchange

    def authenticate(self, visit: Visit) -> Response:
        """200: SUCCESS, or PASSWORD_EXPIRED.

        Raises:
            ApiError: E0000004 where username and password do not belong together; E0000047 where too many were tried.
        """
        body = JsonBody.read(visit.request)
        relayed = _relayed(body)
        username, password = body.text("username", longest=320), body.text("password")
        try:
            found = self.sign_on.begin(visit.api_caller, username, password, {})
        except TooFast as fast:
            raise ApiError("E0000047", headers=(*_NO_STORE, *fast.allowance.headers())) from None
        except AuthenticationFailed:
            # One answer for all: that somebody is locked out would tell whoever guesses that there is such a user.
            raise ApiError("E0000004", headers=_NO_STORE) from None
        if isinstance(found, Pending):
            return self._expired(visit, found, relayed)
        return self._success(visit, found, relayed)

    def change_password(self, visit: Visit) -> Response:
        """200: SUCCESS.

        Raises:
            ApiError: E0000011 (``stateToken``), E0000014 (``oldPassword``) or E0000080 (``newPassword``).
        """
        body = JsonBody.read(visit.request)
        state = body.text("stateToken")
        old, new = body.text("oldPassword"), body.text("newPassword")
        try:
            pending = self.sign_on.find(state, visit.api_caller)
            signed_on = self.sign_on.advance(pending, visit.api_caller, NewPassword(new, old))
        except UnsuitablePassword as error:
            lacking = ", ".join(self.sign_on.policy.in_words(lack) for lack in error.lacks)
            cause = f"Password requirements were not met. Missing: {lacking}."
            raise ApiError("E0000080", causes=[cause], headers=_NO_STORE) from None
        except NotChangeable:
            raise ApiError("E0000014", causes=["Old Password is not correct"], headers=_NO_STORE) from None
        except (NotFound, AuthenticationFailed):
            raise ApiError("E0000011", headers=_NO_STORE) from None
        return self._success(visit, signed_on, {})

    def _success(self, visit: Visit, signed_on: SignedOn, relayed: dict[str, str]) -> Response:
        secret, expires_at = self.tokens.give(signed_on, now=visit.now)
        answer = {
            "expiresAt": timestamp(expires_at),
            "status": "SUCCESS",
            **relayed,
            "sessionToken": secret,
            "_embedded": {"user": _user(signed_on.person.user)},
        }
        return Response.json(200, answer, _NO_STORE)

    def _expired(self, visit: Visit, pending: Pending, relayed: dict[str, str]) -> Response:
        policy = self.sign_on.policy
        complexity = {"minLength": policy.shortest, "minLowerCase": 1, "minUpperCase": 1, "minNumber": 1}
        answer = {
            "stateToken": pending.handle,
            "expiresAt": timestamp(pending.transaction.expires_at),
            "status": "PASSWORD_EXPIRED",
            **relayed,
            "_embedded": {
                "user": _user(pending.user),
                "policy": {"complexity": complexity | {"minSymbol": 0, "excludeUsername": True}},
            },
            "_links": {
                "next": {
                    "name": "changePassword",
                    **_link(visit, "/api/v1/authn/credentials/change_password", "POST"),
                },
            },
        }
        return Response.json(200, answer, _NO_STORE)


def _user(user: User) -> dict[str, Any]:
    profile = user.profile
    return {
        "id": user.id,
        "passwordChanged": None if user.password is None else timestamp(user.password.changed_at),
        "profile": {
            "login": user.login,
            "firstName": profile.get("firstName"),
            "lastName": profile.get("lastName"),
            "locale": profile.get("locale") or "en",
            "timeZone": profile.get("timezone") or "America/Los_Angeles",
        },
    }


def _link(visit: Visit, path: str, method: str) -> dict[str, Any]:
    return {"href": visit.request.base_url + path, "hints": {"allow": [method]}}


def _relayed(body: JsonBody) -> dict[str, str]:
    state = body.members.get("relayState")
    return {"relayState": state[:_LONGEST_RELAY_STATE]} if isinstance(state, str) else {}
