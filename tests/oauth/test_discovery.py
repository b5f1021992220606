"""Discovery documents and key sets (RFC 8414, RFC 7517 §5, docs/protocol.md §2, §18.1)."""

from dataclasses import fields, replace
from typing import Any

import jwt
import pytest
from authmint.http import Request
from authmint.keys.birth import first_keys, new_key
from authmint.keys.rotation import rotate
from authmint.management.servers.system_objects import system_scopes
from authmint.oauth.authorization import vocabulary
from authmint.oauth.client_auth import signatures
from authmint.oauth.client_auth.methods import METHODS, REQUEST_ALGORITHMS
from authmint.oauth.discovery import ID_TOKEN_CLAIMS, Capabilities, Discovery, Features
from authmint.oauth.key_set import KeySet
from authmint.sign_on.context_classes import CLASSES
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.servers import ORG_SERVER, Scope
from authmint.storage.sign_on_transactions import Proof
from authmint.storage.trusted_issuers import TrustedIssuer

from tests.memory.storage import MemoryStorage
from tests.oauth.authorization.world import PKCE, World, a_browser_server, an_app
from tests.support.builders import BASE_URL, SERVER_ID, a_client, a_server
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FrozenClock, decoded


class Published:
    """The two public endpoints over one server."""

    def __init__(
        self, *, grant_types: Any = ("client_credentials",), features: Features | None = None, **changes: Any
    ) -> None:
        self.storage = MemoryStorage()
        self.storage.servers.add(a_server(**changes), [])
        self.storage.clients.add(a_client(), [])
        self.clock = FrozenClock()
        configuration = PlainConfiguration(self.storage.servers, self.storage.clients)
        self.discovery = Discovery(
            configuration, CountingIds(), grant_types=grant_types, auth_methods=METHODS, features=features or Features()
        )
        self.keys = KeySet(configuration, self.clock, CountingIds())


def get(path: str, server_id: str = SERVER_ID, **values: object) -> Request:
    return Request("GET", path, BASE_URL, {"authServerId": server_id}, **values)  # type: ignore[arg-type]


def test_the_documents_say_what_works_and_nothing_else() -> None:
    published = Published(scopes=(Scope("s1", "shown", metadata_publish="ALL_CLIENTS"), Scope("s2", "hidden")))

    answer = published.discovery(get(f"/oauth2/{SERVER_ID}/.well-known/oauth-authorization-server"))

    metadata, issuer = decoded(answer.body), f"{BASE_URL}/oauth2/{SERVER_ID}"
    assert answer.status == 200
    assert metadata["issuer"] == issuer
    assert metadata["token_endpoint"] == f"{issuer}/v1/token"
    assert metadata["jwks_uri"] == f"{issuer}/v1/keys"
    assert metadata["grant_types_supported"] == ["client_credentials"]
    assert metadata["scopes_supported"] == ["shown"]
    assert "authorization_endpoint" not in metadata
    assert dict(answer.headers)["cache-control"] == "public, max-age=300"


def test_the_openid_document_names_the_signing_algorithm() -> None:
    published = Published(algorithm="ES256")

    metadata = decoded(published.discovery(get(f"/oauth2/{SERVER_ID}/.well-known/openid-configuration")).body)

    assert metadata["id_token_signing_alg_values_supported"] == ["ES256"]


@pytest.mark.parametrize("changes", [{"status": "INACTIVE"}, {"id": "ausOTHER"}])
def test_an_unknown_or_inactive_server_is_404_in_the_management_shape(changes: dict[str, object]) -> None:
    published = Published(**changes)  # type: ignore[arg-type]

    for endpoint, path in ((published.discovery, "/.well-known/openid-configuration"), (published.keys, "/v1/keys")):
        answer = endpoint(get(f"/oauth2/{SERVER_ID}{path}"))
        assert answer.status == 404
        assert decoded(answer.body)["errorCode"] == "E0000007"
        assert dict(answer.headers)["cache-control"] == "no-store"


def test_an_unknown_client_is_refused() -> None:
    request = get(f"/oauth2/{SERVER_ID}/.well-known/openid-configuration", query=(("client_id", "0oaNone"),))

    assert Published().discovery(request).status == 400


def test_the_key_set_holds_every_published_key_and_no_private_member() -> None:
    published = Published()
    before = published.storage.servers.get(SERVER_ID)
    fresh = new_key(SERVER_ID, "ES256", FakeKeyPairs(), CountingIds(), NOW)
    published.storage.servers.save(before, rotate(before, NOW, [replace(fresh, kid="new")]), [])

    keys = decoded(published.keys(get("/v1/keys")).body)["keys"]

    assert [(key["kid"] == "new", key["alg"], key["use"]) for key in keys] == [
        (True, "ES256", "sig"),
        (False, "RS256", "sig"),
    ]
    assert not {"d", "p", "q", "wrapped", "status"} & {name for key in keys for name in key}


