"""Status lists through the deployed functions: what tokens cost, faults at every call, and races with real threads."""

import itertools
import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import Any

import jwt
import pytest
from authmint.clock import SystemClock
from authmint.jose.encoding import b64decode
from authmint.oauth.status_list.document import is_revoked
from authmint.outage import Outage

from tests.functions.deployment import Functions
from tests.functions.exchanges import Service, service_at
from tests.functions.faults import FAULTS, Faults
from tests.functions.lists import a_list_of

_NUMBERS = itertools.count()


def ready(functions: Functions) -> Service:
    """A service at a server with lists."""
    server, _, _ = functions.ready()
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}/security", {"statusList": True})
    return service_at(functions, server)


def another(service: Service) -> Service:
    """A client at the same server."""
    body = {"client_name": f"another {next(_NUMBERS)}", "application_type": "service"}
    made = service.functions.admin("POST", "/oauth2/v1/clients", body | {"grant_types": ["client_credentials"]})
    return Service(service.functions, service.server, made["client_id"], made["client_secret"])


def listed(service: Service, *tokens: str) -> list[bool]:
    """What the lists say of tokens, read by an instance that knows nothing."""
    service.functions.restart("status_list")
    said = []
    for token in tokens:
        answer = service.functions.http("status_list", a_list_of(token))
        assert answer["statusCode"] == 200, answer
        payload = jwt.decode(answer["body"], options={"verify_signature": False})
        place = jwt.decode(token, options={"verify_signature": False})["status"]["status_list"]["idx"]
        said.append(is_revoked(zlib.decompress(b64decode(payload["status_list"]["lst"])), place))
    return said


def refused_clearly(answer: dict[str, Any]) -> None:
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable")


def test_a_warm_token_is_one_round_trip_and_few_pay_a_write(functions: Functions) -> None:
    service = ready(functions)
    calls = []
    for _ in range(60):
        functions.calls.sent.clear()
        service.own()
        calls.append([name.partition(":")[2] for name in functions.calls.sent])

    assert calls[0][-3:] == ["UpdateItem", "PutItem", "Decrypt"]
    assert [number for number, sent in enumerate(calls[1:], 1) if sent != ["BatchGetItem"]] == [8, 40]
    assert [calls[number] for number in (8, 40)] == [["BatchGetItem", "PutItem"]] * 2


def test_no_place_is_given_twice_by_instances_at_once(functions: Functions) -> None:
    service = ready(functions)
    service.own()
    others = [Functions(functions.deployed, functions.calls) for _ in range(3)]
    services = [Service(one, service.server, service.client, service.secret) for one in others]

    with ThreadPoolExecutor(6) as pool:
        tokens = list(pool.map(lambda number: services[number % 3].own(), range(90)))

    places = [jwt.decode(one, options={"verify_signature": False})["status"]["status_list"]["idx"] for one in tokens]
    assert len(set(places)) == 90


def test_what_is_exchanged_while_it_is_revoked_is_in_the_list_or_is_not_given(functions: Functions) -> None:
    service = ready(functions)
    for _ in range(4):
        own = service.own()
        with ThreadPoolExecutor(9) as pool:
            exchanges = [pool.submit(service.exchange, own) for _ in range(4)]
            revoked = pool.submit(service.form, "token_status", "revoke", token=own)
            exchanges += [pool.submit(service.exchange, own) for _ in range(4)]
        answers = [one.result() for one in exchanges]

        assert revoked.result()["statusCode"] == 200
        given = [json.loads(answer["body"])["access_token"] for answer in answers if answer["statusCode"] == 200]
        assert all(listed(service, own, *given))


@pytest.mark.parametrize("lasting", [False, True])
def test_faults_at_every_call_of_a_token_leave_a_token_with_a_place_or_none(
    functions: Functions, faults: Faults, lasting: bool
) -> None:
    service = ready(functions)
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        functions.restart("token")
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = service.form("token", "token", grant_type="client_credentials", scope="a")

        reached = faults.seen >= position
        faults.clear()
        if answer["statusCode"] == 200:
            assert listed(service, json.loads(answer["body"])["access_token"]) == [False]
        else:
            assert lasting, (fault, position)
            refused_clearly(answer)
        if not reached:
            return


