"""Mail as SES is asked to send it, and what its refusals mean."""

from typing import Any

import pytest
from authmint.mail.mailer import Rejected
from authmint.mail.rendering import Message
from authmint.outage import Outage
from authmint.runtime.aws_session import session
from authmint.ses.postman import SesPostman, client
from authmint.storage.outbox import Mail
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from tests.support.fakes import NOW

MAIL = Mail("m1", "ForgotPassword", "ann@b.example", NOW, NOW + 60)
MESSAGE = Message("Grüße", "text", "<p>html</p>")


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return client(session())


def test_a_mail_is_one_call_with_both_forms_and_asks_for_no_answer(ses: Any) -> None:
    with Stubber(ses) as stub:
        text = {"Charset": "UTF-8"}
        stub.add_response(
            "send_email",
            {"MessageId": "x"},
            {
                "FromEmailAddress": "=?utf-8?q?Acme_K=C3=B6ln?= <no-reply@acme.example.com>",
                "Destination": {"ToAddresses": ["ann@b.example"]},
                "Content": {
                    "Simple": {
                        "Subject": text | {"Data": "Grüße"},
                        "Body": {"Text": text | {"Data": "text"}, "Html": text | {"Data": "<p>html</p>"}},
                        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
                    }
                },
                "EmailTags": [{"Name": "mail", "Value": "m1"}, {"Name": "template", "Value": "ForgotPassword"}],
            },
        )

        SesPostman(ses, "no-reply@acme.example.com", "Acme Köln").send(MAIL, MESSAGE)

        stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_what_ses_will_never_take_is_rejected(ses: Any, code: str) -> None:
    stub = Stubber(ses)
    stub.add_client_error("send_email", code, "Email address is not verified: ann@b.example")

    with stub, pytest.raises(Rejected) as refused:
        SesPostman(ses, "a@b.example", "Acme").send(MAIL, MESSAGE)

    assert refused.value.reason == code
    assert "ann" not in str(refused.value)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "SendingPausedException", "AccountSuspendedException"])
def test_what_ses_does_not_take_now_is_an_outage(ses: Any, code: str) -> None:
    stub = Stubber(ses)
    stub.add_client_error("send_email", code, "secret")

    with stub, pytest.raises(Outage, match=f"^SES SendEmail: {code}$") as failed:
        SesPostman(ses, "a@b.example", "Acme").send(MAIL, MESSAGE)

    assert isinstance(failed.value.__cause__, ClientError)


def test_no_answer_is_an_outage(ses: Any) -> None:
    def times_out(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://ses.invalid")

    ses.meta.events.register("before-send.sesv2.*", times_out)

    with pytest.raises(Outage, match="ConnectTimeoutError"):
        SesPostman(ses, "a@b.example", "Acme").send(MAIL, MESSAGE)
