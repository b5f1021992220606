"""docs/protocol.md §39.1: ``/api/v1/inlineHooks``."""

from typing import Any

import pytest
from authmint.oauth.outbound_fetch import Answer, FetchFailed

from tests.management.admin import BASE_URL, SERVERS, Admin
from tests.management.admin import Answer as Answered
from tests.support.hook_endpoint import Endpoint

PATH = "/api/v1/inlineHooks"
TOKENS = "com.okta.oauth2.tokens.transform"
HEADER = {"type": "HEADER", "key": "Authorization", "value": "a secret"}
CONFIG = {"uri": "https://hook.example/x", "method": "POST", "authScheme": HEADER}
OAUTH: dict[str, Any] = {
    "uri": "https://hook.example/x",
    "clientId": "abc",
    "clientSecret": "a secret",
    "tokenUrl": "https://login.example/token",
    "authType": "client_secret_post",
    "scope": "api",
}
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:hook-tokens"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def admin(endpoint: Endpoint) -> Admin:
    return Admin(exchange=endpoint)


def a_hook(**changes: Any) -> dict[str, Any]:
    channel = {"type": "HTTP", "version": "1.0.0", "config": CONFIG}
    return {"name": "t", "type": TOKENS, "version": "1.0.0", "channel": channel} | changes


def channel(kind: str = "HTTP", /, **config: Any) -> dict[str, Any]:
    return {"type": kind, "config": config}


def made(admin: Admin, **changes: Any) -> Any:
    answer = admin.post(PATH, a_hook(**changes))
    assert answer.status == 200, answer.json
    return answer.json


def test_a_hook_as_it_is_shown(admin: Admin) -> None:
    hook = made(admin, status="INACTIVE", version="1.0.2")

    url = f"{BASE_URL}{PATH}/{hook['id']}"
    assert hook | {"created": "", "lastUpdated": "", "id": hook["id"][:3]} == {
        "id": "cal",
        "status": "ACTIVE",
        "name": "t",
        "type": TOKENS,
        "version": "1.0.2",
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": "https://hook.example/x",
                "headers": [],
                "method": "POST",
                "authScheme": {"type": "HEADER", "key": "Authorization"},
            },
        },
        "created": "",
        "lastUpdated": "",
        "_links": {
            "self": {"href": url},
            "execute": {"href": f"{url}/execute", "hints": {"allow": ["POST"]}},
            "deactivate": {"href": f"{url}/lifecycle/deactivate", "hints": {"allow": ["POST"]}},
        },
    }
    assert admin.get(f"{PATH}/{hook['id']}").json == hook
    assert admin.get(PATH).json == [hook]
    assert "a secret" not in str(admin.storage.inline_hooks.all())


def test_hooks_are_told_apart_by_type(admin: Admin) -> None:
    imports = made(admin, name="i", type="com.okta.user.credential.password.import")
    tokens = made(admin)

    assert admin.get(f"{PATH}?type={TOKENS}").json == [tokens]
    assert admin.get(f"{PATH}?type={imports['type']}").json == [imports]
    assert [hook["id"] for hook in admin.get(PATH).json] == [imports["id"], tokens["id"]]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (a_hook(type="com.okta.saml.tokens.transform"), "type: must be one of"),
        (a_hook(name=" "), "name: The field cannot be left blank"),
        ({"name": "t", "type": TOKENS}, "channel: The field cannot be left blank"),
        (a_hook(channel=channel()), "channel.config.uri: The field cannot be left blank"),
        (a_hook(channel=channel(uri="http://hook.example/")), "channel.config.uri: must be an https URI"),
        (a_hook(channel=channel(uri="https://a:b@hook.example/")), "channel.config.uri: must be"),
        (a_hook(channel=channel(uri="https://hook.example/#x")), "channel.config.uri: must be"),
        (a_hook(channel=channel(uri="https://hook example/")), "channel.config.uri: must be"),
        (a_hook(channel=channel(uri="https://[x/")), "channel.config.uri: must be"),
        (a_hook(channel=channel(uri="https://h.example/" + "x" * 1_024)), "channel.config.uri: The field is too long"),
        (a_hook(channel=channel(uri="https://h.example", method="PUT")), "channel.config.method: must be POST."),
        (a_hook(channel=channel("SMTP")), "channel.type: must be one of"),
        (
            a_hook(channel=channel(uri="https://h.example", headers=[{"key": "Host", "value": "x"}])),
            "channel.config.headers[0].key: must be the name of a header",
        ),
        (
            a_hook(channel=channel(uri="https://h.example", headers=[{"key": "X-A", "value": "x\r\nX-B: y"}])),
            "channel.config.headers[0].value: must be printable ASCII",
        ),
        (
            a_hook(channel=channel(uri="https://h.example", authScheme={"key": "content-length", "value": "1"})),
            "channel.config.authScheme.key: must be the name of a header",
        ),
        (
            a_hook(channel=channel(uri="https://h.example", authScheme={"type": "BASIC", "key": "A", "value": "1"})),
            "channel.config.authScheme.type: must be HEADER.",
        ),
        (
            a_hook(channel=channel(uri="https://h.example", authScheme={"key": "A", "value": "a\nb"})),
            "channel.config.authScheme.value: must be printable ASCII",
        ),
        (
            a_hook(channel=channel(uri="https://h.example", authScheme={"key": "A"})),
            "channel.config.authScheme.value: must be given.",
        ),
        (a_hook(channel=channel("OAUTH", **OAUTH | {"clientSecret": ""})), "channel.config.clientSecret: must be"),
        (a_hook(channel=channel("OAUTH", **OAUTH | {"tokenUrl": "x"})), "channel.config.tokenUrl: must be an https"),
        (
            a_hook(channel=channel("OAUTH", **OAUTH | {"authType": "private_key_jwt"})),
            "channel.config.authType: private_key_jwt is not supported",
        ),
        (
            a_hook(channel=channel("OAUTH", **OAUTH | {"authType": "basic"})),
            "channel.config.authType: must be client_secret_post.",
        ),
        (
            a_hook(channel=channel("LAMBDA", functionArn="arn:aws:s3:::x")),
            "channel.config.functionArn: must be the ARN of a Lambda function.",
        ),
    ],
)
def test_what_cannot_be_a_hook(admin: Admin, body: Any, cause: str) -> None:
    answer = admin.post(PATH, body)

    assert (answer.status, answer.code) == (400, "E0000001")
    assert any(told.startswith(cause) for told in answer.causes), answer.causes
    assert "a secret" not in str(answer.json)


