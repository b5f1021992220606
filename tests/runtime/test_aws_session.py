"""Our fast botocore session against the stock one: the same addresses, regions and signatures."""

import itertools
from typing import Any

import pytest
from authmint.runtime.aws_session import session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import Session

REGIONS = ["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1", "ap-southeast-7"]
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("get_item", {"TableName": "t", "Key": {"pk": {"S": "x"}}}),
    "kms": ("decrypt", {"CiphertextBlob": b"x"}),
}


def sent(made: Session, service: str, region: str, config: Config) -> tuple[str, str]:
    """URL and credential scope of a request."""
    made.set_credentials("AKIAEXAMPLE", "secret")
    client = made.create_client(service, region_name=region, config=config)
    seen: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        seen.append(request)
        response = AWSResponse(request.url, 200, {}, None)
        response._content = b"{}"
        return response

    client.meta.events.register("before-send.*.*", answer)
    operation, parameters = CALLS[service]
    getattr(client, operation)(**parameters)
    authorization = seen[0].headers["Authorization"].decode()
    return seen[0].url, authorization.partition("Credential=")[2].partition(",")[0].partition("/")[2][8:]


@pytest.mark.parametrize(("service", "region"), list(itertools.product(CALLS, REGIONS)))
@pytest.mark.parametrize("fips", [False, True])
def test_requests_go_where_those_of_a_stock_session_go(service: str, region: str, fips: bool) -> None:
    config = Config(use_fips_endpoint=fips or None, account_id_endpoint_mode="disabled")

    assert sent(session(), service, region, config) == sent(Session(), service, region, config)


def test_an_endpoint_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")

    assert sent(session(), "dynamodb", "us-east-1", Config())[0] == "http://127.0.0.1:9/"
