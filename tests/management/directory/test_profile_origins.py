"""From a provider's claim to a token's: schemas and mappings of providers, previews, origins (docs/protocol.md §38)."""

import json
from typing import Any

import pytest
from authmint.cli.claim_origins import explain_claim
from authmint.cli.remote import RemoteFailed
from authmint.storage.app_schemas import AppSchema
from authmint.storage.identity_providers import IdpLink
from authmint.storage.mappings import UserMapping

from tests.management.admin import SERVERS, Admin
from tests.management.administrators.people import person
from tests.management.apps import APPS, app_body, web
from tests.management.directory.users import made as made_user
from tests.management.federation.idps import PATH as IDPS
from tests.management.federation.idps import made as made_idp

MAPPINGS = "/api/v1/mappings"
SCHEMAS = "/api/v1/meta/schemas/apps/{}/default"
COST = {"title": "Cost center", "type": "string", "externalName": "cost_center"}


def custom(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties}}}


def mapped(expression: str, status: str = "PUSH") -> dict[str, str]:
    return {"expression": expression, "pushStatus": status}


@pytest.fixture
def idp(admin: Admin) -> str:
    provider: str = made_idp(admin)["id"]
    return provider


@pytest.fixture
def mapping(admin: Admin, idp: str) -> str:
    (found,) = admin.get(f"{MAPPINGS}?sourceId={idp}&limit=200").json
    return f"{MAPPINGS}/{found['id']}"


def link(admin: Admin, idp: str, user_id: str, **profile: Any) -> None:
    now = admin.clock.now()
    admin.storage.idp_links.add(IdpLink(idp, user_id, "sub-1", now, now, profile), [])


def test_a_provider_has_a_mapping_and_a_schema_from_the_start(admin: Admin, idp: str, mapping: str) -> None:
    found, schema = admin.get(mapping).json, admin.get(SCHEMAS.format(idp)).json

    assert (found["source"]["name"], found["target"]["name"]) == ("oidc_idp", "user")
    assert found["source"]["_links"]["self"]["href"].endswith(f"/api/v1/apps/{idp}")
    assert found["properties"]["city"] == mapped("appuser.locality", "DONT_PUSH")
    assert found["properties"]["timezone"]["expression"] == (
        'appuser.zoneinfo == null ? "America/Los_Angeles" : appuser.zoneinfo'
    )
    assert len(found["properties"]) == 15
    assert schema["name"] == "oidc_idp"
    assert schema["definitions"]["base"]["properties"]["locality"]["externalName"] == "address.locality"
    assert schema["definitions"]["base"]["required"] == []
    assert admin.get(f"{MAPPINGS}?targetId={idp}").json == []
    assert admin.post(mapping, found).json == found


def test_lists_hold_apps_and_providers_in_ascending_id(admin: Admin) -> None:
    ids = []
    for number in range(2):
        ids += [made_idp(admin, name=f"p{number}")["id"], admin.made(APPS, app_body(f"a{number}", **web()))["id"]]
    ids.append(made_idp(admin, name="last")["id"])
    user = admin.get(f"{MAPPINGS}?sourceId={ids[0]}").json[0]["target"]["id"]

    listed = [one["source"]["id"] for one in admin.get(f"{MAPPINGS}?targetId={user}&limit=200").json]

    assert [one for one in listed if one in ids] == sorted(ids)
    after = admin.get(f"{MAPPINGS}?sourceId={ids[0]}").json[0]["id"]
    assert [one["source"]["id"] for one in admin.get(f"{MAPPINGS}?targetId={user}&after={after}").json] == ids[1:]


def test_an_attribute_of_a_provider_is_defined_mapped_and_goes_with_it(admin: Admin, idp: str, mapping: str) -> None:
    assert admin.post(mapping, {"properties": {"costCenter": mapped("idpuser.cost")}}).status == 400
    assert admin.post(SCHEMAS.format(idp), custom(cost=COST)).json["definitions"]["custom"]["properties"]["cost"] == {
        "title": "Cost center", "type": "string", "externalName": "cost_center", "scope": "NONE",
    }  # fmt: skip
    assert admin.post(mapping, {"properties": {"costCenter": mapped("idpuser.cost")}}).status == 200
    again = admin.post(SCHEMAS.format(idp), custom(email=COST))
    assert again.status == 400

    assert admin.delete(f"{IDPS}/{idp}").status == 204
    assert admin.get(SCHEMAS.format(idp)).status == admin.get(mapping).status == 404
    assert admin.storage.idp_schemas.get(idp) == AppSchema()
    assert admin.storage.user_mappings.get(idp) == UserMapping()


