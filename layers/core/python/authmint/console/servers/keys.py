"""``…/keys``: signing keys on a timeline, rotated and revoked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ...http import Response
from ..errors import ApiProblem
from ..fields import BadField
from ..forms import problem_of, see_other, status_of
from ..visit import Visit
from .frame import ServerFrame, api, home
from .timeline import timeline_of

_GUIDE: Final = "keys-and-rotation.md"
#: What keys are, and what the schedule does with them next, in English.
STATUSES: Final[Mapping[str, str]] = {
    "ACTIVE": "signs",
    "NEXT": "announced, signs next",
    "EXPIRED": "retired, still verifies",
}
STEPS: Final[Mapping[str, str]] = {
    "announce successor": "its successor is announced",
    "stop signing": "it stops signing",
    "start signing": "it begins to sign",
    "leave the key set": "it leaves the key set",
    "wait for keyRotate": "it waits for somebody to rotate",
}


@dataclass(frozen=True)
class KeysPages:
    """Pages of one server's keys."""

    frame: ServerFrame

    def listing(self, visit: Visit) -> Response:
        """All of them, as a picture and as a table; on POST they are rotated."""
        server, problem = self.frame.server(visit), None
        if visit.request.method == "POST":
            try:
                visit.api.post(f"{api(visit)}/credentials/lifecycle/keyRotate", {"use": "sig"})
            except ApiProblem as refused:
                problem = refused
            else:
                return see_other(f"{home(visit)}/keys?said=done")
        rotation = visit.api.get(f"{api(visit)}/credentials/rotation")
        values = {
            "rotation": rotation,
            "timeline": timeline_of(rotation, visit.now),
            "statuses": STATUSES,
            "steps": STEPS,
            "problem": problem_of(problem),
        }
        return self._page("server_keys.html", visit, server, values, "Keys", status_of(problem))

    def revoke(self, visit: Visit) -> Response:
        """Say what stops working, and ask for the server's name; on POST the key is withdrawn."""
        server, kid = self.frame.server(visit), visit.part("key")
        name, reason = str(server["name"]), ""
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            reason = visit.form.text("reason").strip()
            if visit.form.text("name").strip() == name:
                try:
                    path = f"{api(visit)}/credentials/keys/{quote(kid, safe='')}/lifecycle/revoke"
                    visit.api.post(path, {"reason": reason} if reason else None)
                except ApiProblem as refused:
                    problem = refused
                else:
                    return see_other(f"{home(visit)}/keys?said=done")
            else:
                problem = BadField("name", visit.t("This is not its name."))
        key = visit.api.get(f"{api(visit)}/credentials/keys/{quote(kid, safe='')}")
        values = {"key": key, "name": name, "reason": reason, "problem": problem_of(problem)}
        return self._page("server_key_revoke.html", visit, server, values, "Revoke a key?", status_of(problem))

    def _page(
        self, template: str, visit: Visit, server: Mapping[str, Any], values: Mapping[str, Any], title: str, status: int
    ) -> Response:
        return self.frame.page(template, visit, server, values, title=title, guide=_GUIDE, status=status)
