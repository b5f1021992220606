"""Users provisioned by a directory (docs/protocol.md §41)."""

from typing import Any

import pytest
from authmint.storage.errors import Unavailable

from tests.management.admin import BASE_URL, Admin
from tests.management.administrators.people import grant, person
from tests.management.directory.users import USERS as API_USERS
from tests.management.directory.users import made as made_user
from tests.management.scim.directory import CUSTOM, ENTERPRISE, GROUPS, ROOT, USER, USERS, Provisioning, a_user


@pytest.fixture
def scim(admin: Admin) -> Provisioning:
    return Provisioning(admin)


def custom(admin: Admin, **properties: Any) -> None:
    body = {"definitions": {"custom": {"properties": properties}}}
    assert admin.post("/api/v1/meta/schemas/user/default", body).status == 200


FULL: dict[str, Any] = a_user(
    "ann@example.com",
    externalId="ext-1",
    displayName="Ann Lee",
    nickName="annie",
    title="CTO",
    active=True,
    name={"givenName": "Ann", "familyName": "Lee", "honorificPrefix": "Dr."},
    emails=[
        {"value": "home@example.com", "type": "home"},
        {"value": "ann.lee@example.com", "type": "work", "primary": True},
    ],
    phoneNumbers=[{"value": "1", "type": "work"}, {"value": "2", "type": "mobile"}, {"value": "3", "type": "fax"}],
    addresses=[{"streetAddress": "Lane 1", "locality": "Bern", "country": "CH", "type": "work"}],
    **{ENTERPRISE: {"department": "IT", "employeeNumber": "7", "manager": {"value": "m1", "displayName": "Bo"}}},
)


def test_a_user_comes_back_as_it_was_sent_and_is_one_of_the_org(admin: Admin, scim: Provisioning) -> None:
    custom(admin, team={"title": "Team", "type": "string"})

    made = scim.call("POST", USERS, FULL | {CUSTOM: {"team": "blue"}})

    assert made.status == 201
    location = f"{BASE_URL}{USERS}/{made.json['id']}"
    assert made.header("location") == [location]
    assert made.json["meta"]["location"] == location
    assert made.json["schemas"] == [USER, ENTERPRISE, CUSTOM]
    assert made.json["emails"] == [
        {"value": "ann.lee@example.com", "type": "work", "primary": True},
        {"value": "home@example.com", "type": "other"},
    ]
    assert made.json["phoneNumbers"] == [{"value": "1", "type": "work"}, {"value": "2", "type": "mobile"}]
    assert made.json[ENTERPRISE] == FULL[ENTERPRISE]
    assert "password" not in made.json
    assert scim.call("GET", f"{USERS}/{made.json['id']}").json == made.json
    shown = admin.get(f"{API_USERS}/{made.json['id']}").json
    assert shown["status"] == "ACTIVE"
    profile = {name: value for name, value in shown["profile"].items() if value is not None}
    assert profile == {
        "login": "ann@example.com", "email": "ann.lee@example.com", "secondEmail": "home@example.com",
        "firstName": "Ann", "lastName": "Lee", "honorificPrefix": "Dr.", "displayName": "Ann Lee", "nickName": "annie",
        "title": "CTO", "primaryPhone": "1", "mobilePhone": "2", "streetAddress": "Lane 1", "city": "Bern",
        "countryCode": "CH", "department": "IT", "employeeNumber": "7", "managerId": "m1", "manager": "Bo",
        "team": "blue",
    }  # fmt: skip
    types = [event.type for event in admin.storage.events if event.type.startswith("user.lifecycle")]
    assert types[-2:] == ["user.lifecycle.create", "user.lifecycle.activate"]
    assert admin.storage.events[-1].actor.id == scim.id


def test_what_cannot_be_is_refused_in_the_words_of_scim(admin: Admin, scim: Provisioning) -> None:
    scim.user()
    for body, status, scim_type in (
        (a_user(), 409, "uniqueness"),
        (a_user("ANN@example.com"), 409, "uniqueness"),
        (a_user("nobody"), 400, "invalidValue"),
        (a_user("b@example.com", name={"givenName": "B"}), 400, "invalidValue"),
        (a_user("b@example.com", name="B"), 400, "invalidValue"),
        (a_user("b@example.com", emails={"value": "x"}), 400, "invalidValue"),
        (a_user("b@example.com", active="maybe"), 400, "invalidValue"),
        (a_user("b@example.com", externalId=7), 400, "invalidValue"),
        (a_user("b@example.com", password="short"), 400, "invalidValue"),
        (a_user("b@example.com", password=7), 400, "invalidValue"),
        (a_user("b@example.com", **{CUSTOM: {"nothing": 1}}), 400, "invalidValue"),
    ):
        answer = scim.call("POST", USERS, body)
        assert (answer.status, answer.json["scimType"]) == (status, scim_type), (body, answer.json)
        assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert answer.json["status"] == str(status)
    assert scim.call("POST", USERS, raw=b"{").json["scimType"] == "invalidSyntax"
    deep = b'{"userName":"z@example.com","name":' + b'{"a":' * 60 + b"1" + b"}" * 61
    assert scim.call("POST", USERS, raw=deep).json["scimType"] == "invalidSyntax"
    assert scim.call("GET", f"{USERS}/00uNobody").status == 404
    assert scim.call("GET", f"{ROOT}/Nothing").status == 404
    assert scim.call("PUT", USERS).status == 405


