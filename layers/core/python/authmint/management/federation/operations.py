"""Operations of identity providers by method and path."""

from typing import Final, NoReturn

from ...http import Response
from ...ids import Ids
from ...keys.vault import KeyPairs
from ..directory.people import PeopleRecords
from ..http.call import Call, Operation
from ..http.crud import add_crud, add_lifecycle
from ..http.errors import ApiError
from ..http.paging import whole
from ..http.routes import Routes
from .idp_keys import IdpKeys
from .idp_users import IdpUsers
from .idp_view import PATH
from .idps import IdentityProvidersResource
from .records import FederationRecords

_IDP: Final = f"{PATH}/{{idpId}}"
#: Keys of providers that sign what they send, and certificates of ours: providers that need them are not offered.
_KEYS: Final = f"{PATH}/credentials/keys"
_OWN_KEYS: Final = f"{_IDP}/credentials/keys"
_REQUESTS: Final = f"{_IDP}/credentials/csrs"


def add_idps(
    routes: Routes[Operation], records: FederationRecords, people: PeopleRecords, pairs: KeyPairs, ids: Ids
) -> None:
    """Providers, keys of ours that they know, theirs that there are none of, and whom they know."""
    routes.add("GET", _KEYS, lambda call: whole(call.request, []))  # before the providers, one of which it could be
    for method, path in (("POST", _KEYS), ("GET", f"{_KEYS}/{{keyId}}"), ("DELETE", f"{_KEYS}/{{keyId}}")):
        routes.add(method, path, _no_keys)
    keys = IdpKeys(records, pairs, ids)
    providers = IdentityProvidersResource(records, people, keys, ids)
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

    routes.add("GET", _OWN_KEYS, keys.list)
    routes.add("POST", _OWN_KEYS, _no_keys)
    routes.add("POST", f"{_OWN_KEYS}/generate", keys.generate)
    routes.add("GET", f"{_OWN_KEYS}/{{keyId}}", keys.get)
    routes.add("GET", _REQUESTS, none)
    routes.add("POST", _REQUESTS, _no_keys)
    routes.add("GET", f"{_REQUESTS}/{{keyId}}", _no_keys)


def _no_keys(_: Call) -> NoReturn:
    raise ApiError("E0000008")
