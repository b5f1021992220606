"""A group as it is shown (docs/protocol.md §27.3)."""

from typing import Any

from ...clock import timestamp
from ...storage.groups import Group
from ..http.call import Call


def group_json(group: Group, call: Call) -> dict[str, Any]:
    """The object, in lists too."""
    href = call.url(f"/api/v1/groups/{group.id}")
    links = {name: {"href": f"{href}/{name}"} for name in ("owners", "users", "apps")}
    logo = [
        {"name": size, "href": call.url(f"/assets/img/logos/groups/{size}.png"), "type": "image/png"}
        for size in ("medium", "large")
    ]
    return group_members(group) | {"_links": {"logo": logo, **links}}


def group_members(group: Group) -> dict[str, Any]:
    """Everything but the links: what filters look at, too."""
    return {
        "id": group.id,
        "created": timestamp(group.created_at),
        "lastUpdated": timestamp(group.updated_at),
        "lastMembershipUpdated": timestamp(group.members_at),
        "objectClass": ["okta:user_group"],
        "type": group.type,
        "profile": {"name": group.name, "description": group.description, **group.custom},
    }