def test_unique_attributes_are_taken_once(admin: Admin, scim: Provisioning) -> None:
    custom(admin, badge={"title": "Badge", "type": "string", "unique": "UNIQUE_VALIDATED"})
    scim.user("ann@example.com", **{CUSTOM: {"badge": "1"}})

    answer = scim.call("POST", USERS, a_user("b@example.com", **{CUSTOM: {"badge": "1"}}))

    assert (answer.status, answer.json["detail"]) == (409, "badge is taken.")


@pytest.mark.parametrize("false", [False, "False", "false"])
def test_who_is_switched_off_is_deactivated_and_comes_back(admin: Admin, scim: Provisioning, false: Any) -> None:
    user = scim.user()
    path = f"{USERS}/{user['id']}"

    off = scim.patch(path, {"op": "Replace", "path": "active", "value": false})

    assert (off.status, off.json["active"]) == (200, False)
    known = admin.storage.users.get(user["id"])
    assert (known.status, known.token_generation) == ("DEPROVISIONED", 1)
    again = scim.patch(path, {"op": "replace", "value": {"active": "True"}})
    assert (again.json["active"], admin.storage.users.get(user["id"]).status) == (True, "ACTIVE")
    assert scim.call("PUT", path, a_user(active=False)).json["active"] is False
    types = [event.type for event in admin.storage.events]
    assert types.count("user.lifecycle.deactivate") == 2


def test_who_begins_switched_off_is_staged_and_who_was_suspended_stays_so(admin: Admin, scim: Provisioning) -> None:
    staged = scim.user("b@example.com", active=False)
    assert admin.storage.users.get(staged["id"]).status == "STAGED"
    user = scim.user()
    assert admin.post(f"{API_USERS}/{user['id']}/lifecycle/suspend").status == 200

    kept = scim.call("PUT", f"{USERS}/{user['id']}", a_user(active=True, title="X"))

    assert (kept.json["active"], admin.storage.users.get(user["id"]).status) == (True, "SUSPENDED")


def test_a_replaced_user_loses_what_is_left_out_and_keeps_what_scim_cannot_say(
    admin: Admin, scim: Provisioning
) -> None:
    user = scim.call("POST", USERS, FULL).json
    path = f"{USERS}/{user['id']}"

    replaced = scim.call("PUT", path, a_user(emails=[{"value": "ann.lee@example.com"}]))

    assert replaced.status == 200
    assert {"nickName", "externalId", "addresses", ENTERPRISE}.isdisjoint(replaced.json)
    assert scim.found(USERS, 'externalId eq "ext-1"') == []
    assert scim.call("PUT", path, a_user(emails=[{"value": "ann.lee@example.com"}])).json == replaced.json