def test_what_a_provider_says_of_people_is_left_to_who_administers_providers(
    admin: Admin, idp: str, mapping: str
) -> None:
    """Who says what becomes of a login could come in as anybody."""
    app_admin, org, server_admin = (
        person(admin, name, role)
        for name, role in (("apps", "APP_ADMIN"), ("org", "ORG_ADMIN"), ("servers", "API_ACCESS_MANAGEMENT_ADMIN"))
    )
    change, schema = {"properties": {"city": None}}, SCHEMAS.format(idp)

    assert [one.call("POST", mapping, change).status for one in (app_admin, org, server_admin)] == [403] * 3
    assert [one.call("GET", mapping).status for one in (app_admin, org, server_admin)] == [200] * 3
    assert [one.call("POST", schema, custom(a=COST)).status for one in (app_admin, server_admin)] == [403] * 2
    assert org.call("POST", schema, custom(a=COST)).status == 200


def test_a_mapping_is_tried_on_what_a_provider_said(admin: Admin, idp: str, mapping: str) -> None:
    user = made_user(admin)
    link(admin, idp, user["id"], email="ann@corp.example", firstName="Ann", locality="Bern")

    said = admin.post(f"{mapping}/preview", {"userId": "ann@example.com"}).json
    other = admin.post(
        f"{mapping}/preview",
        {"profile": {"firstName": "Bo"}, "properties": {"city": mapped("idpuser.firstName"), "lastName": None}},
    ).json

    assert said["refused"] == ["lastName"]
    assert said["profile"]["email"] == "ann@corp.example"
    steps = {step["attribute"]: step for step in said["steps"]}
    assert steps["city"] == {
        "attribute": "city",
        "expression": "appuser.locality",
        "pushStatus": "DONT_PUSH",
        "value": "Bern",
        "inputs": {"appuser.locality": "Bern"},
        "required": False,
        "problem": None,
    }
    assert steps["lastName"]["problem"] == "The field cannot be left blank"
    assert other["profile"]["city"] == "Bo"
    assert "lastName" not in {step["attribute"] for step in other["steps"]}
    assert admin.get(mapping).json["properties"]["city"] == mapped("appuser.locality", "DONT_PUSH")


def test_a_mapping_of_an_app_is_tried_on_a_person(admin: Admin) -> None:
    app, user = admin.made(APPS, app_body("Orders", **web())), made_user(admin)
    to_user, to_app = (admin.get(f"{MAPPINGS}?{end}={app['id']}").json[0]["id"] for end in ("sourceId", "targetId"))

    said = admin.post(f"{MAPPINGS}/{to_app}/preview", {"userId": user["id"]}).json
    assert said["profile"]["name"] == "Ann Lee"
    wanted = {"userId": user["id"], "properties": {"nickName": mapped("appuser.userName")}}
    assert admin.post(f"{MAPPINGS}/{to_user}/preview", wanted).json["profile"]["nickName"] == "ann@example.com"
    admin.post(f"{APPS}/{app['id']}/users", {"id": user["id"], "credentials": {"userName": "ann"}})
    assert admin.post(f"{MAPPINGS}/{to_user}/preview", wanted).json["profile"]["nickName"] == "ann"


def test_previews_need_somebody(admin: Admin, idp: str, mapping: str) -> None:
    user = made_user(admin)
    assert admin.post(f"{mapping}/preview", {}).causes == ["userId: For whom? An id or a login."]
    assert admin.post(f"{mapping}/preview", {"userId": "nobody"}).status == 404
    assert "does not know" in admin.post(f"{mapping}/preview", {"userId": user["id"]}).causes[0]
    assert admin.post(f"{MAPPINGS}/none/preview", {}).status == 404


