"""docs/protocol.md §45.4: the org server tells another one who signed in to a client; that one gives tokens for it."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from authmint.management.servers.system_objects import system_scopes
from authmint.storage.app_connections import AppConnection
from authmint.storage.client_registration import ALL_CLIENTS
from authmint.storage.servers import ANY_SCOPE, ORG_SERVER, Scope
from authmint.storage.sessions import Session

from tests.oauth.code_flow import OTHER, REDIRECT, VERIFIER, Flow, a_code_server, a_web_client
from tests.oauth.people import a_people_server
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_policy, a_resource, a_rule, basic
from tests.support.dpop import Key
from tests.support.fakes import NOW, CountingIds, decoded

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TYPES = "urn:ietf:params:oauth:token-type:"
ID_JAG = f"{TYPES}id-jag"
AUDIENCE = f"{BASE_URL}/oauth2/{SERVER_ID}"
MCP = "https://mcp.example.com/mcp"
THERE = "0oaTHERE"


def a_connection(**changes: Any) -> AppConnection:
    values: dict[str, Any] = {"audience": AUDIENCE, "client_id": THERE, "scopes": ("notes.read", "notes.write")}
    return AppConnection(**values | {"resources": (MCP,)} | changes)


class Org(Flow):
    """Ann signs in to an app by the org server; it is connected with a server, where it is called otherwise."""

    def __init__(self, *, nonces: bool = True, **client: Any) -> None:
        policies = a_code_server(scopes=(ANY_SCOPE,)).policies
        org = a_people_server(id=ORG_SERVER, scopes=system_scopes(CountingIds(3_000_000)), policies=policies)
        grants = ("authorization_code", "refresh_token", EXCHANGE)
        if not nonces:
            org = replace(org, dpop_nonce_seconds=0)
        super().__init__(org, a_web_client(**{"grant_types": grants, "app_connections": (a_connection(),)} | client))
        rule = a_rule(grant_types=(GRANT,), scopes=("notes.read", "notes.write"))
        server = a_people_server(policies=(a_policy(rule, clients=(ALL_CLIENTS,)),), resource_indicators=True)
        scopes = (Scope("scp7", "notes.read"), Scope("scp8", "notes.write"))
        resources = (a_resource(uri=MCP, scopes=("notes.read", "notes.write")),)
        self.storage.servers.add(replace(server, scopes=(*server.scopes, *scopes), resources=resources), [])
        self.storage.clients.add(a_client(id=THERE, grant_types=(GRANT,), application_type="web"), [])

    def sent(self, *, by: str = CLIENT_ID, headers: Any = None, resources: Any = (), **form: str) -> Response:
        """A request to the token endpoint of the org server; an empty value takes a parameter out."""
        form = {name: value for name, value in form.items() if value}
        request = a_form(form, headers={**basic(by), **(headers or {})}, resources=resources)
        return self.token(replace(request, path="/oauth2/v1/token", path_parameters={}))

    def tokens(self, headers: Any = None, **code: Any) -> dict[str, Any]:
        """What Ann's sign-in gave the app."""
        asked = ("openid", "email", "offline_access")
        text = self.code(**{"server_id": ORG_SERVER, "scopes": asked} | code)
        answer = self.sent(
            headers=headers,
            grant_type="authorization_code",
            code=text,
            redirect_uri=REDIRECT,
            code_verifier=VERIFIER,
        )
        assert answer.status == 200, answer.body
        body: dict[str, Any] = decoded(answer.body)
        return body

    def asserted(self, token: str, kind: str = "id_token", **more: Any) -> Response:
        form = {
            "grant_type": EXCHANGE,
            "requested_token_type": ID_JAG,
            "subject_token": token,
            "subject_token_type": f"{TYPES}{kind}",
            "audience": AUDIENCE,
            "scope": "notes.read",
        }
        return self.sent(**form | more)

    def assertion(self, **more: Any) -> str:
        answer = self.asserted(self.tokens()["id_token"], **more)
        assert answer.status == 200, answer.body
        text: str = decoded(answer.body)["access_token"]
        return text

    def redeemed(self, assertion: str, *, server_id: str = SERVER_ID, by: str = THERE) -> Response:
        return self.token(a_form({"grant_type": GRANT, "assertion": assertion}, headers=basic(by), server_id=server_id))


