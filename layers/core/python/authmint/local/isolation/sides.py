"""The two sides of the check: a server each, with a client, scope, claim, policy, rule and token of its own."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ..remote import Remote, RemoteFailed

SERVERS: Final = "/api/v1/authorizationServers"
CLIENTS: Final = "/oauth2/v1/clients"


class CannotCheck(Exception):
    """The check itself does not work here, so it would prove nothing. The message says why."""


@dataclass(frozen=True, repr=False)
class Credential:
    """A client and its secret."""

    id: str
    secret: str


@dataclass(frozen=True, repr=False)
class Side:
    """One server and what it has. Without ``repr``: it holds secrets.

    Attributes:
        made: The server is of the check's own making, so nobody else's policies let clients in.
        shared: Name of a scope that both servers have.
        children: Id of one object of each kind below the server.
        hmac: A client that authenticates by assertions.
    """

    name: str
    server_id: str
    issuer: str
    made: bool
    scope: str
    shared: str
    children: dict[str, str]
    rule: str
    client: Credential
    hmac: Credential
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
        yield (
            _side(remote, "A", mark, None if taken is None else taken[0], undo.append),
            _side(remote, "B", mark, None if taken is None else taken[1], undo.append),
        )
    finally:
        left = [path for path in reversed(undo) if not _deleted(remote, path)]
        if left:
            raise CannotCheck(f"left behind, delete by hand: {', '.join(left)}")


def _deleted(remote: Remote, path: str) -> bool:
    try:
        return remote.admin_answer("DELETE", path).status in {204, 404}
    except RemoteFailed:
        return False


def _side(remote: Remote, name: str, mark: str, taken: str | None, undo: Callable[[str], None]) -> Side:
    label = f"isolation-check {mark} {name}"
    if taken is None:
        body = {"name": label, "audiences": [f"isolation:{mark}:{name}"]}
        server = remote.admin("POST", SERVERS, body | {"credentials": {"signing": {"alg": "ES256"}}})
        undo(f"{SERVERS}/{server['id']}")
    else:
        server = remote.admin("GET", f"{SERVERS}/{taken}")
    client, hmac = (_client(remote, f"{label} {method}", method, undo) for method in _METHODS)
    path = f"{SERVERS}/{server['id']}"

    def child(kind: str, body: Any) -> str:
        made: str = remote.admin("POST", f"{path}/{kind}", body)["id"]
        undo(f"{path}/{kind}/{made}")
        return made

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
        "policies": child(
            "policies",
            {"name": label, "priority": 1, "conditions": {"clients": {"include": [client.id, hmac.id]}}},
        ),
    }
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    rule = child(f"policies/{children['policies']}/rules", {"name": label, "conditions": conditions})
    children["credentials/keys"] = server["credentials"]["signing"]["kid"]
    issuer = server["issuer"]
    token = _token(remote, issuer, scope, client)
    return Side(name, server["id"], issuer, taken is None, scope, shared, children, rule, client, hmac, token)


_METHODS: Final = ("client_secret_basic", "client_secret_jwt")


def _client(remote: Remote, label: str, method: str, undo: Callable[[str], None]) -> Credential:
    body = {
        "client_name": label,
        "application_type": "service",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": method,
    }
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
