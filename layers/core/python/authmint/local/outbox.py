"""Where mail of the local stack ends: it is kept, to be read by who develops and by tests. No deployment has this."""

import html
import json
import re
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..clock import timestamp
from .gateway import Receive, Scope, Send, plain, read_body

#: Where version 2 of SES's API takes mail.
SEND: Final = "/v2/email/outbound-emails"
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")
_CODE: Final = re.compile(r"(?<![\w/.-])\d{6}(?![\w/.-])")
_PAGE: Final = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Outbox</title>
<style>body{{font-family:sans-serif;max-width:50em;margin:2em auto;line-height:1.5}}article{{border-top:1px solid #999}}
pre{{white-space:pre-wrap}}</style></head><body><h1>Outbox</h1>
<p>Mail that this stack would have sent, the newest first. A deployment sends it, and has no such page.</p>
{mails}</body></html>
"""


class LocalOutbox:
    """Every mail that was sent, the newest last. ``directory``: where it is kept; ``None``: in memory alone."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self.mails: list[dict[str, Any]] = []
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            self.mails = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]

    def keep(self, sent: Mapping[str, Any]) -> str:
        """Keep one that SES was asked to send; its message id."""
        simple = sent["Content"]["Simple"]
        text, page = simple["Body"]["Text"]["Data"], simple["Body"]["Html"]["Data"]
        tags = {tag["Name"]: tag["Value"] for tag in sent.get("EmailTags", [])}
        mail = {
            "id": tags.get("mail") or uuid.uuid4().hex,
            "template": tags.get("template"),
            "to": sent["Destination"]["ToAddresses"][0],
            "from": sent["FromEmailAddress"],
            "subject": simple["Subject"]["Data"],
            "text": text,
            "html": page,
            "links": list(dict.fromkeys(_LINK.findall(text))),
            "codes": _CODE.findall(text),
            "created": timestamp(int(time.time())),
        }
        self.mails.append(mail)
        if self._directory is not None:
            (self._directory / f"{time.time_ns()}.json").write_text(json.dumps(mail))
        return str(mail["id"])

    async def take(self, receive: Receive, send: Send) -> None:
        """Answer a call of SES's API."""
        try:
            message_id = self.keep(json.loads(await read_body(receive) or b""))
        except (ValueError, KeyError, IndexError, TypeError):
            await plain(send, 400, "not a mail")
            return
        await _answer(send, json.dumps({"MessageId": message_id}).encode(), b"application/json")

    async def listed(self, scope: Scope, send: Send) -> None:
        """All of them as JSON, or as a page for who asks with a browser."""
        accepts = next((value for name, value in scope["headers"] if name.lower() == b"accept"), b"")
        if b"text/html" in accepts:
            await _answer(send, self._page().encode(), b"text/html; charset=utf-8")
        else:
            await _answer(send, json.dumps(self.mails).encode(), b"application/json")

    def _page(self) -> str:
        shown = [
            f"<article><h2>{html.escape(mail['subject'])}</h2><p>To {html.escape(mail['to'])}, {mail['created']}</p>"
            f"<pre>{_linked(mail['text'])}</pre></article>"
            for mail in reversed(self.mails)
        ]
        return _PAGE.format(mails="".join(shown) or "<p>Nothing yet.</p>")


def _linked(text: str) -> str:
    return _LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', html.escape(text))


async def _answer(send: Send, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
