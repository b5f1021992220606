"""What the plans need of a deployment: a server that gives people everything, clients, and one person."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

LOGIN, PASSWORD = "maria.conformance@example.org", "Correct-Horse-7"
#: Between two looks for clients that were registered.
_LOOK_SECONDS = 0.05
CIBA = "urn:openid:params:grant-type:ciba"
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
            "grantTypes": {"include": ["authorization_code", "implicit", "client_credentials", CIBA]},
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

    def registrar(self) -> str:
        """An access token that lets the suite register clients (RFC 7591 §3): an administrator's, by OAuth."""
        private = ec.generate_private_key(ec.SECP256R1())
        jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "k1", "use": "sig", "alg": "ES256"}
        settings = {"application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"]}
        app = {
            "label": f"conformance {uuid.uuid4()}",
            "name": "oidc_client",
            "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
            "settings": {"oauthClient": settings | {"jwks": {"keys": [jwk]}}},
        }
        client_id, scope = self.call("POST", "/api/v1/apps", app)["id"], "okta.clients.register"
        self.call("POST", f"/api/v1/apps/{client_id}/grants", {"issuer": self.url, "scopeId": scope})
        endpoint = f"{self.url}/oauth2/v1/token"
        claims = {"iss": client_id, "sub": client_id, "aud": endpoint, "exp": int(time.time()) + 60}
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, private, "ES256", {"kid": "k1"}),
        }
        answer = requests.post(endpoint, data=form, timeout=60, verify=False)  # noqa: S501 - a certificate of one's own
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    @contextmanager
    def assigning(self) -> Iterator[None]:
        """Meanwhile everybody may use whatever client is registered: nobody is assigned to one at first."""
        over = threading.Event()
        everyone = self.call("GET", "/api/v1/groups?q=Everyone")[0]["id"]
        latest = max(app["id"] for app in self.call("GET", "/api/v1/apps?limit=200"))

        def assign() -> None:
            nonlocal latest
            while not over.wait(_LOOK_SECONDS):
                with suppress(RuntimeError):  # the suite deletes what it registered, and the deployment has brakes
                    for app in self.call("GET", f"/api/v1/apps?limit=200&after={latest}"):
                        latest = app["id"]
                        self.call("PUT", f"/api/v1/apps/{latest}/groups/{everyone}", {})

        watcher = threading.Thread(target=assign, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(60)

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
