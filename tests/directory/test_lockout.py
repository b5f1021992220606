"""Who is let in again starts anew."""

from dataclasses import replace

import pytest
from authmint.directory.authentication import AuthenticationFailed
from authmint.directory.lockout import forgiven
from authmint.factors.answers import Passcode
from authmint.factors.refusals import FactorRefused
from authmint.http import Request
from authmint.storage.users import Password

from tests.memory.parts import MemoryParts, Nowhere
from tests.memory.storage import MemoryStorage
from tests.support.apps import App
from tests.support.builders import a_user
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FrozenClock
from tests.support.sign_on_policies import a_policy, a_rule


def test_nothing_is_held_against_who_was_locked() -> None:
    counted = replace(a_user(), failed_attempts=3, failed_codes=2)

    assert forgiven(counted) == counted
    locked = replace(counted, status="LOCKED_OUT")
    assert forgiven(locked) == replace(locked, failed_attempts=0, failed_codes=0)


@pytest.mark.parametrize(
    ("channels", "mail_from", "told"),
    [(["EMAIL"], "auth@acme.example", ["AccountLockout"]), ([], "auth@acme.example", []), (["EMAIL"], "", [])],
)
@pytest.mark.parametrize("by", ["password", "code"])
def test_who_is_locked_is_told_once_where_the_policy_says_so(
    by: str, channels: list[str], mail_from: str, told: list[str]
) -> None:
    storage, clock, ids = MemoryStorage(), FrozenClock(), CountingIds()
    settings = {"password": {"lockout": {"maxAttempts": 2, "userLockoutNotificationChannels": channels}}}
    storage.sign_on_policies.save(None, a_policy(a_rule(actions={}), type="PASSWORD", settings=settings), [])
    parts = MemoryParts(
        storage, vault=FakeKeyPairs(), clock=clock, ids=ids, log=Nowhere(), mail_from=mail_from, most=100
    )
    storage.users.add(a_user(password=Password(parts.hashes().make("Correct-Horse-7"), NOW)), [])
    request, ann = Request("POST", "/signin"), storage.users.get("00uA")
    app, factor = App.of(parts.user_factors(), ann, clock)
    storage.outbox.mails.clear()

    for _ in range(7):
        if by == "password":
            with pytest.raises(AuthenticationFailed):
                parts.authenticator().verify(ann.login, "wrong", NOW, request=request)
        else:
            answer, locked = Passcode(app.wrong), storage.users.get("00uA")
            with pytest.raises(FactorRefused):
                parts.user_factors().verify(locked, [factor], answer, binding="t", now=NOW, request=request)

    assert storage.users.get("00uA").status == "LOCKED_OUT"
    assert [mail.template for mail in storage.outbox.mails] == told
