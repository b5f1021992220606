"""The org authorization server as it is born (docs/protocol.md §1.4): keys, one policy, nothing to configure."""

from dataclasses import replace
from typing import Final

from ...ids import Ids
from ...storage.client_registration import ALL_CLIENTS
from ...storage.servers import ANY_SCOPE, EVERYONE, AuthorizationServer, People, Policy, Rule

#: Seconds (docs/protocol.md §9.4).
ACCESS_TOKEN_LIFETIME: Final = 3_600
REFRESH_TOKEN_LIFETIME: Final = 90 * 86_400
_GRANT_TYPES: Final = (
    "authorization_code",
    "implicit",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
)


def org_server(newborn: AuthorizationServer, ids: Ids, now: int) -> AuthorizationServer:
    """A newborn server turned into the org server: no custom claims; whoever is assigned gets what was granted."""
    rule = Rule(
        id=ids.object_id("0pr"),
        name="Org",
        created_at=now,
        updated_at=now,
        grant_types=_GRANT_TYPES,
        scopes=(ANY_SCOPE,),
        people=People(groups_include=(EVERYONE,)),
        access_token_lifetime=ACCESS_TOKEN_LIFETIME,
        refresh_token_lifetime=REFRESH_TOKEN_LIFETIME,
        refresh_token_window=REFRESH_TOKEN_LIFETIME,
        system=True,
    )
    policy = Policy(
        id=ids.object_id("00p"),
        name="Org",
        created_at=now,
        updated_at=now,
        clients=(ALL_CLIENTS,),
        rules=(rule,),
        system=True,
    )
    return replace(newborn, policies=(policy,))
