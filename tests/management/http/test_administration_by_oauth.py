"""Administration by OAuth (docs/protocol.md §24.2): services with ``okta.*`` scopes, and API tokens."""

import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Request
from authmint.management.http.needed_scopes import needed_scope
from authmint.oauth.client_auth.assertions import Assertions
from authmint.oauth.client_auth.authentication import ClientAuthentication
from authmint.oauth.client_auth.jwks_uri import FetchedJwks
from authmint.oauth.client_auth.signatures import ClientSignatures
from authmint.oauth.dpop.possession import Possession
from authmint.oauth.endpoint import AuthenticatedEndpoint
from authmint.oauth.grants.client_credentials import ClientCredentials
from authmint.oauth.shared_tokens import SharedTokens
from authmint.oauth.token_endpoint import TokenEndpoint
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.revocations import Revocation
from authmint.storage.servers import ORG_SERVER
from authmint.tokens.signer import WarmSigners
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.management.admin import BASE_URL, TOKEN, Admin, Answer
from tests.memory.parts import MemoryParts
from tests.oauth.engine import Events
from tests.support.builders import a_form
from tests.support.fakes import CountingIds, FakeSeals, no_entries, no_hooks, pregenerated
from tests.support.pace import failures

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWK, PKCS8 = pregenerated("RS256")
SERVICE = {
    "name": "oidc_client",
    "label": "robot",
    "signOnMode": "OPENID_CONNECT",
    "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
    "settings": {
        "oauthClient": {
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "jwks": {"keys": [{**JWK, "kid": "k1", "use": "sig"}]},
        }
    },
}


class Robot:
    """A service app, and the org server's token endpoint."""

    def __init__(self, admin: Admin, app: Any = SERVICE) -> None:
        self.admin = admin
        self.id: str = admin.made("/api/v1/apps", app)["id"]
        configuration = PlainConfiguration(admin.storage.servers, admin.storage.clients)
        assertions = Assertions(admin.storage.assertions, ClientSignatures(FakeSeals(), FetchedJwks(lambda _: b"")))
        authentication, counters = ClientAuthentication(lambda: assertions), admin.storage.rate_counters
        endpoint = AuthenticatedEndpoint(configuration, authentication, failures(counters))
        signers = WarmSigners(admin.pairs)
        self.endpoint = TokenEndpoint(
            endpoint,
            [ClientCredentials()],
            signers,
            admin.clock,
            CountingIds(500),
            Events(),
            possession=lambda: Possession(admin.storage.assertions, signers),
            hooks=no_hooks,
            entries=no_entries,
            shared=lambda: SharedTokens(admin.storage.revocations),
        )

    def grant(self, scope: str) -> Any:
        return self.admin.made(f"/api/v1/apps/{self.id}/grants", {"issuer": BASE_URL, "scopeId": scope})

    def ask(self, scope: str, **fields: str) -> Answer:
        claims = {"iss": self.id, "sub": self.id, "aud": f"{BASE_URL}/oauth2/v1/token"}
        claims["exp"] = self.admin.clock.now() + 60  # type: ignore[assignment]
        key: Any = load_der_private_key(PKCS8, None)
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": jwt.encode(claims, key, "RS256"),
        }
        request = replace(a_form(form | fields), path="/oauth2/v1/token", path_parameters={})
        return Answer(self.endpoint(request))

    def token(self, scope: str) -> str:
        answer = self.ask(scope)
        assert answer.status == 200, answer.json
        token: str = answer.json["access_token"]
        return token

    def call(self, method: str, path: str, token: str, body: Any = None) -> Answer:
        return self.admin.call(method, path, body, headers={"authorization": f"Bearer {token}"})


@pytest.fixture
def robot(admin: Admin) -> Robot:
    return Robot(admin)


@pytest.mark.parametrize(("scope", "trusted"), [("okta.users.manage", True), ("okta.users.read", False)])
def test_who_may_manage_users_may_say_whom_it_signs_on(robot: Robot, scope: str, trusted: bool) -> None:
    robot.grant(scope)
    admin = robot.admin
    parts = MemoryParts(admin.storage, vault=admin.pairs, clock=admin.clock, ids=CountingIds(700), log=Events())
    callers = parts.trusted_callers(parts.registered_configuration(), parts.blocked_zones())
    headers = {"authorization": f"Bearer {robot.token(scope)}"}

    assert callers.vouches(Request("POST", "/api/v1/authn", BASE_URL, headers=headers)) is trusted
    elsewhere = Request("POST", "/api/v1/authn", "https://other.example.com", headers=headers)
    assert not callers.vouches(elsewhere)