@pytest.fixture
def chain(admin: Admin, idp: str, mapping: str) -> tuple[str, Any]:
    """A claim that leads to what a provider said, and the request that is previewed."""
    app = admin.made(APPS, app_body("Orders", **web()))
    user = made_user(admin, password="Correct-horse-9", department="sales", city="Bern")
    link(admin, idp, user["id"], cost="sales", locality="Bern")
    admin.post(SCHEMAS.format(idp), custom(cost=COST))
    assert admin.post(mapping, {"properties": {"department": mapped("idpuser.cost")}}).status == 200
    assert admin.post(SCHEMAS.format(app["id"]), custom(dept={"title": "D", "type": "string"})).status == 200
    (to_app,) = admin.get(f"{MAPPINGS}?targetId={app['id']}").json
    assert admin.post(
        f"{MAPPINGS}/{to_app['id']}", {"properties": {"dept": mapped('user.department + "-x"')}}
    ).status == 200  # fmt: skip
    admin.post(f"{APPS}/{app['id']}/users", {"id": user["id"], "profile": {"nickname": "annie"}})
    server = admin.server()
    path = f"{SERVERS}/{server['id']}"
    admin.made(f"{path}/scopes", {"name": "read"})
    policy = admin.made(
        f"{path}/policies",
        {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "p", "description": "d", "priority": 1,
         "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}},
    )  # fmt: skip
    admin.made(
        f"{path}/policies/{policy['id']}/rules",
        {"type": "RESOURCE_ACCESS", "name": "r", "priority": 1,
         "conditions": {"people": {"groups": {"include": ["EVERYONE"]}}, "scopes": {"include": ["*"]},
                        "grantTypes": {"include": ["authorization_code"]}},
         "actions": {"token": {"accessTokenLifetimeMinutes": 60}}},
    )  # fmt: skip
    for name, value in (
        ("dept", "String.toUpperCase(appuser.dept)"),
        ("nick", "appuser.nickname"),
        ("town", "user.city + user.lastName + appuser.userName"),
        ("given", "appuser.given_name"),
        ("none", "appuser.nothing"),
    ):
        admin.made(f"{path}/claims", {"name": name, "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": value})
    wish = {"client_id": app["id"], "grant_type": "authorization_code", "user_id": user["id"], "scope": "read"}
    return f"{path}/tokens/preview", wish


def test_a_claim_is_followed_back_to_what_a_provider_said(admin: Admin, idp: str, chain: tuple[str, Any]) -> None:
    preview = admin.post(*chain).json
    claims = {claim["name"]: claim for claim in preview["access_token"]["claims"]}

    dept = claims["dept"]
    assert dept["value"] == preview["access_token"]["payload"]["dept"] == "SALES-X"
    of_app = dept["origins"]["appuser.dept"]
    assert (of_app["from"], of_app["of"]["name"], of_app["expression"]) == (
        "mapping", "Orders", 'user.department + "-x"',
    )  # fmt: skip
    of_user = of_app["origins"]["user.department"]
    assert (of_user["from"], of_user["of"]["id"], of_user["expression"]) == ("mapping", idp, "idpuser.cost")
    assert of_user["inputs"] == {"idpuser.cost": "sales"}
    assert claims["nick"]["origins"]["appuser.nickname"] == {"from": "assignment"}
    assert claims["given"]["origins"]["appuser.given_name"]["expression"] == "user.firstName"
    assert claims["none"]["origins"]["appuser.nothing"] == {"from": "nothing"}
    town = claims["town"]["origins"]
    assert (town["user.city"]["from"], town["user.lastName"]) == ("mapping", {"from": "profile"})


def test_what_was_changed_since_is_nobodys_but_the_profiles(admin: Admin, chain: tuple[str, Any]) -> None:
    path, wish = chain
    admin.post(f"/api/v1/users/{wish['user_id']}", {"profile": {"department": "law"}})

    (dept,) = [one for one in admin.post(path, wish).json["access_token"]["claims"] if one["name"] == "dept"]

    assert dept["value"] == "LAW-X"
    assert dept["origins"]["appuser.dept"]["origins"]["user.department"] == {"from": "profile"}


def test_the_command_line_shows_each_step(
    admin: Admin, chain: tuple[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = admin.post(*chain).json

    assert explain_claim(preview, "dept", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)[0]["value"] == "SALES-X"
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("authmint.cli.claim_origins.for_people", lambda **_: True)
    assert explain_claim(preview, "dept", as_json=False) == 0
    told = capsys.readouterr().out
    told_once = ("   appuser.dept", "mapping of Orders", "     user.department", "mapping of partner")
    assert [told.count(step) for step in told_once] == [1] * 4
    assert explain_claim(preview, "none", as_json=False) == 1
    with pytest.raises(RemoteFailed, match="no claim of_nobody"):
        explain_claim(preview, "of_nobody", as_json=False)
    refused = preview | {"access_token": None, "error": {"error_description": "no policy"}}
    with pytest.raises(RemoteFailed, match="refused: no policy"):
        explain_claim(refused, "dept", as_json=False)


def test_a_mapping_to_an_app_makes_what_its_schema_has(admin: Admin) -> None:
    app, user = admin.made(APPS, app_body("Orders", **web())), made_user(admin, employeeNumber="7")
    schema = SCHEMAS.format(app["id"])
    (to_app,) = admin.get(f"{MAPPINGS}?targetId={app['id']}").json
    admin.post(schema, custom(number={"title": "N", "type": "string"}, gone={"title": "G", "type": "string"}))
    sent = {"number": mapped("user.employeeNumber"), "gone": mapped("user.login")}
    admin.post(f"{MAPPINGS}/{to_app['id']}", {"properties": sent})
    admin.post(f"{APPS}/{app['id']}/users", {"id": user["id"]})

    assert admin.post(schema, custom(number={"title": "N", "type": "integer"}, gone=None)).status == 200

    assert "gone" not in admin.get(f"{MAPPINGS}/{to_app['id']}").json["properties"]
    profile = admin.get(f"{APPS}/{app['id']}/users/{user['id']}").json["profile"]
    assert profile["number"] == 7
    assert "gone" not in profile
