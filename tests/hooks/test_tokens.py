"""docs/protocol.md §39.3: the token hook, at every endpoint that mints."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import msgspec
import pytest
from authmint.oauth.outbound_fetch import Answer, FetchFailed
from authmint.storage.hooks import PASSWORD_IMPORT, TOKENS, Channel, InlineHook
from authmint.storage.servers import AuthorizationServer, Claim, Scope

from tests.oauth.authorization.world import World, a_browser_server
from tests.oauth.code_flow import Flow, a_code_server
from tests.oauth.engine import Engine
from tests.oauth.people import PASSWORD, a_people_server, ann
from tests.support.builders import (
    BASE_URL,
    CLIENT_ID,
    SERVER_ID,
    a_client,
    a_form,
    a_policy,
    a_resource,
    a_rule,
    a_server,
    basic,
)
from tests.support.fakes import NOW, FakeSeals, decoded
from tests.support.hook_endpoint import Said

HOOK = "cal1"
SECRET = "a-secret-of-the-hook"
ISSUER = f"{BASE_URL}/oauth2/{SERVER_ID}"
ACCESS, IDENTITY = "com.okta.access.patch", "com.okta.identity.patch"


def the_hook(**changes: Any) -> InlineHook:
    sealed = FakeSeals().seal(HOOK, "channel", SECRET)
    channel = Channel(uri="https://hook.example/tokens", auth_header="X-Key", sealed=sealed)
    return replace(InlineHook(HOOK, "tenants", TOKENS, channel, NOW, NOW), **changes)


def hooked(server: AuthorizationServer) -> AuthorizationServer:
    """The server, whose rules all have the hook."""
    policies = [
        replace(policy, rules=tuple(replace(rule, inline_hook=HOOK) for rule in policy.rules))
        for policy in server.policies
    ]
    return replace(server, policies=tuple(policies))


def with_hook(deployment: Any, hook: InlineHook | None = None) -> Any:
    hooks = deployment.storage.inline_hooks
    hooks.save(None, hook or the_hook(), [], seen=hooks.all())
    return deployment


def a_machine(**changes: Any) -> Engine:
    level = Claim("ocl1", "level", "RESOURCE", "EXPRESSION", '"low"')
    server = hooked(a_server(claims=(level,), **changes))
    engine: Engine = with_hook(Engine(server))
    return engine


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def op(name: str, path: str, *value: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **({"value": value[0]} if value else {})}


def commands(*operations: Any, command: str = ACCESS) -> dict[str, Any]:
    return {"commands": [{"type": command, "value": list(operations)}]}


def hook_events(engine: Any) -> list[tuple[str, str, str | None]]:
    told = [event for event in engine.events.emitted if event.type.startswith("inline_hook.")]
    return [(event.type.removeprefix("inline_hook."), event.outcome, event.reason) for event in told]


def test_a_machines_token_is_shown_and_changed() -> None:
    engine = a_machine()
    engine.endpoint.says(
        commands(
            op("replace", "/claims/level", "high"),
            op("add", "/claims/tenant", "t1"),
            op("replace", "/token/lifetime/expiration", 900),
        )
    )

    answer = decoded(engine.ask().body)

    token = claims(answer["access_token"])
    assert (token["level"], token["tenant"], token["exp"] - token["iat"]) == ("high", "t1", 900)
    assert answer["expires_in"] == 900
    (asked,) = engine.endpoint.asked
    assert asked | {"eventId": "", "data": {}} == {
        "source": f"{ISSUER}/v1/token",
        "eventId": "",
        "eventTime": "2099-12-03T16:53:20.000Z",
        "eventTypeVersion": "1.0",
        "cloudEventVersion": "0.1",
        "contentType": "application/json",
        "eventType": TOKENS,
        "data": {},
    }
    data = asked["data"]
    assert data["context"]["protocol"] == {
        "type": "OAUTH2.0",
        "request": {"scope": "orders:read", "client_id": CLIENT_ID, "grant_type": "client_credentials"},
        "issuer": {"uri": ISSUER},
        "client": {"id": CLIENT_ID, "name": f"client {CLIENT_ID}", "type": "CONFIDENTIAL"},
    }
    assert data["context"]["request"]["method"] == "POST"
    assert data["context"]["policy"] == {"id": "00p1", "rule": {"id": "0pr1"}}
    assert data["access"] == {
        "claims": {
            name: token[name] for name in ("ver", "jti", "iss", "aud", "cid", "sub")
        } | {"level": "low"},
        "token": {"lifetime": {"expiration": 3_600}},
        "scopes": {"orders:read": {"id": "scp1", "action": "GRANT"}},
    }  # fmt: skip
    assert data.keys() == {"context", "access"}
    assert data["context"].keys() == {"request", "protocol", "policy"}
    assert engine.endpoint.sent[0][2]["X-Key"] == SECRET
    assert hook_events(engine) == [("executed", "SUCCESS", None), ("response.processed", "SUCCESS", None)]
    assert engine.state(answer["access_token"])["active"]


def test_the_events_say_which_hook_for_whom_and_no_secret() -> None:
    engine = a_machine()
    engine.endpoint.says(commands(op("replace", "/claims/tz", "a-secret-value")))

    engine.ask()

    executed, processed = engine.events.emitted[:2]
    assert executed.targets[0].display_name == "tenants"
    assert executed.actor.id == CLIENT_ID
    assert processed.debug == {
        "inline_hook_type": TOKENS,
        "inline_hook": HOOK,
        "authorization_server": SERVER_ID,
        "policy": "00p1",
        "rule": "0pr1",
        "error_message": "Path not found(op=replace, path=/claims/tz)",
    }
    assert SECRET not in str(engine.events.emitted)
    assert "a-secret-value" not in str(engine.events.emitted)


#: What a hook may answer, and what becomes of it: failure of the call, failure of the answer.
FAILURES: list[tuple[Said, str | None, str | None]] = [
    (FetchFailed("too slow", slow=True), "too slow", None),
    (FetchFailed("connection failed: ConnectionRefusedError"), "connection failed: ConnectionRefusedError", None),
    (FetchFailed("address is not public"), "address is not public", None),
    (FetchFailed("too large"), "too large", None),
    (Answer(302, b"", {"location": "https://hook.example/elsewhere"}), "status 302", None),
    (Answer(201, b"{}"), "status 201", None),
    (Answer(400, b'{"error":{"errorSummary":"no"}}'), "status 400", None),
    (Answer(500, b'{"commands":[]}'), "status 500", None),
    (Answer(200, b"<html></html>"), "the answer is not a JSON object", None),
    (Answer(200, b"[]"), "the answer is not a JSON object", None),
    (Answer(200, b'{"commands":{}}'), None, "commands must be a list"),
    (Answer(200, b'{"commands":[{"type":"com.okta.action.update","value":[]}]}'), None, "unknown command"),
    (
        Answer(200, msgspec.json.encode(commands(op("add", "/claims/email", "x"), command=IDENTITY))),
        None,
        "ID Token not present",
    ),
    (
        Answer(200, msgspec.json.encode(commands(op("add", "/claims/ok", 1), op("add", "/claims/uid", "00uX")))),
        None,
        "Claim is reserved(op=add, path=/claims/uid)",
    ),
    (
        Answer(200, msgspec.json.encode(commands(op("add", "/claims/blob", "x" * 9_000)))),
        None,
        "The token would be too large:",
    ),
]


@pytest.mark.parametrize(("answer", "call", "patch"), FAILURES)
def test_a_hook_that_fails_changes_nothing_and_is_asked_once(answer: Said, call: str | None, patch: str | None) -> None:
    engine = a_machine()
    engine.endpoint.answers.append(answer)

    given = engine.ask()

    assert given.status == 200
    token = claims(decoded(given.body)["access_token"])
    assert (token["level"], "ok" in token, token["exp"] - token["iat"]) == ("low", False, 3_600)
    assert len(engine.endpoint.sent) == 1
    executed, *processed = hook_events(engine)
    assert executed == ("executed", "FAILURE" if call else "SUCCESS", call)
    assert len(processed) == (call is None)
    assert all(reason is not None and reason.startswith(patch or "") for _, _, reason in processed)


@pytest.mark.parametrize("said", [{}, {"commands": None}, {"commands": []}, {"debugContext": {"a": 1}}])
def test_a_hook_that_has_nothing_to_say(said: Any) -> None:
    engine = a_machine()
    engine.endpoint.says(said)

    assert claims(engine.access_token())["level"] == "low"
    assert hook_events(engine)[1] == ("response.processed", "SUCCESS", None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"errorSummary": 'No "tenant"'}, "No %22tenant%22"),
        ({"errorSummary": ""}, "The callback service returned an error."),
        ({"errorCauses": []}, "The callback service returned an error."),
        ("no", "The callback service returned an error."),
        ({"errorSummary": "x" * 10_000}, "x" * 500),
    ],
)
def test_a_hook_may_say_that_there_is_no_token(error: Any, told: str) -> None:
    engine = a_machine()
    engine.endpoint.says(commands(op("add", "/claims/a", 1)) | {"error": error})

    answer = engine.ask()

    assert answer.status == 400
    assert decoded(answer.body) == {"error": "server_error", "error_description": told}
    assert hook_events(engine)[1][:2] == ("response.processed", "FAILURE")
    assert engine.events.emitted[-1].reason == "inline_hook_denied"


@pytest.mark.parametrize("hook", [the_hook(status="INACTIVE"), the_hook(type=PASSWORD_IMPORT), the_hook(id="calX")])
def test_a_hook_that_is_off_or_gone_is_not_asked(hook: InlineHook) -> None:
    engine = with_hook(Engine(hooked(a_server())), hook)

    assert engine.ask().status == 200
    assert engine.endpoint.sent == []
    assert hook_events(engine) == [("executed", "FAILURE", "the hook is not there, or not active")]


def test_where_no_rule_has_a_hook_none_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    monkeypatch.setattr(engine.storage.inline_hooks, "get", None)

    assert engine.ask().status == 200


def test_what_a_token_is_for_is_not_for_a_hook_to_say_where_the_client_said_it() -> None:
    resource = a_resource("https://api.example/orders")
    engine = a_machine(resources=(resource,), resource_indicators=True)
    for _ in range(2):
        engine.endpoint.says(commands(op("replace", "/claims/aud", "https://elsewhere.example")))

    assert claims(engine.access_token({"resource": resource.uri}))["aud"] == resource.uri
    assert claims(engine.access_token())["aud"] == "https://elsewhere.example"


# People


def a_code_flow(server: AuthorizationServer | None = None) -> Flow:
    flow: Flow = with_hook(Flow(hooked(server or a_code_server())))
    return flow


def test_a_code_gives_tokens_as_the_hook_wants_them_and_both_are_bound_to_each_other() -> None:
    flow = a_code_flow()
    patch = commands(op("add", "/claims/a", 1))["commands"]
    patch += commands(op("add", "/claims/b", 2), op("replace", "/token/lifetime/expiration", 300), command=IDENTITY)[
        "commands"
    ]
    flow.endpoint.says({"commands": patch})

    answer = decoded(flow.redeem(flow.code(inline_hook=HOOK, session_id="ses1")).body)

    access, identity = claims(answer["access_token"]), claims(answer["id_token"])
    (asked,) = flow.endpoint.asked
    data = asked["data"]
    assert (access["a"], identity["b"], identity["exp"] - identity["iat"]) == (1, 2, 300)
    assert (access["exp"] - access["iat"], answer["expires_in"]) == (600, 600)
    assert data["identity"]["claims"].keys() == {
        "sub", "ver", "iss", "aud", "jti", "amr", "idp", "auth_time", "nonce", "name", "email", "preferred_username",
    } - ({"name", "email", "preferred_username"} - identity.keys())  # fmt: skip
    assert identity["jti"] == data["identity"]["claims"]["jti"]
    assert identity["at_hash"]
    assert data["context"]["user"]["profile"]["login"] == "ann@example.com"
    assert data["context"]["user"]["_links"]["groups"]["href"] == f"{BASE_URL}/api/v1/users/00uA/groups"
    assert data["context"]["session"] == {
        "userId": "00uA",
        "login": "ann@example.com",
        "status": "ACTIVE",
        "lastPasswordVerification": "2099-12-03T16:52:20.000Z",
        "amr": ["PASSWORD"],
        "mfaActive": False,
    }
    sent = str(asked)
    for secret in (PASSWORD, basic()["authorization"], "code_verifier", flow.storage.users.get("00uA").password):
        assert str(secret) not in sent
    assert flow.alive(answer["access_token"])
    assert (
        decoded(flow.userinfo(a_form({"access_token": answer["access_token"]}, path="userinfo")).body)["sub"] == "00uA"
    )


def test_a_code_keeps_the_hook_that_its_rule_had() -> None:
    flow: Flow = with_hook(Flow())

    flow.signed_in(inline_hook=HOOK)
    flow.signed_in()

    assert len(flow.endpoint.sent) == 1


def test_a_refusal_burns_neither_code_nor_refresh_token() -> None:
    flow = a_code_flow()
    code = flow.code(inline_hook=HOOK)
    flow.endpoint.says({"error": {}})
    assert flow.redeem(code).status == 400
    tokens = decoded(flow.redeem(code).body)
    flow.endpoint.says({"error": {}})
    assert flow.refresh(tokens["refresh_token"]).status == 400

    refreshed = flow.refresh(tokens["refresh_token"])

    assert refreshed.status == 200
    data = flow.endpoint.asked[-1]["data"]
    family = flow.storage.families.get(claims(tokens["access_token"])["jti"].rpartition(".")[2])
    assert data["refresh_token"] == {"jti": family.id}
    assert data["context"]["protocol"]["OriginalGrant"] == {
        "authorization": {"grant_type": "authorization_code", "client_id": CLIENT_ID},
        "refresh_token": {"jti": family.id},
    }
    assert tokens["refresh_token"] not in str(flow.endpoint.asked)


def test_a_password_grant_asks_too_and_shows_no_password() -> None:
    engine = with_hook(Engine(hooked(a_people_server()), a_client(grant_types=("password",), implicit_assignment=True)))
    engine.storage.users.add(ann(), [])
    engine.endpoint.says(commands(op("add", "/claims/a", 1)))

    form = {"grant_type": "password", "username": "ann@example.com", "password": PASSWORD, "scope": "openid"}
    answer = decoded(engine.token(a_form(form, headers=basic())).body)

    assert claims(answer["access_token"])["a"] == 1
    assert PASSWORD not in str(engine.endpoint.sent)


def test_tokens_for_a_browser_are_as_the_hook_wants_them() -> None:
    world = with_hook(World(hooked(a_browser_server())))
    patch = commands(op("add", "/claims/a", 1), op("replace", "/token/lifetime/expiration", 300))["commands"]
    patch += commands(op("add", "/claims/b", 2), command=IDENTITY)["commands"]
    world.hook.says({"commands": patch})

    fields = world.ask(response_type="token id_token", nonce="n", scope="openid").fields

    access, identity = claims(fields["access_token"]), claims(fields["id_token"])
    assert (access["a"], identity["b"], identity["nonce"], fields["expires_in"]) == (1, 2, "n", "300")
    assert identity["at_hash"]
    assert world.storage.families.get(access["jti"].rpartition(".")[2]).expires_at == NOW + 300
    (asked,) = world.hook.asked
    context = asked["data"]["context"]
    assert asked["source"] == f"{ISSUER}/v1/authorize"
    assert context["request"]["url"]["value"].startswith(f"{ISSUER}/v1/authorize?")
    assert context["session"]["id"] == "session ann"
    assert context["protocol"]["request"]["response_type"] == "token id_token"


def test_only_the_tokens_of_the_response_are_shown_and_a_code_alone_asks_nobody() -> None:
    world = with_hook(World(hooked(a_browser_server())))

    world.ask(response_type="code", scope="openid", code_challenge="x" * 43, code_challenge_method="S256")
    assert world.hook.sent == []
    world.ask(response_type="id_token", nonce="n", scope="openid")
    world.ask(response_type="token", nonce="n", scope="openid")

    assert [set(asked["data"]) - {"context"} for asked in world.hook.asked] == [{"identity"}, {"access"}]


def test_what_a_browser_sends_beside_the_request_is_not_shown() -> None:
    world = with_hook(World(hooked(a_browser_server())))

    world.ask(response_type="id_token", nonce="n", scope="openid", id_token_hint=world.hint(), login_hint="ann")

    assert "hint" not in str(world.hook.sent)


def test_a_hook_may_refuse_a_browser_and_nothing_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    world = with_hook(World(hooked(a_browser_server())))
    monkeypatch.setattr(world.storage.families, "add", None)
    world.hook.says({"error": {"errorSummary": "Not today"}})

    fields = world.ask(response_type="token", nonce="n", scope="openid").fields

    assert (fields["error"], fields["error_description"]) == ("server_error", "Not today")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: a_machine(),
        lambda: with_hook(Engine(hooked(a_server(scopes=(Scope("scp1", "orders:read"),))))),
    ],
)
def test_a_scope_is_none_of_the_hooks_business(ask: Callable[[], Engine]) -> None:
    engine = ask()
    engine.endpoint.says(commands(op("add", "/claims/scp", ["admin"])))

    assert claims(engine.access_token())["scp"] == ["orders:read"]


def test_rules_of_one_policy_have_hooks_of_their_own() -> None:
    plain, asking = a_rule(id="0prA", scopes=("a",)), a_rule(id="0prB", inline_hook=HOOK)
    scopes = (Scope("scp1", "orders:read"), Scope("scp2", "a"))
    engine = with_hook(Engine(a_server(policies=(a_policy(plain, asking),), scopes=scopes)))

    engine.access_token({"scope": "a"})
    assert engine.endpoint.sent == []
    engine.access_token()

    assert len(engine.endpoint.sent) == 1
