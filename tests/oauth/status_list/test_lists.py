"""Status lists end to end in memory: a token names its place, and whatever ends the token is seen there."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import jwt
import pytest
from authmint.http import Request
from authmint.jose.encoding import b64decode
from authmint.keys.birth import new_key
from authmint.keys.vault import VaultUnavailable
from authmint.oauth.issuance import Draft, Recipient
from authmint.oauth.status_list.document import is_revoked
from authmint.oauth.status_list.ends import StatusEnds
from authmint.oauth.status_list.hung import Hung
from authmint.runtime import wiring
from authmint.storage.lifetimes import Lifetimes
from authmint.storage.logout_notices import EndedTokens
from authmint.storage.servers import Claim
from authmint.storage.status_lists import SIZE, Run
from authmint.tokens.signer import WarmSigners
from authmint.verifier import Refused, Verifier

from tests.oauth.exchanges import LEDGER, LEDGER_AUDIENCE, Chain, a_ledger_server, an_orders_server
from tests.oauth.people import PASSWORD, ann
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_form, basic
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, decoded

HOUR = 3_600


class Listed(Chain):
    """Both servers publish lists; what reads them, as a verifier does."""

    def __init__(self, **changes: Any) -> None:
        values = {"status_list": True} | changes
        super().__init__(an_orders_server(**values), a_ledger_server(status_list=True))
        self.delivery = wiring.backchannel_logout(self.parts).direct

    def deliver(self) -> None:
        """What ended is told to the lists."""
        assert self.delivery is not None
        self.delivery({})

    def get_list(self, uri: str, headers: Any = None) -> Any:
        assert uri.startswith(f"{BASE_URL}/oauth2/"), uri
        server_id, _, list_id = uri.removeprefix(f"{BASE_URL}/oauth2/").partition("/v1/status/")
        path = {"authServerId": server_id, "list": list_id}
        request = Request("GET", f"/oauth2/{server_id}/v1/status/{list_id}", BASE_URL, path, headers=headers or {})
        return self.status_list(request)

    def marked(self, token: str) -> bool:
        """What the list says of a token."""
        place = claims_of(token)["status"]["status_list"]
        payload = claims_of(self.get_list(place["uri"]).body.decode())
        assert payload["sub"] == place["uri"]
        return is_revoked(zlib.decompress(b64decode(payload["status_list"]["lst"])), place["idx"])


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.fixture
def here() -> Listed:
    return Listed()


def test_a_server_without_lists_says_nothing_of_them() -> None:
    here = Listed(status_list=False)

    assert "status" not in claims_of(here.machines())
    assert not here.storage.status_lists.taken
    assert here.get_list(f"{BASE_URL}/oauth2/{SERVER_ID}/v1/status/20231114-0").status == 404


def test_a_claim_of_that_name_from_before_gives_way_where_the_server_has_lists_and_stays_elsewhere() -> None:
    claims = (Claim("ocl1", "status", "RESOURCE", "EXPRESSION", '"gold"'),)

    assert claims_of(Listed(status_list=False, claims=claims).machines())["status"] == "gold"
    assert claims_of(Listed(claims=claims).machines())["status"].keys() == {"status_list"}


def test_revoking_a_token_marks_it_alone(here: Listed) -> None:
    first, second = here.machines(), here.machines()
    answers = [here.revoke(a_form({"token": first}, headers=basic("0oaSVC1"), path="revoke")).status for _ in range(2)]

    assert answers == [200, 200]
    assert (here.marked(first), here.marked(second)) == (True, False)
    assert not here.lives(first)


def test_another_clients_token_is_left_alone_in_the_list_too(here: Listed) -> None:
    token = here.machines(1)

    here.revoke(a_form({"token": token}, headers=basic("0oaSVC2"), path="revoke"))

    assert not here.marked(token)


def test_a_family_takes_all_its_tokens_along(here: Listed) -> None:
    given = here.signed_in()
    refreshed = decoded(here.refresh(given["refresh_token"]).body)
    stranger = here.users()
    other = here.machines()

    here.revoke(a_form({"token": refreshed["refresh_token"]}, headers=basic(), path="revoke"))
    here.deliver()

    assert [here.marked(one["access_token"]) for one in (given, refreshed)] == [True, True]
    assert [here.marked(one) for one in (stranger, other)] == [False, False]


def replayed_code(here: Listed) -> str:
    code = here.code()
    token: str = decoded(here.redeem(code).body)["access_token"]
    assert here.redeem(code).status == 400
    return token


def reused_refresh_token(here: Listed) -> str:
    given = here.signed_in()
    assert here.refresh(given["refresh_token"]).status == 200
    here.clock.advance(seconds=60)
    assert here.refresh(given["refresh_token"]).status == 400
    token: str = given["access_token"]
    return token


def everything_of_the_user(here: Listed) -> str:
    token = here.users()
    change_user(here, token_generation=1)
    return token


def suspended_user(here: Listed) -> str:
    token = here.users()
    change_user(here, status="SUSPENDED")
    return token


def client_of_a_person(here: Listed) -> str:
    token = here.users()
    deactivate(here, CLIENT_ID)
    return token


def client_of_a_machine(here: Listed) -> str:
    token = here.machines(3)
    deactivate(here, "0oaSVC3")
    return token


def deleted_client(here: Listed) -> str:
    token = here.machines(3)
    here.storage.clients.delete(here.storage.clients.get("0oaSVC3"), [])
    return token


def suspended_user_of_a_password(here: Listed) -> str:
    """Such a token has no family."""
    client, server = here.storage.clients.get(CLIENT_ID), here.storage.servers.get(SERVER_ID)
    here.storage.clients.save(client, replace(client, application_type="native", grant_types=("password",)), [])
    (policy,) = server.policies
    rules = tuple(replace(rule, grant_types=(*rule.grant_types, "password")) for rule in policy.rules)
    here.storage.servers.save(server, replace(server, policies=(replace(policy, rules=rules),)), [])
    form = {"grant_type": "password", "username": ann().login, "password": PASSWORD, "scope": "openid orders:read"}
    token: str = decoded(here.token(a_form(form, headers=basic())).body)["access_token"]
    assert not family_of(token).startswith("oar")
    change_user(here, status="SUSPENDED")
    return token


def change_user(here: Listed, **changes: Any) -> None:
    here.clock.advance(seconds=1)
    before = here.storage.users.get("00uA")
    here.storage.users.save(before, replace(before, updated_at=here.clock.now(), **changes), [])


def deactivate(here: Listed, client_id: str) -> None:
    before = here.storage.clients.get(client_id)
    changed = replace(before, status="INACTIVE", token_generation=before.token_generation + 1)
    here.storage.clients.save(before, changed, [])


ENDS = (
    replayed_code, reused_refresh_token, everything_of_the_user, suspended_user, suspended_user_of_a_password,
    client_of_a_person, client_of_a_machine, deleted_client,
)  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_token_marks_it_within_a_minute(here: Listed, end: Callable[[Listed], str]) -> None:
    others = [here.machines(5), here.machines(6)]

    token = end(here)
    assert not here.lives(token)
    here.deliver()

    assert here.marked(token)
    assert not any(here.marked(other) for other in others)


@pytest.mark.parametrize("end", [everything_of_the_user, client_of_a_person, client_of_a_machine])
def test_a_token_that_is_noted_late_is_found_by_the_second_look(here: Listed, end: Callable[[Listed], str]) -> None:
    """Its request read what ended while it was alive, and noted the token after who ended it had looked."""
    noted = here.storage.status_lists.noted
    token = end(here)
    late = {what: set(runs) for what, runs in noted.items()}
    noted.clear()
    here.deliver()
    assert not here.marked(token)
    noted.update(late)

    here.clock.advance(seconds=120)
    here.deliver()

    assert here.marked(token)
    assert not here.storage.logout_notices.waiting


CHAIN: dict[str, tuple[Callable[[Listed, str, str], Any], int]] = {
    "the sign-in": (lambda here, user, _: here.storage.families.revoke(family_of(user), "user", at=NOW), 0),
    "everything of the user": (lambda here, *_: change_user(here, token_generation=1), 0),
    "the app": (lambda here, *_: deactivate(here, CLIENT_ID), 0),
    "the first service": (lambda here, *_: deactivate(here, "0oaSVC1"), 1),
    "the first service's token": (
        lambda here, _, first: here.revoke(a_form({"token": first}, headers=basic("0oaSVC1"), path="revoke")), 1
    ),
    "the second service": (lambda here, *_: deactivate(here, "0oaSVC2"), 2),
}  # fmt: skip


@pytest.mark.parametrize("what", CHAIN)
def test_every_link_of_a_chain_ends_with_what_is_before_it(here: Listed, what: str) -> None:
    """A service behind a service behind a user, at two servers: introspection and lists agree about each."""
    user, apart = here.users(), here.machines(5)
    first = here.exchanged(user, by=1)
    second = here.exchanged(first, by=2, at=LEDGER, scope="ledger:read")
    third = here.exchanged(second, by=3, at=LEDGER, scope="ledger:read")
    end, living = CHAIN[what]

    end(here, user, first)
    here.deliver()

    chain = ((user, SERVER_ID), (first, SERVER_ID), (second, LEDGER), (third, LEDGER), (apart, SERVER_ID))
    lives = [here.lives(token, at=server_id, by=6) for token, server_id in chain]
    assert lives == [True] * living + [False] * (4 - living) + [True]
    assert [here.marked(token) for token, _ in chain] == [not alive for alive in lives]


def family_of(token: str) -> str:
    family: str = claims_of(token)["jti"].rpartition(".")[2]
    return family


def test_a_list_is_signed_by_the_key_that_signs_now(here: Listed) -> None:
    uri = claims_of(here.machines())["status"]["status_list"]["uri"]

    def signed_by() -> str:
        kid: str = jwt.get_unverified_header(here.get_list(uri).body.decode())["kid"]
        return kid

    server = here.storage.servers.get(SERVER_ID)
    assert signed_by() == server.active_key.kid
    old = replace(server.active_key, status="EXPIRED", expired_at=NOW)
    new = new_key(SERVER_ID, "ES256", FakeKeyPairs(), CountingIds(99), NOW)
    here.storage.servers.save(server, replace(server, keys=(old, new)), [])
    assert signed_by() == new.kid


def test_offline_verifiers_refuse_every_link_of_a_chain_within_the_lifetime_of_the_list(here: Listed) -> None:
    """They ask the authorization server for its keys and for lists, and for nothing else."""
    keys, asked = wiring.key_set(here.parts).http, set[str]()
    assert keys is not None

    def fetch(uri: str) -> bytes:
        asked.add(uri.rpartition("/v1/")[2].partition("/")[0])
        if uri.endswith("/v1/keys"):
            server_id = uri.removeprefix(f"{BASE_URL}/oauth2/").partition("/")[0]
            path = {"authServerId": server_id}
            return keys(Request("GET", f"/oauth2/{server_id}/v1/keys", BASE_URL, path)).body
        answer = here.get_list(uri)
        assert answer.status == 200
        body: bytes = answer.body
        return body

    def verifier(server_id: str, audience: str) -> Verifier:
        return Verifier(f"{BASE_URL}/oauth2/{server_id}", audience, fetch=fetch, clock=here.clock.now)

    apis = (verifier(SERVER_ID, "api://orders"), verifier(LEDGER, LEDGER_AUDIENCE))
    user = here.users()
    first = here.exchanged(user, by=1)
    second = here.exchanged(first, by=2, at=LEDGER, scope="ledger:read")
    apart = here.exchanged(here.users(), by=1)
    chain = ((apis[0], user), (apis[0], first), (apis[1], second))
    for api, token in (*chain, (apis[0], apart)):
        assert api.verify(f"Bearer {token}")

    here.storage.families.revoke(claims_of(user)["jti"].rpartition(".")[2], "user", at=here.clock.now())
    here.deliver()
    here.clock.advance(seconds=300)

    for api, token in chain:
        assert not here.lives(token, at=SERVER_ID if api is apis[0] else LEDGER)
        with pytest.raises(Refused, match="revoked"):
            api.verify(f"Bearer {token}")
    assert apis[0].verify(f"Bearer {apart}")
    assert asked == {"keys", "status"}


def test_an_exchange_during_a_revocation_leaves_no_token_alive(here: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is revoked when the new one is noted already, and what revokes it has looked before that."""
    user = here.users()
    note = here.storage.status_lists.note

    def revoked_meanwhile(what: str, run: Any) -> None:
        monkeypatch.setattr(here.storage.status_lists, "note", note)
        here.revoke(a_form({"token": user}, headers=basic(), path="revoke"))
        note(what, run)

    monkeypatch.setattr(here.storage.status_lists, "note", revoked_meanwhile)
    answer = here.exchange(user)

    assert answer.status == 400
    assert here.reason(answer) == "token_exchange_subject_token_expired"


