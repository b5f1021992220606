"""``/api/v1/authorizationServers`` (docs/protocol.md §23.2, §25.1)."""

import pytest

from tests.management.admin import BASE_URL, SERVERS, TOKEN, Admin


def test_a_new_server_is_shown_as_recorded(admin: Admin) -> None:
    answer = admin.post(SERVERS, {"name": "orders", "description": "d", "audiences": ["api://orders"]})

    server = answer.json
    base, issuer = f"{BASE_URL}{SERVERS}/{server['id']}", f"{BASE_URL}/oauth2/{server['id']}"
    assert answer.status == 201
    assert list(server) == [
        "id", "name", "description", "audiences", "issuer", "issuerMode", "status", "created", "lastUpdated",
        "credentials", "default", "_links",
    ]  # fmt: skip
    assert server["issuer"] == issuer
    assert server["created"] == server["lastUpdated"] == "2099-12-03T16:53:20.000Z"
    assert server["credentials"]["signing"] | {"kid": ""} == {
        "kid": "",
        "rotationMode": "AUTO",
        "lastRotated": "2099-12-03T16:53:20.000Z",
        "nextRotation": "2100-03-03T16:53:20.000Z",
    }
    assert server["_links"]["self"] == {"href": base, "hints": {"allow": ["GET", "DELETE", "PUT"]}}
    assert server["_links"]["metadata"][1]["href"] == f"{issuer}/.well-known/openid-configuration"
    assert list(server["_links"])[-1] == "deactivate"
    assert not answer.header("location")


def test_reading_right_after_writing_gives_the_same(admin: Admin) -> None:
    server = admin.server()

    assert admin.get(f"{SERVERS}/{server['id']}").json == server


def test_a_new_server_has_seven_scopes_nineteen_claims_two_keys_and_no_policy(admin: Admin) -> None:
    path = f"{SERVERS}/{admin.server()['id']}"

    assert [scope["name"] for scope in admin.get(f"{path}/scopes").json] == [
        "openid", "profile", "email", "address", "phone", "offline_access", "device_sso",
    ]  # fmt: skip
    assert len(admin.get(f"{path}/claims").json) == 19
    assert [key["status"] for key in admin.get(f"{path}/credentials/keys").json] == ["ACTIVE", "NEXT"]
    assert admin.get(f"{path}/policies").json == []
    assert admin.get(f"{path}/clients").json == []


def test_an_empty_create_names_both_fields_in_the_recorded_words(admin: Admin) -> None:
    answer = admin.post(SERVERS, {})

    assert (answer.status, answer.code) == (400, "E0000001")
    assert answer.json["errorSummary"] == "Api validation failed: audiences"
    assert answer.causes == [
        "audiences: ''audiences'' must be an array with exactly one value.",
        "name: The field cannot be left blank",
    ]


def test_an_empty_replace_asks_for_the_issuer_mode_too(admin: Admin) -> None:
    answer = admin.put(f"{SERVERS}/{admin.server()['id']}", {})

    assert answer.causes[1] == "issuerMode: ''issuerMode'' is required."
    assert len(answer.causes) == 3


def test_rotation_mode_is_ignored_on_create_and_kept_on_replace(admin: Admin) -> None:
    manual = {"credentials": {"signing": {"rotationMode": "MANUAL"}}}
    server = admin.server(**manual)
    path = f"{SERVERS}/{server['id']}"

    replaced = admin.put(path, server | {"issuerMode": "ORG_URL"} | manual).json
    again = admin.put(path, {"name": "n", "audiences": ["a"], "issuerMode": "ORG_URL"}).json

    assert server["credentials"]["signing"]["rotationMode"] == "AUTO"
    assert replaced["credentials"]["signing"]["rotationMode"] == "MANUAL"
    assert "nextRotation" not in replaced["credentials"]["signing"]
    assert replaced["credentials"]["signing"]["kid"] == server["credentials"]["signing"]["kid"]
    assert again["credentials"]["signing"]["rotationMode"] == "MANUAL"


def test_read_only_and_unknown_members_are_ignored(admin: Admin) -> None:
    server = admin.server(boop="bap", id="ausX", issuer="https://evil.example", status="INACTIVE", default=True)
    sent = server | {"issuerMode": "ORG_URL", "status": "INACTIVE", "id": "ausX", "_links": {}}

    replaced = admin.put(f"{SERVERS}/{server['id']}", sent).json

    assert (replaced["id"], replaced["status"], replaced["default"]) == (server["id"], "ACTIVE", False)


def test_another_algorithm_rotates_at_once_and_is_shown(admin: Admin) -> None:
    server = admin.server()
    path = f"{SERVERS}/{server['id']}"

    changed = admin.put(path, server | {"credentials": {"signing": {"alg": "ES256"}}}).json

    keys = admin.get(f"{path}/credentials/keys").json
    assert changed["credentials"]["signing"]["alg"] == "ES256"
    assert [(key["alg"], key["status"]) for key in keys] == [
        ("ES256", "ACTIVE"), ("ES256", "NEXT"), ("RS256", "EXPIRED"),
    ]  # fmt: skip


