"""docs/protocol.md §39.8: a password that another directory knows is imported by the first sign-in."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.oauth.outbound_fetch import Answer, FetchFailed
from authmint.storage.hooks import PASSWORD_IMPORT, TOKENS, Channel, InlineHook
from authmint.storage.users import BY_HOOK, Password

from tests.oauth.engine import Engine
from tests.oauth.people import PASSWORD, a_people_server, ann
from tests.support.builders import a_client, a_form, basic
from tests.support.fakes import NOW

VERIFIED = {"commands": [{"type": "com.okta.action.update", "value": {"credential": "VERIFIED"}}]}
UNVERIFIED = {"commands": [{"type": "com.okta.action.update", "value": {"credential": "UNVERIFIED"}}]}


def a_hook(**changes: Any) -> InlineHook:
    channel = Channel(uri="https://old.example/passwords")
    return replace(InlineHook("cal1", "old directory", PASSWORD_IMPORT, channel, NOW, NOW), **changes)


class Migrated(Engine):
    """Ann, whose password the old directory knows."""

    def __init__(self, *hooks: InlineHook) -> None:
        super().__init__(a_people_server(), a_client(grant_types=("password",), implicit_assignment=True))
        self.storage.users.add(ann(password=Password(BY_HOOK, NOW)), [])
        for hook in hooks or (a_hook(),):
            known = self.storage.inline_hooks
            known.save(None, hook, [], seen=known.all())

    def sign_in(self, password: str = PASSWORD) -> int:
        self.clock.advance(seconds=1)
        form = {"grant_type": "password", "username": "ann@example.com", "password": password, "scope": "openid"}
        return self.token(a_form(form, headers=basic())).status

    @property
    def kept(self) -> str:
        password = self.storage.users.get("00uA").password
        assert password is not None
        return password.hash

    @property
    def wrong(self) -> int:
        return self.storage.users.get("00uA").failed_attempts


def test_the_first_sign_in_asks_and_the_second_does_not() -> None:
    world = Migrated()
    world.endpoint.says(VERIFIED)

    assert (world.sign_in(), world.sign_in(), world.sign_in("Wrong-Horse-7")) == (200, 200, 400)

    (asked,) = world.endpoint.asked
    assert asked["eventType"] == PASSWORD_IMPORT
    assert asked["data"]["context"]["credential"] == {"username": "ann@example.com", "password": PASSWORD}
    assert asked["data"]["action"] == {"credential": "UNVERIFIED"}
    assert world.kept.startswith("$argon2id$")
    assert PASSWORD not in str(world.events.emitted)
    event = next(event for event in world.events.emitted if event.type == "inline_hook.executed")
    assert (event.outcome, event.targets[0].display_name) == ("SUCCESS", "old directory")


def test_an_answer_that_cannot_be_taken_for_a_yes_is_a_no_and_counts() -> None:
    world = Migrated()
    answers: list[Any] = [
        UNVERIFIED,
        {},
        {"commands": [{"type": "com.okta.access.patch", "value": {"credential": "VERIFIED"}}]},
        {"commands": [{"type": "com.okta.action.update", "value": [{"credential": "VERIFIED"}]}]},
        {"commands": [*VERIFIED["commands"], *UNVERIFIED["commands"]]},
        VERIFIED | {"error": {"errorSummary": "no"}},
        {"commands": [{"type": "com.okta.action.update", "value": {"credential": True}}]},
        {"commands": [*VERIFIED["commands"], "x"]},
        {"commands": []},
    ]
    for answer in answers:
        world.endpoint.says(answer)
        assert world.sign_in() == 400
    assert world.sign_in() == 400  # 204

    assert world.wrong == len(answers) + 1
    assert world.kept == BY_HOOK


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (FetchFailed("too slow", slow=True), 1),
        (FetchFailed("connection failed: OSError"), 1),
        (Answer(302, b""), 1),
        (Answer(400, b""), 1),
        (Answer(200, b"<html>"), 1),
        (Answer(503, b""), 2),
    ],
)
def test_a_hook_that_fails_lets_nobody_in_and_is_no_wrong_password(answer: Any, asked: int) -> None:
    world = Migrated()
    world.endpoint.answers += [answer, answer]

    assert world.sign_in() == 400

    assert (len(world.endpoint.sent), world.wrong, world.kept) == (asked, 0, BY_HOOK)
    world.endpoint.answers.clear()
    world.endpoint.says(VERIFIED)
    assert world.sign_in() == 200


def test_a_passing_trouble_of_the_endpoint_is_tried_over() -> None:
    world = Migrated()
    world.endpoint.answers.append(Answer(500, b""))
    world.endpoint.says(VERIFIED)

    assert world.sign_in() == 200


@pytest.mark.parametrize("hook", [a_hook(status="INACTIVE"), a_hook(type=TOKENS)])
def test_where_there_is_nobody_to_ask_nobody_gets_in(hook: InlineHook) -> None:
    world = Migrated(hook)

    assert world.sign_in() == 400
    assert (world.endpoint.sent, world.wrong) == ([], 0)


def test_the_oldest_active_one_is_asked() -> None:
    young = a_hook(id="cal3", name="young", channel=Channel(uri="https://young.example"))
    world = Migrated(a_hook(id="cal1", status="INACTIVE"), a_hook(id="cal2", name="second"), young)
    world.endpoint.says(VERIFIED)

    assert world.sign_in() == 200
    assert world.endpoint.sent[0][1] == "https://old.example/passwords"


def test_wrong_ones_lock_and_nobody_who_is_locked_is_asked_about() -> None:
    world = Migrated()
    for _ in range(10):
        world.endpoint.says(UNVERIFIED)
        world.sign_in()

    world.endpoint.says(VERIFIED)
    assert world.sign_in() == 400
    assert len(world.endpoint.sent) == 10


def test_what_is_too_long_to_be_a_password_is_sent_to_nobody() -> None:
    world = Migrated()

    assert world.sign_in("x" * 257) == 400
    assert world.endpoint.sent == []
