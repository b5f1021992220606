"""An org of the compatible product, as far as an import reads one: shapes of its answers, made up content."""

from typing import Any
from urllib.parse import urlsplit

from authmint.cli.remote import Remote

URL = "https://acme.example.org"
_NONE: dict[str, Any] = {}
_BASE: dict[str, dict[str, Any]] = {
    name: {"title": name, "type": "string", "mutability": "READ_WRITE", "scope": "NONE",
           "permissions": [{"principal": "SELF", "action": "READ_WRITE"}], "master": {"type": "PROFILE_MASTER"}}
    for name in ("login", "email", "firstName", "lastName", "nickName")
}  # fmt: skip
_BASE |= {name: _BASE[name] | {"required": True} for name in ("login", "email")}


def _link(path: str) -> dict[str, Any]:
    return {"href": f"{URL}{path}", "hints": {"allow": ["GET"]}}


def _id(prefix: str, number: int) -> str:
    return f"{prefix}{number:013d}5d7x"


GROUPS = {
    name: _id("00g", number) for number, name in enumerate(("Everyone", "Sales", "From AD", "Okta Administrators"))
}
USERS = {login: _id("00u", number) for number, login in enumerate(("ann@example.com", "bob@example.com"))}
WEB, SERVICE, SAML, CATALOGUE = (_id("0oa", number) for number in range(4))
TYPE, ZONE, DEVICE_ZONE = _id("oty", 1), _id("nzo", 1), _id("nzo", 2)
SIGN_ON, ADMIN, DEFAULT_ACCESS, POST_AUTH = _id("00p", 1), _id("rst", 1), _id("rst", 2), _id("00p", 9)
SERVER, AUTHENTICATOR = _id("aus", 1), _id("aut", 1)


def _oidc(app_id: str, label: str, *, client: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": app_id,
        "orn": f"orn:okta:idp:00o1:apps:oidc_client:{app_id}",
        "name": "oidc_client",
        "label": label,
        "status": "ACTIVE",
        "created": "2026-03-02T09:20:00.000Z",
        "lastUpdated": "2026-03-02T09:20:00.000Z",
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {"autoLaunch": False, "autoSubmitToolbar": False, "hide": {"iOS": True, "web": True},
                       "appLinks": {"oidc_client_link": True}},
        "features": [],
        "signOnMode": "OPENID_CONNECT",
        "credentials": {
            "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
            "signing": {"kid": "a-key"},
            "oauthClient": {"autoKeyRotation": True, "client_id": app_id} | client,
        },
        "universalLogout": None,
        "settings": {
            "app": {},
            "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}},
            "manualProvisioning": False,
            "implicitAssignment": False,
            "emOptInStatus": "NONE",
            "notes": {"admin": None, "enduser": None},
            "oauthClient": {"client_uri": None, "logo_uri": None, "consent_method": "TRUSTED", "issuer_mode": "ORG_URL",
                            "idp_initiated_login": {"mode": "DISABLED", "default_scope": []},
                            "wildcard_redirect": "DISABLED", "dpop_bound_access_tokens": False,
                            "participate_slo": False} | settings,
        },
        "_links": {"accessPolicy": _link(f"/api/v1/policies/{DEFAULT_ACCESS}")},
    }  # fmt: skip


def _user(login: str, **more: Any) -> dict[str, Any]:
    profile = {"firstName": login[:3], "lastName": "Lee", "mobilePhone": None, "secondEmail": None, "login": login,
               "email": login}  # fmt: skip
    return {
        "id": USERS[login],
        "status": "ACTIVE",
        "type": {"id": TYPE},
        "profile": profile,
        "credentials": {"password": {}, "emails": [{"value": login, "status": "VERIFIED", "type": "PRIMARY"}],
                        "provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": _link(f"/api/v1/users/{USERS[login]}")},
    } | more  # fmt: skip


def _group(name: str, kind: str) -> dict[str, Any]:
    return {
        "id": GROUPS[name],
        "objectClass": ["okta:user_group"],
        "type": kind,
        "profile": {"name": name, "description": None},
    }


def _policy(policy_id: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": policy_id, "status": "ACTIVE", "name": name, "description": name, "priority": 1, "system": False,
        "conditions": None, "type": kind,
    } | more  # fmt: skip


