"""Two deployments in memory, one with something of everything, and imports from one into the other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from authmint.cli.importing.org.applying import Outcome
from authmint.cli.importing.org.catalogue import FAMILIES
from authmint.cli.importing.org.planning import Plan
from authmint.cli.importing.org.running import Choice, Import
from authmint.cli.importing.patience import Patient
from authmint.cli.remote import Answer, NoAnswer, Remote, RemoteFailed

from tests.management.admin import BASE_URL, TOKEN, Admin
from tests.management.apps import app_body, web
from tests.management.federation.idps import an_idp

#: Ids of the target are none of the source's.
_ELSEWHERE = 500_000
Fault = Callable[[int, str, str], str | int | None]


class Org(Remote):
    """A deployment in memory behind the client of the commands.

    Attributes:
        writes: Changes that were asked for: method and path.
        fault: Of the number, method and path of a call: ``lost``: done, and not answered; ``broken``: not done, and not
            answered; a status: that is the answer.
    """

    def __init__(self, host: str, first_id: int = 0) -> None:
        super().__init__(f"https://{host}", TOKEN)
        self.backend = Admin(first_id=first_id)
        self.writes: list[tuple[str, str]] = []
        self.reads: list[str] = []
        self.pauses: list[float] = []
        self.fault: Fault = lambda *_: None
        self.headers: dict[str, str] = {}

    def admin_answer(self, method: str, path: str, body: Any = None) -> Answer:
        called = path.replace(self.url, "")
        (self.reads.append(called) if method == "GET" else self.writes.append((method, called)))
        fault = self.fault(len(self.writes), method, called)
        if isinstance(fault, int):
            return Answer(fault, self.headers, b'{"errorCode":"E","errorSummary":"broken"}')
        if fault == "broken":
            raise NoAnswer("no answer")
        sent = json.loads(json.dumps(body).replace(self.url, BASE_URL))
        answer = self.backend.call(method, called, sent, headers={"authorization": f"SSWS {self._token}"})
        if fault == "lost":
            raise NoAnswer("no answer")
        links = [link.replace(BASE_URL, self.url) for link in answer.header("link") if 'rel="next"' in link]
        shown = answer.response.body.replace(BASE_URL.encode(), self.url.encode())
        headers = dict(answer.response.headers)
        return Answer(answer.status, headers, shown, links[0][1:].partition(">")[0] if links else None)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.backend.clock.advance(seconds=int(seconds))

    def made(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What is made of a body."""
        answer = self.admin_answer(method, path, body)
        assert answer.status < 300, answer.body
        self.writes.clear()
        return answer.json() if answer.body else None

    def listed(self, path: str) -> dict[str, Any]:
        """A list by what its objects are called."""
        return {str(one.get("label") or one.get("name") or one["id"]): one for one in self.pages(path)}

    def person(self, login: str) -> Any:
        """The user of a login."""
        return self.admin("GET", f"/api/v1/users/{login}")


def source_and_target() -> tuple[Org, Org]:
    """Two that have nothing but what is there from the start."""
    return Org("old.example.com"), Org("new.example.com", _ELSEWHERE)


def imported(
    source: Org, target: Org, state: Path, *families: str, apply: bool = True, **choice: Any
) -> tuple[Plan, Outcome | None]:
    """One import, of all families where none is named."""
    chosen = Choice(families or tuple(FAMILIES), **choice)
    run = Import(Patient(source, source.backend.clock), Patient(target, target.backend.clock), chosen, state)
    try:
        plan = run.plan()
        return plan, run.apply(plan, lambda _, __: None) if apply else None
    finally:
        run.close()


def broken_off(source: Org, target: Org, state: Path) -> bool:
    """Whether an import did not come to its end."""
    try:
        imported(source, target, state)
    except RemoteFailed:
        return True
    return False


