"""``/idp/myaccount/profile``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...api_errors import ApiError, invalid
from ...http import Response
from ...self_service.profile import PROVED, OwnAttribute, OwnProfiles
from ...self_service.refusals import BadProfile, NotDone, NotWritable
from ...storage.errors import NotFound
from ..api_call import JsonBody
from ..visit import Visit
from .answers import profile_json, schema_json
from .caller import OwnCaller

_EMAIL: Final = (
    "You cannot update email attributes using the profile endpoint. "
    "Use the emails endpoint to make any required changes."
)
_CLOSED: Final = "Property '{0}' is read only.  The value supplied must exactly match the existing value."
_UNKNOWN: Final = "Property '{0}' does not exist or is not accessible."
_MISSING: Final = "Property '{0}' needs a value passed.  To unset it, explicitly set it to null."
_SUBJECT: Final = "forUpdate"


@dataclass(frozen=True)
class Profile:
    """Shows and replaces the user's own profile."""

    profiles: Callable[[], OwnProfiles]

    def get(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200."""
        user = caller.person.user
        return Response.json(200, profile_json(user, self._attributes(caller), visit.request.base_url))

    def schema(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200."""
        return Response.json(200, schema_json(self._attributes(caller), visit.request.base_url))

    def replace(self, visit: Visit, caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200. What cannot be changed may be sent back as it is; what can be has to be said."""
        sent = JsonBody.read(visit.request).members.get("profile")
        if not isinstance(sent, dict):
            raise ApiError("E0000003")
        attributes = self._attributes(caller)
        if causes := _causes(sent, attributes):
            raise invalid(_SUBJECT, *causes[:20])
        values = {one.name: sent[one.name] for one in attributes if one.writable and one.name in sent}
        try:
            user = self.profiles().change(caller.person.user.id, values, visit.request, now=visit.now)
        except BadProfile as bad:
            raise invalid(_SUBJECT, *(f"{name}: {text}" for name, text in bad.problems)) from None
        except NotWritable as closed:
            raise invalid(_SUBJECT, *map(_CLOSED.format, closed.names)) from None
        except NotDone:
            raise ApiError("E0000038") from None
        except NotFound:
            raise ApiError("E0000011") from None
        shown = list(self.profiles().attributes(user))
        return Response.json(200, profile_json(user, shown, visit.request.base_url))

    def _attributes(self, caller: OwnCaller) -> list[OwnAttribute]:
        return list(self.profiles().attributes(caller.person.user))


def _causes(sent: Mapping[str, Any], attributes: list[OwnAttribute]) -> list[str]:
    known = {one.name: one for one in attributes}
    causes = []
    for name, value in sent.items():
        one = known.get(name)
        if one is None:
            causes.append(_UNKNOWN.format(name[:100]))
        elif not one.writable and value != one.value:
            causes.append(_EMAIL if name in PROVED - {"login"} else _CLOSED.format(name))
    held = [one for one in attributes if one.writable and one.value is not None]
    return causes + [_MISSING.format(one.name) for one in held if one.name not in sent]
