"""Clients that register themselves, from the registration to the token (docs/protocol.md §7.6)."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Response
from authmint.storage.client_registration import ALL_CLIENTS, DYNAMIC_CLIENTS, METADATA_CLIENTS
from authmint.storage.clients import secret_digest
from authmint.storage.dynamic_clients import DynamicClient, RegistrationToken, token_id
from authmint.storage.errors import Unavailable

from tests.oauth.open_server import NOTES, OpenServer, an_open_server, is_active, payload
from tests.oauth.registration.bodies import BY_NAME, CURSOR, MCP_REMOTE
from tests.support.builders import BASE_URL, SERVER_ID
from tests.support.fakes import NOW, decoded

DAY = 86_400
LOOPBACK = "http://localhost:49152/oauth/callback"


def a_dynamic_server(dynamic: Any = "OPEN", *, clients: tuple[str, ...] = (DYNAMIC_CLIENTS,), **changes: Any) -> Any:
    return an_open_server("OFF", clients=clients, dynamic=dynamic, **changes)


def taking(dynamic: Any = "OPEN", **changes: Any) -> OpenServer:
    return OpenServer(a_dynamic_server(dynamic, **changes))


def registered(deployment: OpenServer, body: Any = MCP_REMOTE, **more: Any) -> Any:
    answer = deployment.registers(body, **more)
    assert answer.status == 201, answer.body
    return decoded(answer.body)


def told(answer: Response) -> tuple[int, str]:
    return answer.status, decoded(answer.body)["error"]


def stored(deployment: OpenServer) -> dict[tuple[str, str], DynamicClient]:
    return deployment.storage.dynamic_clients.records


def another(number: int) -> dict[str, Any]:
    return MCP_REMOTE | {"client_name": f"client {number}"}


def a_token(deployment: OpenServer, text: str = "let-me-in", **changes: Any) -> RegistrationToken:
    digest = secret_digest(text)
    token = RegistrationToken(SERVER_ID, token_id(digest), "ci", digest, NOW, NOW + DAY, 1)
    deployment.storage.registration_tokens.add(replace(token, **changes), [])
    return token


def test_who_registers_gets_tokens_for_who_agrees() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor = deployment.visitor()

    visitor.asks(client_id, redirect_uri=LOOPBACK)
    visitor.signs_in()
    assert "Give an application that calls itself “MCP CLI Proxy” access?" in visitor.words
    assert "Read your notes" in visitor.words
    visitor.decides()
    status, tokens = visitor.redeems(visitor.fields["code"])

    assert status == 200
    claims = payload(tokens["access_token"])
    assert (claims["cid"], claims["scp"]) == (client_id, ["notes", "offline_access"])
    assert claims["exp"] - claims["iat"] == 3_600  # a day by the rule: an hour at most for strangers
    assert is_active(deployment, tokens["access_token"])
    status, again = visitor.refreshes(tokens["refresh_token"])
    assert status == 200
    assert again["refresh_token"] != tokens["refresh_token"]


def test_a_program_on_the_users_own_machine_is_asked_about_every_time() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor = deployment.visitor()
    visitor.whole_way(client_id, redirect_uri=LOOPBACK)
    deployment.clock.advance(seconds=1)

    visitor.asks(client_id, redirect_uri=LOOPBACK)
    assert 'action="/consent"' in visitor.browser.answer.body.decode()
    visitor.asks(client_id, redirect_uri=LOOPBACK, prompt="none")

    assert visitor.fields["error"] == "consent_required"


@pytest.mark.parametrize("name", BY_NAME)
def test_what_known_clients_send_succeeds_as_it_is(name: str) -> None:
    deployment, body = taking(), BY_NAME[name]

    answer = deployment.registers(body)

    shown = decoded(answer.body)
    assert answer.status == 201
    assert shown["redirect_uris"] == body["redirect_uris"]
    assert shown["client_name"] == body["client_name"]
    assert (shown["token_endpoint_auth_method"], shown["response_types"]) == ("none", ["code"])
    assert shown["grant_types"] == ["authorization_code", "refresh_token"]
    assert shown["client_id_issued_at"] == NOW
    assert None not in shown.values()
    assert not {"client_secret", "registration_access_token", "registration_client_uri"} & shown.keys()
    headers = dict(answer.headers)
    assert "no-store" in headers["cache-control"]
    assert headers["access-control-allow-origin"] == "*"
    for uri in body["redirect_uris"]:
        visitor = deployment.visitor()
        visitor.asks(shown["client_id"], redirect_uri=uri)
        assert 'action="/signin"' in visitor.browser.answer.body.decode(), uri


def test_one_address_that_is_not_served_does_not_refuse_the_others() -> None:
    deployment = taking()

    shown = registered(deployment, CURSOR | {"redirect_uris": [*CURSOR["redirect_uris"], "https://evil.example/cb"]})

    assert shown["redirect_uris"] == CURSOR["redirect_uris"]
    visitor = deployment.visitor()
    visitor.asks(shown["client_id"], redirect_uri="https://evil.example/cb")
    assert visitor.browser.answer.status == 400
    assert "location" not in dict(visitor.browser.answer.headers)


def test_a_thousand_installations_are_one_client() -> None:
    deployment = taking()

    ids = {
        registered(deployment, MCP_REMOTE | {"redirect_uris": [f"http://localhost:{port}/oauth/callback"]})["client_id"]
        for port in range(2_000, 3_000)
    }

    assert len(ids) == len(stored(deployment)) == 1
    assert sum(deployment.storage.rate_counters.counts.values()) == 1
    assert [event.type for event in deployment.log.emitted] == ["app.oauth2.client.lifecycle.create"]


def test_an_address_registers_twenty_new_clients_an_hour_and_known_ones_as_often_as_it_likes() -> None:
    deployment = taking()
    for number in range(20):
        registered(deployment, another(number))

    answer = deployment.registers(another(20))

    assert told(answer) == (429, "temporarily_unavailable")
    assert 0 < int(dict(answer.headers)["retry-after"]) <= 3_600
    assert len(stored(deployment)) == 20
    registered(deployment, another(0))
    registered(deployment, another(21), address="203.0.113.8")
    deployment.clock.advance(seconds=3_600)
    registered(deployment, another(20))


def test_an_ipv6_site_is_one_address() -> None:
    deployment = taking()
    for number in range(20):
        registered(deployment, another(number), address=f"2001:db8::{number:x}")

    assert deployment.registers(another(20), address="2001:db8::ffff").status == 429
    assert deployment.registers(another(20), address="2001:db8:0:1::1").status == 201


def test_a_server_has_a_limited_number_of_them() -> None:
    deployment = taking(max_dynamic_clients=2)
    for number in range(2):
        registered(deployment, another(number))

    answer = deployment.registers(another(2))

    assert told(answer) == (429, "temporarily_unavailable")
    assert dict(answer.headers)["retry-after"] == "3600"
    assert "(2)" in decoded(answer.body)["error_description"]
    registered(deployment, another(1))
    deployment.clock.advance(seconds=DAY)
    registered(deployment, another(2))


@pytest.mark.parametrize(
    ("server", "at", "expected"),
    [
        (a_dynamic_server("OFF"), SERVER_ID, 404),
        (an_open_server("OPEN"), SERVER_ID, 404),
        (a_dynamic_server(), "ausNobodys", 400),
        (replace(a_dynamic_server(), status="INACTIVE"), SERVER_ID, 400),
    ],
    ids=["off", "documents alone", "no server", "inactive"],
)
def test_a_server_that_takes_none_has_no_such_endpoint(server: Any, at: str, expected: int) -> None:
    deployment = OpenServer(server)

    answer = deployment.registers(MCP_REMOTE, at=at)

    assert answer.status == expected
    assert dict(answer.headers)["access-control-allow-origin"] == "*"
    assert stored(deployment) == {}
    assert deployment.storage.rate_counters.counts == {}


METADATA, REDIRECTS = (400, "invalid_client_metadata"), (400, "invalid_redirect_uri")
TWICE = b'{"redirect_uris":["http://localhost/a"],"redirect_uris":["http://localhost/b"]}'
REFUSED: dict[str, tuple[Any, dict[str, str], tuple[int, str]]] = {
    "too large": (b" " * 8_193, {}, (413, "invalid_client_metadata")),
    "a form": (b"client_name=x", {"content_type": "application/x-www-form-urlencoded"}, METADATA),
    "no type": (MCP_REMOTE, {"content_type": ""}, METADATA),
    "empty": (b"", {}, METADATA),
    "a list": ([MCP_REMOTE], {}, METADATA),
    "a name twice": (TWICE, {}, METADATA),
    "deep": (b"[" * 8_000, {}, METADATA),
    "nowhere to answer to": ({"redirect_uris": ["https://evil.example/cb"]}, {}, REDIRECTS),
    "no addresses": ({"client_name": "x"}, {}, REDIRECTS),
    "machines": (MCP_REMOTE | {"grant_types": ["client_credentials"]}, {}, METADATA),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("dynamic", ["OPEN", "TOKEN"])
def test_what_is_refused_is_counted_as_refused_and_nothing_else_happens(dynamic: str, name: str) -> None:
    deployment, (body, headers, expected) = taking(dynamic), REFUSED[name]
    a_token(deployment)

    answer = deployment.registers(body, authorization="Bearer let-me-in", **headers)

    assert told(answer) == expected
    assert dict(answer.headers)["access-control-allow-origin"] == "*"
    assert stored(deployment) == {}
    assert deployment.storage.rate_counters.counts == {}
    assert [token.uses for token in deployment.storage.registration_tokens.records.values()] == [1]
    assert deployment.log.emitted == []
    assert [metric for metric, _ in deployment.log.counted] == ["RegistrationsRefused"]


def test_with_a_token_one_registers_once() -> None:
    deployment = taking("TOKEN")
    a_token(deployment)

    first = registered(deployment, authorization="Bearer let-me-in")

    assert told(deployment.registers(another(1), authorization="Bearer let-me-in")) == (401, "invalid_token")
    assert registered(deployment, MCP_REMOTE) == first, "who is known is known"
    assert len(stored(deployment)) == 1


@pytest.mark.parametrize(
    ("authorization", "changes"),
    [
        ("", {}),
        ("let-me-in", {}),
        ("Basic bGV0LW1lLWlu", {}),
        ("DPoP let-me-in", {}),
        ("Bearer", {}),
        ("Bearer let-me-in2", {}),
        ("Bearer let-me-in", {"expires_at": NOW}),
        ("Bearer let-me-in", {"uses": 0}),
        ("Bearer let-me-in", {"server_id": "ausOther"}),
    ],
)
def test_without_a_good_token_nobody_registers(authorization: str, changes: dict[str, Any]) -> None:
    deployment = taking("TOKEN")
    a_token(deployment, **changes)

    answer = deployment.registers(MCP_REMOTE, authorization=authorization)

    assert told(answer) == (401, "invalid_token")
    assert dict(answer.headers)["www-authenticate"] == 'Bearer error="invalid_token"'
    assert stored(deployment) == {}


def test_who_brings_no_token_is_told_that_one_is_asked_for() -> None:
    answer = taking("TOKEN").registers(MCP_REMOTE)

    assert (answer.status, dict(answer.headers)["www-authenticate"]) == (401, "Bearer")


def test_a_blocked_client_can_do_nothing_and_does_not_come_back_by_itself() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor, clients = deployment.visitor(), deployment.storage.dynamic_clients
    tokens = visitor.tokens(client_id, redirect_uri=LOOPBACK)
    code = visitor.whole_way(client_id, redirect_uri=LOOPBACK)["code"]

    clients.block(clients.get(SERVER_ID, client_id), at=deployment.clock.now(), events=[])

    answer = deployment.registers(MCP_REMOTE)
    assert told(answer) == (400, "invalid_client_metadata")
    assert "blocked" in decoded(answer.body)["error_description"]
    assert visitor.redeems(code)[0] == visitor.refreshes(tokens["refresh_token"])[0] == 401
    assert not is_active(deployment, tokens["access_token"])
    assert visitor.asks(client_id, redirect_uri=LOOPBACK).status == 401
    deployment.clock.advance(seconds=90 * DAY)
    assert deployment.registers(MCP_REMOTE).status == 400


def test_an_unblocked_client_begins_anew_and_nothing_from_before_comes_back() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor, clients = deployment.visitor(), deployment.storage.dynamic_clients
    tokens = visitor.tokens(client_id, redirect_uri=LOOPBACK)
    blocked = clients.block(clients.get(SERVER_ID, client_id), at=deployment.clock.now(), events=[])

    clients.unblock(blocked, until=deployment.clock.now() + DAY, at=deployment.clock.now(), events=[])

    assert visitor.refreshes(tokens["refresh_token"])[0] == 400
    assert not is_active(deployment, tokens["access_token"])
    assert is_active(deployment, visitor.tokens(client_id, redirect_uri=LOOPBACK)["access_token"])


def test_a_client_that_nobody_uses_is_gone_after_a_day_and_can_register_again() -> None:
    deployment = taking()
    first = registered(deployment)
    visitor = deployment.visitor()
    deployment.clock.advance(seconds=DAY)

    assert visitor.asks(first["client_id"], redirect_uri=LOOPBACK).status == 401
    assert deployment.call(
        "token", {"grant_type": "refresh_token", "refresh_token": "x", "client_id": first["client_id"]}
    ) == (
        401,
        {"error": "invalid_client", "error_description": "Invalid value for 'client_id' parameter."},
    )
    again = registered(deployment)

    assert again["client_id"] == first["client_id"]
    assert again["client_id_issued_at"] == NOW + DAY
    assert visitor.tokens(first["client_id"], redirect_uri=LOOPBACK)


def test_a_client_stays_while_somebody_uses_it_by_one_write_a_day() -> None:
    deployment = taking(max_refresh_days=10)
    client_id = registered(deployment)["client_id"]
    visitor, key = deployment.visitor(), (SERVER_ID, client_id)

    tokens = visitor.tokens(client_id, redirect_uri=LOOPBACK)
    assert (stored(deployment)[key].used_at, stored(deployment)[key].expires_at) == (NOW, NOW + 30 * DAY)
    deployment.clock.advance(seconds=DAY - 1)
    _, tokens = visitor.refreshes(tokens["refresh_token"])
    assert stored(deployment)[key].used_at == NOW
    deployment.clock.advance(seconds=1)
    status, tokens = visitor.refreshes(tokens["refresh_token"])

    assert status == 200
    assert (stored(deployment)[key].used_at, stored(deployment)[key].expires_at) == (NOW + DAY, NOW + 31 * DAY)
    deployment.clock.advance(seconds=30 * DAY)
    assert visitor.refreshes(tokens["refresh_token"])[0] == 401


def test_no_refresh_token_outlives_its_client() -> None:
    deployment = taking(unused_days=1, max_refresh_days=90)
    client_id = registered(deployment)["client_id"]

    deployment.visitor().tokens(client_id, redirect_uri=LOOPBACK)

    assert stored(deployment)[SERVER_ID, client_id].expires_at == NOW + 90 * DAY


def test_asking_and_failing_keeps_nobody_alive() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor = deployment.visitor()
    code = visitor.whole_way(client_id, redirect_uri=LOOPBACK)["code"]

    assert visitor.redeems(code, code_verifier="x" * 43)[0] == 400

    assert stored(deployment)[SERVER_ID, client_id].used_at is None


@pytest.mark.parametrize("word", [ALL_CLIENTS, METADATA_CLIENTS, "dcr_" + "x" * 27])
def test_a_policy_for_others_gives_it_nothing(word: str) -> None:
    deployment = taking(clients=(word,))
    client_id = registered(deployment)["client_id"]

    fields = deployment.visitor().whole_way(client_id, redirect_uri=LOOPBACK)

    assert fields["error"] == "access_denied"


def test_a_policy_can_be_for_one_of_them() -> None:
    client_id = registered(taking())["client_id"]
    deployment = taking(clients=(client_id,))
    registered(deployment)
    other = registered(deployment, another(1))["client_id"]

    assert deployment.visitor().tokens(client_id, redirect_uri=LOOPBACK)
    assert "error" in deployment.visitor().whole_way(other, redirect_uri=LOOPBACK)


def test_a_switch_that_is_turned_off_ends_them_until_it_is_on_again() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor = deployment.visitor()
    tokens = visitor.tokens(client_id, redirect_uri=LOOPBACK)

    def switch(dynamic: Any) -> None:
        deployment.change(lambda server: replace(server, registration=replace(server.registration, dynamic=dynamic)))

    switch("OFF")
    assert visitor.refreshes(tokens["refresh_token"])[0] == 401
    assert not is_active(deployment, tokens["access_token"])
    assert visitor.asks(client_id, redirect_uri=LOOPBACK).status == 401
    switch("TOKEN")

    assert visitor.refreshes(tokens["refresh_token"])[0] == 200


def test_a_client_of_one_server_is_nobody_at_another() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    deployment.storage.servers.add(replace(a_dynamic_server(), id="ausOther", name="other"), [])

    answer = deployment.visitor().goes(f"/oauth2/ausOther/v1/authorize?client_id={client_id}&response_type=code")

    assert answer.status == 401
    assert registered(deployment, at="ausOther")["client_id"] != client_id


def test_one_server_does_not_count_for_another() -> None:
    deployment = taking()
    deployment.storage.servers.add(replace(a_dynamic_server(), id="ausOther", name="other"), [])
    for number in range(20):
        registered(deployment, another(number))

    assert deployment.registers(another(20)).status == 429
    assert deployment.registers(another(20), at="ausOther").status == 201


def test_it_has_to_prove_by_pkce_that_it_asked() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor = deployment.visitor()

    visitor.asks(client_id, redirect_uri=LOOPBACK, code_challenge=None, code_challenge_method=None, state="s")

    assert visitor.fields["error"] == "invalid_request"


def test_it_gets_no_more_than_it_registered_for() -> None:
    deployment = taking()
    client_id = registered(deployment, MCP_REMOTE | {"scope": "openid"})["client_id"]

    tokens = deployment.visitor().tokens(client_id, redirect_uri=LOOPBACK, scope="openid notes")

    assert tokens["scope"] == "openid"


def test_a_record_that_lies_where_another_should_is_nobodys() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    records = stored(deployment)
    record = records[SERVER_ID, client_id]
    for other in (replace(record, server_id="ausOther"), replace(record, id="dcr_" + "x" * 27)):
        records[SERVER_ID, client_id] = other

        assert deployment.visitor().asks(client_id, redirect_uri=LOOPBACK).status == 401


def test_scopes_are_what_the_server_lets_such_clients_have() -> None:
    deployment = taking(scopes=("notes", "openid"))

    assert registered(deployment)["scope"] == "notes openid"
    assert registered(deployment, MCP_REMOTE | {"scope": "openid inner offline_access"})["scope"] == "openid"
    assert registered(taking(), MCP_REMOTE | {"scope": "inner"})["scope"] == registered(taking())["scope"]
    assert NOTES.name in registered(taking())["scope"].split()


def test_what_is_no_longer_let_in_is_no_longer_given() -> None:
    deployment = taking()
    client_id = registered(deployment)["client_id"]
    visitor = deployment.visitor()
    tokens = visitor.tokens(client_id, redirect_uri=LOOPBACK)

    deployment.change(lambda server: replace(server, registration=replace(server.registration, scopes=("openid",))))

    assert visitor.whole_way(client_id, redirect_uri=LOOPBACK)["error"] == "invalid_scope"
    assert tokens


def test_a_new_client_is_one_event_without_a_secret() -> None:
    deployment = taking("TOKEN")
    a_token(deployment)

    client_id = registered(deployment, authorization="Bearer let-me-in", user_agent="mcp/2")["client_id"]

    (event,) = deployment.log.emitted
    assert (event.type, event.outcome, event.user_agent) == ("app.oauth2.client.lifecycle.create", "SUCCESS", "mcp/2")
    assert [target.id for target in event.targets] == [client_id]
    assert event.debug["redirect_uris"] == "http://localhost/oauth/callback"
    assert "let-me-in" not in repr(event)


@pytest.mark.parametrize("where", ["get", "register"])
def test_storage_that_does_not_answer_is_told_apart(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    deployment = taking()

    def down(*_: Any, **__: Any) -> Any:
        raise Unavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(deployment.storage.dynamic_clients, where, down)
        answer = deployment.registers(MCP_REMOTE)

    assert told(answer) == (503, "temporarily_unavailable")
    assert dict(answer.headers)["retry-after"]
    assert answer.fault is not None
    registered(deployment)


def test_scripts_may_register_and_other_methods_are_none() -> None:
    deployment = taking()

    def sent(method: str) -> Response:
        return deployment._http("register", replace(deployment.last, method=method))

    deployment.registers(MCP_REMOTE)
    assert sent("OPTIONS").status == 204
    assert dict(sent("OPTIONS").headers)["access-control-allow-origin"] == "*"
    for method in ("GET", "PUT", "DELETE"):
        answer = sent(method)
        assert (answer.status, dict(answer.headers)["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("documents", "dynamic", "expected"),
    [
        ("OFF", "OFF", f"{BASE_URL}/oauth2/v1/clients"),
        ("OFF", "TOKEN", f"{BASE_URL}/oauth2/{SERVER_ID}/v1/register"),
        ("OPEN", "OPEN", f"{BASE_URL}/oauth2/{SERVER_ID}/v1/register"),
        ("LISTED", "OFF", None),
    ],
)
def test_discovery_names_the_endpoint_that_works(documents: Any, dynamic: Any, expected: str | None) -> None:
    deployment = OpenServer(an_open_server(documents, dynamic=dynamic))

    document = deployment.metadata()

    assert document.get("registration_endpoint") == expected
    assert ("client_id_metadata_document_supported" in document) == (documents != "OFF")
    assert "none" in document["token_endpoint_auth_methods_supported"]
