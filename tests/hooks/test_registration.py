"""docs/protocol.md §39.9: a hook says who may register, and what is in the profile."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from authmint.hooks.calls import HookCalls
from authmint.hooks.registration import DENIED, FAILED, RegistrationDenied, RegistrationHook
from authmint.http import Request
from authmint.keys.vault import VaultUnavailable
from authmint.oauth.outbound_fetch import Answer, FetchFailed
from authmint.storage.events import Event
from authmint.storage.hooks import REGISTRATION, TOKENS, Channel, InlineHook

from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW, CountingIds, FakeSeals, FrozenClock
from tests.support.hook_endpoint import Endpoint

PROFILE = {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann"}
REQUEST = Request("POST", "/register", body=b"password=Correct-Horse-7", source_ip="203.0.113.7", request_id="r1")


def a_hook(**changes: Any) -> InlineHook:
    channel = Channel(uri="https://hook.example/registrations")
    return replace(InlineHook("cal1", "gate", REGISTRATION, channel, NOW, NOW), **changes)


def a_command(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": f"com.okta.{kind}", "value": value}


@dataclass
class World:
    """A deployment with a hook, and its endpoint."""

    hook: InlineHook = field(default_factory=a_hook)
    endpoint: Endpoint = field(default_factory=Endpoint)
    events: list[Event] = field(default_factory=list)
    left: float = 60

    def registers(self, hook_id: str = "cal1") -> dict[str, Any]:
        hooks = MemoryStorage().inline_hooks
        hooks.save(None, self.hook, [], seen=hooks.all())
        calls = HookCalls(self.endpoint, FakeSeals, lambda: None, left=lambda: self.left)  # type: ignore[arg-type,return-value]
        asking = RegistrationHook(hooks, calls, FrozenClock(), CountingIds(), self.events.append)
        return asking.allowed(hook_id, PROFILE, REQUEST)

    def is_denied(self, hook_id: str = "cal1") -> RegistrationDenied:
        with pytest.raises(RegistrationDenied) as caught:
            self.registers(hook_id)
        return caught.value

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(event.type.removeprefix("inline_hook."), event.outcome) for event in self.events]


def test_a_hook_is_asked_as_the_vendor_asks_and_changes_the_profile() -> None:
    world = World()
    world.endpoint.says(
        {
            "commands": [
                a_command("user.profile.update", firstName="Anna"),
                a_command("user.profile.update", customerId="c-1"),
                {"type": "com.action.update", "value": {"registration": "ALLOW"}},
            ]
        }
    )

    assert world.registers() == PROFILE | {"firstName": "Anna", "customerId": "c-1"}

    (asked,) = world.endpoint.asked
    assert (asked["eventType"], asked["requestType"], asked["source"]) == (
        REGISTRATION,
        "self.service.registration",
        "cal1",
    )
    assert asked["data"] == {
        "context": {
            "request": {"id": "r1", "method": "POST", "url": {"value": "/register"}, "ipAddress": "203.0.113.7"}
        },
        "userProfile": PROFILE,
        "action": "ALLOW",
    }
    assert "Correct-Horse-7" not in str(asked)
    assert world.outcomes == [("executed", "SUCCESS"), ("response.processed", "SUCCESS")]


@pytest.mark.parametrize("answer", [{}, {"commands": []}, {"commands": None}, None])
def test_a_hook_with_nothing_to_say_lets_people_register(answer: Any) -> None:
    world = World()
    if answer is not None:
        world.endpoint.says(answer)

    assert world.registers() == PROFILE


@pytest.mark.parametrize(
    ("error", "message", "causes"),
    [
        ({}, DENIED, ()),
        ("no", DENIED, ()),
        ({"errorSummary": " Not you. "}, "Not you.", ()),
        ({"errorSummary": ["x"], "errorCauses": "x"}, DENIED, ()),
        (
            {
                "errorSummary": "Not so.",
                "errorCauses": [
                    {"errorSummary": "Taken.", "location": "data.userProfile.login", "reason": "TAKEN"},
                    {"reason": "Of no use.", "location": 7},
                    {"errorSummary": 7, "location": "data.userProfile.email"},
                    "x",
                ],
            },
            "Not so.",
            (("login", "Taken."), ("", "Of no use.")),
        ),
    ],
)
def test_an_error_voids_all_commands_and_is_shown(error: Any, message: str, causes: Any) -> None:
    world = World()
    world.endpoint.says({"error": error, "commands": [a_command("action.update", registration="ALLOW")]})

    denied = world.is_denied()

    assert (str(denied), denied.causes) == (message, causes)
    assert world.outcomes == [("executed", "SUCCESS"), ("response.processed", "FAILURE")]


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ([a_command("action.update", registration="DENY")], DENIED),
        ([a_command("action.update", registration=None)], DENIED),
        ([a_command("action.update")], DENIED),
        ([a_command("action.update", registration=s) for s in ("DENY", "ALLOW")], DENIED),
        ([a_command("user.progressive.profile.update", firstName="x")], FAILED),
        ([a_command("access.patch")], FAILED),
        ([{"type": "com.okta.user.profile.update", "value": [1]}], FAILED),
        ([{"type": ["x"], "value": {}}], FAILED),
        (["x"], FAILED),
        ({"x": 1}, FAILED),
        ("x", FAILED),
    ],
)
def test_an_answer_that_is_not_a_yes_is_a_no(commands: Any, message: str) -> None:
    world = World()
    world.endpoint.says({"commands": commands})

    assert str(world.is_denied()) == message


def test_what_a_hook_says_to_people_is_bounded() -> None:
    world = World()
    cause = {"errorSummary": "x" * 10_000, "location": "data.userProfile.login"}
    world.endpoint.says({"error": {"errorSummary": "y" * 10_000, "errorCauses": [cause] * 1_000}})

    denied = world.is_denied()

    assert (len(str(denied)), len(denied.causes), {len(text) for _, text in denied.causes}) == (500, 20, {500})


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (FetchFailed("too slow", slow=True), 1),
        (Answer(400, b""), 1),
        (Answer(200, b"[]"), 1),
        (Answer(503, b""), 2),
    ],
)
def test_a_hook_that_fails_lets_nobody_register(answer: Any, asked: int) -> None:
    world = World()
    world.endpoint.answers += [answer, answer]

    assert str(world.is_denied()) == FAILED
    assert len(world.endpoint.sent) == asked
    assert world.outcomes == [("executed", "FAILURE")]


def test_without_time_nobody_is_asked_and_nobody_registers() -> None:
    world = World(left=0.5)

    assert str(world.is_denied()) == FAILED
    assert world.endpoint.sent == []


@pytest.mark.parametrize(
    ("hook", "named"), [(a_hook(status="INACTIVE"), "cal1"), (a_hook(type=TOKENS), "cal1"), (a_hook(), "cal2")]
)
def test_where_there_is_nobody_to_ask_nobody_registers(hook: InlineHook, named: str) -> None:
    world = World(hook)

    assert str(world.is_denied(named)) == FAILED
    assert (world.endpoint.sent, world.events[0].reason) == ([], "the hook is not there, or not active")


def test_a_secret_that_cannot_be_opened_is_an_outage_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = FakeSeals().seal("cal1", "channel", "s")
    world = World(a_hook(channel=Channel(uri="https://hook.example", auth_header="X-Key", sealed=sealed)))

    def unavailable(*_: str) -> str:
        raise VaultUnavailable("Decrypt: Throttling")

    monkeypatch.setattr(FakeSeals, "open", unavailable)

    with pytest.raises(VaultUnavailable):
        world.registers()
    assert world.endpoint.sent == []
