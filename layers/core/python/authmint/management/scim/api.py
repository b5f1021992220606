"""Every route below ``/scim/v2`` (RFC 7644 §3), for directories that show a token of their own (§41.1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...http import Request, Response
from ...ids import Ids
from ...outage import Outage
from ...storage.errors import NotFound
from ..directory.people import PeopleRecords
from ..http.call import Call, Operation
from ..http.errors import ApiError, unavailable
from ..http.routes import Routes
from .definitions import configuration, resource_types, schemas
from .groups import ScimGroups
from .messages import ScimError, answer, missing, of_api, page_of
from .users import ScimUsers

ROOT: Final = "/scim/v2"


def is_scim(request: Request) -> bool:
    """Whether a request is of this family."""
    return request.path == ROOT or request.path.startswith(f"{ROOT}/")


class ScimApi:
    """Answers calls of directories; refusals too are in the words of SCIM."""

    def __init__(self, people: PeopleRecords, ids: Ids) -> None:
        self._people = people
        self._routes: Routes[Operation] = Routes()
        add = self._routes.add
        add("GET", f"{ROOT}/ServiceProviderConfig", lambda call: answer(200, configuration(call.request.base_url)))
        for path, described in (("ResourceTypes", self._types), ("Schemas", self._schemas)):
            add("GET", f"{ROOT}/{path}", _listed(described))
            add("GET", f"{ROOT}/{path}/{{id}}", _one(described))
        users, groups = ScimUsers(people, ids), ScimGroups(people, ids)

        def everything(call: Call) -> Response:
            found = users.find(call)
            return found.followed_by(groups.find(call, before=found)).response()

        add("POST", f"{ROOT}/.search", _searched(everything))
        resources: tuple[tuple[str, ScimUsers | ScimGroups], ...] = (("Users", users), ("Groups", groups))
        for path, resource in resources:
            base = f"{ROOT}/{path}"
            add("GET", base, resource.list)
            add("POST", base, resource.create)
            add("POST", f"{base}/.search", _searched(resource.list))
            add("GET", f"{base}/{{id}}", resource.get)
            add("PUT", f"{base}/{{id}}", resource.replace)
            add("PATCH", f"{base}/{{id}}", resource.patch)
            add("DELETE", f"{base}/{{id}}", resource.delete)

    def __call__(self, request: Request, make: Callable[[Mapping[str, str]], Call]) -> Response:
        """The answer. ``make`` finds who calls: with the parameters of the path."""
        try:
            operation, params, _ = self._routes.find(request.method, request.path)
            return operation(make(params))
        except ScimError as error:
            return error.response()
        except ApiError as error:
            return of_api(error).response()
        except NotFound as error:  # somebody deleted it meanwhile
            return missing(str(error)).response()
        except Outage as error:
            return of_api(unavailable(error)).response().because_of(error)

    def _types(self, call: Call) -> Sequence[Mapping[str, Any]]:
        return resource_types(self._people.schemas.get(), call.request.base_url)

    def _schemas(self, call: Call) -> Sequence[Mapping[str, Any]]:
        return schemas(self._people.schemas.get(), call.request.base_url)


_Described = Callable[[Call], Sequence[Mapping[str, Any]]]


def _listed(described: _Described) -> Operation:
    def operation(call: Call) -> Response:
        if call.request.query_value("filter"):  # RFC 7644 §4: 403, as these are no resources to be searched
            raise ScimError(403, "What a service says of itself is not filtered.")
        found = described(call)
        return page_of(found, total=len(found), start=1)

    return operation


def _searched(listed: Operation) -> Operation:
    """A list by POST (RFC 7644 §3.4.3): what it asks for stands in no URL."""

    def operation(call: Call) -> Response:
        body = call.json()
        query = [(name, str(body[name])) for name in ("filter", "startIndex", "count") if body.get(name) is not None]
        for name in ("attributes", "excludedAttributes"):
            if isinstance(body.get(name), list):
                query.append((name, ",".join(map(str, body[name]))))
        return listed(replace(call, request=replace(call.request, query=tuple(query))))

    return operation


def _one(described: _Described) -> Operation:
    def operation(call: Call) -> Response:
        found = next((one for one in described(call) if one["id"].lower() == call.params["id"].lower()), None)
        if found is None:
            raise missing(call.params["id"])
        return answer(200, found)

    return operation
