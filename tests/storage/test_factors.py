"""Factors, challenges, recovery codes and tries of codes, in memory and in DynamoDB."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.cleanup import DynamoCleanup
from authmint.dynamo.code_tries import DynamoCodeTries
from authmint.dynamo.factor_challenges import DynamoFactorChallenges
from authmint.dynamo.factors import DynamoFactors, DynamoRecoveryCodes
from authmint.dynamo.tables import Tables
from authmint.dynamo.users import DynamoUsers
from authmint.ids import RandomIds
from authmint.storage.code_tries import CodeTries
from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.events import Event, Party
from authmint.storage.factor_challenges import FactorChallenge, FactorChallenges
from authmint.storage.factors import Credential, Factor, Factors
from authmint.storage.outbox import Mail
from authmint.storage.recovery_codes import RecoveryCodes, RecoveryCodesRecord
from authmint.storage.users import Users

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.backend import Deployed
from tests.support.builders import a_user
from tests.support.fakes import NOW


@dataclass
class Storage:
    """What people prove with, whatever it is made of."""

    users: Users
    factors: Factors
    challenges: FactorChallenges
    codes: RecoveryCodesRecord
    tries: CodeTries
    events: Callable[[], list[str]]
    mails: Callable[[], list[str]]


def in_dynamo(tables: Tables) -> Storage:
    assert tables.events is not None
    assert tables.grants is not None
    events, grants = tables.events, tables.grants
    return Storage(
        DynamoUsers(tables, SystemClock()),
        DynamoFactors(tables),
        DynamoFactorChallenges(tables, RandomIds(SystemClock())),
        DynamoRecoveryCodes(tables),
        DynamoCodeTries(tables),
        lambda: sorted(item.sk.partition("#")[2] for item in events.scan()),
        lambda: sorted(item.sk for item in grants.scan() if item.pk.startswith("OUTBOX#")),
    )


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "dynamo":
        made = in_dynamo(request.getfixturevalue("deployed").tables())
    else:
        memory = MemoryStorage()
        made = Storage(
            memory.users,
            memory.factors,
            memory.factor_challenges,
            memory.recovery_codes,
            memory.code_tries,
            lambda: sorted(event.id for event in memory.events),
            lambda: sorted(mail.id for mail in memory.outbox.mails),
        )
    made.users.add(a_user(), [])
    return made


def an_event(name: str) -> Event:
    return Event(name, NOW * 1000, "user.mfa.factor.activate", Party("00uA", "User"))


def a_mail(name: str) -> Mail:
    return Mail(name, "AuthenticatorEnrolled", "a@example.com", NOW, NOW + 60)


def a_factor(number: int = 1, **changes: Any) -> Factor:
    factor = Factor(f"uft{number}", "00uA", "totp", "ACTIVE", NOW, NOW, "GOOGLE", secret="sealed", last_step=5)
    return replace(factor, **changes)


def a_key(number: int = 1, credential: str = "Y3JlZA", **changes: Any) -> Factor:
    key = Credential(credential, "key", "acme.example.com", "handle", sign_count=3, transports=("usb",), synced=True)
    return a_factor(number, kind="webauthn", provider="FIDO", secret=None, last_step=-1, credential=key, **changes)


def test_factors_come_back_in_the_order_in_which_they_were_made(storage: Storage) -> None:
    second, first = a_key(2, created_at=NOW + 1), a_factor(3)
    storage.factors.add(second, [an_event("e1")], [a_mail("m1")])
    storage.factors.add(first, [])

    assert storage.factors.of("00uA") == [replace(first, version=1), replace(second, version=1)]
    assert storage.factors.get("00uA", "uft2") == replace(second, version=1)
    assert storage.factors.by_credential("Y3JlZA").id == "uft2"
    assert (storage.events(), storage.mails()) == (["e1"], ["m1"])
    assert storage.factors.of("00uB") == []


@pytest.mark.parametrize(("user", "factor"), [("00uB", "uft1"), ("00uA", "uft2"), ("", ""), ("00uA", "x" * 3000)])
def test_another_users_factor_is_not_found(storage: Storage, user: str, factor: str) -> None:
    storage.factors.add(a_factor(), [])

    with pytest.raises(NotFound):
        storage.factors.get(user, factor)


def test_who_is_deleted_gets_no_factor(storage: Storage) -> None:
    storage.users.delete(storage.users.get("00uA"), [])

    with pytest.raises(Conflict):
        storage.factors.add(a_factor(), [an_event("lost")], [a_mail("lost")])
    with pytest.raises(Conflict):
        storage.codes.save(RecoveryCodes("00uA"), RecoveryCodes("00uA", NOW), [])
    with pytest.raises(Conflict):
        storage.tries.take("00uA", most=5, at=NOW)
    assert (storage.events(), storage.mails()) == ([], [])


def test_a_credential_is_one_factors_in_the_whole_deployment(storage: Storage) -> None:
    storage.users.add(a_user(id="00uB", login="b@example.com"), [])
    storage.factors.add(a_key(), [])
    pending = replace(a_key(2), credential=None, status="PENDING_ACTIVATION", user_id="00uB")
    storage.factors.add(pending, [])
    seen = storage.factors.get("00uB", "uft2")

    attempts: tuple[Callable[[], Any], ...] = (
        lambda: storage.factors.add(a_key(3), [an_event("lost")]),
        lambda: storage.factors.add(a_key(4, user_id="00uB"), []),
        lambda: storage.factors.save(seen, replace(seen, credential=a_key().credential), [an_event("lost")]),
    )
    for attempt in attempts:
        with pytest.raises(AlreadyExists) as refused:
            attempt()
        assert refused.value.field == "credential"
    with pytest.raises(AlreadyExists) as refused:
        storage.factors.add(a_key(1, "b3RoZXI"), [])
    assert refused.value.field == "id"
    assert storage.events() == []


def test_a_credential_of_a_factor_that_is_removed_is_free_again(storage: Storage) -> None:
    storage.factors.add(a_key(), [])
    storage.factors.remove(storage.factors.get("00uA", "uft1"), [an_event("e1")], [a_mail("m1")])

    storage.factors.add(a_key(2), [])

    assert storage.factors.by_credential("Y3JlZA").id == "uft2"
    assert (storage.events(), storage.mails()) == (["e1"], ["m1"])


def test_a_credential_of_a_user_who_is_deleted_is_free_again(storage: Storage) -> None:
    storage.users.add(a_user(id="00uB", login="b@example.com"), [])
    storage.factors.add(a_key(), [])
    storage.factors.add(a_factor(2), [])

    storage.users.delete(storage.users.get("00uA"), [])

    assert storage.factors.of("00uA") == []
    storage.factors.add(a_key(3, user_id="00uB"), [])


def test_nothing_is_left_of_a_deleted_users_factors(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the deletion stops half way, the schedule finds what is left."""
    tables = deployed.tables()
    storage = in_dynamo(tables)
    storage.users.add(a_user(), [])
    storage.factors.add(a_key(), [])
    storage.codes.save(RecoveryCodes("00uA"), RecoveryCodes("00uA", NOW), [])
    with monkeypatch.context() as crash:
        crash.setattr("authmint.dynamo.users.sweep", lambda *_, **__: False)
        storage.users.delete(storage.users.get("00uA"), [])

    DynamoCleanup(tables).run()

    assert list(tables.config.scan()) == []


