"""Token exchange with faults at every call: a token that dies with what it is given for, a clear 503, or nothing."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from authmint.dynamo.token_family_items import FAMILY

from tests.functions.deployment import Functions
from tests.functions.exchanges import Service, asserted_at, asserting_at, service_at, workload_at
from tests.functions.faults import FAULTS, Faults
from tests.functions.sign_ins import people_at


def ready(functions: Functions) -> Service:
    server, _, _ = functions.ready()
    return service_at(functions, server)


def families(service: Service) -> int:
    table = service.functions.deployed.tables().grants
    assert table is not None
    return sum(item.kind == FAMILY for item in table.scan())


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("cold", [False, True])
def test_an_exchange_survives_one_fault_and_is_refused_clearly_under_a_lasting_one(
    functions: Functions, faults: Faults, lasting: bool, cold: bool
) -> None:
    service = ready(functions)
    token = service.exchanged(service.own())
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        if cold:
            functions.restart("token")
        before = families(service)
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = service.exchange(token)

        reached = faults.seen >= position
        faults.clear()
        if answer["statusCode"] == 200:
            assert families(service) == before + 1, (fault, position)
            assert service.lives(json.loads(answer["body"])["access_token"])
        else:
            assert lasting, (fault, position, answer)
            assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable")
            # What was stored and never told of is nobody's: no token names it.
            assert families(service) <= before + 1
        if not reached:
            return
        assert service.exchange(token)["statusCode"] == 200


@pytest.mark.parametrize("lasting", [False, True])
def test_what_cannot_be_looked_at_is_not_said_to_live(functions: Functions, faults: Faults, lasting: bool) -> None:
    service = ready(functions)
    own = service.own()
    token = service.exchanged(service.exchanged(own))
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        functions.restart("token_status")
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = service.introspect(token)

        reached = faults.seen >= position
        faults.clear()
        assert answer["statusCode"] == 200 or (lasting and answer["statusCode"] == 503), (fault, position, answer)
        if answer["statusCode"] == 200:
            assert json.loads(answer["body"])["active"] is True
        if not reached:
            break
    assert service.form("token_status", "revoke", token=own)["statusCode"] == 200
    assert not service.lives(token)


def test_looking_at_a_token_that_was_given_for_another_costs_one_call_more(functions: Functions) -> None:
    service = ready(functions)
    own = service.own()
    first = service.exchanged(own)
    third = service.exchanged(service.exchanged(first))

    def cost(call: Any) -> list[str]:
        call()
        functions.calls.sent.clear()
        call()
        return list(functions.calls.sent)

    plain, child, deep = (cost(lambda token=token: service.introspect(token)) for token in (own, first, third))
    assert plain == ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
    assert child == ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"]
    assert deep == child
    exchange = cost(lambda: service.exchange(own))
    assert exchange == ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    assert cost(service.own) == ["dynamodb:BatchGetItem"], "who asks in its own name pays for none of it"


def test_a_token_that_is_exchanged_while_it_is_revoked_leaves_nothing_alive(functions: Functions) -> None:
    service = ready(functions)
    for _ in range(5):
        own = service.own()
        with ThreadPoolExecutor(9) as pool:
            exchanges = [pool.submit(service.exchange, own) for _ in range(4)]
            revoked = pool.submit(service.form, "token_status", "revoke", token=own)
            exchanges += [pool.submit(service.exchange, own) for _ in range(4)]
        answers = [one.result() for one in exchanges]

        assert revoked.result()["statusCode"] == 200
        assert {answer["statusCode"] for answer in answers} <= {200, 400}
        given = [json.loads(answer["body"])["access_token"] for answer in answers if answer["statusCode"] == 200]
        assert not any(service.lives(token) for token in given)


def a_user(functions: Functions) -> str:
    profile = {"login": "a@b.example", "email": "a@b.example", "firstName": "A", "lastName": "B"}
    body = {"profile": profile, "credentials": {"password": {"value": "Correct-Horse-7"}}}
    return str(functions.admin("POST", "/api/v1/users?activate=true", body)["id"])


@pytest.mark.parametrize("lasting", [False, True])
def test_an_assertion_survives_one_fault_and_is_refused_clearly_under_a_lasting_one(
    functions: Functions, faults: Faults, lasting: bool
) -> None:
    service = ready(functions)
    redeem = asserting_at(service, a_user(functions))
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        functions.restart("token")
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = redeem()

        reached = faults.seen >= position
        faults.clear()
        if answer["statusCode"] == 200:
            assert service.lives(json.loads(answer["body"])["access_token"])
        else:
            assert lasting, (fault, position, answer)
            assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable")
        if not reached:
            return
        assert redeem()["statusCode"] == 200


def test_of_parallel_redemptions_of_one_assertion_exactly_one_wins(functions: Functions) -> None:
    service = ready(functions)
    redeem = asserting_at(service, a_user(functions))
    redeem()
    with pytest.MonkeyPatch.context() as same:
        said: dict[str, Any] = {}
        form = Service.form

        def once(self: Service, function: str, path: str, **fields: str) -> dict[str, Any]:
            fields["assertion"] = said.setdefault("assertion", fields["assertion"])
            return form(self, function, path, **fields)

        same.setattr(Service, "form", once)
        redeem()
        said.clear()
        with ThreadPoolExecutor(16) as pool:
            answers = [one.result() for one in [pool.submit(redeem) for _ in range(50)]]

    assert sorted({answer["statusCode"] for answer in answers}) == [200, 400]
    assert [answer["statusCode"] for answer in answers].count(200) == 1


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("kind", ["assertion of a client", "grant", "assertion of the org server"])
def test_who_needs_no_secret_survives_one_fault_and_is_refused_clearly_under_a_lasting_one(
    functions: Functions, faults: Faults, kind: str, lasting: bool
) -> None:
    server = ready(functions).server
    if kind == "assertion of the org server":
        people = people_at(functions, server)
        people.sign_in()
        ask = asserted_at(people)
    else:
        ask = workload_at(functions, server, grant=kind == "grant")
    struck = 0
    for position, fault in zip(faults.positions(), itertools.cycle(FAULTS)):
        functions.restart("token")
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = ask()

        struck += faults.seen >= position
        faults.clear()
        assert answer["statusCode"] == 200 or (lasting and answer["statusCode"] == 503), (fault, position, answer)
        assert ask()["statusCode"] == 200
    assert struck > 1
