"""``authmint doctor`` from inside: a deployed stage that is well, and each part of it broken in turn."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from authmint.cli.main import main
from authmint.local.provision import client

from tests.support.stages import Stage, credentials

#: The emulator has no quotas to ask for.
NOT_EMULATED = {"requests"}
Doing = Callable[["Account"], Any]


class Account:
    """The account of a stage, to break something in."""

    def __init__(self, stage: Stage) -> None:
        self._endpoint = stage.endpoint
        self.name = stage.name
        self.prefix = f"authmint-{stage.name}"
        self.key: str = stage.outputs()["KeyArn"]
        self.api = stage.url.split("/")[-2]

    def __getattr__(self, service: str) -> Any:
        return client({"lambda_": "lambda"}.get(service, service), self._endpoint)

    def queue(self) -> str:
        return str(self.sqs.get_queue_url(QueueName=f"{self.prefix}-dead-letters")["QueueUrl"])

    def alarm(self) -> str:
        return str(self.cloudwatch.describe_alarms(AlarmNamePrefix=f"{self.prefix}-")["MetricAlarms"][0]["AlarmName"])

    def filter(self) -> dict[str, Any]:
        group = f"/authmint/{self.name}/token"
        (found,) = self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return {name: found[name] for name in ("logGroupName", "filterName", "filterPattern", "destinationArn")}

    def schedule(self, state: str) -> None:
        found = self.scheduler.get_schedule(Name=f"{self.prefix}-key-rotation")
        kept = ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow")
        self.scheduler.update_schedule(State=state, **{name: found[name] for name in kept})

    def policy(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kms.get_key_policy(KeyId=self.key, PolicyName="default")["Policy"])
        return found

    def put_policy(self, policy: Any) -> None:
        self.kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy=json.dumps(policy))


@pytest.fixture
def account(stages: dict[str, Stage], monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in credentials(stages["green"]).items():
        monkeypatch.setenv(name, value)
    return Account(stages["green"])


def found(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit status, and what is not good."""
    capsys.readouterr()
    status = main(["doctor", "--stage", "green", "--json", *options])
    findings = json.loads(capsys.readouterr().out)
    assert all(bool(one["advice"]) == (one["state"] != "good") for one in findings)
    return status, {one["what"]: one for one in findings if one["state"] != "good"}


