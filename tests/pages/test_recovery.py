"""Pages for who forgot a password, is locked out, or comes for the first time."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.directory.recovery_tokens import issue
from authmint.factors.answers import Passcode
from authmint.factors.kind import Ask
from authmint.http import Request
from authmint.recovery.refusals import NotOpen, ProofMissing
from authmint.storage.factors import Credential, Factor
from authmint.storage.outbox import Mail
from authmint.storage.users import RecoveryQuestion, User

from tests.support.apps import App
from tests.support.sign_on_policies import a_policy, a_rule

from .hosted import HANDLE, NEW_PASSWORD, NOW, PASSWORD, Browser, Hosted, header, shown

TICKET = "__Host-authmint-recovery"
SENT = "If that name is ours, a mail with a link is on its way."


@pytest.fixture
def hosted() -> Hosted:
    return Hosted()


@pytest.fixture
def browser(hosted: Hosted) -> Browser:
    return Browser(hosted)


def mails(hosted: Hosted) -> list[Mail]:
    return [mail for mail in hosted.storage.outbox.mails if mail.to]


def forgets(hosted: Hosted, browser: Browser, username: str = "ann@example.com", query: str = "") -> str:
    """Somebody asks for a new password; the path of the link that was mailed, if any."""
    browser.get(f"/forgot{query}")
    answer = browser.post("/forgot", username=username)
    assert answer.status == 200, shown(answer)
    before = mails(hosted)
    return before[-1].values.get("resetPasswordLink", "").removeprefix(browser.base_url) if before else ""


def follows(browser: Browser, link: str) -> Any:
    answer = browser.get(link)
    assert (answer.status, header(answer, "location")) == (303, "/recovery")
    return browser.get("/recovery")


def chooses(browser: Browser, password: str = NEW_PASSWORD, **changes: str) -> Any:
    return browser.post("/recovery", new=password, repeated=password, **({"revoke": "yes"} | changes))


def test_who_forgot_a_password_chooses_another_one_and_signs_in(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)

    page = follows(browser, link)
    assert (page.status, "ann@example.com" in page.body.decode()) == (200, True)
    done = chooses(browser)

    assert done.status == 200
    assert "Your password was changed" in shown(done)
    assert TICKET not in browser.cookies
    assert browser.sign_in(password=PASSWORD).status == 403
    assert browser.sign_in(password=NEW_PASSWORD).status == 303
    assert [mail.template for mail in mails(hosted)] == ["ForgotPassword", "PasswordChanged"]


def test_the_answer_is_the_same_for_everybody(hosted: Hosted, browser: Browser) -> None:
    storage = hosted.storage
    answers = []
    for number, status in enumerate(("ACTIVE", "SUSPENDED", "STAGED", "DEPROVISIONED", "LOCKED_OUT", "PROVISIONED")):
        becomes(hosted, status=status)
        hosted.clock.advance(seconds=3_600 * (number + 1))  # type: ignore[attr-defined]
        browser.get("/forgot")
        answers.append(browser.post("/forgot", username="ann@example.com"))
    browser.get("/forgot")
    answers.append(browser.post("/forgot", username="nobody@example.com"))

    assert {answer.status for answer in answers} == {200}
    assert len({shown(answer) for answer in answers}) == 1
    assert SENT in shown(answers[0])
    assert len({tuple(name for name, _ in answer.headers) for answer in answers}) == 1
    assert len(storage.recovery_tickets.tickets) == len(storage.outbox.mails) == 7
    assert [mail.template for mail in mails(hosted)] == ["ForgotPassword", *["ForgotPasswordDenied"] * 5]


def test_a_ticket_of_nobody_leads_nowhere(hosted: Hosted, browser: Browser) -> None:
    forgets(hosted, browser, "nobody@example.com")
    (ticket,) = hosted.storage.recovery_tickets.tickets.values()

    assert (ticket.kind, ticket.user_id) == ("nothing", "00uAuthmintNobody000")
    assert mails(hosted) == []
    assert [event.reason for event in hosted.storage.events] == ["UNKNOWN_USER"]
    assert "nobody@example.com" not in repr(hosted.storage.events)


@pytest.mark.parametrize("username", ["ann@example.com", "ANN@example.com ", "nobody@example.com"])
def test_who_asks_too_often_has_to_wait_whether_there_is_such_a_user_or_not(browser: Browser, username: str) -> None:
    browser.get("/forgot")
    assert browser.post("/forgot", username=username).status == 200

    browser.get("/forgot")
    refused = browser.post("/forgot", username=username)

    assert refused.status == 429
    assert 1 <= int(header(refused, "retry-after")) <= 30
    assert "Wait a while" in shown(refused)


def test_one_address_may_ask_twenty_times_an_hour(hosted: Hosted, browser: Browser) -> None:
    statuses = []
    for number in range(21):
        browser.get("/forgot")
        statuses.append(browser.post("/forgot", username=f"user{number}@example.com").status)

    assert statuses == [200] * 20 + [429]


def test_a_link_works_once(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)
    follows(browser, link)
    chooses(browser)

    page = follows(browser, link)

    assert page.status == 400
    assert "This link is not good any more" in shown(page)


def test_of_two_forms_of_one_link_one_changes_the_password(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)
    other = Browser(hosted)
    follows(browser, link)
    follows(other, link)

    assert chooses(browser).status == 200
    refused = chooses(other, "Another-Staple-9")

    assert refused.status == 400
    assert browser.sign_in(password=NEW_PASSWORD).status == 303
    assert [event.type for event in hosted.events.emitted if event.reason == "INVALID_TOKEN"] == [
        "user.account.use_token"
    ]


def test_opening_a_link_changes_nothing(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)
    before = hosted.storage.users.get("00uA"), dict(hosted.storage.recovery_tickets.tickets)

    for _ in range(3):
        follows(Browser(hosted), link)

    assert (hosted.storage.users.get("00uA"), hosted.storage.recovery_tickets.tickets) == before
    follows(browser, link)
    assert chooses(browser).status == 200


def test_the_link_leaves_the_address_and_no_page_tells_it_on(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)
    secret = link.rpartition("/")[2]

    redirect = browser.get(link)
    page = browser.get("/recovery")

    assert header(redirect, "referrer-policy") == header(page, "referrer-policy") == "no-referrer"
    assert secret not in page.body.decode()
    (cookie,) = (value for name, value in redirect.headers if name == "set-cookie" and TICKET in value)
    assert cookie.endswith("Path=/; HttpOnly; SameSite=Lax; Secure")


def test_a_link_has_expired_after_an_hour(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)
    follows(browser, link)

    hosted.clock.advance(seconds=3_600)  # type: ignore[attr-defined]

    assert chooses(browser).status == 400
    assert browser.sign_in(password=PASSWORD).status == 303


def test_a_password_that_was_changed_meanwhile_makes_every_link_void(hosted: Hosted, browser: Browser) -> None:
    first = forgets(hosted, browser)
    hosted.clock.advance(seconds=60)  # type: ignore[attr-defined]
    second = forgets(hosted, browser)
    follows(browser, second)
    chooses(browser)

    assert follows(browser, first).status == 400


def test_who_was_deactivated_meanwhile_cannot_use_a_link(hosted: Hosted, browser: Browser) -> None:
    link = forgets(hosted, browser)
    known = hosted.storage.users.get("00uA")
    hosted.storage.users.save(known, replace(known, status="DEPROVISIONED"), [])

    assert follows(browser, link).status == 400


def test_a_new_password_ends_sessions_and_tokens(hosted: Hosted, browser: Browser) -> None:
    other = Browser(hosted)
    other.sign_in()
    link = forgets(hosted, browser)
    hosted.clock.advance(seconds=5)  # type: ignore[attr-defined]
    follows(browser, link)
    generation = hosted.storage.users.get("00uA").token_generation

    chooses(browser)

    assert "Sign out" not in shown(other.get("/signin"))
    assert hosted.storage.users.get("00uA").token_generation == generation + 1


def test_tokens_of_applications_live_on_where_the_user_says_so(hosted: Hosted, browser: Browser) -> None:
    follows(browser, forgets(hosted, browser))

    browser.post("/recovery", new=NEW_PASSWORD, repeated=NEW_PASSWORD)

    assert hosted.storage.users.get("00uA").token_generation == 0


@pytest.mark.parametrize(
    ("new", "repeated", "said"),
    [
        ("short", "short", "at least 8 characters"),
        (NEW_PASSWORD, "other", "Both passwords are the same"),
        (PASSWORD, PASSWORD, "none of your last 4 passwords"),
        ("Ann.example-7", "Ann.example-7", "no part of your username"),
    ],
)
def test_a_password_that_will_not_do_leaves_the_link_good(
    hosted: Hosted, browser: Browser, new: str, repeated: str, said: str
) -> None:
    follows(browser, forgets(hosted, browser))

    refused = browser.post("/recovery", new=new, repeated=repeated)

    assert (refused.status, said in shown(refused)) == (422, True)
    assert chooses(browser).status == 200


def test_a_form_of_another_browser_is_refused(hosted: Hosted, browser: Browser) -> None:
    follows(browser, forgets(hosted, browser))
    stranger = Browser(hosted)
    stranger.cookies = {name: value for name, value in browser.cookies.items() if name != TICKET}

    refused = stranger.post_pairs(
        "/recovery", (browser.fields | {"new": NEW_PASSWORD, "repeated": NEW_PASSWORD}).items()
    )

    assert refused.status == 400
    assert hosted.storage.outbox.mails[-1].template == "ForgotPassword"


def test_a_link_goes_back_to_the_request_that_waits(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/signin?request={HANDLE}")
    assert f'href="/forgot?request={HANDLE}"' in browser.answer.body.decode()

    follows(browser, forgets(hosted, browser, query=f"?request={HANDLE}"))
    done = chooses(browser)

    assert f'href="/signin?request={HANDLE}"' in done.body.decode()


def test_a_new_user_chooses_a_first_password(hosted: Hosted, browser: Browser) -> None:
    storage, now = hosted.storage, hosted.clock.now()
    known = storage.users.get("00uA")
    text, ticket = issue("00uA", "activation", hosted.ids, now=now, lifetime=600)
    storage.users.save(known, replace(known, status="PROVISIONED", password=None, ticket=ticket), [])

    for path in (f"/welcome/{text}", f"/tokens/{text}/verify"):
        assert "Activate your account" in shown(follows(browser, path))
    assert "Welcome" in shown(chooses(browser))

    user = storage.users.get("00uA")
    assert (user.status, user.ticket, user.token_generation) == ("ACTIVE", None, 0)
    assert browser.sign_in(password=NEW_PASSWORD).status == 303
    assert mails(hosted) == []
    assert {"user.lifecycle.activate", "user.account.update_password"} == {event.type for event in storage.events}


def test_who_was_reset_by_an_administrator_chooses_another_password(hosted: Hosted, browser: Browser) -> None:
    storage, now = hosted.storage, hosted.clock.now()
    known = storage.users.get("00uA")
    text, ticket = issue("00uA", "recovery", hosted.ids, now=now, lifetime=600)
    storage.users.save(known, replace(known, status="RECOVERY", ticket=ticket), [])

    follows(browser, f"/reset_password/{text}")
    assert chooses(browser).status == 200

    assert storage.users.get("00uA").status == "ACTIVE"
    assert follows(browser, f"/reset_password/{text}").status == 400


@pytest.mark.parametrize(
    "link",
    [
        "/signin/reset-password/x",
        "/welcome/%0d%0aset-cookie:x",
        f"/signin/unlock/{'a' * 43}",
        f"/reset_password/00uA.{'a' * 43}",
    ],
)
def test_links_that_nobody_was_mailed_lead_nowhere(browser: Browser, link: str) -> None:
    assert follows(browser, link).status == 400


@pytest.mark.parametrize("path", ["/recovery", "/signin/other/x", "/welcome", "/tokens/x", "/forgotten"])
def test_other_paths_are_no_links(hosted: Hosted, browser: Browser, path: str) -> None:
    if path == "/recovery":
        assert browser.get(path).status == 400
    else:
        with pytest.raises(AssertionError):
            browser.get(path)


def decides(hosted: Hosted, **actions: Any) -> None:
    """The password policy's rule says so."""
    policies, records = hosted.recovering.policies, hosted.storage.sign_on_policies
    (policy,) = policies.of_type("PASSWORD")
    rule = replace(policy.rules[0], actions={**policy.rules[0].actions, **actions})
    records.save(None, replace(policy, rules=(rule,)), [])