def _rule(rule_id: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": rule_id, "status": "ACTIVE", "name": name, "priority": 1, "system": False, "type": kind} | more


_ANYWHERE = {"network": {"connection": "ANYWHERE"}}
_TWO_FACTORS = {
    "appSignOn": {
        "access": "ALLOW",
        "verificationMethod": {"factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H",
                               "constraints": [{"possession": {"required": True, "deviceBound": "REQUIRED"}}]},
    }
}  # fmt: skip
_SCHEMA = {
    "definitions": {
        "custom": {"id": "#custom", "type": "object", "required": [], "properties": {
            "badge": _BASE["nickName"] | {"title": "Badge", "unique": "UNIQUE_VALIDATED"},
            "shaped": _BASE["nickName"] | {"title": "Shaped", "pattern": "[a-z]+"},
        }},
        "base": {"id": "#base", "type": "object", "required": ["login"], "properties": _BASE},
    }
}  # fmt: skip
_SIGN_ON_ACTIONS = {
    "signon": {"access": "ALLOW", "requireFactor": False, "primaryFactor": "PASSWORD_IDP_ANY_FACTOR",
               "rememberDeviceByDefault": False,
               "session": {"usePersistentCookie": False, "maxSessionIdleMinutes": 120,
                           "maxSessionLifetimeMinutes": 720}}
}  # fmt: skip
_POLICIES = {
    "OKTA_SIGN_ON": [_policy(SIGN_ON, "OKTA_SIGN_ON", "Sellers",
                             conditions={"people": {"groups": {"include": [GROUPS["Sales"]]}}})],
    "ACCESS_POLICY": [_policy(DEFAULT_ACCESS, "ACCESS_POLICY", "Any two factors", system=True),
                      _policy(ADMIN, "ACCESS_POLICY", "Okta Admin Console")],
    "POST_AUTH_SESSION": [_policy(POST_AUTH, "POST_AUTH_SESSION", "Identity threats")],
}  # fmt: skip
_RULES = {
    SIGN_ON: [_rule(_id("0pr", 1), "SIGN_ON", "Office", actions=_SIGN_ON_ACTIONS, conditions={
        "network": {"connection": "ZONE", "include": [ZONE]}, "people": {"users": {"exclude": []}},
        "authContext": {"authType": "ANY"}})],
    DEFAULT_ACCESS: [_rule(_id("rul", 1), "ACCESS_POLICY", "Catch-all Rule", system=True, priority=99,
                           conditions=None, actions=_TWO_FACTORS)],
    ADMIN: [_rule(_id("rul", 2), "ACCESS_POLICY", "Devices", priority=0, actions=_TWO_FACTORS,
                  conditions=_ANYWHERE | {"userType": {"include": [], "exclude": [_id("oty", 9)]}})],
}  # fmt: skip
_LISTS: dict[str, Any] = {
    "/api/v1/meta/types/user": [{"id": TYPE, "name": "user", "displayName": "User", "default": True,
                                 "_links": {"schema": _link(f"/api/v1/meta/schemas/user/{_id('osc', 1)}")}}],
    "/api/v1/groups": [_group("Everyone", "BUILT_IN"), _group("Sales", "OKTA_GROUP"), _group("From AD", "APP_GROUP"),
                       _group("Okta Administrators", "BUILT_IN")],
    f"/api/v1/groups/{GROUPS['Sales']}/users": [_user("ann@example.com")],
    f"/api/v1/groups/{GROUPS['From AD']}/users": [_user("bob@example.com")],
    "/api/v1/groups/rules": [
        {"type": "group_rule", "id": _id("0pr", 8), "status": "ACTIVE", "name": "Everywhere",
         "conditions": {"people": {"users": {"exclude": []}, "groups": {"exclude": []}},
                        "expression": {"value": "user.nickName == \"x\"", "type": "urn:okta:expression:1.0"}},
         "actions": {"assignUserToGroups": {"groupIds": [GROUPS["Sales"]]}}, "allGroupsValid": True},
        {"type": "group_rule", "id": _id("0pr", 7), "status": "INVALID", "name": "Broken",
         "conditions": {"expression": {"value": "user.gone == \"x\"", "type": "urn:okta:expression:1.0"}},
         "actions": {"assignUserToGroups": {"groupIds": [GROUPS["Sales"]]}}},
    ],
    "/api/v1/users": [_user("ann@example.com"),
                      _user("bob@example.com", credentials={"provider": {"type": "FEDERATION", "name": "FEDERATION"}})],
    "/api/v1/zones": [{"type": "IP", "id": ZONE, "name": "HQ", "status": "ACTIVE", "usage": "POLICY", "system": False,
                       "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}], "proxies": None},
                      {"type": "IP", "id": _id("nzo", 3), "name": "LegacyIpZone", "status": "ACTIVE", "usage": "POLICY",
                       "system": True, "gateways": None, "proxies": None}],
    "/api/v1/behaviors": [],
    "/api/v1/trustedOrigins": [],
    "/api/v1/authenticators": [
        {"type": "email", "id": _id("aut", 2), "key": "okta_email", "status": "ACTIVE", "name": "Email",
         "settings": {"allowedFor": "any", "tokenLifetimeInMinutes": 5}},
        {"type": "phone", "id": AUTHENTICATOR, "key": "phone_number", "status": "ACTIVE", "name": "Phone",
         "settings": {"allowedFor": "recovery"}},
    ],
    "/api/v1/inlineHooks": [],
    "/api/v1/eventHooks": [],
    "/api/v1/idps": [{"id": _id("0oa", 8), "type": "SAML2", "name": "Old partner", "status": "ACTIVE",
                      "protocol": {"type": "SAML2"}, "policy": _NONE}],
    "/api/v1/apps": [
        _oidc(WEB, "Site", client={"token_endpoint_auth_method": "client_secret_basic", "pkce_required": False},
              settings={"redirect_uris": ["https://a.example/cb"], "response_types": ["code"],
                        "grant_types": ["authorization_code"], "application_type": "web"}),
        _oidc(SERVICE, "Backchannel", client={"token_endpoint_auth_method": "client_secret_basic",
                                              "pkce_required": False},
              settings={"redirect_uris": ["https://b.example/cb"], "response_types": ["code"],
                        "grant_types": ["authorization_code"], "application_type": "web", "participate_slo": True}),
        {"id": SAML, "name": "acme_saml", "label": "Payroll", "status": "ACTIVE", "signOnMode": "SAML_2_0"},
        {"id": CATALOGUE, "name": "saasure", "label": "Okta Admin Console", "signOnMode": "OPENID_CONNECT"},
    ],
    f"/api/v1/apps/{WEB}/users": [{"id": USERS["ann@example.com"], "scope": "USER", "status": "PROVISIONED",
                                   "credentials": {"userName": "ann@example.com"},
                                   "profile": {"email": "ann@example.com"}},
                                  {"id": USERS["bob@example.com"], "scope": "GROUP", "profile": _NONE}],
    f"/api/v1/apps/{WEB}/groups": [{"id": GROUPS["Everyone"], "priority": 0, "profile": _NONE}],
    "/api/v1/authorizationServers": [{
        "id": SERVER, "name": "orders", "description": "Orders", "audiences": ["api://orders"],
        "issuer": f"{URL}/oauth2/{SERVER}", "issuerMode": "ORG_URL", "status": "ACTIVE",
        "credentials": {"signing": {"kid": "a", "rotationMode": "AUTO", "lastRotated": "2026-03-02T09:20:00.000Z"}}}],
    f"/api/v1/authorizationServers/{SERVER}/scopes": [{
        "id": _id("scp", 1), "name": "orders:read", "displayName": "Read", "description": None, "system": False,
        "metadataPublish": "NO_CLIENTS", "consent": "IMPLICIT", "optional": False, "default": True}],
    f"/api/v1/authorizationServers/{SERVER}/policies": [{
        "id": _id("00p", 5), "status": "ACTIVE", "name": "Payroll", "description": "p", "priority": 1, "system": False,
        "conditions": {"clients": {"include": [SAML]}}, "type": "OAUTH_AUTHORIZATION_POLICY"}],
    "/api/v1/logStreams": [{"id": "0oa1", "name": "To EventBridge", "type": "aws_eventbridge"}],
    "/api/v1/iam/roles": {"roles": [{"id": "cr01", "label": "Help desk"}]},
    "/api/v1/domains": {"domains": [{"id": "OcD1", "domain": "login.acme.example"}]},
    "/api/v1/brands": [{"id": "bnd1", "name": "Acme"}],
    "/api/v1/brands/bnd1/templates/email": [],
}  # fmt: skip


class ForeignOrg(Remote):
    """The org: lists in pages of one, and 404 for what it has none of."""

    def __init__(self) -> None:
        super().__init__(URL, "a-read-only-token")
        self.methods: set[str] = set()

    def admin_answer(self, method: str, path: str, body: Any = None) -> Any:
        from tests.cli.answers import answered

        self.methods.add(method)
        parts = urlsplit(path)
        return answered(self._found(parts.path, parts.query), URL, parts)

    def _found(self, path: str, query: str) -> Any:
        if path == "/api/v1/policies":
            kind = query.removeprefix("type=").partition("&")[0]
            return _POLICIES.get(kind)  # other types are refused
        if path.startswith("/api/v1/policies/"):
            return _RULES.get(path.split("/")[4], [])
        if path.startswith("/api/v1/meta/schemas/user/osc"):
            return _SCHEMA
        if path.startswith("/api/v1/meta/schemas/"):
            return {"definitions": {"custom": {"properties": {}}, "base": {"properties": {}}}}
        none = path.endswith(("/security", "/resources", "/metadataClients", "/credentials/secrets", "/idToken"))
        empty = path.startswith(("/api/v1/apps/", "/api/v1/authorizationServers/", "/api/v1/idps/", "/api/v1/mappings"))
        return None if none else _LISTS.get(path, [] if empty else None)
