"""Whether a caller's roles allow an operation (docs/protocol.md §35.3): decided here, before it runs.

In this order: some role reads what the operation is about, else 403; the object is there and is seen, else 404; some
role may do this to it, else 403; only higher roles touch it, else 403. Scopes were looked at before. What a list shows
is narrowed by the same ``Reach`` where the list is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...storage.api_tokens import ApiTokens
from ...storage.clients import Client, Clients
from ...storage.directory import Person
from ...storage.errors import NotFound
from ...storage.roles import Roles
from ...storage.sessions import Sessions
from ..administrators.access import CATALOG_APP, Reach, is_higher
from ..administrators.table import OF_POLICIES, POLICIES, Needed, needed
from ..administrators.token_owners import TokenOwners
from ..directory.people import PeopleRecords
from ..sign_on.policy_changes import PolicyChanges
from .call import Call
from .errors import ApiError, not_found

_PEOPLE: Final = frozenset({"users", "user_changes", "lifecycle", "credentials", "idp_links", "risk", "risk_changes"})
_GROUPS: Final = frozenset({"groups", "group_changes", "group_profiles", "members"})
_APPS: Final = frozenset({"apps", "app_secrets", "app_scopes", "clients", "assignments", "tokens", "access_policies"})
#: Apps that administer are not changed by who administers apps.
_OF_THE_APP: Final = frozenset({"apps", "app_secrets", "clients", "access_policies"})
_USERS, _CLONE = "/api/v1/users", "/api/v1/policies/{policyId}/clone"
_OWN_PROFILE: Final = ("GET", f"{_USERS}/{{userId}}")
#: What everybody who has signed in may do about themselves, with the scope that is enough for it.
_OWN: Final[Mapping[tuple[str, str], str]] = {
    _OWN_PROFILE: "okta.users.read.self",
    ("POST", f"{_USERS}/{{userId}}/credentials/change_password"): "okta.users.manage.self",
    ("POST", f"{_USERS}/{{userId}}/credentials/change_recovery_question"): "okta.users.manage.self",
}


def own_scope(call: Call, template: str) -> str | None:
    """The scope that is enough for an operation of callers about themselves; ``None``: it is none."""
    user_id = call.caller.user_id
    if user_id is None or call.params.get("userId") not in {"me", user_id}:
        return None
    return _OWN.get((call.request.method, template))


@dataclass(frozen=True)
class Authorization:
    """The one place where roles are asked."""

    roles: Roles
    people: PeopleRecords
    clients: Clients
    api_tokens: ApiTokens
    sessions: Sessions
    policies: PolicyChanges

    def check(self, call: Call, template: str) -> None:
        """Raises ApiError: E0000006, or E0000007 for what the caller cannot see."""
        access = call.caller.access
        if access.is_super or own_scope(call, template) is not None:
            return
        need = needed(call.request.method, template)
        if need.family == "api_tokens":
            self._check_token(call, need)
            return
        if need.family == POLICIES:
            need = self._of_policy(call, need)
        seen, reach = access.reach(need.seen_by), access.reach(need.family, need.right)
        if not seen:
            raise ApiError("E0000006")
        if need.family in _PEOPLE:
            self._check_person(call, need, seen, reach)
        elif need.family in _GROUPS:
            self._check_group(call, need, seen, reach)
        elif need.family in _APPS:
            self._check_app(call, template, need, seen, reach)
        elif not reach:
            raise ApiError("E0000006")

    def _check_person(self, call: Call, need: Needed, seen: Reach, reach: Reach) -> None:
        person = self._person(call)
        if person is None:
            if not reach or (need.right == "W" and not self._may_make(call, reach)):
                raise ApiError("E0000006")
            return
        if not seen.has_member(person.group_ids):
            raise _unseen(call)
        if not reach.has_member(person.group_ids) or (need.right == "W" and self._is_higher(call, person)):
            raise ApiError("E0000006")

    def _person(self, call: Call) -> Person | None:
        """Whom the operation is about. Raises ApiError (E0000007)."""
        if "userId" in call.params:
            return self.people.person(call)
        if "sessionId" not in call.params:
            return None
        try:
            return self.people.directory.person(self.sessions.by_id(call.params["sessionId"]).user_id)
        except NotFound:
            raise _unseen(call) from None

    def _is_higher(self, call: Call, person: Person) -> bool:
        held = self.roles.get().of_user(person.user.id, [group.id for group in person.groups])
        return is_higher(held, call.caller.access)

    def _may_make(self, call: Call, reach: Reach) -> bool:
        """Whether a new user may begin in the groups of the body: where there are targets, in one at least."""
        groups = call.json().get("groupIds") or []
        if not isinstance(groups, list) or any(not isinstance(group, str) for group in groups):
            return True  # the operation says what is wrong with it
        joins = call.caller.access.reach("members", "W")
        book = self.roles.get()
        if any(book.of("GROUP", group) or not joins.has_group(group) for group in groups):
            return False
        return reach.everything or any(reach.has_group(group) for group in groups)

    def _check_group(self, call: Call, need: Needed, seen: Reach, reach: Reach) -> None:
        if "groupId" not in call.params:
            if not reach or (need.right == "W" and not reach.everything):
                raise ApiError("E0000006")
            return
        group = self.people.group(call)
        if not seen.has_group(group.id):
            raise not_found(group.id, "UserGroup")
        if "userId" in call.params:
            person = self.people.person(call)
            if not call.caller.access.reach("users").has_member(person.group_ids):
                raise _unseen(call)
        if not reach.has_group(group.id) or (need.right == "W" and self.roles.get().of("GROUP", group.id)):
            raise ApiError("E0000006")

    def _check_app(self, call: Call, template: str, need: Needed, seen: Reach, reach: Reach) -> None:
        client = self._client(call)
        if client is not None:
            if not seen.has_app(client.id):
                raise not_found(client.id, _kind(call))
            if not reach.has_app(client.id) or self._is_above(need, client):
                raise ApiError("E0000006")
        elif not reach or (need.right == "W" and not self._holds_over_all(call, template, need, reach)):
            raise ApiError("E0000006")

    def _client(self, call: Call) -> Client | None:
        client_id = call.params.get("appId") or call.params.get("clientId")
        if client_id is None:
            return None
        try:
            return self.clients.get(client_id)
        except NotFound:
            raise not_found(client_id, _kind(call)) from None

    def _is_above(self, need: Needed, client: Client) -> bool:
        """Whether it administers: who could change it, or read its secrets, could do whatever it may."""
        if need.family not in _OF_THE_APP or (need.right == "R" and need.family != "app_secrets"):
            return False
        return bool(client.scope_grants or self.roles.get().of("CLIENT", client.id))

    def _holds_over_all(self, call: Call, template: str, need: Needed, reach: Reach) -> bool:
        """Whether a change that names no app touches none out of reach, and no sign-on of one that administers."""
        if need.family == "access_policies" and "policyId" in call.params and template != _CLONE:
            using = self.policies.using(self.policies.find(call), self.clients, call)
            if any(self._is_above(need, client) for client in using):
                return False
            return reach.everything or (bool(using) and all(reach.has_app(client.id) for client in using))
        return reach.everything or (need.family in {"apps", "clients"} and CATALOG_APP in reach.apps)

    def _of_policy(self, call: Call, need: Needed) -> Needed:
        """The family of the type of policy that the operation is about. Raises ApiError (E0000007)."""
        if "policyId" in call.params:
            policy_type: object = self.policies.find(call).type
        elif call.request.method == "POST":
            policy_type = call.json().get("type")
        else:
            policy_type = call.request.query_value("type")
        # Of a type that there is not, the operation says so to whoever may do the most usual thing.
        family = OF_POLICIES.get(policy_type, "people_policies") if isinstance(policy_type, str) else "people_policies"
        return replace(need, family=family)

    def _check_token(self, call: Call, need: Needed) -> None:
        owners = TokenOwners(self.people.directory, self.roles)
        access, token_id = call.caller.access, call.params.get("apiTokenId")
        if token_id is None:  # the list shows what may be seen; what is made, or ends itself, is one's own
            others = access.reach("api_tokens") if need.right == "R" else Reach()
            if not (others or access.reach("own_api_tokens", need.right)):
                raise ApiError("E0000006")
            return
        if not (access.reach("own_api_tokens") or access.reach("api_tokens")):
            raise ApiError("E0000006")
        try:
            token = self.api_tokens.get(token_id)
        except NotFound:
            raise not_found(token_id, "ApiToken") from None
        if not owners.may(call, token, "R"):
            raise not_found(token_id, "ApiToken")
        if not owners.may(call, token, need.right):
            raise ApiError("E0000006")


def _kind(call: Call) -> str:
    return "AppInstance" if call.request.path.startswith("/api/v1/apps") else "PublicClientApp"


def _unseen(call: Call) -> ApiError:
    if "sessionId" in call.params:
        return not_found(call.params["sessionId"], "Session")
    return not_found(call.params["userId"], "User")
