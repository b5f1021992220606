"""Userinfo and introspection answers as JWTs (OpenID Connect Core §5.3.2, RFC 9701)."""

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from authmint.http import Request, Response
from authmint.keys.vault import VaultUnavailable
from authmint.runtime import wiring
from authmint.runtime.settings import Settings

from tests.federation.world import ACME, Browser, Deployment, World, request_of
from tests.management.apps import app_body
from tests.support.iam import Need, denied, role

ANN = "ann@acme.example"
INTROSPECTION = "application/token-introspection+jwt"


class Scene:
    """A deployment that signs answers, or does not, a client, and Ann's tokens."""

    def __init__(self, *, signs: bool = True, **client: Any) -> None:
        self.world = World()
        self.here = Deployment(self.world)
        self.parts = self.here.parts
        self.parts.settings = replace(self.parts.settings, signed_answers=signs)
        self.here.admin.api = wiring.management_api(self.parts)
        http = wiring.token_status(self.parts).http
        assert http is not None
        self.status = http
        self.here.client = self.here.app(label="signed", **client)
        self.user = self.here.user(ANN)
        browser = Browser(self.world)
        page = browser.submit(browser.open(self.here.authorize_uri()), username=ANN, password="Correct-horse-9")
        self.tokens = self.here.redeemed(page.fields["code"])

    def userinfo(self, accept: str = "application/json") -> Response:
        headers = {"authorization": f"Bearer {self.tokens['access_token']}", "accept": accept}
        return self.status(request_of("GET", f"{ACME}/oauth2/v1/userinfo", headers))

    def introspected(self, accept: str | None = None, token: str | None = None) -> Response:
        client = self.here.client
        form = {"token": token or self.tokens["access_token"]}
        headers = {"content-type": "application/x-www-form-urlencoded"} | ({} if accept is None else {"accept": accept})
        if "client_secret" in client:
            pair = f"{client['client_id']}:{client['client_secret']}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form["client_id"] = client["client_id"]
        return self.status(request_of("POST", f"{ACME}/oauth2/v1/introspect", headers, urlencode(form).encode()))

    def read(self, answer: Response, typ: str) -> dict[str, Any]:
        """As a client does, by the published keys alone."""
        token = answer.body.decode()
        keys = json.loads(self.here.answer(Request("GET", "/oauth2/v1/keys", ACME)).body)["keys"]
        header = jwt.get_unverified_header(token)
        (key,) = (key for key in keys if key["kid"] == header["kid"])
        assert (answer.status, header["typ"]) == (200, typ)
        options: Any = {"verify_iat": False}
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(key).key,
            algorithms=["RS256"],
            audience=self.here.client["client_id"],
            issuer=ACME,
            options=options,
        )
        return claims


def content_type(answer: Response) -> str:
    return dict(answer.headers)["content-type"].partition(";")[0]


def test_userinfo_is_signed_for_who_registered_it_whatever_it_accepts() -> None:
    scene = Scene(userinfo_signed_response_alg="RS256")
    answer = scene.userinfo()
    claims = scene.read(answer, "JWT")

    assert content_type(answer) == "application/jwt"
    assert (claims["sub"], claims["email"]) == (scene.user, ANN)
    assert not {"exp", "iat", "nonce", "jti"} & claims.keys(), "nobody takes it for an ID token"
    for bearer in (answer.body.decode(),):
        headers = {"authorization": f"Bearer {bearer}"}
        assert scene.status(request_of("GET", f"{ACME}/oauth2/v1/userinfo", headers)).status == 401


def test_others_get_json() -> None:
    scene = Scene()
    assert content_type(scene.userinfo("application/jwt")) == "application/json"
    assert content_type(scene.introspected()) == "application/json"


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        (INTROSPECTION, True),
        (f"{INTROSPECTION}, application/json;q=0.5", True),
        (f"application/json;q=0.5, {INTROSPECTION.upper()};q=0.9", True),
        (f"application/json, {INTROSPECTION};q=0.9", False),
        (f"{INTROSPECTION};q=0", False),
        (f"{INTROSPECTION};q=x", False),
        ("*/*", False),
        ("application/*", False),
        ("", False),
    ],
)
def test_introspection_is_signed_for_who_asks_for_it(accept: str, signed: bool) -> None:
    answer = Scene().introspected(accept)
    assert content_type(answer) == (INTROSPECTION if signed else "application/json")
    assert ("vary", "accept") in answer.headers


