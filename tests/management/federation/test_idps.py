"""docs/protocol.md §37.2: ``/api/v1/idps``."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.federation.discovery import DiscoveryFailed, discover, is_reachable
from authmint.keys.vault import VaultUnavailable
from authmint.oauth.outbound_fetch import FetchFailed
from authmint.runtime import wiring

from tests.management.admin import TOKEN, Admin
from tests.management.administrators.people import by_oauth, person
from tests.management.federation.idps import HOST, PATH, an_idp, made
from tests.memory.parts import MemoryParts, Nowhere
from tests.support.fakes import CountingIds

DOCUMENT = {
    "issuer": HOST,
    "authorization_endpoint": f"{HOST}/a",
    "token_endpoint": f"{HOST}/t",
    "jwks_uri": f"{HOST}/k",
    "userinfo_endpoint": f"{HOST}/u",
    "end_session_endpoint": f"{HOST}/out",
    "authorization_response_iss_parameter_supported": True,
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
}


def discovering(admin: Admin, answer: bytes | FetchFailed) -> list[str]:
    """Have the administrator's deployment ask a provider that answers so; what it asks for."""
    asked: list[str] = []

    def fetch(uri: str) -> bytes:
        asked.append(uri)
        if isinstance(answer, FetchFailed):
            raise answer
        return answer

    parts = MemoryParts(
        admin.storage, vault=admin.pairs, clock=admin.clock, ids=CountingIds(500), log=Nowhere(), fetch=fetch
    )
    admin.api = wiring.management_api(parts)
    return asked


def logged(admin: Admin) -> list[str]:
    return [event.type for event in admin.storage.events if event.type.startswith(("system.idp", "user.idp"))]


def refused(admin: Admin, **changes: Any) -> list[str]:
    answer = admin.post(PATH, an_idp(**changes))
    assert answer.status == 400, answer.json
    causes: list[str] = answer.causes
    return causes


def test_a_provider_as_it_is_shown() -> None:
    admin = Admin()
    shown = made(admin, policy={"trustClaims": True}, status="INACTIVE")

    links = shown.pop("_links")
    assert {name: links[name]["hints"]["allow"] for name in ("authorize", "clientRedirectUri")} == {
        "authorize": ["GET"],
        "clientRedirectUri": ["POST"],
    }
    assert links["authorize"]["href"].startswith(
        f"https://acme.example.com/oauth2/v1/authorize?idp={shown['id']}&client_id={{clientId}}&"
    )
    assert links["clientRedirectUri"]["href"] == "https://acme.example.com/oauth2/v1/authorize/callback"
    assert shown.pop("id").startswith("0oa")
    assert shown == {
        "issuerMode": "ORG_URL",
        "name": "partner",
        "status": "ACTIVE",
        "created": "2099-12-03T16:53:20.000Z",
        "lastUpdated": "2099-12-03T16:53:20.000Z",
        "protocol": {
            "type": "OIDC",
            "endpoints": {
                "authorization": {"url": f"{HOST}/authorize", "binding": "HTTP-REDIRECT"},
                "token": {"url": f"{HOST}/token", "binding": "HTTP-POST"},
                "userInfo": {"url": f"{HOST}/userinfo", "binding": "HTTP-REDIRECT"},
                "jwks": {"url": f"{HOST}/keys", "binding": "HTTP-REDIRECT"},
            },
            "settings": {"nameFormat": None},
            "scopes": ["openid", "email"],
            "issuer": {"url": HOST},
            "credentials": {"client": {"client_id": "abc", "client_secret": "a-secret"}},
        },
        "policy": {
            "provisioning": {
                "action": "AUTO",
                "profileMaster": False,
                "groups": {"action": "NONE"},
                "conditions": {"deprovisioned": {"action": "NONE"}, "suspended": {"action": "NONE"}},
            },
            "accountLink": {"filter": None, "action": "AUTO"},
            "subject": {
                "userNameTemplate": {"template": "idpuser.email"},
                "filter": None,
                "matchType": "USERNAME",
                "matchAttribute": None,
            },
            "maxClockSkew": 0,
            "trustClaims": True,
            "transformedUsernameMatchingEnabled": False,
        },
        "type": "OIDC",
    }


