"""Operations of identity providers by method and path."""

from typing import Final, NoReturn

from ...http import Response
from ...ids import Ids
from ..directory.people import PeopleRecords
from ..http.call import Call, Operation
from ..http.crud import add_crud, add_lifecycle
from ..http.errors import ApiError
from ..http.paging import whole
from ..http.routes import Routes
from .idp_users import IdpUsers
from .idp_view import PATH
from .idps import IdentityProvidersResource
from .records import FederationRecords

_IDP: Final = f"{PATH}/{{idpId}}"
#: Keys of providers that sign what they send: such providers are not offered.
_KEYS: Final = f"{PATH}/credentials/keys"
_KEYS_OF_ONE: Final = (f"{_IDP}/credentials/keys", f"{_IDP}/credentials/csrs")


def add_idps(routes: Routes[Operation], records: FederationRecords, people: PeopleRecords, ids: Ids) -> None:
    """Providers, their keys that there are none of, and whom they know."""
    routes.add("GET", _KEYS, lambda call: whole(call.request, []))  # before the providers, one of which it could be
    for method, path in (("POST", _KEYS), ("GET", f"{_KEYS}/{{keyId}}"), ("DELETE", f"{_KEYS}/{{keyId}}")):
        routes.add(method, path, _no_keys)
    providers = IdentityProvidersResource(records, people, ids)
    add_crud(routes, PATH, "{idpId}", providers)
    add_lifecycle(routes, PATH, "{idpId}", providers)
    users = IdpUsers(records, people, providers)
    routes.add("GET", f"{_IDP}/users", users.list)
    routes.add("GET", f"{_IDP}/users/{{userId}}", users.get)
    routes.add("POST", f"{_IDP}/users/{{userId}}", users.add)
    routes.add("DELETE", f"{_IDP}/users/{{userId}}", users.remove)
    routes.add("GET", f"{_IDP}/users/{{userId}}/credentials/tokens", users.tokens)
    routes.add("GET", "/api/v1/users/{userId}/idps", users.of_user)

    def none(call: Call) -> Response:
        records.provider(call)
        return whole(call.request, [])

    for path in _KEYS_OF_ONE:
        routes.add("GET", path, none)
        routes.add("POST", path, _no_keys)
        routes.add("GET", f"{path}/{{keyId}}", _no_keys)


def _no_keys(_: Call) -> NoReturn:
    raise ApiError("E0000008")
