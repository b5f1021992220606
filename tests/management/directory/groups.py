"""Groups, made over the management API."""

from typing import Any

from tests.management.admin import Admin

GROUPS = "/api/v1/groups"


def made(admin: Admin, name: str = "Eng", description: str | None = None) -> Any:
    answer = admin.post(GROUPS, {"profile": {"name": name, "description": description}})
    assert answer.status == 200, answer.json
    return answer.json
