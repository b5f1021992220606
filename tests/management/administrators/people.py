"""People with roles who call the management API."""

from dataclasses import dataclass, replace
from typing import Any

from authmint.storage.api_tokens import ApiToken
from authmint.storage.clients import ScopeGrant, secret_digest
from authmint.storage.servers import ORG_SERVER
from authmint.tokens.signer import WarmSigners

from tests.management.admin import BASE_URL, Admin, Answer
from tests.management.apps import an_app, web
from tests.management.directory.groups import GROUPS
from tests.management.directory.users import USERS, made


@dataclass(frozen=True)
class Caller:
    """Somebody with an API token, or an access token, of their own."""

    admin: Admin
    id: str
    authorization: str

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        return self.admin.call(method, path, body, headers={"authorization": self.authorization})

    def status(self, method: str, path: str, body: Any = None) -> int:
        return self.call(method, path, body).status

    def ids(self, path: str, member: str = "id") -> list[str]:
        answer = self.call("GET", path)
        assert answer.status == 200, answer.json
        return [one[member] for one in answer.json]


def grant(admin: Admin, path: str, role: str, *, groups: tuple[str, ...] = (), apps: tuple[str, ...] = ()) -> Any:
    """A role of whoever is at a path, limited to groups or apps."""
    role_id = admin.made(f"{path}/roles", {"type": role})["id"]
    for target in (*(f"groups/{one}" for one in groups), *(f"catalog/apps/{one}" for one in apps)):
        assert admin.call("PUT", f"{path}/roles/{role_id}/targets/{target}").status == 204
    return role_id


def person(admin: Admin, name: str, *roles: str, password: str | None = None, **targets: tuple[str, ...]) -> Caller:
    """A user with roles, calling by an API token."""
    user_id = made(admin, f"{name}@example.com", password=password or "Correct-horse-9")["id"]
    for role in roles:
        grant(admin, f"{USERS}/{user_id}", role, **targets)
    text = f"token-of-{name}-with-more-than-32-characters"
    now = admin.clock.now()
    token = ApiToken(f"00T{name}", name, user_id, secret_digest(text), now, now, of_person=True, two_factors=True)
    admin.storage.api_tokens.add(token, [])
    return Caller(admin, user_id, f"SSWS {text}")


def by_oauth(admin: Admin, user_id: str, *scopes: str, amr: tuple[str, ...] = ("pwd",)) -> Caller:
    """A user, calling by an access token that the org server gave an app."""
    client = admin.storage.clients.get(an_app(admin, **web())["id"])
    grants = tuple(ScopeGrant(f"oag{number}", scope, 0, "x") for number, scope in enumerate(scopes))
    admin.storage.clients.save(client, replace(client, label=client.id, scope_grants=grants), [])
    now, server = admin.clock.now(), admin.storage.servers.get(ORG_SERVER)
    payload = {"ver": 1, "jti": f"AT.{now}{client.id}", "iss": BASE_URL, "aud": BASE_URL, "iat": now, "exp": now + 600}
    payload |= {"cid": client.id, "uid": user_id, "scp": scopes, "auth_time": now, "sub": user_id, "amr": amr}
    return Caller(admin, user_id, f"Bearer {WarmSigners(admin.pairs).signer(server).sign(payload)}")


def group(admin: Admin, name: str, *members: str) -> str:
    """A group with members."""
    group_id: str = admin.made(GROUPS, {"profile": {"name": name}})["id"]
    for user_id in members:
        assert admin.call("PUT", f"{GROUPS}/{group_id}/users/{user_id}").status == 204
    return group_id