def test_the_key_set_is_cached_a_day_less_as_a_rotation_comes_near_and_revalidated() -> None:
    published = Published(rotate_at=None, keys=first_keys(SERVER_ID, "ES256", FakeKeyPairs(), CountingIds(), NOW))
    server = published.storage.servers.get(SERVER_ID)
    ages = []
    for until in (10 * 86_400, 3_600, 10):
        server = published.storage.servers.get(SERVER_ID)
        published.storage.servers.save(server, replace(server, rotate_at=NOW + until), [])
        ages.append(dict(published.keys(get("/v1/keys")).headers)["cache-control"].split(",")[1].strip())

    etag = dict(published.keys(get("/v1/keys")).headers)["etag"]
    unchanged = published.keys(get("/v1/keys", headers={"if-none-match": etag}))

    assert ages == ["max-age=86400", "max-age=3600", "max-age=300"]
    assert (unchanged.status, unchanged.body) == (304, b"")


BROWSERS = Features(
    response_types=vocabulary.RESPONSE_TYPES,
    response_modes=vocabulary.ALL_MODES,
    prompts=vocabulary.PROMPTS,
    challenge_methods=vocabulary.CHALLENGE_METHODS,
    assurance=tuple(CLASSES),
    request_algorithms=REQUEST_ALGORITHMS,
    pushed_requests=True,
    device=True,
    userinfo=True,
    sign_out=True,
)
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ("authorization_code", "refresh_token", "password", "client_credentials", DEVICE)


def documents(published: Published) -> tuple[Any, Any]:
    """The OAuth document and the OpenID document."""
    base = f"/oauth2/{SERVER_ID}/.well-known"
    oauth, openid = (
        decoded(published.discovery(get(f"{base}/{name}")).body)
        for name in ("oauth-authorization-server", "openid-configuration")
    )
    return oauth, openid


def test_everything_that_is_wired_is_listed() -> None:
    """docs/protocol.md §2."""
    server_scopes = (
        *system_scopes(CountingIds()),
        Scope("s1", "shown", metadata_publish="ALL_CLIENTS"),
        Scope("s2", "x"),
    )

    oauth, openid = documents(Published(grant_types=GRANTS, features=BROWSERS, scopes=server_scopes))

    issuer = f"{BASE_URL}/oauth2/{SERVER_ID}"
    for document in (oauth, openid):
        assert document["authorization_endpoint"] == f"{issuer}/v1/authorize"
        assert document["pushed_authorization_request_endpoint"] == f"{issuer}/v1/par"
        assert document["device_authorization_endpoint"] == f"{issuer}/v1/device/authorize"
        assert document["end_session_endpoint"] == f"{issuer}/v1/logout"
        assert document["response_modes_supported"] == [
            "query", "fragment", "form_post", "okta_post_message", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt",
        ]  # fmt: skip
        assert document["code_challenge_methods_supported"] == ["S256"]
        assert document["authorization_response_iss_parameter_supported"] is True
        assert document["request_uri_parameter_supported"] is False
        assert document["request_parameter_supported"] is True
        assert document["request_object_signing_alg_values_supported"] == list(REQUEST_ALGORITHMS)
        assert document["scopes_supported"] == [
            "openid", "profile", "email", "address", "phone", "offline_access", "shown",
        ]  # fmt: skip
    assert oauth["response_types_supported"] == list(vocabulary.RESPONSE_TYPES)
    assert openid["response_types_supported"] == [t for t in vocabulary.RESPONSE_TYPES if t != "token"]
    assert oauth["grant_types_supported"] == [
        "authorization_code", "implicit", "refresh_token", "password", "client_credentials", DEVICE,
    ]  # fmt: skip
    assert "client_credentials" not in openid["grant_types_supported"]
    assert "userinfo_endpoint" not in oauth
    assert openid["userinfo_endpoint"] == f"{issuer}/v1/userinfo"
    assert oauth["claims_supported"] == ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"]
    assert {"sub", "nonce", "c_hash", "email_verified", "address", "zoneinfo"} <= set(openid["claims_supported"])