def test_a_service_with_a_role_may_do_what_scope_and_role_allow(robot: Robot) -> None:
    robot.grant("okta.users.manage")
    robot.grant("okta.apps.read")
    token = robot.token("okta.users.manage okta.apps.read")
    new = {"profile": {"login": "a@b.example", "email": "a@b.example", "firstName": "A", "lastName": "B"}}
    assert robot.call("POST", "/api/v1/users", token, new).status == 200

    path = f"/oauth2/v1/clients/{robot.id}/roles"
    role = robot.admin.made(path, {"type": "HELP_DESK_ADMIN"})["id"]

    assert robot.call("GET", "/api/v1/users", token).status == 200
    assert robot.call("POST", "/api/v1/users", token, new).code == "E0000006"
    assert robot.call("GET", "/api/v1/apps", token).code == "E0000006"
    assert robot.call("GET", "/api/v1/users/me", token).code == "E0000007"
    robot.admin.delete(f"{path}/{role}")
    assert robot.call("GET", "/api/v1/apps", token).status == 200


def test_services_need_roles_where_the_deployment_says_so() -> None:
    admin = Admin(services_need_roles=True)
    robot = Robot(admin)
    robot.grant("okta.users.read")
    token = robot.token("okta.users.read")
    assert robot.call("GET", "/api/v1/users", token).code == "E0000006"

    admin.made(f"/oauth2/v1/clients/{robot.id}/roles", {"type": "READ_ONLY_ADMIN"})

    assert robot.call("GET", "/api/v1/users", token).status == 200


def test_a_granted_scope_opens_its_family_and_no_other(robot: Robot) -> None:
    robot.grant("okta.apps.read")
    token = robot.token("okta.apps.read")

    payload = jwt.decode(token, options={"verify_signature": False})
    answers = {
        ("GET", "/api/v1/apps"): 200,
        ("POST", "/api/v1/apps"): 403,
        ("GET", "/api/v1/authorizationServers"): 403,
        ("DELETE", f"/api/v1/apps/{robot.id}"): 403,
        ("GET", f"/api/v1/apps/{robot.id}/grants"): 403,
        ("GET", "/oauth2/v1/clients"): 403,
    }
    assert payload["iss"] == payload["aud"] == BASE_URL
    assert payload["scp"] == ["okta.apps.read"]
    assert {key: robot.call(*key, token, {}).status for key in answers} == answers


def test_manage_covers_read(robot: Robot) -> None:
    robot.grant("okta.apps.manage")

    assert robot.call("GET", "/api/v1/apps", robot.token("okta.apps.manage")).status == 200


def test_a_missing_scope_is_a_challenge_without_a_body(robot: Robot) -> None:
    robot.grant("okta.apps.read")

    answer = robot.call("GET", "/api/v1/authorizationServers", robot.token("okta.apps.read"))

    assert (answer.status, answer.response.body) == (403, b"")
    assert answer.header("www-authenticate") == [
        f'Bearer authorization_uri="{BASE_URL}/oauth2/v1/authorize", realm="{BASE_URL}", '
        'scope="okta.authorizationServers.read", error="insufficient_scope", '
        'error_description="The access token provided does not contain the required scopes.", '
        'resource="/api/v1/authorizationServers"'
    ]


def test_the_scheme_needs_no_space_after_it(robot: Robot) -> None:
    robot.grant("okta.apps.read")
    token = robot.token("okta.apps.read")

    answer = robot.admin.call("GET", "/api/v1/apps", headers={"authorization": f"Bearer{token}"})

    assert answer.status == 200


@pytest.mark.parametrize("bearer", ["not-a-jwt", "a.b", ""])
def test_what_is_no_jwt_is_no_session(admin: Admin, bearer: str) -> None:
    answer = admin.call("GET", "/api/v1/apps", headers={"authorization": f"Bearer {bearer}"})

    assert (answer.status, answer.code) == (403, "E0000005")


def test_a_token_of_a_custom_server_is_refused(robot: Robot) -> None:
    """However many okta scopes it claims to have."""
    robot.grant("okta.apps.read")
    key: Any = load_der_private_key(PKCS8, None)
    good = robot.token("okta.apps.read")
    claims = jwt.decode(good, options={"verify_signature": False})
    custom = robot.admin.server()
    kid = custom["credentials"]["signing"]["kid"]
    forged = [
        jwt.encode(claims, key, "RS256", headers={"kid": kid}),  # signed by a custom server's key
        jwt.encode(claims | {"iss": custom["issuer"]}, key, "RS256", headers=jwt.get_unverified_header(good)),
        jwt.encode(claims | {"exp": 1}, key, "RS256", headers=jwt.get_unverified_header(good)),
        jwt.encode(claims | {"jti": "ID.x"}, key, "RS256", headers=jwt.get_unverified_header(good)),
        jwt.encode(claims | {"uid": "00u1"}, key, "RS256", headers=jwt.get_unverified_header(good)),
        good[:-4] + "AAAA",
    ]

    answers = [robot.call("GET", "/api/v1/apps", token) for token in forged]

    assert [answer.status for answer in answers] == [401] * len(forged)
    assert all('error="invalid_token"' in answer.header("www-authenticate")[0] for answer in answers)


