"""What a client says about itself, what of it counts, and the id that this makes."""

import json
import string
from typing import Any

import pytest
from authmint.oauth.authorization.parameters import check_redirect_uri
from authmint.oauth.registration.clients import client_of
from authmint.oauth.registration.identity import canonical, client_id_of, is_dynamic
from authmint.oauth.registration.metadata import UNNAMED, BadRegistration, Registration, Rules, read
from authmint.storage.dynamic_clients import DynamicClient
from hypothesis import given
from hypothesis import strategies as st

from tests.oauth.registration.bodies import BY_NAME, CURSOR, MCP_REMOTE

SCHEMES = ("cursor", "vscode", "vscode-insiders", "windsurf", "zed")
RULES = Rules(("notes:read", "offline_access", "openid"), SCHEMES)
SERVER = "aus0123456789abcdefg"


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


def registered(body: Any, rules: Rules = RULES) -> Registration:
    return read(encoded(body), rules)


def with_uris(*uris: str, rules: Rules = RULES) -> tuple[str, ...]:
    return registered({"redirect_uris": list(uris)}, rules).redirect_uris


def test_the_id_is_a_digest_of_what_was_granted() -> None:
    """Computed once by other means."""
    registration = registered(MCP_REMOTE, Rules())

    assert canonical(registration) == (
        b'{"client_name":"MCP CLI Proxy","client_uri":"https://github.com/modelcontextprotocol/mcp-cli",'
        b'"grant_types":["authorization_code","refresh_token"],'
        b'"redirect_uris":["http://localhost/oauth/callback"],"scope":""}'
    )
    assert client_id_of(SERVER, registration) == "dcr_a9Bj6xuX9ewQQNT6RwXSF3mhPpX"
    assert is_dynamic("dcr_a9Bj6xuX9ewQQNT6RwXSF3mhPpX")
    assert client_id_of(SERVER[:-1] + "h", registration) != client_id_of(SERVER, registration)


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "0oa1",
        "dcr_",
        "dcr_a9Bj6xuX9ewQQNT6RwXSF3mhPp",
        "dcr_a9Bj6xuX9ewQQNT6RwXSF3mhPpX\n",
        "DCR_a9Bj6xuX9ewQQNT6RwXSF3mhPpX",
        "dcr_a9Bj6xuX9ewQQNT6RwXSF3mhP#X",
    ],
)
def test_another_id_is_no_such_client(identifier: str) -> None:
    assert not is_dynamic(identifier)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_known_clients_send_registers_them_whole(name: str) -> None:
    body = BY_NAME[name]
    registration = registered(body)

    assert registration.name == body["client_name"]
    assert list(registration.redirect_uris) == body["redirect_uris"]
    assert registration.grant_types == ("authorization_code", "refresh_token")


def test_what_is_not_served_is_left_out() -> None:
    body = CURSOR | {"redirect_uris": [*CURSOR["redirect_uris"], "https://evil.example/cb"]}
    wishes = {
        "grant_types": ["implicit", "refresh_token", "authorization_code", "password"],
        "response_types": ["token"],
    }

    assert registered(body | wishes | {"scope": "admin notes:read"}) == registered(CURSOR | {"scope": "notes:read"})


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/cb",
        "https://claude.ai/api/mcp/auth_callback?x=1",
        "https://claude.ai:443/api/mcp/auth_callback",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://claude.ai@evil.example/api/mcp/auth_callback",
        "https://chatgpt.com/connector/oauth/",
        "https://chatgpt.com/connector/oauth/a/b",
        "https://chatgpt.com/connector/oauth/../x",
        "http://localhost:99999/cb",
        "http://localhost:0/cb",
        "http://127.0.0.2/cb",
        "http://localhost.evil.example/cb",
        "http://localhost:80@evil.example/cb",
        "http://example.com/cb",
        "http://localhost/cb#f",
        "http://localhost/cb?code=x",
        "http://localhost/*",
        "javascript:alert(1)",
        "data:text/html,x",
        "unknown://cb",
        "Cursor://cb",
        "cursor:",
        "",
        "localhost/cb",
        "http://localhost/" + "x" * 500,
        "http://localhost/c\u00e4",
    ],
)
def test_a_redirect_uri_that_leads_nowhere_known_is_refused_and_never_alone_fatal(uri: str) -> None:
    with pytest.raises(BadRegistration) as refused:
        with_uris(uri)

    assert refused.value.error == "invalid_redirect_uri"
    assert with_uris("http://localhost/ok", uri) == ("http://localhost/ok",)


def test_an_administrators_hosts_and_schemes_count_to_the_letter() -> None:
    rules = Rules((), ("javascript", "https", "app.example"), ("app.example", "dev.example:8443"))
    good = ["https://app.example/cb", "https://APP.example/cb", "https://dev.example:8443/cb", "app.example:/cb"]
    bad = ["https://dev.example/cb", "https://sub.app.example/cb", "https://app.example:8443/cb", "javascript:x"]

    assert with_uris(*good, *bad, rules=rules) == tuple(good)


