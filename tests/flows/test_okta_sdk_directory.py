"""The directory with Okta's Python SDK, unmodified: people, groups, assignments, and back again unchanged."""

from collections.abc import Iterator
from typing import Any

import pytest
from okta.models.application_group_assignment import ApplicationGroupAssignment
from okta.models.open_id_connect_application import OpenIdConnectApplication

from tests.flows.okta_sdk import Sdk
from tests.support.stack import Running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PASSWORD = "Correct-Horse-7"


def a_user(name: str, **profile: Any) -> dict[str, Any]:
    login = f"{name}@sdk.example.com"
    own = {"firstName": name.title(), "lastName": "Sdk", "email": login, "login": login}
    return {"profile": own | profile, "credentials": {"password": {"value": PASSWORD}}}


def an_app(sdk: Sdk, label: str) -> Any:
    app = sdk.create_application(
        OpenIdConnectApplication.from_dict(
            {
                "label": label,
                "name": "oidc_client",
                "signOnMode": "OPENID_CONNECT",
                "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
                "settings": {
                    "oauthClient": {
                        "application_type": "web",
                        "grant_types": ["authorization_code"],
                        "redirect_uris": ["https://a.example/cb"],
                    }
                },
            }
        )
    )
    return getattr(app, "actual_instance", app)


@pytest.fixture
def shoe_size(sdk: Sdk, stack: Running) -> Iterator[None]:
    """An attribute of everybody, as long as the test runs."""
    schema: dict[str, Any] = {"title": "Shoe size", "type": "integer"}
    sdk.update_user_profile("default", {"definitions": {"custom": {"properties": {"shoeSize": schema}}}})
    yield
    # The SDK takes no null, which removes an attribute.
    stack.made("/api/v1/meta/schemas/user/default", {"definitions": {"custom": {"properties": {"shoeSize": None}}}})


@pytest.mark.usefixtures("shoe_size")
def test_people_groups_and_assignments(sdk: Sdk) -> None:
    # The stack is shared with other tests: a search must find nobody of theirs.
    ann = sdk.create_user(a_user("sdk-ann", shoeSize=42, city="Zürich"), activate=True)
    bob = sdk.create_user(a_user("bob"), activate=False)
    group = sdk.add_group({"profile": {"name": "sdk engineers", "description": "who builds"}})
    sdk.assign_user_to_group(group.id, ann.id)
    sdk.assign_user_to_group(group.id, bob.id)
    app = an_app(sdk, "sdk directory")
    sdk.assign_group_to_application(app.id, group.id, ApplicationGroupAssignment())
    sdk.assign_user_to_application(app.id, {"id": bob.id, "scope": "USER", "credentials": {"userName": "bob"}})

    assert "shoeSize" in sdk.get_user_schema("default").definitions.custom.properties
    read = sdk.get_user("sdk-ann@sdk.example.com")
    assert (read.id, read.status, read.profile.city) == (ann.id, "ACTIVE", "Zürich")
    assert sdk.get_user(bob.id).status == "STAGED"
    assert [one.id for one in sdk.list_group_users(group.id)] == [ann.id, bob.id]
    assert [one.profile.actual_instance.name for one in sdk.list_user_groups(ann.id)][1:] == ["sdk engineers"]
    assert [one.id for one in sdk.list_groups(q="sdk eng")] == [group.id]
    assert [one.id for one in sdk.list_users(search='profile.login eq "BOB@sdk.example.com"')] == [bob.id]
    assert [one.id for one in sdk.list_users(q="sdk-ann")] == [ann.id]
    assert [one.id for one in sdk.list_application_group_assignments(app.id)] == [group.id]
    assert [one.id for one in sdk.list_application_users(app.id)] == [bob.id]
    assert sdk.get_application_user(app.id, ann.id).scope == "GROUP"
    assert [one.id for one in sdk.list_assigned_applications_for_group(group.id)] == [app.id]


def test_what_the_sdk_reads_it_sends_back_unchanged(sdk: Sdk, stack: Running) -> None:
    user = sdk.create_user(a_user("cyd", nickName="C", department="R&D"), activate=True)
    group = sdk.add_group({"profile": {"name": "sdk round trip", "description": None}})
    before = stack.admin("GET", f"/api/v1/users/{user.id}").json()
    before_group = stack.admin("GET", f"/api/v1/groups/{group.id}").json()

    sdk.replace_user(user.id, {"profile": sdk.get_user(user.id).profile})
    sdk.replace_group(group.id, {"profile": sdk.get_group(group.id).profile.actual_instance})

    after = stack.admin("GET", f"/api/v1/users/{user.id}").json()
    after_group = stack.admin("GET", f"/api/v1/groups/{group.id}").json()
    assert after["profile"] == before["profile"]
    assert after["credentials"] == before["credentials"]
    assert after_group["profile"] == before_group["profile"]


def test_the_life_of_a_user(sdk: Sdk) -> None:
    user = sdk.create_user(a_user("dan"), activate=False)
    statuses = []

    for operation in ("activate_user", "suspend_user", "unsuspend_user"):
        getattr(sdk, operation)(user.id)
        statuses.append(sdk.get_user(user.id).status)
    sdk.expire_password(user.id)
    statuses.append(sdk.get_user(user.id).status)
    sdk.change_password(user.id, {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": "Another-Horse-8"}})
    statuses.append(sdk.get_user(user.id).status)
    sdk.delete_user(user.id)
    statuses.append(sdk.get_user(user.id).status)
    sdk.delete_user(user.id)

    assert statuses == ["ACTIVE", "SUSPENDED", "ACTIVE", "PASSWORD_EXPIRED", "ACTIVE", "DEPROVISIONED"]
    with pytest.raises(AssertionError, match="E0000007"):
        sdk.get_user(user.id)