def test_a_revoked_grant_works_no_more_at_once(robot: Robot) -> None:
    grant = robot.grant("okta.apps.read")
    token = robot.token("okta.apps.read")
    assert robot.call("GET", "/api/v1/apps", token).status == 200

    assert robot.admin.delete(f"/api/v1/apps/{robot.id}/grants/{grant['id']}").status == 204

    assert robot.call("GET", "/api/v1/apps", token).status == 403
    assert robot.ask("okta.apps.read").json["error_description"] == "You are not allowed any of the requested scopes."


def test_a_deactivated_client_and_a_revoked_token_are_refused(robot: Robot) -> None:
    robot.grant("okta.apps.read")
    token, other = robot.token("okta.apps.read"), robot.token("okta.apps.read")
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    now = robot.admin.clock.now()
    robot.admin.storage.revocations.add(Revocation(ORG_SERVER, jti, robot.id, now, now + 3600))
    assert [robot.call("GET", "/api/v1/apps", t).status for t in (token, other)] == [401, 200]

    robot.admin.post(f"/api/v1/apps/{robot.id}/lifecycle/deactivate")

    assert robot.call("GET", "/api/v1/apps", other).status == 401


def test_a_service_cannot_grow_by_itself(robot: Robot) -> None:
    for scope in ("okta.appGrants.manage", "okta.apiTokens.manage"):
        robot.grant(scope)
    token = robot.token("okta.appGrants.manage okta.apiTokens.manage")

    more = {"issuer": BASE_URL, "scopeId": "okta.apps.manage"}

    assert robot.call("POST", f"/api/v1/apps/{robot.id}/grants", token, more).code == "E0000006"
    assert robot.call("POST", "/api/v1/api-tokens", token, {"name": "x"}).code == "E0000006"


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        ("", "missing_scopes"),
        ("okta.unknown.read", "illegal_custom_scope"),
        ("openid", "openid_not_allowed_client_creds"),
        ("okta.users.read", "no_org_scopes_granted"),
    ],
)
def test_what_the_org_server_refuses(robot: Robot, scope: str, error: str) -> None:
    from authmint.oauth.errors import CATALOGUE

    answer = robot.ask(scope)

    assert answer.json["error_description"] == CATALOGUE[error][2]


def test_only_services_with_a_key_may_ask_the_org_server(admin: Admin) -> None:
    web = {**SERVICE, "label": "web", "settings": {"oauthClient": {
        **SERVICE["settings"]["oauthClient"],  # type: ignore[index]
        "application_type": "web",
        "grant_types": ["client_credentials"],
        "redirect_uris": ["https://a.example/cb"],
    }}}  # fmt: skip

    answer = Robot(admin, web).ask("okta.apps.read")

    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_what_is_granted_is_shown_and_granted_once(robot: Robot) -> None:
    first, again = robot.grant("okta.apps.read"), robot.grant("okta.apps.read")

    listed = robot.admin.get(f"/api/v1/apps/{robot.id}/grants").json
    assert first == again == listed[0] == robot.admin.get(f"/api/v1/apps/{robot.id}/grants/{first['id']}").json
    assert (first["scopeId"], first["issuer"], first["clientId"]) == ("okta.apps.read", BASE_URL, robot.id)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"issuer": BASE_URL, "scopeId": "okta.everything"}, "scopeId"),
        ({"issuer": "https://other.example", "scopeId": "okta.apps.read"}, "issuer"),
        ({"issuer": BASE_URL}, "scopeId"),
    ],
)
def test_a_wrong_grant_is_refused(robot: Robot, body: Any, field: str) -> None:
    answer = robot.admin.post(f"/api/v1/apps/{robot.id}/grants", body)

    assert (answer.status, answer.code) == (400, "E0000001")
    assert answer.causes[0].startswith(field)


def test_no_url_names_the_org_server(admin: Admin) -> None:
    assert admin.get(f"/api/v1/authorizationServers/{ORG_SERVER}").status == 404
    assert admin.delete(f"/api/v1/authorizationServers/{ORG_SERVER}").status == 404
    assert ORG_SERVER not in {server["id"] for server in admin.get("/api/v1/authorizationServers").json}


