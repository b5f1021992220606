"""Token exchange through the deployed functions: a person's token, and services that act with it."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from authmint.clock import SystemClock

from tests.functions.deployment import Functions, form_event
from tests.functions.sign_ins import People
from tests.support.outside import Issuer
from tests.support.people import CALLBACK, query_of

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NUMBERS = itertools.count()
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_AUDIENCE = "api://s"


@dataclass(frozen=True, repr=False)
class Service:
    """A service that may act for others at a server."""

    functions: Functions
    server: str
    client: str
    secret: str

    def form(self, function: str, path: str, **fields: str) -> dict[str, Any]:
        """A form POST of the service; the answer as API Gateway gets it."""
        event = form_event(path, self.server, urlencode(fields), self.client, self.secret)
        return self.functions.http(function, event)

    def own(self) -> str:
        """A token of its own."""
        return _token(self.form("token", "token", grant_type="client_credentials", scope="a"))

    def exchange(self, token: str) -> dict[str, Any]:
        """Ask for one on behalf of whom another one is of."""
        fields = {"subject_token": token, "subject_token_type": _ACCESS_TOKEN, "audience": _AUDIENCE, "scope": "a"}
        return self.form("token", "token", grant_type=EXCHANGE, **fields)

    def exchanged(self, token: str) -> str:
        """The same, where it is sure to be given."""
        return _token(self.exchange(token))

    def introspect(self, token: str) -> dict[str, Any]:
        """Ask for the state of one."""
        return self.form("token_status", "introspect", token=token)

    def lives(self, token: str) -> bool:
        """Whether it is active."""
        active: bool = json.loads(self.introspect(token)["body"])["active"]
        return active


def service_at(functions: Functions, server: str) -> Service:
    """A new service, and a rule that lets it act for others."""
    base = f"/api/v1/authorizationServers/{server}"
    policy = functions.admin("GET", f"{base}/policies")[0]["id"]
    conditions = {"grantTypes": {"include": ["client_credentials", EXCHANGE, JWT_BEARER]}, "scopes": {"include": ["*"]}}
    functions.admin(
        "POST", f"{base}/policies/{policy}/rules", {"name": f"services {next(_NUMBERS)}", "conditions": conditions}
    )
    body: dict[str, Any] = {"client_name": f"acting {next(_NUMBERS)}", "application_type": "service"}
    body |= {"grant_types": ["client_credentials", EXCHANGE, JWT_BEARER]}
    made = functions.admin("POST", "/oauth2/v1/clients", body)
    return Service(functions, server, made["client_id"], made["client_secret"])


def every_exchange(functions: Functions, server: str, persons: str) -> None:
    """A person's token and the service's own are exchanged, and so is what comes of that; one is revoked."""
    service = service_at(functions, server)
    for token in (persons, service.own()):
        first = service.exchanged(token)
        assert service.lives(service.exchanged(first))
    assert service.form("token_status", "revoke", token=token)["statusCode"] == 200
    assert not service.lives(first)
    headers = {"authorization": f"Bearer {service.exchanged(persons)}"}
    event = form_event("userinfo", server, "", "", "")
    assert functions.http("token_status", event | {"headers": event["headers"] | headers})["statusCode"] == 403


def asserting_at(service: Service, user_id: str) -> Callable[[], dict[str, Any]]:
    """An issuer that the service's server trusts; sends a new assertion of the user each time."""
    functions, idp = service.functions, Issuer(f"https://idp-{service.server.lower()}.example")
    base = f"/api/v1/authorizationServers/{service.server}"
    entry = {"issuer": idp.url, "use": "ID_JAG", "jwks": {"keys": [idp.jwk]}}
    made = functions.admin("POST", f"{base}/trustedIssuers", entry)["id"]
    functions.admin("POST", f"{base}/trustedIssuers/{made}/subjects", {"sub": "u-1", "userId": user_id})
    issuer = functions.admin("GET", base)["issuer"]

    def redeem() -> dict[str, Any]:
        now = SystemClock().now()
        said = {"sub": "u-1", "aud": issuer, "client_id": service.client, "scope": "a", "iat": now, "exp": now + 60}
        assertion = idp.token({"typ": "oauth-id-jag+jwt"}, **said)
        return service.form("token", "token", grant_type=JWT_BEARER, assertion=assertion)

    return redeem


