"""Storage failing at every call of the steps of a sign-on: a clear answer, nobody let in, and the next try works."""

import itertools
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from authmint.directory.passwords import PasswordPolicy
from authmint.directory.recovery_tokens import issue
from authmint.http import Response
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Enrolments, Requirement

from tests.support.apps import App
from tests.support.builders import SERVER_ID, a_user
from tests.support.fakes import FrozenClock, decoded

from .hosted import NEW_PASSWORD, PASSWORD, Browser, Hosted, header
from .own_account import Faults, a_provider, agreed, let_people_go, linked

TWO = Requirement(assurances=(Assurance(two_factors=True),), enrolments=Enrolments(offered=("totp",)))
AUTHN = "/api/v1/authn"
NAME = {"username": "ann@example.com", "password": PASSWORD}
#: What counts and brakes; what is only said elsewhere.
_APART = {"events", "lock", "log", "outbox"}
Send = Callable[[], Response]


def later(hosted: Hosted, seconds: int = 30) -> None:
    """Codes of apps are good once."""
    assert isinstance(hosted.clock, FrozenClock)
    hosted.clock.advance(seconds=seconds)


def app_of(hosted: Hosted) -> App:
    assert isinstance(hosted.clock, FrozenClock)
    return App.of(hosted.user_factors, hosted.storage.users.get("00uA"), hosted.clock)[0]


def call(browser: Browser, path: str, **body: Any) -> Response:
    return browser.send("POST", AUTHN + path, json.dumps(body).encode(), content_type="application/json")


def challenged(hosted: Hosted) -> Send:
    """``/challenge``: the code of an app."""
    hosted.demands.sign_on = Demanded(requirement=TWO)
    app, browser = app_of(hosted), Browser(hosted)
    browser.get(header(browser.sign_in("/signin"), "location"))
    fields = browser.fields

    def send() -> Response:
        later(hosted)
        return browser.post_pairs("/challenge", (fields | {"code": app.code}).items())

    return send


def enrolled(hosted: Hosted) -> Send:
    """``/enrol``: an app that is set up."""
    hosted.demands.sign_on = Demanded(requirement=TWO)
    browser = Browser(hosted)
    at = header(browser.sign_in("/signin"), "location")
    browser.get(at)
    browser.post("/enrol", choose="totp")
    page = browser.get(at).body.decode()
    app = App(page.split('id="enrol-secret"', 1)[1].split(">", 1)[1].split("<", 1)[0], hosted.clock)
    fields = browser.fields
    return lambda: browser.post_pairs("/enrol", (fields | {"code": app.code}).items())


def at_account(hosted: Hosted) -> Browser:
    browser = Browser(hosted)
    browser.sign_in("/signin")
    browser.get("/account")
    return browser


def set_up(hosted: Hosted) -> Send:
    """``/account``: another factor."""
    browser = at_account(hosted)
    page = browser.post("/account", choose="totp").body.decode()
    app = App(page.split('id="enrol-secret"', 1)[1].split(">", 1)[1].split("<", 1)[0], hosted.clock)
    fields = browser.fields
    return lambda: browser.post_pairs("/account", (fields | {"act": "set_up", "code": app.code}).items())


def everywhere(hosted: Hosted) -> Send:
    """``/account``: the end of all sessions."""
    browser = at_account(hosted)
    fields = browser.fields
    return lambda: browser.post_pairs("/account", (fields | {"act": "everywhere"}).items())


def asked(hosted: Hosted) -> Send:
    """``…/bc/approve``: what a program asks."""
    request, browser = hosted.an_authentication_request(), Browser(hosted)
    browser.sign_in("/signin")
    return lambda: browser.get(f"/oauth2/{SERVER_ID}/v1/bc/approve?request={request.handle}")


def approved(hosted: Hosted) -> Send:
    """``…/bc/approve``: yes."""
    page, request, browser = f"/oauth2/{SERVER_ID}/v1/bc/approve", hosted.an_authentication_request(), Browser(hosted)
    browser.sign_in("/signin")
    browser.get(f"{page}?request={request.handle}")
    fields = browser.fields | {"decision": "allow"}
    return lambda: browser.post_pairs(page, fields.items())


def waiting_at_account(hosted: Hosted) -> Send:
    """``/account``: with what waits there."""
    hosted.an_authentication_request()
    browser = at_account(hosted)
    return lambda: browser.get("/account")


def with_an_app(hosted: Hosted) -> Browser:
    """At the account, after the password and a code."""
    app, browser = app_of(hosted), Browser(hosted)
    hosted.demands.sign_on = Demanded(requirement=TWO)
    browser.get(header(browser.sign_in("/signin"), "location"))
    later(hosted)
    browser.post("/challenge", code=app.code)
    hosted.demands.sign_on = Demanded()
    assert browser.get("/account").status == 200
    return browser


