"""The token endpoint with client credentials (RFC 6749 §4.4, docs/protocol.md §6, §10.1, §8, §20.1)."""

from dataclasses import replace

import jwt
import pytest
from authmint.claims.names import SUBJECT
from authmint.jose.keys import SigningAlgorithm
from authmint.oauth.errors import OAuthError
from authmint.storage.servers import Claim, Scope
from hypothesis import given
from hypothesis import strategies as st

from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_policy, a_rule, a_server, basic
from tests.support.fakes import NOW, decoded

ISSUER = f"{BASE_URL}/oauth2/{SERVER_ID}"


def test_a_token_has_its_claims_and_no_others() -> None:
    engine = Engine()

    answer = decoded(engine.ask().body)

    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    jti = claims.pop("jti")
    assert jti.startswith("AT.")
    assert claims == {
        "ver": 1,
        "iss": ISSUER,
        "aud": "api://orders",
        "iat": NOW,
        "exp": NOW + 3600,
        "cid": CLIENT_ID,
        "scp": ["orders:read"],
        "sub": CLIENT_ID,
    }
    assert answer | {"access_token": ""} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": "",
        "scope": "orders:read",
    }


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_verifies_under_the_published_key_with_a_library_of_others(algorithm: SigningAlgorithm) -> None:
    server = a_server(algorithm=algorithm)
    engine = Engine(server)

    token = engine.access_token()

    key = jwt.PyJWK({**server.active_key.jwk, "alg": algorithm})
    # The tests' date is not the real one, by which the library goes.
    issued = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience="api://orders",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert issued["cid"] == CLIENT_ID
    assert jwt.get_unverified_header(token) == {"kid": server.active_key.kid, "alg": algorithm}


def test_answers_must_not_be_stored() -> None:
    headers = dict(Engine().ask().headers)

    assert headers["cache-control"] == "no-cache, no-store"
    assert headers["pragma"] == "no-cache"


def test_without_a_scope_the_default_scopes_are_granted() -> None:
    server = a_server(scopes=(Scope("s1", "a", default=True), Scope("s2", "b", default=True), Scope("s3", "c")))

    answer = Engine(server).ask({"scope": ""})

    assert decoded(answer.body)["scope"] == "a b"


def test_a_constant_claim_is_minted_where_its_scope_is_granted() -> None:
    claims = (
        Claim("ocl1", "tier", "RESOURCE", "EXPRESSION", "'gold'", scopes=("orders:read",)),
        Claim("ocl2", "limits", "RESOURCE", "EXPRESSION", "{1, 2.5, true}"),
        Claim("ocl3", "elsewhere", "RESOURCE", "EXPRESSION", "'x'", scopes=("orders:write",)),
        Claim("ocl4", "off", "RESOURCE", "EXPRESSION", "'x'", status="INACTIVE"),
        Claim("ocl5", "id_only", "IDENTITY", "EXPRESSION", "'x'"),
    )

    claims_of = jwt.decode(Engine(a_server(claims=claims)).access_token(), options={"verify_signature": False})

    assert claims_of["tier"] == "gold"
    assert claims_of["limits"] == [1, 2.5, True]
    assert not {"elsewhere", "off", "id_only"} & claims_of.keys()


def test_a_custom_claim_never_replaces_one_of_the_protocol() -> None:
    claims = (Claim("ocl1", "iss", "RESOURCE", "EXPRESSION", "'https://evil.example'"),)

    issued = jwt.decode(Engine(a_server(claims=claims)).access_token(), options={"verify_signature": False})

    assert issued["iss"] == ISSUER


@pytest.mark.parametrize("value", ["{app.clientId} + 1", "nope("])
def test_a_claim_that_cannot_be_evaluated_denies(value: str) -> None:
    engine = Engine(a_server(claims=(Claim("ocl1", "x", "RESOURCE", "EXPRESSION", value),)))

    answer = decoded(engine.ask().body)

    assert answer == {"error": "server_error", "error_description": "The 'x' user claim could not be evaluated."}
    assert engine.events.emitted[-1].reason == "user_claim_evaluation_failure"


