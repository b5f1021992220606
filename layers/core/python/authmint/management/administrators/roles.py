"""``…/roles`` of users, groups and clients (docs/protocol.md §35.1): listed, granted, taken away."""

import base64
from typing import Any, Final

from ...http import Response
from ...ids import Ids
from ...storage.roles import MOST_ROLES, RoleAssignment, Roles, RoleType
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field
from ..http.paging import whole
from .assignees import Find, of_assignment, role_json
from .super_admins import SuperAdmins
from .table import ROLES
from .targets import GROUP_TARGETS, Targets

#: Roles that can have targets have an id that says which they are.
_NAMED: Final = GROUP_TARGETS | {"APP_ADMIN"}
FULL: Final = "There are too many administrators, or too many targets of roles."


class RolesOf:
    """Roles of one kind of assignee."""

    def __init__(self, find: Find, roles: Roles, admins: SuperAdmins, targets: Targets, ids: Ids) -> None:
        self._find = find
        self._roles = roles
        self._admins = admins
        self._targets = targets
        self._ids = ids

    def list(self, call: Call) -> Response:
        """200, by type: what the assignee holds, and what it has by its groups."""
        assignee = self._find(call, False)
        book = self._roles.get()
        held = [(role, assignee.kind, assignee.path) for role in book.of(assignee.kind, assignee.id)]
        for group_id in assignee.group_ids:
            held += [(role, "GROUP", f"/api/v1/groups/{group_id}") for role in book.of("GROUP", group_id)]
        held.sort(key=lambda one: one[0].type)
        expands = (call.request.query_value("expand") or "").startswith("targets")
        return whole(call.request, [self._json(*one, call, expands=expands) for one in held])

    def _json(self, role: RoleAssignment, kind: Any, path: str, call: Call, *, expands: bool) -> dict[str, Any]:
        shown = role_json(role, kind, path, call)
        return shown | {"_embedded": {"targets": self._targets.of(role, call)}} if expands else shown

    def get(self, call: Call) -> Response:
        assignee = self._find(call, False)
        role = of_assignment(self._roles.get().of(assignee.kind, assignee.id), call)
        return Response.json(200, role_json(role, assignee.kind, assignee.path, call))

    def grant(self, call: Call) -> Response:
        """201. Again: 409, or 201 where the request says something about notifications, which are never sent."""
        assignee = self._find(call, True)
        body = call.body()
        if body.raw("type") == "CUSTOM":
            raise ApiError("E0000015")
        role_type: RoleType = body.choice("type", ROLES, "", required=True)
        body.check()
        call.check_two_factors()

        def attempt() -> tuple[RoleAssignment, bool]:
            book = self._roles.get()
            held = book.of(assignee.kind, assignee.id)
            known = next((role for role in held if role.type == role_type), None)
            if known is not None:
                return known, True
            if len(held) >= MOST_ROLES:
                raise invalid_field("type", f"Nobody can have more than {MOST_ROLES} roles.")
            role = RoleAssignment(self._id(role_type, assignee.kind), role_type, call.now, call.now)
            after = book.having(assignee.kind, assignee.id, (*held, role))
            if not after.fits:
                raise invalid_field("type", FULL)
            self._roles.save(book, after, [assignee.event("grant", role, call)])
            return role, False

        role, had = call.retrying(attempt)
        if had and call.request.query_value("disableNotifications") is None:
            raise ApiError("E0000090")
        return Response.json(201, role_json(role, assignee.kind, assignee.path, call))

    def _id(self, role_type: RoleType, kind: str) -> str:
        if role_type in _NAMED:
            return base64.b32encode(role_type.encode()).decode().rstrip("=")
        return self._ids.object_id("gra" if kind == "GROUP" else "ra1")

    def revoke(self, call: Call) -> Response:
        """204. Its holder's next call is judged without it."""
        assignee = self._find(call, False)

        def attempt() -> None:
            book = self._roles.get()
            held = book.of(assignee.kind, assignee.id)
            role = of_assignment(held, call)
            after = book.having(assignee.kind, assignee.id, [one for one in held if one.id != role.id])
            self._admins.check(book, after)
            self._roles.save(book, after, [assignee.event("revoke", role, call)])

        call.retrying(attempt)
        return NO_CONTENT