def removed(hosted: Hosted) -> Send:
    """``/account``: a factor that goes."""
    browser = with_an_app(hosted)
    fields = browser.fields | {"act": "remove", "factor": hosted.storage.factors.of("00uA")[0].id}
    return lambda: browser.post_pairs("/account", fields.items())


def recovery_codes(hosted: Hosted) -> Send:
    """``/account``: new codes."""
    browser = with_an_app(hosted)
    fields = browser.fields | {"act": "codes"}
    return lambda: browser.post_pairs("/account", fields.items())


def another_address(hosted: Hosted) -> Send:
    """``/account``: a code to another address."""
    browser = at_account(hosted)
    fields = browser.fields | {"act": "address", "address": "ann@new.example"}
    return lambda: browser.post_pairs("/account", fields.items())


def confirmed_address(hosted: Hosted) -> Send:
    """``/account``: the code that was mailed there."""
    browser = at_account(hosted)
    browser.post("/account", act="address", address="ann@new.example")
    browser.get("/account")
    mail: Any = hosted.storage.outbox.mails[-2].values
    fields = browser.fields | {"act": "confirm", "code": mail["verificationToken"]}
    return lambda: browser.post_pairs("/account", fields.items())


def own(
    section: str,
    *,
    ready: Callable[[Hosted], None] = lambda _: None,
    typed: Mapping[str, str] = MappingProxyType({}),
    **more: str,
) -> Callable[[Hosted], Send]:
    """``/account/…``: a form of one part."""

    def prepared(hosted: Hosted) -> Send:
        browser = at_account(hosted)
        ready(hosted)
        browser.get(f"/account/{section}")
        fields = browser.fields | dict(typed) | more
        return lambda: browser.post_pairs(f"/account/{section}", fields.items())

    return prepared


def many_sessions(hosted: Hosted) -> None:
    Browser(hosted).sign_in("/signin")


def many_apps(hosted: Hosted) -> None:
    agreed(Browser(hosted))


def many_providers(hosted: Hosted) -> None:
    browser = Browser(hosted)
    a_provider(browser)
    linked(browser)


def enrolling(hosted: Hosted) -> Send:
    """``/api/v1/authn``: an app that is set up."""
    hosted.demands.sign_on = Demanded(requirement=TWO)
    browser = Browser(hosted)
    state = decoded(call(browser, "", **NAME).body)
    begun = {"stateToken": state["stateToken"], "factorType": "token:software:totp", "provider": "GOOGLE"}
    state = decoded(call(browser, "/factors", **begun).body)
    factor = state["_embedded"]["factor"]
    app = App(factor["_embedded"]["activation"]["sharedSecret"], hosted.clock)
    activate = f"/factors/{factor['id']}/lifecycle/activate"
    return lambda: call(browser, activate, stateToken=state["stateToken"], passCode=app.code)


def recovered(hosted: Hosted) -> Send:
    """``/api/v1/authn``: another password, by what was mailed."""
    browser = Browser(hosted)
    call(browser, "/recovery/password", username="ann@example.com", factorType="EMAIL")
    mail: Any = hosted.storage.outbox.mails[-1].values
    link = next(link for name, link in mail.items() if name.endswith("Link"))
    state = decoded(call(browser, "/recovery/token", recoveryToken=str(link).rpartition("/")[2]).body)
    assert state["status"] == "PASSWORD_RESET", state
    return lambda: call(
        browser, "/credentials/reset_password", stateToken=state["stateToken"], newPassword=NEW_PASSWORD
    )


def proved(hosted: Hosted) -> Send:
    """``/api/v1/authn``: the code of an app."""
    hosted.demands.sign_on = Demanded(requirement=TWO)
    app, browser = app_of(hosted), Browser(hosted)
    state = decoded(call(browser, "", **NAME).body)
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"

    def send() -> Response:
        later(hosted)
        return call(browser, verify, stateToken=state["stateToken"], passCode=app.code)

    return send


def skipped(hosted: Hosted) -> Send:
    """``/api/v1/authn``: a password that expires soon."""
    browser = Browser(hosted)
    state = decoded(call(browser, "", **NAME, options={"warnBeforePasswordExpired": True}).body)
    assert state["status"] == "PASSWORD_WARN"
    return lambda: call(browser, "/skip", stateToken=state["stateToken"])


