"""Discovery documents and key sets (RFC 8414, RFC 7517 §5, runtime contract §2, §11)."""

from dataclasses import replace

import pytest
from authmint.http import Request
from authmint.keys.birth import new_key
from authmint.keys.rotation import rotate
from authmint.oauth.authorization.vocabulary import CHALLENGE_METHODS, RESPONSE_MODES, RESPONSE_TYPES
from authmint.oauth.client_authentication import METHODS
from authmint.oidc.discovery import Discovery, Supported
from authmint.oidc.key_set import KeySet
from authmint.runtime.wiring import GRANT_TYPES
from authmint.storage.configuration import PlainConfiguration
from authmint.storage.memory import MemoryStorage
from authmint.storage.servers import Scope

from tests.support.builders import BASE_URL, SERVER_ID, a_client, a_server
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FrozenClock, decoded


class Published:
    """The two public endpoints over one server."""

    def __init__(self, **changes: object) -> None:
        self.storage = MemoryStorage()
        self.storage.servers.add(a_server(**changes), [])
        self.storage.clients.add(a_client(), [])
        self.clock = FrozenClock()
        configuration = PlainConfiguration(self.storage.servers, self.storage.clients)
        supported = Supported(GRANT_TYPES, METHODS, RESPONSE_TYPES, RESPONSE_MODES, CHALLENGE_METHODS)
        self.discovery = Discovery(configuration, CountingIds(), supported)
        self.keys = KeySet(configuration, self.clock, CountingIds())


def get(path: str, server_id: str = SERVER_ID, **values: object) -> Request:
    return Request("GET", path, BASE_URL, {"authServerId": server_id}, **values)  # type: ignore[arg-type]


def test_the_documents_say_what_works_and_nothing_else() -> None:
    scopes = (Scope("s1", "shown", metadata_publish="ALL_CLIENTS"), Scope("s2", "hidden"))
    published = Published(scopes=scopes)

    answer = published.discovery(get(f"/oauth2/{SERVER_ID}/.well-known/oauth-authorization-server"))

    metadata, issuer = decoded(answer.body), f"{BASE_URL}/oauth2/{SERVER_ID}"
    assert answer.status == 200
    assert metadata["issuer"] == issuer
    assert metadata["token_endpoint"] == f"{issuer}/v1/token"
    assert metadata["jwks_uri"] == f"{issuer}/v1/keys"
    assert metadata["authorization_endpoint"] == f"{issuer}/v1/authorize"
    assert metadata["grant_types_supported"] == list(GRANT_TYPES)
    assert metadata["response_types_supported"] == list(RESPONSE_TYPES)
    assert metadata["response_modes_supported"] == list(RESPONSE_MODES)
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["scopes_supported"] == ["shown"]
    assert metadata["request_parameter_supported"] is False
    assert "userinfo_endpoint" not in metadata
    assert dict(answer.headers)["cache-control"] == "public, max-age=300"
    assert dict(answer.headers)["access-control-allow-origin"] == "*"


def test_the_openid_document_names_the_signing_algorithm() -> None:
    published = Published(algorithm="ES256")

    metadata = decoded(published.discovery(get(f"/oauth2/{SERVER_ID}/.well-known/openid-configuration")).body)

    assert metadata["id_token_signing_alg_values_supported"] == ["ES256"]
    assert metadata["userinfo_endpoint"] == f"{BASE_URL}/oauth2/{SERVER_ID}/v1/userinfo"
    assert "client_credentials" not in metadata["grant_types_supported"]
    assert "token" not in metadata["response_types_supported"]


@pytest.mark.parametrize("changes", [{"status": "INACTIVE"}, {"id": "ausOTHER"}])
def test_an_unknown_or_inactive_server_is_404_in_the_management_shape(changes: dict[str, object]) -> None:
    published = Published(**changes)

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
    published.storage.servers.save(before, rotate(before, NOW, replace(fresh, kid="new")), [])

    keys = decoded(published.keys(get("/v1/keys")).body)["keys"]

    assert [(key["kid"] == "new", key["alg"], key["use"]) for key in keys] == [
        (True, "ES256", "sig"),
        (False, "RS256", "sig"),
    ]
    assert not {"d", "p", "q", "wrapped", "status"} & {name for key in keys for name in key}


def test_the_key_set_is_cached_a_day_less_as_a_rotation_comes_near_and_revalidated() -> None:
    published = Published(rotate_at=None)
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
