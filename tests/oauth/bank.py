"""A server with a security profile, and a client that does all that the profile asks unless it is told otherwise."""

import itertools
from typing import Any

import jwt
from authmint.http import Response
from authmint.runtime import wiring
from authmint.storage.clients import Client, ClientKey
from authmint.storage.servers import AuthorizationServer, SecurityProfile

from tests.memory.parts import MemoryParts
from tests.oauth.authorization.world import CALLBACK, ISSUER, PKCE, Answer, World, a_browser_server, an_app
from tests.support.builders import CLIENT_ID, a_form, a_policy, a_rule
from tests.support.dpop import Key
from tests.support.fakes import NOW, FakeKeyPairs, decoded

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Of the client, by algorithm. One RSA key signs as PS256 and, for those who must not, as RS256.
KEYS = {algorithm: Key(algorithm) for algorithm in ("ES256", "EdDSA", "PS256")}
#: What the client asks in its request objects.
ASKED = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": "inside", **PKCE}
_NUMBERS = itertools.count()


def a_bank(profile: SecurityProfile = "FAPI2", **changes: Any) -> AuthorizationServer:
    """A server that signs by ES256 and gives people and machines everything."""
    kinds = ("authorization_code", "implicit", "client_credentials", "password")
    values: dict[str, Any] = {
        "algorithm": "ES256",
        "policies": (a_policy(a_rule(grant_types=kinds, access_token_lifetime=600)),),
        "dpop_nonce_seconds": 0,
    }
    return a_browser_server(security_profile=profile, **values | changes)


def a_bank_client(**changes: Any) -> Client:
    """It proves itself by keys, and is registered for more than the profile allows."""
    keys = tuple(ClientKey(f"pks{name}", {**key.jwk, "kid": name}, NOW, NOW) for name, key in KEYS.items())
    values: dict[str, Any] = {
        "auth_method": "private_key_jwt",
        "secrets": (),
        "keys": keys,
        "grant_types": ("authorization_code", "implicit", "refresh_token", "client_credentials", "password"),
    }
    return an_app(**values | changes)


def signed(claims: dict[str, Any], algorithm: str = "ES256", **header: Any) -> str:
    """What the client signs. Members that are ``None`` are left out."""
    key = KEYS["PS256" if algorithm[:2] in {"RS", "PS"} else algorithm]
    kid = next(name for name, known in KEYS.items() if known is key)
    payload = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(payload, key.private, algorithm, {"kid": kid} | header)


def an_object(algorithm: str = "ES256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A request that the client signed; members that are ``None`` are left out."""
    claims = {"iss": CLIENT_ID, "aud": ISSUER, "client_id": CLIENT_ID, "nbf": NOW, "exp": NOW + 300, **ASKED}
    return signed(claims | changes, algorithm, **(header or {}))


class Bank(World):
    """A world with a profile, and its token endpoint."""

    def __init__(
        self, profile: SecurityProfile = "FAPI2", *, server: dict[str, Any] | None = None, **client: Any
    ) -> None:
        super().__init__(a_bank(profile, **(server or {})), a_bank_client(**client))
        parts = MemoryParts(
            self.storage, vault=FakeKeyPairs(), clock=self.clock, ids=self.ids, log=self.events, fetch=lambda _: b"{}"
        )
        self.token, self.status = wiring.token(parts).http, wiring.token_status(parts).http
        self.key = Key()

    def assertion(self, algorithm: str = "ES256", **changes: Any) -> dict[str, str]:
        """The fields by which the client proves itself."""
        now = self.clock.now()
        claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ISSUER, "iat": now, "exp": now + 60}
        unique = {"jti": f"a{next(_NUMBERS)}"}
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed(claims | unique | changes, algorithm),
        }

    def pushes(self, assertion: dict[str, str] | None = None, **changes: Any) -> tuple[int, Any]:
        """Push a request; ``None`` takes a parameter out."""
        proof = self.assertion() if assertion is None else assertion
        fields = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid offline_access", **PKCE}
        sent = {"state": None, **fields, **changes}
        headers = sent.pop("headers", {})
        return self.push({**sent, **proof}, headers=headers)

    def pushed(self, **changes: Any) -> Answer:
        """What a browser gets that comes with a request that was pushed."""
        status, body = self.pushes(**changes)
        assert status == 201, body
        return self.get((("client_id", CLIENT_ID), ("request_uri", body["request_uri"])))

    def code(self, **changes: Any) -> str:
        return self.pushed(**changes).fields["code"]

    def asks(
        self,
        assertion: dict[str, str] | None = None,
        *,
        key: Key | None = None,
        proof: str | None = "right",
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> Response:
        """A token request; ``proof``: ``None`` for none."""
        sent = fields | (self.assertion() if assertion is None else assertion)
        if proof == "right":
            proof = (key or self.key).proof(f"{ISSUER}/v1/token", now=self.clock.now())
        found = (headers or {}) | ({} if proof is None else {"dpop": proof})
        assert self.token is not None
        return self.token(a_form(sent, headers=found))

    def redeems(self, code: str, **options: Any) -> Response:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.asks(**grant | options)

    def refreshes(self, token: str, **options: Any) -> Response:
        return self.asks(grant_type="refresh_token", refresh_token=token, **options)

    def machine(self, **options: Any) -> Response:
        return self.asks(**{"grant_type": "client_credentials", "scope": "plain"} | options)


def refusal(answer: Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status, decoded(answer.body)["error"]
