"""Codes and refresh tokens over storage in memory, for tests of everything that comes after the sign-in."""

from dataclasses import replace
from typing import Any

from authmint.http import Response
from authmint.ids import RandomIds
from authmint.oauth.errors import CATALOGUE
from authmint.storage.clients import Client, secret_digest
from authmint.storage.codes import AuthorizationCode
from authmint.storage.lifetimes import Lifetimes
from authmint.storage.liveness import generations_of
from authmint.storage.servers import AuthorizationServer

from tests.oauth.engine import Engine
from tests.oauth.people import a_people_server, ann
from tests.support.builders import CLIENT_ID, SERVER_ID, a_client, a_form, a_policy, a_rule, a_secret, a_server, basic
from tests.support.fakes import NOW, FrozenClock, decoded

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REDIRECT = "https://app.example/cb"
OTHER = "0oaOTHER"
DAY = 86_400


def a_web_client(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "application_type": "web",
        "grant_types": ("authorization_code", "refresh_token"),
        "redirect_uris": (REDIRECT,),
        "implicit_assignment": True,
        "rotates_refresh_tokens": True,
    }
    return a_client(**values | changes)


def a_code_server(**changes: Any) -> AuthorizationServer:
    values: dict[str, Any] = {
        "grant_types": ("authorization_code",),
        "access_token_lifetime": 600,
        "refresh_token_lifetime": 30 * DAY,
        "refresh_token_window": 7 * DAY,
    }
    return a_people_server(policies=(a_policy(a_rule(**values | changes)),))


class Flow(Engine):
    """Codes that an authorization endpoint would have made."""

    def __init__(self, server: Any = None, client: Client | None = None) -> None:
        super().__init__(server or a_code_server(), client or a_web_client())
        self.storage.users.add(ann(), [])
        self.storage.clients.add(a_web_client(id=OTHER, label="other", secrets=(a_secret(client_id=OTHER),)), [])
        self.storage.servers.add(replace(a_server(id="ausOther"), audience="api://other"), [])

    def code(self, **changes: Any) -> str:
        text = RandomIds(FrozenClock()).opaque(32)
        values: dict[str, Any] = {
            "digest": secret_digest(text),
            "server_id": SERVER_ID,
            "client_id": CLIENT_ID,
            "user_id": "00uA",
            "redirect_uri": REDIRECT,
            "scopes": ("openid", "orders:read", "offline_access"),
            "amr": ("pwd",),
            "auth_time": NOW - 60,
            "created_at": self.clock.now(),
            "expires_at": self.clock.now() + 300,
            "family_id": RandomIds(FrozenClock()).object_id("oar"),
            "policy_id": "00p1",
            "rule_id": "0pr1",
            "lifetimes": Lifetimes(600, 30 * DAY, 7 * DAY),
            "generations": generations_of(self.storage.clients.get(CLIENT_ID), self.storage.users.get("00uA")),
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
        }
        self.storage.codes.add(AuthorizationCode(**values | changes))
        return text

    def redeem(self, text: str, *, client: str = CLIENT_ID, server_id: str = SERVER_ID, **fields: str) -> Response:
        form = {
            "grant_type": "authorization_code",
            "code": text,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        form = {name: value for name, value in (form | fields).items() if value}
        return self.token(a_form(form, headers=basic(client), server_id=server_id))

    def refresh(self, token: str, *, client: str = CLIENT_ID, server_id: str = SERVER_ID, **fields: str) -> Response:
        form = {"grant_type": "refresh_token", "refresh_token": token} | fields
        return self.token(a_form(form, headers=basic(client), server_id=server_id))

    def signed_in(self, **changes: Any) -> dict[str, Any]:
        answer = self.redeem(self.code(**changes))
        assert answer.status == 200, answer.body
        body: dict[str, Any] = decoded(answer.body)
        return body

    def reason(self, answer: Response) -> str:
        """The internal id of a refusal."""
        assert answer.status >= 400, answer.body
        reason = self.events.emitted[-1].reason or ""
        assert decoded(answer.body)["error"] == CATALOGUE[reason][1]
        return reason

    def alive(self, token: str) -> bool:
        alive: bool = self.state(token)["active"]
        return alive
