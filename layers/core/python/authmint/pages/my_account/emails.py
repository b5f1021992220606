"""``/idp/myaccount/emails``: addresses, of which another one is proved by a code before anything changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ...api_errors import ApiError, invalid, invalid_field, not_found
from ...http import Response
from ...recovery.address_change import Pending, Role
from ...recovery.refusals import NotOpen, TooOften, WrongAnswer
from ...self_service.addresses import OwnAddresses
from ...self_service.refusals import NotDone
from ...storage.users import User
from ..api_call import JsonBody
from ..visit import Visit
from .answers import challenge_json, email_id, email_json
from .caller import OwnCaller

_ROLES: Final[dict[str, Role]] = {"PRIMARY": "PRIMARY", "SECONDARY": "SECONDARY"}
_NO_CONTENT: Final = Response(204)


@dataclass(frozen=True)
class Emails:
    """Shows addresses, and asks others for codes."""

    addresses: Callable[[], OwnAddresses]

    def listed(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200: those that are the user's, and the one that is waited for."""
        return Response.json(200, [shown for _, shown, _ in self._all(visit, caller)])

    def get(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, self._found(visit, caller, parts[0])[1])

    def add(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """201: a code is on its way, and the address waits for it. Whether anybody has it already is not told."""
        body = JsonBody.read(visit.request)
        profile = body.members.get("profile")
        address = profile.get("email") if isinstance(profile, dict) else None
        named = body.members.get("role", "PRIMARY")
        role = _ROLES.get(named) if isinstance(named, str) else None
        mailed = body.members.get("sendEmail", True)
        if role is None or not isinstance(mailed, bool) or not isinstance(address, str):
            raise invalid_field("email" if role else "role", "The field is missing, or not as it should be")
        self._check(caller)
        pending = self._asked(visit, caller, address.strip(), role, mailed=mailed)
        shown = email_json(caller.person.user, role, pending.address, visit.request.base_url, pending)
        return Response.json(201, shown)

    def challenge(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """201: another code."""
        pending = self._found(visit, caller, parts[0])[2]
        if pending is None:
            raise ApiError("E0000038", causes=["The address is verified."])
        self._check(caller)
        again = self._asked(visit, caller, pending.address, pending.role, mailed=True)
        return Response.json(201, challenge_json(caller.person.user, again, visit.request.base_url))

    def poll(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200, while the code is waited for."""
        pending = self._waiting(visit, caller, parts)
        return Response.json(200, challenge_json(caller.person.user, pending, visit.request.base_url))

    def verify(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """200: the address is the user's from here on."""
        code = JsonBody.read(visit.request).text("verificationCode", longest=64)
        pending = self._waiting(visit, caller, parts)
        user, digits = caller.person.user, "".join(code.split())
        try:
            self.addresses().confirm(user, caller.binding, digits, visit.request, now=visit.now)
        except WrongAnswer:
            text = "Your passcode doesn't match our records. Please try again."
            raise ApiError("E0000068", causes=[text]) from None
        except NotOpen:
            raise not_found(parts[1], "EmailChallenge") from None
        return Response.json(200, challenge_json(user, pending, visit.request.base_url, verified=True))

    def delete(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Response:
        """204: it is not waited for any more. What is proved stays."""
        if self._found(visit, caller, parts[0])[2] is None:
            raise invalid("email", "Can't delete a verified email address.")
        self.addresses().change.close(caller.person.user)
        return _NO_CONTENT

    def _check(self, caller: OwnCaller) -> None:
        caller.check_fresh(factors=self.addresses().has_factors(caller.person.user))

    def _asked(self, visit: Visit, caller: OwnCaller, address: str, role: Role, *, mailed: bool) -> Pending:
        try:
            return self.addresses().ask(caller.person.user, caller.binding, address, role, now=visit.now, mailed=mailed)
        except WrongAnswer:
            raise invalid_field("email", "must be another address than those of the account") from None
        except TooOften as often:
            raise ApiError("E0000047", headers=often.allowance.headers()) from None
        except NotDone:
            raise ApiError("E0000038", causes=["The address is not for its user to change."]) from None

    def _waiting(self, visit: Visit, caller: OwnCaller, parts: tuple[str, ...]) -> Pending:
        # Not by the list: where the code was taken and the answer was lost, the address stands there already.
        user = caller.person.user
        pending = self.addresses().change.pending(user, caller.binding, now=visit.now)
        if pending is None or parts != (email_id(user, pending.role, pending.address), pending.id):
            raise not_found(parts[1], "EmailChallenge")
        return pending

    def _found(self, visit: Visit, caller: OwnCaller, identifier: str) -> tuple[str, Any, Pending | None]:
        for found in self._all(visit, caller):
            if found[0] == identifier:
                return found
        raise not_found(identifier, "Email")

    def _all(self, visit: Visit, caller: OwnCaller) -> list[tuple[str, Any, Pending | None]]:
        user, base_url = caller.person.user, visit.request.base_url
        pending = self.addresses().change.pending(user, caller.binding, now=visit.now)
        found: list[tuple[str, Any, Pending | None]] = [
            (email_id(user, role, address), email_json(user, role, address, base_url), None)
            for role, address in _held(user)
        ]
        if pending is not None:
            shown = email_json(user, pending.role, pending.address, base_url, pending)
            found.append((shown["id"], shown, pending))
        return found


def _held(user: User) -> list[tuple[str, str]]:
    second = user.profile.get("secondEmail")
    first = [("PRIMARY", user.email)]
    return [*first, ("SECONDARY", second)] if isinstance(second, str) and second else first
