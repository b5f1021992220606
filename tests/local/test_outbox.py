"""Mail of the local stack: it is kept where SES would send it, and can be read by people and by tests."""

import asyncio
import json
from pathlib import Path
from typing import Any

from authmint.local.outbox import LocalOutbox


def sent(text: str, to: str = "ann@b.example", template: str = "ForgotPassword") -> dict[str, Any]:
    return {
        "FromEmailAddress": "Acme <no-reply@acme.example.com>",
        "Destination": {"ToAddresses": [to]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Hello <b>"},
                "Body": {"Text": {"Data": text}, "Html": {"Data": f"<p>{text}</p>"}},
            }
        },
        "EmailTags": [{"Name": "mail", "Value": "m1"}, {"Name": "template", "Value": template}],
    }


def listed(outbox: LocalOutbox, accept: bytes) -> tuple[int, bytes, bytes]:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(outbox.listed({"headers": [(b"accept", accept)]}, send))
    return said[0]["status"], dict(said[0]["headers"])[b"content-type"], said[1]["body"]


def test_links_and_codes_of_a_mail_are_found() -> None:
    outbox = LocalOutbox(None)

    outbox.keep(sent("Open http://127.0.0.1:8080/signin/reset-password/123456 or enter\n\n654321\n\nby 2026."))

    (mail,) = outbox.mails
    assert mail["links"] == ["http://127.0.0.1:8080/signin/reset-password/123456"]
    assert mail["codes"] == ["654321"]
    assert (mail["id"], mail["to"], mail["template"]) == ("m1", "ann@b.example", "ForgotPassword")


def test_mail_is_kept_across_restarts_where_state_is(tmp_path: Path) -> None:
    for number in range(3):
        LocalOutbox(tmp_path).keep(sent(f"mail {number}"))

    assert [mail["text"] for mail in LocalOutbox(tmp_path).mails] == ["mail 0", "mail 1", "mail 2"]


def test_the_list_is_json_for_tests_and_a_page_for_people() -> None:
    outbox = LocalOutbox(None)
    outbox.keep(sent("Open http://127.0.0.1/a?b=1&c=2"))

    status, kind, body = listed(outbox, b"*/*")
    assert (status, kind, len(json.loads(body))) == (200, b"application/json", 1)
    status, kind, body = listed(outbox, b"text/html,*/*;q=0.8")
    assert (status, kind) == (200, b"text/html; charset=utf-8")
    assert b"<h2>Hello &lt;b&gt;</h2>" in body
    assert b'<a href="http://127.0.0.1/a?b=1&amp;c=2">' in body
