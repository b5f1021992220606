"""``/api/v1/authn``, state by state, as the official SDKs walk through it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.directory.passwords import PasswordPolicy
from authmint.factors.kind import Ask
from authmint.factors.wire import registration_of
from authmint.http import Request, Response
from authmint.policy.sign_on.assurance import Alternative, Assurance, Demand
from authmint.sign_on.requirement import Demanded, Enrolments, Remembering, Requirement

from tests.support.apps import App
from tests.support.authenticator import SoftwareKey
from tests.support.builders import a_user
from tests.support.fakes import FrozenClock, decoded

from .hosted import PASSWORD, Browser, Hosted, by_mail

BASE = "https://acme.example.com"

ANN = {"username": "ann@example.com", "password": PASSWORD}
TWO = Assurance(two_factors=True)
KEY = Assurance(alternatives=(Alternative(possession=Demand(phishing_resistant=True)),))
AUTHN = "/api/v1/authn"


def call(browser: Browser, path: str, body: dict[str, Any]) -> Response:
    return browser.send("POST", path, json.dumps(body).encode(), content_type="application/json")


def request_of(path: str) -> Request:
    return Request("POST", path, BASE, source_ip="192.0.2.1")


def asking(*assurances: Assurance, offered: tuple[Any, ...] = (), remembering: Remembering | None = None) -> Browser:
    hosted = Hosted()
    enrolments = Enrolments(offered=offered)
    hosted.demands.sign_on = Demanded(
        requirement=Requirement(assurances=assurances, enrolments=enrolments, remembering=remembering)
    )
    return Browser(hosted)


def warned(*assurances: Assurance) -> Browser:
    """Ann's password, ten seconds old, expires in two days and a bit."""
    hosted = Hosted(policy=PasswordPolicy(shortest=10, digits=2, max_age=3 * 86_400, warning=3 * 86_400))
    hosted.demands.sign_on = Demanded(requirement=Requirement(assurances=assurances))
    return Browser(hosted)


WARNED = {**ANN, "options": {"warnBeforePasswordExpired": True}}


