"""A user's token, services that are called with it one after the other, and a second server that trusts the first."""

from dataclasses import replace
from typing import Any

from authmint.http import Response
from authmint.storage.clients import Client
from authmint.storage.servers import AuthorizationServer, Scope

from tests.oauth.code_flow import Flow, a_code_server
from tests.support.builders import BASE_URL, SERVER_ID, a_client, a_form, a_policy, a_rule, a_server, basic
from tests.support.fakes import decoded

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ORDERS = "api://orders"
LEDGER, LEDGER_AUDIENCE = "ausLEDGER", "https://ledger.example.com"
ISSUER, LEDGER_ISSUER = f"{BASE_URL}/oauth2/{SERVER_ID}", f"{BASE_URL}/oauth2/{LEDGER}"


def a_service(number: int, **changes: Any) -> Client:
    values: dict[str, Any] = {"id": f"0oaSVC{number}", "grant_types": ("client_credentials", EXCHANGE)}
    return a_client(**values | changes)


def an_orders_server(**changes: Any) -> AuthorizationServer:
    """Users by codes, and services on behalf of them for an hour; the scope ``orders:refund`` is for nobody."""
    server = a_code_server()
    people = replace(server.policies[0].rules[0], name="people")
    services = a_rule(
        id="0pr2", name="services", grant_types=("client_credentials", EXCHANGE), scopes=("orders:read", "orders:write")
    )
    scopes = (*server.scopes, Scope("scp2", "orders:write"), Scope("scp3", "orders:refund"))
    return replace(server, policies=(a_policy(people, services),), scopes=scopes, **changes)


def a_ledger_server(**changes: Any) -> AuthorizationServer:
    """Trusts the server of orders, and has scopes of its own."""
    values: dict[str, Any] = {
        "id": LEDGER,
        "audience": LEDGER_AUDIENCE,
        "associated": (SERVER_ID,),
        "scopes": (Scope("scp8", "ledger:read"), Scope("scp9", "orders:read")),
        "policies": (a_policy(a_rule(grant_types=(EXCHANGE,))),),
    }
    return a_server(**values | changes)


class Chain(Flow):
    """Six services and two servers."""

    def __init__(self, server: AuthorizationServer | None = None, ledger: AuthorizationServer | None = None) -> None:
        super().__init__(server or an_orders_server())
        self.storage.servers.add(ledger or a_ledger_server(), [])
        for number in range(1, 7):
            self.storage.clients.add(a_service(number), [])

    def exchange(
        self,
        subject: str,
        *,
        by: int | str = 1,
        at: str = SERVER_ID,
        headers: Any = None,
        resources: Any = (),
        **fields: str,
    ) -> Response:
        """Ask for a token on behalf of whoever another one is of; an empty value takes a parameter out."""
        form = {
            "grant_type": EXCHANGE,
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN,
            "audience": ORDERS if at == SERVER_ID else LEDGER_AUDIENCE,
            "scope": "orders:read",
        }
        form = {name: value for name, value in (form | fields).items() if value}
        client = by if isinstance(by, str) else f"0oaSVC{by}"
        sent = {**basic(client), **(headers or {})}
        return self.token(a_form(form, headers=sent, server_id=at, resources=resources))

    def exchanged(self, subject: str, **how: Any) -> str:
        """A token that is sure to be given."""
        answer = self.exchange(subject, **how)
        assert answer.status == 200, answer.body
        token: str = decoded(answer.body)["access_token"]
        return token

    def users(self, **changes: Any) -> str:
        """Ann's token for the app."""
        token: str = self.signed_in(**changes)["access_token"]
        return token

    def machines(self, number: int = 1) -> str:
        """A service's own token."""
        form = {"grant_type": "client_credentials", "scope": "orders:read"}
        token: str = decoded(self.token(a_form(form, headers=basic(f"0oaSVC{number}"))).body)["access_token"]
        return token

    def lives(self, token: str, *, at: str = SERVER_ID, by: int = 1) -> bool:
        """What introspection says of it."""
        request = a_form({"token": token}, headers=basic(f"0oaSVC{by}"), path="introspect", server_id=at)
        active: bool = decoded(self.introspect(request).body)["active"]
        return active

    def revoked(self, token: str, *, by: str, at: str = SERVER_ID) -> None:
        """Revoke an access token."""
        assert self.revoke(a_form({"token": token}, headers=basic(by), path="revoke", server_id=at)).status == 200