@given(st.text(max_size=40))
def test_a_description_holds_only_what_descriptions_may(name: str) -> None:
    """RFC 6749 §5.2: printable ASCII without quote and backslash; plain names are left alone."""
    error = OAuthError("user_claim_evaluation_failure", name)

    assert all(" " <= c <= "~" and c not in '"\\' for c in error.description)
    if name.isalnum() and name.isascii():
        assert name in error.description


def test_claims_see_the_client_and_the_scopes_and_no_user() -> None:
    claims = (
        Claim("ocl1", "sub", "RESOURCE", "EXPRESSION", SUBJECT, system=True),
        Claim("ocl2", "scope", "RESOURCE", "EXPRESSION", "String.replace(Arrays.toCsvString(access.scope), ',', ' ')"),
        Claim("ocl3", "limit", "RESOURCE", "EXPRESSION", "app.profile.limit < 100 ? app.profile.limit : 100"),
        Claim("ocl4", "email", "RESOURCE", "EXPRESSION", "user.email"),
        Claim("ocl5", "groups", "RESOURCE", "GROUPS", ".*", group_filter_type="REGEX"),
    )
    engine = Engine(a_server(claims=claims), a_client(profile={"limit": 50}))

    issued = jwt.decode(engine.access_token(), options={"verify_signature": False})

    assert list(issued)[7:] == ["scp", "sub", "scope", "limit"]
    assert (issued["sub"], issued["scope"], issued["limit"]) == (CLIENT_ID, "orders:read", 50)


@pytest.mark.parametrize("value", ["null", "''", "12", "{'a'}"])
def test_a_subject_that_is_no_text_denies(value: str) -> None:
    engine = Engine(a_server(claims=(Claim("ocl1", "sub", "RESOURCE", "EXPRESSION", value, system=True),)))

    answer = decoded(engine.ask().body)

    assert answer["error_description"] == "The 'sub' system claim could not be evaluated."


@pytest.mark.parametrize(
    ("fields", "status", "error", "description"),
    [
        ({"grant_type": ""}, 400, "invalid_request", "The token request must specify a 'grant_type'."),
        (
            {"grant_type": "urn:example:unknown"},
            400,
            "unsupported_grant_type",
            "The authorization grant type is not supported",
        ),
        ({"scope": "nope"}, 400, "invalid_scope", "One or more scopes are not configured"),
        ({"scope": "openid"}, 400, "invalid_scope", "Cannot request 'openid' scopes using client credentials."),
        ({"scope": "offline_access"}, 400, "invalid_scope", "Cannot request 'openid' scopes"),
        ({"scope": ""}, 400, "invalid_scope", "The authorization server resource does not have any configured default"),
        ({"scope": 'a"b'}, 400, "invalid_scope", "The requested scope is invalid, unknown, malformed"),
        ({"scope": "ö"}, 400, "invalid_scope", "The requested scope is invalid, unknown, malformed"),
        ({"resource": "https://a.example"}, 400, "invalid_target", "The authorization server has rejected"),
        ({"client_id": "0oaB"}, 401, "invalid_client", "Invalid value for 'client_id' parameter."),
        ({"client_secret": "x"}, 400, "invalid_request", "Cannot supply multiple client credentials."),
    ],
)
def test_refusals_have_their_code_and_text(fields: dict[str, str], status: int, error: str, description: str) -> None:
    answer = Engine().ask(fields)

    body = decoded(answer.body)
    assert (answer.status, body["error"]) == (status, error)
    assert body["error_description"].startswith(description)


def test_no_policy_that_matches_is_401_with_the_steps_in_the_event() -> None:
    engine = Engine(a_server(policies=(a_policy(a_rule(scopes=("orders:write",)), id="00pX"),)))

    answer = engine.ask()

    assert answer.status == 401
    assert decoded(answer.body) == {
        "error": "access_denied",
        "error_description": "Policy evaluation failed for this request, please check the policy configurations.",
    }
    assert "www-authenticate" not in dict(answer.headers)
    assert engine.events.emitted[0].reason == "no_matching_policy"
    assert engine.events.emitted[0].debug["steps"] == ["00pX/0pr1: scope"]


def test_a_scope_that_needs_consent_cannot_be_had_by_a_client_alone() -> None:
    engine = Engine(a_server(scopes=(Scope("s", "orders:read", consent="REQUIRED"),)))

    body = decoded(engine.ask().body)

    assert body["error"] == "consent_required"
    assert body["error_description"].endswith("[orders:read].")