def test_a_stage_that_is_well_has_nothing_bad(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    status, seen = found(capsys)

    assert set(seen) == NOT_EMULATED, seen
    assert {one["state"] for one in seen.values()} == {"unknown"}
    assert status == 2


def _ttl(on: bool) -> Doing:
    specification = {"Enabled": on, "AttributeName": "ttl"}
    return lambda account: account.dynamodb.update_time_to_live(
        TableName=f"{account.prefix}-grants", TimeToLiveSpecification=specification
    )


def _recovery(on: bool) -> Doing:
    specification = {"PointInTimeRecoveryEnabled": on}
    return lambda account: account.dynamodb.update_continuous_backups(
        TableName=f"{account.prefix}-config", PointInTimeRecoverySpecification=specification
    )


def _protection(on: bool) -> Doing:
    return lambda account: account.dynamodb.update_table(
        TableName=f"{account.prefix}-config", DeletionProtectionEnabled=on
    )


def _level(level: str) -> Doing:
    return lambda account: account.lambda_.update_function_configuration(
        FunctionName=f"{account.prefix}-token",
        LoggingConfig={
            "LogFormat": "JSON",
            "ApplicationLogLevel": level,
            "SystemLogLevel": "WARN",
            "LogGroup": f"/authmint/{account.name}/token",
        },
    )


def _state(state: str) -> Doing:
    return lambda account: account.cloudwatch.set_alarm_state(
        AlarmName=account.alarm(), StateValue=state, StateReason="a test"
    )


def _own_name(closed: bool) -> Doing:
    return lambda account: account.apigatewayv2.update_api(ApiId=account.api, DisableExecuteApiEndpoint=closed)


BROKEN: dict[str, tuple[Doing, Doing, set[str]]] = {
    "TTL": (_ttl(False), _ttl(True), {"table authmint-green-grants, TTL"}),
    "recovery": (_recovery(False), _recovery(True), {"table authmint-green-config, recovery"}),
    "protection": (_protection(False), _protection(True), {"table authmint-green-config, deletion"}),
    "key": (
        lambda account: account.kms.disable_key(KeyId=account.key),
        lambda account: account.kms.enable_key(KeyId=account.key),
        {"KMS key"},
    ),
    "schedule": (
        lambda account: account.schedule("DISABLED"),
        lambda account: account.schedule("ENABLED"),
        {"schedule"},
    ),
    "log level": (_level("WARN"), _level("INFO"), {"log level"}),
    "alarm": (_state("ALARM"), _state("OK"), {"alarms"}),
    "own host name": (_own_name(False), _own_name(True), {"own host name"}),
    "dead letters": (
        lambda account: account.sqs.send_message(QueueUrl=account.queue(), MessageBody="x"),
        lambda account: account.sqs.purge_queue(QueueUrl=account.queue()),
        {"dead letters"},
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found(account: Account, capsys: pytest.CaptureFixture[str], what: str) -> None:
    break_it, mend_it, wanted = BROKEN[what]

    break_it(account)
    try:
        status, seen = found(capsys)
    finally:
        mend_it(account)

    assert set(seen) - NOT_EMULATED == wanted
    assert status == 1
    assert set(found(capsys)[1]) == NOT_EMULATED


def test_events_that_nothing_carries(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    there = account.filter()

    account.logs.delete_subscription_filter(logGroupName=there["logGroupName"], filterName=there["filterName"])
    try:
        _, seen = found(capsys)
    finally:
        account.logs.put_subscription_filter(**there)

    assert set(seen) - NOT_EMULATED == {"events of token"}


def _anybody(policy: dict[str, Any]) -> None:
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:Decrypt", "Resource": "*"}
    )


def _grants(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Action"].append("kms:Create*")


def _without_purpose(policy: dict[str, Any]) -> None:
    for statement in policy["Statement"]:
        statement.get("Condition", {}).pop("StringEquals", None)


def _of_another_region(policy: dict[str, Any]) -> None:
    for statement in policy["Statement"]:
        for_roles = statement.get("Condition", {}).get("ArnEquals")
        if for_roles:
            arns = for_roles["aws:PrincipalArn"]
            moved = [arn.replace("us-east-1", "eu-west-1") for arn in (arns if isinstance(arns, list) else [arns])]
            for_roles["aws:PrincipalArn"] = moved


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (_anybody, {"KMS policy, others"}),
        (_grants, {"KMS policy, others"}),
        (_without_purpose, {"KMS policy, ours", "KMS policy, others"}),
        (_of_another_region, {"KMS policy, ours", "KMS policy, others"}),
    ],
)
def test_a_key_policy_that_was_changed(
    account: Account, capsys: pytest.CaptureFixture[str], change: Callable[[dict[str, Any]], None], wanted: set[str]
) -> None:
    policy, changed = account.policy(), account.policy()
    change(changed)

    account.put_policy(changed)
    try:
        _, seen = found(capsys)
    finally:
        account.put_policy(policy)

    assert set(seen) - NOT_EMULATED == wanted


def test_a_stage_that_is_not_there(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--stage", "none", "--json"]) == 1

    findings = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert findings["stack"]["state"] == "bad"
    assert "check --stage" in findings["stack"]["advice"]


@pytest.fixture
def nobody(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


def test_without_credentials_nothing_is_known(nobody: None, capsys: pytest.CaptureFixture[str]) -> None:
    status, seen = found(capsys)

    assert {one["state"] for one in seen.values()} == {"unknown"}
    assert status == 2
