"""Known attacks on authorization endpoints (RFC 9700 §4), and what holds for whatever a browser sends."""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from authmint.keys.vault import VaultUnavailable
from authmint.oauth.authorization import parameters as parameters_module
from authmint.oauth.authorization.responses import MAX_LOCATION
from authmint.storage.clients import secret_digest
from authmint.storage.servers import Claim
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oauth.authorization.world import CALLBACK, ISSUER, PKCE, World, a_browser_server, an_app
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, basic
from tests.support.fakes import FakeKeyPairs

OTHER_CLIENT, OTHER_SERVER = "0oaBBBBBBBBBBBBBBBBB", "ausBBBBBBBBBBBBBBBBB"


def two_of_each() -> World:
    """Two clients at two servers."""
    world = World(client=an_app(consent_method="REQUIRED"))
    world.storage.clients.add(an_app(id=OTHER_CLIENT, redirect_uris=("https://b.example.com/cb",)), [])
    world.storage.servers.add(a_browser_server(id=OTHER_SERVER), [])
    return world


def test_mix_up_every_answer_says_whose_it_is() -> None:
    """RFC 9207 §2.3: with another server's answer in hand the client sees another ``iss``."""
    world = two_of_each()

    assert world.ask().fields["iss"] == ISSUER
    assert world.ask(server_id=OTHER_SERVER).fields["iss"] == f"{BASE_URL}/oauth2/{OTHER_SERVER}"
    assert world.ask(scope="nonsense").fields["iss"] == ISSUER
    assert world.ask(response_type="id_token", nonce="n").fields["iss"] == ISSUER


def test_a_pushed_request_is_its_clients_and_its_servers() -> None:
    world = two_of_each()
    uri = world.push(headers=basic())[1]["request_uri"]

    def get(client_id: str, server_id: str) -> str | None:
        return world.get((("client_id", client_id), ("request_uri", uri)), server_id=server_id).page

    assert get(OTHER_CLIENT, SERVER_ID) == "authorize_request_uri_mismatched_client"
    assert get(CLIENT_ID, OTHER_SERVER) == "authorize_request_uri_mismatched_authorization_server"
    assert world.get((("request_uri", uri),)).page == "authorize_request_uri_mismatched_client"
    assert get(CLIENT_ID, SERVER_ID) is None


def test_a_waiting_request_is_its_browsers_alone() -> None:
    """Else an attacker begins, and the victim's consent or sign-in ends in the attacker's client session."""
    world = two_of_each()
    handle = world.ask("mallory", scope="openid orders:read").handle
    reference = f"urn:authmint:interaction:{handle}"

    for client_id, server_id, page in (
        (CLIENT_ID, SERVER_ID, "request_expired"),
        (OTHER_CLIENT, SERVER_ID, "authorize_request_uri_mismatched_client"),
        (CLIENT_ID, OTHER_SERVER, "authorize_request_uri_mismatched_authorization_server"),
    ):
        answer = world.get((("client_id", client_id), ("request_uri", reference)), "ann", server_id=server_id)
        assert answer.page == page
        assert answer.location == ""
    assert world.deny(handle, "ann").page == "request_expired"
    with pytest.raises(Exception, match="another browser"):
        world.waiting(handle, "ann")
    assert world.storage.requests.records  # nothing of it was used up


def test_a_handle_of_one_kind_is_none_of_the_other() -> None:
    world = two_of_each()
    pushed = world.push(headers=basic())[1]["request_uri"].removeprefix("urn:okta:")
    waiting = world.ask(scope="openid orders:read").handle

    def page(reference: str) -> str | None:
        return world.get((("client_id", CLIENT_ID), ("request_uri", reference))).page

    assert page(f"urn:authmint:interaction:{pushed}") == "request_expired"
    assert page(f"urn:okta:{waiting}") == "invalid_request_uri"
    assert world.deny(pushed).page == "request_expired"


def test_a_digest_that_leaked_is_no_handle() -> None:
    world = two_of_each()
    world.push(headers=basic())
    (digest,) = world.storage.requests.records

    for reference in (f"urn:okta:{digest}", f"urn:authmint:pushed:{digest}"):
        assert world.get((("client_id", CLIENT_ID), ("request_uri", reference))).page