def test_two_hooks_have_two_names(admin: Admin) -> None:
    made(admin)

    assert admin.post(PATH, a_hook()).causes == [
        "name: An object with this field already exists in the current organization"
    ]


def test_there_can_only_be_so_many(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authmint.management.hooks.changes.MOST", 1)
    made(admin)

    assert admin.post(PATH, a_hook(name="u")).causes == ["name: There can be at most 1."]


def test_a_replacement_resets_what_it_leaves_out_and_an_update_does_not(admin: Admin) -> None:
    headers = [{"key": "X-A", "value": "b"}]
    hook = made(admin, channel=channel(**CONFIG, headers=headers), version="1.0.2")
    href = f"{PATH}/{hook['id']}"

    updated = admin.post(href, {"name": "u", "status": "INACTIVE"}).json
    assert (updated["name"], updated["version"], updated["status"]) == ("u", "1.0.2", "ACTIVE")
    assert updated["channel"] == hook["channel"]
    updated = admin.post(href, {"channel": channel(uri="https://hook.example/y")}).json
    assert updated["channel"]["config"] == hook["channel"]["config"] | {"uri": "https://hook.example/y"}

    replaced = admin.put(href, a_hook(channel=channel(uri="https://hook.example/y"))).json
    assert replaced["version"] == "1.0.0"
    assert replaced["channel"]["config"] == {
        "uri": "https://hook.example/y",
        "headers": [],
        "method": "POST",
        "authScheme": None,
    }
    assert admin.put(href, a_hook(type="com.okta.user.pre-registration")).causes == [
        "type: The type of a hook cannot be changed."
    ]


def test_an_unchanged_hook_is_not_changed(admin: Admin) -> None:
    hook = made(admin)
    events = len(admin.storage.events)

    assert admin.post(f"{PATH}/{hook['id']}", {}).json == hook
    assert len(admin.storage.events) == events


def test_a_secret_stays_with_its_host(admin: Admin, endpoint: Endpoint) -> None:
    """Who may change a hook would else have its secret sent to themselves."""
    hook = made(admin)
    oauth = made(admin, name="o", channel=channel("OAUTH", **OAUTH))

    def moved(hook: Any, **config: Any) -> list[str]:
        return admin.post(f"{PATH}/{hook['id']}", {"channel": channel(hook["channel"]["type"], **config)}).causes

    again = "must be given. It is kept only as long as it is sent to the same host."
    assert moved(hook, uri="https://thief.example/x") == [f"channel.config.authScheme.value: {again}"]
    assert moved(hook, uri="https://hook.example:8443/x") == [f"channel.config.authScheme.value: {again}"]
    assert moved(oauth, tokenUrl="https://thief.example/token") == [f"channel.config.clientSecret: {again}"]
    assert moved(oauth, uri="https://thief.example/x") == [f"channel.config.clientSecret: {again}"]
    to_oauth = {"channel": channel("OAUTH", **OAUTH | {"clientSecret": None})}
    assert admin.post(f"{PATH}/{hook['id']}", to_oauth).causes == [f"channel.config.clientSecret: {again}"]
    bare = channel(uri="https://hook.example/other", authScheme={"type": "HEADER", "key": "X-Key"})
    assert admin.put(f"{PATH}/{hook['id']}", a_hook(channel=bare)).status == 200
    admin.post(f"{PATH}/{hook['id']}/execute", {})
    assert endpoint.sent[-1][2]["X-Key"] == "a secret"


def test_an_oauth_channel_and_a_function(admin: Admin) -> None:
    oauth = made(admin, channel=channel("OAUTH", **OAUTH))["channel"]["config"]
    function = made(admin, name="f", channel=channel("LAMBDA", functionArn=ARN))["channel"]

    assert oauth == {
        "uri": "https://hook.example/x",
        "headers": [],
        "method": "POST",
        "authScheme": None,
        "clientId": "abc",
        "tokenUrl": "https://login.example/token",
        "authType": "client_secret_post",
        "scope": "api",
    }
    assert function == {"type": "LAMBDA", "version": "1.0.0", "config": {"functionArn": ARN}}


def test_only_an_inactive_hook_is_deleted(admin: Admin) -> None:
    href = f"{PATH}/{made(admin)['id']}"

    assert admin.delete(href).code == "E0000107"
    off = admin.post(f"{href}/lifecycle/deactivate").json
    assert (off["status"], list(off["_links"])) == ("INACTIVE", ["activate", "self", "delete"])
    assert off["_links"]["delete"]["hints"] == {"allow": ["DELETE"]}
    assert admin.post(f"{href}/execute", {}).code == "E0000107"
    assert admin.post(f"{href}/lifecycle/activate").json["status"] == "ACTIVE"
    admin.post(f"{href}/lifecycle/deactivate")

    assert admin.delete(href).status == 204
    gone = admin.get(href)
    assert (gone.status, gone.json["errorSummary"][-13:]) == (404, " (InlineHook)")
    assert [event.type for event in admin.storage.events if event.type.startswith("inline_hook")] == [
        f"inline_hook.{verb}" for verb in ("created", "deactivated", "activated", "deactivated", "deleted")
    ]


def a_rule_with(admin: Admin, hook_id: str | None) -> Answered:
    """A rule of a new server that uses the hook."""
    server = f"{SERVERS}/{admin.post(SERVERS, {'name': 'S', 'audiences': ['api://s']}).json['id']}"
    policy = {"name": "p", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}
    rules = f"{server}/policies/{admin.post(f'{server}/policies', policy).json['id']}/rules"
    token = {"inlineHook": {"id": hook_id}} if hook_id else {}
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    return admin.post(rules, {"name": "R", "conditions": conditions, "actions": {"token": token}})


def test_a_rule_names_a_hook_for_tokens_and_a_put_without_it_takes_it_away(admin: Admin) -> None:
    hook = made(admin)
    imports = made(admin, name="i", type="com.okta.user.credential.password.import")

    rule = a_rule_with(admin, hook["id"]).json
    assert rule["actions"]["token"]["inlineHook"] == {"id": hook["id"]}
    path = rule["_links"]["self"]["href"].removeprefix(BASE_URL)
    body = {"name": "R", "conditions": rule["conditions"], "actions": {"token": {}}}
    assert "inlineHook" not in admin.put(path, body).json["actions"]["token"]
    for unknown in (imports["id"], "calUNKNOWN", "#"):
        refused = a_rule_with(admin, unknown)
        cause = f"actions.token.inlineHook.id: There is no inline hook for tokens with the id '{unknown}'."
        assert (refused.status, refused.causes) == (400, [cause])


def test_a_hook_that_a_rule_uses_is_not_deleted(admin: Admin) -> None:
    hook = made(admin)
    a_rule_with(admin, hook["id"])
    admin.post(f"{PATH}/{hook['id']}/lifecycle/deactivate")

    answer = admin.delete(f"{PATH}/{hook['id']}")

    assert (answer.status, answer.code) == (403, "E0000107")
    assert answer.causes == ["The rule 'R' of the server 'S' uses it."]


def test_a_try_shows_what_the_hook_answers(admin: Admin, endpoint: Endpoint) -> None:
    hook = made(admin)
    endpoint.answers += [Answer(200, b'{"commands":[]}'), Answer(204, b"")]

    assert admin.post(f"{PATH}/{hook['id']}/execute", {"a": 1}).json == {"commands": []}
    assert admin.post(f"{PATH}/{hook['id']}/execute", {"a": 1}).status == 204

    method, uri, headers, body = endpoint.sent[0]
    assert (method, uri, body) == ("POST", "https://hook.example/x", b'{"a":1}')
    assert headers["Authorization"] == "a secret"


@pytest.mark.parametrize(
    ("answer", "status", "code", "cause"),
    [
        (FetchFailed("too slow", slow=True), 504, "E0000137", "too slow"),
        (FetchFailed("address is not public"), 502, "E0000134", "address is not public"),
        (Answer(307, b""), 502, "E0000134", "status 307"),
        (Answer(200, b"<html>"), 502, "E0000134", "the answer is not a JSON object"),
    ],
)
def test_a_try_says_what_went_wrong(
    admin: Admin, endpoint: Endpoint, answer: Answer | FetchFailed, status: int, code: str, cause: str
) -> None:
    hook = made(admin)
    endpoint.answers.append(answer)

    told = admin.post(f"{PATH}/{hook['id']}/execute", {})

    assert (told.status, told.code, told.causes) == (status, code, [cause])
