"""Ann, who has a password, and a server whose policy lets clients use it."""

from typing import Any

from authmint.directory.passwords import PasswordHashes
from authmint.ids import RandomIds
from authmint.management.servers.system_objects import system_claims, system_scopes
from authmint.storage.servers import AuthorizationServer, Scope
from authmint.storage.users import Password, User

from tests.oauth.engine import CHEAP
from tests.support.builders import a_policy, a_rule, a_server, a_user
from tests.support.fakes import NOW, CountingIds, FrozenClock

PASSWORD = "Correct-Horse-7"
HASH = PasswordHashes(RandomIds(FrozenClock()), CHEAP).make(PASSWORD)
IDS = CountingIds(2_000_000)


def a_people_server(**changes: Any) -> AuthorizationServer:
    rule = a_rule(grant_types=("password",), access_token_lifetime=600)
    values: dict[str, Any] = {
        "scopes": (*system_scopes(IDS), Scope("scp1", "orders:read")),
        "claims": system_claims(IDS),
        "policies": (a_policy(rule),),
    }
    return a_server(**values | changes)


def ann(**changes: Any) -> User:
    return a_user(**{"login": "ann@example.com", "password": Password(HASH, NOW)} | changes)
