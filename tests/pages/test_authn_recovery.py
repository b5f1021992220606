"""``/api/v1/authn/recovery``: back in by what was mailed, and never past what protects the account."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.directory.recovery_tokens import issue
from authmint.factors.kind import Ask
from authmint.http import Request, Response
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Enrolments, Requirement
from authmint.storage.users import RecoveryQuestion

from tests.support.apps import App
from tests.support.fakes import FrozenClock, decoded
from tests.support.sign_on_policies import a_policy, a_rule

from .hosted import PASSWORD, Browser, Hosted

AUTHN = "/api/v1/authn"
NEW = "Battery-Staple-8"


def call(browser: Browser, path: str, body: dict[str, Any]) -> Response:
    return browser.send("POST", AUTHN + path, json.dumps(body).encode(), content_type="application/json")


def post(browser: Browser, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = call(browser, path, body)
    assert answer.status == status, answer.body
    found: dict[str, Any] = decoded(answer.body)
    return found


@pytest.fixture
def browser() -> Browser:
    return Browser(Hosted())


def mailed(browser: Browser, wish: str = "password") -> str:
    """What was mailed to Ann."""
    post(browser, f"/recovery/{wish}", {"username": "ann@example.com", "factorType": "EMAIL"})
    values = browser.hosted.storage.outbox.mails[-1].values
    return str(next(link for name, link in values.items() if name.endswith("Link"))).rpartition("/")[2]


def stepping_up(browser: Browser) -> None:
    """A policy asks for the answer to the question as well."""
    requirement = {"primary": {"methods": ["email"]}, "stepUp": {"required": True, "methods": ["security_question"]}}
    actions = {
        "passwordChange": {"access": "ALLOW"},
        "selfServicePasswordReset": {"access": "ALLOW", "requirement": requirement},
        "selfServiceUnlock": {"access": "ALLOW"},
    }
    policy = a_policy(a_rule(actions=actions), type="PASSWORD", id="00pPassword")
    browser.hosted.storage.sign_on_policies.save(None, policy, [])
    users = browser.hosted.storage.users
    ann = users.get("00uA")
    question = RecoveryQuestion("Favourite horse?", browser.hosted.hashes.make("staple"))
    users.save(ann, replace(ann, recovery=question), [])


def test_everybody_is_told_the_same() -> None:
    known, unknown = (
        post(Browser(Hosted()), "/recovery/password", {"username": name, "factorType": "EMAIL"})
        for name in ("ann@example.com", "nobody@example.com")
    )

    assert (
        known
        == unknown
        == {
            "status": "RECOVERY_CHALLENGE",
            "factorResult": "WAITING",
            "factorType": "EMAIL",
            "recoveryType": "PASSWORD",
        }
    )


def test_asking_too_often_waits(browser: Browser) -> None:
    wish = {"username": "ann@example.com", "factorType": "EMAIL"}
    post(browser, "/recovery/password", wish)

    answer = call(browser, "/recovery/password", wish)

    assert (answer.status, decoded(answer.body)["errorCode"]) == (429, "E0000047")
    assert "retry-after" in dict(answer.headers)


def test_a_new_password_signs_nobody_in(browser: Browser) -> None:
    state = post(browser, "/recovery/token", {"recoveryToken": mailed(browser)})
    assert (state["status"], state["recoveryType"]) == ("PASSWORD_RESET", "PASSWORD")
    assert state["_links"]["next"]["name"] == "resetPassword"

    weak = post(
        browser, "/credentials/reset_password", {"stateToken": state["stateToken"], "newPassword": "short"}, 403
    )
    assert weak["errorCode"] == "E0000080"
    done = post(browser, "/credentials/reset_password", {"stateToken": state["stateToken"], "newPassword": NEW})

    assert done["status"] == "SUCCESS"
    assert "sessionToken" not in done
    again = {"stateToken": state["stateToken"], "newPassword": "Other-Horse-9"}
    assert post(browser, "/credentials/reset_password", again, 401)["errorCode"] == "E0000011"
    assert post(browser, "", {"username": "ann@example.com", "password": NEW})["status"] == "SUCCESS"
    assert post(browser, "", {"username": "ann@example.com", "password": PASSWORD}, 401)["errorCode"] == "E0000004"


def test_the_question_comes_first(browser: Browser) -> None:
    stepping_up(browser)
    state = post(browser, "/recovery/token", {"recoveryToken": mailed(browser)})
    token = {"stateToken": state["stateToken"]}

    assert state["status"] == "RECOVERY"
    assert state["_embedded"]["user"]["recovery_question"] == {"question": "Favourite horse?"}
    assert post(browser, "/credentials/reset_password", {**token, "newPassword": NEW}, 403)["errorCode"] == "E0000079"
    assert post(browser, "/recovery/answer", {**token, "answer": "wrong"}, 403)["errorCode"] == "E0000068"
    assert post(browser, "/recovery/answer", {**token, "answer": " Staple "})["status"] == "PASSWORD_RESET"
    assert post(browser, "/credentials/reset_password", {**token, "newPassword": NEW})["status"] == "SUCCESS"


def test_an_app_comes_first(browser: Browser) -> None:
    hosted = browser.hosted
    assert isinstance(hosted.clock, FrozenClock)
    app, factor = App.of(hosted.factors.factors, hosted.storage.users.get("00uA"), hosted.clock)
    state = post(browser, "/recovery/token", {"recoveryToken": mailed(browser)})
    token = {"stateToken": state["stateToken"]}

    assert state["status"] == "MFA_REQUIRED"
    assert [each["id"] for each in state["_embedded"]["factors"]] == [factor.id]
    assert post(browser, "/credentials/reset_password", {**token, "newPassword": NEW}, 403)["errorCode"] == "E0000079"
    verify = f"/factors/{factor.id}/verify"
    assert post(browser, verify, {**token, "passCode": app.wrong}, 403)["errorCode"] == "E0000068"
    assert post(browser, verify, {**token, "passCode": app.code})["status"] == "PASSWORD_RESET"
    assert post(browser, "/credentials/reset_password", {**token, "newPassword": NEW})["status"] == "SUCCESS"
    assert [each.status for each in hosted.storage.factors.of("00uA")] == ["ACTIVE"]


def test_a_lock_ends_and_nobody_is_signed_in(browser: Browser) -> None:
    stepping_up(browser)
    users = browser.hosted.storage.users
    ann = users.get("00uA")
    users.save(ann, replace(ann, status="LOCKED_OUT", status_changed_at=1), [])
    token = mailed(browser, "unlock")

    done = post(browser, "/recovery/token", {"recoveryToken": token})

    assert (done["status"], done["recoveryType"]) == ("SUCCESS", "UNLOCK")
    assert "sessionToken" not in done
    assert users.get("00uA").status == "ACTIVE"
    assert post(browser, "/recovery/token", {"recoveryToken": token}, 401)["errorCode"] == "E0000011"


def test_no_token_is_taken_for_another(browser: Browser) -> None:
    ticket = mailed(browser)
    state = post(browser, "/recovery/token", {"recoveryToken": ticket})["stateToken"]
    handle, _, _ = state.partition("~")
    other = Hosted(user={"status": "PASSWORD_EXPIRED"})
    expired = post(Browser(other), "", {"username": "ann@example.com", "password": PASSWORD})["stateToken"]

    for path in ("/introspect", "/previous", "", "/cancel"):
        for token in (handle, ticket) if path != "/previous" else (state, handle, ticket):
            assert post(browser, path, {"stateToken": token}, 401)["errorCode"] == "E0000011"
    for token in (handle, ticket, f"{handle}~", f"{handle}~x", f"x~{ticket}", expired):
        body = {"stateToken": token, "newPassword": NEW, "answer": "x"}
        for path in ("/credentials/reset_password", "/recovery/answer"):
            assert post(browser, path, body, 401)["errorCode"] == "E0000011"
    assert post(Browser(other), "/recovery/token", {"recoveryToken": expired}, 401)["errorCode"] == "E0000011"


def test_what_was_proved_is_of_one_ticket(browser: Browser) -> None:
    stepping_up(browser)
    first = post(browser, "/recovery/token", {"recoveryToken": mailed(browser)})["stateToken"]
    post(browser, "/recovery/answer", {"stateToken": first, "answer": "staple"})
    assert isinstance(browser.hosted.clock, FrozenClock)
    browser.hosted.clock.advance(seconds=60)
    other = mailed(browser)
    mixed = f"{first.partition('~')[0]}~{other}"

    body = {"stateToken": mixed, "newPassword": NEW}
    assert post(browser, "/credentials/reset_password", body, 401)["errorCode"] == "E0000011"


def activating(*, purpose: Any = "activation", **asked: Any) -> tuple[Browser, str]:
    """Ann has no password yet, and a ticket for the first."""
    browser = Browser(Hosted(user={"status": "PROVISIONED", "password": None}))
    hosted = browser.hosted
    hosted.demands.sign_on = Demanded(requirement=Requirement(**asked))
    text, ticket = issue("00uA", purpose, hosted.ids, now=hosted.clock.now(), lifetime=60)
    users = hosted.storage.users
    users.save(users.get("00uA"), replace(users.get("00uA"), ticket=ticket), [])
    return browser, text


def test_an_activation_token_leads_to_a_first_password_and_a_session() -> None:
    browser, text = activating()
    state = post(browser, "", {"token": text, "relayState": "/on"})
    token = {"stateToken": state["stateToken"]}

    assert (state["status"], state["relayState"]) == ("PASSWORD_RESET", "/on")
    assert browser.hosted.storage.users.get("00uA").status == "PROVISIONED"
    assert post(browser, "/introspect", token)["status"] == post(browser, "", token)["status"] == "PASSWORD_RESET"
    assert post(browser, "/cancel", token) == {"relayState": "/on"}
    assert post(browser, "/introspect", token, 401)["errorCode"] == "E0000011"

    token["stateToken"] = post(browser, "", {"token": text, "relayState": "/on"})["stateToken"]
    done = post(browser, "/credentials/reset_password", {**token, "newPassword": NEW})

    assert (done["status"], done["relayState"]) == ("SUCCESS", "/on")
    answer = browser.send(
        "POST",
        "/api/v1/sessions",
        json.dumps({"sessionToken": done["sessionToken"]}).encode(),
        content_type="application/json",
    )
    assert decoded(answer.body)["amr"] == ["pwd"]
    assert browser.hosted.storage.users.get("00uA").status == "ACTIVE"
    assert post(browser, "", {"token": text}, 401)["errorCode"] == "E0000004"
    assert post(browser, "/credentials/reset_password", {**token, "newPassword": "Other-1-Horse"}, 401)


def test_an_activation_skips_no_factor_that_a_policy_asks_for() -> None:
    two = Assurance(two_factors=True)
    browser, text = activating(assurances=(two,), enrolments=Enrolments(offered=("totp",)))
    token = {"stateToken": post(browser, "", {"token": text})["stateToken"]}

    done = post(browser, "/credentials/reset_password", {**token, "newPassword": NEW})

    assert (done["status"], "sessionToken" in done) == ("MFA_ENROLL", False)


@pytest.mark.parametrize("text", ["", "x", "00uA." + "x" * 43, "00uOther." + "x" * 43, None])
def test_other_texts_are_no_activation_token(text: str | None) -> None:
    browser, good = activating(purpose="activation" if text is not None else "recovery")

    status, code = (400, "E0000001") if text == "" else (401, "E0000004")
    assert post(browser, "", {"token": good if text is None else text}, status)["errorCode"] == code


def test_an_activation_token_expires() -> None:
    browser, text = activating()
    clock = browser.hosted.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(seconds=60)

    assert post(browser, "", {"token": text}, 401)["errorCode"] == "E0000004"


def test_a_recovery_code_stands_in_for_a_lost_factor(browser: Browser) -> None:
    hosted = browser.hosted
    clock = hosted.clock
    assert isinstance(clock, FrozenClock)
    App.of(hosted.factors.factors, hosted.storage.users.get("00uA"), clock)
    ask = Ask(hosted.storage.users.get("00uA"), clock.now(), Request("POST", "/account"))
    code = hosted.user_factors.recovery.renew(ask)[0]
    state = post(browser, "/recovery/token", {"recoveryToken": mailed_link(browser)})
    token = {"stateToken": state["stateToken"]}

    assert state["status"] == "MFA_REQUIRED"
    reset = {**token, "newPassword": NEW}
    assert post(browser, "/credentials/reset_password", reset, 403)["errorCode"] == "E0000079"
    verify = "/factors/recovery_code/verify"
    assert post(browser, verify, {**token, "passCode": "x"}, 403)["errorCode"] == "E0000068"
    assert post(browser, verify, {**token, "passCode": code})["status"] == "PASSWORD_RESET"
    assert post(browser, "/credentials/reset_password", reset)["status"] == "SUCCESS"


def mailed_link(browser: Browser) -> str:
    post(browser, "/recovery/password", {"username": "ann@example.com", "factorType": "EMAIL"})
    return str(browser.hosted.storage.outbox.mails[-1].values["resetPasswordLink"]).rpartition("/")[2]