def test_what_was_sent_comes_back() -> None:
    admin = Admin()
    groups = [admin.made("/api/v1/groups", {"profile": {"name": name}})["id"] for name in ("a", "b")]
    sent = an_idp(
        issuerMode="DYNAMIC",
        protocol={
            "algorithms": {"request": {"signature": {"algorithm": "HS256", "scope": "REQUEST"}}},
            "settings": {"honorPersistentNameId": False, "participateSlo": True},
            "credentials": {
                "client": {
                    "client_id": "c",
                    "client_secret": "s",
                    "pkce_required": False,
                    "token_endpoint_auth_method": "client_secret_post",
                }
            },
        },
        policy={
            "accountLink": {
                "action": "AUTO",
                "filter": {"groups": {"include": [groups[0]]}, "users": {"exclude": ["00uX"]}},
            },
            "provisioning": {
                "action": "DISABLED",
                "profileMaster": True,
                "groups": {
                    "action": "APPEND",
                    "assignments": [groups[0]],
                    "filter": groups,
                    "sourceAttributeName": "groups",
                },
                "conditions": {"deprovisioned": {"action": "REACTIVATE"}, "suspended": {"action": "UNSUSPEND"}},
            },
            "subject": {
                "userNameTemplate": {"template": "idpuser.sub"},
                "filter": ".+@corp\\.example",
                "matchType": "USERNAME_OR_EMAIL",
            },
            "maxClockSkew": 120_000,
        },
    )
    shown = admin.made(PATH, sent)

    assert shown["issuerMode"] == "DYNAMIC"
    assert shown["protocol"]["algorithms"] == sent["protocol"]["algorithms"]
    assert shown["protocol"]["settings"] == {"nameFormat": None, "participateSlo": True}
    assert shown["protocol"]["credentials"] == sent["protocol"]["credentials"]
    for name in ("accountLink", "provisioning", "maxClockSkew"):
        assert shown["policy"][name] == sent["policy"][name]
    assert shown["policy"]["subject"] == sent["policy"]["subject"] | {"matchAttribute": None}
    again = admin.put(f"{PATH}/{shown['id']}", {k: v for k, v in shown.items() if k != "_links"})
    assert again.json == shown


def test_replacing_keeps_a_secret_that_is_not_sent_and_the_type() -> None:
    admin = Admin()
    provider = made(admin)
    path = f"{PATH}/{provider['id']}"
    without = an_idp(name="renamed", protocol={"credentials": {"client": {"client_id": "other"}}})
    admin.clock.advance(seconds=60)

    answer = admin.put(path, without)

    assert answer.json["name"] == "renamed"
    assert answer.json["protocol"]["credentials"]["client"] == {"client_id": "other", "client_secret": "a-secret"}
    assert answer.json["lastUpdated"] > provider["lastUpdated"]
    assert admin.get(path).json == answer.json
    social = an_idp(type="GOOGLE", protocol={"endpoints": None, "issuer": None})
    assert admin.put(path, social).causes == ["type: The type of an identity provider cannot be changed."]


def test_the_lifecycle_answers_with_the_object_and_repeats_itself() -> None:
    admin = Admin()
    path = f"{PATH}/{made(admin)['id']}"

    for verb, status in (("deactivate", "INACTIVE"), ("deactivate", "INACTIVE"), ("activate", "ACTIVE")):
        answer = admin.post(f"{path}/lifecycle/{verb}")
        assert (answer.status, answer.json["status"]) == (200, status)

    assert admin.delete(path).status == 204
    for method in ("GET", "PUT", "DELETE"):
        answer = admin.call(method, path, an_idp() if method == "PUT" else None)
        assert (answer.status, answer.code) == (404, "E0000007")
        assert answer.json["errorSummary"].endswith("(IdpTrust)")
    assert [one.removeprefix("system.idp.lifecycle.") for one in logged(admin) if "read" not in one] == [
        "create",
        "deactivate",
        "activate",
        "delete",
    ]


