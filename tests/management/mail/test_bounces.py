"""Addresses that mail came back from: administrators have mail sent there again."""

from tests.management.admin import Admin
from tests.support.fakes import NOW

PATH = "/api/v1/org/email/bounces/remove-list"


def test_mail_goes_there_again_and_the_log_says_who_wanted_that(admin: Admin) -> None:
    known = admin.storage.undeliverable
    known.mark("ann@b.example", "BOUNCE", at=NOW)

    answer = admin.post(PATH, {"emailAddresses": ["ANN@b.example", "fresh@b.example", "none"]})

    reason = "Invalid email address. The email address is ignored."
    assert (answer.status, answer.json) == (200, {"errors": [{"emailAddress": "none", "reason": reason}]})
    assert known.find("ann@b.example") is None
    (event,) = [event for event in admin.storage.events if event.type == "system.email.bounce.removed"]
    assert event.targets[0].alternate_id == "A***@b.example"


def test_a_list_of_nothing_is_refused(admin: Admin) -> None:
    assert admin.post(PATH, {}).code == "E0000001"
    assert admin.post(PATH, {"emailAddresses": [f"a{number}@b.example" for number in range(101)]}).code == "E0000001"
