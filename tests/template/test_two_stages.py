"""Two stages side by side in one region, made by CloudFormation of an emulator out of what SAM translates.

The emulator runs the functions that are uploaded, behind its own API Gateway. It knows neither IAM's conditions nor
the size of what a layer holds, so each function finds its packages where this machine has them.
"""

import io
import json
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
import pytest
import requests
from authmint.local.backend import Backend, backend_python
from authmint.local.deployment import deployment
from authmint.local.provision import client

from tests.functions.deployment import NEW_SERVER
from tests.support.repository import CHECKOUT
from tests.support.translated import BUCKET, translated

SERVICES = (
    "apigateway", "cloudformation", "cloudwatch", "dynamodb", "iam", "kms", "lambda", "logs", "s3", "scheduler", "sqs",
)  # fmt: skip
#: In front of a handler: the packages of the tests' own environment, and this checkout's.
FINDS_PACKAGES = f"""import sys
sys.path[:0] = [{str(CHECKOUT / "layers/core/python")!r}, {sysconfig.get_path("platlib")!r}]
"""
STAGES = ("blue", "green")


@dataclass(frozen=True)
class Stage:
    """One deployed stage, reached as its clients reach it."""

    endpoint: str
    name: str

    def outputs(self) -> dict[str, str]:
        stacks = client("cloudformation", self.endpoint).describe_stacks(StackName=f"authmint-{self.name}")
        return {output["OutputKey"]: output["OutputValue"] for output in stacks["Stacks"][0]["Outputs"]}

    def bootstrap(self) -> str:
        """The first API token."""
        answer = client("lambda", self.endpoint).invoke(
            FunctionName=self.outputs()["ManagementFunction"], Payload=json.dumps({"action": "bootstrap"})
        )
        token: str = json.loads(answer["Payload"].read())["token"]
        return token

    @cached_property
    def url(self) -> str:
        api_id = self.outputs()["BaseUrl"].removeprefix("https://").partition(".")[0]
        return f"{self.endpoint}/_aws/execute-api/{api_id}/$default"

    def admin(self, token: str, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"SSWS {token}"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def made(self, token: str, path: str, body: Any) -> Any:
        answer = self.admin(token, "POST", path, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


def archive(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as written:
        for name, text in files.items():
            written.writestr(name.replace("__", "/"), text)
    return packed.getvalue()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    backend = Backend(backend_python(deployment()), None, SERVICES)
    backend.start()
    try:
        yield backend.endpoint
    finally:
        backend.stop()


@pytest.fixture(scope="module")
def stages(endpoint: str) -> dict[str, Stage]:
    storage = client("s3", endpoint)
    storage.create_bucket(Bucket=BUCKET)
    storage.put_object(Bucket=BUCKET, Key="layers/core.zip", Body=archive(python__nothing="here"))
    for handler in CHECKOUT.glob("functions/*/handler.py"):
        code = archive(**{"handler.py": FINDS_PACKAGES + handler.read_text()})
        storage.put_object(Bucket=BUCKET, Key=f"functions/{handler.parent.name}.zip", Body=code)
    for stage in STAGES:
        create(endpoint, stage)
        add_routes(endpoint, stage)
    return {stage: Stage(endpoint, stage) for stage in STAGES}


def create(endpoint: str, stage: str) -> None:
    """Make a stage's stack and wait for it."""
    formation, name = client("cloudformation", endpoint), f"authmint-{stage}"
    client("s3", endpoint).put_object(Bucket=BUCKET, Key=f"{stage}.json", Body=json.dumps(translated(stage)))
    formation.create_stack(
        StackName=name,
        TemplateURL=f"{endpoint}/{BUCKET}/{stage}.json",
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": stage}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    deadline = time.monotonic() + 60
    while (stack := formation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    failed = [
        (event["LogicalResourceId"], event.get("ResourceStatusReason"))
        for event in formation.describe_stack_events(StackName=name)["StackEvents"]
        if event.get("ResourceStatusReason")
    ]
    assert stack["StackStatus"] == "CREATE_COMPLETE", failed


def add_routes(endpoint: str, stage: str) -> None:
    """The routes of the HTTP API, which this emulator leaves out where they come with the API."""
    api, resources = client("apigatewayv2", endpoint), translated(stage)["Resources"]
    api_id = Stage(endpoint, stage).url.split("/")[-2]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:"
    integrations: dict[tuple[str, str], str] = {}
    for path, methods in resources["Api"]["Properties"]["Body"]["paths"].items():
        integration = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        logical_id = integration["uri"]["Fn::Sub"].partition("/functions/${")[2].partition(".")[0]
        name = resources[logical_id]["Properties"]["FunctionName"]["Fn::Sub"].replace("${Stage}", stage)
        key = name, integration["payloadFormatVersion"]
        if key not in integrations:
            integrations[key] = api.create_integration(
                ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn + name, PayloadFormatVersion=key[1]
            )["IntegrationId"]
        api.create_route(ApiId=api_id, RouteKey=f"ANY {path}", Target=f"integrations/{integrations[key]}")


def token_of(stage: Stage, administrator: str) -> dict[str, Any]:
    """What an access token of a new server of the stage says."""
    server = stage.made(administrator, "/api/v1/authorizationServers", NEW_SERVER)["id"]
    base = f"/api/v1/authorizationServers/{server}"
    stage.made(administrator, f"{base}/scopes", {"name": "a"})
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = stage.made(administrator, f"{base}/policies", {"name": "p", "conditions": clients})["id"]
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    stage.made(administrator, f"{base}/policies/{policy}/rules", {"name": "r", "conditions": conditions})
    registration = {"client_name": "c", "application_type": "service", "grant_types": ["client_credentials"]}
    client_ = stage.made(administrator, "/oauth2/v1/clients", registration)
    answer = requests.post(
        f"{stage.url}/oauth2/{server}/v1/token",
        {"grant_type": "client_credentials", "scope": "a"},
        auth=(client_["client_id"], client_["client_secret"]),
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    keys = jwt.PyJWKSet(requests.get(f"{stage.url}/oauth2/{server}/v1/keys", timeout=60).json()["keys"])
    token = answer.json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, ["ES256"], audience="api://s")
    return claims


def test_two_stages_of_one_region_give_tokens_each_and_know_nothing_of_each_other(stages: dict[str, Stage]) -> None:
    administrators = {name: stage.bootstrap() for name, stage in stages.items()}

    issuers = {name: token_of(stage, administrators[name])["iss"] for name, stage in stages.items()}

    for name, stage in stages.items():
        # The emulator's own domain follows the API's id.
        assert issuers[name].startswith(stage.outputs()["BaseUrl"].partition("us-east-1")[0])
        (other,) = set(STAGES) - {name}
        assert stage.admin(administrators[other], "GET", "/api/v1/authorizationServers").status_code == 401


def test_each_stage_rotates_its_own_keys(endpoint: str, stages: dict[str, Stage]) -> None:
    scheduler = client("scheduler", endpoint)

    found = {one["Name"]: one["Target"]["Arn"] for one in scheduler.list_schedules()["Schedules"]}

    assert {name.rpartition(":")[2] for name in found.values()} == {
        f"authmint-{stage}-key-rotation" for stage in stages
    }
    assert len(found) == len(stages)
