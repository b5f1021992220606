"""``authmint console``: the console on this machine, against a deployment."""

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
import requests
from authmint.cli.commands.console import serving
from authmint.cli.main import main

from tests.support.people import Form
from tests.support.stack import ADMINISTRATOR_PASSWORD, Running


@pytest.fixture
def console(stack: Running) -> Iterator[str]:
    server = serving(stack.url, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_administrator_signs_in_from_a_laptop(stack: Running, console: str) -> None:
    browser = requests.Session()
    page = browser.get(f"{console}/", timeout=30)
    assert page.url.startswith(f"{stack.url}/signin")
    form = Form()
    form.feed(page.text)
    fields = form.fields | {"username": "admin@local.invalid", "password": ADMINISTRATOR_PASSWORD}

    home = browser.post(urljoin(page.url, form.action), data=fields, headers={"origin": stack.url}, timeout=30)

    assert home.url == f"{console}/console"
    assert "admin@local.invalid" in home.text
    assert "default" in browser.get(f"{console}/console/servers", timeout=30).text
    form = Form()
    form.feed(home.text)
    out = browser.post(f"{console}/console/sign-out", data={"csrf": form.fields["csrf"]}, timeout=30)
    assert out.url.startswith(stack.url)
    assert "authmint-console" not in browser.cookies
    assert "/signin" in browser.get(f"{console}/console", timeout=30).url


def test_another_name_that_leads_here_gets_nothing(console: str) -> None:
    answer = requests.get(f"{console}/console", headers={"host": "evil.example.com"}, allow_redirects=False, timeout=30)

    assert answer.status_code == 421


@pytest.mark.parametrize(("length", "status"), [("x", 400), ("-1", 400), ("٣", 400), ("99999999999", 413)])
def test_a_length_that_is_none_or_too_much_is_refused(console: str, length: str, status: int) -> None:
    connection = http.client.HTTPConnection(console.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/console/servers/new")
    connection.putheader("content-length", length.encode())
    connection.endheaders()

    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize("url", ["auth.example.com", "http://auth.example.com", "https://auth.example.com/path"])
def test_tokens_travel_to_no_address_that_is_none_or_in_the_clear(url: str) -> None:
    assert main(["console", "--url", url]) == 2