@pytest.mark.parametrize("uris", [None, "", "http://localhost/cb", [], ["http://localhost/cb"] * 11, [1], {}, [None]])
def test_redirect_uris_are_a_list_of_one_to_ten(uris: Any) -> None:
    with pytest.raises(BadRegistration) as refused:
        registered({"redirect_uris": uris})

    assert refused.value.error == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "members",
    [
        {"client_name": 1},
        {"client_name": ["x"]},
        {"client_uri": {}},
        {"scope": ["a"]},
        {"grant_types": "authorization_code"},
        {"grant_types": [1]},
        {"grant_types": []},
        {"grant_types": ["refresh_token"]},
        {"grant_types": ["client_credentials"]},
    ],
)
def test_members_of_another_type_and_grants_that_nobody_has_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(BadRegistration) as refused:
        registered({"redirect_uris": ["http://localhost/cb"]} | members)

    assert refused.value.error == "invalid_client_metadata"
    assert '"' not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"[]", b'"x"', b"null", b"{", b"\xff{}", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}',
        b'{"redirect_uris":["http://localhost/cb"],"redirect_uris":["https://evil.example"]}', b'{"a":NaN}',
        b"[" * 4_000, b'{"a":' * 1_000,
    ],
)  # fmt: skip
def test_what_is_no_json_object_with_each_name_once_is_refused(content: bytes) -> None:
    with pytest.raises(BadRegistration) as refused:
        read(content, RULES)

    assert refused.value.error == "invalid_client_metadata"


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"client_name": "  Plain \n name "}, "Plain name"),
        ({"client_name": "A\u202egnp.exe\u200b"}, "Agnp.exe"),
        ({"client_name": "x" * 100}, "x" * 80),
        ({"client_name": "", "client_uri": "https://app.example/x"}, "app.example"),
        ({"client_name": "\u202e", "client_uri": "http://app.example/x"}, UNNAMED),
        ({"client_uri": ""}, UNNAMED),
    ],
)
def test_a_name_is_what_people_can_read(members: dict[str, Any], name: str) -> None:
    assert registered({"redirect_uris": ["http://localhost/cb"]} | members).name == name


def test_nothing_asked_for_is_one_grant_type_and_all_scopes() -> None:
    body = {"redirect_uris": ["http://localhost/cb"]}

    for empty in ({}, {"grant_types": None, "scope": None}, {"grant_types": "", "scope": "", "client_uri": ""}):
        registration = registered(body | empty)
        assert registration.grant_types == ("authorization_code",)
        assert registration.scopes == ("notes:read", "offline_access", "openid")
    assert registered(body | {"scope": "unknown"}).scopes == ("notes:read", "offline_access", "openid")


uris = st.lists(
    st.sampled_from(
        [
            *CURSOR["redirect_uris"], "http://localhost:1/callback", "http://localhost/callback",
            "http://[::1]:5/cb", "http://127.0.0.1", "https://evil.example/cb", "javascript:x",
        ]
    ),
    min_size=1, max_size=10,
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {"redirect_uris": uris},
    optional={
        "client_name": st.text(string.ascii_letters + "\u202e\u00e4 ", max_size=5),
        "grant_types": st.permutations(["authorization_code", "refresh_token", "implicit"]),
        "scope": st.sampled_from(["", "openid", "notes:read openid", "openid notes:read", "x"]),
        "software_id": st.uuids().map(str),
        "contacts": st.lists(st.emails(), max_size=1),
    },
)


@given(bodies, st.randoms(use_true_random=False))
def test_the_same_registration_in_other_words_has_the_same_id(body: dict[str, Any], random: Any) -> None:
    try:
        first = registered(body)
    except BadRegistration:
        return
    other: dict[str, Any] = dict(random.sample(sorted(body.items()), len(body)))
    other["redirect_uris"] = [
        uri.replace(":8787", ":65535") for uri in random.sample(body["redirect_uris"], len(body["redirect_uris"]))
    ]
    other |= {"software_version": str(random.random()), "jwks": {"keys": []}}

    assert client_id_of(SERVER, registered(other)) == client_id_of(SERVER, first)
    assert canonical(first) == canonical(registered(json.loads(canonical(first)))), "it is its own registration"


@given(bodies, bodies)
def test_two_ids_are_equal_where_what_was_granted_is(one: dict[str, Any], two: dict[str, Any]) -> None:
    try:
        first, second = registered(one), registered(two)
    except BadRegistration:
        return
    granted = [(r.name, r.client_uri, r.places, r.grant_types, r.scopes) for r in (first, second)]

    assert (client_id_of(SERVER, first) == client_id_of(SERVER, second)) == (granted[0] == granted[1])


@given(bodies)
def test_every_uri_that_was_sent_and_kept_is_answered_to(body: dict[str, Any]) -> None:
    try:
        registration = registered(body)
    except BadRegistration:
        return

    record = DynamicClient(SERVER, "dcr_", "", registration.places, (), (), created_at=0, expires_at=1)
    for uri in registration.redirect_uris:
        assert check_redirect_uri(client_of(record), uri) == uri


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(encoded))
def test_anything_else_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(BadRegistration):
        read(content, RULES)