def every_assertion(functions: Functions, server: str, user_id: str) -> None:
    """An issuer outside is trusted, somebody is linked, an assertion is redeemed; and all of it goes again."""
    service = service_at(functions, server)
    assert service.lives(_token(asserting_at(service, user_id)()))
    base = f"/api/v1/authorizationServers/{server}/trustedIssuers"
    (made,) = functions.admin("GET", base)
    functions.admin("PUT", f"{base}/{made['id']}", made | {"scopeParameter": "NARROW"})
    (subject,) = functions.admin("GET", f"{base}/{made['id']}/subjects")
    functions.admin("GET", f"{base}/{made['id']}/subjects/{subject['id']}")
    functions.admin("DELETE", f"{base}/{made['id']}/subjects/{subject['id']}")
    functions.admin("POST", f"{base}/{made['id']}/subjects", {"sub": "u-2", "userId": user_id})
    functions.admin("DELETE", f"{base}/{made['id']}")
    for grant in (False, True):
        assert workload_at(functions, server, grant=grant)()["statusCode"] == 200
        (made,) = functions.admin("GET", base)
        functions.admin("DELETE", f"{base}/{made['id']}")


def _token(answer: dict[str, Any]) -> str:
    assert answer["statusCode"] == 200, answer
    token: str = json.loads(answer["body"])["access_token"]
    return token


def workload_at(functions: Functions, server: str, *, grant: bool = False) -> Callable[[], dict[str, Any]]:
    """A client that is bound to a workload of a platform; asks for a token with a new one of the platform each time.

    ``grant``: the platform's token is all that it sends.
    """
    platform = Issuer("https://token.actions.githubusercontent.com")
    base = f"/api/v1/authorizationServers/{server}"
    issuer = functions.admin("GET", base)["issuer"]
    body: dict[str, Any] = {"client_name": f"job {next(_NUMBERS)}", "application_type": "service"}
    body |= {"grant_types": ["client_credentials", JWT_BEARER]}
    body |= {"token_endpoint_auth_method": "private_key_jwt"}
    body |= {"workload_bindings": [{"issuer": platform.url, "claims": {"repository_id": "1"}}]}
    client = functions.admin("POST", "/oauth2/v1/clients", body)["client_id"]
    entry = {"issuer": platform.url, "use": "WORKLOAD", "jwks": {"keys": [platform.jwk]}, "clientIds": [client]}
    functions.admin("POST", f"{base}/trustedIssuers", entry)
    settings = functions.admin("GET", f"{base}/security") | {"workloadIdentity": {"grant": grant}}
    functions.admin("PUT", f"{base}/security", settings)

    def ask() -> dict[str, Any]:
        now = SystemClock().now()
        token = platform.token(aud=issuer, repository_id="1", iat=now, exp=now + 300)
        if grant:
            fields = {"grant_type": JWT_BEARER, "scope": "a", "assertion": token}
        else:
            fields = {"grant_type": "client_credentials", "scope": "a", "client_id": client, "client_assertion": token}
            fields["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        event = form_event("token", server, urlencode(fields), "", "")
        event["headers"].pop("authorization")
        return functions.http("token", event)

    return ask


def asserted_at(people: People) -> Callable[[], dict[str, Any]]:
    """An app that Maria signs in to at the org server; asks what another server shall know of her, time and again.

    It is told of ends of sessions, so that its ID tokens name one.
    """
    functions = people.functions
    audience = functions.admin("GET", f"/api/v1/authorizationServers/{people.server}")["issuer"]
    body: dict[str, Any] = {
        "client_name": f"wiki {next(_NUMBERS)}",
        "application_type": "web",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", EXCHANGE],
        "response_types": ["code"],
        "backchannel_logout_uri": "https://app.example.com/out",
        "app_connections": [{"audience": audience, "client_id": "wiki", "scopes": ["a"]}],
    }
    client = functions.admin("POST", "/oauth2/v1/clients", body)
    everyone = functions.admin("GET", "/api/v1/groups?q=Everyone")[0]["id"]
    functions.admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/{everyone}", {})

    def sent(**fields: str) -> dict[str, Any]:
        event = form_event("token", "", urlencode(fields), client["client_id"], client["client_secret"])
        return functions.http("token", event | {"rawPath": "/oauth2/v1/token", "pathParameters": {}})

    query = {"client_id": client["client_id"], "redirect_uri": CALLBACK, "response_type": "code", "state": "s"}
    back, page = people.follow(people.visit("GET", f"/oauth2/v1/authorize?{urlencode(query | {'scope': 'openid'})}"))
    assert not page, page
    code = {"grant_type": "authorization_code", "code": query_of(back)["code"], "redirect_uri": CALLBACK}
    token = json.loads(sent(**code)["body"])["id_token"]
    types = "urn:ietf:params:oauth:token-type:"
    asked = {"subject_token": token, "subject_token_type": f"{types}id_token", "audience": audience}
    return lambda: sent(grant_type=EXCHANGE, requested_token_type=f"{types}id-jag", **asked)
