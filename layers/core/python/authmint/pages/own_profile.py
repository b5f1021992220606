"""``/profile``: what an application wants to know of whoever signs in, before they go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..http import Response
from ..oauth.errors import OAuthError
from ..recovery.refusals import NotWelcome
from ..self_service.profile import OwnAttribute, OwnProfiles
from ..self_service.refusals import BadProfile, NotDone, NotWritable
from ..sign_on.answers import Said
from ..sign_on.requirement import OutOfTurn
from ..sign_on.sign_on import Denied, Pending
from ..storage.errors import NotFound
from .account.profile import field_of, typed_values
from .steps import Steps, onward_of, step_uri
from .visit import Visit, see_other

#: Where it was stored, and the answer was lost, the same form ends the transaction.
_STEPS: Final = frozenset({"profile", "done"})


@dataclass(frozen=True)
class OwnProfilePage:
    """Asks for attributes that have no value yet. There is no way around it: the next request asks again."""

    steps: Steps
    profiles: Callable[[], OwnProfiles]

    def get(self, visit: Visit) -> Response:
        """The form."""
        pending = self.steps.pending(visit, visit.request.query_value("state") or "")
        if pending is None:
            return self.steps.expired(visit)
        if pending.step.name not in _STEPS:
            return see_other(step_uri(pending))
        return self._form(visit, pending)

    def post(self, visit: Visit) -> Response:
        """Stored, and onward; or the form again, with what does not fit."""
        handle = visit.form.text("state")
        visit.check("profile", handle, anonymous=True)
        pending = self.steps.pending(visit, handle)
        if pending is None or pending.step.name not in _STEPS:
            return self.steps.expired(visit)
        values, wrong = typed_values(self._asked(pending), visit.form)
        try:
            way_back = self.steps.way_back(visit, pending)  # before anything is changed
            if wrong:
                raise BadProfile([(name, "") for name in wrong])
            found = self.steps.sign_on.advance(pending, visit.caller, Said(values))
        except BadProfile as bad:
            wrong = [name for name, _ in bad.problems]
            text = self.steps.pages.text("account.profile_wrong", visit.request, self.steps.wished(visit, pending))
            return self._form(visit, pending, problem=text, wrong=wrong)
        except NotWelcome as refused:
            wrong = [name for name, _ in refused.causes if name]
            said = " ".join((str(refused), *(text for _, text in refused.causes)))
            return self._form(visit, pending, problem=said, wrong=wrong)
        except (NotWritable, NotDone, NotFound, OutOfTurn, Denied, OAuthError):
            return self.steps.expired(visit)
        return self.steps.gone_on(visit, found, onward_of(pending), way_back)

    def _asked(self, pending: Pending) -> list[OwnAttribute]:
        names = pending.step.attributes
        return [one for one in self.profiles().attributes(pending.user) if one.name in names and one.writable]

    def _form(self, visit: Visit, pending: Pending, *, problem: str = "", wrong: Sequence[str] = ()) -> Response:
        pages, wished = self.steps.pages, self.steps.wished(visit, pending)
        asked = pending.requirement.profile
        labels = {one.name: one.label for one in asked.attributes if one.label} if asked is not None else {}
        fields: list[dict[str, Any]] = []
        for one in self._asked(pending):
            field = field_of(one, visit.form if problem else None, wrong) | {"required": True}
            fields.append(field | ({"label": labels[one.name]} if one.name in labels else {}))
        values: dict[str, Any] = {
            "login": pending.user.login,
            "problem": problem,
            "attributes": fields,
            "fields": {"state": pending.handle, "csrf": visit.guest.csrf("profile", pending.handle, anonymous=True)},
        }
        return pages.show(
            "profile.html",
            visit.request,
            values,
            status=422 if problem else 200,
            forms="own" if wished is None else "away",
            wished=wished,
        )
