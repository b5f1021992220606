"""``…/trustedIssuers`` of a server (docs/protocol.md §45.1)."""

import json
from typing import Any

import pytest
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.storage.errors import Unavailable
from authmint.storage.trusted_issuers import subject_id

from tests.management.admin import BASE_URL, SERVERS, Admin
from tests.support.builders import a_user
from tests.support.outside import Issuer

IDP = Issuer()
ENTRY: dict[str, Any] = {"issuer": IDP.url, "use": "ID_JAG", "jwksUri": f"{IDP.url}/keys"}


@pytest.fixture
def documents() -> dict[str, bytes]:
    return dict(IDP.documents)


@pytest.fixture
def admin(documents: dict[str, bytes]) -> Admin:
    def fetch(uri: str) -> bytes:
        if uri not in documents:
            raise FetchFailed("status 404", withdrawn=True)
        return documents[uri]

    return Admin(fetch=fetch)


@pytest.fixture
def url(admin: Admin) -> str:
    return f"{SERVERS}/{admin.server()['id']}/trustedIssuers"


def events(admin: Admin) -> list[str]:
    return [event.type for event in admin.storage.events if event.type.startswith("app.oauth2.trusted_server")]


def test_an_issuer_is_made_read_replaced_and_deleted(admin: Admin, url: str) -> None:
    made = admin.made(url, ENTRY)

    assert made | {"id": "", "created": "", "lastUpdated": "", "_links": {}} == {
        "id": "",
        "issuer": IDP.url,
        "use": "ID_JAG",
        "jwksUri": f"{IDP.url}/keys",
        "algorithms": ["RS256", "ES256"],
        "subject": {"match": "EXTERNAL_ID", "matchVerifiedEmail": False},
        "scopeParameter": "REFUSE",
        "maxTokenAgeSeconds": None,
        "clientIds": [],
        "status": "ACTIVE",
        "created": "",
        "lastUpdated": "",
        "_links": {},
    }
    assert admin.get(url).json == [made]
    assert admin.get(f"{url}/{made['id']}").json == made
    assert admin.put(f"{url}/{made['id']}", made).json == made, "nothing changed"
    assert events(admin) == ["app.oauth2.trusted_server.add"]
    change = {"subject": {"match": "CLAIM", "claim": "upn"}, "scopeParameter": "NARROW", "algorithms": ["EdDSA"]}
    changed = admin.put(f"{url}/{made['id']}", {"jwks": {"keys": [IDP.jwk]}, "use": "ID_JAG"} | change).json
    assert (changed["subject"]["claim"], changed["jwks"]["keys"][0]["kid"]) == ("upn", "k1")
    assert "jwksUri" not in changed
    assert admin.delete(f"{url}/{made['id']}").status == 204
    assert admin.get(url).json == []
    assert admin.get(f"{url}/{made['id']}").status == 404
    assert events(admin)[1:] == [f"app.oauth2.trusted_server.{verb}" for verb in ("delete", "add", "delete")]