def test_lists_are_narrowed_and_paged() -> None:
    admin = Admin()
    for name in ("alpha", "beta", "gamma"):
        made(admin, name=name)
    admin.made(PATH, an_idp(type="GOOGLE", name="Altavista", protocol={"endpoints": None, "issuer": None}))

    assert [one["name"] for one in admin.get(f"{PATH}?q=al").json] == ["alpha", "Altavista"]
    assert [one["name"] for one in admin.get(f"{PATH}?q=al&type=OIDC&limit=1").json] == ["alpha"]
    assert admin.get(f"{PATH}?type=SAML2").json == []
    first = admin.get(f"{PATH}?limit=2")
    (following,) = [link for link in first.header("link") if 'rel="next"' in link]
    second = admin.get(following.partition(">")[0].removeprefix("<"))
    assert [one["name"] for one in (*first.json, *second.json)] == ["alpha", "beta", "gamma", "Altavista"]


def test_a_name_is_taken_once_and_there_are_not_more_than_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin()
    made(admin)
    assert refused(admin) == ["name: An object with this field already exists in the current organization"]
    monkeypatch.setattr("authmint.management.federation.idps.MOST", 1)
    assert refused(admin, name="x") == ["name: There can be at most 1 identity providers."]


def test_providers_that_everybody_knows() -> None:
    admin = Admin()
    for kind, host in (("GOOGLE", "accounts.google.com"), ("MICROSOFT", "login.microsoftonline.com")):
        shown = made(admin, type=kind, name=kind, protocol={"endpoints": None, "issuer": None})
        assert sorted(shown["protocol"]["endpoints"]) == ["authorization", "token"]
        assert host in shown["protocol"]["endpoints"]["authorization"]["url"]
        assert "issuer" not in shown["protocol"]
        assert "trustClaims" not in shown["policy"]
        body = {name: value for name, value in shown.items() if name not in {"_links", "id"}}
        assert admin.put(f"{PATH}/{shown['id']}", body).status == 200
    elsewhere = an_idp(type="GOOGLE", name="fake")
    assert len(admin.post(PATH, elsewhere).causes) == 3


@pytest.mark.parametrize("kind", ["SAML2", "FACEBOOK", "LINKEDIN", "APPLE", "X509", "IDV_PERSONA", "GITHUB"])
def test_other_types_are_refused(kind: str) -> None:
    answer = Admin().post(PATH, an_idp(type=kind))
    assert answer.json["errorSummary"] == "Api validation failed: type"
    assert answer.causes == ["type: The identity provider type is not enabled for this organization."]


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"protocol": {"scopes": ["email"]}}, "protocol.scopes"),
        ({"protocol": {"scopes": ["openid", 'a"b']}}, "protocol.scopes"),
        ({"protocol": {"type": "SAML2"}}, "protocol.type"),
        ({"protocol": {"issuer": {}}}, "protocol.issuer.url"),
        ({"protocol": {"issuer": {"url": "http://idp.example.com"}}}, "protocol.issuer.url"),
        ({"protocol": {"issuer": {"url": "https://login.example.com/{tenantid}/v2.0"}}}, "protocol.issuer.url"),
        ({"protocol": {"credentials": {"client": {"client_id": "c"}}}}, "protocol.credentials.client.client_secret"),
        ({"protocol": {"credentials": {"client": {"client_secret": "s"}}}}, "protocol.credentials.client.client_id"),
        (
            {
                "protocol": {
                    "credentials": {
                        "client": {
                            "client_id": "c",
                            "client_secret": "s",
                            "token_endpoint_auth_method": "private_key_jwt",
                        },
                        "signing": {"kid": "k"},
                    }
                }
            },
            "protocol.credentials.signing.kid",
        ),
        (
            {
                "protocol": {
                    "credentials": {
                        "client": {"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "none"}
                    }
                }
            },
            "protocol.credentials.client.token_endpoint_auth_method",
        ),
        ({"policy": {"maxClockSkew": 300_001}}, "policy.maxClockSkew"),
        ({"policy": {"mapAMRClaims": True}}, "policy.mapAMRClaims"),
        (
            {"policy": {"subject": {"userNameTemplate": {"template": "idpuser."}}}},
            "policy.subject.userNameTemplate.template",
        ),
        ({"policy": {"subject": {"filter": "(["}}}, "policy.subject.filter"),
        ({"policy": {"subject": {"matchType": "CUSTOM_ATTRIBUTE"}}}, "policy.subject.matchAttribute"),
        ({"policy": {"subject": {"matchType": "NOBODY"}}}, "policy.subject.matchType"),
        ({"policy": {"subject": {"matchType": "CUSTOM_ATTRIBUTE", "matchAttribute": "badge"}}}, "matchAttribute"),
        (
            {"policy": {"subject": {"matchType": "USERNAME", "matchAttribute": "employeeNumber"}}},
            "policy.subject.matchAttribute",
        ),
        (
            {"policy": {"provisioning": {"groups": {"action": "SYNC"}}}},
            "policy.provisioning.groups.sourceAttributeName",
        ),
        (
            {"policy": {"provisioning": {"groups": {"action": "SYNC", "sourceAttributeName": "g"}}}},
            "policy.provisioning.groups.filter",
        ),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], subject: str) -> None:
    answer = Admin().post(PATH, an_idp(**changes))
    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {subject}")