def test_a_reference_to_another_pushed_request_cannot_be_smuggled_in() -> None:
    """``request_uri`` inside a stored request names what it came from: only we write it."""
    world = two_of_each()
    victim = world.push(headers=basic())[1]["request_uri"]
    digest = secret_digest(victim.removeprefix("urn:okta:"))

    assert world.push({"request_uri": f"urn:authmint:pushed:{digest}"}, headers=basic())[0] == 400
    assert world.ask(request_uri=f"urn:authmint:pushed:{digest}").fields["error"] == "request_uri_not_supported"


def test_a_waiting_request_is_answered_once() -> None:
    world = two_of_each()
    handle = world.ask(scope="openid orders:read").handle
    uri = world.waiting(handle).resume_uri
    world.agree("orders:read")

    first, replayed = world.follow(uri), world.follow(uri)

    assert "code" in first.fields
    assert replayed.page == "request_expired"
    assert len(world.storage.codes.records) == 1


@pytest.mark.parametrize("kind", ["pushed", "waiting"])
def test_of_answers_given_at_once_exactly_one_is_given(kind: str) -> None:
    world = two_of_each()
    if kind == "pushed":
        reference = world.push(headers=basic())[1]["request_uri"]
    else:
        reference = f"urn:authmint:interaction:{world.ask(scope='openid orders:read').handle}"
        world.agree("orders:read")

    def attempt(_: int) -> bool:
        answer = world.get((("client_id", CLIENT_ID), ("request_uri", reference)))
        return answer.page is None and "code" in answer.fields

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(16)))

    assert outcomes.count(True) == 1
    assert len(world.storage.codes.records) == 1


