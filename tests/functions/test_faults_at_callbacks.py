"""Somebody comes back from an identity provider while DynamoDB or KMS fail, at every call: the next time they are in.

What the provider gave is good once, so the way begins anew; whoever is made is made once.
"""

from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.runtime.parts import Parts

from tests.federation.world import PROVIDER, Provider, World, request_of
from tests.functions.deployment import Functions
from tests.functions.faults import FAULTS, Faults
from tests.functions.sign_ins import People, people_at
from tests.management.federation.idps import an_idp

pytestmark = [pytest.mark.usefixtures("unbraked", "kept_clients"), pytest.mark.no_cover]
IDPS = "/api/v1/idps"
ZOE = "zoe@partner.example"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Where a provider is, which the functions reach."""
    world = World(SystemClock())  # what is signed is compared with the real time
    Provider(world)
    monkeypatch.setattr(Parts, "exchange", lambda _, *args, **more: world.exchange(*args, **more))
    monkeypatch.setattr(Parts, "fetch", lambda _, uri: world.fetch(uri))
    return world


def back(people: People, world: World, idp: str) -> dict[str, Any]:
    """The request with which a browser comes back from the provider."""
    people.cookies.clear()
    at, page = people.authorize(idp=idp)
    assert at.startswith(PROVIDER), page
    answer = world.send(request_of("GET", at, {}))
    return people.event("GET", dict(answer.headers)["location"])


def is_in(people: People, answer: dict[str, Any]) -> bool:
    """Whether the browser is signed in by it."""
    return any("session=" in cookie and "Max-Age=0" not in cookie for cookie in answer.get("cookies", []))


@pytest.mark.parametrize("known", [False, True], ids=["a stranger", "known by the address"])
def test_who_comes_back_under_a_fault_comes_in_the_next_time(
    functions: Functions, faults: Faults, world: World, known: bool
) -> None:
    people = people_at(functions, functions.ready()[0])
    idp = functions.admin("POST", IDPS, an_idp(name="provider", policy={"subject": {
        "userNameTemplate": {"template": "idpuser.email"}, "matchType": "USERNAME", "filter": r".+@partner\.example"
    }}))["id"]  # fmt: skip
    if known:
        profile = {"login": ZOE, "email": ZOE, "firstName": "Zoe", "lastName": "Doe"}
        functions.admin("POST", "/api/v1/users", {"profile": profile})
    asked = back(people, world, idp)
    people, items, code = replace(people, cookies={}), functions.deployed.items(), dict(world_codes(world))

    def sent(event: dict[str, Any]) -> dict[str, Any]:
        functions.restart("authorize")
        return functions.http("authorize", event)

    functions.calls.sent.clear()
    answer = sent(asked)
    assert is_in(people, answer), answer
    calls, log = list(functions.calls.sent), functions.deployed.logged()
    assert (log["user.lifecycle.create"], log["user.idp.link.create"]) == (2, 1)  # with whoever the server has
    written = next(n for n, call in enumerate(calls, 1) if call.endswith(("Item", "Items")) and "Get" not in call)
    for position in range(written - 1, len(calls) + 1):  # before anything is written one fault is like another
        functions.deployed.rewind(items)
        world_codes(world).update(code)
        functions.restart("authorize")
        faults.arm(FAULTS[("throttled", "slow")[position % 2]], position, lasting=True)
        answer = functions.http("authorize", asked)
        faults.clear()
        if not is_in(people, answer):
            assert answer["statusCode"] in {302, 303, 503}, (position, answer)
            assert "temporarily_unavailable" in str(answer["headers"]) or answer["headers"]["retry-after"], position
            answer = sent(back(people, world, idp))
        assert is_in(people, answer), (position, answer)
        assert functions.deployed.logged() == log, position
        (link,) = functions.admin("GET", f"{IDPS}/{idp}/users")
        assert functions.admin("GET", f"/api/v1/users/{link['id']}")["profile"]["login"] == ZOE


def world_codes(world: World) -> dict[str, Any]:
    """Codes that the provider gave, and nobody redeemed."""
    provider = world.hosts[PROVIDER].__self__  # type: ignore[attr-defined]
    codes: dict[str, Any] = provider.codes
    return codes