def test_a_change_raises_the_version_and_loses_against_another(storage: Storage) -> None:
    storage.factors.add(a_factor(), [])
    seen = storage.factors.get("00uA", "uft1")

    storage.factors.save(seen, replace(seen, name="phone"), [an_event("e1")], [a_mail("m1")])

    assert storage.factors.get("00uA", "uft1") == replace(seen, name="phone", version=2)
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: storage.factors.save(seen, replace(seen, name="lost"), [an_event("lost")], [a_mail("lost")]),
        lambda: storage.factors.remove(seen, [an_event("lost")]),
    )
    for attempt in attempts:
        with pytest.raises(Conflict):
            attempt()
    assert (storage.events(), storage.mails()) == (["e1"], ["m1"])


def test_a_change_takes_back_no_step_that_was_used_meanwhile(storage: Storage) -> None:
    storage.factors.add(a_factor(), [])
    seen = storage.factors.get("00uA", "uft1")
    storage.factors.use_step(seen, 7, at=NOW + 9)

    storage.factors.save(seen, replace(seen, name="phone"), [])

    after = storage.factors.get("00uA", "uft1")
    assert (after.name, after.last_step, after.last_used_at) == ("phone", 7, NOW + 9)
    with pytest.raises(Conflict):
        storage.factors.use_step(after, 7, at=NOW)
    with pytest.raises(Conflict):
        storage.factors.use_step(after, 6, at=NOW)


