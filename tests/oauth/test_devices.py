"""Devices without a browser (RFC 8628): codes, polls, and every refusal."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Response
from authmint.oauth.device import ALPHABET, DEVICE_CODE
from authmint.oauth.errors import CATALOGUE
from authmint.storage.clients import secret_digest
from authmint.storage.errors import AlreadyExists, Unavailable

from tests.oauth.code_flow import OTHER, Flow, a_code_server
from tests.support.builders import CLIENT_ID, SERVER_ID, a_client, a_form, a_policy, a_rule, basic
from tests.support.fakes import NOW, decoded


class Television(Flow):
    """A device, and its user somewhere else."""

    def __init__(self, **changes: Any) -> None:
        client = a_client(
            **{
                "application_type": "native",
                "grant_types": ("authorization_code", DEVICE_CODE, "refresh_token"),
                "implicit_assignment": True,
            }
            | changes
        )
        super().__init__(a_code_server(grant_types=(DEVICE_CODE,)), client)

    def begin(self, scope: str = "openid offline_access") -> Any:
        answer = self.device(a_form({"scope": scope}, headers=basic(), path="device/authorize"))
        assert answer.status == 200, answer.body
        return decoded(answer.body)

    def poll(self, device_code: str, **options: str) -> Response:
        return self.token(
            a_form(
                {"grant_type": DEVICE_CODE, "device_code": device_code}, headers=basic(options.get("client", CLIENT_ID))
            )
        )

    def decide(self, user_code: str, status: Any) -> None:
        code = self.storage.device_codes.by_user_code(user_code)
        self.storage.device_codes.decide(code, replace(code, status=status, user_id="00uA", auth_time=NOW))


def test_a_device_gets_tokens_when_its_user_says_so() -> None:
    television = Television()
    begun = television.begin()
    assert television.reason(television.poll(begun["device_code"])) == "authorization_pending"
    television.decide(begun["user_code"], "APPROVED")

    answer = television.poll(begun["device_code"])

    body = decoded(answer.body)
    assert {"access_token", "id_token", "refresh_token"} <= body.keys()
    assert television.reason(television.poll(begun["device_code"])) == "invalid_device_code"
    assert television.refresh(body["refresh_token"]).status == 200


def test_user_codes_are_eight_unmistakable_letters() -> None:
    codes = [Television().begin()["user_code"] for _ in range(20)]

    assert all(len(code) == 8 and set(code) <= set(ALPHABET) for code in codes)


def test_a_device_that_asks_too_often_is_slowed_down() -> None:
    television = Television()
    code = television.begin()["device_code"]
    television.poll(code)
    television.clock.advance(seconds=2)

    assert television.reason(television.poll(code)) == "slow_down"

    television.clock.advance(seconds=9)
    assert television.reason(television.poll(code)) == "slow_down"  # ten seconds by now
    television.clock.advance(seconds=15)
    assert television.reason(television.poll(code)) == "authorization_pending"


def test_denied_expired_and_anothers() -> None:
    television = Television()
    denied, late, own = (television.begin() for _ in range(3))
    television.decide(denied["user_code"], "DENIED")

    assert television.reason(television.poll(denied["device_code"])) == "device_denied"
    assert television.reason(television.poll("unknown")) == "invalid_device_code"
    other = television.storage.clients.get(OTHER)
    television.storage.clients.save(other, replace(other, grant_types=(DEVICE_CODE,)), [])
    assert television.reason(television.poll(own["device_code"], client=OTHER)) == "mismatched_client"
    television.clock.advance(seconds=600)
    assert television.reason(television.poll(late["device_code"])) == "expired_token"


def test_who_may_not_use_devices_gets_no_code() -> None:
    television = Television(grant_types=("authorization_code",))

    answer = television.device(a_form({"scope": "openid"}, headers=basic(), path="device/authorize"))

    assert decoded(answer.body)["error"] == "unauthorized_client"


def test_the_policy_decides_for_devices_too() -> None:
    television = Television()
    code = television.begin()
    television.decide(code["user_code"], "APPROVED")
    server = television.storage.servers.get(SERVER_ID)
    television.storage.servers.save(server, replace(server, policies=(a_policy(a_rule()),)), [])

    assert television.reason(television.poll(code["device_code"])) == "no_matching_policy"
    assert television.storage.device_codes.get(secret_digest(code["device_code"])).status == "APPROVED"


def test_of_two_polls_at_once_one_gets_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    television = Television()
    code = television.begin()
    television.decide(code["user_code"], "APPROVED")
    devices = television.storage.device_codes
    redeem = devices.redeem

    def beaten(*values: Any) -> None:
        redeem(*values)
        redeem(*values)

    monkeypatch.setattr(devices, "redeem", beaten)

    assert television.reason(television.poll(code["device_code"])) == "invalid_device_code"
    assert devices.get(secret_digest(code["device_code"])).status == "SPENT"


def test_a_user_code_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    television, taken = Television(), 3
    add = television.storage.device_codes.add

    def crowded(code: Any) -> None:
        nonlocal taken
        taken -= 1
        if taken >= 0:
            raise AlreadyExists("user code")
        add(code)

    monkeypatch.setattr(television.storage.device_codes, "add", crowded)

    assert television.poll(television.begin()["device_code"]).status == 400  # nobody has decided
    taken = 100
    answer = television.device(a_form({"scope": "openid"}, headers=basic(), path="device/authorize"))
    assert answer.status == CATALOGUE["too_many_user_codes"][0]
    assert decoded(answer.body)["error"] == CATALOGUE["too_many_user_codes"][1]


def test_without_storage_a_device_is_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    television = Television()

    def away(_: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(television.storage.device_codes, "add", away)
    answer = television.device(a_form({"scope": "openid"}, headers=basic(), path="device/authorize"))

    assert (answer.status, decoded(answer.body)["error"]) == (503, "temporarily_unavailable")
