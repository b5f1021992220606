"""Copies of clients' documents: when they serve, when they are fetched anew, and what dies with a change."""

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from authmint.oauth.client_documents import BadDocument
from authmint.oauth.document_clients import PAUSE, STALE, DocumentClients, DocumentUnavailable
from authmint.oauth.outbound_fetch import Document, FetchFailed
from authmint.storage.client_documents import ClientCopy

from tests.memory.client_copies import MemoryClientCopies
from tests.support.fakes import NOW

URL = "https://app.example/client.json"
HONEST: dict[str, Any] = {"client_id": URL, "client_name": "App", "redirect_uris": ["http://localhost/callback"]}
WITH_KEY = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks.json"}
DAY = 86_400


class Web:
    """One document, and everything that asks for it."""

    def __init__(self) -> None:
        self.copies = MemoryClientCopies(threading.RLock())
        self.clients = DocumentClients(self.copies, self._fetch, lambda *_: self.may_ask)
        self.answer: Document | Exception = self.document()
        self.may_ask = True
        self.asked: list[tuple[str, str]] = []
        self.now = NOW
        self.meanwhile: ClientCopy | None = None

    def _fetch(self, url: str, issuer: str) -> Document:
        self.asked.append((url, issuer))
        if self.meanwhile is not None:
            self.copies.records["ausA", url] = self.meanwhile
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def document(self, cache_control: str | None = None, **changes: Any) -> Document:
        return Document(json.dumps(HONEST | changes).encode(), cache_control)

    def find(self, server_id: str = "ausA", *, grace: int = 0, later: int = 0) -> ClientCopy:
        self.now += later
        return self.clients.find(
            server_id, URL, issuer="https://as.example", private_schemes=(), now=self.now, grace=grace
        )

    def refused(self, later: int = 0) -> str:
        with pytest.raises(BadDocument) as bad:
            self.find(later=later)
        return bad.value.id


def test_a_document_is_fetched_once_for_as_long_as_it_is_fresh() -> None:
    web = Web()
    web.answer = web.document("max-age=600")

    first = web.find()

    assert (first.document.url, first.document.name) == (URL, "App")
    assert (first.checked_at, first.fresh_until, first.since, first.generation) == (NOW, NOW + 600, NOW, NOW)
    assert web.find(later=599) == first
    assert web.asked == [(URL, "https://as.example")]
    again = web.find(later=1)
    assert (len(web.asked), again) == (2, replace(first, checked_at=NOW + 600, fresh_until=NOW + 1_200))


def test_each_server_has_a_copy_of_its_own() -> None:
    web = Web()
    web.find("ausA")

    assert web.find("ausB", later=PAUSE).server_id == "ausB"
    assert len(web.asked) == 2
    web.copies.records["ausC", URL] = web.copies.records["ausA", URL]  # whatever a key leads to
    with pytest.raises(DocumentUnavailable):
        web.find("ausC")


def test_a_token_request_waits_for_no_foreign_host_for_a_day() -> None:
    web = Web()
    first = web.find()
    web.answer = FetchFailed("too slow")

    assert web.find(grace=DAY, later=3_600 + DAY - 1) == first
    assert len(web.asked) == 1
    web.answer = web.document()
    assert web.find(grace=DAY, later=1).checked_at == web.now
    assert len(web.asked) == 2


def test_a_storm_of_requests_is_one_fetch() -> None:
    web = Web()
    first = web.find()
    web.answer = FetchFailed("too slow")

    for _ in range(10):
        assert web.find(later=3_600 if len(web.asked) == 1 else 0) == first

    assert len(web.asked) == 2
    assert web.find(later=PAUSE) == first
    assert len(web.asked) == 3


def test_who_comes_while_another_asks_for_the_first_time_is_told_to_come_again() -> None:
    web = Web()
    web.answer = FetchFailed("too slow")
    for _ in range(3):
        with pytest.raises(DocumentUnavailable):
            web.find()

    assert len(web.asked) == 1
    assert web.copies.records == {}
    web.answer = web.document()
    assert web.find(later=PAUSE).document.name == "App"


