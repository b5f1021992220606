"""What the Users API mails, to whom, and what the links in it are good for."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.recovery.tickets import Tickets
from authmint.storage.outbox import Mail

from tests.management.admin import BASE_URL, Admin
from tests.support.fakes import NOW

USERS = "/api/v1/users"
PASSWORD = "Correct-Horse-7"
NEW = "Another-Horse-8"


@pytest.fixture
def admin() -> Admin:
    return Admin(mail_from="no-reply@acme.example.com")


def made(admin: Admin, query: str = "", **credentials: Any) -> str:
    profile = {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}
    sent: dict[str, Any] = {"profile": profile}
    if credentials:
        sent["credentials"] = credentials
    user: str = admin.post(f"{USERS}{query}", sent).json["id"]
    return user


def with_password(admin: Admin, **credentials: Any) -> str:
    return made(admin, password={"value": PASSWORD}, **credentials)


def last_mail(admin: Admin) -> Mail:
    return admin.storage.outbox.mails[-1]


def opened(admin: Admin, link: str) -> str:
    tickets = Tickets(admin.storage.users, admin.storage.recovery_tickets)
    return tickets.open(link.rpartition("/")[2], now=admin.clock.now()).purpose


def test_a_new_user_without_a_password_is_sent_a_link_to_choose_one(admin: Admin) -> None:
    user = made(admin)

    mail = last_mail(admin)
    assert (mail.template, mail.to, mail.user_id) == ("UserActivation", "ann@example.com", user)
    assert mail.expires_at == NOW + 7 * 86_400
    link = mail.values["activationLink"]
    assert link == f"{BASE_URL}/welcome/{mail.values['activationToken']}"
    assert opened(admin, link) == "activation"


@pytest.mark.parametrize("query", ["?activate=false", "?activate=true"])
def test_a_new_user_who_has_nothing_to_do_is_sent_nothing(admin: Admin, query: str) -> None:
    if query == "?activate=false":
        made(admin, query)
    else:
        with_password(admin)

    assert admin.storage.outbox.mails == []


@pytest.mark.parametrize("sent", [True, False])
def test_who_is_activated_is_mailed_or_the_caller_is_told(admin: Admin, sent: bool) -> None:
    user = made(admin, "?activate=false")

    first = admin.post(f"{USERS}/{user}/lifecycle/activate?sendEmail={str(sent).lower()}").json
    again = admin.post(f"{USERS}/{user}/lifecycle/reactivate?sendEmail={str(sent).lower()}").json

    if sent:
        assert (first, again) == ({}, {})
        old, new = (mail.values["activationLink"] for mail in admin.storage.outbox.mails)
    else:
        assert admin.storage.outbox.mails == []
        old, new = first["activationUrl"], again["activationUrl"]
    assert opened(admin, new) == "activation"
    with pytest.raises(Exception, match="not the user's ticket"):
        opened(admin, old)


def test_a_reset_is_mailed_for_an_hour(admin: Admin) -> None:
    user = with_password(admin)

    assert admin.post(f"{USERS}/{user}/lifecycle/reset_password?sendEmail=true").json == {}

    mail = last_mail(admin)
    assert (mail.template, mail.expires_at) == ("PasswordResetByAdmin", NOW + 3_600)
    assert mail.values["resetPasswordLink"].startswith(f"{BASE_URL}/reset_password/{user}.")
    assert opened(admin, mail.values["resetPasswordLink"]) == "password"
    assert admin.get(f"{USERS}/{user}").json["status"] == "RECOVERY"


def test_a_forgotten_password_is_mailed_and_leaves_the_user_as_it_is(admin: Admin) -> None:
    user = with_password(admin)
    before = admin.get(f"{USERS}/{user}").json

    assert admin.post(f"{USERS}/{user}/credentials/forgot_password").json == {}
    told = admin.post(f"{USERS}/{user}/credentials/forgot_password?sendEmail=false").json["resetPasswordUrl"]

    (mail,) = admin.storage.outbox.mails
    assert mail.template == "ForgotPassword"
    assert told.startswith(f"{BASE_URL}/signin/reset-password/")
    assert told != mail.values["resetPasswordLink"]
    assert opened(admin, told) == opened(admin, mail.values["resetPasswordLink"]) == "password"
    assert admin.get(f"{USERS}/{user}").json == before


def test_who_has_another_password_is_told(admin: Admin) -> None:
    user = with_password(admin)
    change = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": NEW}}

    assert admin.post(f"{USERS}/{user}/credentials/change_password", change).status == 200

    assert last_mail(admin).template == "PasswordChanged"
    assert "Link" not in "".join(last_mail(admin).values)


def test_a_password_that_is_refused_mails_nothing(admin: Admin) -> None:
    user = with_password(admin)
    change = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": "short"}}

    refused = admin.post(f"{USERS}/{user}/credentials/change_password", change)

    assert refused.causes == [
        "Password requirements were not met. Password requirements: at least 8 characters, a lowercase letter, "
        "an uppercase letter, a number, no parts of your username."
    ]
    assert admin.storage.outbox.mails == []


def test_tokens_end_with_the_password_where_that_is_asked_for(admin: Admin) -> None:
    user = with_password(admin)
    change = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": NEW}}

    admin.post(f"{USERS}/{user}/credentials/change_password", change)
    kept = admin.storage.users.get(user).token_generation
    back = {"oldPassword": {"value": NEW}, "newPassword": {"value": "Third-Horse-9"}, "revokeSessions": True}
    admin.post(f"{USERS}/{user}/credentials/change_password", back)

    assert (kept, admin.storage.users.get(user).token_generation) == (0, 1)


def test_a_strict_change_keeps_to_the_least_age(admin: Admin) -> None:
    user = with_password(admin)
    known = admin.storage.users.get(user)
    policies = admin.storage.sign_on_policies
    from authmint.policy.sign_on.defaults import Seeds, default_policy

    policy = default_policy("PASSWORD", Seeds(mail=True))
    assert policy.settings is not None
    age = policy.settings["password"]["age"] | {"minAgeMinutes": 60}
    settings = {**policy.settings, "password": policy.settings["password"] | {"age": age}}
    policies.save(None, replace(policy, settings=settings), [])
    change = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": NEW}}
    path = f"{USERS}/{known.id}/credentials/change_password"

    refused = admin.post(f"{path}?strict=true", change)

    assert (refused.code, refused.causes) == ("E0000080", ["Password cannot be changed this soon."])
    assert admin.post(path, change).status == 200


def test_the_question_gives_another_password_to_who_answers_it(admin: Admin) -> None:
    user = with_password(admin, recovery_question={"question": "First pet?", "answer": "Rex the 1st"})
    path = f"{USERS}/{user}/credentials/forgot_password_recovery_question"

    def answers(answer: str, password: str = NEW) -> Any:
        return admin.post(path, {"password": {"value": password}, "recovery_question": {"answer": answer}})

    wrong = answers("fido")
    assert (wrong.status, wrong.code) == (403, "E0000087")
    assert answers("rex the 1st", "short").code == "E0000080"
    right = answers(" REX the 1st")
    assert right.json["recovery_question"] == {"question": "First pet?"}
    assert last_mail(admin).template == "PasswordChanged"


def test_answers_to_a_question_are_counted(admin: Admin) -> None:
    user = with_password(admin, recovery_question={"question": "First pet?", "answer": "Rex the 1st"})
    path = f"{USERS}/{user}/credentials/forgot_password_recovery_question"
    sent = {"password": {"value": NEW}, "recovery_question": {"answer": "fido"}}

    statuses = [admin.post(path, sent).status for _ in range(6)]

    assert statuses == [403] * 5 + [429]
    right = {"password": {"value": NEW}, "recovery_question": {"answer": "Rex the 1st"}}
    assert admin.post(path, right).code == "E0000047"


@pytest.mark.parametrize("question", [None, {"question": "First pet?", "answer": "Rex the 1st"}])
def test_who_has_no_question_or_cannot_sign_in_has_no_such_way(admin: Admin, question: Any) -> None:
    user = with_password(admin, **({} if question is None else {"recovery_question": question}))
    if question is not None:
        admin.post(f"{USERS}/{user}/lifecycle/suspend")

    sent = {"password": {"value": NEW}, "recovery_question": {"answer": "Rex the 1st"}}
    refused = admin.post(f"{USERS}/{user}/credentials/forgot_password_recovery_question", sent)

    assert (refused.status, refused.code) == (403, "E0000034")


def test_a_deployment_without_mail_answers_as_ever() -> None:
    admin = Admin()
    user = made(admin, "?activate=false")

    assert admin.post(f"{USERS}/{user}/lifecycle/activate").json == {}
    assert admin.storage.users.get(user).ticket is None
    assert admin.storage.outbox.mails == []
