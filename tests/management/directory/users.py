"""Users, made over the management API."""

from typing import Any

from tests.management.admin import Admin

USERS = "/api/v1/users"


def body(login: str = "ann@example.com", password: str | None = None, **more: Any) -> dict[str, Any]:
    profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Lee"} | more
    return {"profile": profile} | ({} if password is None else {"credentials": {"password": {"value": password}}})


def made(admin: Admin, login: str = "ann@example.com", query: str = "", **more: Any) -> Any:
    answer = admin.post(f"{USERS}{query}", body(login, **more))
    assert answer.status == 200, answer.json
    return answer.json


def events(admin: Admin) -> list[str]:
    return [event.type for event in admin.storage.events if event.type.startswith(("user.", "group."))]
