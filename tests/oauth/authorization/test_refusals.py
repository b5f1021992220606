"""What is refused, and who learns of it: the user, on a page, or the client (docs/protocol.md §1.3, §4.11, §20.1)."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from authmint.http import Request
from authmint.jose.encoding import b64encode
from authmint.oauth.errors import CATALOGUE
from authmint.storage.errors import Unavailable
from authmint.storage.servers import Claim

from tests.oauth.authorization.world import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    PKCE,
    World,
    a_browser_server,
    a_request,
    an_app,
)
from tests.support.builders import CLIENT_ID, SERVER_ID, a_policy, a_rule, a_server, basic
from tests.support.fakes import NOW

TOKEN = {"response_type": "token", "nonce": "n"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "invalid_client_id"),
        ({"client_id": "0oaNOBODY"}, "invalid_client_id"),
        ({"redirect_uri": None}, "illegal_redirect_uri"),
        ({"redirect_uri": "https://evil.example.com/cb"}, "illegal_redirect_uri"),
        ({"redirect_uri": f"{CALLBACK}/"}, "illegal_redirect_uri"),
        ({"redirect_uri": f"{CALLBACK}?a"}, "illegal_redirect_uri"),
        ({"redirect_uri": f"{CALLBACK}#f"}, "illegal_redirect_uri"),
        ({"redirect_uri": CALLBACK.upper()}, "illegal_redirect_uri"),
        ({"request_uri": "https://app.example.com/request.jwt", "redirect_uri": None}, "illegal_redirect_uri"),
        ({"request_uri": "urn:okta:unknown"}, "invalid_request_uri"),
        ({"request_uri": "urn:okta:"}, "invalid_request_uri"),
        ({"request_uri": "urn:okta:" + "x" * 8_000}, "invalid_request_uri"),
        ({"request_uri": "urn:authmint:interaction:unknown"}, "request_expired"),
        ({"request_uri": "urn:okta:x", "request": "a.b.c"}, "authorize_request_object_and_request_uri_provided"),
        ({"state": "s" * 20_000}, "invalid_request"),
        ({"state": "\ud800"}, "invalid_request"),
        ({"state": "a\0b"}, "invalid_request"),
    ],
)
def test_without_a_trusted_way_back_the_error_stays_with_us(changes: dict[str, str | None], error: str) -> None:
    world = World()

    answer = world.ask(**changes)

    assert answer.page == error
    assert answer.response.status == CATALOGUE[error][0]
    assert (answer.location, answer.headers["cache-control"]) == ("", "no-store")
    assert world.events.emitted[-1].reason == error


@pytest.mark.parametrize("server", [a_browser_server(status="INACTIVE"), a_browser_server(id="ausOTHER")])
def test_an_unknown_or_inactive_server_is_a_page(server: Any) -> None:
    assert World(server).ask().page == "invalid_authorization_server"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": "INACTIVE"}, "invalid_client_id"),
        ({"application_type": "service"}, "invalid_client_application_type"),
    ],
)
def test_clients_that_have_no_users_are_a_page(changes: dict[str, Any], error: str) -> None:
    assert World(client=an_app(**changes)).ask().page == error


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "none"}, "invalid_prompt_for_none_response_type"),
        ({"response_type": "code code"}, "unsupported_response_type"),
        ({"response_type": "code device"}, "unsupported_response_type"),
        ({"response_type": " code"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "unsupported_response_mode"),
        (TOKEN | {"response_mode": "query"}, "unsupported_response_mode_query_with_tokens"),
        ({"response_mode": "okta_post_message"}, "unsupported_response_mode_okta_post_message_with_code"),
        ({"state": None}, "invalid_state"),
        ({"state": ""}, "invalid_state"),
        ({"state": "a\r\nset-cookie: b"}, "invalid_state"),
        ({"state": "\u20ac" * 500}, "invalid_state"),
        ({"response_type": "id_token token"}, "invalid_nonce"),
        ({"request_uri": "https://app.example.com/request.jwt"}, "request_uri_not_supported"),
        ({"request_uri": "urn:authmint:pushed:unknown"}, "request_uri_not_supported"),
        (TOKEN | PKCE | {"state": None}, "invalid_state"),
        (PKCE | {"state": "\u20ac" * 500}, "invalid_state"),
        ({"response_type": "code id_token"}, "invalid_nonce"),
        ({"nonce": "n" * 5_000}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "pkce_unsupported_code_challenge_method"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "pkce_unsupported_code_challenge_method"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "pkce_invalid_challenge"),
        ({"code_challenge": CHALLENGE[:-1] + "=", "code_challenge_method": "S256"}, "pkce_invalid_challenge"),
        ({"code_challenge": CHALLENGE + "\n", "code_challenge_method": "S256"}, "pkce_invalid_challenge"),
        ({"code_challenge_method": "S256"}, "pkce_missing_challenge"),
        ({"prompt": "select_account"}, "invalid_prompt"),
        ({"prompt": "none login"}, "invalid_prompt"),
        ({"prompt": "enroll_authenticator"}, "invalid_response_type_for_authenticator_enrollment"),
        ({"max_age": "-1"}, "invalid_max_age"),
        ({"max_age": "2147483648"}, "invalid_max_age"),
        ({"max_age": "1.5"}, "invalid_max_age"),
        ({"max_age": "\u0663"}, "invalid_max_age"),
        ({"max_age": "0", "prompt": "none"}, "invalid_prompt_for_zero_max_age"),
        ({"acr_values": "phr"}, "unmet_authentication_requirements"),
        ({"acr_values": "urn:okta:loa:2fa:any phrh unknown"}, "unmet_authentication_requirements"),
        ({"idp": "0oaFACEBOOK"}, "unknown_idp"),
        ({"resource": "api://other"}, "unsupported_resource"),
        ({"request": "a.b.c"}, "request_object_invalid"),
        ({"request": "a.b."}, "request_not_supported"),
        ({"authorization_details": '[{"type":"payment"}]'}, "authorization_details_not_supported"),
        ({"scope": "openid nonsense"}, "no_matching_scope"),
        ({"scope": "openid device_sso"}, "illegal_scope"),
        ({"scope": "openid\x00"}, None),
        ({"scope": "openid \u20ac"}, "invalid_scope"),
        ({"scope": "openid " + "x" * 5_000}, "invalid_scope"),
        ({"scope": "profile"}, "openid_scope_required_access_token"),
        ({"response_type": "id_token", "nonce": "n", "scope": "plain"}, "openid_scope_required_access_token"),
        ({"scope": None}, "no_default_scopes"),
        ({"id_token_hint": "nonsense"}, "id_token_invalid"),
    ],
)
def test_with_a_trusted_way_back_the_client_learns_the_error(changes: dict[str, str | None], error: str | None) -> None:
    world = World()

    answer = world.ask(**changes)

    if error is None:
        assert answer.page == "invalid_request"
        return
    _, code, _ = CATALOGUE[error]
    state = {} if error == "invalid_state" else {"state": "s"}
    assert answer.fields | {"error_description": ""} == {"error": code, "error_description": "", "iss": ISSUER} | state
    assert answer.fields["error_description"]
    assert world.events.emitted[-1].reason == error
    assert not world.storage.codes.records
    assert not world.storage.families.families


def test_the_text_of_a_missing_nonce_is_oktas_to_the_last_dot() -> None:
    text = World().ask(response_type="id_token").fields["error_description"]

    assert text.startswith("The 'nonce' parameter is required for authorize requests with either the 'id_token' or ")
    assert text.endswith("'token' response types..")


@pytest.mark.parametrize(
    ("client", "changes", "error"),
    [
        ({"response_types": ("code",)}, TOKEN, "unsupported_response_type"),
        ({"grant_types": ("authorization_code",)}, TOKEN, "unauthorized_client"),
        ({"grant_types": ("implicit",)}, {}, "unauthorized_client"),
        ({"grant_types": ("implicit",)}, {"response_type": "code token", "nonce": "n"}, "unauthorized_client"),
        ({"pkce_required": True}, {}, "pkce_missing_challenge"),
        ({"auth_method": "none"}, {}, "pkce_missing_challenge"),
        ({"grant_types": ("authorization_code",)}, {"scope": "openid offline_access"}, "illegal_scope"),
        ({"implicit_assignment": False}, {}, "user_not_assigned"),
        ({"implicit_assignment": False, "consent_method": "REQUIRED"}, {"scope": "orders:read"}, "user_not_assigned"),
    ],
)
def test_what_a_client_may_not_ask_for(client: dict[str, Any], changes: dict[str, str], error: str) -> None:
    world = World(client=an_app(**client))

    assert world.ask(**changes).fields["error"] == CATALOGUE[error][1]
    assert world.events.emitted[-1].reason == error


def test_policies_and_claims_refuse_to_the_client() -> None:
    denied = World(a_browser_server(policies=()))
    assert denied.ask().fields["error"] == "access_denied"
    assert denied.events.emitted[-1].reason == "no_matching_policy"

    failing = Claim("ocl9", "x", "RESOURCE", "EXPRESSION", "String.substring('a', -1, 0)")
    broken = World(a_browser_server(claims=(failing,)))
    assert broken.ask(**TOKEN).fields["error"] == "server_error"
    assert [event.type for event in broken.events.emitted] == [
        "app.oauth2.as.evaluate.claim",
        "app.oauth2.as.authorize",
    ]
    assert "code" in broken.ask().fields  # claims are for the redemption

    no_openid = a_browser_server(policies=(a_policy(a_rule(grant_types=("implicit",), scopes=("plain",))),))
    scopes = tuple(replace(s, default=s.name in {"openid", "plain"}) for s in no_openid.scopes)
    defaulted = World(replace(no_openid, scopes=scopes))
    assert defaulted.ask(response_type="id_token", nonce="n", scope=None).fields["error"] == "access_denied"


@pytest.mark.parametrize(
    ("mode", "changes"),
    [("form_post", {}), ("okta_post_message", {}), ("fragment", {}), ("query", {}), ("okta_post_message", TOKEN)],
)
def test_errors_take_the_response_mode_that_was_asked_for(mode: str, changes: dict[str, str]) -> None:
    answer = World(a_browser_server(policies=())).ask(response_mode=mode, **changes, **PKCE)

    assert (answer.fields["error"], answer.fields["state"]) == ("access_denied", "s")
    assert ("form_post" in str(answer.response.body)) == (mode == "form_post")
    assert ("post_message" in str(answer.response.body)) == (mode == "okta_post_message")
    assert ("#" in answer.location) == (mode == "fragment")


@pytest.mark.parametrize("name", ["grüße", 'a"b', "a\\b", "a\u2028b", "a\r\nset-cookie: c"])
def test_a_name_in_a_description_is_written_as_descriptions_may_be(name: str) -> None:
    """RFC 6749 §5.2: ``error_description`` is printable ASCII without quote and backslash."""
    claim = Claim("ocl9", name, "RESOURCE", "EXPRESSION", "1 / 0", always_include=True)
    server = a_browser_server()
    world = World(replace(server, claims=(*server.claims, claim)))

    text = world.ask(**TOKEN).fields["error_description"]

    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", text)
    assert unquote(text) == f"The '{name}' user claim could not be evaluated."


def an_object(payload: bytes) -> str:
    return f"{b64encode(b'{}')}.{b64encode(payload)}."


INSIDE = b'{"state":"inside","response_mode":"fragment","redirect_uri":"https://evil.example.com"}'


@pytest.mark.parametrize(
    ("request_object", "outside", "mode", "state"),
    [
        (an_object(INSIDE), {}, "form_post", "s"),
        (an_object(INSIDE), {"state": None}, "form_post", "inside"),
        (an_object(INSIDE), {"response_mode": None}, "fragment", "s"),
        (an_object(INSIDE), {"response_mode": None, "state": None}, "fragment", "inside"),
        (an_object(b'{"state":"a\\r\\nb"}'), {"state": None}, "form_post", None),
        (an_object(b'{"state":1,"response_mode":[]}'), {"state": None, "response_mode": None}, "query", None),
        (an_object(b"[]"), {}, "form_post", "s"),
        ("nonsense", {}, "form_post", "s"),
        ("a.!.c", {}, "form_post", "s"),
    ],
)
def test_what_stands_beside_a_request_object_says_where_its_refusal_goes(
    request_object: str, outside: dict[str, str | None], mode: str, state: str | None
) -> None:
    answer = World().ask(**{"response_mode": "form_post", "request": request_object} | outside)

    error = "request_not_supported" if request_object.endswith(".") else "invalid_request_object"
    assert (answer.fields["error"], answer.fields.get("state")) == (error, state)
    assert ("form_post" in str(answer.response.body)) == (mode == "form_post")
    assert answer.location.startswith(f"{CALLBACK}#" if mode == "fragment" else f"{CALLBACK}?") or mode == "form_post"


def test_a_challenge_takes_the_place_of_state() -> None:
    assert World().ask(state=None, **PKCE).fields.keys() == {"code", "iss"}


def test_a_token_alone_needs_no_nonce() -> None:
    world = World()

    for response_type in ("token", "code token"):
        assert "access_token" in world.ask(response_type=response_type).fields


def test_a_forbidden_query_is_not_where_the_error_goes() -> None:
    assert World().ask(**TOKEN, response_mode="query").location.startswith(f"{CALLBACK}#error=")


def test_a_message_between_windows_needs_a_web_page_at_the_other_end() -> None:
    uri = "com.example.app:/cb"
    world = World(client=an_app(redirect_uris=(uri,)))

    answer = world.ask(redirect_uri=uri, response_mode="okta_post_message", **PKCE)

    assert answer.location.startswith(f"{uri}?error=unsupported_response_mode")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "request_uri", "request"])
def test_who_asks_and_where_the_answer_goes_is_said_once(name: str) -> None:
    query = (("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "s"))

    answer = World().get((*query, (name, "x"), (name, "x")))

    assert answer.page == "illegal_duplicated_parameters"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("scope", "illegal_duplicated_parameters"),
        ("state", "illegal_duplicated_parameters"),
        ("response_mode", "illegal_duplicated_parameters"),
        ("sessionToken", "illegal_duplicated_parameters"),
        ("<script>", "duplicate_oauth_params"),
    ],
)
def test_other_repetitions_go_to_the_client(name: str, error: str) -> None:
    query = (("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "s"))
    world = World()

    answer = world.get((*query, (name, "fragment"), (name, "")))

    assert answer.location.startswith(f"{CALLBACK}?error=invalid_request")
    assert ("state" in answer.fields) == (name != "state")
    assert "%3Cscript" not in answer.location
    assert world.events.emitted[-1].reason == error


def test_too_many_parameters_are_a_page() -> None:
    assert World().get(tuple((f"p{i}", "x") for i in range(200))).page == "invalid_request"
    assert World().get(tuple((f"p{i}", "x" * 10_000) for i in range(10))).page == "invalid_request"


def test_a_post_has_its_parameters_in_its_body_and_nowhere_else() -> None:
    fields = {
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "state": "s",
        "scope": "openid",
    }
    world = World()

    assert "code" in world.post(fields).fields
    assert world.post(fields, query=(("nonce", "n"),)).page == "invalid_request"
    assert world.send(replace(a_request(), method="POST", body=b"a=b")).page == "unsupported_media_type"


def test_storage_that_cannot_answer_is_said_to_whom_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def fail(*_: Any, **__: Any) -> Any:
        raise Unavailable("throttled")

    monkeypatch.setattr(world.storage.codes, "add", fail)
    assert world.ask().fields["error"] == "temporarily_unavailable"
    monkeypatch.setattr(world.storage.servers, "get", fail)
    assert world.ask().page == "temporarily_unavailable"


def test_a_way_back_of_a_native_app_matches_on_any_port() -> None:
    native = an_app(
        application_type="native",
        redirect_uris=("http://127.0.0.1/cb", "http://[::1]:80/cb?a=1", "http://localhost:8080/cb"),
    )
    world = World(client=native)

    for uri in ("http://127.0.0.1:49152/cb", "http://[::1]:5/cb?a=1", "http://localhost/cb"):
        assert world.ask(redirect_uri=uri).location.startswith(uri), uri
    for uri in (
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:80@evil.example.com/cb",
        "http://127.0.0.1.evil.example.com/cb",
        "https://127.0.0.1:80/cb",
        "http://127.0.0.2:80/cb",
        "http://localhost:1/cb/../x",
        "http://127.0.0.1:\u0663/cb",
        "http://127.0.0.1:80\r\n/cb",
        "http://LOCALHOST:1/cb",
    ):
        assert world.ask(redirect_uri=uri).page == "illegal_redirect_uri", uri


def test_a_way_back_of_a_web_application_matches_to_the_letter() -> None:
    world = World(client=an_app(redirect_uris=("http://localhost:8080/cb",)))

    assert world.ask(redirect_uri="http://localhost:8081/cb").page == "illegal_redirect_uri"


def test_a_way_back_never_has_a_fragment_even_where_one_was_registered() -> None:
    uri = f"{CALLBACK}#f"

    assert World(client=an_app(redirect_uris=(uri,))).ask(redirect_uri=uri).page == "illegal_redirect_uri"


def test_a_query_that_gateways_refuse_is_to_be_pushed_or_posted() -> None:
    """Whether such a URL comes through would depend on the browser's cookies."""
    world = World()
    fits, long = {"unknown": "x" * 8_000}, {"unknown": "%" * 2_800}

    refused = world.ask(**long)

    assert world.ask(**fits).fields.keys() == {"code", "state", "iss"}
    assert (refused.page, refused.response.status) == ("authorize_request_too_long", 414)
    posted = {
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "state": "s",
        "scope": "openid",
    }
    assert "code" in world.post(posted | long).fields
    status, body = world.push(posted | long, headers=basic())
    assert status == 201
    assert "code" in world.get((("client_id", CLIENT_ID), ("request_uri", body["request_uri"]))).fields