@pytest.mark.parametrize(
    ("operation", "member", "expected"),
    [
        ({"op": "Add", "path": "title", "value": "CEO"}, "title", "CEO"),
        ({"op": "Replace", "path": "name.familyName", "value": "Low"}, "name",
         {"givenName": "Ann", "familyName": "Low", "honorificPrefix": "Dr."}),
        ({"op": "replace", "value": {"name.familyName": "Low", "TITLE": "x"}}, "title", "x"),
        ({"op": "replace", "path": "name", "value": {"givenName": "A"}}, "name",
         {"givenName": "A", "familyName": "Lee", "honorificPrefix": "Dr."}),
        ({"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"}, "emails",
         [{"value": "new@example.com", "type": "work", "primary": True},
          {"value": "home@example.com", "type": "other"}]),
        ({"op": "add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "9"}, "phoneNumbers",
         [{"value": "1", "type": "work"}, {"value": "9", "type": "mobile"}]),
        ({"op": "remove", "path": 'phoneNumbers[type eq "mobile"]'}, "phoneNumbers", [{"value": "1", "type": "work"}]),
        ({"op": "remove", "path": "phoneNumbers", "value": [{"value": "1"}]}, "phoneNumbers",
         [{"value": "2", "type": "mobile"}]),
        ({"op": "remove", "path": "phoneNumbers"}, "phoneNumbers", None),
        ({"op": "remove", "path": 'addresses[type eq "work"].locality'}, "addresses",
         [{"streetAddress": "Lane 1", "country": "CH", "type": "work"}]),
        ({"op": "replace", "path": 'addresses[type eq "work"]', "value": {"locality": "Rome"}}, "addresses",
         [{"streetAddress": "Lane 1", "locality": "Rome", "country": "CH", "type": "work"}]),
        ({"op": "replace", "path": "emails", "value": [{"value": "one@example.com"}]}, "emails",
         [{"value": "one@example.com", "type": "work"}]),
        ({"op": "add", "path": "emails", "value": [{"value": "b@example.com", "primary": "True"}]}, "emails",
         [{"value": "b@example.com", "type": "work", "primary": True},
          {"value": "ann.lee@example.com", "type": "other"}]),
        ({"op": "add", "path": f"{ENTERPRISE}:department", "value": "HR"}, ENTERPRISE,
         {"department": "HR", "employeeNumber": "7", "manager": {"value": "m1", "displayName": "Bo"}}),
        ({"op": "add", "value": {f"{ENTERPRISE}:manager": "m2"}}, ENTERPRISE,
         {"department": "IT", "employeeNumber": "7", "manager": {"value": "m2"}}),
        ({"op": "replace", "value": {ENTERPRISE: {"department": "HR"}}}, ENTERPRISE,
         {"department": "HR", "employeeNumber": "7", "manager": {"value": "m1", "displayName": "Bo"}}),
        ({"op": "remove", "path": ENTERPRISE}, ENTERPRISE, None),
        ({"op": "replace", "path": f"{USER}:displayName", "value": "X"}, "displayName", "X"),
        ({"op": "replace", "path": "externalId", "value": "ext-2"}, "externalId", "ext-2"),
        ({"op": "add", "path": 'phoneNumbers[type eq "fax"].value', "value": "5"}, "title", "CTO"),
        ({"op": "replace", "value": {"schemas": [], "meta": {}, "roles": ["x"]}}, "title", "CTO"),
    ],
)  # fmt: skip
def test_patches_as_products_send_them(
    admin: Admin, scim: Provisioning, operation: dict[str, Any], member: str, expected: Any
) -> None:
    path = f"{USERS}/{scim.call('POST', USERS, FULL).json['id']}"

    answer = scim.patch(path, operation)

    assert answer.status == 200, answer.json
    assert answer.json.get(member) == expected
    assert scim.call("GET", path).json == answer.json


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "title"}, "invalidSyntax"),
        ({"path": "title"}, "invalidSyntax"),
        ("add", "invalidSyntax"),
        ({"op": "add", "value": "x"}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "id", "value": "00u1"}, "mutability"),
        ({"op": "replace", "path": "ti tle", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "a" * 9_000, "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "urn:example:other:title", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'title[type eq "x"]', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[value eq "no"]', "value": {"value": "x"}}, "noTarget"),
        ({"op": "replace", "path": "emails[nonsense]", "value": {}}, "invalidFilter"),
        ({"op": "replace", "path": "userName", "value": "nobody"}, "invalidValue"),
        ({"op": "add", "path": "emails", "value": [{"value": f"{n}@example.com"} for n in range(101)]}, "invalidValue"),
    ],
)
def test_patches_that_cannot_be_done_change_nothing(scim: Provisioning, operation: Any, scim_type: str) -> None:
    user = scim.user()
    path = f"{USERS}/{user['id']}"

    answer = scim.patch(path, {"op": "replace", "path": "title", "value": "lost"}, operation)

    assert (answer.status, answer.json["scimType"]) == (400, scim_type)
    assert scim.call("GET", path).json == user
    assert scim.call("PATCH", path, {"Operations": "x"}).json["scimType"] == "invalidSyntax"


