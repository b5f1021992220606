"""Signed answers (JARM, docs/protocol.md §4.14): how they travel, what they say, and who has to ask for them."""

from typing import Any
from urllib.parse import quote

import jwt
import pytest
from authmint.keys.vault import VaultUnavailable
from authmint.storage.servers import SecurityProfile

from tests.oauth.authorization.world import CALLBACK, ISSUER, PKCE, Answer, World, an_app
from tests.oauth.bank import Bank, an_object
from tests.support.builders import CLIENT_ID, SERVER_ID
from tests.support.fakes import NOW

SIGNING: SecurityProfile = "FAPI2_MESSAGE_SIGNING"


def read(world: World, answer: Answer) -> dict[str, Any]:
    """What a client reads, once the signature is right under the server's key."""
    (text,) = answer.fields.values()
    key = world.storage.servers.get(SERVER_ID).active_key
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "aud", "exp"]}
    payload: dict[str, Any] = jwt.decode(
        text, jwt.PyJWK({**key.jwk, "alg": key.algorithm}), [key.algorithm], audience=CLIENT_ID, options=options
    )
    assert jwt.get_unverified_header(text) == {"kid": key.kid, "alg": key.algorithm}
    return payload


@pytest.mark.parametrize(
    ("mode", "start"),
    [
        ("jwt", f"{CALLBACK}?response="),
        ("query.jwt", f"{CALLBACK}?response="),
        ("fragment.jwt", f"{CALLBACK}#response="),
        ("form_post.jwt", ""),
    ],
)
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_code_comes_in_one_signed_text(mode: str, start: str, algorithm: str) -> None:
    bank = Bank("NONE", server={"algorithm": algorithm})

    answer = bank.ask(response_mode=mode, **PKCE)

    payload = read(bank, answer)
    assert answer.fields.keys() == {"response"}
    assert answer.location.startswith(start)
    assert ("form_post" in str(answer.response.body)) == (mode == "form_post.jwt")
    code = payload.pop("code")
    assert payload == {"iss": ISSUER, "aud": CLIENT_ID, "iat": NOW, "exp": NOW + 600, "state": "s"}
    assert bank.redeems(code).status == 200


def test_tokens_come_signed_by_the_fragment() -> None:
    world = World()

    answer = world.ask(response_mode="jwt", response_type="code token id_token", nonce="n", **PKCE)

    payload = read(world, answer)
    assert answer.location.startswith(f"{CALLBACK}#response=")
    assert {"code", "access_token", "id_token", "token_type", "expires_in", "scope", "state"} <= payload.keys()


@pytest.mark.parametrize("kind", ["token", "id_token", "code id_token"])
def test_no_token_comes_by_the_query(kind: str) -> None:
    world = World()

    answer = world.ask(response_mode="query.jwt", response_type=kind, nonce="n", **PKCE)

    assert answer.location.startswith(f"{CALLBACK}#response=")
    assert read(world, answer)["error"] == "unsupported_response_mode"


@pytest.mark.parametrize("mode", ["jwt", "form_post.jwt"])
def test_errors_are_signed_too(mode: str) -> None:
    world = World(client=an_app(consent_method="REQUIRED"))
    asked = {"response_mode": mode, "scope": "openid orders:read", **PKCE}

    silent = world.ask(prompt="none", **asked)
    denied = world.deny(world.ask(**asked).handle)
    wrong = world.ask(scope="nonsense", response_mode=mode, **PKCE)

    for answer, error in ((silent, "consent_required"), (denied, "access_denied"), (wrong, "invalid_scope")):
        payload = read(world, answer)
        assert payload.keys() == {"iss", "aud", "iat", "exp", "error", "error_description", "state"}
        assert (payload["error"], payload["state"]) == (error, "s")


def test_without_a_trusted_way_back_nothing_is_signed() -> None:
    assert World().ask(response_mode="jwt", redirect_uri="https://evil.example.com").page == "illegal_redirect_uri"


