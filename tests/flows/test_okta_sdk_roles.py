"""Roles with Okta's Python SDK, unmodified: of users, groups and clients, and their targets."""

import pytest
from okta.models.assign_role_to_user_request import AssignRoleToUserRequest

from tests.flows.okta_sdk import Sdk

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_roles_and_targets(sdk: Sdk) -> None:
    login = "roles@sdk.example.com"
    profile = {"firstName": "Ro", "lastName": "Les", "email": login, "login": login}
    user = sdk.create_user({"profile": profile}, activate=False)
    group = sdk.add_group({"profile": {"name": "sdk admins"}})
    other = sdk.add_group({"profile": {"name": "sdk targets"}})

    role = sdk.assign_role_to_user(user.id, AssignRoleToUserRequest.from_dict({"type": "HELP_DESK_ADMIN"}))
    role = getattr(role, "actual_instance", role)
    for target in (group, other):
        sdk.assign_group_target_to_user_role(user.id, role.id, target.id)
    sdk.unassign_group_target_from_user_admin_role(user.id, role.id, other.id)
    listed = [getattr(one, "actual_instance", one) for one in sdk.list_assigned_roles_for_user(user.id)]

    assert [(one.type, one.assignment_type) for one in listed] == [("HELP_DESK_ADMIN", "USER")]
    assert [one.id for one in sdk.list_group_targets_for_role(user.id, role.id)] == [group.id]
    assert user.id in {one.id for one in sdk.list_users_with_role_assignments().value}
    sdk.unassign_role_from_user(user.id, role.id)
    assert sdk.list_assigned_roles_for_user(user.id) == []
