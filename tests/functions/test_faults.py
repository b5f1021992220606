"""DynamoDB and KMS failing at every call of every operation: the answer is right, or a clear 503, and nothing is lost.

Faults are injected where botocore sends. *Once*: the n-th request fails and the SDK's own retry must save the day.
*From then on*: the n-th request and all after it fail.
"""

import json
from typing import Any

import pytest
from authmint.deadline import NEEDED
from botocore.awsrequest import AWSResponse

from tests.functions.deployment import Functions
from tests.functions.faults import CHANGING, FAULTS, OPERATIONS, SERVERS, Faults, prepared, refusal, state
from tests.support.backend import Deployed

#: Calls that follow each other meet either kind of a fault that lasts.
LASTING = ("throttled", "unreachable")


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_fault_at_any_call_is_survived_by_the_sdk(
    functions: Functions, faults: Faults, deployed: Deployed, name: str
) -> None:
    operation, position = OPERATIONS[name], 0
    ready = prepared(functions)
    observer = Functions(deployed, functions.calls)  # stays warm
    while True:
        position += 1
        if position > 1 and name in CHANGING:
            ready = prepared(functions.on(deployed.aws.fresh()))
            observer.on(functions.deployed)
        functions.restart()
        faults.arm(FAULTS["committed and lost"], position, lasting=False)

        answer = operation(functions, ready)

        if faults.seen < position:
            return
        assert answer["statusCode"] < 300, (position, answer)
        names = [server["name"] for server in observer.admin("GET", SERVERS)]
        assert names.count("new") == (1 if name == "create server" else 0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_lasting_fault_at_any_call_is_a_503_that_changed_nothing_and_can_be_repeated(
    functions: Functions, faults: Faults, deployed: Deployed, name: str
) -> None:
    operation, position = OPERATIONS[name], 0
    ready = prepared(functions)
    observer = Functions(deployed, functions.calls)  # stays warm
    while True:
        position += 1
        if position > 1 and name in CHANGING:
            ready = prepared(functions.on(deployed.aws.fresh()))
            observer.on(functions.deployed)
        functions.restart()
        before = state(observer, faults)
        faults.arm(FAULTS[LASTING[position % len(LASTING)]], position, lasting=True)

        answer = operation(functions, ready)

        if faults.seen < position:
            return
        if answer["statusCode"] >= 300:
            headers = answer.get("headers") or {k: v[0] for k, v in answer["multiValueHeaders"].items()}
            assert answer["statusCode"] == 503, (position, answer)
            assert "retry-after" in headers
            if name.startswith("token") or name in {"introspect", "revoke"}:
                assert json.loads(answer["body"])["error"] == "temporarily_unavailable"
            if name != "delete server":  # it may be gone already, and is swept later
                assert state(observer, faults) == before, position
        faults.clear()
        assert operation(functions, ready)["statusCode"] in {200, 201, 204, 404}


@pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"])
def test_a_key_that_may_not_be_used_is_a_503_and_tokens_of_warm_instances_go_on(
    functions: Functions, faults: Faults, code: str
) -> None:
    ready = prepared(functions)
    warm = OPERATIONS["token"](functions, ready)
    cold = Functions(functions.deployed, functions.calls)

    def only_kms(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        return refusal(code)(request) if name.startswith("TrentService") else None

    faults.arm(only_kms, 1, lasting=True)

    assert warm["statusCode"] == 200
    assert OPERATIONS["token"](functions, ready)["statusCode"] == 200
    assert OPERATIONS["token"](cold, ready)["statusCode"] == 503
    assert OPERATIONS["create server"](functions, ready)["statusCode"] == 503


def test_a_missing_table_is_a_503_without_a_word_about_it(functions: Functions, deployed: Deployed) -> None:
    ready = prepared(functions)
    missing = Functions(deployed, functions.calls, AUTHMINT_CONFIG_TABLE="no-such-table")

    answers = [operation(missing, ready) for operation in (OPERATIONS["token"], OPERATIONS["list servers"])]

    assert [answer["statusCode"] for answer in answers] == [503, 503]
    assert "table" not in "".join(answer["body"] for answer in answers).lower()


def test_transactions_that_keep_conflicting_are_a_503_in_the_end(functions: Functions, faults: Faults) -> None:
    ready = prepared(functions)

    def conflict(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        if not name.endswith("TransactWriteItems"):
            return None
        response = AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None)
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        response._content = json.dumps(
            {"__type": "x#TransactionCanceledException", "message": "m", "CancellationReasons": reasons}
        ).encode()
        return response

    faults.arm(conflict, 1, lasting=True)
    deadline = functions.function("management").deadline
    deadline.set(NEEDED + 0.2)

    assert OPERATIONS["create scope"](functions, ready)["statusCode"] == 503
    faults.clear()
    deadline.set(60)
    assert OPERATIONS["create scope"](functions, ready)["statusCode"] == 201
