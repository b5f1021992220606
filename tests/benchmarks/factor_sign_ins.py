"""Sign-ins with a second factor, again and again: for what is counted and priced."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pyotp
from authmint.clock import SystemClock

from tests.benchmarks.people import Operation
from tests.functions.sign_ins import People, form_of
from tests.support.authenticator import SoftwareKey
from tests.support.people import CALLBACK, LOGIN

_TWO_FACTORS = "urn:okta:loa:2fa:any"


@dataclass
class Watch:
    """A clock that is a minute ahead of itself at each sign-in: a code of an app is good once."""

    ahead: int = 0
    real: Callable[[SystemClock], int] = field(default=SystemClock.now)

    def now(self, clock: SystemClock) -> int:
        return self.real(clock) + self.ahead

    def at_work(self, work: Callable[[], None]) -> None:
        self.ahead += 60
        with patch.object(SystemClock, "now", lambda clock: self.now(clock)):
            work()


def of_an_app(people: People) -> Operation:
    """A password and a code of an app."""
    watch, secret = Watch(), ""

    def enrol() -> None:
        nonlocal secret
        _, page = people.authorize(acr_values=_TWO_FACTORS)
        _, page = people.submit("/enrol", page, choose="totp")
        found = re.search(r'id="enrol-secret"[^>]*>([A-Z2-7]+)<', page)
        assert found, page
        secret = found[1]
        at, page = people.submit("/enrol", page, code=_code(secret))
        assert at.startswith(CALLBACK), page

    def sign_in() -> None:
        page = _password(people)
        at, page = people.submit("/challenge", page, code=_code(secret))
        assert at.startswith(CALLBACK), page

    watch.at_work(enrol)
    return Operation("sign-in with an app + code", "authorize", lambda _: watch.at_work(sign_in))


def of_a_passkey(people: People) -> Operation:
    """A passkey, which says who it is."""
    key = SoftwareKey()
    _, page = people.authorize(acr_values="phr")
    if 'name="choose"' in page:
        _, page = people.submit("/enrol", page, choose="webauthn")
    at, page = people.submit("/enrol", page, **key.registered(form_of(page).options))
    assert at.startswith(CALLBACK), page

    def sign_in(_: Any) -> None:
        people.cookies.clear()
        _, page = people.authorize()
        asked = people.visit("POST", "/signin/key", urlencode(form_of(page).fields))
        at, page = people.submit("/signin", page, **key.asserted(json.loads(asked["body"])))
        assert at.startswith(CALLBACK), page

    return Operation("sign-in with a passkey + code", "authorize", sign_in)


def _password(people: People) -> str:
    people.cookies.clear()
    _, page = people.authorize(acr_values=_TWO_FACTORS)
    _, page = people.submit("/signin", page, username=LOGIN, password=people.password)
    return page


def _code(secret: str) -> str:
    return pyotp.TOTP(secret).at(SystemClock().now())
