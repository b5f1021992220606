"""What answers about apps hold, member by member: tools and generated clients read every one of them.

A shape is an object of shapes, a list of one shape, or the name of a type; ``?`` stands for a type or null.
"""

from typing import Any

import pytest
from authmint.storage.token_families import RefreshToken, TokenFamily

from tests.management.admin import BASE_URL, Admin
from tests.management.apps import APPS, an_app, app_body, web
from tests.support.fakes import NOW

LINK = {"href": "str"}
GETS = {"href": "str", "hints": {"allow": ["str"]}}
TITLED = {"href": "str", "title": "str"}
CLAIMS = [
    "name", "nickname", "given_name", "middle_name", "family_name", "email", "profile", "picture", "website", "gender",
    "birthdate", "zoneinfo", "locale", "phone_number", "street_address", "locality", "region", "postal_code", "country",
    "formatted",
]  # fmt: skip

OAUTH = {
    "client_uri": "str?",
    "logo_uri": "str?",
    "redirect_uris": ["str"],
    "response_types": ["str"],
    "grant_types": ["str"],
    "application_type": "str",
    "consent_method": "str",
    "issuer_mode": "str",
    "idp_initiated_login": {"mode": "str", "default_scope": ["str"]},
    "wildcard_redirect": "str",
    "dpop_bound_access_tokens": "bool",
    "participate_slo": "bool",
}
APP = {
    "id": "str",
    "orn": "str",
    "name": "str",
    "label": "str",
    "status": "str",
    "lastUpdated": "str",
    "created": "str",
    "accessibility": {"selfService": "bool", "errorRedirectUrl": "str?", "loginRedirectUrl": "str?"},
    "visibility": {
        "autoLaunch": "bool",
        "autoSubmitToolbar": "bool",
        "hide": {"iOS": "bool", "web": "bool"},
        "appLinks": {"oidc_client_link": "bool"},
    },
    "features": ["str"],
    "signOnMode": "str",
    "credentials": {
        "userNameTemplate": {"template": "str", "type": "str"},
        "signing": {"kid": "str"},
        "oauthClient": {
            "autoKeyRotation": "bool",
            "client_id": "str",
            "token_endpoint_auth_method": "str",
            "pkce_required": "bool",
        },
    },
    "universalLogout": "str?",
    "settings": {
        "app": {},
        "notifications": {"vpn": {"network": {"connection": "str"}, "message": "str?", "helpUrl": "str?"}},
        "manualProvisioning": "bool",
        "implicitAssignment": "bool",
        "emOptInStatus": "str",
        "notes": {"admin": "str?", "enduser": "str?"},
        "oauthClient": OAUTH,
    },
    "_links": {
        "uploadLogo": GETS,
        "appLinks": [{"name": "str", "href": "str", "type": "str"}],
        "profileEnrollment": LINK,
        "policies": GETS,
        "groups": LINK,
        "logo": [{"name": "str", "href": "str", "type": "str"}],
        "clientCredentials": [{"name": "str", "href": "str"}],
        "accessPolicy": LINK,
        "users": LINK,
        "deactivate": LINK,
    },
}
SECRET = {
    "id": "str",
    "created": "str",
    "lastUpdated": "str",
    "status": "str",
    "client_secret": "str",
    "secret_hash": "str",
    "_links": {"deactivate": GETS},
}
GRANT = {
    "id": "str",
    "status": "str",
    "created": "str",
    "createdBy": {"id": "str", "type": "str"},
    "lastUpdated": "str",
    "issuer": "str",
    "clientId": "str",
    "scopeId": "str",
    "source": "str",
    "_links": {"app": TITLED, "self": GETS, "client": TITLED},
}
APP_USER = {
    "id": "str",
    "externalId": "str?",
    "created": "str",
    "lastUpdated": "str",
    "scope": "str",
    "status": "str",
    "statusChanged": "str",
    "passwordChanged": "str?",
    "syncState": "str",
    "credentials": {"userName": "str"},
    "profile": dict.fromkeys(CLAIMS, "str?"),
    "_links": {"app": LINK, "user": LINK},
}
APP_GROUP = {
    "id": "str",
    "lastUpdated": "str",
    "priority": "int",
    "profile": {},
    "_links": {"app": LINK, "self": LINK, "group": LINK},
}
TOKEN = {
    "id": "str",
    "status": "str",
    "created": "str",
    "lastUpdated": "str",
    "expiresAt": "str?",
    "issuer": "str",
    "clientId": "str",
    "userId": "str",
    "scopes": ["str"],
    "_links": {
        "app": TITLED,
        "self": LINK,
        "revoke": GETS,
        "client": TITLED,
        "user": TITLED,
        "authorizationServer": TITLED,
    },
}
POLICY = {
    "id": "str",
    "status": "str",
    "name": "str",
    "description": "str",
    "priority": "int",
    "system": "bool",
    "conditions": "str?",
    "created": "str",
    "lastUpdated": "str",
    "_links": {"self": GETS, "rules": GETS},
    "type": "str",
}