def becomes(hosted: Hosted, **changes: Any) -> User:
    known = hosted.storage.users.get("00uA")
    hosted.storage.users.save(known, replace(known, **changes), [])
    return hosted.storage.users.get("00uA")


def unlock_link(hosted: Hosted, browser: Browser) -> str:
    browser.get("/forgot?wish=unlock")
    assert browser.post("/forgot", username="ann@example.com").status == 200
    return mails(hosted)[-1].values.get("unlockAccountLink", "").removeprefix(browser.base_url)


def test_who_is_locked_out_unlocks_the_account_where_the_policy_lets(hosted: Hosted, browser: Browser) -> None:
    decides(hosted, selfServiceUnlock={"access": "ALLOW"})
    becomes(hosted, status="LOCKED_OUT", status_changed_at=hosted.clock.now() - 60)

    page = follows(browser, link := unlock_link(hosted, browser))
    assert ("ann@example.com" in shown(page), hosted.storage.users.get("00uA").status) == (True, "LOCKED_OUT")
    assert "Your account is unlocked" in shown(browser.post("/recovery"))

    assert hosted.storage.users.get("00uA").status == "ACTIVE"
    assert browser.sign_in(password=PASSWORD).status == 303
    becomes(hosted, status="LOCKED_OUT", status_changed_at=hosted.clock.now())
    assert follows(browser, link).status == 400


