"""``/account/apps``: which applications may do what in its owner's name, and the end of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...self_service.apps import Access, AppAccess
from ...self_service.services import SelfService
from ..client_view import ClientView, view_of
from ..scope_view import views
from ..visit import Visit
from .frame import Frame, Own

_SECTION: Final = "apps"


@dataclass(frozen=True)
class AppsPage:
    """Lists what was agreed to and what holds tokens, by application."""

    frame: Frame
    services: Callable[[], SelfService]

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, _SECTION, self._page)

    def post(self, visit: Visit) -> Response:
        """Everything is taken back from one, and the page again."""
        return self.frame.checked(visit, _SECTION, self._withdrawn)

    def _withdrawn(self, visit: Visit, own: Own) -> Response:
        apps = self.services().apps
        apps.withdraw(own.person.user, visit.form.text("client"), visit.request, now=visit.now)
        return self.frame.back(_SECTION)

    def _page(self, visit: Visit, own: Own) -> Response:
        found = self.services().apps.all(own.person.user, now=visit.now)
        rows = [_row(one) for one in found]
        images = tuple(dict.fromkeys(image for row in rows for image in row["view"].images))
        return self.frame.show(visit, own, _SECTION, {"rows": rows}, images=images)


def _row(app: AppAccess) -> dict[str, Any]:
    view = ClientView(app.client_id) if app.client is None else view_of(app.client)
    return {"id": app.client_id, "view": view, "access": [_access(one) for one in app.access]}


def _access(one: Access) -> dict[str, Any]:
    known = () if one.server is None else tuple(scope for scope in one.server.scopes if scope.name in one.scopes)
    named = {scope.name for scope in known}
    return {
        "server": one.server_id if one.server is None else one.server.name,
        "scopes": views(known),
        "others": [name for name in one.scopes if name not in named],
        "offline": one.offline,
        "since": timestamp(one.since)[:10],
    }
