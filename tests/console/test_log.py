"""The system log in the console, and what the function says where there is no console."""

import re

from authmint.http import Request
from authmint.runtime.console import console

from .browser import Browser, text


def test_an_event_is_shown_whole_and_what_is_clicked_becomes_a_filter() -> None:
    browser = Browser()
    browser.deployment.admin.server(name="orders")
    listed = text(browser.get("/console/log"))
    link = re.search(r'href="(/console/log/[0-9a-f-]{36})"', listed)
    assert link

    shown = text(browser.get(link[1]))
    assert "eventType" in shown
    filtered = text(browser.get("/console/log?type=oauth2.as.created&outcome=SUCCESS"))
    assert "oauth2.as.created" in filtered
    assert "type = oauth2.as.created" in filtered
    assert browser.get("/console/log/00000000-0000-0000-0000-000000000000").status == 404
    assert browser.get("/console/log?since=yesterday").status == 400


def test_a_deployment_without_a_secret_says_that_the_console_is_off() -> None:
    function = console({"AUTHMINT_CONFIG_TABLE": "c", "POWERTOOLS_SERVICE_NAME": "console-off"})
    assert function.http is not None

    off = function.http(Request("GET", "/console"))
    failed = function.failure(Request("GET", "/console"))

    assert (off.status, b"ConsoleSecret" in off.body) == (404, True)
    assert (failed.status, dict(failed.headers)["cache-control"]) == (500, "no-store")


def test_a_deployment_with_one_leads_to_the_sign_in() -> None:
    function = console({"AUTHMINT_CONFIG_TABLE": "c", "AUTHMINT_CONSOLE_SECRET": "s" * 40})
    assert function.http is not None

    away = function.http(Request("GET", "/console", "https://auth.example.com"))

    assert dict(away.headers)["location"].startswith("https://auth.example.com/oauth2/v1/authorize?")
