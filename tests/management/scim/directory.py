"""A company's directory that provisions: a deployment in memory, and calls with a token of its own."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from tests.management.admin import Admin, Answer

ROOT = "/scim/v2"
USERS, GROUPS = f"{ROOT}/Users", f"{ROOT}/Groups"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:authmint:params:scim:schemas:extension:custom:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Provisioning:
    """Calls as a directory does."""

    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        made = admin.post("/api/v1/api-tokens", {"name": "entra", "type": "SCIM"})
        assert made.status == 201, made.json
        self.id, self.token = made.json["id"], made.json["token"]

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **query: Any) -> Answer:
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        path = quote(path, safe="/:") + (f"?{urlencode(query)}" if query else "")
        request = self.admin.request(method, path, sent, headers={"authorization": f"Bearer {self.token}"})
        answer = Answer(self.admin.api(request))
        if answer.response.body:
            assert answer.header("content-type") == ["application/scim+json"]
        return answer

    def user(self, user_name: str = "ann@example.com", **more: Any) -> Any:
        """A new user."""
        answer = self.call("POST", USERS, a_user(user_name, **more))
        assert answer.status == 201, answer.json
        return answer.json

    def group(self, name: str = "Sales", **more: Any) -> Any:
        """A new group."""
        answer = self.call("POST", GROUPS, {"displayName": name, **more})
        assert answer.status == 201, answer.json
        return answer.json

    def patch(self, path: str, *operations: Any) -> Answer:
        return self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def found(self, path: str, text: str, **query: Any) -> list[str]:
        """Ids of what a filter means."""
        answer = self.call("GET", path, filter=text, **query)
        assert answer.status == 200, answer.json
        return [one["id"] for one in answer.json["Resources"]]


def a_user(user_name: str = "ann@example.com", **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": user_name, "name": {"givenName": "Ann", "familyName": "Lee"}, **more}
