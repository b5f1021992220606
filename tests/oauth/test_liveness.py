"""A deactivation ends for good what was made before it, and nothing that is made after it: within one second too."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from authmint.oauth.device import DEVICE_CODE
from authmint.storage.clients import secret_digest

from tests.oauth.code_flow import Flow, a_web_client
from tests.support.builders import CLIENT_ID, SERVER_ID, a_form, a_policy, a_rule, basic
from tests.support.fakes import NOW, decoded

Alive = Callable[[], bool]
GRANT_TYPES = ("authorization_code", "client_credentials", "refresh_token", DEVICE_CODE)


class World(Flow):
    """One client that may do everything."""

    def __init__(self) -> None:
        super().__init__(client=a_web_client(grant_types=GRANT_TYPES))
        server = self.storage.servers.get(SERVER_ID)
        rule = a_rule(grant_types=GRANT_TYPES)
        self.storage.servers.save(server, replace(server, policies=(a_policy(rule),)), [])

    def cycle(self, whose: str) -> None:
        """Deactivate and activate again, in this very second, as administrators do."""
        records: Any = self.storage.clients if whose == "client" else self.storage.users
        for status in ("INACTIVE" if whose == "client" else "DEPROVISIONED", "ACTIVE"):
            before = records.get(CLIENT_ID if whose == "client" else "00uA")
            generation = before.token_generation + (status != "ACTIVE")
            records.save(before, replace(before, status=status, token_generation=generation), [])

    def device_code(self, *, approved: bool) -> str:
        answer = decoded(
            self.device(a_form({"scope": "openid offline_access"}, headers=basic(), path="device/authorize")).body
        )
        if approved:
            self.approve(answer["device_code"])
        return str(answer["device_code"])

    def approve(self, device_code: str) -> None:
        code = self.storage.device_codes.get(secret_digest(device_code))
        made = replace(code.generations, user=self.storage.users.get("00uA").token_generation)
        decided = replace(code, status="APPROVED", user_id="00uA", auth_time=NOW, generations=made)
        self.storage.device_codes.decide(code, decided)

    def poll(self, device_code: str) -> int:
        form = {"grant_type": DEVICE_CODE, "device_code": device_code}
        return self.token(a_form(form, headers=basic())).status


def machine_token(world: World) -> Alive:
    token = world.access_token()
    return lambda: world.alive(token)


def access_token(world: World) -> Alive:
    token = world.signed_in()["access_token"]
    return lambda: world.alive(token)


def id_token(world: World) -> Alive:
    token = world.signed_in()["id_token"]
    return lambda: world.alive(token)


def introspected_refresh_token(world: World) -> Alive:
    token = world.signed_in()["refresh_token"]
    return lambda: world.alive(token)


def refresh_token(world: World) -> Alive:
    token = world.signed_in()["refresh_token"]
    return lambda: world.refresh(token).status == 200


def rotated_refresh_token(world: World) -> Alive:
    token = world.signed_in()["refresh_token"]
    world.refresh(token)
    return lambda: world.refresh(token).status == 200


def code(world: World) -> Alive:
    text = world.code()
    return lambda: world.redeem(text).status == 200


def approved_device(world: World) -> Alive:
    device_code = world.device_code(approved=True)
    return lambda: world.poll(device_code) == 200


PEOPLE = [
    access_token,
    id_token,
    introspected_refresh_token,
    refresh_token,
    rotated_refresh_token,
    code,
    approved_device,
]


@pytest.mark.parametrize(
    ("credential", "whose"),
    [(credential, whose) for credential in PEOPLE for whose in ("client", "user")] + [(machine_token, "client")],
)
def test_a_deactivation_is_for_good(credential: Callable[[World], Alive], whose: str) -> None:
    world = World()
    before, control = credential(world), credential(World())

    world.cycle(whose)

    assert control()
    assert not before()
    assert credential(world)(), "what is made after it is good, in the same second too"


def test_a_device_that_asked_before_its_client_was_deactivated_is_never_let_in() -> None:
    world = World()
    pending = world.device_code(approved=False)

    world.cycle("client")
    world.approve(pending)

    assert world.poll(pending) == 400


@pytest.mark.parametrize("status", ["SUSPENDED", "LOCKED_OUT", "DEPROVISIONED"])
def test_an_approved_device_is_not_let_in_while_its_user_is_not_active(status: Any) -> None:
    world = World()
    device_code = world.device_code(approved=True)
    user = world.storage.users.get("00uA")
    world.storage.users.save(user, replace(user, status=status), [])

    assert world.poll(device_code) == 400


def test_a_token_names_no_generation_before_there_was_a_second() -> None:
    world = World()

    first = world.access_token()
    world.cycle("client")
    second = world.access_token()

    assert world.state(first) == {"active": False}
    assert world.state(second)["jti"].endswith(".g1-0")
