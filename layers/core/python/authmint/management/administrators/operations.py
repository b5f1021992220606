"""Operations of roles by method and path."""

from typing import Any, Final, NoReturn

from ...http import Response
from ...ids import Ids
from ...storage.groups import Groups
from ...storage.roles import Roles
from ..clients.client_changes import ClientChanges
from ..directory.people import PeopleRecords
from ..http.call import Call, Operation
from ..http.errors import ApiError, not_found
from ..http.paging import id_after, limit_of
from ..http.routes import Routes
from ..org.organization import ORG_ID
from .assignees import a_client, a_group, a_user
from .roles import RolesOf
from .targets import Targets, TargetsOf

_IAM: Final = "/api/v1/iam"
_CUSTOM: Final = (("roles", "roles", "CustomRole"), ("resource-sets", "resource-sets", "IAMPolicy"))


def add_roles(routes: Routes[Operation], people: PeopleRecords, clients: ClientChanges, ids: Ids) -> None:
    """Their routes."""
    targets = Targets(people, clients)
    for path, find in (
        ("/api/v1/users/{userId}", a_user(people)),
        ("/api/v1/groups/{groupId}", a_group(people)),
        ("/oauth2/v1/clients/{appId}", a_client(clients)),
    ):
        roles = RolesOf(find, people.roles, people.super_admins, targets, ids)
        one = f"{path}/roles/{{roleAssignmentId}}"
        routes.add("GET", f"{path}/roles", roles.list)
        routes.add("POST", f"{path}/roles", roles.grant)
        routes.add("GET", one, roles.get)
        routes.add("DELETE", one, roles.revoke)
        _add_targets(routes, one, TargetsOf(find, people.roles, targets))
    routes.add("GET", f"{_IAM}/assignees/users", AssignedUsers(people.roles, people.groups).list)
    _add_custom(routes)


def _add_targets(routes: Routes[Operation], role: str, targets: TargetsOf) -> None:
    groups, apps = f"{role}/targets/groups", f"{role}/targets/catalog/apps"
    # Roles of groups have a group of their own in the path, so the target has another name there.
    routes.add("GET", groups, targets.groups)
    routes.add("PUT", f"{groups}/{{targetGroupId}}", targets.add_group)
    routes.add("DELETE", f"{groups}/{{targetGroupId}}", targets.remove_group)
    routes.add("GET", apps, targets.apps)
    for path in (f"{apps}/{{appName}}", f"{apps}/{{appName}}/{{targetAppId}}"):
        routes.add("PUT", path, targets.add_app)
        routes.add("DELETE", path, targets.remove_app)


class AssignedUsers:
    """``/api/v1/iam/assignees/users``: users with roles of their own or of a group."""

    def __init__(self, roles: Roles, groups: Groups) -> None:
        self._roles = roles
        self._groups = groups

    def list(self, call: Call) -> Response:
        """200, in ascending id."""
        limit, after = limit_of(call.request, default=100, most=100), id_after(call.request)
        book = self._roles.get()
        found = {user_id for user_id in book.users if after is None or user_id > after}
        for group_id in book.groups:
            found.update(self._groups.members(group_id, after=after, limit=limit + 1))
        ids = sorted(found)[: limit + 1]
        shown: dict[str, Any] = {"value": [_user_json(user_id, call) for user_id in ids[:limit]]}
        if len(ids) > limit:
            href = call.url(f"{_IAM}/assignees/users?after={ids[limit - 1]}&limit={limit}")
            shown["_links"] = {"next": {"href": href}}
        return Response.json(200, shown)


def _user_json(user_id: str, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/users/{user_id}")
    links = {"roles": {"href": f"{href}/roles"}, "self": {"href": href}}
    return {"id": user_id, "orn": f"orn:okta:directory:{ORG_ID}:users:{user_id}", "_links": links}


def _add_custom(routes: Routes[Operation]) -> None:
    """Roles that an organization makes itself: there are none, and none can be made."""
    for path, member, kind in _CUSTOM:
        base = f"{_IAM}/{path}"

        def none(call: Call, member: str = member, base: str = base) -> Response:
            return Response.json(200, {member: [], "_links": {"self": {"href": call.url(base)}}})

        def unknown(call: Call, kind: str = kind) -> NoReturn:
            raise not_found(call.params["customId"], kind)

        routes.add("GET", base, none)
        routes.add("POST", base, _not_offered)
        for method in ("GET", "PUT", "DELETE"):
            routes.add(method, f"{base}/{{customId}}", unknown)


def _not_offered(_: Call) -> NoReturn:
    raise ApiError("E0000015")
