"""Clients that nobody registered, through the functions and a real backend (docs/protocol.md §7.5)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from authmint.clock import SystemClock

from tests.functions.deployment import Functions
from tests.functions.documents import DOCUMENT, URL, Stranger, Web, a_web, every_flow_of_strangers
from tests.functions.faults import FAULTS, Faults
from tests.functions.sign_ins import people_at


@pytest.fixture
def web() -> Iterator[Web]:
    with a_web() as web:
        yield web


@pytest.fixture
def stranger(functions: Functions, unbraked: None) -> Stranger:
    server, _, _ = functions.ready()
    stranger = Stranger(people_at(functions, server))
    stranger.welcome()
    return stranger


def test_the_whole_way(functions: Functions, unbraked: None, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    server, _, _ = functions.ready()
    now = SystemClock().now()
    ahead = [0]

    def later(seconds: int) -> None:
        ahead[0] += seconds

    monkeypatch.setattr(SystemClock, "now", lambda _: now + ahead[0])
    every_flow_of_strangers(people_at(functions, server), web, later)


def test_a_storm_of_browsers_is_one_fetch(stranger: Stranger, web: Web) -> None:
    stranger.people.sign_in()
    begun = threading.Barrier(12)

    def ask(_: int) -> int:
        begun.wait()
        query = f"client_id={URL}&redirect_uri=https://app.example/callback&response_type=code&scope=orders"
        target = f"/oauth2/{stranger.people.server}/v1/authorize?{query}"
        return int(stranger.people.functions.http("authorize", stranger.people.event("GET", target))["statusCode"])

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(ask, range(12)))

    assert web.asked == [URL]
    assert set(statuses) <= {302, 400, 503}


@pytest.mark.parametrize("fault", ["throttled", "committed and lost"])
def test_a_fault_at_any_call_loses_nothing(
    faults: Faults, stranger: Stranger, web: Web, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    now = SystemClock().now()
    ahead = [0]
    monkeypatch.setattr(SystemClock, "now", lambda _: now + ahead[0])
    people = stranger.people
    people.sign_in()
    faults.clear()
    web.documents = {f"https://app.example/{number}/client.json": None for number in range(30)}

    def ask(url: str) -> str:
        web.documents[url] = DOCUMENT | {"client_id": url}
        _, page = people.authorize(client_id=url, scope="orders")
        return page

    urls = iter(list(web.documents))
    assert 'action="/consent"' in ask(next(urls))
    calls = faults.seen
    assert calls > 5
    for first in range(1, calls + 1):
        url = next(urls)
        ahead[0] += 10
        faults.arm(FAULTS[fault], first, lasting=True)
        ask(url)
        faults.clear()
        ahead[0] += 10  # nobody fetches a document twice within five seconds
        assert 'action="/consent"' in ask(url), first
