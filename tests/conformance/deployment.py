"""What the plans need of a deployment: a server that gives people everything, clients, and one person."""

import uuid
from dataclasses import dataclass
from typing import Any

import requests

LOGIN, PASSWORD = "maria.conformance@example.org", "Correct-Horse-7"
AUDIENCE = "https://orders.example.org"
SCOPES = ("orders:read", "orders:write")
_PROFILE = {
    "login": LOGIN,
    "email": LOGIN,
    "firstName": "Maria",
    "lastName": "Lopez",
    "middleName": "Pilar",
    "nickName": "Mari",
    "displayName": "Maria Lopez",
    "profileUrl": "https://example.org/maria",
    "locale": "en_US",
    "timezone": "Europe/Madrid",
    "primaryPhone": "+34 600 000 000",
    "streetAddress": "Calle Mayor 1",
    "city": "Madrid",
    "state": "Madrid",
    "zipCode": "28001",
    "countryCode": "ES",
}


@dataclass(frozen=True)
class Deployment:
    """Where authmint runs, and the token of an administrator."""

    url: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the management API."""
        headers = {"Authorization": f"SSWS {self.token}"}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=60, verify=False)  # noqa: S501 - a certificate of one's own
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def server(self, algorithm: str = "RS256", **security: Any) -> str:
        """The issuer of a new server with a policy for all clients and all people."""
        asked = {
            "name": f"conformance {uuid.uuid4()}",
            "audiences": [AUDIENCE],
            "credentials": {"signing": {"alg": algorithm}},
        }
        made = self.call("POST", "/api/v1/authorizationServers", asked)
        base = f"/api/v1/authorizationServers/{made['id']}"
        for scope in SCOPES:
            self.call("POST", f"{base}/scopes", {"name": scope, "consent": "FLEXIBLE"})
        everyone = {"clients": {"include": ["ALL_CLIENTS"]}}
        policy = self.call("POST", f"{base}/policies", {"name": "all", "conditions": everyone})
        conditions = {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code", "implicit", "client_credentials"]},
            "scopes": {"include": ["*"]},
        }
        self.call("POST", f"{base}/policies/{policy['id']}/rules", {"name": "all", "conditions": conditions})
        if security:
            self.call("PUT", f"{base}/security", security)
        return str(made["issuer"])

    def rotate(self, issuer: str) -> None:
        """Have another key sign."""
        path = f"/api/v1/authorizationServers/{issuer.rpartition('/')[2]}/credentials/lifecycle/keyRotate"
        self.call("POST", path, {"use": "sig"})

    def person(self) -> None:
        """The person who signs in; made where there is none."""
        if not self.call("GET", f'/api/v1/users?search=profile.login eq "{LOGIN}"'):
            user = {"profile": _PROFILE, "credentials": {"password": {"value": PASSWORD}}}
            self.call("POST", "/api/v1/users?activate=true", user)

    def client(self, method: str, settings: dict[str, Any]) -> dict[str, str]:
        """A client that everybody may use, as the suite wants to read it."""
        app = {
            "label": f"conformance {uuid.uuid4()}",
            "name": "oidc_client",
            "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": method}},
            "settings": {"oauthClient": {"application_type": "web", "consent_method": "TRUSTED"} | settings},
        }
        made = self.call("POST", "/api/v1/apps", app)
        everyone = self.call("GET", "/api/v1/groups?q=Everyone")[0]["id"]
        self.call("PUT", f"/api/v1/apps/{made['id']}/groups/{everyone}", {})
        credentials = made["credentials"]["oauthClient"]
        return {name: credentials[name] for name in ("client_id", "client_secret") if name in credentials}