def test_activation_sets_step_and_counter(storage: Storage) -> None:
    storage.factors.add(a_factor(status="PENDING_ACTIVATION", last_step=-1), [])
    storage.factors.add(replace(a_key(2), status="PENDING_ACTIVATION", credential=None), [])
    app, key = storage.factors.of("00uA")

    storage.factors.save(app, replace(app, status="ACTIVE", last_step=8), [])
    storage.factors.save(key, replace(key, status="ACTIVE", credential=a_key().credential), [])

    app, key = storage.factors.of("00uA")
    assert (app.status, app.last_step) == ("ACTIVE", 8)
    assert key.credential == a_key().credential


def test_counters_of_keys_only_rise_or_are_zero_for_ever(storage: Storage) -> None:
    storage.factors.add(a_key(), [])
    seen = storage.factors.get("00uA", "uft1")

    storage.factors.used(seen, sign_count=4, backed_up=True, at=NOW + 1)

    for count in (4, 3, 0):
        with pytest.raises(Conflict):
            storage.factors.used(seen, sign_count=count, backed_up=False, at=NOW)
    after = storage.factors.get("00uA", "uft1")
    assert after.credential == replace(seen.credential, sign_count=4, backed_up=True)  # type: ignore[type-var]
    assert (after.last_used_at, after.version) == (NOW + 1, 1)
    storage.factors.add(a_key(2, "bm9uZQ"), [])
    none = replace(a_key(2, "bm9uZQ"))
    storage.factors.remove(storage.factors.get("00uA", "uft2"), [])
    with pytest.raises(Conflict):
        storage.factors.used(none, sign_count=9, backed_up=False, at=NOW)


def test_a_key_without_a_counter_can_be_used_again(storage: Storage) -> None:
    key = a_key().credential
    assert key is not None
    storage.factors.add(replace(a_key(), credential=replace(key, sign_count=0)), [])
    seen = storage.factors.get("00uA", "uft1")

    storage.factors.used(seen, sign_count=0, backed_up=False, at=NOW)
    storage.factors.used(seen, sign_count=0, backed_up=False, at=NOW)


def test_of_fifty_uses_of_one_step_exactly_one_wins(storage: Storage) -> None:
    storage.factors.add(a_factor(), [])
    seen = storage.factors.get("00uA", "uft1")

    outcomes = race(lambda _: storage.factors.use_step(seen, 6, at=NOW), Conflict)

    assert outcomes.count("won") == 1


def test_of_two_factors_that_may_each_go_beside_the_other_one_stays(storage: Storage) -> None:
    one, other = a_factor(1), a_factor(2)
    for factor in (one, other):
        storage.factors.add(factor, [])
    one, other = storage.factors.of("00uA")

    pairs = ((one, other), (other, one))

    outcomes = race(
        lambda number: storage.factors.remove(pairs[number % 2][0], [], beside=[pairs[number % 2][1]]), Conflict
    )

    assert outcomes.count("won") == 1
    assert len(storage.factors.of("00uA")) == 1


def test_a_reset_takes_everything(storage: Storage) -> None:
    storage.factors.add(a_factor(), [])
    storage.factors.add(a_key(2), [])
    storage.codes.save(RecoveryCodes("00uA"), RecoveryCodes("00uA", NOW, "k", ("d",)), [])

    assert storage.factors.remove_all("00uA", [an_event("e1")], [a_mail("m1")]) == 2

    assert storage.factors.of("00uA") == []
    assert storage.codes.of("00uA").version == 0
    assert (storage.events(), storage.mails()) == (["e1"], ["m1"])
    storage.factors.add(a_key(3), [])