def test_people_join_no_group_that_is_not_there_or_that_has_a_role() -> None:
    admin = Admin()
    group = admin.made("/api/v1/groups", {"profile": {"name": "a"}})["id"]
    provisioning = {"provisioning": {"groups": {"action": "ASSIGN", "assignments": [group]}}}
    absent = {"provisioning": {"groups": {"action": "ASSIGN", "assignments": ["00gX"]}}}

    assert admin.post(PATH, an_idp(policy=absent)).json["errorSummary"].endswith("00gX (UserGroup)")
    admin.made(f"/api/v1/groups/{group}/roles", {"type": "READ_ONLY_ADMIN"})
    assert "has a role" in refused(admin, policy=provisioning)[0]


@pytest.mark.parametrize(
    ("url", "reachable"),
    [
        ("https://idp.example.com/path?x=1", True),
        ("https://8.8.8.8/token", True),
        ("http://idp.example.com", False),
        ("https://127.0.0.1/token", False),
        ("https://10.0.0.1/token", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1]/token", False),
        ("https://[::ffff:10.0.0.1]/", False),
        ("https://localhost/token", False),
        ("https://metadata.internal./x", False),
        ("https://intranet/token", False),
        ("https://user@idp.example.com", False),
        ("https://idp.example.com/#x", False),
        ("https://idp.example.com:99999/", False),
        ("https://idp.example.com/\\@evil", False),
        ("https://idp.example.com/" + "x" * 1_100, False),
        ("ftp://idp.example.com", False),
        ("https:///x", False),
    ],
)
def test_only_public_hosts_by_https(url: str, reachable: bool) -> None:
    assert is_reachable(url, allow_private=False) is reachable
    if not reachable:
        assert refused(Admin(), protocol={"endpoints": {"token": {"url": url}}})


def test_the_local_stack_reaches_this_machine() -> None:
    assert is_reachable("http://127.0.0.1:8080/oauth2", allow_private=True)
    assert not is_reachable("file:///etc/passwd", allow_private=True)


def test_what_was_left_out_is_discovered_once_and_pinned() -> None:
    admin = Admin()
    asked = discovering(admin, json.dumps(DOCUMENT).encode())
    shown = made(admin, protocol={"endpoints": {"userInfo": {"url": f"{HOST}/mine"}}})

    assert asked == [f"{HOST}/.well-known/openid-configuration"]
    assert {name: one["url"] for name, one in shown["protocol"]["endpoints"].items()} == {
        "slo": f"{HOST}/out",
        "authorization": f"{HOST}/a",
        "token": f"{HOST}/t",
        "userInfo": f"{HOST}/mine",
        "jwks": f"{HOST}/k",
    }
    (stored,) = admin.storage.identity_providers.all().providers
    assert (stored.upstream.auth_method, stored.upstream.names_issuer) == ("client_secret_post", True)
    admin.get(f"{PATH}/{shown['id']}")
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        FetchFailed("address is not public"),
        b"<html>",
        b"[]",
        json.dumps(DOCUMENT | {"issuer": "https://other.example.com"}).encode(),
        json.dumps(DOCUMENT | {"token_endpoint": "http://idp.example.com/t"}).encode(),
        json.dumps(DOCUMENT | {"jwks_uri": "https://10.0.0.1/k"}).encode(),
        json.dumps(DOCUMENT | {"token_endpoint": None}).encode(),
        json.dumps(DOCUMENT | {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}).encode(),
    ],
)
def test_a_document_that_is_none_makes_no_provider(answer: bytes | FetchFailed) -> None:
    admin = Admin()
    discovering(admin, answer)
    assert refused(admin, protocol={"endpoints": None})[0].startswith("protocol.endpoints: ")
    assert admin.storage.identity_providers.all().providers == ()


