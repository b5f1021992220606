"""``make pictures``: every page of the console as a picture, on a desktop in light and on a phone in dark.

A stack of its own is started and filled with a shop: servers with policies, applications, people, zones; somebody asks
for tokens and is refused; keys are rotated. Every page is held to the rules of accessibility and leaves the browser's
console empty: what breaks one of them is said, and ends the command with 1.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, ViewportSize, sync_playwright

from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.stack import ADMINISTRATOR_PASSWORD, Running, running_stack

SERVERS: Final = "/api/v1/authorizationServers"
LOOKS: Final[tuple[tuple[str, int, int, Literal["light", "dark"]], ...]] = (
    ("desktop", 1280, 860, "light"),
    ("phone", 390, 844, "dark"),
)


def main(directory: str) -> int:
    """Write one file for each page and look into a directory, which is made where it is not there; the exit status."""
    complaints: list[str] = []

    def heard(said: ConsoleMessage) -> None:
        complaints.append(f"{said.type}: {said.text}")

    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running_stack(Path(data)) as stack, sync_playwright() as playwright:
        pages = _shop(stack)
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for look, width, height, scheme in LOOKS:
            size = ViewportSize(width=width, height=height)
            page = chromium.new_page(locale="en", viewport=size, color_scheme=scheme)
            page.set_default_timeout(PATIENCE)
            page.on("console", heard)
            _sign_in(page, stack)
            for name, path in pages.items():
                page.goto(stack.url + path)
                broken = Axe().run(page).response["violations"]
                complaints += [f"{name}, {look}: {one['id']}: {one['nodes'][0]['html']}" for one in broken]
                page.screenshot(path=target / f"{name}-{look}.png", full_page=True)
                print(target / f"{name}-{look}.png", flush=True)
        chromium.close()
    print("\n".join(complaints) or f"{len(pages)} pages, no complaints")
    return 1 if complaints else 0


def _sign_in(page: Page, stack: Running) -> None:
    page.goto(f"{stack.url}/console")
    page.get_by_label("Username").fill("admin@local.invalid")
    page.get_by_label("Password").fill(ADMINISTRATOR_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/console")


def _shop(stack: Running) -> dict[str, str]:
    """Fill the deployment; what there is to see, by name and path."""
    group = stack.made("/api/v1/groups", {"profile": {"name": "Warehouse", "description": "Who packs and sends"}})["id"]
    people = [_person(stack, name, group) for name in ("Ada Lovelace", "Grace Hopper", "Alan Turing")]
    server = stack.made(SERVERS, {"name": "Orders", "description": "What shops sell", "audiences": ["api://orders"]})[
        "id"
    ]
    at = f"{SERVERS}/{server}"
    for name, shown in {"orders:read": "See orders", "orders:write": "Change orders"}.items():
        stack.made(f"{at}/scopes", {"name": name, "displayName": shown})
    claim = {"name": "department", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.department"}
    claim_id = stack.made(f"{at}/claims", claim)["id"]
    service = _app(stack, "Nightly export", "service", ["client_credentials"])
    web = _app(stack, "Back office", "web", ["authorization_code", "refresh_token"])
    policy = _policy(stack, at, "Programs", service["client"])
    rule = _rule(stack, at, policy, "Read", ["client_credentials"], ["orders:read"])
    staff = _policy(stack, at, "Staff", web["client"])
    _rule(stack, at, staff, "Warehouse", ["authorization_code"], ["openid", "orders:read", "orders:write"], group)
    for scope in ("orders:read", "orders:write", "orders:read"):
        requests.post(
            f"{stack.url}/oauth2/{server}/v1/token",
            {"grant_type": "client_credentials", "scope": scope},
            auth=(service["client"], service["secret"]),
            timeout=30,
        )
    stack.made(f"{at}/credentials/lifecycle/keyRotate", {"use": "sig"})
    office = {"type": "IP", "name": "Office", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}]}
    zone = stack.made("/api/v1/zones", office)["id"]
    home = f"/console/servers/{server}"
    trusted = {"issuer": "https://id.partner.example", "use": "ID_JAG", "jwksUri": "https://id.partner.example/keys"}
    issuer = stack.made(f"{at}/trustedIssuers", trusted)["id"]
    asked = f"{home}/preview?client_id={service['client']}&grant_type=client_credentials&scope="
    return {
        "overview": "/console",
        "servers": "/console/servers",
        "server-new": "/console/servers/new",
        "server": home,
        "scopes": f"{home}/scopes",
        "claim": f"{home}/claims/{claim_id}",
        "policies": f"{home}/policies",
        "policy": f"{home}/policies/{policy}",
        "rules": f"{home}/policies/{policy}/rules",
        "rule": f"{home}/policies/{policy}/rules/{rule}",
        "keys": f"{home}/keys",
        "preview-granted": f"{asked}orders:read",
        "preview-refused": f"{asked}orders:write",
        "security": f"{home}/security",
        "server-analysis": f"{home}/analysis",
        "issuers": f"{home}/trusted-issuers",
        "issuer-new": f"{home}/trusted-issuers/new/people",
        "issuer": f"{home}/trusted-issuers/{issuer}",
        "self-service": "/console/self-service",
        "server-delete": f"{home}/delete",
        "apps": "/console/apps",
        "app-kinds": "/console/apps/new",
        "app": f"/console/apps/{web['id']}",
        "app-secrets": f"/console/apps/{web['id']}/secrets",
        "app-people": f"/console/apps/{web['id']}/users/new",
        "people": "/console/users",
        "person": f"/console/users/{people[0]}",
        "groups": "/console/groups",
        "group-people": f"/console/groups/{group}/users",
        "attributes": "/console/types",
        "sign-on-policies": "/console/policies",
        "sign-on-analysis": "/console/analysis",
        "sign-on-trial": f"/console/explain?user={people[0]}",
        "zone": f"/console/zones/{zone}",
        "authenticators": "/console/authenticators",
        "administrators": "/console/administrators",
        "provider-new": "/console/idps/new/oidc",
        "group-rule-new": "/console/group-rules/new",
        "inline-hook-new": "/console/inline-hooks/new/http",
        "event-hook-new": "/console/event-hooks/new",
        "log": "/console/log",
        "usage": "/console/usage",
    }


def _person(stack: Running, name: str, group: str) -> str:
    first, last = name.split()
    login = f"{first}.{last}@example.com".lower()
    profile = {"login": login, "email": login, "firstName": first, "lastName": last, "department": "Logistics"}
    body = {"profile": profile, "credentials": {"password": {"value": ADMINISTRATOR_PASSWORD}}, "groupIds": [group]}
    return str(stack.made("/api/v1/users?activate=true", body)["id"])


def _app(stack: Running, label: str, kind: str, grants: list[str]) -> dict[str, str]:
    people = "authorization_code" in grants
    client: dict[str, Any] = {"application_type": kind, "grant_types": grants}
    client["response_types"] = ["code"] if people else ["token"]
    if people:
        client["redirect_uris"] = ["https://office.example.com/callback"]
    credentials = {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}}
    body = {"name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT", "credentials": credentials}
    made = stack.made("/api/v1/apps", body | {"settings": {"oauthClient": client}})
    own = made["credentials"]["oauthClient"]
    return {"id": made["id"], "client": own["client_id"], "secret": own["client_secret"]}


def _policy(stack: Running, at: str, name: str, client: str) -> str:
    conditions = {"clients": {"include": [client]}}
    return str(stack.made(f"{at}/policies", {"name": name, "description": name, "conditions": conditions})["id"])


def _rule(stack: Running, at: str, policy: str, name: str, grants: list[str], scopes: list[str], *groups: str) -> str:
    conditions: dict[str, Any] = {"grantTypes": {"include": grants}, "scopes": {"include": scopes}}
    if groups:
        conditions["people"] = {"groups": {"include": groups}}
    return str(stack.made(f"{at}/policies/{policy}/rules", {"name": name, "conditions": conditions})["id"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ["pictures"]))
