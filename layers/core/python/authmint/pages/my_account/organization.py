"""``/idp/myaccount/organization``."""

from collections.abc import Callable
from dataclasses import dataclass

from ...factors.org_name import org_name
from ...http import Response
from ...storage.org_settings import OrgSettings
from ..visit import Visit
from .answers import PREFIX, link
from .caller import OwnCaller


@dataclass(frozen=True)
class Organization:
    """Shows whose deployment it is. Nobody's address is told: contacts of administrators are no support of people."""

    settings: Callable[[], OrgSettings]

    def get(self, visit: Visit, _caller: OwnCaller, _: tuple[str, ...]) -> Response:
        """200."""
        settings, base_url = self.settings(), visit.request.base_url
        shown = {
            "name": org_name(settings, base_url),
            "url": base_url,
            "_links": {"self": link(f"{base_url}{PREFIX}/organization", "GET")},
        }
        help_link = settings.profile.get("endUserSupportHelpURL")
        return Response.json(200, shown | {"helpLink": help_link} if help_link else shown)