def shape_problems(shape: Any, value: Any, path: str = "$") -> list[str]:
    """Members that are missing, too many, or of another type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        odd = [f"{path}.{name} is missing" for name in shape.keys() - value.keys()]
        odd += [f"{path}.{name} is too many" for name in value.keys() - shape.keys()]
        return odd + [
            p
            for name in shape.keys() & value.keys()
            for p in shape_problems(shape[name], value[name], f"{path}.{name}")
        ]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [p for at, item in enumerate(value) for p in shape_problems(shape[0], item, f"{path}[{at}]")]
    if value is None and shape.endswith("?"):
        return []
    return [] if type(value).__name__ == shape.rstrip("?") else [f"{path} is {type(value).__name__}"]


class World:
    """An app with everything that can hang on it."""

    def __init__(self) -> None:
        self.admin = Admin()
        self.app = an_app(self.admin, **web())
        self.path = f"{APPS}/{self.app['id']}"
        profile = {"firstName": "A", "lastName": "B", "email": "a@example.com", "login": "a@example.com"}
        self.user = self.admin.made("/api/v1/users", {"profile": profile})["id"]
        self.group = self.admin.made("/api/v1/groups", {"profile": {"name": "Eng"}})["id"]
        self.admin.made(f"{self.path}/users", {"id": self.user})
        self.admin.put(f"{self.path}/groups/{self.group}", {})
        family = TokenFamily(
            id="oar1",
            server_id=self.admin.server()["id"],
            client_id=self.app["id"],
            user_id=self.user,
            scopes=("openid", "offline_access"),
            created_at=NOW,
            updated_at=NOW,
            auth_time=NOW,
            amr=("pwd",),
        )
        self.admin.storage.families.add(family, RefreshToken("digest", "oar1", NOW, NOW + 60))


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("{app}", APP),
        ("{app}/credentials/secrets", [SECRET]),
        ("{app}/users", [APP_USER]),
        ("{app}/users/{user}", APP_USER),
        ("{app}/groups", [APP_GROUP]),
        ("{app}/groups/{group}", APP_GROUP),
        ("{app}/tokens", [TOKEN]),
        ("{app}/tokens/oar1", TOKEN),
        ("/api/v1/apps", [APP]),
        ("/api/v1/groups/{group}/apps", [APP]),
        ("/api/v1/policies?type=ACCESS_POLICY", [POLICY]),
    ],
)
def test_a_read_has_every_member_and_no_other(world: World, path: str, shape: Any) -> None:
    answer = world.admin.get(path.format(app=world.path, user=world.user, group=world.group))

    assert answer.status == 200
    assert answer.json
    assert shape_problems(shape, answer.json) == []


def test_making_and_replacing_an_app_show_the_secret_beside_the_rest(admin: Admin) -> None:
    credentials: Any = APP["credentials"]
    with_secret = credentials["oauthClient"] | {"client_secret": "str"}
    shape = APP | {"credentials": credentials | {"oauthClient": with_secret}}

    made = admin.post(APPS, app_body(**web()))
    replaced = admin.put(f"{APPS}/{made.json['id']}", made.json)

    assert (made.status, replaced.status) == (200, 200)
    assert shape_problems(shape, made.json) == []
    assert shape_problems(shape, replaced.json) == []


def test_a_scope_grant(admin: Admin) -> None:
    app = an_app(admin, **web())
    body = {"scopeId": "okta.apps.read", "issuer": BASE_URL}

    assert shape_problems(GRANT, admin.made(f"{APPS}/{app['id']}/grants", body)) == []


@pytest.mark.parametrize("link", ["accessPolicy", "profileEnrollment"])
def test_the_policies_that_an_app_points_to_are_there_with_their_rules(admin: Admin, link: str) -> None:
    app = an_app(admin, **web())

    policy = admin.get(app["_links"][link]["href"])
    rules = admin.get(policy.json["_links"]["rules"]["href"])

    assert shape_problems(POLICY, policy.json) == []
    (rule,) = rules.json
    assert (rule["name"], rule["priority"], rule["system"], rule["conditions"]) == ("Catch-all Rule", 99, True, None)
    assert admin.get(rule["_links"]["self"]["href"]).json == rule
    assert admin.put(f"{APPS}/{app['id']}/policies/{policy.json['id']}").status == 204


def test_another_policy_is_not_assigned_without_a_word(admin: Admin) -> None:
    app = an_app(admin, **web())

    for answer in (admin.put(f"{APPS}/{app['id']}/policies/rstOther"), admin.get("/api/v1/policies/rstOther")):
        assert (answer.status, answer.json["errorSummary"].endswith("rstOther (Policy)")) == (404, True)


def test_a_logo_is_not_uploaded_without_a_word(admin: Admin) -> None:
    app = an_app(admin, **web())

    answer = admin.post(app["_links"]["uploadLogo"]["href"].partition("example.com")[2])

    assert (answer.status, answer.causes) == (
        400,
        ["logo: Logos cannot be uploaded here. Set settings.oauthClient.logo_uri."],
    )


@pytest.mark.parametrize(
    ("query", "code"), [("after=00u1something", "E0000029"), ("expand=user/id,group/id", "E0000001")]
)
def test_parameters_of_lists_that_cannot_be_are_refused(admin: Admin, query: str, code: str) -> None:
    answer = admin.get(f"{APPS}?{query}")

    assert (answer.status, answer.code) == (400, code)


def test_a_list_goes_on_after_an_id_that_was_chosen(admin: Admin) -> None:
    for label, client_id in (("a", "my-client-1"), ("b", "my-client-2")):
        admin.made(APPS, app_body(label, client_id=client_id))

    assert [app["id"] for app in admin.get(f"{APPS}?after=my-client-1").json] == ["my-client-2"]
