"""A fault of ours leaves one line, which is the metric as well, whatever the client was answered."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from authmint.http import Request, Response
from authmint.keys.vault import VaultUnavailable
from authmint.runtime.entrypoint import Function, entrypoint
from authmint.runtime.logging import Log
from authmint.storage.errors import Unavailable

from tests.functions.deployment import load_event
from tests.support.fakes import NOW, FrozenClock

SECRET = "a-secret-of-somebody"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def called(http: Any, event: Mapping[str, Any]) -> dict[str, Any]:
    log = Log("jwks", FrozenClock(), namespace="authmint/blue")
    function = Function(http, lambda _: Response(500), log.report)
    return entrypoint(lambda _: function)(event, None)


def raising(error: BaseException) -> Any:
    def http(_: Request) -> Response:
        raise error

    return http


@pytest.mark.parametrize("kind", [Unavailable, VaultUnavailable])
@pytest.mark.parametrize("status", [302, 503])
def test_an_outage_is_one_line_with_its_cause_and_a_metric_of_the_stage(
    capsys: pytest.CaptureFixture[str], kind: type[Exception], status: int
) -> None:
    def http(_: Request) -> Response:
        return Response(status).because_of(kind("DynamoDB Query: ThrottlingException"))

    answer = called(http, load_event("jwks"))

    (line,) = lines(capsys)
    assert answer["statusCode"] == status
    assert (line["level"], line["message"]) == ("ERROR", "a dependency did not answer")
    assert line["cause"] == "DynamoDB Query: ThrottlingException"
    assert (line["route"], line["status"]) == ("GET /oauth2/{authServerId}/v1/keys", status)
    assert line["request_id"] == load_event("jwks")["requestContext"]["requestId"]
    assert (line["Unavailable"], line["service"]) == (1, "jwks")
    assert line["_aws"] == {
        "Timestamp": NOW * 1000,
        "CloudWatchMetrics": [
            {
                "Namespace": "authmint/blue",
                "Dimensions": [["service"], ["level"]],
                "Metrics": [{"Name": "Unavailable", "Unit": "Count"}],
            }
        ],
    }


def test_what_nobody_expected_is_told_by_type_and_place_and_never_by_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = called(raising(ValueError(SECRET)), load_event("management"))

    written = capsys.readouterr().out
    line = json.loads(written)
    assert answer["statusCode"] == 500
    assert (line["message"], line["UnexpectedErrors"], line["status"]) == ("unexpected exception", 1, 500)
    assert line["route"] == "GET /api/v1/{proxy+}"
    assert line["failure"][0]["type"] == "ValueError"
    assert line["failure"][0]["at"][-1].startswith("test_faults.py:")
    assert SECRET not in written


def test_an_outage_that_no_endpoint_answered_for_is_still_an_outage(capsys: pytest.CaptureFixture[str]) -> None:
    wrapped = ValueError(SECRET)
    wrapped.__cause__ = Unavailable("KMS Decrypt: DisabledException")

    called(raising(wrapped), load_event("jwks"))

    (line,) = lines(capsys)
    assert (line["cause"], line["Unavailable"]) == ("KMS Decrypt: DisabledException", 1)
    assert "UnexpectedErrors" not in line


def test_what_went_well_leaves_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert called(lambda _: Response(404), load_event("jwks"))["statusCode"] == 404
    assert lines(capsys) == []


def test_a_failed_direct_invocation_is_told_too_and_raised_so_that_lambda_repeats_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def direct(_: Mapping[str, Any]) -> dict[str, Any]:
        raise Unavailable("DynamoDB PutItem: ResourceNotFoundException")

    function = Function(None, lambda _: Response(500), Log("audit_sink", FrozenClock()).report, direct)

    with pytest.raises(Unavailable):
        entrypoint(lambda _: function)({"awslogs": {}}, None)

    (line,) = lines(capsys)
    assert (line["service"], line["route"], line["Unavailable"]) == ("audit_sink", "direct", 1)