def test_who_is_locked_out_is_told_whom_to_ask_where_the_policy_lets_nobody(hosted: Hosted, browser: Browser) -> None:
    becomes(hosted, status="LOCKED_OUT", status_changed_at=hosted.clock.now() - 60)

    assert unlock_link(hosted, browser) == ""
    assert mails(hosted)[-1].template == "AccountLockout"


def test_who_is_not_locked_out_is_told_so(hosted: Hosted, browser: Browser) -> None:
    assert unlock_link(hosted, browser) == ""
    assert mails(hosted)[-1].template == "SelfServiceUnlockOnUnlockedAccount"


def test_a_ticket_is_good_for_what_it_was_made_for(hosted: Hosted, browser: Browser) -> None:
    decides(hosted, selfServiceUnlock={"access": "ALLOW"})
    forgotten = forgets(hosted, browser).rpartition("/")[2]
    becomes(hosted, status="LOCKED_OUT", status_changed_at=hosted.clock.now())
    hosted.clock.advance(seconds=60)  # type: ignore[attr-defined]
    unlocking = unlock_link(hosted, browser).rpartition("/")[2]

    follows(browser, f"/signin/reset-password/{unlocking}")
    assert "Unlock your account" in shown(browser.answer)
    refused = browser.post("/recovery", new=NEW_PASSWORD, repeated=NEW_PASSWORD)
    assert "unlocked" in shown(refused)
    assert hosted.hashes.fits(PASSWORD, becomes(hosted).password.hash)  # type: ignore[union-attr]
    assert forgotten != unlocking