def furnish(org: Org, *, small: bool = False) -> dict[str, str]:
    """Something of everything; ids by what it is called. ``small``: without what is there from the start, changed."""
    ids = _people(org) | _places(org)
    ids |= _providers(org, ids)
    ids |= _apps(org, ids)
    _policies(org, ids, small=small)
    _servers(org, ids)
    org.made("/api/v1/org", {"companyName": "Acme", "endUserSupportHelpURL": "https://help.example.com"})
    org.made("/api/v1/org/selfService", {"accountDeletion": "ALLOW"}, "PUT")
    org.made("/api/v1/threats/configuration", {"action": "audit", "excludeZones": [ids["office"]]})
    brand = next(iter(org.pages("/api/v1/brands")))["id"]
    text = {"language": "fr", "isDefault": True, "subject": "Bienvenue", "body": "<p>${activationLink}</p>"}
    org.made(f"/api/v1/brands/{brand}/templates/email/UserActivation/customizations", text)
    return ids


def _attribute(org: Org, path: str, name: str, **more: Any) -> None:
    definition = {"title": name.capitalize(), "type": "string"} | more
    org.made(path, {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {name: definition}}}})


def _people(org: Org) -> dict[str, str]:
    schemas = "/api/v1/meta/schemas/user"
    _attribute(org, f"{schemas}/default", "badge", unique=True)
    _attribute(org, f"{schemas}/default", "level", type="integer")
    _attribute(org, "/api/v1/meta/schemas/group/default", "owner")
    required = {"nickName": {"permissions": [{"principal": "SELF", "action": "HIDE"}]}}
    org.made(f"{schemas}/default", {"definitions": {"base": {"properties": required}}})
    guest = org.made("/api/v1/meta/types/user", {"name": "guest", "displayName": "Guest"})
    _attribute(org, guest["_links"]["schema"]["href"].replace(org.url, ""), "host")
    ids = {"guest": guest["id"]}
    for name in ("Sales", "Staff", "Engineers"):
        ids[name] = org.made("/api/v1/groups", {"profile": {"name": name, "owner": "Ann"}})["id"]
    rule = {
        "type": "group_rule",
        "name": "Engineers",
        "conditions": {"expression": {"type": "urn:okta:expression:1.0", "value": 'user.department == "Engineering"'}},
        "actions": {"assignUserToGroups": {"groupIds": [ids["Engineers"]]}},
    }
    ids["rule"] = org.made("/api/v1/groups/rules", rule)["id"]
    org.made(f"/api/v1/groups/rules/{ids['rule']}/lifecycle/activate")
    for login, profile, groups in (
        ("ann@example.com", {"badge": "1", "level": 3, "department": "Engineering"}, ["Sales", "Staff"]),
        ("bob@example.com", {"badge": "2"}, ["Sales", "Engineers"]),
        ("eve@example.com", {}, []),
    ):
        named = {"login": login, "email": login, "firstName": login[:3], "lastName": "Lee"} | profile
        body = {
            "profile": named,
            "credentials": {"password": {"value": "Correct-horse-9"}},
            "groupIds": [ids[one] for one in groups],
        }
        ids[login[:3]] = org.made("/api/v1/users", body)["id"]
    visitor = {"login": "g@example.com", "email": "g@example.com", "firstName": "G", "lastName": "H", "host": "Ann"}
    ids["visitor"] = org.made("/api/v1/users?activate=false", {"profile": visitor, "type": {"id": guest["id"]}})["id"]
    org.made(f"/api/v1/users/{ids['eve']}/lifecycle/suspend")
    excluding = rule | {"name": "But Bob", "actions": {"assignUserToGroups": {"groupIds": [ids["Staff"]]}}}
    excluding["conditions"] = {**rule["conditions"], "people": {"users": {"exclude": [ids["bob"]]}}}  # type: ignore[dict-item]
    org.made("/api/v1/groups/rules", excluding)
    return ids