def test_a_server_with_a_profile_lists_what_is_left() -> None:
    """docs/protocol.md §30.4."""
    strong = ["PS256", "ES256", "EdDSA", "Ed25519"]
    kinds: dict[str, Any] = {"grant_types": GRANTS, "features": BROWSERS, "algorithm": "ES256"}

    strict = documents(Published(**kinds, security_profile="FAPI2"))
    lenient = documents(Published(**kinds))

    for document in strict:
        for endpoint in ("token", "introspection", "revocation"):
            assert document[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
            assert set(document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]) == set(strong)
        assert set(document["dpop_signing_alg_values_supported"]) == set(strong)
        assert document["require_pushed_authorization_requests"] is True
        assert document["response_types_supported"] == ["code"]
        assert document["response_modes_supported"] == ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"]
        assert document["authorization_signing_alg_values_supported"] == ["ES256"]
        assert not {"implicit", "password"} & set(document["grant_types_supported"])
        assert document["authorization_response_iss_parameter_supported"] is True
        assert document["code_challenge_methods_supported"] == ["S256"]
        assert set(document["request_object_signing_alg_values_supported"]) == set(strong)
        assert "require_signed_request_object" not in document
    signing = documents(Published(**kinds, security_profile="FAPI2_MESSAGE_SIGNING"))
    assert [document["require_signed_request_object"] for document in signing] == [True, True]
    assert strict[1]["id_token_signing_alg_values_supported"] == ["ES256"]
    for document in lenient:
        assert "require_pushed_authorization_requests" not in document
        assert {"implicit", "password"} <= set(document["grant_types_supported"])


@pytest.mark.parametrize(
    ("feature", "field"),
    [
        ("response_types", "authorization_endpoint"),
        ("pushed_requests", "pushed_authorization_request_endpoint"),
        ("device", "device_authorization_endpoint"),
        ("userinfo", "userinfo_endpoint"),
        ("sign_out", "end_session_endpoint"),
        ("request_algorithms", "request_object_signing_alg_values_supported"),
        ("response_types", "authorization_response_iss_parameter_supported"),
    ],
)
def test_what_is_not_wired_is_not_listed(feature: str, field: str) -> None:
    off: dict[str, Any] = {f.name: f.default for f in fields(Features) if f.name == feature}
    without = replace(BROWSERS, **off)

    assert field in documents(Published(grant_types=GRANTS, features=BROWSERS))[1]
    assert field not in documents(Published(grant_types=GRANTS, features=without))[1]


def test_no_code_is_listed_that_nobody_could_redeem_and_no_scope_that_nobody_could_use() -> None:
    published = Published(grant_types=("client_credentials",), features=BROWSERS, scopes=system_scopes(CountingIds()))

    oauth, _ = documents(published)

    assert oauth["response_types_supported"] == ["token", "id_token", "id_token token"]
    assert oauth["grant_types_supported"] == ["implicit", "client_credentials"]
    assert "offline_access" not in oauth["scopes_supported"]
    machines, _ = documents(Published(scopes=system_scopes(CountingIds())))
    assert machines["scopes_supported"] == []
    assert "uid" not in machines["claims_supported"]


def test_the_claims_of_the_protocol_are_those_that_are_minted() -> None:
    world = World(client=an_app(logout_uri="https://rp/out"))
    world.storage.sessions.add(world.browsers.sessions["ann"])

    fields = world.ask(response_type="code id_token token", nonce="n", acr_values="urn:okta:loa:1fa:any").fields

    minted = jwt.decode(fields["id_token"], options={"verify_signature": False})
    assert set(minted) == set(ID_TOKEN_CLAIMS)
    access = jwt.decode(fields["access_token"], options={"verify_signature": False})
    oauth, _ = documents(Published(grant_types=GRANTS, features=BROWSERS))
    assert set(access) == {*oauth["claims_supported"], "auth_time", "acr"}


def test_every_value_that_is_listed_works_at_the_authorization_endpoint() -> None:
    _, openid = documents(Published(grant_types=GRANTS, features=BROWSERS))
    world = World()

    for response_type in openid["response_types_supported"]:
        assert "error" not in world.ask(response_type=response_type, nonce="n").fields
    for mode in openid["response_modes_supported"]:
        assert {"code", "response"} & world.ask(response_mode=mode, **PKCE).fields.keys()
    for prompt in openid["prompt_values_supported"]:
        assert "error" not in world.ask(prompt=prompt).fields
    for method in openid["code_challenge_methods_supported"]:
        assert "code" in world.ask(code_challenge=PKCE["code_challenge"], code_challenge_method=method).fields
    for scope in openid["scopes_supported"]:
        assert "code" in world.ask(scope=f"openid {scope}").fields
    world.browsers.prove("ann", Proof("password", NOW), Proof("webauthn", NOW, "fwf1"))
    for value in openid["acr_values_supported"]:
        token = world.ask(response_type="id_token", nonce="n", acr_values=value).fields["id_token"]
        assert jwt.decode(token, options={"verify_signature": False})["acr"] == value