def test_a_ticket_for_a_password_unlocks_nothing(hosted: Hosted, browser: Browser) -> None:
    follows(browser, forgets(hosted, browser))
    opened = hosted.recovering.recovery.open(browser.cookies[TICKET], Request("GET", "/"), now=hosted.clock.now())
    becomes(hosted, status="LOCKED_OUT")

    with pytest.raises(NotOpen):
        hosted.recovering.recovery.unlock(opened, now=hosted.clock.now(), request=Request("POST", "/"))
    assert becomes(hosted).status == "LOCKED_OUT"


def test_where_the_policy_lets_nobody_reset_a_password_the_owner_is_told(hosted: Hosted, browser: Browser) -> None:
    decides(hosted, selfServicePasswordReset={"access": "DENY"})

    assert forgets(hosted, browser) == ""
    assert mails(hosted)[-1].template == "ForgotPasswordDenied"


def with_an_app(hosted: Hosted, **changes: Any) -> None:
    values: dict[str, Any] = {"kind": "totp", "status": "ACTIVE", "provider": "GOOGLE"}
    factor = Factor("uft1", "00uA", created_at=NOW, updated_at=NOW, **values | changes)
    hosted.storage.factors.add(factor, [])


def test_an_account_that_a_key_protects_is_not_opened_by_a_mailbox(hosted: Hosted, browser: Browser) -> None:
    with_an_app(hosted, kind="webauthn", provider="FIDO", credential=Credential("c", "k", "acme", "h"))

    page = follows(browser, forgets(hosted, browser))

    assert (page.status, "protected by more than a password" in shown(page)) == (403, True)
    opened = hosted.recovering.recovery.open(browser.cookies[TICKET], Request("GET", "/"), now=hosted.clock.now())
    with pytest.raises(ProofMissing):
        hosted.recovering.recovery.set_password(opened, NEW_PASSWORD, now=NOW, request=Request("POST", "/"))


