"""Who has roles: users, groups and clients, and how each is found and shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...clock import timestamp
from ...storage.events import Event, Party
from ...storage.groups import EVERYONE_ID
from ...storage.roles import AssigneeKind, RoleAssignment, RoleType
from ..clients.client_changes import ClientChanges, app_party
from ..directory.people import PeopleRecords, group_party, user_party
from ..http.call import Call
from ..http.errors import ApiError, not_found

LABELS: Final[dict[RoleType, str]] = {
    "SUPER_ADMIN": "Super Administrator",
    "ORG_ADMIN": "Organizational Administrator",
    "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
    "APP_ADMIN": "Application Administrator",
    "USER_ADMIN": "Group Administrator",
    "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator",
    "READ_ONLY_ADMIN": "Read-only Administrator",
    "REPORT_ADMIN": "Report Administrator",
}
_EVENTS: Final[dict[AssigneeKind, str]] = {
    "USER": "user.account.privilege",
    "GROUP": "group.privilege",
    "CLIENT": "app.oauth2.client.privilege",
}


@dataclass(frozen=True)
class Assignee:
    """Somebody who can have roles.

    Attributes:
        path: Of its resource.
        group_ids: Groups whose roles it has, too.
    """

    kind: AssigneeKind
    id: str
    path: str
    party: Party
    group_ids: Sequence[str] = ()

    def event(self, verb: str, role: RoleAssignment, call: Call, *targets: Party) -> Event:
        """That a role, or a target of it, was granted or revoked."""
        debug = {"privilege_granted" if verb == "grant" else "privilege_revoked": LABELS[role.type]}
        return call.recorder.event(f"{_EVENTS[self.kind]}.{verb}", self.party, *targets, debug=debug)


#: Finds the assignee of a URL; with True one that can be given a role. Raises ApiError.
Find = Callable[[Call, bool], Assignee]


def a_user(people: PeopleRecords) -> Find:
    """Finds users."""

    def find(call: Call, to_grant: bool) -> Assignee:
        person = people.person(call)
        groups = () if to_grant else sorted(person.group_ids)
        return Assignee("USER", person.user.id, f"/api/v1/users/{person.user.id}", user_party(person.user), groups)

    return find


def a_group(people: PeopleRecords) -> Find:
    """Finds groups. All users are in the built-in one, which has no role."""

    def find(call: Call, to_grant: bool) -> Assignee:
        group = people.group(call)
        if to_grant and group.id == EVERYONE_ID:
            raise ApiError("E0000211", group.name)
        return Assignee("GROUP", group.id, f"/api/v1/groups/{group.id}", group_party(group))

    return find


def a_client(clients: ClientChanges) -> Find:
    """Finds clients. Services alone act by themselves, so they alone can have roles."""

    def find(call: Call, to_grant: bool) -> Assignee:
        client = clients.load(call, "PublicClientApp")
        if to_grant and client.application_type != "service":
            raise ApiError("E0000227")
        return Assignee("CLIENT", client.id, f"/oauth2/v1/clients/{client.id}", app_party(client))

    return find


def role_json(role: RoleAssignment, kind: AssigneeKind, path: str, call: Call) -> dict[str, Any]:
    """A role as it is shown. ``path``: of who holds it."""
    return {
        "id": role.id,
        "label": LABELS[role.type],
        "type": role.type,
        "status": "ACTIVE",
        "created": timestamp(role.created_at),
        "lastUpdated": timestamp(role.updated_at),
        "assignmentType": kind,
        "_links": {"assignee": {"href": call.url(path)}},
    }


def of_assignment(roles: Sequence[RoleAssignment], call: Call) -> RoleAssignment:
    """The role of the URL. Raises ApiError (E0000007)."""
    wanted = call.params["roleAssignmentId"]
    found = next((role for role in roles if role.id == wanted), None)
    if found is None:
        raise not_found(wanted, "RoleAssignment")
    return found