def test_an_issuer_with_a_slash_at_its_end_is_asked_at_the_same_place() -> None:
    asked: list[str] = []

    def fetch(uri: str) -> bytes:
        asked.append(uri)
        return json.dumps(DOCUMENT | {"issuer": f"{HOST}/"}).encode()

    found = discover(f"{HOST}/", fetch, allow_private=False)
    assert (asked, found.method) == ([f"{HOST}/.well-known/openid-configuration"], "client_secret_post")
    assert replace(found, methods=()).method == "client_secret_basic"
    with pytest.raises(DiscoveryFailed):
        discover(HOST, fetch, allow_private=False)


def test_the_secret_is_sealed_and_shown_to_whoever_may_set_it() -> None:
    admin = Admin()
    provider = made(admin)
    path = f"{PATH}/{provider['id']}"
    (stored,) = admin.storage.identity_providers.all().providers
    assert stored.upstream.secret != "a-secret"
    assert "a-secret" not in repr(stored)
    before = logged(admin).count("system.idp.lifecycle.read_client_secret")

    reader = person(admin, "reader", "READ_ONLY_ADMIN")
    for seen in (reader.call("GET", path).json, reader.call("GET", PATH).json[0]):
        assert seen["protocol"]["credentials"]["client"] == {"client_id": "abc"}
    assert logged(admin).count("system.idp.lifecycle.read_client_secret") == before

    org = person(admin, "org", "ORG_ADMIN")
    assert org.call("GET", path).json["protocol"]["credentials"]["client"]["client_secret"] == "a-secret"
    assert org.call("GET", PATH).json[0]["protocol"]["credentials"]["client"]["client_secret"] == "a-secret"
    assert logged(admin).count("system.idp.lifecycle.read_client_secret") == before + 2
    assert all("a-secret" not in repr(event) for event in admin.storage.events)


def test_only_a_secret_that_was_shown_is_written_down_as_shown() -> None:
    admin = Admin()
    path = f"{PATH}/{made(admin)['id']}"
    shown = admin.get(path)
    (tag,) = shown.header("etag")
    before = logged(admin).count("system.idp.lifecycle.read_client_secret")

    headers = {"authorization": f"SSWS {TOKEN}", "if-match": tag}
    answer = admin.call("PUT", path, shown.json | {"name": "renamed"}, headers=headers)

    assert (answer.status, answer.json["name"]) == (200, "renamed")
    assert logged(admin).count("system.idp.lifecycle.read_client_secret") == before + 1, "in the answer, and not before"


def test_scopes_of_tokens() -> None:
    admin = Admin()
    provider = made(admin)
    user = person(admin, "super", "SUPER_ADMIN")
    reads = by_oauth(admin, user.id, "okta.idps.read")
    users = by_oauth(admin, user.id, "okta.users.manage")
    link = f"{PATH}/{provider['id']}/users/{user.id}"

    assert reads.call("GET", PATH).status == 200
    assert reads.call("POST", PATH, an_idp(name="x")).status == 403
    assert by_oauth(admin, user.id, "okta.idps.manage").call("POST", PATH, an_idp(name="x")).status == 200
    assert by_oauth(admin, user.id, "okta.idps.manage").call("POST", link, {"externalId": "s"}).status == 403
    assert users.call("POST", link, {"externalId": "s"}).status == 200
    assert users.call("GET", f"/api/v1/users/{user.id}/idps").json[0]["id"] == provider["id"]


def test_a_scope_that_reads_shows_no_secret() -> None:
    """Also where who granted it could read secrets."""
    admin = Admin()
    path = f"{PATH}/{made(admin)['id']}"
    user = person(admin, "super", "SUPER_ADMIN")

    def shown(*scopes: str) -> str | None:
        client = by_oauth(admin, user.id, *scopes).call("GET", path).json["protocol"]["credentials"]["client"]
        secret: str | None = client.get("client_secret")
        return secret

    assert shown("okta.idps.read") is None
    assert shown("okta.idps.read", "okta.idps.manage") == "a-secret"


