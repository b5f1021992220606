"""Resource indicators (RFC 8707, docs/protocol.md §8.5) at the authorization endpoint, and what users agree to."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.storage.clients import secret_digest
from authmint.storage.codes import AuthorizationCode
from authmint.storage.servers import AuthorizationServer, Resource

from tests.oauth.authorization.world import PKCE, Answer, World, a_browser_server, an_app
from tests.support.builders import CLIENT_ID, SERVER_ID, a_resource, basic

MCP, FILES, API = "https://mcp.example.com/mcp", "https://files.example.com", "https://api.example.com"
CAREFUL = an_app(consent_method="REQUIRED")
BOTH = "openid orders:read plain"


def a_resourceful_server(*resources: Resource, **changes: Any) -> AuthorizationServer:
    own = resources or (a_resource(MCP, "orders:read"), a_resource(FILES, "plain"), a_resource(API))
    return replace(a_browser_server(), resources=own, **{"resource_indicators": True} | changes)


def ask(world: World, *resources: str, browser: str | None = "ann", **changes: str) -> Answer:
    fields = {"client_id": CLIENT_ID, "redirect_uri": "https://app.example.com/cb", "response_type": "code"}
    sent = fields | {"scope": BOTH, "state": "s"} | changes
    return world.get((*sent.items(), *(("resource", uri) for uri in resources)), browser)


def code_of(world: World, answer: Answer) -> AuthorizationCode:
    assert "code" in answer.fields, answer.response
    return world.storage.codes.get(secret_digest(answer.fields["code"]))


def test_a_code_is_for_what_was_registered_and_not_for_what_was_written() -> None:
    world = World(a_resourceful_server())

    code = code_of(world, ask(world, f"{MCP}/", f"{FILES}/?x=1", MCP))

    assert (code.resources, code.scopes) == ((MCP, FILES), ("openid", "orders:read", "plain"))
    assert world.events.emitted[-1].debug["resource"] == f"{MCP}, {FILES}"
    assert code_of(world, ask(world)).resources == ()
    assert "resource" not in world.events.emitted[-1].debug


def test_a_code_holds_the_scopes_of_its_resources_alone() -> None:
    world = World(a_resourceful_server())

    assert code_of(world, ask(world, FILES)).scopes == ("openid", "plain")
    assert ask(world, FILES, scope="orders:read").fields["error"] == "invalid_scope"
    assert ask(world, FILES, scope="openid orders:read").fields["error"] == "invalid_scope"
    assert code_of(world, ask(world, FILES, scope="openid")).scopes == ("openid",)
    assert code_of(world, ask(world, API)).scopes == ("openid", "orders:read", "plain")


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (("https://mcp.example.com/other",), "unsupported_resource"),
        ((MCP, "https://evil.example"), "unsupported_resource"),
        ((f"{MCP}#x",), "unsupported_resource"),
        (tuple(f"{API}?{number}" for number in range(11)), "too_many_resources"),
    ],
)
def test_what_is_refused_goes_to_the_client(resources: tuple[str, ...], reason: str) -> None:
    world = World(a_resourceful_server())

    fields = ask(world, *resources).fields
    status, pushed = world.push({"resource": resources, "scope": BOTH}, headers=basic())

    assert (fields["error"], fields["state"], world.events.emitted[-1].reason) == ("invalid_target", "s", reason)
    assert (status, pushed["error"]) == (400, "invalid_target")
    assert world.storage.requests.records == {}
    assert len(code_of(world, ask(world, *resources[:0], *(f"{API}?{n}" for n in range(10)))).resources) == 1


def test_off_means_refused() -> None:
    world = World(a_resourceful_server(resource_indicators=False))

    assert ask(world, MCP).fields["error"] == "invalid_target"
    assert "resourceIndicators" in world.events.emitted[-1].debug["reason_detail"]
    assert world.push({"resource": [MCP]}, headers=basic())[1]["error"] == "invalid_target"
    assert code_of(world, ask(world)).resources == ()


@pytest.mark.parametrize("json", [False, True])
def test_several_resources_survive_being_pushed_and_the_sign_in(json: bool) -> None:
    world = World(a_resourceful_server(), signed_in=False)
    status, body = world.push({"resource": [MCP, FILES], "scope": BOTH} | PKCE, json=json, headers=basic())
    assert status == 201, body
    pushed = (("client_id", CLIENT_ID), ("request_uri", body["request_uri"]))

    handle = world.get((*pushed, ("resource", API))).handle  # what stands beside the reference does not count
    world.sign_in()

    assert code_of(world, world.resume(handle)).resources == (MCP, FILES)


def test_one_resource_of_a_pushed_object_may_be_a_text_and_nothing_else_may_be_a_list() -> None:
    world = World(a_resourceful_server())

    for value, expected in ((MCP, 201), ([], 201), ([MCP, 1], 400), ([[MCP]], 400), ({"a": MCP}, 400), (None, 400)):
        request = {"resource": value}
        assert world.push(request, json=True, headers=basic())[0] == (201 if value is None else expected), value
    assert world.push({"scope": ["openid"]}, json=True, headers=basic())[0] == 400


def test_a_form_post_repeats_it_too_and_no_other_parameter() -> None:
    world = World(a_resourceful_server())

    assert len(code_of(world, ask(world, MCP, API)).resources) == 2
    twice = world.get((("client_id", CLIENT_ID), ("redirect_uri", "https://app.example.com/cb"), ("scope", "openid"),
                       ("scope", "openid"), ("response_type", "code"), ("state", "s")))  # fmt: skip
    assert twice.fields["error"] == "invalid_request"


def test_the_token_of_a_browser_is_for_one_resource() -> None:
    world = World(a_resourceful_server())
    front = {"response_type": "token", "nonce": "n", "scope": BOTH}

    def payload(answer: Answer) -> Any:
        return jwt.decode(answer.fields["access_token"], options={"verify_signature": False})

    token = ask(world, f"{MCP}/", **front)
    assert (payload(token)["aud"], token.fields["scope"]) == (MCP, "openid orders:read")
    family = world.storage.families.get(payload(token)["jti"].split(".")[-1])
    assert family.resources == (MCP,)
    assert ask(world, MCP, FILES, **front).fields["error"] == "invalid_target"
    hybrid = ask(world, MCP, **front | {"response_type": "code id_token token"})
    assert (payload(hybrid)["aud"], code_of(world, hybrid).resources) == (MCP, (MCP,))
    assert payload(ask(world, **front))["aud"] == "api://orders"


def test_the_default_resource_is_for_who_names_none() -> None:
    world = World(a_resourceful_server(a_resource(MCP, "orders:read", default=True), a_resource(API)))

    answer = ask(world, response_type="token", nonce="n")

    token = jwt.decode(answer.fields["access_token"], options={"verify_signature": False})
    assert (token["aud"], answer.fields["scope"]) == (MCP, "openid orders:read")
    code = code_of(world, ask(world))
    assert (code.resources, code.scopes) == ((), ("openid", "orders:read"))


# Consent.


def wanted(answer: Answer, world: World) -> list[str]:
    return [scope.name for scope in world.waiting(answer.handle).scopes]


def test_a_consent_is_about_a_resource() -> None:
    world = World(a_resourceful_server(), CAREFUL)
    world.agree("orders:read")

    assert "code" in ask(world).fields
    first = ask(world, MCP)
    assert wanted(first, world) == ["orders:read"]
    assert [resource.uri for resource in world.waiting(first.handle).resources] == [MCP]
    assert ask(world, MCP, prompt="none").fields["error"] == "consent_required"
    world.agree("orders:read", resource=MCP)

    assert "code" in world.resume(first.handle).fields
    assert wanted(ask(world, API), world) == ["orders:read"]
    assert wanted(ask(world, MCP, API), world) == ["orders:read"]
    assert "code" in ask(world, MCP, FILES).fields  # that scope is none of the other's
    world.agree("orders:read", resource=API)
    assert "code" in ask(world, MCP, API).fields


def test_what_was_left_out_at_one_resource_is_asked_about_at_both() -> None:
    world = World(a_resourceful_server(a_resource(MCP), a_resource(API)), CAREFUL)
    for uri in (MCP, API):
        world.agree("orders:read", resource=uri)
    world.agree("extras", answer="SKIPPED", resource=MCP)
    scope = "openid orders:read extras"

    assert code_of(world, ask(world, MCP, scope=scope)).scopes == ("openid", "orders:read")
    assert wanted(ask(world, API, scope=scope), world) == ["extras"]
    world.agree("extras", resource=API)
    assert code_of(world, ask(world, API, scope=scope)).scopes == ("openid", "orders:read", "extras")
    assert wanted(ask(world, MCP, API, scope=scope), world) == ["extras"]
    world.agree("extras", answer="SKIPPED", resource=API)
    assert code_of(world, ask(world, MCP, API, scope=scope)).scopes == ("openid", "orders:read")


def test_a_resource_that_is_gone_meanwhile_ends_the_request() -> None:
    world = World(a_resourceful_server(), signed_in=False)
    handle = ask(world, MCP, FILES).handle
    server = world.storage.servers.get(SERVER_ID)
    world.storage.servers.save(server, replace(server, resources=server.resources[1:]), [])
    world.sign_in()

    assert world.resume(handle).fields["error"] == "invalid_target"
