"""Authentication requests without a browser (OpenID CIBA Core 1.0, docs/protocol.md §17.1): asked, polled, refused."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from authmint.oauth.errors import CATALOGUE
from authmint.oauth.form import CIBA
from authmint.storage.backchannel_requests import BackchannelRequest
from authmint.storage.clients import ClientKey, secret_digest
from authmint.storage.errors import Unavailable
from authmint.storage.servers import People

from tests.oauth.code_flow import OTHER, Flow, a_code_server
from tests.oauth.people import ann
from tests.support.builders import (
    BASE_URL,
    CLIENT_ID,
    SECRET,
    SERVER_ID,
    a_client,
    a_form,
    a_policy,
    a_resource,
    a_rule,
    basic,
)
from tests.support.dpop import Key
from tests.support.fakes import NOW, decoded

ISSUER = f"{BASE_URL}/oauth2/{SERVER_ID}"
KEY = Key("ES256")
LOGIN = "ann@example.com"


class CallCentre(Flow):
    """A program that knows whom it talks to, and the user somewhere else."""

    def __init__(self, server: Any = None, **changes: Any) -> None:
        client = a_client(
            **{
                "application_type": "web",
                "grant_types": ("authorization_code", CIBA, "refresh_token"),
                "implicit_assignment": True,
            }
            | changes
        )
        super().__init__(server or a_code_server(grant_types=(CIBA, "authorization_code")), client)

    def wish(self, *, client: str = CLIENT_ID, resources: Any = (), **changes: str | None) -> Response:
        fields = {"scope": "openid", "login_hint": LOGIN} | changes
        form = {name: value for name, value in fields.items() if value is not None}
        return self.device(a_form(form, headers=basic(client), path="bc/authorize", resources=resources))

    def begin(self, **changes: Any) -> str:
        answer = self.wish(**changes)
        assert answer.status == 200, answer.body
        text: str = decoded(answer.body)["auth_req_id"]
        return text

    def poll(self, auth_req_id: str, *, client: str = CLIENT_ID, **fields: str) -> Response:
        form = {"grant_type": CIBA, "auth_req_id": auth_req_id} | fields
        return self.token(a_form(form, headers=basic(client)))

    def stored(self, auth_req_id: str) -> BackchannelRequest:
        return self.storage.backchannel_requests.get(secret_digest(auth_req_id))

    def decide(self, auth_req_id: str, status: Any, **changes: Any) -> None:
        request = self.stored(auth_req_id)
        decided = replace(request, status=status, auth_time=NOW, amr=("pwd",), **changes)
        self.storage.backchannel_requests.decide(request, decided)

    def waiting(self) -> int:
        return len(self.storage.backchannel_requests.waiting_for("00uA"))


def test_a_client_gets_tokens_once_its_user_agrees() -> None:
    centre = CallCentre()
    answer = centre.wish(
        scope="openid offline_access", binding_message="Größe K7", acr_values="phr x", requested_expiry="90"
    )
    body = decoded(answer.body)
    assert (body["expires_in"], body["interval"]) == (90, 5)
    assert dict(answer.headers)["cache-control"] == "no-cache, no-store"
    asked = body["auth_req_id"]
    (request,) = centre.storage.backchannel_requests.waiting_for("00uA")
    assert (request.binding_message, request.context_classes, request.address) == (
        "Größe K7",
        ("phr", "x"),
        "192.0.2.1",
    )
    assert request.handle not in {asked, request.digest}
    assert centre.reason(centre.poll(asked)) == "ciba_authorization_pending"
    centre.decide(asked, "APPROVED", acr="phr")

    tokens = decoded(centre.poll(asked).body)

    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"], claims["acr"], claims["auth_time"]) == ("00uA", CLIENT_ID, "phr", NOW)
    assert not {"sid", "urn:openid:params:jwt:claim:auth_req_id"} & claims.keys()
    assert tokens["scope"] == "openid offline_access"
    assert centre.reason(centre.poll(asked)) == "invalid_auth_req_id"
    assert centre.refresh(tokens["refresh_token"]).status == 200
    event = next(event for event in centre.events.emitted if event.type == "app.oauth2.as.backchannel.request")
    assert (event.outcome, event.targets[0].id, event.debug["policy"]) == ("SUCCESS", "00uA", "00p1")
    assert event.debug["approval"] == f"{ISSUER}/v1/bc/approve?request={request.handle}"
    assert asked not in repr(centre.events.emitted)


#: What is refused at once, by what is wrong with it.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no hint": ({"login_hint": None}, "ciba_request_invalid_hint"),
    "two hints": ({"id_token_hint": "x"}, "ciba_request_invalid_hint"),
    "a token as a hint": ({"login_hint_token": "x"}, "ciba_request_login_hint_token"),
    "an ID token that is none": ({"login_hint": None, "id_token_hint": "a.b.c"}, "ciba_request_invalid_id_token_hint"),
    "no scope": ({"scope": None}, "ciba_request_missing_scope"),
    "no openid": ({"scope": "orders:read"}, "ciba_request_invalid_scope"),
    "an unknown scope": ({"scope": "openid nothing"}, "no_matching_scope"),
    "a malformed scope": ({"scope": 'openid "'}, "invalid_scope"),
    "a long message": ({"binding_message": "x" * 65}, "ciba_request_invalid_binding_message"),
    "a message of two lines": ({"binding_message": "a\nb"}, "ciba_request_invalid_binding_message"),
    "a message that is turned around": ({"binding_message": "pay \u202e001"}, "ciba_request_invalid_binding_message"),
    "a message that nobody sees": ({"binding_message": " \u200b"}, "ciba_request_invalid_binding_message"),
    "a message of blanks": ({"binding_message": "   "}, "ciba_request_invalid_binding_message"),
    "no time": ({"requested_expiry": "0"}, "ciba_request_invalid_expiry"),
    "too much time": ({"request_expiry": "301"}, "ciba_request_invalid_expiry"),
    "a time that is none": ({"requested_expiry": "+5"}, "ciba_request_invalid_expiry"),
    "huge": ({"requested_expiry": "9" * 5_000}, "ciba_request_invalid_expiry"),
    "two times": ({"requested_expiry": "5", "request_expiry": "6"}, "ciba_request_invalid_expiry"),
    "details": ({"authorization_details": "[]"}, "authorization_details_not_supported"),
    "an object that is not expected": ({"request": "a.b.c"}, "ciba_request_signed_algo_not_configured"),
    "a resource of a server that takes none": ({"resources": ["https://a.example"]}, "unsupported_resource"),
}


@pytest.mark.parametrize(("changes", "reason"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_and_nothing_waits(changes: dict[str, Any], reason: str) -> None:
    centre = CallCentre()

    answer = centre.wish(**changes)

    assert centre.reason(answer) == reason
    assert answer.status == CATALOGUE[reason][0]
    assert centre.events.emitted[-1].type == "app.oauth2.as.backchannel.request"
    assert centre.storage.backchannel_requests.records == {}


def test_messages_of_other_writings_are_shown_as_they_are() -> None:
    centre = CallCentre()

    for message in ("Ж" * 64, "支払い 12", "دفع ٣", "1234", "🦊 7"):
        assert (
            centre.stored(centre.begin(login_hint=f"{message}@x.example", binding_message=message)).binding_message
            == message
        )


CLIENTS: dict[str, tuple[dict[str, Any], str]] = {
    "without the grant type": ({"grant_types": ("authorization_code",)}, "ciba_request_grant_type_not_configured"),
    "of another kind": ({"application_type": "native"}, "ciba_feature_not_supported"),
    "under a profile of signed requests": ({"signs_only": True}, "signed_request_required"),
    "that signs": ({"backchannel_algorithm": "ES256"}, "signed_request_required"),
}


@pytest.mark.parametrize(("changes", "reason"), CLIENTS.values(), ids=CLIENTS.keys())
def test_a_client_that_may_not_ask_so_is_told(changes: dict[str, Any], reason: str) -> None:
    assert (centre := CallCentre(**changes)).reason(centre.wish()) == reason


def test_clients_prove_who_they_are() -> None:
    centre = CallCentre(auth_method="none", secrets=(), pkce_required=True)
    form = {"scope": "openid", "login_hint": LOGIN}

    public = centre.device(a_form(form | {"client_id": CLIENT_ID}, path="bc/authorize"))
    wrong = centre.device(a_form(form, headers=basic(CLIENT_ID, "wrong"), path="bc/authorize"))

    assert centre.events.emitted[0].reason == "confidential_client_required"
    assert (public.status, wrong.status) == (400, 401)
    assert centre.events.emitted[-1].actor.id == CLIENT_ID
    assert centre.storage.backchannel_requests.records == {}


def test_whom_a_hint_means_is_not_told() -> None:
    """An unknown user, one who is suspended, and one whom no rule lets in: each looks like one who is there."""
    centre = CallCentre(implicit_assignment=False)
    centre.storage.users.add(ann(id="00uS", login="sue@example.com", status="SUSPENDED"), [])
    found = {}
    for login in (LOGIN, "sue@example.com", "nobody@example.com", "ａnn@example.com", "x" * 3_000, "\u202e"):
        centre.events.emitted.clear()
        answer = centre.wish(login_hint=login)
        body = decoded(answer.body)
        assert (answer.status, body.keys(), body["expires_in"]) == (200, {"auth_req_id", "expires_in", "interval"}, 300)
        assert len(body["auth_req_id"]) == 43
        assert centre.reason(centre.poll(body["auth_req_id"])) == "ciba_authorization_pending"
        assert centre.reason(centre.poll(body["auth_req_id"])) == "ciba_slow_down"
        event = centre.events.emitted[0]
        assert "approval" not in event.debug
        found[login[:8]] = (event.outcome, event.reason)
        assert centre.stored(body["auth_req_id"]).user_id is None
    assert found == {
        "ann@exam": ("FAILURE", "user_not_assigned"),
        "sue@exam": ("FAILURE", "ciba_request_unknown_user_id"),
        "nobody@e": ("FAILURE", "ciba_request_unknown_user_id"),
        "ａnn@exam": ("FAILURE", "ciba_request_unknown_user_id"),
        "xxxxxxxx": ("FAILURE", "ciba_request_unknown_user_id"),
        "\u202e": ("FAILURE", "ciba_request_unknown_user_id"),
    }
    assert centre.waiting() == 0
    centre.clock.advance(seconds=300)
    body = decoded(centre.poll(body["auth_req_id"]).body)
    assert body["error"] == "expired_token"


def test_who_is_there_is_looked_up_as_often_as_who_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    centre = CallCentre()
    reads: list[str] = []
    for name in ("person", "by_login"):
        real = getattr(centre.storage.directory, name)

        def counted(key: str, real: Any = real, name: str = name) -> Any:
            reads.append(name)
            return real(key)

        monkeypatch.setattr(centre.storage.directory, name, counted)

    centre.begin(login_hint="nobody@example.com")

    assert reads == ["by_login", "person"]  # the first of which is two reads where there is somebody


def test_a_rule_about_other_people_is_not_told_either_but_one_about_nobody_is() -> None:
    others = a_rule(grant_types=(CIBA,), people=People(users_include=("00uZ",)))
    centre = CallCentre(a_code_server(grant_types=("authorization_code",)))
    assert centre.reason(centre.wish()) == centre.reason(centre.wish(login_hint="x@y.z")) == "no_matching_policy"
    server = centre.storage.servers.get(SERVER_ID)
    centre.storage.servers.save(server, replace(server, policies=(a_policy(others),)), [])

    asked = centre.begin()

    event = centre.events.emitted[-1]
    assert (event.reason, event.debug["steps"]) == ("no_matching_policy", ["00p1/0pr1: people"])
    assert centre.stored(asked).user_id is None


def test_no_more_than_three_requests_of_a_client_wait_for_anybody() -> None:
    """Or for nobody: else the fourth would tell who is there."""
    centre = CallCentre()
    for login in (LOGIN, "nobody@example.com"):
        first, _, _ = (centre.begin(login_hint=login) for _ in range(3))
        answer = centre.wish(login_hint=login)
        assert (answer.status, centre.reason(answer)) == (403, "access_denied")
        assert centre.reason(centre.wish(login_hint=login.upper())) == "access_denied"
        centre.decide(first, "DENIED")
        centre.begin(login_hint=login)
    assert centre.waiting() == 3
    other = centre.storage.clients.get(OTHER)
    centre.storage.clients.save(other, replace(other, grant_types=("authorization_code", CIBA)), [])
    centre.begin(client=OTHER)
    centre.clock.advance(seconds=300)
    for _ in range(3):
        centre.begin()


def test_an_id_token_of_the_client_says_whom_it_means_however_old_it_is() -> None:
    centre = CallCentre()
    token = centre.signed_in()["id_token"]
    centre.clock.advance(seconds=100_000)
    asked = centre.begin(login_hint=None, id_token_hint=token)
    assert centre.stored(asked).user_id == "00uA"

    centre.storage.users.save(centre.storage.users.get("00uA"), ann(status="SUSPENDED"), [])
    assert centre.stored(centre.begin(login_hint=None, id_token_hint=token)).user_id is None
    other = centre.storage.clients.get(OTHER)
    centre.storage.clients.save(other, replace(other, grant_types=("authorization_code", CIBA)), [])
    answer = centre.wish(client=OTHER, login_hint=None, id_token_hint=token)
    assert centre.reason(answer) == "ciba_request_invalid_id_token_hint"


def test_who_asks_too_often_is_slowed_down_by_five_seconds_each_time() -> None:
    centre = CallCentre()
    asked = centre.begin()
    centre.poll(asked)
    centre.clock.advance(seconds=2)

    assert centre.reason(centre.poll(asked)) == "ciba_slow_down"
    centre.clock.advance(seconds=9)
    assert centre.reason(centre.poll(asked)) == "ciba_slow_down"  # ten seconds by now
    centre.clock.advance(seconds=15)
    assert centre.reason(centre.poll(asked)) == "ciba_authorization_pending"


def test_denied_expired_unknown_and_anothers() -> None:
    centre = CallCentre()
    denied, late, own = (centre.begin(requested_expiry="60") for _ in range(3))
    centre.decide(denied, "DENIED")
    other = centre.storage.clients.get(OTHER)
    centre.storage.clients.save(other, replace(other, grant_types=("authorization_code", CIBA)), [])
    centre.decide(own, "APPROVED")

    assert (centre.poll(denied).status, centre.reason(centre.poll(denied))) == (400, "ciba_denied")
    for unknown in ("unknown", "x" * 5_000, "\u202e"):
        assert centre.reason(centre.poll(unknown)) == "invalid_auth_req_id"
    assert (
        centre.reason(centre.token(a_form({"grant_type": CIBA}, headers=basic()))) == "missing_token_request_parameter"
    )
    assert centre.reason(centre.poll(own, client=OTHER)) == "mismatched_client"
    assert centre.stored(own).status == "APPROVED"
    centre.clock.advance(seconds=60)
    assert centre.reason(centre.poll(late)) == "ciba_expired_auth_req_id"
    assert centre.reason(centre.poll(own)) == "ciba_expired_auth_req_id"


def test_what_ended_between_the_approval_and_the_poll_ends_it() -> None:
    centre = CallCentre()
    asked = centre.begin()
    user = centre.storage.users.get("00uA")
    client = centre.storage.clients.get(CLIENT_ID)
    centre.decide(asked, "APPROVED")
    changes: list[tuple[Any, Any, str]] = [
        (user, replace(user, status="SUSPENDED"), "invalid_auth_req_id"),
        (user, replace(user, token_generation=1), "invalid_auth_req_id"),
        (client, replace(client, token_generation=1), "invalid_auth_req_id"),
        (client, replace(client, grant_types=("authorization_code",)), "unauthorized_client"),
        (client, replace(client, implicit_assignment=False), "user_not_assigned"),
    ]

    for before, after, reason in changes:
        records: Any = centre.storage.users if before is user else centre.storage.clients
        records.save(records.get(before.id), replace(after, version=records.get(before.id).version), [])
        assert centre.reason(centre.poll(asked)) == reason
        records.save(records.get(before.id), replace(before, version=records.get(before.id).version), [])

    assert centre.poll(asked).status == 200


def test_of_two_polls_at_once_one_gets_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    centre = CallCentre()
    asked = centre.begin()
    centre.decide(asked, "APPROVED")
    requests = centre.storage.backchannel_requests
    redeem = requests.redeem

    def beaten(*values: Any) -> None:
        redeem(*values)
        redeem(*values)

    monkeypatch.setattr(requests, "redeem", beaten)

    assert centre.reason(centre.poll(asked)) == "invalid_auth_req_id"
    assert centre.stored(asked).status == "SPENT"


def test_a_key_is_fixed_by_the_first_tokens() -> None:
    centre = CallCentre(dpop_bound=True)
    asked = centre.begin()
    centre.decide(asked, "APPROVED")
    assert centre.reason(centre.poll(asked)) == "invalid_dpop_proof_missing_header"
    form = {"grant_type": CIBA, "auth_req_id": asked}
    uri = f"{ISSUER}/v1/token"
    answer = centre.token(a_form(form, headers=basic() | {"dpop": KEY.proof(uri)}))
    nonce = dict(answer.headers)["dpop-nonce"]

    body = decoded(centre.token(a_form(form, headers=basic() | {"dpop": KEY.proof(uri, nonce=nonce)})).body)

    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert (body["token_type"], claims["cnf"]) == ("DPoP", {"jkt": KEY.jkt})


def test_tokens_are_for_the_resource_that_was_named() -> None:
    server = replace(
        a_code_server(grant_types=(CIBA,)),
        resource_indicators=True,
        resources=(a_resource("https://a.example/mcp"), a_resource("https://b.example")),
    )
    centre = CallCentre(server)
    asked = centre.begin(scope="openid orders:read", resources=["https://a.example/mcp"])
    centre.decide(asked, "APPROVED")

    body = decoded(centre.poll(asked).body)

    assert jwt.decode(body["access_token"], options={"verify_signature": False})["aud"] == "https://a.example/mcp"
    assert centre.reason(centre.wish(resources=["https://c.example"])) == "unsupported_resource"


def test_without_storage_the_client_is_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    centre = CallCentre()

    def away(_: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(centre.storage.backchannel_requests, "add", away)
    answer = centre.wish()

    assert (answer.status, decoded(answer.body)["error"]) == (503, "temporarily_unavailable")
    assert centre.events.emitted == []


# Signed requests.


def a_signing_centre(**changes: Any) -> CallCentre:
    keys = (ClientKey("pks1", {**KEY.jwk, "kid": "k1"}, NOW, NOW),)
    return CallCentre(**{"keys": keys, "backchannel_algorithm": "ES256"} | changes)


def an_object(key: Any = None, algorithm: str = "ES256", **changes: Any) -> str:
    claims = {"iss": CLIENT_ID, "aud": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 60, "jti": "j1"}
    claims |= {"scope": "openid", "login_hint": LOGIN, "binding_message": "K7", "requested_expiry": 30}
    said = {name: value for name, value in (claims | changes).items() if value is not None}
    said = {name: None if value == "null" else value for name, value in said.items()}
    return jwt.encode(said, key or KEY.private, algorithm, {"kid": "k1"})


def why(centre: CallCentre, answer: Response) -> str | None:
    """The internal id of what is wrong with a request: there is one error for all that is (CIBA Core §13)."""
    assert (answer.status, decoded(answer.body)["error"]) == (400, "invalid_request")
    return centre.events.emitted[-1].reason


def signed(centre: CallCentre, text: str, **beside: str) -> Response:
    return centre.device(a_form({"request": text} | beside, headers=basic(), path="bc/authorize"))


def test_a_signed_request_counts_once() -> None:
    centre = a_signing_centre()

    answer = signed(centre, an_object())

    assert decoded(answer.body)["expires_in"] == 30
    (request,) = centre.storage.backchannel_requests.waiting_for("00uA")
    assert request.binding_message == "K7"
    assert why(centre, signed(centre, an_object())) == "request_object_already_used"
    assert signed(centre, an_object(jti="j2", requested_expiry="30", aud=[ISSUER, "x"])).status == 200


OBJECTS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"without {name}": ({name: None}, "request_object_invalid") for name in ("iat", "nbf", "exp", "jti")},
    **{f"with null for {name}": ({name: "null"}, "request_object_invalid") for name in ("iat", "nbf", "exp", "jti")},
    "with a word for a time": ({"exp": "soon"}, "request_object_invalid"),
    "with true for its end": ({"nbf": True}, "request_object_invalid"),
    "without iss": ({"iss": None}, "request_object_invalid_issuer"),
    "without aud": ({"aud": None}, "request_object_audience_mismatch"),
    "of another client": ({"iss": OTHER}, "request_object_invalid_issuer"),
    "for another server": ({"aud": f"{BASE_URL}/oauth2/ausOther"}, "request_object_audience_mismatch"),
    "expired": ({"exp": NOW}, "request_object_jwt_expired"),
    "for more than an hour": ({"exp": NOW + 3_601}, "request_object_jwt_expiration_too_long"),
    "for more than an hour since it began": ({"nbf": NOW - 3_600}, "request_object_jwt_expiration_too_long"),
    "of tomorrow": ({"nbf": NOW + 16}, "request_object_before_nbf"),
    "with a number for a scope": ({"scope": 5}, "request_object_invalid"),
    "with a list for a hint": ({"login_hint": [LOGIN]}, "request_object_invalid"),
    "with true for a time": ({"requested_expiry": True}, "request_object_invalid"),
    "with an object for a resource": ({"resource": {}}, "request_object_invalid"),
    "with details": ({"authorization_details": "[]"}, "authorization_details_not_supported"),
    "with two hints": ({"id_token_hint": "x"}, "ciba_request_invalid_hint"),
    "by another algorithm": ({"key": SECRET, "algorithm": "HS256"}, "request_object_header_algo_mismatch"),
    "by another key": ({"key": Key("ES256").private}, "request_object_bad_signature"),
}


@pytest.mark.parametrize(("changes", "reason"), OBJECTS.values(), ids=OBJECTS.keys())
def test_a_signed_request_that_is_not_good_is_refused(changes: dict[str, Any], reason: str) -> None:
    centre = a_signing_centre()

    assert why(centre, signed(centre, an_object(**changes))) == reason
    assert centre.storage.backchannel_requests.records == {}


@pytest.mark.parametrize("name", ["scope", "login_hint", "binding_message", "requested_expiry", "resource"])
def test_nothing_may_stand_beside_a_signed_request(name: str) -> None:
    centre = a_signing_centre()

    assert why(centre, signed(centre, an_object(), **{name: "x"})) == "ciba_request_outside_of_object"
    assert signed(centre, an_object()).status == 200  # which was not used up


def test_a_refused_request_does_not_use_its_object_up() -> None:
    centre = a_signing_centre()
    assert centre.reason(signed(centre, an_object(scope="openid nothing"))) == "no_matching_scope"

    assert signed(centre, an_object()).status == 200
