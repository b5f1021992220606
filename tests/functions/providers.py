"""People who come by an identity provider: everything that is read and written for them."""

from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.runtime.parts import Parts

from tests.federation.world import PROVIDER, Provider, World, request_of
from tests.functions.sign_ins import People
from tests.management.directory.users import body
from tests.management.federation.idps import an_idp

IDPS = "/api/v1/idps"


def every_flow_by_providers(people: People) -> None:
    """Made, come again with other words, linked by address and by number, and as somebody of another type.

    Users have a number, which is unique.
    """
    world = World(SystemClock())  # what is signed is compared with the real time
    provider = Provider(world)
    admin = people.functions.admin
    groups = [admin("POST", "/api/v1/groups", {"profile": {"name": f"g{number}"}})["id"] for number in range(2)]
    settings = {"action": "SYNC", "sourceAttributeName": "groups", "filter": groups}
    policy: dict[str, Any] = {"provisioning": {"action": "AUTO", "profileMaster": True, "groups": settings}}
    policy["subject"] = {"userNameTemplate": {"template": "idpuser.email"}, "matchType": "USERNAME_OR_EMAIL"}
    idp = admin("POST", IDPS, an_idp(name="provider", policy=policy))["id"]
    (mapping,) = admin("GET", f"/api/v1/mappings?sourceId={idp}")
    number = {"number": {"expression": "appuser.nickname", "pushStatus": "PUSH"}}
    admin("POST", f"/api/v1/mappings/{mapping['id']}", {"properties": number})
    numbered = {"type": "urn:okta:expression:1.0", "value": 'user.number == "1"'}
    joins = {
        "assignUserToGroups": {"groupIds": [admin("POST", "/api/v1/groups", {"profile": {"name": "first"}})["id"]]}
    }
    rule = {"type": "group_rule", "name": "first", "conditions": {"expression": numbered}, "actions": joins}
    made = admin("POST", "/api/v1/groups/rules", rule)["id"]
    admin("POST", f"/api/v1/groups/rules/{made}/lifecycle/activate")
    with pytest.MonkeyPatch.context() as web:
        web.setattr(Parts, "exchange", lambda _, *args, **more: world.exchange(*args, **more))
        web.setattr(Parts, "fetch", lambda _, uri: world.fetch(uri))
        provider.claims = {"groups": ["g0"], "nickname": "1"}
        _signed_in(people, world, idp)
        provider.claims = {"groups": ["g1"], "nickname": "2", "email": "new@partner.example"}
        _signed_in(people, world, idp)
        kind = admin("POST", "/api/v1/meta/types/user", {"name": "guest", "displayName": "Guest"})["id"]
        admin("POST", "/api/v1/users", body("typed@partner.example", "Correct-Horse-7") | {"type": {"id": kind}})
        provider.subject, provider.claims = "typed", {"email": "typed@partner.example", "groups": [], "nickname": "3"}
        _signed_in(people, world, idp)
        subject = {"userNameTemplate": {"template": "idpuser.nickname"}, "matchType": "CUSTOM_ATTRIBUTE"}
        policy["subject"] = subject | {"matchAttribute": "number"}
        client = {"client_id": "abc", "token_endpoint_auth_method": "private_key_jwt"}
        admin(
            "PUT", f"{IDPS}/{idp}", an_idp(name="provider", policy=policy, protocol={"credentials": {"client": client}})
        )
        known = body("numbered@partner.example", "Correct-Horse-7")
        admin("POST", "/api/v1/users", known | {"profile": known["profile"] | {"number": "4"}})
        provider.subject, provider.claims = "numbered", {"groups": [], "nickname": "4"}
        _signed_in(people, world, idp)
    people.cookies.clear()


def _signed_in(people: People, world: World, idp: str) -> None:
    people.cookies.clear()
    at, page = people.authorize(idp=idp)
    assert at.startswith(PROVIDER), page
    answer = world.send(request_of("GET", at, {}))
    at, page = people.follow(people.visit("GET", dict(answer.headers)["location"]))
    assert "code=" in at or "/consent" in at, (at, page)