def test_users_are_found(admin: Admin, scim: Provisioning) -> None:
    ann = scim.call("POST", USERS, FULL).json["id"]
    bob = scim.user("bob@example.com", title="CTO")["id"]

    for text, expected in (
        ('userName eq "ANN@example.com"', [ann]),
        ('USERNAME Eq "nobody@example.com"', []),
        ('externalId eq "ext-1"', [ann]),
        (f'id eq "{bob}"', [bob]),
        ('emails.value eq "ann.lee@example.com"', [ann]),
        ('emails[type eq "work" and value co "lee@"]', [ann]),
        ('emails[type eq "work"].value eq "bob@example.com"', [bob]),
        (f'{ENTERPRISE}:department eq "IT"', [ann]),
        (f'{USER}:title eq "cto" and active eq true', sorted([ann, bob])),
        ('title eq "CTO" and not (nickName pr)', [bob]),
        ('name.familyName sw "l" or userName eq "x"', sorted([ann, bob])),
        ('externalId eq "ext-1" and title eq "CEO"', []),
    ):
        assert scim.found(USERS, text) == expected, text
    for text in ("title", "title xx 1", "(", 'title eq "a', "a" * 9_000):
        answer = scim.call("GET", USERS, filter=text)
        assert (answer.status, answer.json["scimType"]) == (400, "invalidFilter")


def test_lists_have_places_and_counts(scim: Provisioning) -> None:
    ids = sorted(scim.user(f"u{number}@example.com")["id"] for number in range(5))
    everything = scim.call("GET", USERS).json
    total = everything["totalResults"]

    assert total == len(everything["Resources"]) >= 5
    assert everything["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    page = scim.call("GET", USERS, filter='title pr or userName co "u"', startIndex=2, count=2).json
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 2, 2)
    assert [one["id"] for one in page["Resources"]] == ids[1:3]
    none = scim.call("GET", USERS, count=0, startIndex=-3).json
    assert (none["totalResults"], none["startIndex"], none["Resources"]) == (total, 1, [])
    assert scim.call("GET", USERS, count="x").json["scimType"] == "invalidValue"
    few = scim.call("GET", f"{USERS}/{ids[0]}", attributes="userName,name.givenName").json
    assert set(few) == {"schemas", "id", "userName", "name"}
    rest = scim.call("GET", f"{USERS}/{ids[0]}", excludedAttributes=f"meta,{ENTERPRISE}:department,{USER}:name").json
    assert {"meta", "name"}.isdisjoint(rest)
    searched = scim.call(
        "POST", f"{USERS}/.search", {"filter": 'userName eq "u3@example.com"', "attributes": ["userName"]}
    )
    assert [set(one) for one in searched.json["Resources"]] == [{"schemas", "id", "userName"}]


def test_both_kinds_are_searched_at_the_root(scim: Provisioning) -> None:
    scim.user()
    group = scim.group()["id"]
    everything = scim.call("POST", f"{ROOT}/.search", {"count": 100}).json
    last = scim.call("POST", f"{ROOT}/.search", {"startIndex": everything["totalResults"], "count": 5}).json

    assert [one["id"] for one in last["Resources"]] == [everything["Resources"][-1]["id"]] == [group]