def test_what_has_no_meaning_here_is_ignored() -> None:
    ignored = {"display": "popup", "registration": "{}", "claims": "{}", "ui_locales": "de", "unknown": "<b>"}

    assert World().ask(**ignored).fields.keys() == {"code", "state", "iss"}


@pytest.mark.parametrize(
    ("values", "acr"),
    [
        ("urn:okta:loa:1fa:any", "urn:okta:loa:1fa:any"),
        ("phr urn:okta:loa:1fa:pwd", "urn:okta:loa:1fa:pwd"),
        ("urn:okta:loa:2fa:any:ifpossible", "urn:okta:loa:2fa:any:ifpossible"),
        ("gold silver", "urn:okta:loa:1fa:pwd"),
        ("gold urn:okta:loa:1fa:any", "urn:okta:loa:1fa:any"),
        (None, None),
    ],
)
def test_the_first_assurance_that_a_password_gives_counts(values: str | None, acr: str | None) -> None:
    world = World()

    world.ask(acr_values=values)

    assert [code.acr for code in world.storage.codes.records.values()] == [acr]


def test_another_servers_client_policy_does_not_matter_to_ids() -> None:
    """The default server is addressed by its name and stored by its id."""
    server = a_server(**vars(a_browser_server(is_default=True)) | {"id": SERVER_ID})
    world = World(server)

    answer = world.send(Request("GET", "/", "https://acme.example.com", {"authServerId": "default"}, (
        ("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "s"),
        ("scope", "openid"),
    ), {"cookie": "ann"}))  # fmt: skip

    assert answer.fields["iss"] == "https://acme.example.com/oauth2/default"
    assert [code.server_id for code in world.storage.codes.records.values()] == [SERVER_ID]
    assert [code.created_at for code in world.storage.codes.records.values()] == [NOW]