def _places(org: Org) -> dict[str, str]:
    office = {
        "type": "IP",
        "name": "Office",
        "usage": "POLICY",
        "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}],
    }
    velocity = {"type": "VELOCITY", "name": "Too fast", "settings": {"velocityKph": 500}}
    origin = {"name": "App", "origin": "https://app.example.com", "scopes": [{"type": "CORS"}]}
    ids = {
        "office": org.made("/api/v1/zones", office)["id"],
        "fast": org.made("/api/v1/behaviors", velocity)["id"],
        "origin": org.made("/api/v1/trustedOrigins", origin)["id"],
    }
    abroad = {"type": "DYNAMIC", "name": "Abroad", "locations": [{"country": "AQ", "region": None}]}
    ids["abroad"] = org.made("/api/v1/zones", abroad)["id"]
    org.made(f"/api/v1/zones/{ids['abroad']}/lifecycle/deactivate")
    return ids


def _providers(org: Org, ids: dict[str, str]) -> dict[str, str]:
    hook = {
        "name": "Tokens",
        "type": "com.okta.oauth2.tokens.transform",
        "version": "1.0.0",
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://hook.example.com/tokens"}},
    }
    event_hook = {
        "name": "Events",
        "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://hook.example.com/events"}},
    }
    found = {"hook": org.made("/api/v1/inlineHooks", hook)["id"]}
    found["events"] = org.made("/api/v1/eventHooks", event_hook)["id"]
    groups = {"action": "ASSIGN", "assignments": [ids["Staff"]]}
    provisioning = {"provisioning": {"action": "AUTO", "groups": groups}}
    found["idp"] = org.made("/api/v1/idps", an_idp(name="Partner", policy=provisioning))["id"]
    _attribute(org, f"/api/v1/meta/schemas/apps/{found['idp']}/default", "cost", externalName="cost_center")
    mapping = next(iter(org.pages(f"/api/v1/mappings?sourceId={found['idp']}")))["id"]
    mapped = {"badge": {"expression": "idpuser.cost", "pushStatus": "PUSH"}}
    org.made(f"/api/v1/mappings/{mapping}", {"properties": mapped})
    org.made(f"/api/v1/idps/{found['idp']}/users/{ids['ann']}", {"externalId": "ann-at-partner"})
    return found


def _apps(org: Org, ids: dict[str, str]) -> dict[str, str]:
    site = app_body("Site", **web(client_secret="a-secret-of-the-site-that-is-long"))
    site["profile"] = {"color": "blue"}
    found = {"site": org.made("/api/v1/apps", site)["id"]}
    job = app_body("Job", client_id="nightly-job", token_endpoint_auth_method="private_key_jwt", jwks=_jwks())
    found["job"] = org.made("/api/v1/apps?activate=false", job)["id"]
    org.made(f"/api/v1/apps/{found['site']}/credentials/secrets", {"client_secret": "another-secret-of-the-site"})
    _attribute(org, f"/api/v1/meta/schemas/apps/{found['site']}/default", "costCode")
    mapping = next(iter(org.pages(f"/api/v1/mappings?targetId={found['site']}")))["id"]
    mapped = {"costCode": {"expression": 'user.badge + "-x"', "pushStatus": "PUSH"}}
    org.made(f"/api/v1/mappings/{mapping}", {"properties": mapped})
    claim = {
        "issuerMode": "ORG_URL",
        "name": "groups",
        "valueType": "GROUPS",
        "value": "S",
        "groupFilterType": "EQUALS",
    }
    org.made(f"/api/v1/internal/apps/{found['site']}/settings/oauth/idToken", claim)
    org.made(f"/api/v1/apps/{found['job']}/grants", {"issuer": org.url, "scopeId": "okta.users.read"})
    org.made(f"/api/v1/apps/{found['site']}/groups/{ids['Sales']}", {"profile": {"role": "seller"}}, "PUT")
    assigned = {"id": ids["eve"], "scope": "USER", "credentials": {"userName": "evil"}, "profile": {"color": "red"}}
    org.made(f"/api/v1/apps/{found['site']}/users", assigned)
    return found


