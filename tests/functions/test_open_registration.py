"""Clients that register themselves, through the functions and a real backend (docs/protocol.md §7.6)."""

import itertools
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functions.deployment import Functions
from tests.functions.faults import FAULTS, Faults
from tests.functions.registrations import BODY, Newcomer, every_flow_of_newcomers
from tests.functions.sign_ins import people_at

MANY = 24


@pytest.fixture
def newcomer(functions: Functions) -> Newcomer:
    server, _, _ = functions.ready()
    return Newcomer(people_at(functions, server))


def listed(newcomer: Newcomer) -> list[Any]:
    found: list[Any] = newcomer.people.functions.admin("GET", f"{newcomer.base}/dynamicClients")
    return found


def at_once(newcomer: Newcomer, bodies: list[Any], **more: Any) -> Counter[int]:
    """Registrations by as many threads, each from an address of its own."""
    numbered = list(enumerate(bodies))
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda one: newcomer.registers(one[1], address=f"198.51.100.{one[0]}", **more), numbered)
        )
    return Counter(answer["statusCode"] for answer in answers)


@pytest.mark.usefixtures("unbraked")
def test_the_whole_way(newcomer: Newcomer) -> None:
    every_flow_of_newcomers(newcomer.people)


def test_a_flood_of_one_body_is_one_record_and_one_write(newcomer: Newcomer) -> None:
    newcomer.welcome()
    newcomer.registered()
    calls = newcomer.people.functions.calls
    calls.sent.clear()

    assert at_once(newcomer, [BODY] * MANY) == {201: MANY}

    assert Counter(calls.sent) == {"dynamodb:BatchGetItem": MANY, "dynamodb:GetItem": MANY}
    assert len(listed(newcomer)) == 1


def test_of_a_race_of_equal_bodies_one_is_made(newcomer: Newcomer) -> None:
    newcomer.welcome()

    assert at_once(newcomer, [BODY] * MANY) == {201: MANY}

    assert len(listed(newcomer)) == 1
    newcomer.switch("OPEN", maxDynamicClients=2)
    newcomer.registered(BODY | {"client_name": "another"})  # the race counted as one


def test_of_a_race_of_different_bodies_no_more_than_the_limit_are_made(newcomer: Newcomer) -> None:
    newcomer.welcome(maxDynamicClients=5)

    statuses = at_once(newcomer, [BODY | {"client_name": f"client {number}"} for number in range(MANY)])

    assert statuses == {201: 5, 429: MANY - 5}
    assert len(listed(newcomer)) == 5


def test_of_a_race_for_a_token_no_more_than_its_uses_are_made(newcomer: Newcomer) -> None:
    newcomer.welcome("TOKEN")
    made = newcomer.people.functions.admin("POST", f"{newcomer.base}/registrationTokens", {"name": "ci", "uses": 3})
    bodies = [BODY | {"client_name": f"client {number}"} for number in range(MANY)]

    assert at_once(newcomer, bodies, token=made["token"]) == {201: 3, 401: MANY - 3}

    assert len(listed(newcomer)) == 3


def test_an_address_is_braked_across_instances(newcomer: Newcomer) -> None:
    newcomer.welcome()
    statuses: Counter[int] = Counter()

    for number in range(22):
        newcomer.people.functions.restart("registration")
        statuses[newcomer.registers(BODY | {"client_name": f"client {number}"})["statusCode"]] += 1

    assert statuses == {201: 20, 429: 2}


@pytest.mark.parametrize(
    ("kinds", "lasting"),
    [(("committed and lost",), False), (("throttled", "unreachable"), True), (("failing", "slow"), True)],
    ids=["one", "lasting", "lasting, too"],
)
def test_a_fault_at_any_call_is_a_clear_answer_and_the_same_works_again(
    newcomer: Newcomer, faults: Faults, kinds: tuple[str, ...], lasting: bool
) -> None:
    newcomer.welcome("TOKEN")
    made = newcomer.people.functions.admin("POST", f"{newcomer.base}/registrationTokens", {"name": "ci", "uses": 99})
    for position in itertools.count(1):
        body = BODY | {"client_name": f"{kinds[0]} {position}"}
        newcomer.people.functions.restart("registration")
        faults.arm(FAULTS[kinds[position % len(kinds)]], position, lasting=lasting)

        answer = newcomer.registers(body, token=made["token"], address=f"198.51.100.{position}")

        reached = faults.seen >= position
        faults.clear()
        if answer["statusCode"] != 201:
            assert lasting, (position, answer)
            assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable")
            assert answer["headers"]["retry-after"]
        newcomer.registered(body, token=made["token"], address=f"198.51.100.{position}")
        if not reached:
            assert position > 3
            break
    there = listed(newcomer)
    left = newcomer.people.functions.admin("GET", f"{newcomer.base}/registrationTokens/{made['id']}")["uses"]
    assert len(there) == position
    assert left == 99 - position, "each client used the token once, however often its answer was lost"


def test_the_function_opens_no_key_and_touches_no_other_record(newcomer: Newcomer) -> None:
    newcomer.welcome()
    calls = newcomer.people.functions.calls
    calls.made.clear()

    newcomer.registered()

    own = [(service, name) for owner, service, name, _ in calls.made if owner == "registration"]
    assert {service for service, _ in own} == {"dynamodb"}
    assert [name for _, name in own] == ["BatchGetItem", "Query", "GetItem", "UpdateItem", "TransactWriteItems"]