def test_a_code_of_the_app_is_asked_for_before_a_password_is_taken(hosted: Hosted, browser: Browser) -> None:
    app, _ = App.of(hosted.user_factors, hosted.storage.users.get("00uA"), hosted.clock)  # type: ignore[arg-type]

    assert "Code of your authenticator app" in shown(follows(browser, forgets(hosted, browser)))
    assert chooses(browser, code=app.wrong).status == 403
    assert chooses(browser, code="").status == 403
    assert chooses(browser, "short", code=app.code).status == 422
    assert browser.sign_in(password=PASSWORD).status == 303
    follows(browser, f"/signin/reset-password/{mails(hosted)[-1].values['resetPasswordLink'].rpartition('/')[2]}")
    assert chooses(browser, code=app.code).status == 200

    kept = hosted.storage.factors.of("00uA")
    assert [(factor.kind, factor.status) for factor in kept] == [("totp", "ACTIVE")]


def test_a_code_is_good_once_wherever_it_is_typed(hosted: Hosted, browser: Browser) -> None:
    user = hosted.storage.users.get("00uA")
    app, factor = App.of(hosted.user_factors, user, hosted.clock)  # type: ignore[arg-type]
    request = Request("POST", "/")
    hosted.user_factors.verify(
        user, [factor], Passcode(app.code), binding="other", now=hosted.clock.now(), request=request
    )
    follows(browser, forgets(hosted, browser))

    assert chooses(browser, code=app.code).status == 403
    hosted.clock.advance(seconds=30)  # type: ignore[attr-defined]
    assert chooses(browser, code=app.code).status == 200


def test_a_factor_that_is_not_activated_protects_nothing(hosted: Hosted, browser: Browser) -> None:
    with_an_app(hosted, status="PENDING_ACTIVATION")

    assert follows(browser, forgets(hosted, browser)).status == 200
    assert chooses(browser).status == 200


def test_a_policy_can_say_that_a_mailbox_is_enough(hosted: Hosted, browser: Browser) -> None:
    with_an_app(hosted)
    requirement = {"primary": {"methods": ["email"]}, "stepUp": {"required": False}}
    decides(hosted, selfServicePasswordReset={"access": "ALLOW", "requirement": requirement})

    follows(browser, forgets(hosted, browser))

    assert chooses(browser).status == 200


def asks_the_question(hosted: Hosted) -> None:
    step_up = {"required": True, "methods": ["security_question"]}
    requirement = {"primary": {"methods": ["email"]}, "stepUp": step_up}
    decides(hosted, selfServicePasswordReset={"access": "ALLOW", "requirement": requirement})


def test_the_question_is_answered_before_a_password_is_taken(hosted: Hosted, browser: Browser) -> None:
    asks_the_question(hosted)
    becomes(hosted, recovery=RecoveryQuestion("First pet?", hosted.hashes.make("rex")))

    assert "First pet?" in shown(follows(browser, forgets(hosted, browser)))
    refused = chooses(browser, answer="fido")
    assert (refused.status, "Nothing was changed" in shown(refused)) == (403, True)
    assert chooses(browser, answer=" REX ").status == 200


