"""``/account/data``: a copy of what is known of its owner, and the end of the account."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...http import Response
from ...self_service.refusals import NotDone, Why
from ...self_service.services import SelfService
from ...storage.users import login_key
from ..visit import Visit
from .frame import Frame, Own

_SECTION: Final = "data"
_WHY: Final[dict[Why, str]] = {
    "administers": "account.delete_administers",
    "provisioned": "account.delete_provisioned",
    "off": "account.delete_off",
}


@dataclass(frozen=True)
class DataPage:
    """Gives a copy, and deletes."""

    frame: Frame
    services: Callable[[], SelfService]

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, _SECTION, lambda visit, own: self._page(visit, own))

    def post(self, visit: Visit) -> Response:
        """A copy to keep; or the account is gone."""
        acts = {"export": self._export, "delete": self._deleted}
        act = acts.get(visit.form.text("act"))
        return self.frame.checked(visit, _SECTION, self._page_again if act is None else act)

    def _export(self, visit: Visit, own: Own) -> Response:
        exported = self.services().export.of(own.person, now=visit.now)
        body = json.dumps(exported, indent=2, ensure_ascii=False).encode("utf-8", "replace")
        headers = (
            ("content-type", "application/json; charset=utf-8"),
            ("content-disposition", 'attachment; filename="account.json"'),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        )
        return Response(200, body, headers)

    def _deleted(self, visit: Visit, own: Own) -> Response:
        deletion, user = self.services().deletion, own.person.user
        if login_key(visit.form.text("confirm").strip()) != login_key(user.login):
            return self._page(visit, own, problem="account.delete_unconfirmed", status=422)
        try:
            deletion.delete(own.person, visit.request)
        except NotDone as refused:
            return self._page(visit, own, problem=_WHY.get(refused.why, "account.changed_meanwhile"), status=409)
        steps = self.frame.steps
        cookies = steps.browsers.sign_out(visit.request, now=visit.now)
        return steps.pages.done("account.deleted", visit.request).with_headers(*cookies)

    def _page_again(self, visit: Visit, own: Own) -> Response:
        return self._page(visit, own)

    def _page(self, visit: Visit, own: Own, *, problem: str = "", status: int = 200) -> Response:
        why = ""
        try:
            self.services().deletion.check(own.person)
        except NotDone as refused:
            why = _WHY.get(refused.why, "account.changed_meanwhile")
        text = self.frame.steps.pages.text(why, visit.request) if why else ""
        values = {"closed": text, "username": own.person.user.login}
        return self.frame.show(visit, own, _SECTION, values, problem=problem, status=status)