def _policies(org: Org, ids: dict[str, str], *, small: bool) -> None:
    sign_on = {
        "type": "OKTA_SIGN_ON",
        "name": "Sellers",
        "conditions": {"people": {"groups": {"include": [ids["Sales"]]}}},
    }
    policy = org.made("/api/v1/policies", sign_on)["id"]
    at_home = {
        "name": "At the office",
        "type": "SIGN_ON",
        "conditions": {
            "network": {"connection": "ZONE", "include": [ids["office"]]},
            "people": {"users": {"exclude": [ids["bob"]]}},
            "risk": {"behaviors": [ids["fast"]]},
        },
        "actions": {"signon": {"access": "ALLOW", "requireFactor": False}},
    }
    org.made(f"/api/v1/policies/{policy}/rules", at_home)
    org.made(f"/api/v1/policies/{policy}/rules?activate=false", at_home | {"name": "Not now"})
    access = org.made("/api/v1/policies", {"type": "ACCESS_POLICY", "name": "Two factors"})["id"]
    org.made(f"/api/v1/apps/{ids['site']}/policies/{access}", method="PUT")
    routing = next(iter(org.pages("/api/v1/policies?type=IDP_DISCOVERY")))["id"]
    partners = {
        "name": "Partners",
        "type": "IDP_DISCOVERY",
        "conditions": {
            "userIdentifier": {"type": "IDENTIFIER", "patterns": [{"matchType": "SUFFIX", "value": "partner.example"}]},
            "app": {"include": [{"type": "APP", "id": ids["site"]}], "exclude": []},
        },
        "actions": {"idp": {"providers": [{"type": "OIDC", "id": ids["idp"]}]}},
    }
    org.made(f"/api/v1/policies/{routing}/rules", partners)
    if small:
        return
    default = next(one for one in org.pages("/api/v1/policies?type=ACCESS_POLICY") if one["system"])["id"]
    rule = next(iter(org.pages(f"/api/v1/policies/{default}/rules")))
    rule["actions"]["appSignOn"]["verificationMethod"]["reauthenticateIn"] = "PT1H"
    org.made(f"/api/v1/policies/{default}/rules/{rule['id']}", rule, "PUT")


def _servers(org: Org, ids: dict[str, str]) -> None:
    base = "/api/v1/authorizationServers"
    server = org.made(base, {"name": "orders", "description": "Orders", "audiences": ["api://orders"]})
    path = f"{base}/{server['id']}"
    signing = {"signing": {"rotationMode": "MANUAL"}}
    org.made(path, {**server, "credentials": signing}, "PUT")
    org.made(f"{path}/scopes", {"name": "orders:read", "consent": "REQUIRED"})
    claim = {"name": "in_sales", "claimType": "RESOURCE", "valueType": "EXPRESSION"}
    org.made(f"{path}/claims", claim | {"value": f'isMemberOfGroup("{ids["Sales"]}")', "status": "INACTIVE"})
    org.made(f"{path}/resources", {"resource": "https://orders.example.com", "scopes": ["orders:read"]})
    org.made(f"{path}/security", {"largeAccessTokens": True, "resourceIndicators": "ON"}, "PUT")
    policy = {"name": "Site", "conditions": {"clients": {"include": [ids["site"], "nightly-job"]}}}
    policy_id = org.made(f"{path}/policies", policy)["id"]
    rule = {
        "name": "Sellers",
        "type": "RESOURCE_ACCESS",
        "conditions": {
            "people": {"users": {"include": [ids["ann"]]}, "groups": {"include": [ids["Sales"]]}},
            "grantTypes": {"include": ["authorization_code"]},
            "scopes": {"include": ["*"]},
        },
        "actions": {"token": {"accessTokenLifetimeMinutes": 10, "inlineHook": {"id": ids["hook"]}}},
    }
    org.made(f"{path}/policies/{policy_id}/rules", rule)
    other = org.made(base, {"name": "billing", "audiences": ["api://billing"]})
    org.made(f"{path}/associatedServers", {"trusted": [other["id"]]})
    org.made(f"{base}/{other['id']}/lifecycle/deactivate")


def _jwks() -> Any:
    from tests.support.fakes import pregenerated

    jwk, _ = pregenerated("ES256")
    return {"keys": [jwk | {"kid": "k1", "use": "sig"}]}