def test_a_deployment_that_is_too_large_is_asked_by_key(
    admin: Admin, scim: Provisioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.user("b@example.com")
    scim.user()
    monkeypatch.setattr("authmint.management.scim.listing.MOST_LOOKED_AT", 1)

    assert scim.call("GET", USERS).json["scimType"] == "tooMany"
    assert len(scim.found(USERS, 'userName eq "ann@example.com"')) == 1


def test_a_deleted_user_is_gone(admin: Admin, scim: Provisioning) -> None:
    user = scim.user(externalId="e")

    assert scim.call("DELETE", f"{USERS}/{user['id']}").status == 204

    assert scim.call("GET", f"{USERS}/{user['id']}").status == 404
    assert scim.call("DELETE", f"{USERS}/{user['id']}").status == 404
    assert scim.found(USERS, 'externalId eq "e"') == []
    assert scim.user()["id"] != user["id"]


def test_directories_change_no_administrators(admin: Admin, scim: Provisioning) -> None:
    """Whoever holds such a token would become one by setting a password."""
    boss = person(admin, "boss", "ORG_ADMIN").id
    member = scim.user("m@example.com")["id"]
    group = scim.group("Admins", members=[{"value": member}])["id"]
    grant(admin, f"/api/v1/groups/{group}", "READ_ONLY_ADMIN")

    for user in (boss, member):
        path = f"{USERS}/{user}"
        assert scim.call("GET", path).status == 200
        assert scim.patch(path, {"op": "replace", "path": "password", "value": "Correct-horse-9"}).status == 403
        assert scim.call("PUT", path, a_user()).status == 403
        assert scim.call("DELETE", path).status == 403
    path = f"{GROUPS}/{group}"
    assert scim.patch(path, {"op": "add", "path": "members", "value": [{"value": scim.user()["id"]}]}).status == 403
    assert scim.call("DELETE", path).status == 403


def test_a_password_is_set_and_never_shown(admin: Admin, scim: Provisioning) -> None:
    user = scim.user(password="Correct-horse-9")
    before = admin.storage.users.get(user["id"]).password
    assert before is not None

    answer = scim.patch(f"{USERS}/{user['id']}", {"op": "replace", "path": "password", "value": "Correct-horse-10"})

    assert b"horse" not in answer.response.body
    assert admin.storage.users.get(user["id"]).password != before


def test_users_of_other_types_keep_their_schema(admin: Admin, scim: Provisioning) -> None:
    other = admin.post("/api/v1/meta/types/user", {"name": "guest", "displayName": "Guest"}).json
    made = made_user(admin, "guest@example.com")
    changed = admin.post(f"{API_USERS}/{made['id']}", {"type": {"id": other["id"]}})
    assert changed.status == 200, changed.json

    assert scim.patch(f"{USERS}/{made['id']}", {"op": "add", "path": "title", "value": "X"}).json["title"] == "X"
    assert len(scim.found(USERS, 'title eq "X"')) == 1


def test_tokens_are_of_their_own_kind(admin: Admin, scim: Provisioning) -> None:
    """One for provisioning opens nothing else, and no other one provisions."""
    bearer, ssws = f"Bearer {scim.token}", f"SSWS {scim.token}"
    for authorization in (bearer, ssws):
        request = admin.request("GET", "/api/v1/users", headers={"authorization": authorization})
        assert admin.api(request).status in {401, 403}
    api = admin.post("/api/v1/api-tokens", {"name": "plain"}).json["token"]
    for authorization in (f"Bearer {api}", ssws, "", "Basic x"):
        answer = admin.api(admin.request("GET", USERS, headers={"authorization": authorization}))
        assert answer.status == 401
        assert ("www-authenticate", "Bearer") in answer.headers
        assert b'"status":"401"' in answer.body
    assert admin.get(f"/api/v1/api-tokens/{scim.id}").json["clientName"] == "SCIM"
    admin.delete(f"/api/v1/api-tokens/{scim.id}")
    assert scim.call("GET", USERS).status == 401


def test_who_may_let_a_directory_provision(admin: Admin) -> None:
    body = {"name": "x", "type": "SCIM"}
    callers = {role: person(admin, role.lower(), role) for role in ("ORG_ADMIN", "USER_ADMIN", "READ_ONLY_ADMIN")}

    assert {role: one.status("POST", "/api/v1/api-tokens", body) for role, one in callers.items()} == {
        "ORG_ADMIN": 201, "USER_ADMIN": 403, "READ_ONLY_ADMIN": 403,
    }  # fmt: skip


def test_what_is_deleted_meanwhile_is_not_there(
    admin: Admin, scim: Provisioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = scim.user()
    get = admin.storage.users.get

    def once(user_id: str) -> Any:
        found = get(user_id)
        admin.storage.users.delete(found, [])
        return found

    monkeypatch.setattr(admin.storage.users, "get", once)
    assert scim.patch(f"{USERS}/{user['id']}", {"op": "remove", "path": "title"}).status == 404


def test_calls_are_braked_and_faults_are_said(
    admin: Admin, scim: Provisioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(admin.storage.users, "list", away)
        answer = scim.call("GET", USERS)
        assert (answer.status, answer.json["status"], answer.header("retry-after")) == (503, "503", ["2"])
    calls = [scim.call("GET", f"{ROOT}/ServiceProviderConfig").status for _ in range(1_005)]
    assert calls[-1] == 429
    assert calls[0] == 200


def test_what_the_service_says_of_itself(admin: Admin, scim: Provisioning) -> None:
    custom(admin, tags={"title": "Tags", "type": "array", "items": {"type": "string"}})

    assert scim.call("GET", f"{ROOT}/ServiceProviderConfig").json["patch"] == {"supported": True}
    types = scim.call("GET", f"{ROOT}/ResourceTypes").json
    assert [one["name"] for one in types["Resources"]] == ["User", "Group"]
    schemas = scim.call("GET", f"{ROOT}/Schemas").json["Resources"]
    (tags,) = next(one for one in schemas if one["id"] == CUSTOM)["attributes"]
    assert (tags["name"], tags["type"], tags["multiValued"]) == ("tags", "string", True)
    assert scim.call("GET", f"{ROOT}/Schemas/{USER}").json["id"] == USER
    assert scim.call("GET", f"{ROOT}/ResourceTypes/Group").json["endpoint"] == "/Groups"
    assert scim.call("GET", f"{ROOT}/Schemas/none").status == 404
    assert scim.call("GET", f"{ROOT}/Schemas", filter="id pr").status == 403