def test_recovery_codes_are_spent_once_each(storage: Storage) -> None:
    none = storage.codes.of("00uA")
    storage.codes.save(none, RecoveryCodes("00uA", NOW, "sealed", ("d1", "d2")), [an_event("e1")], [a_mail("m1")])
    seen = storage.codes.of("00uA")
    assert (seen.digests, seen.version) == (("d1", "d2"), 1)

    outcomes = race(lambda _: storage.codes.save(seen, replace(seen, digests=("d2",)), []), Conflict)

    assert outcomes.count("won") == 1
    with pytest.raises(Conflict):
        storage.codes.remove(seen, [])
    storage.codes.remove(storage.codes.of("00uA"), [])
    assert storage.codes.of("00uA") == none
    with pytest.raises(Conflict):
        storage.codes.remove(seen, [])


def test_codes_are_counted_until_a_right_one(storage: Storage) -> None:
    assert [storage.tries.take("00uA", most=3, at=NOW + n) for n in range(3)] == [1, 2, 3]
    with pytest.raises(Conflict):
        storage.tries.take("00uA", most=3, at=NOW + 9)
    user = storage.users.get("00uA")
    assert (user.failed_codes, user.code_tried_at, user.failed_attempts) == (3, NOW + 2, 0)

    storage.tries.give_back("00uA")
    assert storage.tries.take("00uA", most=3, at=NOW) == 3
    storage.tries.clear("00uA")
    storage.tries.give_back("00uA")

    assert storage.users.get("00uA").failed_codes == 0


def test_a_change_of_the_user_keeps_the_count_and_an_unlock_clears_it(storage: Storage) -> None:
    before = storage.users.get("00uA")
    storage.tries.take("00uA", most=3, at=NOW)
    storage.users.save(before, replace(before, updated_at=NOW + 1), [])
    counted = storage.users.get("00uA")
    assert counted.failed_codes == 1
    assert storage.users.list()[0].failed_codes in (0, 1)

    storage.users.save(counted, replace(counted, failed_codes=0), [])

    assert storage.users.get("00uA").failed_codes == 0


def test_of_fifty_codes_at_once_five_are_counted(storage: Storage) -> None:
    outcomes = race(lambda _: storage.tries.take("00uA", most=5, at=NOW), Conflict)

    assert outcomes.count("won") == 5
    assert storage.users.get("00uA").failed_codes == 5


CHALLENGE = FactorChallenge("c1", "verify", "t1", NOW, NOW + 300, user_id="00uA", factor_id="emf1", key="k", code="h")


def test_a_challenge_is_used_once(storage: Storage) -> None:
    storage.challenges.add(CHALLENGE)
    assert storage.challenges.get("c1") == CHALLENGE

    assert storage.challenges.use("c1") == CHALLENGE

    attempts: tuple[Callable[[], Any], ...] = (
        lambda: storage.challenges.use("c1"),
        lambda: storage.challenges.get("c1"),
        lambda: storage.challenges.attempt("c1", most=5),
        lambda: storage.challenges.use("none"),
        lambda: storage.challenges.attempt("x" * 3000, most=5),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()


def test_a_challenge_is_stored_once(storage: Storage) -> None:
    storage.challenges.add(CHALLENGE)

    with pytest.raises(AlreadyExists):
        storage.challenges.add(replace(CHALLENGE, binding="t2"))


def test_of_fifty_uses_of_one_challenge_exactly_one_wins(storage: Storage) -> None:
    storage.challenges.add(CHALLENGE)

    assert race(lambda _: storage.challenges.use("c1"), NotFound).count("won") == 1


def test_of_fifty_guesses_at_one_challenge_five_are_looked_at(storage: Storage) -> None:
    storage.challenges.add(CHALLENGE)

    assert race(lambda _: storage.challenges.attempt("c1", most=5), NotFound).count("won") == 5


def test_a_new_challenge_takes_the_place_of_the_old_one(storage: Storage) -> None:
    storage.challenges.add(CHALLENGE)
    for _ in range(5):
        storage.challenges.attempt("c1", most=5)
    new = replace(CHALLENGE, code="other")

    storage.challenges.replace(new)

    with pytest.raises(NotFound):
        storage.challenges.use("c1", CHALLENGE)
    assert storage.challenges.attempt("c1", most=5) == new
    assert storage.challenges.use("c1", new) == new
