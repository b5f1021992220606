"""What is done with hooks: every flow, against endpoints that answer nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.oauth.outbound_fetch import Answer
from authmint.runtime.parts import Parts

from tests.functions.deployment import Functions, form_event
from tests.functions.faults import ASK
from tests.functions.sign_ins import People

INLINE = "/api/v1/inlineHooks"
EVENTS = "/api/v1/eventHooks"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:hook-tokens"
HTTP = {
    "type": "HTTP",
    "config": {"uri": "https://hook.example", "authScheme": {"type": "HEADER", "key": "X-Key", "value": "s"}},
}


def an_inline_hook(**changes: Any) -> dict[str, Any]:
    return {"name": "h", "type": "com.okta.oauth2.tokens.transform", "channel": HTTP} | changes


@contextmanager
def endpoints(
    functions: Functions, answer: Callable[..., Answer] = lambda *_, **__: Answer(204, b"")
) -> Iterator[None]:
    """New instances, which reach endpoints that answer so; nothing, if not said otherwise."""
    with pytest.MonkeyPatch.context() as reaching:
        reaching.setattr(Parts, "exchange", answer)
        functions.restart()
        yield
    functions.restart()


def a_hooked_rule(functions: Functions, server: str, **hook: Any) -> str:
    """The first rule of a server asks a hook from here on; the hook's id."""
    made: str = functions.admin("POST", INLINE, an_inline_hook(**hook))["id"]
    base = f"/api/v1/authorizationServers/{server}/policies"
    for policy in functions.admin("GET", base):
        for rule in functions.admin("GET", f"{base}/{policy['id']}/rules"):
            rule["actions"]["token"]["inlineHook"] = {"id": made}
            functions.admin("PUT", f"{base}/{policy['id']}/rules/{rule['id']}", rule)
    return made


def every_flow_of_hooks(functions: Functions, server: str, client: str, secret: str) -> None:
    """Hooks are made, tried, changed and deleted; a rule asks one, which is an endpoint and a function in turn."""
    function = {"type": "LAMBDA", "config": {"functionArn": ARN}}
    with endpoints(functions):
        for channel in (HTTP, function):
            body = an_inline_hook(channel=channel)
            hook = f"{INLINE}/{a_hooked_rule(functions, server, channel=channel)}"
            token = functions.http("token", form_event("token", server, ASK, client, secret))
            assert token["statusCode"] == 200
            functions.admin("POST", f"{hook}/execute", {})
            functions.admin("PUT", hook, body)
            functions.admin("POST", f"{hook}/lifecycle/deactivate")
            _without_hooks(functions, server)
            functions.admin("DELETE", hook)


VERIFIED = {"commands": [{"type": "com.okta.action.update", "value": {"credential": "VERIFIED"}}]}


def a_migrated_user(functions: Functions, name: str) -> str:
    """Somebody whose password another directory knows; the login."""
    login = f"{name}@old.example"
    profile = {"login": login, "email": login, "firstName": "O", "lastName": "L"}
    credentials = {"password": {"hook": {"type": "default"}}}
    functions.admin("POST", "/api/v1/users?activate=true", {"profile": profile, "credentials": credentials})
    return login


def signed_in(functions: Functions, login: str) -> dict[str, Any]:
    """The answer to a sign-in with some password."""
    event = form_event("authn", "", json.dumps({"username": login, "password": "Correct-Horse-7"}), "", "")
    event |= {"rawPath": "/api/v1/authn", "pathParameters": {}}
    event["headers"] = {name: value for name, value in event["headers"].items() if name != "authorization"}
    event["headers"] |= {"content-type": "application/json"}
    return functions.http("authorize", event)


def every_import(functions: Functions, ask: Callable[[str], dict[str, Any]]) -> None:
    """Another directory knows passwords: at the sign-in, and where a login asks for tokens by ``ask``."""
    saying = Answer(200, json.dumps(VERIFIED).encode())
    with endpoints(functions, lambda *_, **__: saying):
        hook = an_inline_hook(name="import", type="com.okta.user.credential.password.import")
        functions.admin("POST", INLINE, hook)
        asking: dict[str, Callable[[str], dict[str, Any]]] = {"one": partial(signed_in, functions), "two": ask}
        for name, asked in asking.items():
            login = a_migrated_user(functions, name)
            assert asked(login)["statusCode"] == 200
            assert asked(login)["statusCode"] == 200  # by a hash of ours now


def echoing(_: Parts, method: str, __: str, *, headers: Mapping[str, str], **___: Any) -> Answer:
    """An endpoint that answers the challenge, and takes what it is told."""
    said = {"verification": headers.get("x-okta-verification-challenge")}
    return Answer(200, json.dumps(said).encode() if method == "GET" else b"")


def an_event_hook(functions: Functions, name: str = "e") -> str:
    """A hook that is told of new groups: made, and verified by an endpoint that echoes."""
    events = {"type": "EVENT_TYPE", "items": ["group.lifecycle.create"]}
    hook: str = functions.admin("POST", EVENTS, {"name": name, "events": events, "channel": HTTP})["id"]
    functions.admin("POST", f"{EVENTS}/{hook}/signingSecret")
    functions.admin("POST", f"{EVENTS}/{hook}/lifecycle/verify")
    return hook


def every_flow_of_event_hooks(functions: Functions) -> None:
    """An event is told; one is given up, shown, and told again."""
    answers = [Answer(200, b"")] + [Answer(400, b"")] * 3

    def answering(parts: Parts, method: str, uri: str, **named: Any) -> Answer:
        return echoing(parts, method, uri, **named) if method == "GET" or not answers else answers.pop(0)

    real = SystemClock.now_ms
    ahead = [0]
    with endpoints(functions, answering), pytest.MonkeyPatch.context() as later:
        hook = an_event_hook(functions)
        later.setattr(SystemClock, "now_ms", lambda clock: real(clock) + ahead[0] * 1_000)
        later.setattr(SystemClock, "now", lambda clock: (real(clock) + ahead[0] * 1_000) // 1_000)
        for name in ("told", "given up"):
            functions.admin("POST", "/api/v1/groups", {"profile": {"name": name}})
            for _ in range(1 if name == "told" else 4):
                ahead[0] += 600
                functions.direct("hooks", {"source": "aws.scheduler"})
        ((letter),) = functions.direct("hooks", {"action": "given_up"})["given_up"]
        assert letter["hook"] == hook
        assert functions.direct("hooks", {"action": "redrive"}) == {"redelivered": 1, "left": 0}
        functions.admin("POST", f"{EVENTS}/{hook}/lifecycle/deactivate")
        functions.admin("DELETE", f"{EVENTS}/{hook}")


def every_hook_of_a_browser(people: People) -> None:
    """The hook of a rule is asked about tokens for a browser, as an endpoint and as a function."""
    functions, server = people.functions, people.server
    people.cookies.clear()
    people.sign_in()
    with endpoints(functions):
        for channel in (HTTP, {"type": "LAMBDA", "config": {"functionArn": ARN}}):
            a_hooked_rule(functions, server, name=channel["type"], channel=channel)
            assert "id_token=" in people.authorize(response_type="id_token", nonce="n")[0]
        _without_hooks(functions, server)


def _without_hooks(functions: Functions, server: str) -> None:
    base = f"/api/v1/authorizationServers/{server}/policies"
    for policy in functions.admin("GET", base):
        for rule in functions.admin("GET", f"{base}/{policy['id']}/rules"):
            del rule["actions"]["token"]["inlineHook"]
            functions.admin("PUT", f"{base}/{policy['id']}/rules/{rule['id']}", rule)