def test_the_state_is_inside_and_no_claim_of_the_answer() -> None:
    scene = Scene(introspection_signed_response_alg="RS256")
    claims = scene.read(scene.introspected(), "token-introspection+jwt")

    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
    plain = Scene()
    state = json.loads(plain.introspected().body)
    assert claims["token_introspection"].keys() == state.keys()
    assert claims["token_introspection"]["active"] is True
    dead = scene.read(scene.introspected(token="x"), "token-introspection+jwt")
    assert dead["token_introspection"] == {"active": False}
    assert json.loads(plain.introspected(token=scene.introspected().body.decode()).body) == {"active": False}


def test_who_does_not_authenticate_gets_json() -> None:
    public = {"application_type": "native", "token_endpoint_auth_method": "none"}
    scene = Scene()
    scene.here.client = scene.here.app(label="public", **public)
    assert content_type(scene.introspected(INTROSPECTION)) == "application/json"


def test_a_server_that_signs_otherwise_says_so() -> None:
    scene = Scene(userinfo_signed_response_alg="ES256", introspection_signed_response_alg="ES256")
    for answer in (scene.userinfo(), scene.introspected()):
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")
        assert "'ES256'" in json.loads(answer.body)["error_description"]


def test_a_key_that_cannot_be_opened_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(userinfo_signed_response_alg="RS256", introspection_signed_response_alg="RS256")

    def down(*_: Any) -> Any:
        raise VaultUnavailable("KMS: down")

    monkeypatch.setattr(scene.here.admin.pairs, "unwrap", down)
    assert scene.userinfo().status == 503
    assert scene.introspected().status == 503


@pytest.mark.parametrize("name", ["userinfo_signed_response_alg", "introspection_signed_response_alg"])
def test_where_nothing_is_signed_nobody_can_ask_for_it(name: str) -> None:
    scene = Scene(signs=False)
    body = app_body(redirect_uris=["https://app.example.com/cb"], **{name: "RS256"})
    answer = scene.here.admin.post("/api/v1/apps", body)
    assert (answer.status, "SignedAnswers" in answer.causes[0]) == (400, True)
    assert content_type(scene.introspected(INTROSPECTION)) == "application/json"


def test_who_was_registered_before_it_was_switched_off_is_not_answered_unsigned() -> None:
    scene = Scene(userinfo_signed_response_alg="RS256", introspection_signed_response_alg="RS256")
    scene.parts.settings = replace(scene.parts.settings, signed_answers=False)
    http = wiring.token_status(scene.parts).http
    assert http is not None
    scene.status = http
    for answer in (scene.userinfo(), scene.introspected()):
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("signs", [True, False])
def test_metadata_says_what_is_signed(signs: bool) -> None:
    scene = Scene(signs=signs)
    http = wiring.discovery(scene.parts).http
    assert http is not None
    document = json.loads(http(Request("GET", "/.well-known/openid-configuration", ACME)).body)
    for name in ("userinfo_signing_alg_values_supported", "introspection_signing_alg_values_supported"):
        assert document.get(name) == (["RS256"] if signs else None)


def test_it_is_a_parameter_whether_the_function_may_open_signing_keys() -> None:
    need = Need("kms:Decrypt", "Key", (), {"purpose": "signing-key", "server": "aus1", "kid": "k"})
    assert denied("token_status", [need])
    assert any(statement.allows(need) for statement in role("token_status", {"SignsAnswers"}))
    for value, signs in (("true", True), ("false", False), ("", False)):
        env = {"AUTHMINT_CONFIG_TABLE": "t", "AUTHMINT_SIGNED_ANSWERS": value}
        assert Settings.from_env(env).signed_answers is signs
