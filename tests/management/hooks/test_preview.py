"""docs/protocol.md §39.5: what a preview shows of the hook of a rule."""

from typing import Any

import pytest
from authmint.oauth.outbound_fetch import FetchFailed

from tests.management.admin import SERVERS, Admin
from tests.management.administrators.people import person
from tests.management.apps import app_body, web
from tests.support.hook_endpoint import Endpoint

HOOK = {
    "name": "tenants",
    "type": "com.okta.oauth2.tokens.transform",
    "channel": {"type": "HTTP", "config": {"uri": "https://hook.example/tokens"}},
}
ACCESS, IDENTITY = "com.okta.access.patch", "com.okta.identity.patch"


class Previewed:
    """A server whose one rule asks a hook, and an app with a user."""

    def __init__(self) -> None:
        self.endpoint = Endpoint()
        self.admin = admin = Admin(exchange=self.endpoint)
        self.hook = admin.post("/api/v1/inlineHooks", HOOK).json["id"]
        self.path = f"{SERVERS}/{admin.post(SERVERS, {'name': 'S', 'audiences': ['api://s']}).json['id']}"
        claim = {"name": "level", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": '"low"'}
        assert admin.post(f"{self.path}/claims", claim).status == 201
        everyone = {"name": "p", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}
        rules = f"{self.path}/policies/{admin.post(f'{self.path}/policies', everyone).json['id']}/rules"
        conditions = {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code", "implicit"]},
            "scopes": {"include": ["*"]},
        }
        rule = {"name": "R", "conditions": conditions, "actions": {"token": {"inlineHook": {"id": self.hook}}}}
        assert admin.post(rules, rule).status == 201
        grants = {"grant_types": ["authorization_code", "implicit"], "response_types": ["code", "id_token", "token"]}
        self.client = admin.post("/api/v1/apps", app_body(**web(**grants))).json["id"]
        profile = {"login": "a@b.example", "email": "a@b.example", "firstName": "A", "lastName": "B"}
        self.user = admin.post("/api/v1/users", {"profile": profile}).json["id"]
        admin.post(f"/api/v1/users/{self.user}/lifecycle/activate?sendEmail=false")
        admin.post(f"/api/v1/users/{self.user}", {"credentials": {"password": {"value": "Correct-Horse-7"}}})
        admin.post(f"/api/v1/apps/{self.client}/users", {"id": self.user})

    def preview(self, **more: Any) -> Any:
        wish = {"client_id": self.client, "user_id": self.user, "grant_type": "authorization_code", "scope": "openid"}
        answer = self.admin.post(f"{self.path}/tokens/preview", wish | more)
        assert answer.status == 200, answer.json
        return answer.json


@pytest.fixture(scope="module")
def world() -> Previewed:
    return Previewed()


@pytest.fixture(autouse=True)
def silent(world: Previewed) -> None:
    world.endpoint.answers.clear()
    world.endpoint.sent.clear()


def test_a_preview_shows_what_the_hook_would_be_sent_and_sends_nothing(world: Previewed) -> None:
    shown = world.preview()

    hook = shown["inlineHook"]
    assert (hook["id"], hook["name"], hook["status"], hook["outcome"]) == (
        world.hook,
        "tenants",
        "ACTIVE",
        "NOT_CALLED",
    )
    assert hook["request"]["source"].endswith("/v1/token")
    assert hook["request"]["data"].keys() == {"context", "access", "identity"}
    assert hook["request"]["data"]["access"]["claims"]["level"] == "low"
    assert (hook["response"], hook["changed"], world.endpoint.sent) == (None, {}, [])


def test_where_it_is_asked_its_patch_is_shown_and_each_claim_says_who_changed_it(world: Previewed) -> None:
    operations = [
        {"op": "replace", "path": "/claims/level", "value": "high"},
        {"op": "add", "path": "/claims/tenant", "value": "t1"},
        {"op": "replace", "path": "/token/lifetime/expiration", "value": 300},
    ]
    commands = [
        {"type": ACCESS, "value": operations},
        {"type": IDENTITY, "value": [{"op": "add", "path": "/claims/x", "value": 1}]},
    ]
    world.endpoint.says({"commands": commands})

    shown = world.preview(callHooks=True)

    token, hook = shown["access_token"], {"id": world.hook, "name": "tenants"}
    claims = {claim["name"]: claim for claim in token["claims"]}
    assert shown["inlineHook"]["outcome"] == "APPLIED"
    assert shown["inlineHook"]["changed"] == {"access_token": ["level", "tenant", "exp"], "id_token": ["x"]}
    assert shown["inlineHook"]["response"] == {"commands": commands}
    assert (token["payload"]["level"], token["payload"]["tenant"]) == ("high", "t1")
    assert token["payload"]["exp"] - token["payload"]["iat"] == 300
    assert (claims["level"]["value"], claims["level"]["hook"], claims["level"]["definition"]) == ("high", hook, '"low"')
    assert (claims["tenant"]["value"], claims["tenant"]["hook"]) == ("t1", hook)
    assert "hook" not in claims["sub"]
    assert shown["id_token"]["payload"]["x"] == 1
    assert not [event for event in world.admin.storage.events if event.type.startswith("inline_hook.executed")]


def test_a_claim_that_the_hook_takes_away(world: Previewed) -> None:
    world.endpoint.says({"commands": [{"type": ACCESS, "value": [{"op": "remove", "path": "/claims/level"}]}]})

    (level,) = [c for c in world.preview(callHooks=True)["access_token"]["claims"] if c["name"] == "level"]

    assert (level["included"], level["value"], level["hook"]["id"]) == (False, None, world.hook)


def test_a_denial_a_failure_and_a_patch_that_is_discarded(world: Previewed) -> None:
    world.endpoint.says({"error": {"errorSummary": "Not today"}})
    world.endpoint.answers.append(FetchFailed("too slow", slow=True))
    world.endpoint.says({"commands": [{"type": ACCESS, "value": [{"op": "remove", "path": "/claims/x"}]}]})

    denied, failed, discarded, silent = (world.preview(callHooks=True) for _ in range(4))

    assert denied["inlineHook"]["outcome"] == "DENIED"
    assert denied["decision"]["outcome"] == "DENY"
    assert (denied["error"]["error"], denied["error"]["reason"]) == ("server_error", "inline_hook_denied")
    assert denied["error"]["error_description"] == "Not today"
    for shown, reason in ((failed, "too slow"), (discarded, "Path not found(op=remove, path=/claims/x)")):
        assert (shown["inlineHook"]["outcome"], shown["inlineHook"]["reason"]) == ("FAILED", reason)
        assert (shown["error"], shown["access_token"]["payload"]["level"]) == (None, "low")
    assert silent["inlineHook"]["outcome"] == "NOTHING_TO_SAY"


def test_a_browsers_tokens_are_those_of_the_response_type(world: Previewed) -> None:
    shown = world.preview(grant_type="implicit", response_type="id_token")

    assert shown["inlineHook"]["request"]["source"].endswith("/v1/authorize")
    assert shown["inlineHook"]["request"]["data"].keys() == {"context", "identity"}


def test_a_request_that_is_refused_has_no_hook(world: Previewed) -> None:
    assert "inlineHook" not in world.preview(scope="unknown", callHooks=True)
    assert world.endpoint.sent == []


def test_a_hook_that_is_gone_is_said_so(world: Previewed, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = world.admin.storage.inline_hooks
    monkeypatch.setattr(hooks, "_listed", type(hooks.all())((), hooks.all().version))

    hook = world.preview(callHooks=True)["inlineHook"]

    assert (hook["id"], hook["status"], hook["outcome"]) == (None, None, "FAILED")
    assert hook["reason"] == "the hook is not there, or not active"


def test_only_who_may_change_hooks_has_them_asked(world: Previewed) -> None:
    reader = person(world.admin, "reader", "READ_ONLY_ADMIN")
    wish = {"client_id": world.client, "user_id": world.user, "grant_type": "authorization_code", "scope": "openid"}

    assert reader.call("POST", f"{world.path}/tokens/preview", wish).status == 200
    assert reader.call("POST", f"{world.path}/tokens/preview", wish | {"callHooks": True}).code == "E0000006"
    assert world.endpoint.sent == []