def test_the_org_server_has_a_scope_of_its_own() -> None:
    org = {"id": ORG_SERVER, "scopes": system_scopes(CountingIds())}
    published = Published(grant_types=GRANTS, features=BROWSERS, **org)

    document = decoded(published.discovery(Request("GET", "/.well-known/openid-configuration", BASE_URL)).body)

    expected = ["openid", "profile", "email", "address", "phone", "offline_access", "groups"]
    assert document["scopes_supported"] == expected
    world = World(a_browser_server(**org))
    for scope in expected:
        assert "code" in world.ask(server_id=None, scope=f"openid {scope}").fields
    assert World().ask(scope="openid groups").fields["error"] == "invalid_scope"


def test_assertions_of_identity_are_offered_by_the_org_server_and_taken_where_an_issuer_is_trusted() -> None:
    offered, taken = "identity_chaining_requested_token_types_supported", "authorization_grant_profiles_supported"
    path = Request("GET", "/.well-known/oauth-authorization-server", BASE_URL)
    grants = ("urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer")
    org = decoded(Published(grant_types=(*GRANTS, *grants), id=ORG_SERVER).discovery(path).body)
    assert (org[offered], taken in org) == (["urn:ietf:params:oauth:token-type:id-jag"], False)
    assert [name in org["grant_types_supported"] for name in grants] == [True, False]

    entry = TrustedIssuer("tis1", "https://idp.example", "ID_JAG", NOW, NOW)
    for issuers, lists in (
        ((), False),
        ((replace(entry, status="INACTIVE"), replace(entry, use="WORKLOAD")), False),
        ((entry,), True),
    ):
        for document in documents(Published(grant_types=(*GRANTS, *grants), trusted_issuers=issuers)):
            assert offered not in document
            assert document.get(taken) == (["urn:ietf:params:oauth:grant-profile:id-jag"] if lists else None)


def test_where_clients_show_certificates_the_documents_name_the_other_host_and_else_nothing() -> None:
    features = replace(BROWSERS, mtls_url="https://mtls.example.com")
    for document in documents(Published(grant_types=GRANTS, features=features)):
        aliases = document["mtls_endpoint_aliases"]
        assert document["tls_client_certificate_bound_access_tokens"] is True
        for name, alias in aliases.items():
            plain = document.get(name, f"{BASE_URL}/oauth2/{SERVER_ID}/v1/userinfo")
            assert alias == plain.replace(BASE_URL, "https://mtls.example.com")
        assert {"token_endpoint", "introspection_endpoint", "userinfo_endpoint"} <= aliases.keys()
    for document in documents(Published(grant_types=GRANTS, features=BROWSERS)):
        assert not {name for name in document if "mtls" in name or name.startswith("tls")}
        assert not any("tls" in method for method in document["token_endpoint_auth_methods_supported"])


def all_documents() -> list[Any]:
    """Of a custom server and of the org server, of browsers' deployments and of machines'."""
    org = Published(grant_types=GRANTS, features=BROWSERS, id=ORG_SERVER, scopes=system_scopes(CountingIds()))
    return [
        *documents(Published(grant_types=GRANTS, features=BROWSERS)),
        *documents(Published()),
        decoded(org.discovery(Request("GET", "/.well-known/openid-configuration", BASE_URL)).body),
        decoded(org.discovery(Request("GET", "/.well-known/oauth-authorization-server", BASE_URL)).body),
    ]


def test_members_that_others_demand_are_there_in_every_document() -> None:
    """RFC 8414 §2 and OpenID Connect Discovery §3: what is required once something else is listed."""
    for document in all_documents():
        endpoints = {name.removesuffix("_endpoint") for name in document if name.endswith("_endpoint")}
        for endpoint in endpoints & {"token", "introspection", "revocation"}:
            methods = document[f"{endpoint}_endpoint_auth_methods_supported"]
            algorithms = document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
            assert "private_key_jwt" in methods
            assert set(algorithms) == {*signatures.SECRET_ALGORITHMS, *signatures.KEY_ALGORITHMS}
            assert "none" not in algorithms
        authorized = {"authorization_code", "implicit"}.intersection(document["grant_types_supported"])
        assert ("authorization_endpoint" in document) == bool(authorized)
        assert {"issuer", "jwks_uri", "token_endpoint", "response_types_supported"} <= document.keys()
        assert ("device_authorization_endpoint" in document) == (DEVICE in document["grant_types_supported"])
        assert document["claims_parameter_supported"] is False
        if "authorization_endpoint" in document:
            assert {"code_challenge_methods_supported", "response_modes_supported"} <= document.keys()
            assert document["acr_values_supported"] == list(CLASSES)
        if "userinfo_endpoint" in document:
            assert {"id_token_signing_alg_values_supported", "subject_types_supported"} <= document.keys()


def test_no_algorithm_is_listed_where_nothing_is_signed() -> None:
    served = Capabilities(GRANTS, ("client_secret_basic", "none"))

    assert served.authentication("token") == {"token_endpoint_auth_methods_supported": ["client_secret_basic", "none"]}
