"""RFC 9068: access tokens of a server that has its profile, and readers that take both."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.oauth.access_tokens import methods_of, recognize
from authmint.storage.servers import Claim

from tests.oauth.authorization.world import ISSUER, World, a_browser_server, an_app
from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, SERVER_ID, a_server

CLAIMS = tuple(
    Claim(f"ocl{name}", name, "RESOURCE", "EXPRESSION", "'mine'") for name in ("client_id", "scope", "amr", "x")
)


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def test_a_machines_token_has_the_type_and_the_claims_of_the_profile() -> None:
    engine = Engine(a_server(access_token_profile="RFC9068", claims=CLAIMS))
    header, payload = read(engine.access_token())

    assert header["typ"] == "at+jwt"
    required = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}  # §2.2
    assert required <= payload.keys()
    assert payload["client_id"] == payload["cid"] == payload["sub"]
    assert payload["scope"].split() == list(payload["scp"])
    assert payload["x"] == "mine"
    assert "amr" not in payload


def test_a_persons_token_says_how_they_signed_in_too() -> None:
    world = World(replace(a_browser_server(), access_token_profile="RFC9068", claims=CLAIMS), an_app())
    fields = world.ask(response_type="token", nonce="n").fields
    header, payload = read(fields["access_token"])

    assert (header["typ"], payload["iss"]) == ("at+jwt", ISSUER)
    assert (payload["amr"], payload["scope"], payload["auth_time"] > 0) == (["pwd"], fields["scope"], True)


def test_without_the_profile_nothing_is_different() -> None:
    header, payload = read(Engine(a_server(claims=CLAIMS)).access_token())
    assert "typ" not in header
    assert (payload["client_id"], payload["scope"]) == ("mine", "mine")


@pytest.mark.parametrize(("first", "then"), [("OKTA", "RFC9068"), ("RFC9068", "OKTA")])
def test_tokens_of_before_a_change_stay_good(first: Any, then: Any) -> None:
    engine = Engine(a_server(access_token_profile=first))
    token = engine.access_token()
    server = engine.storage.servers.get(SERVER_ID)
    engine.storage.servers.save(server, replace(server, access_token_profile=then), [])

    for one in (token, engine.access_token()):
        state = engine.state(one)
        assert (state["active"], state["client_id"]) == (True, read(one)[1]["cid"])
        assert state["scope"].split() == list(read(one)[1]["scp"])


def test_a_claim_of_before_the_profile_is_no_word_about_a_sign_in() -> None:
    """A server's own ``amr`` says whatever it is made to say; it does not become a second factor by a switch."""
    claims = (Claim("oclamr", "amr", "RESOURCE", "EXPRESSION", 'Arrays.add({"pwd"}, "mfa")'),)
    engine = Engine(a_server(claims=claims))
    issuer, before = f"{BASE_URL}/oauth2/{SERVER_ID}", engine.access_token()
    server = engine.storage.servers.get(SERVER_ID)
    engine.storage.servers.save(server, replace(server, access_token_profile="RFC9068"), [])
    profiled = engine.storage.servers.get(SERVER_ID)

    token = recognize(before, profiled, issuer=issuer, now=0)

    assert token is not None
    assert token.payload["amr"] == ["pwd", "mfa"]
    assert methods_of(token, profiled) == ()
    assert methods_of(replace(token, profiled=True), profiled) == ("pwd", "mfa")
