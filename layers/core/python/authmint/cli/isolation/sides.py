"""The two sides of the check: a server each, with clients, a scope, resource, claim, policy, rule and token of its own.

One person is let in by both, and so are both sides' clients for people: what is refused to them, no policy refuses.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ...oauth.form import CIBA, TOKEN_EXCHANGE
from ..remote import Remote, RemoteFailed

SERVERS: Final = "/api/v1/authorizationServers"
CLIENTS: Final = "/oauth2/v1/clients"
USERS: Final = "/api/v1/users"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
#: Where clients for people wait for their answers: nobody is there.
CALLBACK: Final = "https://isolation-check.invalid/callback"
OTHER_CALLBACK: Final = "https://isolation-check.invalid/other"


class CannotCheck(Exception):
    """The check itself does not work here, so it would prove nothing. The message says why."""


@dataclass(frozen=True, repr=False)
class Credential:
    """A client and its secret."""

    id: str
    secret: str


@dataclass(frozen=True, repr=False)
class Person:
    """Somebody who can sign in."""

    id: str
    login: str
    password: str


@dataclass(frozen=True, repr=False)
class Side:
    """One server and what it has. Without ``repr``: it holds secrets.

    Attributes:
        made: The server is of the check's own making, so nobody else's policies let clients in.
        audience: Of its tokens.
        shared: Name of a scope that both servers have.
        resource: URI of what its tokens can be for. Only servers that the check made are told to take it.
        children: Id of one object of each kind below the server.
        hmac: A client that authenticates by assertions.
        app: A client for people. Both servers let it in.
        centre: One that asks them without their browser. So do they.
        person: Who signs in, at both servers.
    """

    name: str
    server_id: str
    issuer: str
    audience: str
    made: bool
    scope: str
    shared: str
    resource: str
    children: dict[str, str]
    rule: str
    client: Credential
    hmac: Credential
    app: Credential
    centre: Credential
    person: Person
    token: str

    @property
    def path(self) -> str:
        """Of the server in the management API."""
        return f"{SERVERS}/{self.server_id}"

    def endpoint(self, remote: Remote, name: str) -> str:
        """Path of a protocol endpoint."""
        return f"{self.issuer.removeprefix(remote.url)}/v1/{name}"


@contextmanager
def two_sides(remote: Remote, taken: tuple[str, str] | None) -> Iterator[tuple[Side, Side]]:
    """Both sides; what was made for them is deleted at the end, whatever happens.

    Args:
        remote: The deployment.
        taken: Ids of servers to use as they are; ``None``: two are made.

    Raises:
        CannotCheck: Something could not be made, or not deleted again.
        RemoteFailed: The deployment does not answer.
    """
    undo: list[str] = []
    mark = secrets.token_hex(4)
    try:
        person = _person(remote, mark, undo.append)
        sides = (
            _side(remote, "A", mark, None if taken is None else taken[0], person, undo.append),
            _side(remote, "B", mark, None if taken is None else taken[1], person, undo.append),
        )
        for side in sides:
            clients = [one.id for other in sides for one in (other.app, other.centre)]
            _let_in(remote, side, clients, f"isolation-check {mark} people", undo.append)
        yield sides
    finally:
        left = dict.fromkeys(path for path in reversed(undo) if not _deleted(remote, path))
        if left:
            raise CannotCheck(f"left behind, delete by hand: {', '.join(left)}")


def _deleted(remote: Remote, path: str) -> bool:
    try:
        return remote.admin_answer("DELETE", path).status in {204, 404}
    except RemoteFailed:
        return False


def _person(remote: Remote, mark: str, undo: Callable[[str], None]) -> Person:
    login, password = f"isolation-check-{mark}@example.com", f"Aa1-{secrets.token_urlsafe(24)}"
    profile = {"login": login, "email": login, "firstName": "Isolation", "lastName": "Check"}
    made = remote.admin(
        "POST", f"{USERS}?activate=true", {"profile": profile, "credentials": {"password": {"value": password}}}
    )
    for _ in ("deactivate", "delete"):
        undo(f"{USERS}/{made['id']}")
    return Person(made["id"], login, password)


def _let_in(remote: Remote, side: Side, clients: list[str], label: str, undo: Callable[[str], None]) -> None:
    """The person may use these clients at a side."""
    policies = f"{side.path}/policies"
    body = {"name": label, "priority": 1, "conditions": {"clients": {"include": clients}}}
    policy = f"{policies}/{remote.admin('POST', policies, body)['id']}"
    undo(policy)
    conditions = {
        "people": {"users": {"include": [side.person.id]}},
        "grantTypes": {"include": ["authorization_code", DEVICE, CIBA]},
        "scopes": {"include": ["*"]},
    }
    remote.admin("POST", f"{policy}/rules", {"name": label, "conditions": conditions})


def _side(remote: Remote, name: str, mark: str, taken: str | None, person: Person, undo: Callable[[str], None]) -> Side:
    label = f"isolation-check {mark} {name}"
    if taken is None:
        body = {"name": label, "audiences": [f"isolation:{mark}:{name}"]}
        server = remote.admin("POST", SERVERS, body | {"credentials": {"signing": {"alg": "ES256"}}})
        undo(f"{SERVERS}/{server['id']}")
    else:
        server = remote.admin("GET", f"{SERVERS}/{taken}")
    client, hmac = (_client(remote, f"{label} {method}", method, undo) for method in _METHODS)
    app = _app(remote, f"{label} for people", person, undo)
    centre = _centre(remote, f"{label} that asks people", person, undo)
    path = f"{SERVERS}/{server['id']}"

    def child(kind: str, body: Any) -> str:
        made: str = remote.admin("POST", f"{path}/{kind}", body)["id"]
        undo(f"{path}/{kind}/{made}")
        return made

    resource = f"https://isolation-check.invalid/{mark}/{name.lower()}"
    if taken is None:
        strangers = {"metadataDocuments": "LISTED", "dynamic": "TOKEN", "scopes": ["openid"]}
        settings = {"resourceIndicators": "ON", "statusList": True, "clientRegistration": strangers}
        remote.admin("PUT", f"{path}/security", settings)
    scope, shared = f"isolation.{mark}.{name.lower()}", f"isolation.{mark}.shared"
    child("scopes", {"name": shared})
    children = {
        "scopes": child("scopes", {"name": scope}),
        "claims": child(
            "claims",
            {
                "name": f"isolation_{mark}_{name.lower()}",
                "claimType": "RESOURCE",
                "valueType": "EXPRESSION",
                "value": f'"{name}"',
                "conditions": {"scopes": [scope]},
            },
        ),
        "resources": child("resources", {"resource": resource, "scopes": [scope]}),
        "trustedIssuers": child(
            "trustedIssuers",
            {"issuer": f"{resource}/issuer", "use": "ID_JAG", "jwksUri": f"{resource}/keys"},
        ),
        "policies": child(
            "policies",
            {"name": label, "priority": 1, "conditions": {"clients": {"include": [client.id, hmac.id]}}},
        ),
    }
    conditions = {"grantTypes": {"include": ["client_credentials", TOKEN_EXCHANGE]}, "scopes": {"include": ["*"]}}
    rule = child(f"policies/{children['policies']}/rules", {"name": label, "conditions": conditions})
    children["credentials/keys"] = server["credentials"]["signing"]["kid"]
    issuer = server["issuer"]
    token = _token(remote, issuer, scope, client)
    made = taken is None
    return Side(
        name=name,
        server_id=server["id"],
        issuer=issuer,
        audience=server["audiences"][0],
        made=made,
        scope=scope,
        shared=shared,
        resource=resource,
        children=children,
        rule=rule,
        client=client,
        hmac=hmac,
        app=app,
        centre=centre,
        person=person,
        token=token,
    )


_METHODS: Final = ("client_secret_basic", "client_secret_jwt")


def _client(remote: Remote, label: str, method: str, undo: Callable[[str], None]) -> Credential:
    body = {
        "client_name": label,
        "application_type": "service",
        "grant_types": ["client_credentials", TOKEN_EXCHANGE],
        "token_endpoint_auth_method": method,
    }
    return _registered(remote, body, undo)


def _app(remote: Remote, label: str, person: Person, undo: Callable[[str], None]) -> Credential:
    """A client whose refresh tokens die with their families when one is used twice."""
    body = {
        "client_name": label,
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token", DEVICE],
        "response_types": ["code"],
        "redirect_uris": [CALLBACK, OTHER_CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "refresh_token": {"rotation_type": "ROTATE", "leeway": 0},
        "consent_method": "TRUSTED",
    }
    app = _registered(remote, body, undo)
    remote.admin("POST", f"/api/v1/apps/{app.id}/users", {"id": person.id})
    return app


def _centre(remote: Remote, label: str, person: Person, undo: Callable[[str], None]) -> Credential:
    """A client that asks without a browser."""
    body = {
        "client_name": label,
        "application_type": "web",
        "grant_types": ["authorization_code", CIBA],
        "response_types": ["code"],
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "consent_method": "TRUSTED",
    }
    centre = _registered(remote, body, undo)
    remote.admin("POST", f"/api/v1/apps/{centre.id}/users", {"id": person.id})
    return centre


def _registered(remote: Remote, body: dict[str, Any], undo: Callable[[str], None]) -> Credential:
    made = remote.admin("POST", CLIENTS, body)
    undo(f"{CLIENTS}/{made['client_id']}")
    return Credential(made["client_id"], made["client_secret"])


def _token(remote: Remote, issuer: str, scope: str, client: Credential) -> str:
    fields = {"grant_type": "client_credentials", "scope": scope, "client_id": client.id}
    path = f"{issuer.removeprefix(remote.url)}/v1/token"
    answer = remote.form(path, fields, basic(client))
    if answer.status != 200:
        raise CannotCheck(f"{issuer} gave its own client no token: status {answer.status} {answer.body[:300]!r}")
    token: str = answer.json()["access_token"]
    return token


def basic(client: Credential) -> dict[str, str]:
    """The header of HTTP Basic."""
    import base64

    encoded = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    return {"authorization": f"Basic {encoded}"}
