"""Mail that waits, in memory and in DynamoDB: stored with its cause, taken by one, given up and revived."""

from dataclasses import dataclass, replace

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.mail_templates import DynamoMailTemplates
from authmint.dynamo.outbox import DynamoOutbox
from authmint.dynamo.recovery_tickets import DynamoRecoveryTickets
from authmint.dynamo.users import DynamoUsers
from authmint.ids import RandomIds
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.mail_templates import Customization, MailTemplate, MailTemplates
from authmint.storage.outbox import Mail, Outbox
from authmint.storage.recovery_tickets import RecoveryTicket, RecoveryTickets
from authmint.storage.users import Users

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.builders import a_user
from tests.support.fakes import NOW

MAIL = Mail("m1", "ForgotPassword", "ann@b.example", NOW, NOW + 3_600, "00u1", {"resetPasswordLink": "https://x/y"})


@dataclass
class Storage:
    """A deployment's users and their mail, whatever they are made of."""

    outbox: Outbox
    users: Users
    tickets: RecoveryTickets
    templates: MailTemplates


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        memory = MemoryStorage()
        return Storage(memory.outbox, memory.users, memory.recovery_tickets, memory.mail_templates)
    tables, clock = request.getfixturevalue("deployed").tables(), SystemClock()
    ids = RandomIds(clock)
    tickets, templates = DynamoRecoveryTickets(tables, ids), DynamoMailTemplates(tables)
    return Storage(DynamoOutbox(tables, ids), DynamoUsers(tables, clock), tickets, templates)


def due(outbox: Outbox, at: int = NOW) -> list[str]:
    return sorted(outbox.due(at=at, limit=100))


def test_mail_comes_back_as_it_was_stored_and_goes_when_it_was_sent(storage: Storage) -> None:
    outbox = storage.outbox
    outbox.add([MAIL, replace(MAIL, id="m2", language="de")])

    assert due(outbox, NOW - 1) == []
    assert due(outbox) == ["m1", "m2"]
    taken = outbox.take("m1", at=NOW, until=NOW + 60)
    assert (taken.mail, taken.attempts) == (MAIL, 1)
    outbox.remove("m1")
    assert due(outbox, NOW + 60) == ["m2"]
    with pytest.raises(NotFound):
        outbox.take("m1", at=NOW + 60, until=NOW + 90)


def test_who_takes_mail_and_does_not_finish_leaves_it_to_others_later(storage: Storage) -> None:
    outbox = storage.outbox
    outbox.add([MAIL])
    outbox.take("m1", at=NOW, until=NOW + 60)

    with pytest.raises(NotFound):
        outbox.take("m1", at=NOW + 59, until=NOW + 90)
    assert outbox.take("m1", at=NOW + 60, until=NOW + 90).attempts == 2
    outbox.delay("m1", until=NOW + 3_600)
    assert due(outbox, NOW + 3_599) == []
    assert due(outbox, NOW + 3_600) == ["m1"]


def test_of_fifty_who_take_one_mail_exactly_one_has_it(storage: Storage) -> None:
    storage.outbox.add([MAIL])

    won = race(lambda _: storage.outbox.take("m1", at=NOW, until=NOW + 60), NotFound)

    assert won.count("won") == 1


def test_what_is_given_up_waits_for_an_operator(storage: Storage) -> None:
    outbox = storage.outbox
    outbox.add([MAIL])
    outbox.give_up(outbox.take("m1", at=NOW, until=NOW + 60), at=NOW, because="MessageRejected")

    assert due(outbox, NOW + 86_400) == []
    with pytest.raises(NotFound):
        outbox.take("m1", at=NOW + 86_400, until=NOW + 86_460)
    assert outbox.revive(at=NOW + 90_000) == 1
    assert outbox.take("m1", at=NOW + 90_000, until=NOW + 90_060).attempts == 1
    assert outbox.revive(at=NOW + 90_000) == 0


def test_what_is_gone_can_neither_be_delayed_nor_given_up(storage: Storage) -> None:
    outbox = storage.outbox
    outbox.add([MAIL])
    taken = outbox.take("m1", at=NOW, until=NOW + 60)
    outbox.remove("m1")

    outbox.delay("m1", until=NOW)
    outbox.give_up(taken, at=NOW, because="late")

    assert due(outbox, NOW + 86_400) == []
    assert outbox.revive(at=NOW) == 0


@pytest.mark.parametrize("mail_id", ["", "x" * 5_000, "\ud800"])
def test_ids_that_cannot_be_find_nothing(storage: Storage, mail_id: str) -> None:
    with pytest.raises(NotFound):
        storage.outbox.take(mail_id, at=NOW, until=NOW + 60)


def test_a_change_of_a_user_and_its_mail_are_one(storage: Storage) -> None:
    users, outbox = storage.users, storage.outbox
    users.add(a_user(id="00u1", login="ann@b.example"), [], mails=[replace(MAIL, id="added")])
    before = users.get("00u1")
    locked = replace(before, status="LOCKED_OUT")

    assert users.count_failure(before, locked, [], most=2, mails=[replace(MAIL, id="first")]) == 1
    assert users.count_failure(before, locked, [], most=2, mails=[replace(MAIL, id="locked")]) == 2
    with pytest.raises(Conflict):
        users.save(before, before, [], mails=[replace(MAIL, id="stale")])
    known = users.get("00u1")
    users.save(known, replace(known, status="ACTIVE"), [], mails=[MAIL])

    assert due(outbox) == ["added", "locked", "m1"]


def test_a_ticket_comes_back_as_it_was_stored_and_its_mail_with_it(storage: Storage) -> None:
    ticket = RecoveryTicket("d1", "password", "00u1", "bound", NOW, NOW + 3_600, {"request": "handle"})

    storage.tickets.add(ticket, [], [MAIL])

    assert storage.tickets.get("d1") == ticket
    assert due(storage.outbox) == ["m1"]
    for other in ("d2", "", "x" * 5_000):
        with pytest.raises(NotFound):
            storage.tickets.get(other)


def test_words_of_a_template_come_back_as_they_were_stored(storage: Storage) -> None:
    templates = storage.templates
    english = Customization("oel1", "en", "Hello", "x" * 60_000, NOW, NOW)
    french = Customization("oel2", "fr", "Bonjour", "y" * 60_000, NOW, NOW)

    fresh = templates.get("ForgotPassword")
    assert fresh == MailTemplate("ForgotPassword")
    templates.save(fresh, replace(fresh, customizations=(french, english), default="oel1"), [])
    both = templates.get("ForgotPassword")
    assert (both.customizations, both.default, both.version) == ((english, french), "oel1", 1)
    changed = replace(english, subject="Hi")
    templates.save(both, replace(both, customizations=(changed,), recipients="NO_USERS"), [])
    assert templates.get("ForgotPassword").customizations == (changed,)
    assert templates.get("UserActivation") == MailTemplate("UserActivation")


def test_a_change_of_a_template_that_another_changed_is_a_conflict(storage: Storage) -> None:
    templates = storage.templates
    fresh = templates.get("ForgotPassword")
    templates.save(fresh, replace(fresh, recipients="NO_USERS"), [])

    with pytest.raises(Conflict):
        templates.save(fresh, replace(fresh, recipients="ADMINS_ONLY"), [])
    assert templates.get("ForgotPassword").recipients == "NO_USERS"