def test_every_operation_of_the_management_api_has_a_scope(admin: Admin) -> None:
    without = {template for method, template, _ in admin.api._routes if needed_scope(method, template) is None}

    assert without == set()


# API tokens


def test_api_tokens_are_made_listed_used_and_revoked(admin: Admin) -> None:
    made = admin.made("/api/v1/api-tokens", {"name": "ci"})
    headers = {"authorization": f"SSWS {made['token']}"}
    listed = admin.get("/api/v1/api-tokens").json

    assert admin.call("GET", "/api/v1/apps", headers=headers).status == 200
    assert {token["name"] for token in listed} == {"ci", "first administrator"}
    assert all("token" not in token for token in listed)
    assert admin.delete(f"/api/v1/api-tokens/{made['id']}").status == 204
    assert admin.call("GET", "/api/v1/apps", headers=headers).code == "E0000011"
    assert admin.get(f"/api/v1/api-tokens/{made['id']}").status == 404
    assert admin.delete(f"/api/v1/api-tokens/{made['id']}").status == 404


def test_a_token_revokes_itself(admin: Admin) -> None:
    made = admin.made("/api/v1/api-tokens", {"name": "ci"})
    headers = {"authorization": f"SSWS {made['token']}"}

    assert admin.call("DELETE", "/api/v1/api-tokens/current", headers=headers).status == 204
    assert admin.call("GET", "/api/v1/apps", headers=headers).status == 401


def test_an_api_token_unused_for_thirty_days_is_dead_and_use_keeps_it_alive(admin: Admin) -> None:
    day = 86_400
    for _ in range(3):
        admin.clock.advance(seconds=29 * day)
        assert admin.get("/api/v1/apps").status == 200

    admin.clock.advance(seconds=30 * day + 3_600)

    assert admin.get("/api/v1/apps").code == "E0000011"


def test_a_use_is_written_at_most_once_an_hour(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    original = admin.storage.api_tokens.used

    def used(token: Any, *, at: int) -> None:
        written.append(at)
        original(token, at=at)

    monkeypatch.setattr(admin.storage.api_tokens, "used", used)
    admin.clock.advance(seconds=4_000)

    for _ in range(3):
        admin.get("/api/v1/apps")

    assert len(written) == 1


def test_no_api_token_stands_in_an_event(admin: Admin) -> None:
    made = admin.made("/api/v1/api-tokens", {"name": "ci"})

    assert made["token"] not in json.dumps([str(event) for event in admin.storage.events])
    assert TOKEN not in json.dumps([str(event) for event in admin.storage.events])


def test_without_credentials_there_is_no_session(admin: Admin) -> None:
    request = Request("GET", "/api/v1/apps", BASE_URL)

    assert Answer(admin.api(request)).code == "E0000005"


@pytest.mark.parametrize(
    ("method", "path", "raw", "status", "error"),
    [
        ("GET", "/oauth2/v1/clients/none", b"", 401, "invalid_client"),
        ("DELETE", "/oauth2/v1/clients/none", b"", 401, "invalid_client"),
        ("POST", "/oauth2/v1/clients", b"{", 400, "invalid_client_metadata"),
        ("POST", "/oauth2/v1/clients", b'{"client_name": 1}', 400, "invalid_client_metadata"),
        ("POST", "/oauth2/v1/clients", b"{}", 400, "invalid_client_metadata"),
        ("GET", "/oauth2/v1/clients?limit=x", b"", 400, "invalid_request"),
        ("PATCH", "/oauth2/v1/clients", b"", 405, "invalid_request"),
        ("GET", "/oauth2/v1/clients/none/more", b"", 404, "invalid_request"),
    ],
)
def test_registration_refuses_a_service_as_rfc_7591_says(
    robot: Robot, method: str, path: str, raw: bytes, status: int, error: str
) -> None:
    scopes = ("okta.clients.manage", "okta.clients.register")
    for scope in scopes:
        robot.grant(scope)
    bearer = {"authorization": f"Bearer {robot.token(' '.join(scopes))}"}

    answer = robot.admin.call(method, path, raw=raw, headers=bearer)

    assert (answer.status, answer.json["error"]) == (status, error)
    assert answer.json["error_description"]
    assert "errorCode" not in answer.json


def test_a_bearer_that_is_no_token_of_ours_is_challenged_there(admin: Admin) -> None:
    answer = admin.call("POST", "/oauth2/v1/clients", {}, headers={"authorization": "Bearer opaque"})

    assert answer.status == 401
    assert 'error="invalid_token"' in answer.header("www-authenticate")[0]


def test_an_administrator_s_token_reads_the_envelope_there_too(admin: Admin) -> None:
    assert admin.get("/oauth2/v1/clients/none").code == "E0000007"