def test_an_inactive_server_mints_nothing() -> None:
    answer = Engine(a_server(status="INACTIVE")).ask()

    assert (answer.status, decoded(answer.body)["error_description"]) == (
        400,
        "The authorization server id is invalid.",
    )


def test_a_deactivated_client_is_refused() -> None:
    answer = Engine(client=a_client(status="INACTIVE")).ask()

    assert (answer.status, decoded(answer.body)["error"]) == (401, "invalid_client")


def test_a_client_without_the_grant_is_refused() -> None:
    answer = Engine(client=a_client(grant_types=("authorization_code",))).ask()

    assert decoded(answer.body)["error"] == "unauthorized_client"


def test_a_public_client_gets_nothing_in_its_own_name() -> None:
    engine = Engine(client=a_client(auth_method="none", secrets=()))

    answer = engine.ask({"client_id": CLIENT_ID}, headers={})

    assert decoded(answer.body)["error"] == "unauthorized_client"


def test_a_success_is_one_event_with_policy_and_rule_and_without_the_token() -> None:
    engine = Engine()

    token = engine.access_token()

    (event,) = engine.events.emitted
    assert event.type == "app.oauth2.as.token.grant.access_token"
    assert (event.debug["policy"], event.debug["rule"]) == ("00p1", "0pr1")
    assert token not in repr(event)
    assert token.rpartition(".")[2] not in repr(event)


@pytest.mark.parametrize("wrong", ["a-wrong-secret", "", "\x00", "é" * 40])
def test_a_wrong_secret_is_refused_and_reaches_no_event(wrong: str) -> None:
    engine = Engine()

    answer = engine.ask(headers=basic(secret=wrong))

    assert answer.status == 401
    assert dict(answer.headers)["www-authenticate"] == f'Basic realm="{BASE_URL}"'
    assert len(engine.events.emitted) == 1
    assert not wrong or wrong not in repr(engine.events.emitted)


def test_an_inactive_secret_is_refused() -> None:
    client = a_client()
    engine = Engine(client=replace(client, secrets=(replace(client.secrets[0], status="INACTIVE"),)))

    assert engine.ask().status == 401


def test_basic_credentials_are_form_decoded() -> None:
    client = a_client(id="a+b%c", secrets=())
    from tests.support.builders import a_secret

    engine = Engine(client=replace(client, secrets=(a_secret("p%w d+:x" * 5, client_id="a+b%c"),)))
    from urllib.parse import quote_plus

    answer = engine.ask(headers=basic(quote_plus("a+b%c"), quote_plus("p%w d+:x" * 5)))

    assert answer.status == 200


def form_with(body: bytes, **headers: str) -> object:
    request = a_form({}, headers={**basic(), **{name.replace("_", "-"): value for name, value in headers.items()}})
    return replace(request, body=body)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", {}),
        (b"grant_type=client_credentials&x=1&x=2", {}),
        (b"\xff\xfe", {}),
        (b"a=%ff", {}),
        (b"{}", {"content_type": "application/json"}),
        (b"grant_type=client_credentials", {"content_type": ""}),
        (b"&".join(b"a%d=1" % i for i in range(200)), {}),
        (b"a=" + b"x" * 70_000, {}),
        (b"", {}),
        (b"grant_type", {}),
    ],
)
def test_malformed_bodies_are_4xx_with_the_protocols_error(body: bytes, headers: dict[str, str]) -> None:
    engine = Engine()

    answer = engine.token(form_with(body, **headers))  # type: ignore[arg-type]

    assert 400 <= answer.status < 500
    assert decoded(answer.body)["error"] == "invalid_request"


def test_credentials_in_the_query_are_refused() -> None:
    request = replace(a_form({"grant_type": "client_credentials"}), query=(("client_secret", "x"),))

    answer = Engine().token(request)

    assert decoded(answer.body)["error_description"] == "Client credentials cannot be supplied via query parameters."


def test_details_of_an_authorization_are_refused_and_never_ignored() -> None:
    """RFC 9396 is not built: a token would hold more than was asked for."""
    engine = Engine()

    answer = engine.ask({"authorization_details": '[{"type":"payment"}]'})

    assert (answer.status, decoded(answer.body)["error"]) == (400, "invalid_request")
    assert engine.ask().status == 200
