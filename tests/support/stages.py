"""Two stages side by side in one region, made by CloudFormation of an emulator out of what SAM translates.

``blue`` is as the template is by default. ``green`` has a domain behind CloudFront, and other parameters beside.

The emulator runs the functions that are uploaded, behind its own API Gateway. It knows neither IAM's conditions nor
the size of what a layer holds, so each function finds its packages where this machine has them.
"""

import io
import json
import sysconfig
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests
from authmint.local.backend import Backend, backend_python
from authmint.local.deployment import deployment
from authmint.local.provision import client

from tests.support.repository import CHECKOUT
from tests.support.translated import BUCKET, resources, translated

SERVICES = (
    "acm", "apigateway", "cloudformation", "cloudfront", "cloudwatch", "dynamodb", "iam", "kms", "lambda", "logs",
    "route53", "s3", "scheduler", "sqs", "waf",
)  # fmt: skip
#: In front of a handler: the packages of the tests' own environment, and this checkout's.
FINDS_PACKAGES = f"""import sys
sys.path[:0] = [{str(CHECKOUT / "layers/core/python")!r}, {sysconfig.get_path("platlib")!r}]
"""
TOPIC = "arn:aws:sns:us-east-1:000000000000:operators"
EDGE_SECRET = "e" * 32
GREEN_DOMAIN = "green.example.com"
STAGES: Mapping[str, Mapping[str, str]] = {
    "blue": {},
    "green": {
        "DomainName": GREEN_DOMAIN,
        "EdgeSecret": EDGE_SECRET,
        "MailFrom": "no-reply@green.example",
        "RolePath": "/identity/",
        "TokenConcurrency": "5",
        "Tracing": "Active",
        "AccessLogClass": "INFREQUENT_ACCESS",
        "MaxWriteUnits": "40000",
        "TableEncryption": "OWNED",
        "PlatformLogLevel": "INFO",
    },
}


def credentials(stage: "Stage") -> dict[str, str]:
    """The environment in which commands reach the stage's account."""
    return {
        "AWS_ENDPOINT_URL": stage.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@dataclass(frozen=True)
class Stage:
    """One deployed stage, reached as its clients reach it."""

    endpoint: str
    name: str

    @property
    def headers(self) -> dict[str, str]:
        """What CloudFront adds to requests, where it stands in front."""
        if "EdgeSecret" not in STAGES[self.name]:
            return {}
        return {"x-authmint-edge": EDGE_SECRET, "cloudfront-viewer-address": "198.51.100.10:46532"}

    def outputs(self) -> dict[str, str]:
        stacks = client("cloudformation", self.endpoint).describe_stacks(StackName=f"authmint-{self.name}")
        return {output["OutputKey"]: output["OutputValue"] for output in stacks["Stacks"][0]["Outputs"]}

    @cached_property
    def token(self) -> str:
        """The first API token, made when it is first asked for."""
        answer = client("lambda", self.endpoint).invoke(
            FunctionName=self.outputs()["ManagementFunction"], Payload=json.dumps({"action": "bootstrap"})
        )
        return str(json.loads(answer["Payload"].read())["token"])

    @cached_property
    def url(self) -> str:
        found = client("cloudformation", self.endpoint).describe_stack_resource(
            StackName=f"authmint-{self.name}", LogicalResourceId="Api"
        )
        api_id = found["StackResourceDetail"]["PhysicalResourceId"]
        return f"{self.endpoint}/_aws/execute-api/{api_id}/$default"

    def send(self, method: str, path: str, **values: Any) -> requests.Response:
        """A request as it arrives at the API."""
        headers = self.headers | values.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=60, **values)

    def admin(self, token: str, method: str, path: str, body: Any = None) -> requests.Response:
        return self.send(method, path, json=body, headers={"Authorization": f"SSWS {token}"})

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


@contextmanager
def running() -> Iterator[dict[str, Stage]]:
    """The stages by name, on an emulator of their own."""
    backend = Backend(backend_python(deployment()), None, SERVICES)
    backend.start()
    try:
        yield made(backend.endpoint)
    finally:
        backend.stop()


def made(endpoint: str) -> dict[str, Stage]:
    """Make the stages."""
    storage = client("s3", endpoint)
    storage.create_bucket(Bucket=BUCKET)
    storage.put_object(Bucket=BUCKET, Key="layers/core.zip", Body=archive(python__nothing="here"))
    for handler in CHECKOUT.glob("functions/*/handler.py"):
        code = archive(**{"handler.py": FINDS_PACKAGES + handler.read_text()})
        storage.put_object(Bucket=BUCKET, Key=f"functions/{handler.parent.name}.zip", Body=code)
    for stage in STAGES:
        create_stage(endpoint, stage)
        add_routes(endpoint, stage)
        complete_tables(endpoint, stage)
    return {stage: Stage(endpoint, stage) for stage in STAGES}


def create_stage(endpoint: str, stage: str) -> None:
    """Make a stage's stack."""
    parameters = {"Stage": stage, "AlarmTopicArn": TOPIC, **STAGES[stage]}
    if "DomainName" in parameters:
        parameters["HostedZoneId"] = zone(endpoint)
    create(endpoint, f"authmint-{stage}", translated(stage), parameters)


def zone(endpoint: str) -> str:
    """Id of the zone of ``example.com``."""
    made = client("route53", endpoint).create_hosted_zone(Name="example.com", CallerReference=str(time.time()))
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def create(endpoint: str, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
    """Make a stack and wait for it."""
    formation = client("cloudformation", endpoint)
    client("s3", endpoint).put_object(Bucket=BUCKET, Key=f"{name}.json", Body=json.dumps(template))
    formation.create_stack(
        StackName=name,
        TemplateURL=f"{endpoint}/{BUCKET}/{name}.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
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


def complete_tables(endpoint: str, stage: str) -> None:
    """What this emulator leaves out of tables, as the template says it."""
    dynamodb = client("dynamodb", endpoint)
    for resource in resources(translated(stage), {"Stage": stage}).values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            table = resource["Properties"]
            dynamodb.update_continuous_backups(
                TableName=table["TableName"],
                PointInTimeRecoverySpecification=table["PointInTimeRecoverySpecification"],
            )
            if "TimeToLiveSpecification" in table:
                dynamodb.update_time_to_live(
                    TableName=table["TableName"], TimeToLiveSpecification=table["TimeToLiveSpecification"]
                )


def add_routes(endpoint: str, stage: str) -> None:
    """The routes of the HTTP API, which this emulator leaves out where they come with the API."""
    api, there = client("apigatewayv2", endpoint), translated(stage)["Resources"]
    api_id = Stage(endpoint, stage).url.split("/")[-2]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:"
    integrations: dict[tuple[str, str], str] = {}
    if "DomainName" in STAGES[stage]:
        api.update_api(ApiId=api_id, DisableExecuteApiEndpoint=True)  # says the description of the API, too
    for path, methods in there["Api"]["Properties"]["Body"]["paths"].items():
        integration = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        logical_id = integration["uri"]["Fn::Sub"].partition("/functions/${")[2].partition(".")[0]
        name = there[logical_id]["Properties"]["FunctionName"]["Fn::Sub"].replace("${Stage}", stage)
        key = name, integration["payloadFormatVersion"]
        if key not in integrations:
            integrations[key] = api.create_integration(
                ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn + name, PayloadFormatVersion=key[1]
            )["IntegrationId"]
        api.create_route(ApiId=api_id, RouteKey=f"ANY {path}", Target=f"integrations/{integrations[key]}")
