"""Sign-ins where a rule asks how unusual they are, and zones that are blocked, event by event."""

from typing import Any
from urllib.parse import urlencode

from authmint.management.mail.brands import BRAND

from tests.functions.deployment import form_event
from tests.functions.sign_ins import People
from tests.support.people import LOGIN

EVERYONE = "00gAuthmintEveryone0"
HOME, ABROAD = "198.51.100.7", "203.0.113.9"


def every_unusual_flow(people: People) -> None:
    """Maria signs in where her history counts; somebody guesses; a zone is made, blocked and taken away."""
    admin = people.functions.admin
    zone = {"type": "IP", "name": "home", "gateways": [{"type": "CIDR", "value": f"{HOME}/32"}]}
    home = admin("POST", "/api/v1/zones", zone)
    policy = admin("POST", "/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": "watched"})["id"]
    rules = f"/api/v1/policies/{policy}/rules"
    conditions: dict[str, Any] = {"riskScore": {"level": "HIGH"}, "risk": {"behaviors": ["bhvAuthmintDevice000"]}}
    network = {"connection": "ZONE", "include": [home["id"]]}
    admin("POST", rules, {"name": "unusual", "conditions": {**conditions, "network": network}})
    admin("POST", rules, {"name": "all"})
    admin("PUT", f"/api/v1/brands/{BRAND}/templates/email/NewSignOnNotification/settings", {"recipients": "ALL_USERS"})
    people.cookies.clear()
    people.sign_in()
    people.json("POST", "/api/v1/authn", {"username": LOGIN, "password": "wrong"})
    people.cookies.clear()
    people.sign_in()
    _by_password(people)
    admin("GET", "/api/v1/behaviors")
    admin("PUT", f"/api/v1/users/{people.user}/risk", {"riskLevel": "LOW"})
    admin("POST", f"/api/v1/users/{people.user}/behaviors/reset")
    admin("POST", "/api/v1/threats/configuration", {"action": "audit"})
    admin("POST", "/api/v1/behaviors", {"name": "fast", "type": "VELOCITY", "settings": {}})
    admin("DELETE", f"/api/v1/policies/{policy}")
    admin("POST", f"/api/v1/zones/{home['id']}/lifecycle/deactivate")
    admin("DELETE", f"/api/v1/zones/{home['id']}")
    _locked(people)


def _locked(people: People) -> None:
    """Somebody guesses until Maria is locked, here and at a client, and she is mailed each time."""
    admin = people.functions.admin
    lockout = {"maxAttempts": 1, "userLockoutNotificationChannels": ["EMAIL"]}
    everybody = {"people": {"groups": {"include": [EVERYONE]}}}
    policy = admin(
        "POST",
        "/api/v1/policies",
        {"type": "PASSWORD", "name": "strict", "conditions": everybody, "settings": {"password": {"lockout": lockout}}},
    )["id"]
    access = {name: {"access": "ALLOW"} for name in ("passwordChange", "selfServicePasswordReset", "selfServiceUnlock")}
    admin("POST", f"/api/v1/policies/{policy}/rules", {"type": "PASSWORD", "name": "all", "actions": access})
    people.json("POST", "/api/v1/authn", {"username": LOGIN, "password": "wrong"})
    admin("POST", f"/api/v1/users/{people.user}/lifecycle/unlock")
    people.functions.http("token", _with_password(people, "wrong"))
    admin("POST", f"/api/v1/users/{people.user}/lifecycle/unlock")
    admin("DELETE", f"/api/v1/policies/{policy}")


def _by_password(people: People) -> None:
    """A client that was told Maria's password: she can be asked for nothing more there."""
    assert people.functions.http("token", _with_password(people, people.password))["statusCode"] == 200


def _with_password(people: People, password: str) -> dict[str, Any]:
    app = {
        "label": f"told {password}",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "native", "grant_types": ["password"]}},
    }
    client = people.functions.admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    people.functions.admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/{EVERYONE}", {})
    form = urlencode({"grant_type": "password", "username": LOGIN, "password": password, "scope": "openid"})
    return form_event("token", people.server, form, client["client_id"], client["client_secret"])
