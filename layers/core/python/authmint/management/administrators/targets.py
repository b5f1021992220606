"""``…/roles/{roleAssignmentId}/targets/…`` (docs/protocol.md §35.1): what a role is limited to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.clients import Client
from ...storage.errors import NotFound
from ...storage.events import Party
from ...storage.groups import EVERYONE_GROUP, EVERYONE_ID, Group
from ...storage.roles import MOST_TARGETS, RoleAssignment, Roles
from ..clients.client_changes import ClientChanges, app_party
from ..directory.group_view import group_json
from ..directory.people import PeopleRecords, group_party
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field, not_found
from ..http.paging import whole
from .access import CATALOG_APP
from .assignees import Find, of_assignment

GROUP_TARGETS: Final = frozenset({"USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"})
_FULL: Final = "There are too many targets of roles."
_SINCE: Final = EVERYONE_GROUP.created_at


class Targets:
    """Shows what roles are limited to."""

    def __init__(self, people: PeopleRecords, clients: ClientChanges) -> None:
        self.people = people
        self.clients = clients

    def groups(self, role: RoleAssignment) -> Sequence[Group]:
        """Those that are still there, in ascending id."""
        everyone = [EVERYONE_GROUP] if EVERYONE_ID in role.groups else []
        return [*everyone, *self.people.groups.many(role.groups)]

    def apps(self, role: RoleAssignment, call: Call) -> list[dict[str, Any]]:
        """Those that are still there: entries of the catalogue first."""
        shown = [_catalog_json(call)] if CATALOG_APP in role.apps else []
        ids = [target.partition("/")[2] for target in role.apps if "/" in target]
        return shown + [_app_json(client, call) for client in self.clients.clients.many(ids)]

    def of(self, role: RoleAssignment, call: Call) -> dict[str, Any]:
        """Both, as they are embedded in a role."""
        groups = [group_json(group, call) for group in self.groups(role)]
        return {"groups": groups, "catalog": {"apps": self.apps(role, call)}}


class TargetsOf:
    """Targets of roles of one kind of assignee."""

    def __init__(self, find: Find, roles: Roles, targets: Targets) -> None:
        self._find = find
        self._roles = roles
        self._targets = targets

    def groups(self, call: Call) -> Response:
        role = self._role(call)
        return whole(call.request, [group_json(group, call) for group in self._targets.groups(role)])

    def add_group(self, call: Call) -> Response:
        """204, also where it is one already."""
        group = self._targets.people.group(call, "targetGroupId")
        return self._change(call, "groups", group.id, group_party(group), added=True)

    def remove_group(self, call: Call) -> Response:
        """204. The last one stays: without it the role would reach everybody."""
        group_id = call.params["targetGroupId"]
        return self._change(call, "groups", group_id, Party(group_id, "UserGroup"), added=False)

    def apps(self, call: Call) -> Response:
        return whole(call.request, self._targets.apps(self._role(call), call), cursor=lambda one: one.get("id", "-"))

    def add_app(self, call: Call) -> Response:
        """204: an app, or with no id all of the catalogue's name."""
        _check_name(call)
        if (app_id := call.params.get("targetAppId")) is None:
            return self._change(call, "apps", CATALOG_APP, Party(CATALOG_APP, "AppInstance"), added=True)
        try:
            client = self._targets.clients.clients.get(app_id)
        except NotFound:
            raise not_found(app_id, "AppInstance") from None
        return self._change(call, "apps", f"{CATALOG_APP}/{app_id}", app_party(client), added=True)

    def remove_app(self, call: Call) -> Response:
        """204. The last one stays, as of groups."""
        _check_name(call)
        app_id = call.params.get("targetAppId")
        target = CATALOG_APP if app_id is None else f"{CATALOG_APP}/{app_id}"
        return self._change(call, "apps", target, Party(app_id or CATALOG_APP, "AppInstance"), added=False)

    def _role(self, call: Call) -> RoleAssignment:
        assignee = self._find(call, False)
        return of_assignment(self._roles.get().of(assignee.kind, assignee.id), call)

    def _change(self, call: Call, what: str, target: str, party: Party, *, added: bool) -> Response:
        assignee = self._find(call, False)
        call.check_two_factors()

        def attempt() -> None:
            book = self._roles.get()
            held = book.of(assignee.kind, assignee.id)
            before = of_assignment(held, call)
            known: tuple[str, ...] = before.groups if what == "groups" else before.apps
            if added:
                _check_addable(before, what, target, known)
            elif target not in known:
                raise not_found(party.id, party.type)
            elif len(known) == 1:
                raise ApiError("E0000006", causes=["The last target of a role cannot be removed."])
            left = tuple(sorted({*known, target} if added else {*known} - {target}))
            if left == known:
                return
            after = replace(before, **{what: left}, updated_at=call.now)  # type: ignore[arg-type]
            roles = [after if role.id == after.id else role for role in held]
            changed = book.having(assignee.kind, assignee.id, roles)
            if added and not changed.fits:
                raise invalid_field("targets", _FULL)
            self._roles.save(book, changed, [assignee.event("grant" if added else "revoke", after, call, party)])

        call.retrying(attempt)
        return NO_CONTENT


def _check_addable(role: RoleAssignment, what: str, target: str, known: Sequence[str]) -> None:
    if (role.type not in GROUP_TARGETS) if what == "groups" else (role.type != "APP_ADMIN"):
        raise invalid_field("roleAssignmentId", f"A role of this type is not limited to {what}.")
    if target not in known and len(known) >= MOST_TARGETS:
        raise invalid_field("targets", f"A role can have at most {MOST_TARGETS} targets.")
    whole_and_part = CATALOG_APP in known if "/" in target else target == CATALOG_APP and bool({*known} - {target})
    if what == "apps" and whole_and_part:
        raise invalid_field("targets", "A role is limited to all apps of a kind, or to single ones of them.")


def _check_name(call: Call) -> None:
    """Raises ApiError (E0000007): the catalogue has one entry."""
    if call.params["appName"] != CATALOG_APP:
        raise not_found(call.params["appName"], "CatalogApp")


def _catalog_json(call: Call) -> dict[str, Any]:
    return {
        "name": CATALOG_APP,
        "displayName": "OpenID Connect Client",
        "description": "OpenID Connect Client",
        "status": "ACTIVE",
        "lastUpdated": timestamp(_SINCE),
        "category": "OAUTH2",
        "verificationStatus": "OKTA_VERIFIED",
        "signOnModes": ["OPENID_CONNECT"],
        "features": [],
        "website": "https://openid.net/specs/openid-connect-core-1_0.html",
        "_links": {
            "logo": [{"name": "medium", "href": call.url("/assets/img/logos/default.png"), "type": "image/png"}],
            "self": {"href": call.url(f"/api/v1/catalog/apps/{CATALOG_APP}")},
        },
    }


def _app_json(client: Client, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/apps/{client.id}")
    return {"name": client.label, "status": client.status, "id": client.id, "_links": {"self": {"href": href}}}