def test_lifecycle_is_idempotent_and_changes_the_links(admin: Admin) -> None:
    path = f"{SERVERS}/{admin.server()['id']}"

    statuses = [admin.post(f"{path}/lifecycle/{verb}").status for verb in ("activate", "deactivate", "deactivate")]

    server = admin.get(path).json
    assert statuses == [204, 204, 204]
    assert server["status"] == "INACTIVE"
    assert "activate" in server["_links"]
    assert "deactivate" not in server["_links"]
    assert [event.type for event in admin.storage.events][-1] == "oauth2.as.deactivated"
    assert [event.type for event in admin.storage.events].count("oauth2.as.deactivated") == 1


def test_a_204_has_no_body_and_no_content_type(admin: Admin) -> None:
    answer = admin.delete(f"{SERVERS}/{admin.server()['id']}")

    assert (answer.status, answer.response.body, answer.header("content-type")) == (204, b"", [])
    assert answer.header("x-okta-request-id")


def test_a_deleted_server_is_gone_with_all_below_it(admin: Admin) -> None:
    path = f"{SERVERS}/{admin.server()['id']}"
    admin.delete(path)

    answers = [admin.get(path), admin.get(f"{path}/scopes"), admin.delete(path)]

    assert {answer.status for answer in answers} == {404}
    assert answers[1].json["errorSummary"].endswith("(AuthorizationServer)")


def test_the_default_server_is_default_under_both_names_and_cannot_be_deleted(admin: Admin) -> None:
    server = admin.get(f"{SERVERS}/default").json

    assert server["issuer"] == f"{BASE_URL}/oauth2/default"
    assert server["id"].startswith("aus")
    assert admin.get(f"{SERVERS}/{server['id']}").json == server
    assert server["_links"]["scopes"]["href"] == f"{BASE_URL}{SERVERS}/default/scopes"
    refused = admin.delete(f"{SERVERS}/default")
    assert (refused.status, refused.code) == (403, "E0000111")
    assert refused.json["errorSummary"] == "Cannot modify the AuthorizationServer object because it is read-only."


def test_a_default_server_that_was_renamed_keeps_its_issuer(admin: Admin) -> None:
    server = admin.get(f"{SERVERS}/default").json

    renamed = admin.put(f"{SERVERS}/default", server | {"name": "renamed"}).json

    assert (renamed["name"], renamed["issuer"]) == ("renamed", f"{BASE_URL}/oauth2/default")


def test_pages_have_two_link_headers_self_first(admin: Admin) -> None:
    ids = sorted([admin.get(f"{SERVERS}/default").json["id"], *(admin.server()["id"] for _ in range(4))])

    first = admin.get(f"{SERVERS}?limit=2")
    own, following = first.header("link")
    pages = [first]
    while len(pages[-1].header("link")) == 2:
        pages.append(admin.get(pages[-1].header("link")[1].partition(">")[0][1:]))

    assert own == f'<{BASE_URL}{SERVERS}?limit=2>; rel="self"'
    assert following == f'<{BASE_URL}{SERVERS}?after={ids[1]}&limit=2>; rel="next"'
    assert [server["id"] for page in pages for server in page.json] == ids


def test_search_finds_names_and_audiences_whatever_their_case(admin: Admin) -> None:
    admin.server(name="Orders EU", audiences=["api://eu"])

    assert [s["name"] for s in admin.get(f"{SERVERS}?q=orders eu").json] == ["Orders EU"]
    assert [s["name"] for s in admin.get(f"{SERVERS}?q=API://EU").json] == ["Orders EU"]
    assert admin.get(f"{SERVERS}?q=nothing").json == []


@pytest.mark.parametrize(("limit", "used"), [("0", "1"), ("9999", "200"), ("-1", "200"), ("", "200")])
def test_a_limit_out_of_range_is_clamped(admin: Admin, limit: str, used: str) -> None:
    assert f"limit={used}>" in admin.get(f"{SERVERS}?limit={limit}").header("link")[0]


def test_associated_servers_are_added_listed_and_removed(admin: Admin) -> None:
    one, two = admin.server(), admin.server(name="two")
    path = f"{SERVERS}/{one['id']}/associatedServers"

    added = admin.post(path, {"trusted": [two["id"]]})

    assert (added.status, [item["_links"] for item in added.json]) == (200, [None])
    assert [item["id"] for item in admin.get(f"{path}?trusted=true").json] == [two["id"]]
    assert two["id"] not in [item["id"] for item in admin.get(f"{path}?trusted=false").json]
    assert admin.delete(f"{path}/{two['id']}").status == 204
    assert admin.get(path).json == []
    assert admin.post(path, {"trusted": ["ausNone"]}).code == "E0000007"