def test_there_are_no_keys() -> None:
    admin = Admin()
    path = f"{PATH}/{made(admin)['id']}/credentials"
    for known in (f"{PATH}/credentials/keys", f"{path}/keys", f"{path}/csrs"):
        assert admin.get(known).json == []
        assert admin.post(known, {}).code == "E0000008"
    assert admin.get(f"{path}/keys/x").code == "E0000007"
    assert admin.delete(f"{PATH}/credentials/keys/x").code == "E0000008"
    assert admin.get(f"{PATH}/0oaX/credentials/keys").code == "E0000007"


BY_KEY = {"client": {"client_id": "abc", "token_endpoint_auth_method": "private_key_jwt"}}


def test_a_provider_may_know_a_key_in_the_place_of_a_secret() -> None:
    admin = Admin()
    provider = made(admin, protocol={"credentials": BY_KEY})
    path = f"{PATH}/{provider['id']}"
    (key,) = admin.get(f"{path}/credentials/keys").json

    assert provider["protocol"]["credentials"] == BY_KEY | {"signing": {"kid": key["kid"]}}
    assert (key["kty"], key["alg"], key["use"], key["created"]) == ("RSA", "RS256", "sig", provider["created"])
    assert not {"d", "p", "wrapped"} & key.keys()
    assert admin.get(f"{path}/credentials/keys/{key['kid']}").json == key
    assert admin.get(f"{path}/credentials/keys/x").code == "E0000007"
    assert admin.pairs.generated[-1:] == [(provider["id"], key["kid"])], "it opens for this provider alone"
    again = admin.put(path, {name: value for name, value in provider.items() if name != "_links"})
    assert again.json == provider
    assert "system.idp.lifecycle.read_client_secret" not in [event.type for event in admin.storage.events]


def test_a_new_key_signs_once_it_is_named_and_the_one_before_stays_known() -> None:
    admin = Admin()
    provider = made(admin, protocol={"credentials": BY_KEY})
    path = f"{PATH}/{provider['id']}"
    (old,) = admin.get(f"{path}/credentials/keys").json
    never = admin.post(f"{path}/credentials/keys/generate", None).json
    new = admin.post(f"{path}/credentials/keys/generate", None).json

    assert admin.get(f"{path}/credentials/keys").json == [old, new], "one that never signed is replaced"
    assert admin.get(path).json["protocol"]["credentials"]["signing"] == {"kid": old["kid"]}
    named = an_idp(protocol={"credentials": BY_KEY | {"signing": {"kid": new["kid"]}}})
    assert admin.put(path, named).json["protocol"]["credentials"]["signing"] == {"kid": new["kid"]}
    assert admin.get(f"{path}/credentials/keys").json == [old, new]
    unknown = an_idp(protocol={"credentials": BY_KEY | {"signing": {"kid": never["kid"]}}})
    assert admin.put(path, unknown).json["errorSummary"].endswith("protocol.credentials.signing.kid")


def test_who_goes_from_a_secret_to_a_key_and_back_loses_neither() -> None:
    admin = Admin()
    provider = made(admin)
    path = f"{PATH}/{provider['id']}"
    by_key = admin.put(path, an_idp(protocol={"credentials": BY_KEY})).json["protocol"]["credentials"]
    assert by_key["client"]["client_secret"] == "a-secret"
    kid = by_key["signing"]["kid"]
    assert "signing" not in admin.put(path, an_idp()).json["protocol"]["credentials"]
    assert admin.put(path, an_idp(protocol={"credentials": BY_KEY})).json["protocol"]["credentials"]["signing"] == {
        "kid": kid
    }


def test_without_a_key_there_is_no_provider_by_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin()

    def down(*_: Any) -> Any:
        raise VaultUnavailable("KMS: down")

    monkeypatch.setattr(admin.pairs, "generate", down)
    assert admin.post(PATH, an_idp(protocol={"credentials": BY_KEY})).status == 503
    assert admin.get(PATH).json == []


def test_a_provider_that_has_no_secret_yet_needs_one() -> None:
    admin = Admin()
    provider = made(admin, protocol={"credentials": BY_KEY})
    by_secret = an_idp(protocol={"credentials": {"client": {"client_id": "abc"}}})
    answer = admin.put(f"{PATH}/{provider['id']}", by_secret)
    assert answer.json["errorSummary"].endswith("protocol.credentials.client.client_secret")
