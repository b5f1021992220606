"""What becomes of mail that waits: sent once, tried again, dropped when it is late, and never too much of it."""

from dataclasses import replace

import pytest
from authmint.backoff import pause
from authmint.mail.mailer import Rejected, masked
from authmint.mail.rendering import Message
from authmint.outage import Outage
from authmint.storage.outbox import Mail

from tests.mail.posts import MAIL, Post
from tests.support.fakes import NOW


def test_mail_is_sent_as_soon_as_it_is_stored_and_once() -> None:
    post = Post()

    assert post.stored(MAIL) == {"sent": 1}
    assert post.mailer({"source": "schedule"}) == {}
    post.clock.advance(seconds=3_600)
    assert post.mailer({"source": "schedule"}) == {}

    assert [mail_id for mail_id, _ in post.sent] == ["m1"]
    assert post.sent[0][1].subject == "Your password at Acme was changed"


def test_what_the_stream_tells_of_other_changes_is_nothing_to_send() -> None:
    post = Post()
    post.storage.outbox.add([MAIL])

    assert post.mailer({"Records": [{"eventName": "REMOVE", "dynamodb": {"Keys": {"sk": {"S": "m1"}}}}]}) == {}
    assert post.sent == []


def test_the_schedule_sends_what_the_stream_did_not_tell() -> None:
    post = Post()
    post.storage.outbox.add([MAIL])

    assert post.mailer({"source": "schedule"}) == {"sent": 1}


def test_two_who_are_told_at_once_send_one_mail() -> None:
    post = Post()
    post.storage.outbox.add([MAIL])
    original, again = post.send, []

    def sends_while_the_other_one_looks(mail: Mail, message: Message) -> None:
        again.append(post.mailer({"source": "schedule"}))
        original(mail, message)

    post.send = sends_while_the_other_one_looks  # type: ignore[method-assign]

    assert post.mailer({"source": "schedule"}) == {"sent": 1}
    assert (again, len(post.sent)) == ([{}], 1)


def test_what_is_not_taken_now_is_tried_again_less_and_less_often() -> None:
    post = Post(refusal=Outage("SES SendEmail: TooManyRequestsException"))

    assert post.stored(MAIL) == {"delayed": 1}
    waits = []
    for _ in range(4):
        waited = 0
        while post.mailer({"source": "schedule"}) == {}:
            post.clock.advance(seconds=60)
            waited += 60
        waits.append(waited)

    assert waits == [60, 120, 240, 480]
    assert [pause(n) for n in (1, 6, 7, 40)] == [60, 1_920, 3_600, 3_600]
    assert len(post.reported) == 5
    assert post.counted == []


def test_mail_that_is_late_is_not_sent_and_an_alarm_hears_of_it() -> None:
    post = Post(refusal=Outage("SES SendEmail: ServiceUnavailable"))
    post.stored(replace(MAIL, expires_at=NOW + 3_600))

    post.clock.advance(seconds=3_600)
    post.refusal = None

    assert post.mailer({"source": "schedule"}) == {"given_up": 1}
    assert post.sent == []
    assert post.counted == [("MailsGivenUp", "expired")]
    assert post.mailer({"action": "revive"}) == {"revived": 0}


def test_what_is_refused_for_good_is_kept_until_an_operator_revives_it() -> None:
    post = Post(refusal=Rejected("MessageRejected"))

    assert post.stored(MAIL) == {"given_up": 1}
    post.clock.advance(seconds=7_200)
    assert post.mailer({"source": "schedule"}) == {}
    post.refusal = None

    assert post.mailer({"action": "revive"}) == {"revived": 1, "sent": 1}
    assert post.counted == [("MailsGivenUp", "MessageRejected")]


def test_one_user_gets_so_many_an_hour() -> None:
    post = Post(of_user=2)
    mails = [replace(MAIL, id=f"m{n}") for n in range(4)]

    assert post.stored(*mails) == {"sent": 2, "given_up": 2}
    assert post.stored(replace(MAIL, id="other", user_id="00u2")) == {"sent": 1}
    post.clock.advance(seconds=3_600)
    assert post.stored(replace(MAIL, id="later")) == {"sent": 1}
    assert post.counted == [("MailsGivenUp", "user_limit")] * 2


def test_a_deployment_sends_so_many_a_day_and_keeps_the_rest() -> None:
    post = Post(of_all=1)

    assert post.stored(MAIL, replace(MAIL, id="m2", user_id="00u2")) == {"sent": 1, "given_up": 1}
    post.clock.advance(seconds=86_400 - 3_600)

    assert post.counted == [("MailsGivenUp", "day_limit")]
    assert post.storage.outbox.revive(at=post.clock.now()) == 1


def test_mail_to_nobody_goes_away_unsent_and_unseen() -> None:
    post = Post()

    assert post.stored(replace(MAIL, to="", user_id="00uAuthmintNobody000")) == {}

    post.clock.advance(seconds=86_400)
    assert post.mailer({"source": "schedule"}) == {}
    assert (post.sent, post.counted, post.storage.events) == ([], [], [])


def test_who_runs_out_of_time_leaves_the_rest_to_the_next_one() -> None:
    post = Post()
    post.left = lambda: not post.sent

    assert post.stored(MAIL, replace(MAIL, id="m2")) == {"sent": 1}
    post.left = lambda: True
    assert post.mailer({"source": "schedule"}) == {"sent": 1}


def test_the_log_says_who_was_written_to_and_nothing_that_was_written() -> None:
    post = Post()
    secret = "https://acme.example.com/signin/reset-password/a-secret"
    post.stored(replace(MAIL, template="ForgotPassword", values={"resetPasswordLink": secret}))
    post.refusal = Rejected("MessageRejected")
    post.stored(replace(MAIL, id="m2"))

    sent, refused = post.storage.events
    assert secret in post.sent[0][1].text
    assert "a-secret" not in repr(post.storage.events)
    assert "ann@b.example" not in repr(post.storage.events)
    assert (sent.type, sent.outcome, sent.targets[0].alternate_id) == (
        "system.email.delivery",
        "SUCCESS",
        "a***@b.example",
    )
    assert (refused.outcome, refused.reason) == ("FAILURE", "MessageRejected")


def test_secrets_of_mail_are_not_shown() -> None:
    assert "a-secret" not in repr(replace(MAIL, values={"resetPasswordLink": "a-secret"}))


@pytest.mark.parametrize(
    ("address", "shown"), [("ann@b.example", "a***@b.example"), ("a@b", "a***@b"), ("@b", "***@b"), ("x", "***x")]
)
def test_addresses_are_masked(address: str, shown: str) -> None:
    assert masked(address) == shown
