"""Mail about sign-ins by devices that were not seen before, stored with what makes them seen."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Request
from authmint.mail.letters import Letters
from authmint.sign_on.browser_names import browser_name
from authmint.sign_on.notices import MailedNotices
from authmint.sign_on.policies import AppliedPolicies
from authmint.sign_on.policy_demands import PolicyDemands
from authmint.sign_on.sign_on import Caller
from authmint.sign_on.watch import Watch
from authmint.storage.errors import Conflict
from authmint.storage.mail_templates import Recipients
from authmint.storage.sign_on_history import SignOnHistory

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_user
from tests.support.fakes import NOW, CountingIds

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0"
ANN = a_user()


class World:
    """Sign-ins of Ann, which are remembered."""

    def __init__(self, recipients: Recipients | None = "ALL_USERS", *, on: bool = True) -> None:
        self.storage = storage = MemoryStorage()
        if recipients is not None:
            before = storage.mail_templates.get("NewSignOnNotification")
            storage.mail_templates.save(before, replace(before, recipients=recipients), [])
        watch = Watch(storage.histories, storage.behaviors, storage.threats, storage.rate_counters)
        notices = MailedNotices(Letters(CountingIds(), on=on), storage.mail_templates)
        policies = AppliedPolicies(storage.sign_on_policies, storage.zones, watch=lambda: watch)
        self.demands = PolicyDemands(policies, notices)

    def signed_on(self, device: str | None, address: str = "198.51.100.7", agent: str = EDGE) -> list[dict[str, str]]:
        """What is mailed because of it."""
        before = len(self.storage.outbox.mails)
        request = Request("POST", "/signin", headers={"user-agent": agent}, source_ip=address)
        self.demands.signed_on(ANN, Caller(request, device, NOW), now=NOW)
        return [dict(mail.values) for mail in self.storage.outbox.mails[before:]]


def test_a_new_device_is_told_once_and_the_first_of_all_is_not() -> None:
    world = World()

    assert world.signed_on("d1") == []
    (told,) = world.signed_on("d2")
    assert world.signed_on("d2", "203.0.113.9") == []
    assert world.signed_on("d1") == []

    assert (told["request.browser"], told["request.ipAddress"]) == ("Edge (Windows)", "198.51.100.7")
    assert (told["request.date"], told["request.time"]) == ("2099-12-03", "16:53 UTC")
    assert [mail.template for mail in world.storage.outbox.mails] == ["NewSignOnNotification"]


def test_who_keeps_no_name_is_known_by_the_address() -> None:
    world = World()
    world.signed_on(None)

    assert world.signed_on(None) == []
    assert len(world.signed_on(None, "203.0.113.9")) == 1
    assert world.signed_on(None, "203.0.113.9") == []


@pytest.mark.parametrize(
    ("recipients", "on"), [(None, True), ("NO_USERS", True), ("ADMINS_ONLY", True), ("ALL_USERS", False)]
)
def test_nobody_is_told_unless_somebody_said_so(recipients: Any, on: bool) -> None:
    world = World(recipients, on=on)
    world.signed_on("d1")

    assert world.signed_on("d2") == []


def test_what_another_sign_in_pushes_aside_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.signed_on("d1")
    histories, save, lost = world.storage.histories, world.storage.histories.save, [1]

    def crossed(before: SignOnHistory, after: SignOnHistory, *args: Any, **others: Any) -> None:
        if lost:
            lost.pop()
            raise Conflict("meanwhile")
        save(before, after, *args, **others)

    monkeypatch.setattr(histories, "save", crossed)

    assert len(world.signed_on("d2")) == 1


@pytest.mark.parametrize(
    ("agent", "name"),
    [(EDGE, "Edge (Windows)"), (FIREFOX, "Firefox"), ("", "-"), ("buy at https://evil.example/", "-")],
)
def test_what_a_browser_calls_itself_is_not_repeated(agent: str, name: str) -> None:
    assert browser_name(agent) == name
