"""``/account/sessions``: where its owner is signed in, and the end of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...clock import timestamp
from ...http import Response
from ...self_service.services import SelfService
from ...storage.sessions import Session
from ..visit import Visit
from .frame import Frame, Own

_SECTION: Final = "sessions"


@dataclass(frozen=True)
class SessionsPage:
    """Lists sessions: browser, address, since when, and when they were used last."""

    frame: Frame
    services: Callable[[], SelfService]

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, _SECTION, self._page)

    def post(self, visit: Visit) -> Response:
        """One ended, or all others, and the page again."""
        return self.frame.checked(visit, _SECTION, self._ended)

    def _ended(self, visit: Visit, own: Own) -> Response:
        sessions, user = self.services().sessions, own.person.user
        if visit.form.text("act") == "others":
            sessions.end_others(user, own.session, visit.request)
        elif visit.form.text("session") != own.session.id:  # this one ends by signing out
            sessions.end(user, visit.form.text("session"), visit.request)
        return self.frame.back(_SECTION)

    def _page(self, visit: Visit, own: Own) -> Response:
        found = self.services().sessions.live(own.person.user, now=visit.now)
        rows = [_row(one, own.session) for one in found]
        rows.sort(key=lambda row: not row["here"])
        return self.frame.show(visit, own, _SECTION, {"rows": rows})


def _row(session: Session, own: Session) -> dict[str, object]:
    used = timestamp(max(session.last_seen_at, session.created_at))
    return {
        "id": session.id,
        "browser": session.agent if session.agent not in {"", "-"} else "?",
        "address": session.address,
        "since": timestamp(session.created_at)[:10],
        "used": f"{used[:10]} {used[11:16]} UTC",
        "here": session.id == own.id,
    }
