"""``/idp/myaccount/**`` by path and method: which scope each call needs, and who answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...api_errors import ApiError
from ...http import Response
from ..visit import Visit
from .answers import PREFIX
from .caller import OwnCaller, OwnCallers
from .emails import Emails
from .factors import OwnFactors
from .organization import Organization
from .passwords import Passwords
from .profile import Profile

Answer = Callable[[Visit, OwnCaller, tuple[str, ...]], Response]
#: Of a vendor: nothing that is here.
_NOT_OFFERED: Final = ("phones", "app-authenticators")
_PART: Final = "([A-Za-z0-9._-]{1,64})"


@dataclass(frozen=True)
class _Route:
    """One path: by method, the part of the scope and what answers."""

    pattern: re.Pattern[str]
    methods: dict[str, tuple[str, Answer]]


class MyAccountApi:
    """Answers programs that act for the user whose access token they show."""

    def __init__(
        self,
        callers: OwnCallers,
        profile: Profile,
        emails: Emails,
        passwords: Passwords,
        factors: OwnFactors,
        organization: Organization,
    ) -> None:
        self._callers = callers
        self._routes = [
            _route("organization", GET=("organization.read", organization.get)),
            _route("profile", GET=("profile.read", profile.get), PUT=("profile.manage", profile.replace)),
            _route("profile/schema", GET=("profile.read", profile.schema)),
            _route("emails", GET=("email.read", emails.listed), POST=("email.manage", emails.add)),
            _route(f"emails/{_PART}", GET=("email.read", emails.get), DELETE=("email.manage", emails.delete)),
            _route(f"emails/{_PART}/challenge", POST=("email.manage", emails.challenge)),
            _route(
                f"emails/{_PART}/challenge/{_PART}",
                GET=("email.read", emails.poll),
                POST=("email.read", emails.poll),  # so the vendor's own client asks
            ),
            _route(f"emails/{_PART}/challenge/{_PART}/verify", POST=("email.manage", emails.verify)),
            _route(
                "password",
                GET=("password.read", passwords.get),
                POST=("password.manage", passwords.create),
                PUT=("password.manage", passwords.replace),
                DELETE=("password.manage", passwords.delete),
            ),
            _route("password/change-password", POST=("password.manage", passwords.change)),
            _route("password/complexity-requirements", GET=("password.read", passwords.requirements)),
            _route("sessions", DELETE=("sessions.manage", passwords.end_sessions)),
            _route("authenticators", GET=("authenticators.read", factors.authenticators)),
            _route(f"authenticators/{_PART}", GET=("authenticators.read", factors.authenticator)),
            _route(f"authenticators/{_PART}/enrollments", GET=("authenticators.read", factors.enrollments)),
            _route(
                f"authenticators/{_PART}/enrollments/{_PART}",
                GET=("authenticators.read", factors.enrollment),
                PATCH=("authenticators.manage", factors.rename),
            ),
            _route("webauthn", GET=("webauthn.read", factors.keys), POST=("webauthn.manage", factors.enrol_key)),
            _route("webauthn/registration", POST=("webauthn.manage", factors.begin_key)),
            _route(f"webauthn/{_PART}", GET=("webauthn.read", factors.key), DELETE=("webauthn.manage", factors.drop)),
        ]

    def handlers(self, path: str) -> dict[str, Callable[[Visit], Response]]:
        """What answers a path, by method. What there is not is refused, whatever the method."""
        rest = path.removeprefix(PREFIX).strip("/")
        for route in self._routes:
            found = route.pattern.fullmatch(rest)
            if found is not None:
                return {
                    method: self._answering(scope, answer, found.groups())
                    for method, (scope, answer) in route.methods.items()
                }
        refusal = ApiError("E0000015" if rest.split("/")[0] in _NOT_OFFERED else "E0000008")
        return dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), lambda _: _refused(refusal))

    def _answering(self, scope: str, answer: Answer, parts: tuple[str, ...]) -> Callable[[Visit], Response]:
        def answering(visit: Visit) -> Response:
            caller = self._callers.caller(visit.request, f"okta.myAccount.{scope}", now=visit.now)
            return answer(visit, caller, parts)

        return answering


def _refused(refusal: ApiError) -> Response:
    raise refusal


def _route(path: str, **methods: tuple[str, Answer]) -> _Route:
    return _Route(re.compile(path), methods)