def post(browser: Browser, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = call(browser, AUTHN + path, body)
    assert answer.status == status, answer.body
    assert ("cache-control", "no-cache, no-store") in answer.headers
    found: dict[str, Any] = decoded(answer.body)
    return found


def clock_of(browser: Browser) -> FrozenClock:
    assert isinstance(browser.hosted.clock, FrozenClock)
    return browser.hosted.clock


def app_of(browser: Browser) -> App:
    hosted = browser.hosted
    return App.of(hosted.factors.factors, hosted.storage.users.get("00uA"), clock_of(browser))[0]


def links(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Every link of an answer, wherever it stands."""
    found: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "href" in value:
                found.append(value)
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)

    walk(state)
    return found


def test_a_second_factor_is_required_and_a_code_is_enough() -> None:
    browser = asking(TWO, remembering=Remembering(1800, by_default=True))
    app = app_of(browser)

    state = post(browser, "", {**ANN, "relayState": "/on"})
    (factor,) = state["_embedded"]["factors"]

    assert (state["status"], state["relayState"]) == ("MFA_REQUIRED", "/on")
    assert state.keys() == {"stateToken", "expiresAt", "status", "relayState", "_embedded", "_links"}
    assert "factor" not in state["_embedded"]
    assert state["_embedded"]["policy"] == {
        "allowRememberDevice": True,
        "rememberDeviceLifetimeInMinutes": 30,
        "rememberDeviceByDefault": True,
        "factorsPolicyInfo": {},
    }
    assert {name: factor[name] for name in ("factorType", "provider", "vendorName", "profile")} == {
        "factorType": "token:software:totp",
        "provider": "GOOGLE",
        "vendorName": "GOOGLE",
        "profile": {"credentialId": "ann@example.com"},
    }
    assert all(link["hints"]["allow"] == ["POST"] for link in links(state))
    challenged = post(browser, f"/factors/{factor['id']}/verify", {"stateToken": state["stateToken"]})
    assert (challenged["status"], challenged["_links"]["next"]["name"]) == ("MFA_CHALLENGE", "verify")
    assert challenged["_links"]["prev"]["name"] == "prev"
    body = {"stateToken": state["stateToken"], "passCode": app.code}
    done = post(browser, f"/factors/{factor['id']}/verify", body)
    assert (done["status"], done["relayState"]) == ("SUCCESS", "/on")
    session = decoded(call(browser, "/api/v1/sessions", {"sessionToken": done["sessionToken"]}).body)
    assert session["amr"] == ["pwd", "otp", "mfa"]
    assert session["mfaActive"]
    assert session["lastFactorVerification"] == session["createdAt"]


def test_what_a_wrong_a_used_and_a_late_code_are_told() -> None:
    browser = asking(TWO)
    app = app_of(browser)
    state, other = post(browser, "", ANN), post(browser, "", ANN)
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"

    wrong = post(browser, verify, {"stateToken": state["stateToken"], "passCode": app.wrong}, 403)
    assert wrong["errorCode"] == "E0000068"
    assert wrong["errorCauses"] == [{"errorSummary": "Your passcode doesn't match our records. Please try again."}]
    assert post(browser, "/introspect", {"stateToken": state["stateToken"]})["status"] == "MFA_REQUIRED"
    assert post(browser, verify, {"stateToken": state["stateToken"], "passCode": app.code})["status"] == "SUCCESS"
    used = post(browser, verify, {"stateToken": other["stateToken"], "passCode": app.code}, 403)
    assert used["errorCode"] == "E0000082"
    ended = post(browser, verify, {"stateToken": state["stateToken"], "passCode": app.code}, 401)
    assert ended["errorCode"] == "E0000011"
    clock_of(browser).advance(seconds=3_601)
    assert (
        post(browser, verify, {"stateToken": other["stateToken"], "passCode": app.code}, 401)["errorCode"] == "E0000011"
    )


def test_five_wrong_codes_lock_the_user() -> None:
    browser = asking(TWO)
    app = app_of(browser)
    state = post(browser, "", ANN)
    body = {"stateToken": state["stateToken"], "passCode": app.wrong}
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"

    codes = [post(browser, verify, body, 403)["errorCode"] for _ in range(5)]

    assert codes == ["E0000068"] * 4 + ["E0000069"]
    assert post(browser, verify, body, 401)["errorCode"] == "E0000011"
    assert post(browser, "", ANN, 401)["errorCode"] == "E0000004"


def test_a_factor_is_set_up_on_the_way() -> None:
    browser = asking(TWO, offered=("totp", "email"))
    state = post(browser, "", ANN)
    assert state["status"] == "MFA_ENROLL"
    (totp,) = state["_embedded"]["factors"]  # addresses are for recovery alone until somebody says otherwise
    assert (totp["status"], totp["enrollment"], totp["_links"]["enroll"]["href"]) == (
        "NOT_SETUP",
        "OPTIONAL",
        f"{BASE}{AUTHN}/factors",
    )
    assert "skip" not in state["_links"]

    body = {"stateToken": state["stateToken"], "factorType": "token:software:totp", "provider": "GOOGLE"}
    begun = post(browser, "/factors", body)
    factor = begun["_embedded"]["factor"]
    assert (begun["status"], begun["_links"]["next"]["name"]) == ("MFA_ENROLL_ACTIVATE", "activate")
    assert factor["_embedded"]["activation"]["encoding"] == "base32"
    app = App(factor["_embedded"]["activation"]["sharedSecret"], browser.hosted.clock)
    activate = f"/factors/{factor['id']}/lifecycle/activate"
    back = post(browser, "/previous", {"stateToken": state["stateToken"]})
    assert back["status"] == "MFA_ENROLL"
    assert (
        post(browser, activate, {"stateToken": state["stateToken"], "passCode": app.code}, 403)["errorCode"]
        == "E0000079"
    )
    factor = post(browser, "/factors", body)["_embedded"]["factor"]
    app = App(factor["_embedded"]["activation"]["sharedSecret"], browser.hosted.clock)
    activate = f"/factors/{factor['id']}/lifecycle/activate"
    assert (
        post(browser, activate, {"stateToken": state["stateToken"], "passCode": app.wrong}, 403)["errorCode"]
        == "E0000068"
    )
    assert post(browser, activate, {"stateToken": state["stateToken"], "passCode": app.code})["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("factor_type", "provider"), [("sms", "OKTA"), ("push", "OKTA"), ("u2f", "FIDO"), ("webauthn", "FIDO"), ("x", 7)]
)
def test_what_is_not_offered_is_refused_and_nothing_moves(factor_type: str, provider: Any) -> None:
    browser = asking(TWO, offered=("totp",))
    state = post(browser, "", ANN)

    answer = call(
        browser,
        f"{AUTHN}/factors",
        {"stateToken": state["stateToken"], "factorType": factor_type, "provider": provider},
    )

    assert answer.status in {400, 403}
    assert decoded(answer.body)["errorCode"] in {"E0000001", "E0000079"}
    assert post(browser, "/introspect", {"stateToken": state["stateToken"]})["status"] == "MFA_ENROLL"


def test_a_key_is_set_up_and_used_as_the_widget_does() -> None:
    browser = asking(KEY, offered=("webauthn",))
    state = post(browser, "", ANN)
    token = {"stateToken": state["stateToken"]}
    begun = post(browser, "/factors", {**token, "factorType": "webauthn", "provider": "FIDO"})
    factor = begun["_embedded"]["factor"]
    key = SoftwareKey(origin=BASE)
    made = key.registered(factor["_embedded"]["activation"])
    sent = {name: made[name] for name in ("clientData", "attestation", "transports", "clientExtensions")}
    done = post(browser, f"/factors/{factor['id']}/lifecycle/activate", {**token, **sent})
    assert done["status"] == "SUCCESS"

    state = post(browser, "", ANN)
    (known,) = state["_embedded"]["factors"]
    token = {"stateToken": state["stateToken"]}
    challenged = post(browser, f"/factors/{known['id']}/verify", token)
    assert (challenged["status"], challenged["factorResult"]) == ("MFA_CHALLENGE", "CHALLENGE")
    challenge = challenged["_embedded"]["factor"]["_embedded"]["challenge"]
    signed = key.asserted(challenge)
    answer = {name: signed[name] for name in ("clientData", "authenticatorData", "signatureData")}
    assert post(browser, f"/factors/{known['id']}/verify", {**token, **answer})["status"] == "SUCCESS"
    again = post(browser, "", ANN)
    replayed = {"stateToken": again["stateToken"], **answer}
    assert post(browser, f"/factors/{known['id']}/verify", replayed, 403)["errorCode"] == "E0000068"


def test_of_several_keys_any_may_answer_by_type() -> None:
    browser = asking(KEY, offered=("webauthn",))
    keys = []
    for number in range(2):
        browser.hosted.demands.sign_on = replace(
            browser.hosted.demands.sign_on,
            requirement=Requirement(assurances=(KEY,), enrolments=Enrolments(offered=("webauthn",))),
        )
        user = browser.hosted.storage.users.get("00uA")
        asked: dict[str, Any] = {"now": browser.hosted.clock.now(), "request": request_of("/")}
        factor, options = browser.hosted.factors.factors.enrol(user, "webauthn", binding="t", **asked)
        key = SoftwareKey(origin=BASE, credential_id=f"credential {number}".encode())
        made = registration_of(key.registered(options.options))  # type: ignore[union-attr]
        browser.hosted.factors.factors.activate(user, factor, made, binding="t", **asked)
        keys.append(key)
    state = post(browser, "", ANN)
    (by_type,) = state["_embedded"]["factorTypes"]
    assert by_type["_links"]["next"]["href"] == f"{BASE}{AUTHN}/factors/webauthn/verify"

    token = {"stateToken": state["stateToken"]}
    challenged = post(browser, "/factors/webauthn/verify", token)

    assert (challenged["challengeType"], challenged["factorType"]) == ("FACTOR_TYPE", "webauthn")
    assert len(challenged["_embedded"]["factors"]) == 2
    signed = keys[1].asserted(challenged["_embedded"]["challenge"])
    answer = {name: signed[name] for name in ("clientData", "authenticatorData", "signatureData")}
    assert post(browser, "/factors/webauthn/verify", {**token, **answer})["status"] == "SUCCESS"


@pytest.mark.parametrize("path", ["/skip", "/credentials/change_password", "/factors"])
def test_nothing_gets_around_a_factor(path: str) -> None:
    browser = asking(TWO)
    app_of(browser)
    state = post(browser, "", ANN)
    body = {
        "stateToken": state["stateToken"],
        "oldPassword": PASSWORD,
        "newPassword": "Battery-Staple-8",
        "factorType": "token:software:totp",
        "provider": "GOOGLE",
    }

    assert post(browser, path, body, 403)["errorCode"] == "E0000079"
    assert post(browser, "/previous", {"stateToken": state["stateToken"]})["status"] == "MFA_REQUIRED"
    assert call(browser, "/api/v1/sessions", {"sessionToken": state["stateToken"]}).status == 401


def test_a_cancelled_transaction_is_over() -> None:
    browser = asking(TWO)
    app_of(browser)
    state = post(browser, "", {**ANN, "relayState": "/on"})

    assert post(browser, "/cancel", {"stateToken": state["stateToken"]}) == {"relayState": "/on"}
    assert post(browser, "/introspect", {"stateToken": state["stateToken"]}, 401)["errorCode"] == "E0000011"


def test_a_policy_that_refuses_looks_like_a_wrong_password() -> None:
    browser = asking()
    browser.hosted.demands.sign_on = Demanded(denied=True)

    assert post(browser, "", ANN, 401)["errorCode"] == "E0000004"
    assert post(asking(TWO), "", ANN, 401)["errorCode"] == "E0000004"


@pytest.mark.parametrize("path", ["/factors//verify", "/factors/a/b/verify", "/unknown", "/factors/uft1/lifecycle"])
def test_other_paths_are_none_of_these(path: str) -> None:
    assert browser_answer(asking(), path) is None


def browser_answer(browser: Browser, path: str) -> Any:
    return browser.hosted.site(request_of(AUTHN + path))


def test_a_browser_is_remembered_and_forgotten_with_what_it_stands_on() -> None:
    browser = asking(TWO, remembering=Remembering(1_800))
    hosted = browser.hosted
    app = app_of(browser)
    state = post(browser, "", ANN)
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify?rememberDevice=true"
    assert post(browser, verify, {"stateToken": state["stateToken"], "passCode": app.code})["status"] == "SUCCESS"

    done = post(browser, "", ANN)
    assert done["status"] == "SUCCESS"
    session = decoded(call(browser, "/api/v1/sessions", {"sessionToken": done["sessionToken"]}).body)
    assert session["amr"] == ["pwd"]  # what was skipped was not proved
    assert post(Browser(hosted), "", ANN)["status"] == "MFA_REQUIRED"
    clock_of(browser).advance(seconds=1_801)
    assert post(browser, "", ANN)["status"] == "MFA_REQUIRED"


@pytest.mark.parametrize("change", ["password", "factor", "generation", "another"])
def test_a_browser_is_a_stranger_again_after(change: str) -> None:
    browser = asking(TWO, remembering=Remembering())
    hosted = browser.hosted
    app = app_of(browser)
    state = post(browser, "", ANN)
    factor = state["_embedded"]["factors"][0]["id"]
    body = {"stateToken": state["stateToken"], "passCode": app.code}
    post(browser, f"/factors/{factor}/verify?rememberDevice=true", body)
    assert post(browser, "", ANN)["status"] == "SUCCESS"
    users = hosted.storage.users
    ann = users.get("00uA")
    assert ann.password is not None

    if change == "password":
        users.save(ann, replace(ann, password=replace(ann.password, changed_at=1)), [])
    elif change == "generation":
        users.save(ann, replace(ann, token_generation=ann.token_generation + 1), [])
    elif change == "factor":
        hosted.storage.factors.remove(hosted.storage.factors.get("00uA", factor), [])
        app_of(browser)
    else:
        bob = a_user(id="00uB", login="bob@example.com", password=ann.password)
        users.add(bob, [])
        hosted.factors.factors.enrol(bob, "totp", now=1, request=request_of("/"))
        App.of(hosted.factors.factors, bob, clock_of(browser))
        assert post(browser, "", {**ANN, "username": "bob@example.com"})["status"] == "MFA_REQUIRED"
        return
    assert post(browser, "", ANN)["status"] == "MFA_REQUIRED"


def test_where_nobody_is_remembered_a_wish_to_be_is_nothing() -> None:
    browser = asking(TWO)
    app = app_of(browser)
    state = post(browser, "", ANN)
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify?rememberDevice=true"

    post(browser, verify, {"stateToken": state["stateToken"], "passCode": app.code})

    assert browser.hosted.storage.remembered_browsers.records == {}


def mailed_code(browser: Browser) -> str:
    values = browser.hosted.storage.outbox.mails[-1].values
    return next(value for value in values.values() if value.isdigit() and len(value) == 6)


def test_a_code_by_mail_is_sent_sent_again_and_proved() -> None:
    browser = asking(TWO)
    by_mail(browser.hosted.storage)
    state = post(browser, "", ANN)
    token = {"stateToken": state["stateToken"]}
    (known,) = state["_embedded"]["factors"]
    verify = f"/factors/{known['id']}/verify"
    assert (known["factorType"], known["profile"]) == ("email", {"email": "a...n@example.com"})

    challenged = post(browser, verify, token)
    assert challenged["_embedded"]["factor"]["_embedded"] == {"verification": None}
    (resend,) = challenged["_links"]["resend"]
    assert (resend["name"], resend["href"].endswith("/verify/resend")) == ("email", True)
    first = mailed_code(browser)
    assert post(browser, f"{verify}/resend/email", token, 429)["errorCode"] == "E0000047"
    clock_of(browser).advance(seconds=6)
    assert post(browser, f"{verify}/resend", token)["status"] == "MFA_CHALLENGE"
    second = mailed_code(browser)
    if first != second:
        assert post(browser, verify, {**token, "passCode": first}, 403)["errorCode"] == "E0000068"
    assert post(browser, verify, {**token, "passCode": second})["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "body", [{"passCode": 7}, {"passCode": "x" * 1_001}, {"clientData": "!"}, {"clientData": "e30", "signatureData": 7}]
)
def test_what_is_no_answer_is_refused_and_nothing_moves(body: dict[str, Any]) -> None:
    browser = asking(TWO)
    app_of(browser)
    state = post(browser, "", ANN)
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"

    answer = call(browser, AUTHN + verify, {"stateToken": state["stateToken"], **body})

    assert answer.status in {400, 403}
    assert post(browser, "/introspect", {"stateToken": state["stateToken"]})["status"] == "MFA_REQUIRED"


def test_a_recovery_code_is_listed_nowhere_and_works() -> None:
    browser = asking(TWO)
    app_of(browser)
    hosted = browser.hosted
    ask = Ask(hosted.storage.users.get("00uA"), hosted.clock.now(), request_of("/"))
    code = hosted.factors.factors.recovery.renew(ask)[0]
    state = post(browser, "", ANN)
    body = {"stateToken": state["stateToken"], "passCode": code}

    assert len(state["_embedded"]["factors"]) == 1
    assert post(browser, "/factors/recovery_code/verify", body)["status"] == "SUCCESS"
    again = post(browser, "", ANN)
    body["stateToken"] = again["stateToken"]
    assert post(browser, "/factors/recovery_code/verify", body, 403)["errorCode"] == "E0000068"


def test_a_password_that_expires_soon_is_told_once_and_skipped() -> None:
    browser = warned()
    state = post(browser, "", WARNED)

    assert state["status"] == "PASSWORD_WARN"
    assert state["_embedded"]["policy"] == {
        "complexity": {
            "minLength": 10,
            "minLowerCase": 1,
            "minUpperCase": 1,
            "minNumber": 2,
            "minSymbol": 0,
            "excludeUsername": True,
        },
        "age": {"minAgeMinutes": 0, "historyCount": 4},
        "expiration": {"passwordExpireDays": 3},
    }
    assert [state["_links"][name]["name"] for name in ("next", "skip")] == ["changePassword", "skip"]
    assert state["_links"]["skip"] == {"name": "skip", "href": f"{BASE}{AUTHN}/skip", "hints": {"allow": ["POST"]}}
    assert post(browser, "/skip", {"stateToken": state["stateToken"]})["status"] == "SUCCESS"
    assert post(browser, "/skip", {"stateToken": state["stateToken"]}, 401)["errorCode"] == "E0000011"
    assert post(browser, "", ANN)["status"] == "SUCCESS"  # who does not ask for the warning is not told


def test_a_password_that_expires_soon_is_changed() -> None:
    browser = warned()
    token = {"stateToken": post(browser, "", WARNED)["stateToken"]}
    change, new = "/credentials/change_password", "Battery-Staple-88"

    wrong = post(browser, change, {**token, "oldPassword": "x", "newPassword": new}, 403)
    assert wrong["errorCode"] == "E0000014"
    weak = post(browser, change, {**token, "oldPassword": PASSWORD, "newPassword": "Short-1"}, 403)
    assert weak["errorCode"] == "E0000080"
    assert "at least 10 characters" in weak["errorCauses"][0]["errorSummary"]
    done = post(browser, change, {**token, "oldPassword": PASSWORD, "newPassword": new})
    assert done["status"] == "SUCCESS"
    assert post(browser, "", WARNED, 401)["errorCode"] == "E0000004"
    assert post(browser, "", {**WARNED, "password": new})["status"] == "PASSWORD_WARN"


def test_a_warning_comes_after_the_second_factor_and_skips_none() -> None:
    browser = warned(TWO)
    app = app_of(browser)
    state = post(browser, "", WARNED)
    token = {"stateToken": state["stateToken"]}

    assert state["status"] == "MFA_REQUIRED"
    assert post(browser, "/skip", token, 403)["errorCode"] == "E0000079"
    verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"
    assert post(browser, verify, {**token, "passCode": app.code})["status"] == "PASSWORD_WARN"
    done = post(browser, "/skip", token)
    session = decoded(call(browser, "/api/v1/sessions", {"sessionToken": done["sessionToken"]}).body)
    assert session["amr"] == ["pwd", "otp", "mfa"]


@pytest.mark.parametrize(("age", "status"), [(0, "SUCCESS"), (86_399, "SUCCESS"), (86_400, "PASSWORD_WARN")])
def test_nobody_is_warned_before_the_policy_says_so(age: int, status: str) -> None:
    browser = Browser(Hosted(policy=PasswordPolicy(max_age=3 * 86_400, warning=2 * 86_400)))
    clock_of(browser).advance(seconds=age - 10)

    assert post(browser, "", WARNED)["status"] == status
    clock_of(browser).advance(seconds=3 * 86_400)
    assert post(browser, "", WARNED)["status"] == "PASSWORD_EXPIRED"


@pytest.mark.parametrize(("told", "status"), [(True, 200), (False, 401)])
def test_a_lock_is_told_where_the_policy_says_so_and_nowhere_else(told: bool, status: int) -> None:
    browser = Browser(Hosted(policy=PasswordPolicy(attempts=2, tells_lockout=told)))
    wrong = {**ANN, "password": "x", "relayState": "/on"}

    assert post(browser, "", wrong, 401)["errorCode"] == "E0000004"
    locked, right = post(browser, "", wrong, status), post(browser, "", {**ANN, "relayState": "/on"}, status)

    assert {**locked, "errorId": ""} == {**right, "errorId": ""}  # whether the password was right is not said
    if told:
        assert (locked["status"], locked["relayState"], locked["_embedded"]) == ("LOCKED_OUT", "/on", {})
        assert locked["_links"]["next"]["name"] == "unlock"
        assert locked["_links"]["next"]["href"] == f"{BASE}{AUTHN}/recovery/unlock"
        assert "stateToken" not in locked
    else:
        assert locked["errorCode"] == "E0000004"
    assert post(browser, "", {**ANN, "username": "nobody@example.com"}, 401)["errorCode"] == "E0000004"
