"""People of whom a policy asks a second factor, in a stack that others use at the same time."""

import uuid
from dataclasses import dataclass
from typing import Any

from tests.support.people import PASSWORD
from tests.support.stack import Running


@dataclass(frozen=True)
class Guarded:
    """Somebody in a group of their own, with a session policy of its own.

    Attributes:
        login: Theirs; the password is that of everybody.
    """

    stack: Running
    login: str
    user: str
    group: str
    policy: str
    password: str = PASSWORD

    def reset_factors(self) -> None:
        self.stack.admin("POST", f"/api/v1/users/{self.user}/lifecycle/reset_factors", {}).raise_for_status()


def guarded(stack: Running, **actions: Any) -> Guarded:
    """``actions``: of the rule's ``signon``, beside that a factor is required always."""
    name = f"strong-{uuid.uuid4().hex[:12]}"
    login = f"{name}@example.com"
    group = stack.made("/api/v1/groups", {"profile": {"name": name}})["id"]
    profile = {"login": login, "email": login, "firstName": "Stella", "lastName": "Strong"}
    credentials = {"password": {"value": PASSWORD}}
    user = stack.made(
        "/api/v1/users?activate=true", {"profile": profile, "credentials": credentials, "groupIds": [group]}
    )
    conditions = {"people": {"groups": {"include": [group]}}}
    policy = stack.made("/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": name, "conditions": conditions})["id"]
    signon = {"access": "ALLOW", "requireFactor": True, "factorPromptMode": "ALWAYS"} | actions
    stack.made(f"/api/v1/policies/{policy}/rules", {"type": "SIGN_ON", "name": name, "actions": {"signon": signon}})
    return Guarded(stack, login, user["id"], group, policy)
