"""The person whom a program asks without her browser: she looks at her account, and decides what waits there."""

import re
from typing import Final

import requests

from tests.conformance.deployment import LOGIN, PASSWORD
from tests.support.people import Browser

_WAITING: Final = re.compile(r'href="(/oauth2/[^"]*bc/approve\?request=[^"]+)"')


def decide(url: str, decision: str) -> None:
    """``allow`` or ``deny`` everything that waits. ``url``: of the deployment."""
    browser = Browser(url)
    browser.session.verify = False
    browser.session.trust_env = False  # bundles of certificates that are named there would count nevertheless
    page = browser.visit(f"{url}/account")
    assert isinstance(page, requests.Response), page
    account = browser.submit(page, username=LOGIN, password=PASSWORD)
    assert isinstance(account, requests.Response), account
    for link in _WAITING.findall(account.text):
        question = browser.visit(url + link)
        assert isinstance(question, requests.Response), question
        browser.submit(question, decision=decision)
