"""docs/protocol.md §39.6: ``/api/v1/eventHooks``."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from authmint.oauth.outbound_fetch import Answer, FetchFailed

from tests.management.admin import BASE_URL, Admin

PATH = "/api/v1/eventHooks"
HEADER = {"type": "HEADER", "key": "Authorization", "value": "a secret"}
CONFIG = {"uri": "https://hook.example/events", "authScheme": HEADER}
TYPES = ["user.session.start", "user.lifecycle.create"]


class Challenged:
    """An endpoint that is challenged: it says what it is asked to say, or something else."""

    def __init__(self) -> None:
        self.says: Answer | FetchFailed | None = None
        self.sent: list[tuple[str, str, Mapping[str, str], bytes | None]] = []

    def __call__(
        self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None, largest: int, timeout: float
    ) -> Answer:
        self.sent.append((method, uri, headers, body))
        if isinstance(self.says, FetchFailed):
            raise self.says
        value = headers["x-okta-verification-challenge"]
        return self.says or Answer(200, msgspec.json.encode({"verification": value}))


@pytest.fixture
def endpoint() -> Challenged:
    return Challenged()


@pytest.fixture
def admin(endpoint: Challenged) -> Admin:
    return Admin(exchange=endpoint)


def a_hook(**changes: Any) -> dict[str, Any]:
    channel = {"type": "HTTP", "version": "1.0.0", "config": CONFIG}
    return {"name": "n", "events": {"type": "EVENT_TYPE", "items": TYPES}, "channel": channel} | changes


def made(admin: Admin, **changes: Any) -> Any:
    answer = admin.post(PATH, a_hook(**changes))
    assert answer.status == 200, answer.json
    return answer.json


def verified(admin: Admin, **changes: Any) -> Any:
    answer = admin.post(f"{PATH}/{made(admin, **changes)['id']}/lifecycle/verify")
    assert answer.status == 200, answer.json
    return answer.json


def test_a_hook_as_it_is_shown(admin: Admin) -> None:
    hook = made(admin, status="INACTIVE", description="d")

    url = f"{BASE_URL}{PATH}/{hook['id']}"
    assert hook | {"created": "", "lastUpdated": "", "createdBy": "", "id": hook["id"][:3]} == {
        "id": "who",
        "status": "ACTIVE",
        "verificationStatus": "UNVERIFIED",
        "name": "n",
        "description": "d",
        "created": "",
        "createdBy": "",
        "lastUpdated": "",
        "events": {"type": "EVENT_TYPE", "items": sorted(TYPES), "filter": None},
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": "https://hook.example/events",
                "headers": [],
                "method": "POST",
                "authScheme": {"type": "HEADER", "key": "Authorization"},
            },
        },
        "_links": {
            "self": {"href": url},
            "verify": {"href": f"{url}/lifecycle/verify", "hints": {"allow": ["POST"]}},
            "deactivate": {"href": f"{url}/lifecycle/deactivate", "hints": {"allow": ["POST"]}},
        },
    }
    assert admin.get(f"{PATH}/{hook['id']}").json == hook
    assert admin.get(PATH).json == [hook]
    assert "a secret" not in str(admin.storage.event_hooks.all())


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (a_hook(name=""), "name: The field cannot be left blank"),
        (a_hook(events={"type": "EVENT_TYPE", "items": []}), "events.items: The field cannot be left blank"),
        (a_hook(events={"type": "FLOW", "items": TYPES}), "events.type: must be one of"),
        (a_hook(events={"items": ["policy.evaluate_sign_on"]}), "events.items: 'policy.evaluate_sign_on' is not"),
        (a_hook(events={"items": ["event_hook.delivery"]}), "events.items: 'event_hook.delivery' is not"),
        (a_hook(events={"items": ["*"]}), "events.items: '*' is not a type of events"),
        (a_hook(events={"items": [f"a.b{n}" for n in range(301)]}), "events.items: The field is too long"),
        (a_hook(events={"items": TYPES, "filter": {"eventFilterMap": []}}), "events.filter: Filters are not supported"),
        ({"name": "n", "events": {"items": TYPES}}, "channel: The field cannot be left blank"),
        (a_hook(channel={"type": "OAUTH", "config": CONFIG}), "channel.type: must be one of [HTTP]."),
        (a_hook(channel={"config": {"uri": "http://hook.example"}}), "channel.config.uri: must be an https URI"),
    ],
)
def test_what_cannot_be_a_hook(admin: Admin, body: Any, cause: str) -> None:
    answer = admin.post(PATH, body)

    assert (answer.status, answer.code) == (400, "E0000001")
    assert any(told.startswith(cause) for told in answer.causes), answer.causes


def test_an_endpoint_that_answers_the_challenge_is_verified(admin: Admin, endpoint: Challenged) -> None:
    hook = verified(admin)

    ((method, uri, headers, body),) = endpoint.sent
    assert (method, uri, body) == ("GET", "https://hook.example/events", None)
    assert headers["Authorization"] == "a secret"
    assert len(headers["x-okta-verification-challenge"]) >= 32
    assert hook["verificationStatus"] == "VERIFIED"
    assert admin.storage.event_hooks.get(hook["id"]).since == admin.clock.now()
    assert admin.storage.events[-1].type == "event_hook.verified"


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (FetchFailed("too slow", slow=True), "The endpoint could not be verified: too slow."),
        (Answer(200, b'{"verification":"x"}'), "The endpoint did not answer the challenge."),
        (Answer(200, b"[]"), "The endpoint did not answer the challenge."),
        (Answer(200, b"<html>"), "The endpoint did not answer the challenge."),
        (Answer(307, b""), "The endpoint did not answer the challenge."),
    ],
)
def test_one_that_does_not_is_not(admin: Admin, endpoint: Challenged, says: Any, cause: str) -> None:
    hook, endpoint.says = made(admin), says

    answer = admin.post(f"{PATH}/{hook['id']}/lifecycle/verify")

    assert (answer.status, answer.code, answer.causes) == (400, "E0000001", [cause])
    assert admin.get(f"{PATH}/{hook['id']}").json["verificationStatus"] == "UNVERIFIED"
    assert admin.storage.event_hooks.get(hook["id"]).since == 0


def test_an_endpoint_that_is_changed_while_it_is_verified_is_not(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = made(admin)
    elsewhere = a_hook(channel={"config": CONFIG | {"uri": "https://hook.example/other"}})

    def once(self: Challenged, method: str, uri: str, *, headers: Mapping[str, str], **_: Any) -> Answer:
        admin.put(f"{PATH}/{hook['id']}", elsewhere)
        return Answer(200, msgspec.json.encode({"verification": headers["x-okta-verification-challenge"]}))

    monkeypatch.setattr(Challenged, "__call__", once)
    answer = admin.post(f"{PATH}/{hook['id']}/lifecycle/verify")

    assert answer.causes == ["The endpoint was changed while it was verified."]
    assert admin.get(f"{PATH}/{hook['id']}").json["verificationStatus"] == "UNVERIFIED"


def test_another_channel_has_to_be_verified_anew_and_a_put_honours_the_status(admin: Admin) -> None:
    hook = verified(admin)
    href = f"{PATH}/{hook['id']}"

    same = {"config": {**CONFIG, "authScheme": {"type": "HEADER", "key": "Authorization"}}}
    renamed = admin.put(href, a_hook(name="m", channel=same)).json
    off = admin.put(href, a_hook(name="m", channel=same, status="INACTIVE")).json
    moved = admin.put(href, a_hook(channel={"config": CONFIG | {"uri": "https://hook.example/2"}})).json

    assert (renamed["name"], renamed["verificationStatus"]) == ("m", "VERIFIED")
    assert (off["status"], off["verificationStatus"]) == ("INACTIVE", "VERIFIED")
    assert (moved["status"], moved["verificationStatus"]) == ("INACTIVE", "UNVERIFIED")


def test_events_from_while_it_was_off_are_none_of_a_hooks_business(admin: Admin) -> None:
    hook = verified(admin)
    href, hooks = f"{PATH}/{hook['id']}", admin.storage.event_hooks
    began = hooks.get(hook["id"]).since
    admin.clock.advance(seconds=60)

    admin.put(href, a_hook(name="m", channel={"config": {**CONFIG, "authScheme": {"key": "Authorization"}}}))
    assert hooks.get(hook["id"]).since == began
    off = admin.post(f"{href}/lifecycle/deactivate").json
    assert list(off["_links"]) == ["activate", "self", "delete"]
    assert hooks.get(hook["id"]).since == 0
    admin.post(f"{href}/lifecycle/activate")
    assert hooks.get(hook["id"]).since == began + 60


def test_only_so_many_can_be_told(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authmint.management.hooks.event_hooks.MOST_TELLING", 1)
    verified(admin)
    other = made(admin, name="o")

    answer = admin.post(f"{PATH}/{other['id']}/lifecycle/verify")

    assert answer.causes == ["status: At most 1 hooks can be active and verified."]


def test_a_signing_secret_is_shown_once_and_the_one_before_it_still_signs(admin: Admin) -> None:
    hook = made(admin)
    path = f"{PATH}/{hook['id']}/signingSecret"

    secrets = [admin.post(path).json["signingSecret"] for _ in range(3)]

    assert len(set(secrets)) == 3
    assert all(secret.startswith("whsec_") for secret in secrets)
    kept = admin.storage.event_hooks.get(hook["id"]).signing
    assert len(kept) == 2
    assert not any(secret in str(admin.get(f"{PATH}/{hook['id']}").json) for secret in secrets)
    assert not any(secret in str(admin.storage.events) for secret in secrets)


def test_only_an_inactive_hook_is_deleted(admin: Admin) -> None:
    href = f"{PATH}/{made(admin)['id']}"

    assert admin.delete(href).code == "E0000107"
    admin.post(f"{href}/lifecycle/deactivate")
    assert admin.delete(href).status == 204
    assert admin.get(href).json["errorSummary"].endswith(" (Webhook)")
