"""``/api/v1/brands``: the one brand that a deployment has, which its theme makes."""

from dataclasses import dataclass
from typing import Any, Final

from ...http import Response
from ..http.call import Call, link
from ..http.errors import not_found
from ..http.paging import whole

PATH: Final = "/api/v1/brands"
BRAND: Final = "bndAuthmintBrand0000"


@dataclass(frozen=True)
class Brands:
    """Shows it. ``name``: of the organization."""

    name: str

    def list(self, call: Call) -> Response:
        return whole(call.request, [self._json(call)])

    def get(self, call: Call) -> Response:
        check_brand(call)
        return Response.json(200, self._json(call))

    def _json(self, call: Call) -> dict[str, Any]:
        href = call.url(f"{PATH}/{BRAND}")
        return {
            "id": BRAND,
            "name": self.name,
            "removePoweredByOkta": False,
            "customPrivacyPolicyUrl": None,
            "agreeToCustomPrivacyPolicy": False,
            "isDefault": True,
            "defaultApp": {"appInstanceId": None, "appLinkName": None, "classicApplicationUri": None},
            "_links": {"themes": link(f"{href}/themes", "GET"), "self": link(href, "GET", "PUT", "DELETE")},
        }


def check_brand(call: Call) -> None:
    """Raises ApiError (E0000007): there is one brand."""
    if call.params["brandId"] != BRAND:
        raise not_found(call.params["brandId"], "Brand")