@pytest.mark.parametrize("lasting", [False, True])
def test_faults_at_every_call_of_a_revocation_leave_nothing_that_is_answered_out_of_the_list(
    functions: Functions, faults: Faults, lasting: bool
) -> None:
    service = ready(functions)
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        token = service.own()
        child, stranger = service.exchanged(token), service.own()
        functions.restart("token_status")
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = service.form("token_status", "revoke", token=token)

        reached = faults.seen >= position
        faults.clear()
        if answer["statusCode"] != 200:
            assert lasting, (fault, position)
            refused_clearly(answer)
            assert service.form("token_status", "revoke", token=token)["statusCode"] == 200
        assert listed(service, token, child, stranger) == [True, True, False], (fault, position)
        assert not service.lives(child)
        if not reached:
            return


@pytest.mark.parametrize("lasting", [False, True])
def test_faults_at_every_call_of_who_tells_the_lists_leave_nothing_out_in_the_end(
    functions: Functions, faults: Faults, lasting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ready(functions)
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        service = another(first)
        token, other = service.own(), first.own()
        functions.admin("POST", f"/api/v1/apps/{service.client}/lifecycle/deactivate")
        functions.restart("backchannel_logout")
        functions.function("backchannel_logout")
        faults.arm(FAULTS[fault], position, lasting=lasting)
        with suppress(Outage) if lasting else nullcontext():  # the schedule comes again in a minute
            functions.direct("backchannel_logout", {})
        reached = faults.seen >= position
        faults.clear()
        if not lasting:
            assert listed(service, token) == [True], (fault, position)

        now = SystemClock().now()
        with monkeypatch.context() as later:
            later.setattr(SystemClock, "now", lambda _, at=now + 300: at)
            functions.direct("backchannel_logout", {})

        assert listed(service, token, other) == [True, False], (fault, position)
        if not reached:
            return


@pytest.mark.parametrize("lasting", [False, True])
def test_faults_at_every_call_of_a_list_are_survived_or_a_clear_refusal(
    functions: Functions, faults: Faults, lasting: bool
) -> None:
    service = ready(functions)
    token = service.own()
    service.form("token_status", "revoke", token=token)
    for position, fault in zip(itertools.count(1), itertools.cycle(FAULTS)):
        functions.restart("status_list")
        faults.arm(FAULTS[fault], position, lasting=lasting)

        answer = functions.http("status_list", a_list_of(token))

        reached = faults.seen >= position
        faults.clear()
        if answer["statusCode"] != 200:
            assert lasting, (fault, position)
            assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "2")
            assert answer["headers"]["access-control-allow-origin"] == "*"
            assert answer["headers"]["cache-control"] == "no-store"
        again = functions.http("status_list", a_list_of(token))
        payload = jwt.decode(again["body"], options={"verify_signature": False})
        place = jwt.decode(token, options={"verify_signature": False})["status"]["status_list"]["idx"]
        assert is_revoked(zlib.decompress(b64decode(payload["status_list"]["lst"])), place)
        if not reached:
            return


def test_a_person_who_is_suspended_is_in_the_list(functions: Functions) -> None:
    service = ready(functions)
    base = f"/api/v1/authorizationServers/{service.server}"
    policy = functions.admin("GET", f"{base}/policies")[0]["id"]
    everyone = {"people": {"groups": {"include": ["EVERYONE"]}}}
    conditions = everyone | {"grantTypes": {"include": ["password"]}, "scopes": {"include": ["*"]}}
    functions.admin("POST", f"{base}/policies/{policy}/rules", {"name": "people", "conditions": conditions})
    oauth = {"application_type": "native", "grant_types": ["password"]}
    made = {
        "label": "native",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "settings": {"oauthClient": oauth},
    }
    made["credentials"] = {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}}
    app = functions.admin("POST", "/api/v1/apps", made)["credentials"]["oauthClient"]
    profile = {"login": "a@b.example", "email": "a@b.example", "firstName": "A", "lastName": "B"}
    body = {"profile": profile, "credentials": {"password": {"value": "Correct-Horse-7"}}}
    user = functions.admin("POST", "/api/v1/users?activate=true", body)["id"]
    functions.admin("POST", f"/api/v1/apps/{app['client_id']}/users", {"id": user})
    native = Service(functions, service.server, app["client_id"], app["client_secret"])
    form = {"grant_type": "password", "username": "a@b.example", "password": "Correct-Horse-7", "scope": "openid a"}
    token = json.loads(native.form("token", "token", **form)["body"])["access_token"]
    child = service.exchanged(token)
    assert listed(service, token, child) == [False, False]

    functions.admin("POST", f"/api/v1/users/{user}/lifecycle/suspend")
    functions.direct("backchannel_logout", {})

    assert listed(service, token, child) == [True, True]