WRONG: dict[str, Any] = {
    "no issuer": {"issuer": None},
    "no use": {"use": None},
    "a use that is not built": {"use": "SOFTWARE_STATEMENT"},
    "http": {"issuer": "http://idp.example"},
    "a query": {"issuer": "https://idp.example?x=1"},
    "a fragment": {"issuer": "https://idp.example#x"},
    "somebody in it": {"issuer": "https://me@idp.example"},
    "no host": {"issuer": "https://"},
    "a trailing dot": {"issuer": "https://idp.example."},
    "no keys": {"jwksUri": None},
    "two ways": {"discovery": True},
    "keys by http": {"jwksUri": "http://idp.example/keys"},
    "keys with a fragment": {"jwksUri": "https://idp.example/keys#x"},
    "keys that are none": {"jwksUri": None, "jwks": {"keys": []}},
    "a private key": {"jwksUri": None, "jwks": {"keys": [{**IDP.jwk, "d": "AAAA"}]}},
    "a symmetric key": {"jwksUri": None, "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
    "algorithms": {"algorithms": ["HS256"]},
    "no algorithm": {"algorithms": ["none"]},
    "a match": {"subject": {"match": "EMAIL"}},
    "a claim too few": {"subject": {"match": "CLAIM"}},
    "a claim too many": {"subject": {"match": "LOGIN", "claim": "upn"}},
    "an unknown member": {"audience": "x"},
    "an unknown member below": {"subject": {"matches": "LOGIN"}},
    "an age": {"maxTokenAgeSeconds": 0},
    "a scope parameter": {"scopeParameter": "WIDEN"},
    "a status": {"status": "ON"},
}


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_refused_and_changes_nothing(admin: Admin, url: str, what: str) -> None:
    answer = admin.post(url, ENTRY | WRONG[what])

    assert answer.status == 400
    assert (admin.get(url).json, events(admin)) == ([], [])


def test_one_entry_for_an_issuer_and_a_use(admin: Admin, url: str) -> None:
    made = admin.made(url, ENTRY)

    assert admin.post(url, ENTRY).status == 400
    assert admin.post(url, ENTRY | {"use": "WORKLOAD"}).status == 201
    for change in ({"issuer": "https://other.example"}, {"use": "WORKLOAD"}):
        assert admin.put(f"{url}/{made['id']}", ENTRY | change).status == 400


def test_discovery_is_tried_when_it_is_asked_for(admin: Admin, url: str, documents: dict[str, bytes]) -> None:
    entry = {"issuer": IDP.url, "use": "WORKLOAD", "discovery": True}
    assert admin.made(url, entry)["discovery"] is True

    metadata = f"{IDP.url}/.well-known/openid-configuration"
    for document in (b"{}", b"no", json.dumps({"issuer": f"{IDP.url}/", "jwks_uri": "https://x.example/"}).encode()):
        documents[metadata] = document
        assert admin.post(url, entry | {"use": "ID_JAG"}).causes[0].startswith("discovery: The metadata of the issuer")
    documents[metadata] = json.dumps({"issuer": IDP.url, "jwks_uri": "http://inside.example/keys"}).encode()
    assert admin.post(url, entry | {"use": "ID_JAG"}).status == 400
    del documents[metadata]
    assert "status 404" in admin.post(url, entry | {"use": "ID_JAG"}).causes[0]


def test_the_org_itself_is_switched_off_by_an_entry_without_keys(admin: Admin, url: str) -> None:
    own = {"issuer": BASE_URL, "use": "ID_JAG", "status": "INACTIVE"}

    assert admin.post(url, own | {"jwksUri": f"{BASE_URL}/oauth2/v1/keys"}).status == 400
    assert admin.made(url, own)["status"] == "INACTIVE"


def test_whom_an_issuer_means_is_said_once(admin: Admin, url: str) -> None:
    admin.storage.users.add(a_user(id="00u1"), [])
    admin.storage.users.add(a_user(id="00u2"), [])
    first, second = (admin.made(url, ENTRY | {"use": use}) for use in ("ID_JAG", "WORKLOAD"))
    subjects = f"{url}/{first['id']}/subjects"

    made = admin.made(subjects, {"sub": "ü/1", "userId": "00u1"})

    assert (made["id"], made["sub"], made["userId"]) == (subject_id("ü/1"), "ü/1", "00u1")
    assert admin.get(subjects).json == [made]
    assert admin.get(f"{subjects}/{made['id']}").json == made
    assert admin.post(subjects, {"sub": "ü/1", "userId": "00u2"}).status == 400
    assert admin.post(subjects, {"sub": "x", "userId": "00u9"}).status == 404
    assert admin.post(subjects, {"sub": "", "userId": "00u1"}).status == 400
    assert admin.get(f"{url}/{second['id']}/subjects").json == []
    assert admin.get(f"{url}/{second['id']}/subjects/{made['id']}").status == 404
    assert events(admin)[2:] == ["app.oauth2.trusted_server.subject.add"]
    assert admin.delete(f"{subjects}/{made['id']}").status == 204
    assert admin.delete(f"{subjects}/{made['id']}").status == 404
    assert events(admin)[3:] == ["app.oauth2.trusted_server.subject.delete"]


def test_whom_it_meant_goes_with_the_issuer_and_lists_page(admin: Admin, url: str) -> None:
    admin.storage.users.add(a_user(id="00u1"), [])
    made = admin.made(url, ENTRY)
    subjects = f"{url}/{made['id']}/subjects"
    for number in range(5):
        admin.made(subjects, {"sub": f"s{number}", "userId": "00u1"})

    page = admin.get(f"{subjects}?limit=3")
    following = page.header("link")[-1].partition("<")[2].partition(">")[0]
    assert len(page.json + admin.get(following).json) == 5
    assert admin.delete(f"{url}/{made['id']}").status == 204
    assert admin.storage.issuer_subjects.list(made["id"]) == []


def test_an_issuer_that_could_not_be_deleted_means_whom_it_meant(
    admin: Admin, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.storage.users.add(a_user(id="00u1"), [])
    made = admin.made(url, ENTRY)
    admin.made(f"{url}/{made['id']}/subjects", {"sub": "s", "userId": "00u1"})

    def fail(*_: object) -> None:
        raise Unavailable("throttled")

    with monkeypatch.context() as broken:
        broken.setattr(admin.storage.servers, "save", fail)
        assert admin.delete(f"{url}/{made['id']}").status == 503
    assert [one.sub for one in admin.storage.issuer_subjects.list(made["id"])] == ["s"]
    assert admin.delete(f"{url}/{made['id']}").status == 204
    assert admin.storage.issuer_subjects.list(made["id"]) == []


def test_where_keys_are_may_have_a_query(admin: Admin, url: str, documents: dict[str, bytes]) -> None:
    uri = "https://idp.example/keys?policy=b2c"
    assert admin.made(url, ENTRY | {"jwksUri": uri})["jwksUri"] == uri

    metadata = f"{IDP.url}/.well-known/openid-configuration"
    documents[metadata] = json.dumps({"issuer": IDP.url, "jwks_uri": uri}).encode()
    assert admin.post(url, {"issuer": IDP.url, "use": "WORKLOAD", "discovery": True}).status == 201


def test_another_servers_issuer_is_not_there(admin: Admin, url: str) -> None:
    made = admin.made(url, ENTRY)
    other = f"{SERVERS}/{admin.server(name='b')['id']}/trustedIssuers"

    assert admin.get(f"{other}/{made['id']}").status == 404
    assert admin.delete(f"{other}/{made['id']}").status == 404
    assert admin.post(f"{other}/{made['id']}/subjects", {"sub": "a", "userId": "00u1"}).status == 404
    assert admin.get(f"{url}/{made['id']}").status == 200