def test_keys_rotate_at_once_and_the_former_one_stays_published(admin: Admin) -> None:
    server = admin.server()
    path = f"{SERVERS}/{server['id']}/credentials"

    published = [key["kid"] for key in admin.get(f"{path}/keys").json]
    keys = admin.post(f"{path}/lifecycle/keyRotate", {"use": "sig"}).json

    assert [key["status"] for key in keys] == ["ACTIVE", "NEXT", "EXPIRED"]
    assert [keys[2]["kid"], keys[0]["kid"]] == published
    assert keys[2]["kid"] == server["credentials"]["signing"]["kid"]
    assert list(keys[0]) == ["kty", "status", "alg", "kid", "use", "_links", "e", "n"]
    assert admin.get(f"{SERVERS}/{server['id']}").json["credentials"]["signing"]["kid"] == keys[0]["kid"]
    assert admin.get(f"{path}/keys/{keys[2]['kid']}").json == keys[2]
    assert admin.get(f"{path}/keys/none").json["errorSummary"].endswith("none (JsonWebKey)")
    assert admin.storage.events[-1].type == "app.oauth2.as.key.rollover"


@pytest.mark.parametrize("body", [None, {"use": "enc"}, {}])
def test_key_rotate_wants_the_use_sig(admin: Admin, body: object) -> None:
    answer = admin.post(f"{SERVERS}/{admin.server()['id']}/credentials/lifecycle/keyRotate", body)

    assert answer.json["errorSummary"] == "Api validation failed: rotateKeys"
    assert answer.causes == ["Invalid value specified for key 'use' parameter."]


@pytest.mark.parametrize("header", [f"SSWS {TOKEN}", f"SSWS{TOKEN}", f"ssws  {TOKEN}"])
def test_the_scheme_may_stand_without_a_space(admin: Admin, header: str) -> None:
    assert admin.call("GET", SERVERS, headers={"authorization": header}).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 403, "E0000005"),
        ({"authorization": "Bearer nonsense"}, 403, "E0000005"),
        ({"authorization": "SSWS wrong"}, 401, "E0000011"),
        ({"authorization": "SSWS"}, 401, "E0000011"),
        ({"authorization": "SSWS " + "x" * 9_000}, 401, "E0000011"),
        ({"authorization": "Basic abc"}, 403, "E0000005"),
    ],
)
def test_who_has_no_token_is_refused(admin: Admin, headers: dict[str, str], status: int, code: str) -> None:
    answer = admin.call("GET", SERVERS, headers=headers)

    assert (answer.status, answer.code) == (status, code)
    assert answer.header("www-authenticate") == (["SSWS"] if status == 401 else [])


def test_unknown_paths_and_methods_have_their_own_errors(admin: Admin) -> None:
    unknown, method = admin.get("/api/v1/nothing"), admin.call("PATCH", SERVERS)

    assert (unknown.status, unknown.code) == (404, "E0000008")
    assert (method.status, method.code) == (405, "E0000022")
    assert not method.header("x-rate-limit-limit")
    assert unknown.header("x-rate-limit-reset")


@pytest.mark.parametrize(
    "path", ["aus/../default", "aus%2Fdefault", "%2e%2e", "default%00", "de fault", "ö" * 300, "."]
)
def test_ids_with_separators_and_encodings_find_nothing(admin: Admin, path: str) -> None:
    assert admin.get(f"{SERVERS}/{path}").status == 404


def test_the_organization_is_known_to_everybody(admin: Admin) -> None:
    answer = admin.call("GET", "/.well-known/okta-organization", headers={})

    assert answer.json["pipeline"] == "idx"
    assert answer.json["_links"]["organization"]["href"] == BASE_URL


def test_only_the_first_bootstrap_makes_a_token(admin: Admin) -> None:
    assert admin.api.bootstrap({"action": "bootstrap", "token": TOKEN}) == {"token": TOKEN, "created": False}
    assert admin.api.bootstrap({"action": "bootstrap"})["error"] == "already_bootstrapped"
    assert admin.api.bootstrap({"action": "other"})["error"] == "unknown_action"
    assert admin.api.bootstrap({"action": "create_api_token", "token": "short"})["error"] == "bad_token"
    made = admin.api.bootstrap({"action": "create_api_token", "name": "locked out"})["token"]
    assert admin.call("GET", SERVERS, headers={"authorization": f"SSWS {made}"}).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accessTokenEncryptedResponseAlgorithm", "RSA-OAEP-256"),
        ("jwks", {"keys": []}),
        ("jwks_uri", "https://api.example.com/jwks"),
    ],
)
def test_encrypted_access_tokens_are_refused_and_not_sent_in_the_clear(admin: Admin, name: str, value: object) -> None:
    made = admin.post(SERVERS, {"name": "n", "audiences": ["a"], name: value})
    replaced = admin.put(f"{SERVERS}/default", {"name": "n", "audiences": ["a"], "issuerMode": "ORG_URL", name: value})

    for answer in (made, replaced):
        assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {name}")
