"""People get in by mail, on the deployed code: the local stack keeps what SES would send, and the links in it work."""

import json
import time
from typing import Any

import requests

from tests.support.people import PASSWORD, Browser
from tests.support.stack import Running

SECONDS = 20


def outbox(stack: Running, address: str, template: str) -> Any:
    """The newest mail of a template to an address: it comes by itself."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        mails = requests.get(f"{stack.url}/outbox", timeout=30).json()
        found = [mail for mail in mails if (mail["to"], mail["template"]) == (address, template)]
        if found:
            return found[-1]
        time.sleep(0.05)
    raise AssertionError(f"no {template} to {address}")


def chooses(stack: Running, link: str, password: str) -> str:
    browser = Browser(stack.url)
    page = browser.visit(link)
    assert isinstance(page, requests.Response)
    assert page.url == f"{stack.url}/recovery"
    done = browser.submit(page, new=password, repeated=password)
    assert isinstance(done, requests.Response)
    return done.text


def signs_in(stack: Running, login: str, password: str) -> bool:
    body = {"username": login, "password": password}
    answer = requests.post(f"{stack.url}/api/v1/authn", json=body, timeout=30)
    return answer.status_code == 200 and answer.json()["status"] == "SUCCESS"


def test_a_new_user_is_activated_and_later_resets_a_forgotten_password(stack: Running) -> None:
    login = "activated@recovery.example"
    profile = {"login": login, "email": login, "firstName": "Ada", "lastName": "Lee", "preferredLanguage": "de"}
    user = stack.made("/api/v1/users", {"profile": profile})["id"]

    mail = outbox(stack, login, "UserActivation")
    assert mail["subject"] == "Willkommen bei authmint"
    assert len(mail["links"]) == 1
    assert 'id="done"' in chooses(stack, mail["links"][0], PASSWORD)
    assert signs_in(stack, login, PASSWORD)

    browser = Browser(stack.url)
    page = browser.visit(f"{stack.url}/forgot")
    assert isinstance(page, requests.Response)
    browser.submit(page, username=login)
    link = outbox(stack, login, "ForgotPassword")["links"][0]
    assert 'id="done"' in chooses(stack, link, "Another-Horse-8")

    assert (signs_in(stack, login, PASSWORD), signs_in(stack, login, "Another-Horse-8")) == (False, True)
    assert 'id="error"' in chooses_nothing(stack, link)
    assert outbox(stack, login, "PasswordChanged")["to"] == login
    log = stack.admin("GET", f'/api/v1/logs?filter=eventType eq "system.email.delivery" and target.id eq "{user}"')
    delivered = [(event["outcome"]["result"], event["target"][0]["alternateId"]) for event in log.json()]
    assert delivered == [("SUCCESS", "a***@recovery.example")] * 3


def chooses_nothing(stack: Running, link: str) -> str:
    page = Browser(stack.url).visit(link)
    assert isinstance(page, requests.Response)
    return page.text


def test_the_command_prints_what_was_sent(stack: Running) -> None:
    login = "printed@recovery.example"
    profile = {"login": login, "email": login, "firstName": "Pia", "lastName": "Lee"}
    stack.made("/api/v1/users", {"profile": profile})
    mail = outbox(stack, login, "UserActivation")

    lines = stack.command("outbox", "--to", login.upper(), "--data", str(stack.data)).splitlines()

    assert [json.loads(line) for line in lines] == [mail]
    assert {"id", "to", "from", "subject", "text", "html", "links", "codes", "created"} <= mail.keys()
