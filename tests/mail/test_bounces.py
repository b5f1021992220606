"""What SES tells of mail that came back: nothing is sent there any more, until somebody says otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest
from authmint.mail.bounces import Bounce, bounces
from authmint.storage.outbox import Mail

from tests.mail.posts import MAIL, Post

TOLD = json.loads((Path(__file__).parents[2] / "events" / "bounce.json").read_text())


def told(**event: Any) -> dict[str, Any]:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(event)}}]}


def complaint(address: str) -> dict[str, Any]:
    recipients = [{"emailAddress": address}]
    return told(eventType="Complaint", complaint={"complainedRecipients": recipients}, mail={})


def reasons(post: Post) -> list[tuple[str, str | None]]:
    return [(event.type, event.reason) for event in post.storage.events]


def test_mail_that_came_back_is_the_last_to_that_address() -> None:
    post = Post()

    assert post.mailer(TOLD) == {"bounce": 1}
    assert post.stored(MAIL) == {"given_up": 1}
    assert post.sent == []
    assert reasons(post) == [("system.email.delivery", "BOUNCE"), ("system.email.delivery", "undeliverable")]
    (returned, _) = post.storage.events
    assert (returned.debug, returned.targets[0].alternate_id) == (
        {"template": "PasswordChanged", "mail": "m1"},
        "a***@b.example",
    )
    other = Mail("m2", "PasswordChanged", "ann@new.example", MAIL.created_at, MAIL.expires_at, "00u1")
    assert post.stored(other) == {"sent": 1}  # another address of the same user

    post.storage.undeliverable.clear("Ann@B.example", [])
    assert post.stored(Mail("m3", "PasswordChanged", MAIL.to, MAIL.created_at, MAIL.expires_at)) == {"sent": 1}


def test_who_complains_gets_nothing_more() -> None:
    post = Post()

    assert post.mailer(complaint("ANN@b.example")) == {"complaint": 1}
    assert post.stored(MAIL) == {"given_up": 1}


def test_a_mailbox_that_is_full_for_now_is_only_written_down() -> None:
    post = Post()
    bounce = {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": MAIL.to}]}

    assert post.mailer(told(eventType="Bounce", bounce=bounce)) == {"bounce": 1}
    assert post.stored(MAIL) == {"sent": 1}
    assert reasons(post)[0] == ("system.email.delivery", "BOUNCE")


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"Sns": None},
        {"Sns": {"Message": "{"}},
        {"Sns": {"Message": "[]"}},
        {"Sns": {"Message": '{"eventType": "Delivery"}'}},
        {"Sns": {"Message": '{"eventType": "Bounce", "bounce": 7, "mail": []}'}},
        {"Sns": {"Message": '{"eventType": "Complaint", "complaint": {"complainedRecipients": [7, {}]}}'}},
    ],
)
def test_what_says_nothing_of_that_changes_nothing(record: dict[str, Any]) -> None:
    assert list(bounces([record])) == []


def test_older_notifications_name_their_type_otherwise() -> None:
    event = {"notificationType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "a@b.example"}]}}

    assert list(bounces([{"Sns": {"Message": json.dumps(event)}}])) == [Bounce("a@b.example", "COMPLAINT", True)]