def said(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_an_app_takes_its_user_to_another_server() -> None:
    org = Org()

    answer = org.asserted(org.tokens(scopes=("openid",))["id_token"], resources=[MCP])

    body = decoded(answer.body)
    assertion = body.pop("access_token")
    assert body == {"issued_token_type": ID_JAG, "token_type": "N_A", "expires_in": 300, "scope": "notes.read"}
    assert jwt.get_unverified_header(assertion)["typ"] == "oauth-id-jag+jwt"
    payload = said(assertion)
    assert payload.pop("jti").startswith("IDAAG.")
    assert payload == {
        "iss": BASE_URL,
        "sub": "00uA",
        "iat": NOW,
        "exp": NOW + 300,
        "aud": AUDIENCE,
        "client_id": THERE,
        "scope": "notes.read",
        "resource": MCP,
        "auth_time": NOW - 60,
        "amr": ["pwd"],
    }
    event = org.events.emitted[-1]
    assert event.type == "app.oauth2.token.grant.id_jag"
    assert (event.debug["audience"], event.debug["subject_token_type"]) == (AUDIENCE, f"{TYPES}id_token")
    assert assertion not in str(event)

    token = said(decoded(org.redeemed(assertion).body)["access_token"])
    assert {name: token[name] for name in ("uid", "cid", "aud", "scp")} == {
        "uid": "00uA",
        "cid": THERE,
        "aud": MCP,
        "scp": ["notes.read"],
    }
    assert org.reason(org.redeemed(assertion)) == "id_jag_replayed"


@pytest.mark.parametrize("knows", [False, True])
@pytest.mark.parametrize("kind", ["id_token", "access_token", "refresh_token"])
def test_each_of_the_tokens_of_a_sign_in_proves_it(kind: str, knows: bool) -> None:
    org = Org()
    tokens = org.tokens(scopes=("openid", "offline_access", *(["email"] if knows else [])))

    payload = said(decoded(org.asserted(tokens[kind], kind).body)["access_token"])

    assert (payload["sub"], payload["auth_time"], payload["amr"]) == ("00uA", NOW - 60, ["pwd"])
    found = {name: payload[name] for name in ("email", "email_verified") if name in payload}
    assert found == ({"email": "ann@example.com", "email_verified": True} if knows else {})
    refreshed = org.sent(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.status == 200, "nothing is used up"


def test_without_scopes_those_of_the_connection_are_asked_for() -> None:
    org = Org()

    assert said(org.assertion(scope=""))["scope"] == "notes.read notes.write"


def test_of_several_resources_all_are_named_and_without_one_none_is() -> None:
    other = "https://files.example.com"
    org = Org(app_connections=(a_connection(resources=(MCP, other)),))

    assert said(org.assertion(resources=[MCP, other, MCP]))["resource"] == [MCP, other]
    assert "resource" not in said(org.assertion())


def test_a_key_that_is_proved_is_said_and_one_that_the_subject_is_bound_to_is_asked_for() -> None:
    org, key, endpoint = Org(nonces=False), Key(), f"{BASE_URL}/oauth2/v1/token"

    def proof(of: Key = key) -> dict[str, str]:
        return {"dpop": of.proof(endpoint)}

    tokens = org.tokens(headers=proof())

    assert said(decoded(org.asserted(tokens["id_token"], headers=proof()).body)["access_token"])["cnf"] == {
        "jkt": key.jkt
    }
    assert org.reason(org.asserted(tokens["access_token"], "access_token")) == "invalid_dpop_proof_missing_header"
    stolen = org.asserted(tokens["access_token"], "access_token", headers=proof(Key()))
    assert org.reason(stolen) == "invalid_dpop_proof_invalid_public_key_binding"
    assert org.asserted(tokens["access_token"], "access_token", headers=proof()).status == 200


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"audience": f"{AUDIENCE}/"}, "token_exchange_incomplete_resource_configuration"),
    "the org itself": ({"audience": BASE_URL}, "token_exchange_incomplete_resource_configuration"),
    "no audience": ({"audience": ""}, "missing_token_request_parameter"),
    "a wider scope": ({"scope": "notes.read notes.all"}, "no_matching_scope"),
    "a malformed scope": ({"scope": 'notes"read'}, "invalid_scope"),
    "another resource": ({"resources": [f"{MCP}/"]}, "token_exchange_invalid_resource"),
    "one resource too many": ({"resources": [MCP, "https://x.example"]}, "token_exchange_invalid_resource"),
    "no subject": ({"subject_token": ""}, "missing_token_request_parameter"),
    "no type": ({"subject_token_type": ""}, "missing_token_request_parameter"),
    "a type for others": ({"subject_token_type": f"{TYPES}saml2"}, "invalid_subject_token_type"),
    "an actor": ({"actor_token": "x", "actor_token_type": f"{TYPES}jwt"}, "invalid_actor_token_type"),
    "another's token": ({"by": OTHER}, "unauthorized_client"),
    "garbage": ({"subject_token": "\u00e9.\u00e9.\u00e9"}, "invalid_subject_token"),
    "another kind": ({"subject_token_type": f"{TYPES}access_token"}, "invalid_subject_token"),
    "no refresh token": ({"subject_token_type": f"{TYPES}refresh_token"}, "invalid_refresh_token"),
    "a token for here": (
        {"requested_token_type": f"{TYPES}access_token"},
        "unsupported_grant_type_token_exchange",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_thing_wrong_alone_is_refused(wrong: str) -> None:
    org = Org()
    changes, reason = WRONG[wrong]
    token = org.tokens()["id_token"]

    assert org.reason(org.asserted(token, **changes)) == reason
    assert org.asserted(token).status == 200, "its honest twin"


def test_the_tokens_of_another_client_are_nobodys_proof() -> None:
    org = Org()
    client = org.storage.clients.get(CLIENT_ID)
    org.storage.clients.save(
        org.storage.clients.get(OTHER),
        replace(org.storage.clients.get(OTHER), grant_types=client.grant_types, app_connections=(a_connection(),)),
        [],
    )
    tokens = org.tokens()

    assert org.reason(org.asserted(tokens["id_token"], by=OTHER)) == "invalid_subject_token"
    assert org.reason(org.asserted(tokens["access_token"], "access_token", by=OTHER)) == "invalid_subject_token"
    assert org.reason(org.asserted(tokens["refresh_token"], "refresh_token", by=OTHER)) == "mismatched_client"


def test_a_public_client_takes_nobody_along() -> None:
    org = Org(auth_method="none", secrets=())
    form = {"client_id": CLIENT_ID, "grant_type": EXCHANGE, "requested_token_type": ID_JAG}
    request = replace(a_form(form), path="/oauth2/v1/token", path_parameters={})

    assert org.reason(org.token(request)) == "confidential_client_required"


def test_an_assertion_is_for_the_server_and_the_client_that_it_names() -> None:
    org = Org()
    assertion = org.assertion()

    assert org.reason(org.redeemed(assertion, by=OTHER)) in {"unauthorized_client", "id_jag_client_mismatch"}
    assert org.reason(org.redeemed(assertion, server_id="ausOther")) == "jwt_bearer_grant_invalid_audience"
    bearer = a_form({"token": assertion}, headers=basic(), path="introspect")
    assert decoded(org.introspect(bearer).body) == {"active": False}, "and no access token"
    assert org.redeemed(assertion).status == 200


def test_what_has_ended_proves_nothing() -> None:
    org = Org()
    tokens = org.tokens()
    kinds = ("id_token", "access_token", "refresh_token")

    def reasons() -> list[str]:
        return [org.reason(org.asserted(tokens[kind], kind)) for kind in kinds]

    org.clock.advance(seconds=3_600)
    for kind in kinds[:2]:
        assert org.reason(org.asserted(tokens[kind], kind)) == "token_exchange_subject_token_expired"
    assert org.asserted(tokens["refresh_token"], "refresh_token").status == 200
    tokens = org.tokens()
    user = org.storage.users.get("00uA")
    org.storage.users.save(user, replace(user, status="SUSPENDED"), [])
    assert reasons() == ["invalid_subject_token_user_inactive"] * 2 + ["invalid_refresh_token"]
    org.storage.users.save(org.storage.users.get("00uA"), replace(user, version=user.version + 1), [])
    assert org.asserted(tokens["id_token"]).status == 200


def test_a_session_that_ended_proves_nothing() -> None:
    org = Org(logout_uri="https://app.example/out")
    session = Session("d1", "102s", "00uA", NOW, NOW, NOW + 600, NOW + 7_200, "c", ("pwd",))
    org.storage.sessions.add(session)
    tokens = org.tokens(session_id="102s", names_session=True)
    assert said(tokens["id_token"])["sid"] == "102s"
    assert org.asserted(tokens["id_token"]).status == 200

    org.clock.advance(seconds=600)

    assert org.reason(org.asserted(tokens["id_token"])) == "invalid_subject_token_session_expired"


def test_who_is_not_assigned_any_more_is_not_taken_along() -> None:
    org = Org()
    token = org.tokens()["id_token"]
    client = org.storage.clients.get(CLIENT_ID)
    org.storage.clients.save(client, replace(client, implicit_assignment=False), [])

    assert org.reason(org.asserted(token)) == "token_exchange_incomplete_resource_configuration"


def test_a_custom_server_asserts_nothing() -> None:
    org = Org()
    form = {"grant_type": EXCHANGE, "requested_token_type": ID_JAG, "subject_token": "x", "audience": "api://orders"}
    more = {"subject_token_type": f"{TYPES}access_token"}
    org.storage.clients.add(a_client(id="0oaSVC", grant_types=(EXCHANGE,)), [])

    assert org.reason(org.token(a_form(form | more, headers=basic("0oaSVC")))) == "invalid_requested_token_type"