def test_answers_are_counted(hosted: Hosted, browser: Browser) -> None:
    asks_the_question(hosted)
    becomes(hosted, recovery=RecoveryQuestion("First pet?", hosted.hashes.make("rex")))
    follows(browser, forgets(hosted, browser))

    statuses = [chooses(browser, answer="fido").status for _ in range(6)]

    assert statuses == [403] * 5 + [429]
    assert chooses(browser, answer="rex").status == 429


def test_who_has_nothing_that_the_policy_asks_for_cannot_do_it_alone(hosted: Hosted, browser: Browser) -> None:
    asks_the_question(hosted)

    assert follows(browser, forgets(hosted, browser)).status == 403


def test_a_deployment_without_mail_offers_nothing_that_needs_it() -> None:
    browser = Browser(Hosted(mail=False))

    browser.get("/signin")
    assert "forgot" not in browser.answer.body.decode()
    assert browser.get("/forgot").status == 404


def test_pages_are_in_the_browsers_language(hosted: Hosted) -> None:
    browser = Browser(hosted, accept_language="de")

    assert "Passwort vergessen?" in shown(browser.get("/forgot"))
    follows(browser, forgets(hosted, browser))
    assert "Passwort zurücksetzen" in shown(browser.answer)


def with_a_key_alone(hosted: Hosted, *, password: bool = False) -> list[str]:
    """Ann signs in with a passkey, and has recovery codes."""
    storage = hosted.storage
    ann = storage.users.get("00uA")
    if not password:
        storage.users.save(ann, replace(ann, password=None), [])
    credential = Credential("c1", "k", "ES256", "a" * 36, transports=(), discoverable=True)
    storage.factors.add(Factor("fwf1", "00uA", "webauthn", "ACTIVE", NOW, NOW, "FIDO", credential=credential), [])
    ask = Ask(storage.users.get("00uA"), hosted.clock.now(), Request("POST", "/account"))
    return list(hosted.user_factors.recovery.renew(ask))


@pytest.mark.parametrize("password", [False, True])
def test_who_lost_a_passkey_comes_back_by_mail_and_a_recovery_code(
    hosted: Hosted, browser: Browser, password: bool
) -> None:
    code = with_a_key_alone(hosted, password=password)[0]
    page = follows(browser, forgets(hosted, browser))
    assert 'name="recovery_code"' in page.body.decode()
    assert 'name="code"' not in page.body.decode()

    assert chooses(browser).status == 403  # the mailbox alone
    assert chooses(browser, recovery_code="xxxx-xxxx-xx").status == 403
    assert chooses(browser, recovery_code=code).status == 200

    assert hosted.hashes.fits(NEW_PASSWORD, password_of(hosted))
    assert [factor.id for factor in hosted.storage.factors.of("00uA")] == ["fwf1"]  # a reset takes no factor away
    assert len(hosted.user_factors.recovery.records.of("00uA").digests) == 9
    assert browser.get("/recovery").status == 400


def password_of(hosted: Hosted) -> str:
    password = hosted.storage.users.get("00uA").password
    return "" if password is None else password.hash


def test_who_has_neither_password_nor_codes_asks_an_administrator(hosted: Hosted, browser: Browser) -> None:
    for code in with_a_key_alone(hosted):
        ask = Ask(hosted.storage.users.get("00uA"), hosted.clock.now(), Request("POST", "/account"))
        hosted.user_factors.recovery.verify(ask.user, code, binding="t", now=ask.now, request=ask.request)

    page = follows(browser, forgets(hosted, browser))

    assert page.status == 403


def test_without_password_and_factors_a_mailbox_opens_nothing_whatever_the_policy_says(
    hosted: Hosted, browser: Browser
) -> None:
    ann = hosted.storage.users.get("00uA")
    hosted.storage.users.save(ann, replace(ann, password=None), [])
    requirement = {"primary": {"methods": ["email"]}, "stepUp": {"required": False}}
    reset = {"access": "ALLOW", "requirement": requirement}
    actions = {"passwordChange": {"access": "ALLOW"}, "selfServicePasswordReset": reset}
    policy = a_policy(a_rule(actions=actions), type="PASSWORD", id="00pPassword")
    hosted.storage.sign_on_policies.save(None, policy, [])

    page = follows(browser, forgets(hosted, browser))

    assert page.status == 403
    assert password_of(hosted) == ""
