"""Resource indicators (RFC 8707, docs/protocol.md §8.5) at the token endpoint: whose audience a token gets."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from authmint.oauth.device import DEVICE_CODE
from authmint.oauth.errors import OAuthError
from authmint.oauth.resources import LONGEST, canonical, matched
from authmint.storage.servers import AuthorizationServer, Resource, Scope
from hypothesis import given
from hypothesis import strategies as st

from tests.oauth.code_flow import Flow, a_code_server, a_web_client
from tests.oauth.engine import Engine
from tests.oauth.people import PASSWORD, a_people_server
from tests.support.builders import SERVER_ID, a_form, a_policy, a_resource, a_rule, a_server, basic
from tests.support.fakes import NOW, decoded

MCP, API, FILES = "https://mcp.example.com/mcp", "https://api.example.com", "https://files.example.com/"
REGISTERED = (
    MCP,
    API,
    "api://default",
    "urn:example:orders",
    "https://multi.example.com/a",
    "https://multi.example.com/b/",
    "https://query.example.com/mcp?tenant=a",
    "https://[2001:db8::1]:8443/mcp",
)
REFUSED = None


def with_resources(server: AuthorizationServer, *resources: Resource) -> AuthorizationServer:
    return replace(server, resources=resources, resource_indicators=True)


def audience(answer: Response) -> Any:
    return claims(answer)["aud"]


def claims(answer: Response) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    payload: dict[str, Any] = jwt.decode(decoded(answer.body)["access_token"], options={"verify_signature": False})
    return payload


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (MCP, MCP),
        ("https://MCP.example.com:443/mcp/", MCP),
        ("https://mcp.example.com/", MCP),  # the only one of its origin
        ("https://mcp.example.com", MCP),
        (f"{MCP}?codemode=false", MCP),
        ("https://mcp.example.com/MCP", REFUSED),
        (f"{MCP}/x", REFUSED),
        ("https://api.example.com/", API),
        (f"{API}/v1", REFUSED),
        ("api://default", "api://default"),
        ("API://default/", "api://default"),
        ("api://Default", REFUSED),
        ("urn:example:orders", "urn:example:orders"),
        ("URN:example:orders", "urn:example:orders"),
        ("urn:example:Orders", REFUSED),
        ("urn:example:orders/", REFUSED),
        ("https://multi.example.com/", REFUSED),  # of two
        ("https://multi.example.com/b", "https://multi.example.com/b/"),
        ("http://mcp.example.com/mcp", REFUSED),
        (f"{MCP}#f", REFUSED),
        ("https://u@mcp.example.com/mcp", REFUSED),
        ("mcp.example.com", REFUSED),
        (f"{MCP}//", REFUSED),
        ("https://mcp.example.com:8443/mcp", REFUSED),
        ("https://mcp.example.com./mcp", REFUSED),
        ("https://mcp.example.com.evil.example/mcp", REFUSED),
        ("https://mcp.example.com:443@evil.example/mcp", REFUSED),
        ("https://mcp.example.com/%6dcp", REFUSED),
        ("https://mcp.example.com/x/../mcp", REFUSED),
        ("https://mcp.example.com\\mcp", REFUSED),
        (f"{MCP} {API}", REFUSED),
        (f"{MCP}\n", REFUSED),
        ("https://mcp.example.com/mcp/é", REFUSED),
        ("https:", REFUSED),
        ("https:///mcp", REFUSED),
        ("https://:443/mcp", REFUSED),
        ("*", REFUSED),
        ("https://query.example.com/mcp?tenant=a", "https://query.example.com/mcp?tenant=a"),
        ("https://query.example.com/mcp", REFUSED),
        ("https://query.example.com/mcp?tenant=b", REFUSED),
        ("https://[2001:DB8::1]:8443/mcp/", "https://[2001:db8::1]:8443/mcp"),
        (f"{MCP}?{'x' * LONGEST}", REFUSED),
    ],
)
def test_which_registered_resource_is_meant(asked: str, meant: str | None) -> None:
    server = with_resources(a_server(), *map(a_resource, REGISTERED))

    if meant is not None:
        assert matched(asked, server).uri == meant
        return
    with pytest.raises(OAuthError) as refused:
        matched(asked, server)
    assert (refused.value.id, refused.value.code) == ("unsupported_resource", "invalid_target")


def test_an_origin_of_several_is_refused_with_their_names() -> None:
    server = with_resources(a_server(), *map(a_resource, REGISTERED))

    with pytest.raises(OAuthError) as refused:
        matched("https://multi.example.com", server)

    assert "https://multi.example.com/a and https://multi.example.com/b/: name one" in refused.value.description


def test_what_is_inactive_is_not_there() -> None:
    other = a_resource("https://multi.example.com/b", status="INACTIVE")
    server = with_resources(a_server(), a_resource("https://multi.example.com/a"), other)

    assert matched("https://multi.example.com/", server).uri == "https://multi.example.com/a"
    with pytest.raises(OAuthError, match="unsupported_resource"):
        matched("https://multi.example.com/b", server)


@given(st.text(max_size=40) | st.from_regex(r"https://[!-~]{1,12}(/[!-~]{0,8})?", fullmatch=True))
def test_whatever_is_asked_the_audience_is_a_registered_text(asked: str) -> None:
    server = with_resources(a_server(), *map(a_resource, REGISTERED))
    try:
        found: Resource | OAuthError = matched(asked, server)
    except OAuthError as refused:
        found = refused

    if isinstance(found, OAuthError):
        assert found.code == "invalid_target"
        assert len(found.description) < 2_000
    else:
        assert found.uri in REGISTERED
        assert canonical(asked) is not None


# Machines.


def a_machine_server(**changes: Any) -> AuthorizationServer:
    return a_server(
        scopes=(Scope("scp1", "orders:read"), Scope("scp2", "orders:write"), Scope("scp3", "files:read", default=True)),
        resource_indicators=True,
        resources=(a_resource(MCP, "orders:read"), a_resource(FILES, "files:read"), a_resource(API)),
        **changes,
    )


def test_a_machine_gets_a_token_for_the_resource_that_it_names() -> None:
    engine = Engine(a_machine_server())

    answer = engine.ask({"resource": "https://mcp.example.com/"})

    assert (audience(answer), claims(answer)["scp"]) == (MCP, ["orders:read"])
    assert engine.events.emitted[-1].debug["resource"] == MCP
    assert engine.state(decoded(answer.body)["access_token"])["aud"] == MCP
    assert audience(engine.ask()) == "api://orders"
    assert "resource" not in engine.events.emitted[-1].debug


def test_scopes_are_those_of_the_resource() -> None:
    engine = Engine(a_machine_server())

    both = engine.ask({"resource": MCP, "scope": "orders:read files:read"})
    other = engine.ask({"resource": FILES, "scope": "orders:read files:read"})
    every = engine.ask({"resource": API, "scope": "orders:read files:read"})
    default = engine.ask({"resource": FILES, "scope": ""})
    none = engine.ask({"resource": MCP, "scope": "files:read"})
    no_default = engine.ask({"resource": MCP, "scope": ""})

    assert [decoded(one.body)["scope"] for one in (both, other, every, default)] == [
        "orders:read", "files:read", "orders:read files:read", "files:read",
    ]  # fmt: skip
    for refused in (none, no_default):
        assert decoded(refused.body)["error"] == "invalid_scope"
        assert "None of the scopes are available for this resource" in decoded(refused.body)["error_description"]


def test_the_rule_has_to_allow_what_is_left_and_no_more() -> None:
    rule = a_rule(scopes=("orders:read",))
    engine = Engine(a_machine_server(policies=(a_policy(rule),)))

    assert engine.ask({"resource": MCP, "scope": "orders:read files:read"}).status == 200
    assert engine.ask({"resource": API, "scope": "orders:read files:read"}).status == 401
    assert engine.ask({"scope": "orders:read files:read"}).status == 401


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ((MCP, FILES), "too_many_resources"),
        ((MCP, MCP), "too_many_resources"),
        ((f"{MCP}/other",), "unsupported_resource"),
        (("http://mcp.example.com/mcp",), "unsupported_resource"),
    ],
)
def test_a_token_is_for_one_known_resource(resources: tuple[str, ...], reason: str) -> None:
    engine = Engine(a_machine_server())
    form = {"grant_type": "client_credentials", "scope": "orders:read"}

    answer = engine.token(a_form(form, headers=basic(), resources=resources))

    assert (answer.status, decoded(answer.body)["error"]) == (400, "invalid_target")
    assert engine.events.emitted[-1].reason == reason
    assert engine.events.emitted[-1].debug["resource"] == ", ".join(resources)
    assert engine.token(a_form(form, headers=basic(), resources=(MCP, ""))).status == 200  # an empty one is none


def test_a_server_that_takes_none_refuses_any() -> None:
    engine = Engine(replace(a_machine_server(), resource_indicators=False))

    answer = engine.ask({"resource": MCP})

    assert decoded(answer.body)["error"] == "invalid_target"
    assert "resource indicators are not supported" in decoded(answer.body)["error_description"]
    assert "resourceIndicators" in engine.events.emitted[-1].debug["reason_detail"]
    assert audience(engine.ask()) == "api://orders"


def test_the_default_resource_is_for_who_names_none() -> None:
    server = a_machine_server()
    first, *others = server.resources
    default = replace(server, resources=(replace(first, default=True), *others))

    assert audience(Engine(default).ask()) == MCP
    assert audience(Engine(default).ask({"resource": API})) == API
    assert audience(Engine(replace(default, resource_indicators=False)).ask()) == "api://orders"
    asleep = replace(default, resources=(replace(first, default=True, status="INACTIVE"), *others))
    assert audience(Engine(asleep).ask()) == "api://orders"


def test_other_parameters_are_still_refused_where_they_come_twice() -> None:
    engine = Engine(a_machine_server())
    request = a_form({"grant_type": "client_credentials", "scope": "orders:read"}, headers=basic(), resources=(MCP,))

    answer = engine.token(replace(request, body=request.body + b"&scope=orders%3Awrite"))

    assert decoded(answer.body)["error"] == "invalid_request"


# People.


class People(Flow):
    """Ann, whose clients are for three resources."""

    def __init__(self, **changes: Any) -> None:
        server = a_code_server(**changes)
        scopes = (*server.scopes, Scope("scp2", "files:read"))
        resources = (a_resource(MCP, "orders:read"), a_resource(FILES, "files:read"), a_resource(API))
        super().__init__(with_resources(replace(server, scopes=scopes), *resources))

    def for_both(self, **changes: Any) -> str:
        scopes = ("openid", "orders:read", "files:read", "offline_access")
        return self.code(scopes=scopes, resources=(MCP, FILES), **changes)

    def family(self, token: str) -> Any:
        return self.storage.families.get(jwt.decode(token, options={"verify_signature": False})["jti"].split(".")[-1])

    def change(self, **changes: Any) -> None:
        server = self.storage.servers.get(SERVER_ID)
        self.storage.servers.save(server, replace(server, **changes), [])


def test_a_code_is_for_the_resource_that_was_named() -> None:
    flow = People()

    forgotten = flow.redeem(flow.code(resources=(MCP,)))
    named = flow.redeem(flow.code(resources=(MCP,)), resource="https://mcp.example.com/")

    assert (audience(forgotten), audience(named)) == (MCP, MCP)
    assert flow.family(decoded(named.body)["access_token"]).resources == (MCP,)
    id_token = jwt.decode(decoded(named.body)["id_token"], options={"verify_signature": False})
    assert id_token["aud"] == a_web_client().id


def test_a_code_that_names_none_is_for_the_server() -> None:
    flow = People()

    assert audience(flow.redeem(flow.code())) == "api://orders"
    code = flow.code()
    assert flow.reason(flow.redeem(code, resource=MCP)) == "mismatched_resource"
    assert audience(flow.redeem(code)) == "api://orders"  # and was not used up


def test_who_names_the_default_resource_late_asks_for_nothing_else() -> None:
    flow = People()
    first, *others = flow.storage.servers.get(SERVER_ID).resources
    flow.change(resources=(replace(first, default=True), *others))

    assert audience(flow.redeem(flow.code(), resource=MCP)) == MCP
    assert flow.reason(flow.redeem(flow.code(), resource=API)) == "mismatched_resource"


def test_a_code_for_several_has_to_be_told_which() -> None:
    flow = People()
    code = flow.for_both()

    assert flow.reason(flow.redeem(code)) == "resource_required"
    assert MCP in decoded(flow.redeem(code).body)["error_description"]
    assert flow.reason(flow.redeem(code, resource=API)) == "mismatched_resource"
    answer = flow.redeem(code, resource=FILES)

    assert (audience(answer), decoded(answer.body)["scope"]) == (FILES, "openid files:read offline_access")
    assert flow.events.emitted[-1].debug["granted_scopes"] == "openid, files:read, offline_access"
    family = flow.family(decoded(answer.body)["access_token"])
    assert (family.resources, family.scopes) == (
        (MCP, FILES),
        ("openid", "orders:read", "files:read", "offline_access"),
    )


def test_a_refresh_may_go_from_one_resource_to_another_of_the_same_authorization() -> None:
    flow = People()
    first = decoded(flow.redeem(flow.for_both(), resource=MCP).body)

    files = flow.refresh(first["refresh_token"], resource=FILES)
    back = flow.refresh(decoded(files.body)["refresh_token"], resource=MCP)
    token = decoded(back.body)["refresh_token"]
    refused = flow.refresh(token, resource=API)

    assert (audience(files), claims(files)["scp"]) == (FILES, ["openid", "files:read", "offline_access"])
    assert (audience(back), claims(back)["scp"]) == (MCP, ["openid", "orders:read", "offline_access"])
    assert flow.reason(refused) == "mismatched_resource"
    description = "The 'resource' parameter does not match the resource used in the authorization request."
    assert decoded(refused.body) == {"error": "invalid_target", "error_description": description}
    assert flow.reason(flow.refresh(token)) == "resource_required"
    assert flow.reason(flow.refresh(token, resource=MCP, scope="files:read")) == "no_scope_for_resource"
    assert audience(flow.refresh(token, resource=MCP)) == MCP  # nothing of that used the token up


@pytest.mark.parametrize("asked", [None, f"{MCP}/", f"{MCP}?codemode=false", "https://mcp.example.com/"])
def test_a_refresh_gets_the_same_audience_however_the_client_writes_it(asked: str | None) -> None:
    flow = People()
    token = decoded(flow.redeem(flow.code(resources=(MCP,))).body)["refresh_token"]

    answer = flow.refresh(token, **({} if asked is None else {"resource": asked}))

    assert audience(answer) == MCP


def test_a_repeated_refresh_gets_the_same_bytes_for_the_same_resource_alone() -> None:
    flow = Flow(People().storage.servers.get(SERVER_ID), a_web_client(refresh_leeway=30))
    code = flow.code(scopes=("openid", "offline_access"), resources=(MCP, FILES))
    token = decoded(flow.redeem(code, resource=MCP).body)["refresh_token"]

    once = flow.refresh(token, resource=MCP)
    twice = flow.refresh(token, resource=f"{MCP}/")
    other = flow.refresh(token, resource=FILES)

    assert (audience(once), twice.body) == (MCP, once.body)
    assert audience(other) == FILES  # the scopes are the same: only the resource tells the requests apart
    assert decoded(other.body)["refresh_token"] == decoded(once.body)["refresh_token"]
    assert flow.reason(flow.refresh(token, resource=API)) == "mismatched_resource"
    assert flow.refresh(token, resource=MCP).body == once.body  # a refusal is nobody's answer


def test_what_is_not_served_any_more_gets_no_token_and_no_other_audience() -> None:
    flow = People()
    resources = flow.storage.servers.get(SERVER_ID).resources
    code, token = flow.code(resources=(MCP,)), decoded(flow.redeem(flow.code(resources=(MCP,))).body)["refresh_token"]
    asleep = (replace(resources[0], status="INACTIVE"), *resources[1:])
    for changes in ({"resources": asleep}, {"resources": resources[1:]}, {"resource_indicators": False}):
        flow.change(**{"resources": resources, "resource_indicators": True} | changes)
        assert flow.reason(flow.redeem(code)) == "unsupported_resource"
        assert flow.reason(flow.refresh(token)) == "unsupported_resource"
        assert flow.reason(flow.refresh(token, resource=MCP)) == "unsupported_resource"
    flow.change(resources=resources, resource_indicators=True)
    assert (audience(flow.redeem(code)), audience(flow.refresh(token))) == (MCP, MCP)


def test_a_replayed_code_ends_its_tokens_whatever_resource_it_names() -> None:
    flow = People()
    code = flow.code(resources=(MCP,))
    first = decoded(flow.redeem(code).body)

    assert flow.reason(flow.redeem(code, resource="https://evil.example")) == "unsupported_resource"
    assert flow.alive(first["access_token"])  # a request that is no request of this server's is not looked at
    assert flow.reason(flow.redeem(code, resource=API)) == "invalid_authorization_code"
    assert not flow.alive(first["access_token"])


def test_userinfo_and_revocation_take_tokens_of_every_resource() -> None:
    flow = People()
    token = decoded(flow.redeem(flow.code(resources=(MCP,))).body)["access_token"]
    bearer = {"authorization": f"Bearer {token}"}

    assert flow.userinfo(a_form({}, headers=bearer, path="userinfo")).status == 200
    assert flow.revoke(a_form({"token": token}, headers=basic(), path="revoke")).status == 200
    assert not flow.alive(token)
    assert flow.userinfo(a_form({}, headers=bearer, path="userinfo")).status == 401


def test_introspection_says_what_a_refresh_token_is_for() -> None:
    flow = People()
    token = decoded(flow.redeem(flow.for_both(), resource=MCP).body)["refresh_token"]
    plain = decoded(flow.redeem(flow.code()).body)["refresh_token"]

    assert flow.state(token)["aud"] == [MCP, FILES]
    assert "aud" not in flow.state(plain)


def test_a_password_gets_a_family_for_its_resource() -> None:
    server = with_resources(a_people_server(), a_resource(MCP, "orders:read"), a_resource(API))
    flow = Flow(server, a_web_client(grant_types=("password", "refresh_token")))
    form = {"grant_type": "password", "username": "ann@example.com", "password": PASSWORD}
    asked = {"scope": "openid orders:read offline_access"}

    answer = flow.token(a_form(form | asked | {"resource": MCP}, headers=basic()))
    refused = flow.token(a_form(form | {"password": "wrong", "resource": f"{MCP}/x"} | asked, headers=basic()))

    assert audience(answer) == MCP
    assert flow.reason(refused) == "unsupported_resource"  # before any password is looked at
    token = decoded(answer.body)["refresh_token"]
    assert flow.reason(flow.refresh(token, resource=API)) == "mismatched_resource"
    assert audience(flow.refresh(token)) == MCP


# Devices.


class Television(Flow):
    def __init__(self) -> None:
        client = a_web_client(application_type="native", grant_types=(DEVICE_CODE, "refresh_token"))
        server = a_code_server(grant_types=(DEVICE_CODE,))
        scopes = (*server.scopes, Scope("scp2", "files:read"))
        resources = (a_resource(MCP, "orders:read"), a_resource(FILES, "files:read"), a_resource(API))
        super().__init__(with_resources(replace(server, scopes=scopes), *resources), client)

    def begin(self, *resources: str) -> Response:
        form = {"scope": "openid orders:read files:read offline_access"}
        return self.device(a_form(form, headers=basic(), path="device/authorize", resources=resources))

    def approved(self, *resources: str) -> str:
        begun = decoded(self.begin(*resources).body)
        code = self.storage.device_codes.by_user_code(begun["user_code"])
        self.storage.device_codes.decide(code, replace(code, status="APPROVED", user_id="00uA", auth_time=NOW))
        text: str = begun["device_code"]
        return text

    def poll(self, device_code: str, *resources: str) -> Response:
        form = {"grant_type": DEVICE_CODE, "device_code": device_code}
        return self.token(a_form(form, headers=basic(), resources=resources))


def test_a_device_is_for_what_its_user_saw() -> None:
    television = Television()
    code = television.approved(f"{MCP}/", FILES)

    assert television.reason(television.poll(code)) == "resource_required"
    assert television.reason(television.poll(code, API)) == "mismatched_resource"
    answer = television.poll(code, MCP)

    assert (audience(answer), claims(answer)["scp"]) == (MCP, ["openid", "orders:read", "offline_access"])
    token = decoded(answer.body)["refresh_token"]
    assert audience(television.refresh(token, resource=FILES)) == FILES


def test_a_device_that_named_none_may_name_one_when_it_polls() -> None:
    television = Television()

    assert audience(television.poll(television.approved())) == "api://orders"
    answer = television.poll(television.approved(), FILES)

    assert (audience(answer), claims(answer)["scp"]) == (FILES, ["openid", "files:read", "offline_access"])
    token = decoded(answer.body)["refresh_token"]
    assert television.reason(television.refresh(token, resource=MCP)) == "mismatched_resource"


def test_a_device_code_keeps_the_scopes_of_its_resources_alone() -> None:
    television = Television()

    assert television.begin(FILES).status == 200
    (stored,) = television.storage.device_codes.records.values()
    assert (stored.resources, stored.scopes) == ((FILES,), ("openid", "files:read", "offline_access"))
    assert decoded(television.begin("https://evil.example").body)["error"] == "invalid_target"
    many = television.begin(*(f"{API}?{number}" for number in range(11)))
    assert "maximum allowed is 10" in decoded(many.body)["error_description"]
    assert television.begin(*(f"{API}?{number}" for number in range(10))).status == 200
