"""Families, codes, sessions, consents, requests and device codes, in memory and in DynamoDB."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from authmint.storage.backchannel_requests import MOST_OPEN, TooManyOpen
from authmint.storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound
from authmint.storage.lineages import Ancestor
from authmint.storage.sessions import SessionToken
from authmint.storage.sign_on_transactions import Proof, SignOnTransaction
from authmint.storage.token_families import RefreshToken, TokenFamily

from tests.memory.storage import MemoryStorage
from tests.storage.grant_records import (
    OTHER_RP,
    RP,
    Storage,
    a_backchannel_request,
    a_code,
    a_consent,
    a_device_code,
    a_family,
    a_request,
    a_session,
    a_token,
    in_dynamo,
    redeem_backchannel,
    redeem_code,
    redeem_device,
    rotated,
)
from tests.storage.racing import race
from tests.support.backend import Deployed
from tests.support.fakes import NOW

#: What cannot be a key: too long for DynamoDB, or not printable.
IMPOSSIBLE = ["", "x" * 3_000, "\x00", "ö", "a\nb", "\ud800"]


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        m = MemoryStorage()
        return Storage(
            m.families,
            m.codes,
            m.sessions,
            m.session_tokens,
            m.consents,
            m.requests,
            m.device_codes,
            m.sign_ons,
            m.logout_notices,
            m.backchannel_requests,
        )
    deployed: Deployed = request.getfixturevalue("deployed")
    return in_dynamo(deployed.tables())


def families_of(storage: Storage) -> list[str]:
    return [family.id for family in storage.families.of_user("00u1")]


# Families


def test_a_family_comes_back_with_its_refresh_token(storage: Storage) -> None:
    family = a_family(session_id="102", acr="urn:x", amr=("pwd", "otp"), expires_at=NOW + 9)
    storage.families.add(family, a_token())

    assert storage.families.get("oar1") == family
    assert storage.families.find("oar1", "t1") == (family, a_token())
    with pytest.raises(NotFound):
        storage.families.find("oar1", "t2")
    with pytest.raises(NotFound):
        storage.families.find("oar2", "t1")
    with pytest.raises(NotFound):
        storage.families.get("oar2")


def test_a_family_without_a_refresh_token_says_so_and_is_nothing_of_a_client(storage: Storage) -> None:
    storage.families.add(a_family(), None)

    assert not storage.families.get("oar1").holds_refresh_token
    assert storage.families.of_client("ausA", "0oaA") == []
    assert storage.families.clients_at("ausA", anyone) == ([], None)
    assert storage.families.of_user("00u1") == [a_family(holds_refresh_token=False, current=None)]


def test_a_family_with_ancestors_is_kept_and_in_no_list(storage: Storage) -> None:
    above = (Ancestor("ausA", "AT.1.oar1", "0oaA", "oar1", 3), Ancestor("ausB", "AT.2.g1-0", "0oaB"))
    child = a_family(id="oar9", holds_refresh_token=False, current=None, user_id=None, ancestors=above)
    storage.families.add(child, None)

    assert storage.families.get("oar9") == child
    assert storage.families.of_user("00u1") == []
    with pytest.raises(AlreadyExists):
        storage.families.add(child, None)
    assert storage.families.revoke("oar9", "administrator", at=NOW)
    assert not storage.families.revoke("oar9", "administrator", at=NOW)
    assert storage.families.get("oar9").revoked_at == NOW


def test_a_family_is_added_once(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())
    storage.families.revoke("oar1", "user", at=NOW)

    with pytest.raises(AlreadyExists):
        storage.families.add(a_family(), a_token("t2"))
    assert storage.families.get("oar1").revoked_at == NOW


def test_rotation_spends_one_token_and_stores_its_successor(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())
    spent, successor = rotated(a_token(), answer="x" * 32_768), a_token("t2", idle_expires_at=NOW + 900)

    storage.families.rotate(spent, successor, at=NOW + 1)

    assert storage.families.find("oar1", "t1") == (a_family(updated_at=NOW + 1, current="t2"), spent)
    assert storage.families.find("oar1", "t2") == (a_family(updated_at=NOW + 1, current="t2"), successor)


def test_a_token_is_rotated_once(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())
    storage.families.rotate(rotated(a_token()), a_token("t2"), at=NOW + 1)

    with pytest.raises(AlreadyUsed):
        storage.families.rotate(rotated(a_token(), request="other"), a_token("t3"), at=NOW + 2)
    storage.families.revoke("oar1", "reuse", at=NOW + 3)
    with pytest.raises(AlreadyUsed):
        storage.families.rotate(rotated(a_token()), a_token("t3"), at=NOW + 4)

    assert storage.families.find("oar1", "t1")[1].request == "r"
    with pytest.raises(NotFound):
        storage.families.find("oar1", "t3")


def test_nothing_is_rotated_or_used_in_a_revoked_family(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())
    storage.families.revoke("oar1", "administrator", at=NOW)

    with pytest.raises(Conflict):
        storage.families.rotate(rotated(a_token()), a_token("t2"), at=NOW + 1)
    with pytest.raises(Conflict):
        storage.families.used(a_token(), idle_expires_at=NOW + 900, at=NOW + 1)

    assert storage.families.find("oar1", "t1")[1] == a_token()
    with pytest.raises(NotFound):
        storage.families.find("oar1", "t2")


def test_what_is_not_there_is_not_rotated_used_or_revoked(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())

    for token in (a_token("t9"), a_token(family_id="oar9")):
        with pytest.raises(NotFound):
            storage.families.rotate(rotated(token), replace(token, digest="t2"), at=NOW)
        with pytest.raises(NotFound):
            storage.families.used(token, idle_expires_at=NOW, at=NOW)
    with pytest.raises(NotFound):
        storage.families.revoke("oar9", "user", at=NOW)
    with pytest.raises(NotFound):
        storage.families.find("oar1", "t2")


@pytest.mark.parametrize("later", [900, 90 * 86_400])
def test_use_moves_the_idle_expiry_on(storage: Storage, later: int) -> None:
    storage.families.add(a_family(), a_token())

    storage.families.used(a_token(), idle_expires_at=NOW + later, at=NOW + 7)

    expected = (a_family(updated_at=NOW + 7), a_token(idle_expires_at=NOW + later))
    assert storage.families.find("oar1", "t1") == expected


def test_a_family_is_revoked_once_for_one_reason(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())

    assert storage.families.revoke("oar1", "reuse", at=NOW + 2)
    assert not storage.families.revoke("oar1", "user", at=NOW + 3)
    dead = a_family(revoked_at=NOW + 2, revoked_because="reuse", updated_at=NOW + 2)
    assert storage.families.get("oar1") == dead
    assert storage.families.find("oar1", "t1") == (dead, a_token())
    assert storage.families.of_client("ausA", "0oaA") == [dead]


def test_families_are_listed_by_client_and_by_user(storage: Storage) -> None:
    for number, client in enumerate(("0oaA", "0oaAA", "0oaA!", "0oaA$"), 1):
        for user in ("00u1", "00u2"):
            family = a_family(id=f"oar{number}{user}", client_id=client, user_id=user)
            storage.families.add(family, a_token(family_id=family.id))
    storage.families.add(a_family(id="oar9", server_id="ausB"), a_token(family_id="oar9"))

    def ids(families: Any) -> list[str]:
        return [family.id for family in families]

    assert ids(storage.families.of_client("ausA", "0oaA")) == ["oar100u1", "oar100u2"]
    assert ids(storage.families.of_client("ausA", "0oaA$", after="oar400u1")) == ["oar400u2"]
    assert ids(storage.families.of_client("ausA", "0oaA", after="oar100u2")) == []
    assert ids(storage.families.of_user("00u1")) == ["oar100u1", "oar200u1", "oar300u1", "oar400u1", "oar9"]
    assert ids(storage.families.of_user("00u1", after="oar200u1", limit=2)) == ["oar300u1", "oar400u1"]
    everyone = ["0oaA!", "0oaA", "0oaA$", "0oaAA"]
    assert storage.families.clients_at("ausA", anyone) == (everyone, None)
    assert storage.families.clients_at("ausA", anyone, limit=4) == (everyone, None)
    assert storage.families.clients_at("ausA", anyone, limit=3) == (everyone[:3], "0oaA$")
    assert storage.families.clients_at("ausA", anyone, after="0oaA$") == (["0oaAA"], None)
    assert storage.families.clients_at("ausA", anyone, after="0oaA!", limit=1) == (["0oaA"], "0oaA")
    assert storage.families.clients_at("ausB", anyone) == (["0oaA"], None)
    assert storage.families.clients_at("ausC", anyone) == ([], None)


def anyone(_: TokenFamily) -> bool:
    return True


def test_a_client_holds_a_token_as_long_as_one_of_its_families_lives(storage: Storage) -> None:
    """More families than are looked at together: alive is the oldest, the newest, none, the only one."""
    for client, living, families in (("0oaA", 0, 101), ("0oaB", 100, 101), ("0oaC", None, 101), ("0oaD", 0, 1)):
        for number in range(families):
            user_id = "00u1" if number == living else "00u2"
            family = a_family(id=f"oar{client}{number:03}", client_id=client, user_id=user_id)
            storage.families.add(family, a_token(family_id=family.id))

    def alive(family: TokenFamily) -> bool:
        return family.user_id == "00u1"

    assert storage.families.clients_at("ausA", alive) == (["0oaA", "0oaB", "0oaD"], None)
    assert storage.families.clients_at("ausA", alive, limit=3) == (["0oaA", "0oaB"], "0oaC")
    assert storage.families.clients_at("ausA", alive, after="0oaB", limit=1) == ([], "0oaC")


def test_pages_of_families_fit_together(storage: Storage) -> None:
    for number in range(23):
        storage.families.add(a_family(id=f"oar{number:02d}"), a_token(family_id=f"oar{number:02d}"))

    seen: list[str] = []
    while page := storage.families.of_client("ausA", "0oaA", after=seen[-1] if seen else None, limit=5):
        seen += [family.id for family in page]

    assert seen == [f"oar{number:02d}" for number in range(23)]


# Codes, requests, session tokens


def test_a_code_is_spent_once_and_found_afterwards(storage: Storage) -> None:
    code = a_code(nonce="ü", code_challenge="x", acr="a", session_id="s")
    storage.codes.add(code)
    assert storage.codes.get("c1") == code

    redeem_code(storage, "c1", at=NOW + 1)

    with pytest.raises(AlreadyUsed):
        redeem_code(storage, "c1", at=NOW + 2)
    assert storage.codes.get("c1") == replace(code, spent_at=NOW + 1)
    assert families_of(storage) == [f"oar-c1-{NOW + 1}"]
    assert storage.families.find(f"oar-c1-{NOW + 1}", "of the code")[1].rotated_at is None
    with pytest.raises(AlreadyExists):
        storage.codes.add(code)
    assert storage.codes.get("c1").spent_at == NOW + 1


def test_an_expired_code_is_found_and_a_missing_one_is_not(storage: Storage) -> None:
    storage.codes.add(a_code(expires_at=NOW - 1))

    assert storage.codes.get("c1").expires_at == NOW - 1
    with pytest.raises(NotFound):
        storage.codes.get("c2")
    with pytest.raises(AlreadyUsed):
        redeem_code(storage, "c2", at=NOW)
    assert families_of(storage) == []


def test_a_request_is_spent_once_and_gone(storage: Storage) -> None:
    storage.requests.add(a_request())
    assert storage.requests.get("q1") == a_request()

    storage.requests.spend("q1")

    for attempt in (storage.requests.spend, storage.requests.get):
        with pytest.raises(NotFound):
            attempt("q1")
    with pytest.raises(NotFound):
        storage.requests.spend("q2")


def test_requests_are_answered_together_or_not_at_all(storage: Storage) -> None:
    for digest in ("q1", "q2"):
        storage.requests.add(a_request(digest))
    storage.requests.spend("q2")

    with pytest.raises(NotFound):
        storage.requests.answer(("q1", "q2"), a_code(), a_family())

    assert storage.requests.get("q1") == a_request()
    assert families_of(storage) == []
    with pytest.raises(NotFound):
        storage.codes.get("c1")

    storage.requests.add(a_request("q3"))
    storage.requests.answer(("q1", "q3"), a_code(), a_family(id="oar2"))

    assert storage.codes.get("c1") == a_code()
    assert storage.families.get("oar2").id == "oar2"
    for digest in ("q1", "q3"):
        with pytest.raises(NotFound):
            storage.requests.get(digest)
        with pytest.raises(NotFound):
            storage.requests.answer((digest,), None, None)


def test_a_session_token_is_spent_once_in_its_time(storage: Storage) -> None:
    token, late = (
        SessionToken("k1", "00u1", NOW + 300, (Proof("password", NOW),)),
        SessionToken("k2", "00u1", NOW + 300, (Proof("password", NOW),)),
    )
    storage.session_tokens.add(token)
    storage.session_tokens.add(late)

    assert storage.session_tokens.spend("k1", at=NOW + 299) == token
    for digest in ("k1", "k2", "k3"):
        with pytest.raises(NotFound):
            storage.session_tokens.spend(digest, at=NOW + 300)


# Sessions


def test_a_session_is_found_by_digest_and_id_until_it_ends(storage: Storage) -> None:
    storage.sessions.add(a_session())
    assert storage.sessions.get("s1") == storage.sessions.by_id("1021") == a_session()
    with pytest.raises(AlreadyExists):
        storage.sessions.add(a_session())

    storage.sessions.end(a_session())
    storage.sessions.end(a_session())
    storage.sessions.save(a_session(last_seen_at=NOW))

    with pytest.raises(NotFound):
        storage.sessions.get("s1")
    with pytest.raises(NotFound):
        storage.sessions.by_id("1021")
    assert storage.sessions.end_all("00u1") == 0


@pytest.mark.parametrize("expires_at", [NOW + 3_600, NOW + 7_200])
def test_a_session_moves_on(storage: Storage, expires_at: int) -> None:
    storage.sessions.add(a_session())
    moved = a_session(idle_expires_at=NOW + 99, last_seen_at=NOW + 9, auth_time=NOW + 9, expires_at=expires_at)

    storage.sessions.save(moved)

    assert storage.sessions.get("s1") == storage.sessions.by_id("1021") == moved


def test_a_session_that_is_gone_is_not_saved_with_another_end(storage: Storage) -> None:
    storage.sessions.add(a_session())
    storage.sessions.end(a_session())

    storage.sessions.save(a_session(expires_at=NOW + 9_999))

    with pytest.raises(NotFound):
        storage.sessions.by_id("1021")


def test_clients_of_a_session_are_told_once_when_it_ends(storage: Storage) -> None:
    storage.sessions.add(a_session())
    storage.sessions.add(a_session(2))
    for client in (RP, OTHER_RP, RP):
        storage.sessions.inform(a_session(), client)
    storage.sessions.inform(a_session(2), RP)
    assert storage.logout_notices.due(at=NOW, limit=10) == []
    storage.sessions.renew(a_session(), replace(a_session(), digest="s1-again"))

    storage.sessions.end(replace(a_session(), digest="s1-again"))
    storage.sessions.end(replace(a_session(), digest="s1-again"))

    due = storage.logout_notices.due(at=NOW, limit=10)
    taken: list[Any] = [storage.logout_notices.take(name, at=NOW, until=NOW + 60) for name in due]
    assert {(one.notice.client, one.notice.session_id, one.attempts) for one in taken} == {
        (RP, "1021", 1),
        (OTHER_RP, "1021", 1),
    }
    assert {one.notice.user_id for one in taken} == {"00u1"}
    assert storage.sessions.get("s2").id == "1022"


def test_a_session_that_ended_takes_no_more_clients(storage: Storage) -> None:
    storage.sessions.add(a_session())
    storage.sessions.end(a_session())
    with pytest.raises(NotFound):
        storage.sessions.inform(a_session(), RP)
    assert storage.logout_notices.due(at=NOW, limit=10) == []


def test_a_session_ends_under_whatever_digest_it_has_now(storage: Storage) -> None:
    for number in range(2):
        storage.sessions.add(a_session(number))
        storage.sessions.renew(a_session(number), replace(a_session(number), digest=f"again{number}"))
    storage.sessions.end(a_session(0))
    with pytest.raises(NotFound):
        storage.sessions.get("again0")
    assert storage.sessions.end_all("00u1") == 1
    with pytest.raises(NotFound):
        storage.sessions.get("again1")


def test_no_session_outlives_its_end_by_a_new_cookie(storage: Storage) -> None:
    """A step-up at the same time as the end: whoever comes first, nothing is left that nobody could find."""

    def renewed(number: int) -> None:
        with suppress(NotFound):
            storage.sessions.renew(a_session(number), replace(a_session(number), digest=f"again{number}"))

    with ThreadPoolExecutor(2) as pool:
        for number in range(12):
            storage.sessions.add(a_session(number))
            calls = [pool.submit(renewed, number), pool.submit(storage.sessions.end, a_session(number))]
            for call in calls:
                call.result()
            for digest in (f"s{number}", f"again{number}"):
                with pytest.raises(NotFound):
                    storage.sessions.get(digest)
    assert storage.sessions.of_user("00u1") == []


def test_clients_of_all_sessions_are_told(storage: Storage) -> None:
    for number in range(60):
        storage.sessions.add(a_session(number))
        if number % 2:
            storage.sessions.inform(a_session(number), RP)
    many = [replace(RP, client_id=f"0oa{number}") for number in range(120)]
    for client in many:
        storage.sessions.inform(a_session(0), client)

    assert storage.sessions.end_all("00u1") == 60

    due = storage.logout_notices.due(at=NOW, limit=1_000)
    assert len(due) == 30 + len(many)
    assert storage.sessions.end_all("00u1") == 0
    assert len(storage.logout_notices.due(at=NOW, limit=1_000)) == len(due)


def test_a_notice_has_one_taker_until_it_is_delivered_or_put_back(storage: Storage) -> None:
    notices = storage.logout_notices
    storage.sessions.add(a_session())
    storage.sessions.inform(a_session(), RP)
    storage.sessions.end(a_session())
    (name,) = notices.due(at=NOW, limit=10)

    assert notices.take(name, at=NOW, until=NOW + 60).attempts == 1
    with pytest.raises(NotFound):
        notices.take(name, at=NOW, until=NOW + 60)
    notices.delay(name, until=NOW + 30)
    assert notices.due(at=NOW + 29, limit=10) == []
    assert notices.take(name, at=NOW + 30, until=NOW + 90).attempts == 2
    notices.remove(name)
    notices.delay(name, until=NOW)
    for absent in (name, "x" * 200, ""):
        with pytest.raises(NotFound):
            notices.take(absent, at=NOW + 999, until=NOW + 1_000)


def test_sessions_of_a_user_are_listed_the_youngest_first(storage: Storage) -> None:
    for number in (1, 3, 2):
        storage.sessions.add(a_session(number))
    storage.sessions.add(a_session(9, user_id="00u11"))

    assert [session.digest for session in storage.sessions.of_user("00u1")] == ["s3", "s2", "s1"]
    assert [session.digest for session in storage.sessions.of_user("00u1", limit=2)] == ["s3", "s2"]
    assert storage.sessions.of_user("00u") == storage.sessions.of_user("") == []


def test_all_sessions_of_a_user_end_and_no_others(storage: Storage) -> None:
    for number in range(70):
        storage.sessions.add(a_session(number))
    storage.sessions.add(a_session(99, user_id="00u11"))

    assert storage.sessions.end_all("00u1") == 70

    assert storage.sessions.end_all("00u1") == 0
    assert storage.sessions.get("s99").user_id == "00u11"
    for number in (0, 69):
        with pytest.raises(NotFound):
            storage.sessions.get(f"s{number}")
        with pytest.raises(NotFound):
            storage.sessions.by_id(f"102{number}")


# Consents


def test_consents_are_kept_replaced_and_forgotten(storage: Storage) -> None:
    other = a_consent(7, client_id="0oaB"), a_consent(8, server_id="ausB"), a_consent(9, client_id="0oaAA")
    storage.consents.record([a_consent(2), a_consent(1), *other])
    storage.consents.record([a_consent(1, id="oag5", answer="SKIPPED", created_at=NOW + 1)])
    changed = a_consent(1, id="oag5", answer="SKIPPED", created_at=NOW + 1)

    assert storage.consents.given("00u1", "0oaA", "ausA") == [changed, a_consent(2)]
    assert storage.consents.of_user("00u1") == [a_consent(2), changed, *other]
    storage.consents.revoke([changed, a_consent(44)])
    assert storage.consents.given("00u1", "0oaA", "ausA") == [a_consent(2)]
    assert storage.consents.given("00u2", "0oaA", "ausA") == []
    assert storage.consents.of_user("00u2") == []


def test_a_consent_is_about_a_resource_or_about_none(storage: Storage) -> None:
    everywhere, there = a_consent(), a_consent(id="oag2", resource="https://a.example/" + "x" * 490)
    other = a_consent(id="oag3", resource="https://b.example")
    storage.consents.record([everywhere, there, other])
    storage.consents.record([replace(there, answer="SKIPPED")])

    given = storage.consents.given("00u1", "0oaA", "ausA")

    assert sorted(given, key=lambda consent: consent.id) == [everywhere, replace(there, answer="SKIPPED"), other]
    storage.consents.revoke([there])
    assert storage.consents.of_user("00u1") == [everywhere, other]


def test_hundreds_of_consents_and_scopes_with_any_characters(storage: Storage) -> None:
    many = [a_consent(number, id=f"oag{number:03d}", scope=f"a#b:{number:03d}" + "x" * 240) for number in range(230)]
    storage.consents.record([many[0], *many])

    assert storage.consents.given("00u1", "0oaA", "ausA") == many
    storage.consents.revoke(many[1:])
    assert storage.consents.of_user("00u1") == many[:1]
    storage.consents.record([])
    storage.consents.revoke([])


# Device codes


def test_a_device_code_is_found_by_both_codes(storage: Storage) -> None:
    storage.device_codes.add(a_device_code())

    assert storage.device_codes.get("d1") == storage.device_codes.by_user_code("BCDFGHJK") == a_device_code()
    with pytest.raises(NotFound):
        storage.device_codes.get("d2")
    with pytest.raises(NotFound):
        storage.device_codes.by_user_code("ZZZZZZZZ")


def test_a_user_code_is_taken_while_it_lives(storage: Storage) -> None:
    storage.device_codes.add(a_device_code())

    with pytest.raises(AlreadyExists, match="user_code"):
        storage.device_codes.add(a_device_code("d2", created_at=NOW + 599))
    storage.device_codes.add(a_device_code("d3", created_at=NOW + 600))

    assert storage.device_codes.by_user_code("BCDFGHJK").digest == "d3"
    assert storage.device_codes.get("d1").digest == "d1"
    with pytest.raises(NotFound):
        storage.device_codes.get("d2")


def test_a_device_code_goes_its_way_once(storage: Storage) -> None:
    code = a_device_code()
    storage.device_codes.add(code)
    storage.device_codes.polled(code, at=NOW + 5, interval=10)
    seen = storage.device_codes.get("d1")
    assert seen == replace(code, polled_at=NOW + 5, interval=10)
    with pytest.raises(AlreadyUsed):
        redeem_device(storage, seen)
    approved = replace(seen, status="APPROVED", user_id="00u1", auth_time=NOW, session_id="102")

    storage.device_codes.decide(seen, approved)
    assert storage.device_codes.get("d1") == approved
    with pytest.raises(AlreadyUsed):
        storage.device_codes.decide(seen, replace(seen, status="DENIED"))
    redeem_device(storage, approved)

    assert storage.device_codes.get("d1") == replace(approved, status="SPENT")
    attempts: list[Callable[[], None]] = [
        lambda: redeem_device(storage, approved, 1),
        lambda: storage.device_codes.decide(seen, approved),
    ]
    for again in attempts:
        with pytest.raises(AlreadyUsed):
            again()
    assert families_of(storage) == ["oar-d1-0"]


def test_a_denied_device_code_is_not_spent_and_a_missing_one_does_nothing(storage: Storage) -> None:
    code = a_device_code()
    storage.device_codes.add(code)
    storage.device_codes.decide(code, replace(code, status="DENIED"))

    with pytest.raises(AlreadyUsed):
        redeem_device(storage, code)
    missing = a_device_code("d9")
    with pytest.raises(AlreadyUsed):
        redeem_device(storage, missing)
    assert families_of(storage) == []
    with pytest.raises(NotFound):
        storage.device_codes.decide(missing, missing)
    with pytest.raises(NotFound):
        storage.device_codes.polled(missing, at=NOW, interval=5)


# Authentication requests without a browser


def test_an_authentication_request_waits_for_its_user_and_goes_its_way_once(storage: Storage) -> None:
    requests, first, second = storage.backchannel_requests, a_backchannel_request(), a_backchannel_request("b2")
    requests.add(first)
    requests.add(second)
    second = replace(second, place=1)
    assert [*requests.waiting_for("00u1")] == [first, second]
    assert requests.get("b2") == second
    with pytest.raises(NotFound):
        requests.get("b3")
    with pytest.raises(AlreadyUsed):
        redeem_backchannel(storage, first)
    requests.polled(first, at=NOW + 5, interval=10)
    approved = replace(first, status="APPROVED", auth_time=NOW, acr="phr", polled_at=NOW + 5, interval=10)

    requests.decide(first, approved)

    assert requests.get("b1") == approved
    assert [*requests.waiting_for("00u1")] == [second]
    with pytest.raises(AlreadyUsed):
        requests.decide(first, replace(first, status="DENIED"))
    redeem_backchannel(storage, approved)
    assert requests.get("b1") == replace(approved, status="SPENT")
    missing = a_backchannel_request("b9")
    attempts: list[Callable[[], None]] = [
        lambda: redeem_backchannel(storage, approved, 1),
        lambda: requests.decide(first, approved),
        lambda: redeem_backchannel(storage, missing),
        lambda: requests.decide(missing, missing),
    ]
    for attempt in attempts:
        with pytest.raises(AlreadyUsed):
            attempt()
    assert families_of(storage) == ["oar-b1-0"]


def test_a_client_has_few_places_at_a_user_until_they_decide_or_the_time_is_over(storage: Storage) -> None:
    requests = storage.backchannel_requests
    for number in range(MOST_OPEN):
        requests.add(a_backchannel_request(f"b{number}"))

    with pytest.raises(TooManyOpen):
        requests.add(a_backchannel_request("b4"))
    with pytest.raises(NotFound):
        requests.get("b4")
    requests.add(a_backchannel_request("of another client", client_id="0oaB"))
    nobody = a_backchannel_request("for nobody", owner="a digest", user_id=None)
    requests.add(nobody)
    assert requests.get("for nobody") == nobody
    assert "for nobody" not in [request.digest for request in requests.waiting_for("a digest")]

    denied = requests.get("b1")
    requests.decide(denied, replace(denied, status="DENIED"))
    requests.add(a_backchannel_request("b4"))
    assert requests.get("b4").place == 1
    with pytest.raises(TooManyOpen):
        requests.add(a_backchannel_request("b5", created_at=NOW + 599))
    requests.add(a_backchannel_request("b5", created_at=NOW + 600, expires_at=NOW + 900))
    assert requests.get("b5").place == 0
    assert {"b5", "b2", "b4"} <= {request.digest for request in requests.waiting_for("00u1")}
    assert requests.get("b0").status == "PENDING"
    requests.decide(requests.get("b5"), replace(requests.get("b5"), status="DENIED"))


# Keys


@pytest.mark.parametrize("key", IMPOSSIBLE)
def test_what_cannot_be_a_key_finds_nothing(storage: Storage, key: str) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: storage.families.get(key),
        lambda: storage.families.find(key, "t1"),
        lambda: storage.families.find("oar1", key),
        lambda: storage.families.revoke(key, "user", at=NOW),
        lambda: storage.codes.get(key),
        lambda: storage.sessions.get(key),
        lambda: storage.sessions.by_id(key),
        lambda: storage.session_tokens.spend(key, at=NOW),
        lambda: storage.requests.get(key),
        lambda: storage.requests.spend(key),
        lambda: storage.device_codes.get(key),
        lambda: storage.device_codes.by_user_code(key),
        lambda: storage.backchannel_requests.get(key),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    empty = [
        storage.families.of_user(key),
        storage.families.of_client(key, "0oaA"),
        storage.families.of_client("ausA", key),
        storage.families.of_client("ausA", "0oaA", after=key),
        storage.families.of_user("00u1", after=key),
        list(storage.families.clients_at(key, anyone)[0]),
        list(storage.families.clients_at("ausA", anyone, after=key)[0]),
        storage.consents.of_user(key),
        storage.consents.given(key, "0oaA", "ausA"),
        storage.consents.given("00u1", key, "ausA"),
    ]
    assert empty == [[]] * len(empty)
    assert storage.sessions.end_all(key) == 0


def test_a_key_of_one_kind_is_none_of_another(storage: Storage) -> None:
    key = "same"
    storage.families.add(a_family(id=key), a_token(key, family_id=key))
    storage.codes.add(a_code(key))
    storage.sessions.add(a_session(digest=key, id=key, user_id=key))
    storage.session_tokens.add(SessionToken(key, "00u1", NOW + 300, (Proof("password", NOW),)))
    storage.requests.add(a_request(key))
    storage.device_codes.add(a_device_code(key, user_code=key))
    storage.sessions.end(a_session(digest=key, id=key, user_id=key))
    storage.requests.spend(key)
    storage.session_tokens.spend(key, at=NOW)
    redeem_code(storage, key, at=NOW)

    with pytest.raises(NotFound):
        storage.sessions.get(key)
    for prefix in ("ID#", "TOKEN#", "#", "S#"):
        with pytest.raises(NotFound):
            storage.sessions.get(prefix + key)
    assert storage.families.find(key, key)[1].digest == key
    assert storage.codes.get(key).spent_at == NOW
    assert storage.device_codes.by_user_code(key).status == "PENDING"


# Races


def test_of_fifty_uses_of_one_code_exactly_one_wins(storage: Storage) -> None:
    storage.codes.add(a_code())

    outcomes = race(lambda number: redeem_code(storage, "c1", at=NOW + number), AlreadyUsed)

    assert outcomes.count("won") == 1
    won = NOW + outcomes.index("won")
    assert storage.codes.get("c1").spent_at == won
    assert families_of(storage) == [f"oar-c1-{won}"]


def test_of_fifty_rotations_of_one_token_exactly_one_wins(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())

    outcomes = race(
        lambda number: storage.families.rotate(rotated(a_token()), a_token(f"n{number}"), at=NOW + number), AlreadyUsed
    )

    def exists(number: int) -> bool:
        try:
            return storage.families.find("oar1", f"n{number}")[1].rotated_at is None
        except NotFound:
            return False

    assert outcomes.count("won") == 1
    assert [exists(number) for number in range(50)] == [outcome == "won" for outcome in outcomes]


def test_no_token_is_made_in_a_revoked_family(storage: Storage) -> None:
    """Rotation against revocation, each from its own thread: what was rotated after it is refused."""
    for round_number in range(15):
        family = a_family(id=f"oar{round_number}")
        tokens = [a_token(f"t{number}", family_id=family.id) for number in range(12)]
        storage.families.add(family, tokens[0])

        def rotate(tokens: list[RefreshToken] = tokens) -> int:
            for number, (one, other) in enumerate(pairwise(tokens)):
                try:
                    storage.families.rotate(rotated(one), other, at=NOW + number)
                except Conflict:
                    return number
            return len(tokens) - 1

        def revoke(family: TokenFamily = family) -> tuple[bool, int]:
            first = storage.families.revoke(family.id, "reuse", at=NOW)
            seen = storage.families.get(family.id)
            assert seen.revoked_at == NOW
            return first, sum(exists(family.id, f"t{number}") for number in range(12))

        def exists(family_id: str, digest: str) -> bool:
            try:
                return storage.families.find(family_id, digest)[0] is not None
            except NotFound:
                return False

        with ThreadPoolExecutor(2) as pool:
            rotating, revoking = pool.submit(rotate), pool.submit(revoke)
            made, (first, seen_after) = rotating.result(), revoking.result()

        assert first
        assert made + 1 == seen_after == sum(exists(family.id, f"t{number}") for number in range(12))
        assert storage.families.get(family.id).revoked_at == NOW


def test_of_fifty_revocations_exactly_one_did_it(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())

    with ThreadPoolExecutor(16) as pool:
        first = list(pool.map(lambda _: storage.families.revoke("oar1", "user", at=NOW), range(50)))

    assert first.count(True) == 1


def test_of_parallel_decisions_and_uses_of_a_device_code_exactly_one_wins(storage: Storage) -> None:
    code = a_device_code()
    storage.device_codes.add(code)

    decisions = race(
        lambda number: storage.device_codes.decide(code, replace(code, status="APPROVED", user_id=f"00u{number}")),
        AlreadyUsed,
    )
    approved = storage.device_codes.get("d1")
    uses = race(lambda number: redeem_device(storage, approved, number), AlreadyUsed)

    assert (decisions.count("won"), uses.count("won")) == (1, 1)
    assert families_of(storage) == [f"oar-d1-{uses.index('won')}"]
    decided = storage.device_codes.get("d1")
    assert (decided.status, decided.user_id) == ("SPENT", f"00u{decisions.index('won')}")


def test_of_parallel_decisions_and_uses_of_an_authentication_request_exactly_one_wins(storage: Storage) -> None:
    requests = storage.backchannel_requests
    added = race(lambda number: requests.add(a_backchannel_request(f"b{number}")), TooManyOpen)
    request = requests.waiting_for("00u1")[0]

    decisions = race(
        lambda number: requests.decide(request, replace(request, status="APPROVED", auth_time=number)), AlreadyUsed
    )
    approved = requests.get(request.digest)
    uses = race(lambda number: redeem_backchannel(storage, approved, number), AlreadyUsed)

    assert (added.count("won"), decisions.count("won"), uses.count("won")) == (MOST_OPEN, 1, 1)
    assert families_of(storage) == [f"oar-{request.digest}-{uses.index('won')}"]
    assert approved.auth_time == decisions.index("won")
    assert len(requests.waiting_for("00u1")) == MOST_OPEN - 1


def test_of_parallel_additions_of_one_user_code_exactly_one_wins(storage: Storage) -> None:
    outcomes = race(lambda number: storage.device_codes.add(a_device_code(f"d{number}")), AlreadyExists)

    assert outcomes.count("won") == 1
    assert storage.device_codes.by_user_code("BCDFGHJK").digest == f"d{outcomes.index('won')}"


def test_of_parallel_uses_of_requests_and_session_tokens_exactly_one_wins(storage: Storage) -> None:
    storage.requests.add(a_request())
    storage.session_tokens.add(SessionToken("k1", "00u1", NOW + 300, (Proof("password", NOW),)))

    assert race(lambda _: storage.requests.spend("q1"), NotFound).count("won") == 1
    assert race(lambda _: storage.session_tokens.spend("k1", at=NOW), NotFound).count("won") == 1


def a_sign_on(digest: str = "n1", **changes: Any) -> SignOnTransaction:
    proofs = (Proof("password", NOW),)
    return replace(SignOnTransaction(digest, "00u1", proofs, NOW, NOW + 600, "browser", {"request": "r"}, 7), **changes)


def test_a_sign_on_is_kept_as_it_was_stored_and_ends_once(storage: Storage) -> None:
    storage.sign_ons.add(a_sign_on())

    assert storage.sign_ons.get("n1") == a_sign_on()
    with pytest.raises(AlreadyExists):
        storage.sign_ons.add(a_sign_on())
    assert race(lambda _: storage.sign_ons.end(a_sign_on()), NotFound).count("won") == 1
    gone: tuple[Callable[[], object], ...] = (
        lambda: storage.sign_ons.get("n1"),
        lambda: storage.sign_ons.end(a_sign_on()),
        lambda: storage.sign_ons.move(a_sign_on(), a_sign_on()),
    )
    for call in gone:
        with pytest.raises(NotFound):
            call()


def test_of_parallel_steps_of_a_sign_on_one_counts_and_an_end_is_a_step(storage: Storage) -> None:
    storage.sign_ons.add(a_sign_on())
    further = a_sign_on(proofs=(Proof("password", NOW), Proof("totp", NOW)), expires_at=NOW + 700)

    assert race(lambda _: storage.sign_ons.move(a_sign_on(), further), Conflict).count("won") == 1
    moved = storage.sign_ons.get("n1")
    assert moved == replace(further, version=1)
    with pytest.raises(NotFound):
        storage.sign_ons.end(a_sign_on())
    again = storage.sign_ons.move(moved, replace(moved, factor_id="uft1"))
    assert (again.version, storage.sign_ons.get("n1")) == (2, again)
    storage.sign_ons.end(again)


@pytest.mark.parametrize("key", ["", "\ud800", "n" * 200])
def test_a_handle_that_cannot_be_finds_no_sign_on(storage: Storage, key: str) -> None:
    with pytest.raises(NotFound):
        storage.sign_ons.get(key)
    with pytest.raises(NotFound):
        storage.sign_ons.end(a_sign_on(key))


def test_a_waiting_request_is_no_sign_on(storage: Storage) -> None:
    storage.requests.add(a_request("same"))

    with pytest.raises(NotFound):
        storage.sign_ons.get("same")
    storage.sign_ons.add(a_sign_on("same"))
    assert storage.requests.get("same") == a_request("same")
