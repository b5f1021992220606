"""``/account/providers``: who else may say who its owner is: unlinked, or linked by going there signed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...clock import timestamp
from ...http import Response
from ...self_service.links import Linked
from ...self_service.refusals import NotDone
from ...self_service.services import SelfService
from ...storage.errors import NotFound
from ..visit import Visit
from .frame import Frame, Own

if TYPE_CHECKING:
    from ..federation import FederationPages

_SECTION: Final = "providers"
_WHY: Final = {"only_way_in": "account.only_way_in", "not_allowed": "account.keeps_profile"}


@dataclass(frozen=True)
class ProvidersPage:
    """Lists the providers that know its owner, and those that could."""

    frame: Frame
    services: Callable[[], SelfService]
    federation: "Callable[[], FederationPages]"

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, _SECTION, lambda visit, own: self._page(visit, own))

    def post(self, visit: Visit) -> Response:
        """Unlinked, and the page again; or to a provider, which says who they are there."""
        return self.frame.checked(visit, _SECTION, self._changed)

    def _changed(self, visit: Visit, own: Own) -> Response:
        links, idp_id = self.services().links, visit.form.text("idp")
        try:
            if visit.form.text("act") == "link":
                provider = next((one for one in links.offered(own.person) if one.id == idp_id), None)
                if provider is None:
                    raise NotDone("not_linkable")
                return self.federation().to_link(visit, provider, own.session)
            links.remove(own.person.user.id, idp_id, visit.request)
        except NotDone as refused:
            problem = _WHY.get(refused.why, "account.not_linkable")
            return self._page(visit, own, problem=problem, status=409)
        except NotFound:  # the account is gone
            pass
        return self.frame.back(_SECTION)

    def _page(self, visit: Visit, own: Own, *, problem: str = "", status: int = 200) -> Response:
        links = self.services().links
        values = {
            "rows": [_row(one) for one in links.of(own.person.user)],
            "offered": [{"id": one.id, "name": one.name} for one in links.offered(own.person)],
        }
        return self.frame.show(visit, own, _SECTION, values, problem=problem, status=status)


def _row(one: Linked) -> dict[str, str]:
    name = "?" if one.provider is None else one.provider.name
    said = one.link.profile.get("email") or one.link.profile.get("userName") or ""
    return {"id": one.link.idp_id, "name": name, "as": str(said)[:320], "since": timestamp(one.link.created_at)[:10]}