def test_a_replay_that_lost_the_race_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is still there when it is read, and gone when it is used up."""
    world = two_of_each()
    handle = world.ask(scope="openid orders:read").handle
    uri = world.waiting(handle).resume_uri
    world.agree("orders:read")
    found = dict(world.storage.requests.records)
    world.follow(uri)
    monkeypatch.setattr(world.storage.requests, "get", found.__getitem__)

    assert world.follow(uri).fields["error"] == "login_required"
    assert len(world.storage.codes.records) == 1


def test_an_unusable_key_uses_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = two_of_each()
    uri = world.push({"response_type": "id_token", "nonce": "n"}, headers=basic())[1]["request_uri"]

    def fail(*_: Any) -> bytes:
        raise VaultUnavailable("throttled")

    with monkeypatch.context() as patched:
        patched.setattr(FakeKeyPairs, "unwrap", fail)
        failed = world.get((("client_id", CLIENT_ID), ("request_uri", uri)))
    assert failed.fields["error"] == "temporarily_unavailable"
    assert "id_token" in world.get((("client_id", CLIENT_ID), ("request_uri", uri))).fields


def test_an_answer_that_no_redirect_can_carry_uses_nothing_up() -> None:
    """Each token fits into a header by itself; both together do not."""
    server = a_browser_server()
    claims = (
        Claim("ocl8", "blob", "RESOURCE", "EXPRESSION", "app.profile.blob"),
        Claim("ocl9", "blob", "IDENTITY", "EXPRESSION", "app.profile.blob", always_include=True),
    )
    world = World(replace(server, claims=(*server.claims, *claims)), an_app(profile={"blob": "x" * 4_000}))
    asked = {"response_type": "token id_token", "nonce": "n"}
    status, body = world.push(asked, headers=basic())
    query = (("client_id", CLIENT_ID), ("request_uri", body["request_uri"]))

    refused = world.get(query)

    assert status == 201
    assert refused.fields["error"] == "invalid_request"
    assert "form_post" in refused.fields["error_description"]
    assert len(refused.location) < MAX_LOCATION
    assert world.storage.families.families == {}
    assert world.ask(**asked, response_mode="form_post").fields.keys() >= {"access_token", "id_token"}
    world.change_client(profile={"blob": "x"})
    assert world.get(query).fields.keys() >= {"access_token", "id_token"}, "the pushed request was not used up"


def test_a_token_that_would_be_too_large_uses_nothing_up() -> None:
    server = a_browser_server()
    claim = Claim("ocl9", "blob", "RESOURCE", "EXPRESSION", "app.profile.blob")
    world = World(replace(server, claims=(*server.claims, claim)), an_app(profile={"blob": "x" * 20_000}))
    uri = world.push({"response_type": "code token"}, headers=basic())[1]["request_uri"]

    refused = world.get((("client_id", CLIENT_ID), ("request_uri", uri))).fields
    world.change_client(profile={"blob": "x"})

    assert refused["error_description"] == "The 'blob' user claim could not be evaluated."
    assert not world.storage.codes.records
    assert world.get((("client_id", CLIENT_ID), ("request_uri", uri))).fields.keys() >= {"code", "access_token"}


def test_code_injection_a_code_names_whom_and_what_it_was_made_for() -> None:
    """What the token endpoint compares: client, server, redirect URI as sent, challenge, nonce."""
    world = two_of_each()
    world.ask(**PKCE, nonce="a")
    world.ask("ann", server_id=OTHER_SERVER, client_id=OTHER_CLIENT, redirect_uri="https://b.example.com/cb", nonce="b")

    made = {(c.client_id, c.server_id, c.redirect_uri, c.nonce, c.code_challenge is None)
            for c in world.storage.codes.records.values()}  # fmt: skip

    assert made == {
        (CLIENT_ID, SERVER_ID, CALLBACK, "a", False),
        (OTHER_CLIENT, OTHER_SERVER, "https://b.example.com/cb", "b", True),
    }
    assert len({c.family_id for c in world.storage.codes.records.values()}) == 2


def test_codes_and_handles_have_256_bits() -> None:
    world = World(signed_in=False)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", world.ask().handle)
    world.sign_in()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", world.ask().fields["code"])
    assert re.fullmatch(r"urn:okta:[A-Za-z0-9_-]{43}", world.push(headers=basic())[1]["request_uri"])


def test_the_session_of_one_browser_is_none_of_another() -> None:
    assert World().ask("mallory", prompt="none").fields["error"] == "login_required"


def test_only_matching_makes_a_way_back() -> None:
    """``ReturnTo`` is the proof that a redirect URI was matched."""
    package = Path(parameters_module.__file__).parents[2]
    made = []
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "ReturnTo":
                made.append(path.name)

    assert made == ["parameters.py"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
NAMES = st.sampled_from(
    ["client_id", "redirect_uri", "response_type", "response_mode", "state", "scope", "nonce", "prompt", "max_age",
     "code_challenge", "code_challenge_method", "acr_values", "idp", "request", "request_uri", "login_hint", "x\r\ny"]
)  # fmt: skip
VALUES = TEXT | st.sampled_from(
    [CLIENT_ID, CALLBACK, "code", "token", "id_token token", "fragment", "form_post", "none", "login", "openid",
     "\r\nset-cookie: a=b", "https://evil.example.com/", "//evil.example.com", f"{CALLBACK}@evil.example.com",
     f"{CALLBACK}\r\nx: y", "javascript:alert(1)"]
)  # fmt: skip
WORLD = World()


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, VALUES), st.booleans())
def test_whatever_is_sent_browsers_go_to_registered_uris_or_our_pages(sent: dict[str, str], usable: bool) -> None:
    base = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": "s"} if usable else {}

    answer = WORLD.get(tuple((base | sent).items()))

    for name, value in answer.response.headers:
        assert value.isascii()
        assert value.isprintable(), name
        if name != "location":
            assert "evil" not in value
    if answer.location:
        ours = answer.location.startswith((f"{BASE_URL}/signin?", f"{BASE_URL}/consent?"))
        assert ours or re.match(re.escape(CALLBACK) + "[?#]", answer.location)


@settings(max_examples=200, deadline=None)
@given(PRINTABLE, st.sampled_from(["query", "fragment", "form_post", "okta_post_message"]), st.booleans())
def test_state_comes_back_byte_for_byte(state: str, mode: str, fails: bool) -> None:
    answer = WORLD.ask(state=state, response_mode=mode, scope="nonsense" if fails else "openid", **PKCE)

    assert answer.fields["state"] == state
    assert ("error" in answer.fields) == fails


@pytest.mark.parametrize(
    "state", ["&#\"'<>", "a b+c%20", "\u00e4\u20ac\U0001f600", "code=x&iss=evil", '{"a": 1}', "\u2028"]
)
def test_a_state_adds_no_parameter(state: str) -> None:
    answer = World().ask(state=state)

    assert [name for name, _ in parse_qsl(urlsplit(answer.location).query)] == ["code", "state", "iss"]
    assert answer.fields["state"] == state
    assert answer.location.isascii()


def test_a_redirect_uri_beyond_ascii_fits_into_a_header() -> None:
    uri = "https://app.example.com/r\u00fcck"

    assert (
        World(client=an_app(redirect_uris=(uri,)))
        .ask(redirect_uri=uri)
        .location.startswith("https://app.example.com/r%C3%BCck?code=")
    )