def begun(hosted: Hosted) -> Send:
    """``/api/v1/authn``: the password."""
    hosted.demands.sign_on = Demanded(requirement=TWO)
    app_of(hosted)
    return lambda: call(Browser(hosted), "", **NAME)


def activated(hosted: Hosted) -> Send:
    """``/api/v1/authn``: an activation token."""
    user, users = a_user(id="00uB", login="bob@example.com", status="PROVISIONED"), hosted.storage.users
    text, ticket = issue("00uB", "activation", hosted.ids, now=hosted.clock.now(), lifetime=3_600)
    users.add(user.__class__(**vars(user) | {"password": None, "ticket": ticket}), [])
    return lambda: call(Browser(hosted), "", token=text)


def changed(hosted: Hosted) -> Send:
    """``/password``: a new one in the place of one that expires soon."""
    browser = Browser(hosted)
    browser.get(header(browser.sign_in("/signin"), "location"))
    fields = browser.fields | {"new": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    return lambda: browser.post_pairs("/password", fields.items())


#: What works, by route: a status, and whether somebody is signed in then.
ROUTES: dict[str, tuple[Callable[[Hosted], Send], int, bool]] = {
    "challenge": (challenged, 303, True),
    "enrol": (enrolled, 303, True),
    "what a program asks": (asked, 200, False),
    "what a program asks, approved": (approved, 200, False),
    "account, what waits": (waiting_at_account, 200, False),
    "account, a factor": (set_up, 303, True),
    "account, everywhere": (everywhere, 200, False),
    "account, a factor that goes": (removed, 303, False),
    "account, recovery codes": (recovery_codes, 200, False),
    "account, another address": (another_address, 303, False),
    "account, its code": (confirmed_address, 303, False),
    "own profile": (own("profile", typed={"profile.mobilePhone": "A"}), 303, False),
    "own password": (own("password", old=PASSWORD, new=NEW_PASSWORD, repeated=NEW_PASSWORD), 200, True),
    "own sessions": (own("sessions", ready=many_sessions, act="others"), 303, False),
    "own applications": (own("apps", ready=many_apps, act="withdraw"), 303, False),
    "own providers": (own("providers", ready=many_providers, act="unlink"), 303, False),
    "own copy": (own("data", act="export"), 200, False),
    "own end": (
        own("data", ready=lambda hosted: let_people_go(Browser(hosted)), act="delete", confirm="ann@example.com"),
        200,
        False,
    ),
    "password": (changed, 303, True),
    "authn": (begun, 200, False),
    "authn, a code": (proved, 200, True),
    "authn, skip": (skipped, 200, True),
    "authn, activation": (activated, 200, False),
    "authn, an app": (enrolling, 200, True),
    "authn, recovery": (recovered, 200, False),
}


def lets_in(answer: Response) -> bool:
    """Whether the answer has what opens anything."""
    cookies = [value for name, value in answer.headers if name == "set-cookie"]
    fresh = any(value.startswith("__Host-authmint-session=") and "Max-Age=0" not in value for value in cookies)
    return fresh or b'"sessionToken"' in answer.body


def anew(hosted: Hosted) -> Response:
    """A sign-in with the password that holds now."""
    answer = call(Browser(hosted), "", **NAME)
    return answer if answer.status == 200 else call(Browser(hosted), "", **NAME | {"password": NEW_PASSWORD})


@pytest.mark.parametrize("name", ROUTES)
def test_a_fault_lets_nobody_in_and_loses_nothing(name: str) -> None:
    ready, works, signed_in = ROUTES[name]
    warns = name in {"authn, skip", "password"}
    for position in itertools.count(1):
        hosted = Hosted(policy=PasswordPolicy(max_age=86_400, warning=86_400 if warns else 0))
        send, faults = ready(hosted), Faults(hosted.storage, _APART)
        faults.arm(position)

        answer = send()

        reached = faults.seen >= position
        faults.clear()
        if not reached:
            assert position > 1
            assert (answer.status, lets_in(answer)) == (works, signed_in), answer
            return
        if answer.status == 503:
            assert not lets_in(answer)
            assert "retry-after" in dict(answer.headers)
            later(hosted, 60)
            answer = send()
        if not lets_in(answer) and signed_in:
            # Its end was stored, and what comes of it was not: whoever it is begins anew.
            assert answer.status in {303, 400, 401, 403}, (position, answer)
            answer = anew(hosted)
            assert answer.status == 200, (position, answer)
        elif name == "authn, recovery" and answer.status == 401:
            # The password was stored, and with it the ticket is used up: it holds.
            assert call(Browser(hosted), "", **NAME | {"password": NEW_PASSWORD}).status == 200, position
        else:
            assert answer.status in {works, 303}, (position, answer)