@pytest.mark.parametrize("mode", ["okta_post_message.jwt", "JWT", "jwt.jwt", "query.jwt "])
def test_a_mode_that_nobody_knows_is_refused_as_ever(mode: str) -> None:
    answer = World().ask(response_mode=mode, **PKCE)

    assert answer.fields["error"] == "unsupported_response_mode"


def test_a_repeated_mode_is_none() -> None:
    query = (("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("response_type", "code"), ("scope", "openid"))

    answer = World().get((*query, ("response_mode", "jwt"), ("response_mode", "jwt")))

    assert answer.fields["error"] == "invalid_request"


def test_a_client_learns_it_where_it_reads_other_signatures() -> None:
    bank, same = Bank("NONE", response_algorithm="EdDSA"), Bank("NONE", response_algorithm="ES256")

    refused = read(bank, bank.ask(response_mode="jwt", **PKCE))

    assert refused["error"] == "invalid_request"
    assert "EdDSA" in refused["error_description"]
    assert "code" in bank.ask(**PKCE).fields
    assert "code" in read(same, same.ask(response_mode="jwt", **PKCE))


@pytest.mark.parametrize("mode", [None, "query", "form_post"])
def test_under_message_signing_a_client_that_reads_signed_answers_gets_no_others(mode: str | None) -> None:
    def push(bank: Bank, mode: str | None) -> tuple[int, Any]:
        return bank.push({"request": an_object(response_mode=mode), **bank.assertion()})

    bank = Bank(SIGNING, response_algorithm="ES256")
    status, body = push(bank, mode)

    assert (status, body["error"]) == (400, "invalid_request")
    assert "[jwt, query.jwt, form_post.jwt]" in body["error_description"]
    for signed in ("jwt", "query.jwt", "form_post.jwt"):
        _, good = push(bank, signed)
        assert "code" in read(bank, bank.get((("client_id", CLIENT_ID), ("request_uri", good["request_uri"]))))
    assert push(Bank(SIGNING), mode)[0] == 201
    assert Bank("FAPI2", response_algorithm="ES256").pushes(response_mode=mode)[0] == 201


@pytest.mark.parametrize("state", ["s" * 1_000, "s" * 4_000, "grüße &=?#"])
def test_a_long_or_odd_state_goes_back_as_it_came(state: str) -> None:
    world = World()

    answer = world.ask(response_mode="jwt", state=state, **PKCE)

    assert read(world, answer)["state"] == state
    assert len(answer.location) < 8_192
    assert quote(answer.fields["response"], safe="") == answer.fields["response"]  # it needs no encoding


def test_what_cannot_be_signed_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = Bank("FAPI2")
    uri = bank.pushes(response_mode="jwt")[1]["request_uri"]
    query = (("client_id", CLIENT_ID), ("request_uri", uri))

    def closed(_: Any) -> Any:
        raise VaultUnavailable("closed")

    with monkeypatch.context() as outage:
        outage.setattr(bank.signers, "signer", closed)
        answer = bank.get(query)
        refused = bank.ask(redirect_uri=CALLBACK, response_mode="jwt", **PKCE)

    for failed in (answer, refused):
        assert (failed.response.status, failed.page) == (503, "temporarily_unavailable")
    assert bank.storage.codes.records == {}
    assert "code" in read(bank, bank.get(query))


def test_the_log_tells_how_an_answer_went() -> None:
    world = World()
    world.ask(response_mode="form_post.jwt", **PKCE)

    assert world.events.emitted[-1].debug["response_mode"] == "form_post.jwt"


def test_an_answer_is_no_token() -> None:
    world = World()
    (text,) = world.ask(response_mode="jwt", **PKCE).fields.values()

    assert world.ask(id_token_hint=text, **PKCE).fields["error"] == "invalid_token"
    assert "code" in world.ask(id_token_hint=world.hint(), **PKCE).fields
