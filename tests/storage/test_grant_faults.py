"""Grant records in DynamoDB when answers are lost and transactions collide; what each operation costs in calls."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from authmint.dynamo.sharded import SHARDS, shard_of
from authmint.dynamo.tables import Tables
from authmint.storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound, Unavailable
from authmint.storage.sessions import SessionToken
from authmint.storage.sign_on_transactions import Proof, SignOnTransaction
from botocore.awsrequest import AWSResponse

from tests.functions.faults import FAULTS, committed_and_lost, refusal
from tests.storage.grant_records import (
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
from tests.support.backend import Deployed
from tests.support.fakes import AT_ONCE, NOW

DAY = 86_400
#: Queries of a list in shards, and of what is left from before there were any.
_EVERY_SHARD = ["Query"] * (SHARDS + 1)


@dataclass
class Wire:
    """What goes over the wire, and the fault that the next requests meet."""

    faults: list[Callable[[Any], AWSResponse | None]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def __call__(self, request: Any, **_: Any) -> AWSResponse | None:
        target = request.headers["X-Amz-Target"]
        self.sent.append((target.decode() if isinstance(target, bytes) else target).partition(".")[2])
        return self.faults.pop(0)(request) if self.faults else None


@pytest.fixture
def tables(deployed: Deployed) -> Tables:
    return replace(deployed.tables(), retrying=AT_ONCE)


@pytest.fixture
def storage(tables: Tables) -> Storage:
    return in_dynamo(tables)


@pytest.fixture
def wire(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    watched = Wire()
    tables.connection.client.meta.events.register("before-send.*.*", watched)
    return watched


def prepared(storage: Storage) -> None:
    storage.families.add(a_family(), a_token())
    storage.codes.add(a_code())
    storage.sessions.add(a_session())
    storage.session_tokens.add(SessionToken("k1", "00u1", NOW + 300, (Proof("password", NOW),)))
    storage.sign_ons.add(A_SIGN_ON)
    storage.consents.record([a_consent()])
    storage.requests.add(a_request())
    storage.device_codes.add(a_device_code())
    approved = a_device_code("d2", user_code="LLLLLLLL", status="APPROVED")
    storage.device_codes.add(approved)
    storage.backchannel_requests.add(a_backchannel_request())
    storage.backchannel_requests.add(A_REQUEST)


def answered(value: Any) -> None:
    assert value


Operation = Callable[[Storage], Any]
APPROVED = a_device_code(status="APPROVED", user_id="00u1")
A_REQUEST = a_backchannel_request("b2", status="APPROVED", owner="00u2", user_id="00u2")
A_SIGN_ON = SignOnTransaction("n1", "00u1", (), NOW, NOW + 600)
#: Each with what it raises when it was done already, and the calls that it costs.
CHANGES: dict[str, tuple[Operation, type[Exception] | None, list[str]]] = {
    "add family": (
        lambda s: s.families.add(a_family(id="oar2"), a_token(family_id="oar2")),
        AlreadyExists,
        ["TransactWriteItems"],
    ),
    "rotate": (
        lambda s: s.families.rotate(rotated(a_token()), a_token("t2"), at=NOW),
        AlreadyUsed,
        ["TransactWriteItems"],
    ),
    "use": (lambda s: s.families.used(a_token(), idle_expires_at=NOW + 700, at=NOW), None, ["UpdateItem"] * 2),
    "revoke": (
        lambda s: answered(s.families.revoke("oar1", "user", at=NOW)),
        AssertionError,
        ["UpdateItem", "TransactWriteItems"],
    ),
    "add code": (lambda s: s.codes.add(a_code("c2")), AlreadyExists, ["PutItem"]),
    "redeem code": (lambda s: redeem_code(s, "c1", at=NOW), AlreadyUsed, ["TransactWriteItems"]),
    "add session": (lambda s: s.sessions.add(a_session(2)), AlreadyExists, ["TransactWriteItems"]),
    "save session": (lambda s: s.sessions.save(a_session(last_seen_at=NOW)), None, ["UpdateItem"]),
    "inform": (lambda s: s.sessions.inform(a_session(), RP), None, ["TransactWriteItems"]),
    "end session": (lambda s: s.sessions.end(a_session()), None, ["Query", "TransactWriteItems"]),
    "end sessions": (
        lambda s: answered(s.sessions.end_all("00u1")),
        AssertionError,
        ["Query", "TransactWriteItems"],
    ),
    "add session token": (
        lambda s: s.session_tokens.add(SessionToken("k2", "00u1", NOW + 300, (Proof("password", NOW),))),
        AlreadyExists,
        ["PutItem"],
    ),
    "add sign-on": (
        lambda s: s.sign_ons.add(SignOnTransaction("n2", "00u1", (), NOW, NOW + 600)),
        AlreadyExists,
        ["PutItem"],
    ),
    "move sign-on": (lambda s: s.sign_ons.move(A_SIGN_ON, A_SIGN_ON), Conflict, ["UpdateItem"]),
    "end sign-on": (lambda s: s.sign_ons.end(A_SIGN_ON), NotFound, ["UpdateItem"]),
    "spend session token": (lambda s: s.session_tokens.spend("k1", at=NOW), NotFound, ["UpdateItem"]),
    "consent": (lambda s: s.consents.record([a_consent(2), a_consent(3)]), None, ["TransactWriteItems"]),
    "revoke consent": (lambda s: s.consents.revoke([a_consent()]), None, ["TransactWriteItems"]),
    "add request": (lambda s: s.requests.add(a_request("q2")), AlreadyExists, ["PutItem"]),
    "spend request": (lambda s: s.requests.spend("q1"), NotFound, ["UpdateItem"]),
    "answer requests": (
        lambda s: s.requests.answer(("q1",), a_code("c2"), a_family(id="oar2")),
        NotFound,
        ["TransactWriteItems"],
    ),
    "add device code": (
        lambda s: s.device_codes.add(a_device_code("d3", user_code="MMMMMMMM")),
        AlreadyExists,
        ["TransactWriteItems"],
    ),
    "poll": (lambda s: s.device_codes.polled(a_device_code(), at=NOW, interval=9), None, ["UpdateItem"]),
    "decide": (lambda s: s.device_codes.decide(a_device_code(), APPROVED), AlreadyUsed, ["UpdateItem"]),
    "redeem device code": (
        lambda s: redeem_device(s, a_device_code("d2")),
        AlreadyUsed,
        ["TransactWriteItems"],
    ),
    "add authentication request": (
        lambda s: s.backchannel_requests.add(a_backchannel_request("b3", owner="00u3")),
        AlreadyExists,
        ["TransactWriteItems"],
    ),
    "decide authentication request": (
        lambda s: s.backchannel_requests.decide(a_backchannel_request(), a_backchannel_request(status="DENIED")),
        AlreadyUsed,
        ["TransactWriteItems"],
    ),
    "redeem authentication request": (lambda s: redeem_backchannel(s, A_REQUEST), AlreadyUsed, ["TransactWriteItems"]),
}
READS: dict[str, tuple[Operation, list[str]]] = {
    "get family": (lambda s: s.families.get("oar1"), ["GetItem"]),
    "find refresh token": (lambda s: s.families.find("oar1", "t1"), ["BatchGetItem"]),
    "families of a client": (lambda s: s.families.of_client("ausA", "0oaA"), [*_EVERY_SHARD, "BatchGetItem"]),
    "families of a user": (lambda s: s.families.of_user("00u1"), ["Query", "BatchGetItem"]),
    "clients": (lambda s: s.families.clients_at("ausA", lambda _: True), [*_EVERY_SHARD, "BatchGetItem"]),
    "get code": (lambda s: s.codes.get("c1"), ["GetItem"]),
    "get session": (lambda s: s.sessions.get("s1"), ["GetItem"]),
    "sessions of a user": (lambda s: s.sessions.of_user("00u1"), ["Query", "BatchGetItem"]),
    "session by id": (lambda s: s.sessions.by_id("1021"), ["GetItem", "GetItem"]),
    "consents": (lambda s: s.consents.given("00u1", "0oaA", "ausA"), ["Query"]),
    "consents of a user": (lambda s: s.consents.of_user("00u1"), ["Query"]),
    "get request": (lambda s: s.requests.get("q1"), ["GetItem"]),
    "get device code": (lambda s: s.device_codes.get("d1"), ["GetItem"]),
    "get authentication request": (lambda s: s.backchannel_requests.get("b1"), ["GetItem"]),
    "waiting authentication requests": (
        lambda s: s.backchannel_requests.waiting_for("00u1"),
        ["Query", "BatchGetItem"],
    ),
    "device code by user code": (lambda s: s.device_codes.by_user_code("BCDFGHJK"), ["GetItem", "GetItem"]),
}


@pytest.mark.parametrize(
    ("name", "position"),
    [(name, position) for name, (_, _, calls) in CHANGES.items() for position in range(len(calls))],
)
def test_a_change_whose_answer_was_lost_is_known_as_ones_own_and_done_once(
    storage: Storage, wire: Wire, name: str, position: int
) -> None:
    prepared(storage)
    change, done_already, calls = CHANGES[name]
    wire.sent.clear()
    wire.faults = [*([lambda _: None] * position), committed_and_lost]

    change(storage)

    assert len(wire.sent) == len(calls) + 1
    if done_already is not None:
        with pytest.raises(done_already):
            change(storage)


@pytest.mark.parametrize("name", CHANGES)
def test_calls_of_changes(storage: Storage, wire: Wire, name: str) -> None:
    prepared(storage)
    change, _, calls = CHANGES[name]
    wire.sent.clear()

    change(storage)

    assert wire.sent == calls


@pytest.mark.parametrize("name", READS)
def test_calls_of_reads(storage: Storage, wire: Wire, name: str) -> None:
    prepared(storage)
    read, calls = READS[name]
    wire.sent.clear()

    assert read(storage)
    assert wire.sent == calls


def in_conflict(request: Any) -> AWSResponse:
    """Another transaction is at the same item."""
    if not request.headers["X-Amz-Target"].endswith(b"TransactWriteItems"):
        return refusal("TransactionConflictException")(request)
    response = AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None)
    count = len(json.loads(request.body)["TransactItems"])
    reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * (count - 1)]
    response._content = json.dumps(
        {"__type": "x#TransactionCanceledException", "message": "m", "CancellationReasons": reasons}
    ).encode()
    return response


@pytest.mark.parametrize("name", [name for name, (_, _, calls) in CHANGES.items() if calls != ["PutItem"]])
def test_a_transaction_in_the_way_is_waited_for(storage: Storage, wire: Wire, name: str) -> None:
    prepared(storage)
    change, _, calls = CHANGES[name]
    wire.sent.clear()
    wire.faults = [lambda _: None] * (calls[0] == "Query") + [in_conflict] * 3

    change(storage)

    assert len(wire.sent) == len(calls) + 3


def test_transactions_that_stay_in_the_way_are_unavailability(storage: Storage, wire: Wire) -> None:
    prepared(storage)

    for name in ("rotate", "revoke"):
        wire.faults = [in_conflict] * 100
        with pytest.raises(Unavailable):
            CHANGES[name][0](storage)
    wire.faults = []

    assert storage.families.get("oar1").revoked_at is None
    assert storage.families.find("oar1", "t1")[1].rotated_at is None


@pytest.mark.parametrize("fault", ["throttled", "failing", "unreachable", "slow"])
@pytest.mark.parametrize("name", [*CHANGES, *READS])
def test_dynamodb_that_does_not_answer_is_unavailability(storage: Storage, wire: Wire, name: str, fault: str) -> None:
    prepared(storage)
    operation = CHANGES[name][0] if name in CHANGES else READS[name][0]
    wire.faults = [FAULTS[fault]] * 40

    with pytest.raises(Unavailable):
        operation(storage)


def test_a_decision_whose_answer_was_lost_stands_though_the_device_was_faster(storage: Storage, wire: Wire) -> None:
    code = a_device_code()
    storage.device_codes.add(code)

    def committed_then_spent(request: Any) -> AWSResponse:
        try:
            return committed_and_lost(request)
        finally:
            redeem_device(storage, APPROVED)

    wire.faults = [committed_then_spent]
    storage.device_codes.decide(code, APPROVED)

    assert storage.device_codes.get("d1") == replace(APPROVED, status="SPENT")


def test_lists_that_cannot_be_told_do_not_undo_a_revocation(storage: Storage, wire: Wire) -> None:
    storage.families.add(a_family(), a_token())
    wire.faults = [lambda _: None, *[FAULTS["unreachable"]] * 40]

    assert storage.families.revoke("oar1", "user", at=NOW)

    wire.faults = []
    assert storage.families.get("oar1").revoked_at == NOW


def items(tables: Tables) -> dict[tuple[str, str], Any]:
    assert tables.grants is not None
    return {(item.pk, item.sk): item for item in tables.grants.scan()}


def test_every_item_is_of_a_kind_and_goes_some_day_but_for_consents(storage: Storage, tables: Tables) -> None:
    prepared(storage)

    found = items(tables)

    assert {pk.partition("#")[0] for pk, _ in found} == {
        *("FAMILY", "HOLDERS", "USERFAMILIES", "CODE", "SESSION", "SESSIONID", "USERSESSIONS", "SESSIONTOKEN"),
        *("CONSENT", "REQUEST", "DEVICE", "USERCODE", "SIGNON", "CIBA", "CIBAOPEN"),
    }
    for (pk, sk), item in found.items():
        assert item.kind == ("REFRESH" if sk.startswith("REFRESH#") else pk.partition("#")[0])
        assert (item.ttl is None) == (item.kind == "CONSENT")
        assert item.ttl is None or item.ttl > max(item.expires_at or 0, NOW)


def test_a_record_of_another_kind_in_the_same_place_is_not_found(storage: Storage, tables: Tables) -> None:
    prepared(storage)
    for item in items(tables).values():
        item.kind = "OTHER"
        item.save()

    for name in (
        "get family",
        "find refresh token",
        "get code",
        "get session",
        "get request",
        "get device code",
        "get authentication request",
    ):
        with pytest.raises(NotFound):
            READS[name][0](storage)
    for name in ("families of a user", "families of a client", "consents", "consents of a user"):
        assert READS[name][0](storage) == []


def test_families_stay_as_long_as_they_live_and_a_while(storage: Storage, tables: Tables) -> None:
    places = [("FAMILY#oar1", "#"), ("USERFAMILIES#00u1", "oar1"), (shard_of("HOLDERS#ausA", "oar1"), "0oaA#oar1")]

    def kept() -> list[int]:
        found = items(tables)
        return [found[place].ttl for place in places]

    storage.families.add(a_family(), a_token())
    last, digest = NOW + 600, "t1"
    for number in range(1, 9):
        spent = a_token(digest, idle_expires_at=last)
        digest, last = f"t{number + 1}", NOW + number * 10 * DAY
        storage.families.rotate(rotated(spent), a_token(digest, idle_expires_at=last), at=NOW)
        head, *lists = kept()
        assert head == last + 30 * DAY
        assert all(head <= ttl <= head + 30 * DAY for ttl in lists)
    storage.families.used(a_token(digest, idle_expires_at=last), idle_expires_at=last + 90 * DAY, at=NOW)
    head, *lists = kept()
    assert head == last + 120 * DAY
    assert all(head <= ttl <= head + 30 * DAY for ttl in lists)
    assert items(tables)["FAMILY#oar1", f"REFRESH#{digest}"].ttl == last + 91 * DAY

    storage.families.revoke("oar1", "user", at=NOW)

    assert kept() == [NOW + 30 * DAY] * 3


def test_families_that_dynamodb_deleted_leave_no_gap_in_a_page(storage: Storage, tables: Tables) -> None:
    for number in range(9):
        storage.families.add(a_family(id=f"oar{number}"), a_token(family_id=f"oar{number}"))
    for number in (0, 1, 3, 8):
        items(tables)[f"FAMILY#oar{number}", "#"].delete()

    def ids(**page: Any) -> list[str]:
        return [family.id for family in storage.families.of_client("ausA", "0oaA", **page)]

    assert ids(limit=3) == ["oar2", "oar4", "oar5"]
    assert ids(limit=3, after="oar5") == ["oar6", "oar7"]
    assert [family.id for family in storage.families.of_user("00u1", limit=1)] == ["oar2"]


def test_a_rotation_that_finds_both_reasons_says_the_token_was_used(storage: Storage, wire: Wire) -> None:
    storage.families.add(a_family(), a_token())
    storage.families.rotate(rotated(a_token()), a_token("t2"), at=NOW)

    with pytest.raises(AlreadyUsed):  # never over a token that there is
        storage.families.rotate(rotated(a_token("t2")), a_token("t1"), at=NOW)
    storage.families.revoke("oar1", "user", at=NOW)
    with pytest.raises(Conflict):
        storage.families.rotate(rotated(a_token("t2")), a_token("t3"), at=NOW)
    with pytest.raises(AlreadyUsed):
        storage.families.rotate(rotated(a_token()), a_token("t3"), at=NOW)


def test_a_session_that_ends_while_it_is_saved_is_not_revived(storage: Storage, wire: Wire) -> None:
    storage.sessions.add(a_session())

    def end_first(_: Any) -> None:
        wire.faults = []
        storage.sessions.end(a_session())

    wire.faults = [lambda _: None, end_first]
    storage.sessions.save(a_session(expires_at=NOW + 9_999))

    with pytest.raises(NotFound):
        storage.sessions.get("s1")
    assert storage.sessions.end_all("00u1") == 0