def test_a_host_that_is_asked_too_often_is_left_alone() -> None:
    web = Web()
    web.may_ask = False
    with pytest.raises(DocumentUnavailable, match="too often"):
        web.find()
    assert web.asked == []

    web.may_ask = True
    first = web.find(later=PAUSE)
    web.may_ask = False
    assert web.find(later=3_600) == first
    assert len(web.asked) == 1


@pytest.mark.parametrize("trouble", [FetchFailed("too slow"), FetchFailed("status 503"), FetchFailed("status 403")])
def test_a_copy_serves_through_its_hosts_troubles_for_a_week(trouble: FetchFailed) -> None:
    web = Web()
    first = web.find()
    web.answer = trouble

    assert web.find(later=STALE - 1) == first
    with pytest.raises(DocumentUnavailable):
        web.find(later=PAUSE)
    web.answer = web.document()
    assert web.find(later=PAUSE).generation == first.generation  # nothing of it was withdrawn


@pytest.mark.parametrize(
    "answer",
    [
        FetchFailed("status 404", withdrawn=True),
        FetchFailed("status 410", withdrawn=True),
        FetchFailed("too large", withdrawn=True),
        Document(b"<html>"),
        Document(json.dumps(HONEST | {"client_id": f"{URL}/"}).encode()),
        Document(json.dumps(HONEST | {"client_secret": "s"}).encode()),
        Document(json.dumps(HONEST | {"redirect_uris": []}).encode()),
    ],
)
def test_a_client_that_is_gone_is_gone_at_once_and_all_that_it_was_given(answer: Document | FetchFailed) -> None:
    web = Web()
    first = web.find()
    web.answer = answer

    assert web.refused(later=3_600).startswith("cimd_")
    gone = web.copies.get("ausA", URL)
    assert (gone.withdrawn_at, gone.generation) == (web.now, web.now)
    assert web.refused() == "cimd_not_found"  # and nobody asks again so soon
    assert web.refused(later=PAUSE)
    assert web.copies.get("ausA", URL) == gone
    web.answer = web.document()
    back = web.find(later=PAUSE)
    assert back.withdrawn_at is None
    assert back.generation == gone.generation > first.generation


def test_what_was_never_a_client_is_not_stored() -> None:
    web = Web()
    for answer in (FetchFailed("status 404", withdrawn=True), Document(b"{}")):
        web.answer = answer
        assert web.refused(later=PAUSE).startswith("cimd_")
    assert web.copies.records == {}


def test_another_client_at_the_same_url_has_to_be_agreed_to_again() -> None:
    web = Web()
    first = web.find()

    web.answer = web.document(tos_uri="https://app.example/tos")
    silent = web.find(later=3_600)
    web.answer = web.document(client_name="Bank")
    named = web.find(later=3_600)
    web.answer = web.document(**WITH_KEY)
    keyed = web.find(later=3_600)

    assert (silent.since, silent.document.tos_uri) == (first.since, "https://app.example/tos")
    assert silent.since < named.since < keyed.since
    assert first.generation == silent.generation == named.generation == keyed.generation
    web.answer = web.document()
    weaker = web.find(later=3_600)
    assert weaker.since == weaker.generation == web.now


def test_a_change_within_one_second_is_a_change() -> None:
    web = Web()
    first = web.find()
    web.copies.records["ausA", URL] = replace(first, fresh_until=NOW)
    web.copies.claims.clear()
    web.answer = web.document(client_name="Bank")

    assert web.find().since == first.since + 1


def test_of_two_who_store_the_first_one_counts() -> None:
    web = Web()
    first = web.find()
    other = replace(first, checked_at=NOW + 3_600, fresh_until=NOW + 7_200, since=NOW + 3_599)
    web.meanwhile = other

    assert web.find(later=3_600) == other
    web.meanwhile = replace(other, withdrawn_at=NOW + 7_200)
    assert web.refused(later=3_600) == "cimd_not_found"


def test_a_withdrawal_that_comes_second_changes_nothing() -> None:
    web = Web()
    first = web.find()
    web.meanwhile = replace(first, checked_at=NOW + 3_600, fresh_until=NOW + 9_000)
    web.answer = FetchFailed("status 404", withdrawn=True)

    assert web.refused(later=3_600) == "cimd_not_found"
    assert web.copies.get("ausA", URL) == web.meanwhile