def test_a_family_that_ends_while_it_is_enlisted_gives_nothing(here: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It began before the server had lists."""
    server = here.storage.servers.get(SERVER_ID)
    here.storage.servers.save(server, replace(server, status_list=False), [])
    given = here.signed_in()
    server = here.storage.servers.get(SERVER_ID)
    here.storage.servers.save(server, replace(server, status_list=True), [])
    family = claims_of(given["access_token"])["jti"].rpartition(".")[2]
    enlist = here.storage.families.enlist

    def revoked_before(family_id: str, *, at: int) -> None:
        here.storage.families.revoke(family_id, "administrator", at=at)
        enlist(family_id, at=at)

    monkeypatch.setattr(here.storage.families, "enlist", revoked_before)
    assert here.reason(here.refresh(given["refresh_token"])) == "invalid_grant"
    assert not here.storage.families.get(family).listed


def test_a_family_from_before_the_server_had_lists_leaves_a_notice_once_it_has_a_token_in_one(here: Listed) -> None:
    server = here.storage.servers.get(SERVER_ID)
    here.storage.servers.save(server, replace(server, status_list=False), [])
    given = here.signed_in()
    server = here.storage.servers.get(SERVER_ID)
    here.storage.servers.save(server, replace(server, status_list=True), [])
    refreshed = decoded(here.refresh(given["refresh_token"]).body)

    here.revoke(a_form({"token": refreshed["refresh_token"]}, headers=basic(), path="revoke"))
    here.deliver()

    assert "status" not in claims_of(given["access_token"])
    assert here.marked(refreshed["access_token"])


def test_a_token_of_a_server_without_lists_takes_along_what_was_exchanged_for_it_elsewhere() -> None:
    here = Listed(status_list=False)
    user, machine = here.users(), here.machines()
    children = [here.exchanged(token, by=2, at=LEDGER, scope="ledger:read") for token in (user, machine)]
    here.revoke(a_form({"token": machine}, headers=basic("0oaSVC1"), path="revoke"))
    assert [here.marked(child) for child in children] == [False, True]
    here.clock.advance(seconds=5)

    here.storage.families.revoke(claims_of(user)["jti"].rpartition(".")[2], "user", at=here.clock.now())
    here.deliver()

    assert [here.marked(child) for child in children] == [True, True]


def test_places_of_many_tokens_are_all_different_and_runs_grow(here: Listed) -> None:
    places = [claims_of(here.machines(number % 2 + 1))["status"]["status_list"]["idx"] for number in range(100)]

    assert len(set(places)) == 100
    noted = here.storage.status_lists.noted
    assert [run.count for run in here.storage.status_lists.under("client#0oaSVC1")] == [8, 32, 176]
    assert {run.first for runs in noted.values() for run in runs} == {0, 8, 16, 48, 80, 256}
    assert here.storage.status_lists.taken[SERVER_ID, next(iter(here.storage.status_lists.lists))[1]] == 512


def test_tokens_that_requests_share_have_one_place(here: Listed) -> None:
    client = here.storage.clients.get("0oaSVC1")
    here.storage.clients.save(client, replace(client, shares_seconds=60), [])

    assert here.machines() == here.machines()


def test_a_full_list_is_followed_by_the_next(here: Listed) -> None:
    first = claims_of(here.machines())["status"]["status_list"]["uri"]
    (place,) = here.storage.status_lists.lists
    here.storage.status_lists.taken[place] = SIZE - 255
    fresh = wiring.token(here.parts).http
    assert fresh is not None

    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    answer = decoded(fresh(a_form(form, headers=basic("0oaSVC1"))).body)

    assert claims_of(answer["access_token"])["status"]["status_list"]["uri"] == first.removesuffix("-0") + "-1"


def test_the_list_is_signed_by_the_server_and_says_when_to_come_again(here: Listed) -> None:
    token = here.machines()
    uri = claims_of(token)["status"]["status_list"]["uri"]

    answer = here.get_list(uri)
    headers = dict(answer.headers)

    assert headers["content-type"] == "application/statuslist+jwt"
    assert headers["cache-control"] == "public, max-age=60"
    assert headers["access-control-allow-origin"] == "*"
    assert jwt.get_unverified_header(answer.body.decode())["typ"] == "statuslist+jwt"
    server = here.storage.servers.get(SERVER_ID)
    key = jwt.PyJWK({**server.active_key.jwk, "alg": "RS256"})
    payload = jwt.decode(answer.body, key, ["RS256"], options={"verify_exp": False, "verify_iat": False})
    assert payload["exp"] - payload["iat"] == 86_400
    assert len(zlib.decompress(b64decode(payload["status_list"]["lst"]))) == SIZE // 8
    again = here.get_list(uri, {"if-none-match": headers["etag"]})
    assert (again.status, again.body, dict(again.headers)["etag"]) == (304, b"", headers["etag"])


def test_a_list_is_signed_anew_when_it_changed_or_after_an_hour_and_looked_at_every_five_seconds(here: Listed) -> None:
    token = here.machines()
    uri = claims_of(token)["status"]["status_list"]["uri"]

    def signed_at() -> int:
        at: int = claims_of(here.get_list(uri).body.decode())["iat"]
        return at

    began = signed_at()
    here.clock.advance(seconds=60)
    assert signed_at() == began
    here.revoke(a_form({"token": token}, headers=basic("0oaSVC1"), path="revoke"))
    assert not here.marked(token), "it was looked at in this second"
    here.clock.advance(seconds=5)
    assert here.marked(token)
    assert signed_at() == began + 65
    here.clock.advance(seconds=HOUR)
    assert signed_at() == began + 65 + HOUR


def test_a_list_that_cannot_be_signed_now_is_signed_with_everything_later(
    here: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = here.machines()
    here.get_list(claims_of(token)["status"]["status_list"]["uri"])
    here.revoke(a_form({"token": token}, headers=basic("0oaSVC1"), path="revoke"))
    here.clock.advance(seconds=5)

    with monkeypatch.context() as broken:
        broken.setattr(WarmSigners, "signer", Mock(side_effect=VaultUnavailable("KMS Decrypt: throttled")))
        assert here.get_list(claims_of(token)["status"]["status_list"]["uri"]).status == 503
    here.clock.advance(seconds=5)

    assert here.marked(token)


@pytest.mark.parametrize(
    "path", ["status/20991203-9", "status/x", "status/", "status/20991203-0/x", "status/" + "9" * 300, "status"]
)
def test_a_list_that_is_not_there_is_not_found(here: Listed, path: str) -> None:
    here.machines()

    assert here.get_list(f"{BASE_URL}/oauth2/{SERVER_ID}/v1/{path}").status == 404


def test_a_list_is_served_as_long_as_its_tokens_live_whatever_the_server_says_now(here: Listed) -> None:
    uri = claims_of(here.machines())["status"]["status_list"]["uri"]
    server = here.storage.servers.get(SERVER_ID)
    here.storage.servers.save(server, replace(server, status_list=False), [])
    assert here.get_list(uri).status == 200

    here.clock.advance(seconds=3 * 86_400)
    assert here.get_list(uri).status == 404


def test_a_server_that_is_gone_gives_no_list(here: Listed) -> None:
    uri = claims_of(here.machines())["status"]["status_list"]["uri"]
    assert here.get_list(uri.replace(SERVER_ID, "ausNONE")).status == 404
    server = here.storage.servers.get(SERVER_ID)
    here.storage.servers.save(server, replace(server, status="INACTIVE"), [])

    assert here.get_list(uri).status == 404


def test_a_client_that_ends_at_one_server_keeps_what_it_has_at_another_and_what_is_newer(here: Listed) -> None:
    """As clients do that nobody registered."""
    now, lists, entries = here.clock.now(), here.storage.status_lists, here.parts.status_entries()
    client = replace(here.storage.clients.get(CLIENT_ID), id="https://app.example/client.json")

    def given(server_id: str, generation: int) -> Any:
        recipient = Recipient(here.storage.servers.get(server_id), "i", replace(client, token_generation=generation))
        draft = Draft(recipient, Lifetimes(600), (), (), {"exp": now + 600})
        return entries.assigned(draft, Hung(), now=now).access_token["status"]["status_list"]["idx"]

    old, other, new = given(SERVER_ID, 1), given(LEDGER, 1), given(SERVER_ID, now)
    here.storage.logout_notices.add(EndedTokens.of_client(client.id, now, at=now, server_id=SERVER_ID))
    here.deliver()

    revoked = {server_id: set(lists.revoked(server_id, list_id)) for server_id, list_id in lists.lists}
    assert old in revoked[SERVER_ID]
    assert new not in revoked[SERVER_ID]
    assert other not in revoked[LEDGER]


def test_a_client_with_more_tokens_than_there_is_time_for_is_gone_on_with_later(here: Listed) -> None:
    """What was done is not done again: an invocation that is cut off again and again comes to an end."""
    lists, now = here.storage.status_lists, here.clock.now()
    token = claims_of(here.machines(4))["status"]["status_list"]
    (server_id, list_id), known = next(iter(lists.lists.items()))
    for number in range(250):
        lists.note("client#0oaSVC4", Run(server_id, list_id, 1_000 + number, 1, known.expires_at))
    turns = iter((True, False, True, False, True, True))
    ends = StatusEnds(lists)

    done = [ends.of_client("0oaSVC4", 1, now=now, go_on=lambda: next(turns)) for _ in range(3)]

    assert done == [False, False, True]
    places = list(lists.revoked(server_id, list_id))
    assert len(places) == len(set(places)) == 258
    assert token["idx"] in places
    assert not lists.under("client#0oaSVC4")


def test_a_token_that_is_revoked_again_and_again_makes_no_list_longer(here: Listed) -> None:
    token = here.machines()
    here.exchanged(token, by=2)

    def revoked(times: int) -> int:
        for _ in range(times):
            here.revoke(a_form({"token": token}, headers=basic("0oaSVC1"), path="revoke"))
        return sum(len(places) for places in here.storage.status_lists.ended.values())

    assert revoked(1) == 2
    assert revoked(3) == 5, "who comes back at once was perhaps not answered"
    here.clock.advance(seconds=120)
    assert revoked(3) == 5


def test_after_a_restore_no_list_from_before_is_gone_on_with(here: Listed) -> None:
    before = claims_of(here.machines())["status"]["status_list"]["uri"]
    here.parts.settings = replace(here.parts.settings, assertions_since=4_100_000_000)
    restored = wiring.token(here.parts).http
    assert restored is not None

    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    after = decoded(restored(a_form(form, headers=basic("0oaSVC1"))).body)["access_token"]

    assert claims_of(after)["status"]["status_list"]["uri"] == before.removesuffix("-0") + "-4100000000"
    assert not here.marked(after)


def test_many_that_end_at_once_keep_nobody_waiting_for_another_run(here: Listed) -> None:
    token = here.machines(4)
    for number in range(250):
        here.storage.logout_notices.add(EndedTokens.of_family(f"oar{number}", at=here.clock.now() - 120))
    deactivate(here, "0oaSVC4")

    here.deliver()

    assert here.marked(token)
    assert len(here.storage.logout_notices.waiting) == 1
