"""What parameters change, in the template as SAM translates it: with their defaults and with other values."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.translated import resources, translated

DOCUMENT = translated("prod")
TABLES = ("Config", "Grants", "Events")
ELSEWHERE = "arn:aws:dynamodb:eu-west-1:000000000000:table/restored-"
KEY = "arn:aws:kms:eu-west-1:000000000000:key/mrk-1"


def made(**parameters: str) -> dict[str, dict[str, Any]]:
    return resources(DOCUMENT, {"Stage": "prod"} | parameters)


def of_type(kind: str, there: Mapping[str, Any]) -> dict[str, Any]:
    return {name: resource["Properties"] for name, resource in there.items() if resource["Type"] == kind}


def functions(there: Mapping[str, Any]) -> dict[str, Any]:
    return of_type("AWS::Lambda::Function", there)


def roles(there: Mapping[str, Any]) -> dict[str, Any]:
    return of_type("AWS::IAM::Role", there)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_exists_is_used_instead_of_one_that_the_stack_makes(table: str) -> None:
    variable, own = f"AUTHMINT_{table.upper()}_TABLE", f"authmint-prod-{table.lower()}"

    def given(there: Mapping[str, Any]) -> set[str]:
        environments = [function["Environment"]["Variables"] for function in functions(there).values()]
        return {environment[variable] for environment in environments if variable in environment}

    ours, theirs = made(), made(**{f"Existing{table}TableArn": f"{ELSEWHERE}{table}"})

    assert given(ours) == {own}
    assert given(theirs) == {f"restored-{table}"}
    assert f"{table}Table" in ours
    assert f"{table}Table" not in theirs
    assert f"local:{table}Table.Arn" in json.dumps(roles(ours))
    assert f"{ELSEWHERE}{table}" in json.dumps(roles(theirs))
    assert f"local:{table}Table" not in json.dumps(theirs)


def test_a_key_that_exists_is_used_instead_of_one_that_the_stack_makes() -> None:
    ours, theirs = made(), made(ExistingKeyArn=KEY)

    assert {"Key", "KeyAlias"} <= ours.keys()
    assert {"Key", "KeyAlias"}.isdisjoint(theirs)
    assert KEY in json.dumps(roles(theirs))
    assert "local:Key.Arn" not in json.dumps(theirs)
    assert {f["Environment"]["Variables"].get("AUTHMINT_KMS_KEY_ID") for f in functions(theirs).values()} == {KEY, None}


def test_the_key_can_be_replicated_unless_one_says_otherwise() -> None:
    assert made()["Key"]["Properties"]["MultiRegion"] == "true"
    assert made(MultiRegionKey="false")["Key"]["Properties"]["MultiRegion"] == "false"


def test_nobody_can_grant_the_use_of_the_key_to_himself() -> None:
    administration = made()["Key"]["Properties"]["KeyPolicy"]["Statement"][0]["Action"]

    assert "kms:CreateGrant" not in administration
    assert not [action for action in administration if "*" in action or "crypt" in action or "Generate" in action]
    # Without these nobody could ever look after the key again.
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"} <= set(administration)


def test_every_role_has_the_boundary_and_the_path_that_the_account_demands() -> None:
    boundary = "arn:aws:iam::000000000000:policy/boundary"
    there = made(PermissionsBoundaryArn=boundary, RolePath="/teams/identity/")

    assert {role["PermissionsBoundary"] for role in roles(there).values()} == {boundary}
    assert {role["Path"] for role in roles(there).values()} == {"/teams/identity/"}
    assert ":role/teams/identity/authmint-prod-" in json.dumps(there["Key"])
    assert {role.get("PermissionsBoundary") for role in roles(made()).values()} == {None}
    assert {role["Path"] for role in roles(made()).values()} == {"/"}


def test_concurrency_is_reserved_where_it_is_asked_for() -> None:
    def reserved(**parameters: str) -> dict[str, str]:
        member = "ReservedConcurrentExecutions"
        return {name: f[member] for name, f in functions(made(**parameters)).items() if member in f}

    assert reserved() == {}
    assert reserved(TokenConcurrency="50", AuthorizeConcurrency="20", SinkConcurrency="5") == {
        "TokenFunction": "50",
        "AuthorizeFunction": "20",
        "AuditSinkFunction": "5",
    }


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({}, None),
        ({"MaxReadUnits": "9"}, {"MaxReadRequestUnits": "9"}),
        ({"MaxWriteUnits": "7"}, {"MaxWriteRequestUnits": "7"}),
        ({"MaxReadUnits": "9", "MaxWriteUnits": "7"}, {"MaxReadRequestUnits": "9", "MaxWriteRequestUnits": "7"}),
    ],
)
def test_tables_use_no_more_than_one_allows(given: dict[str, str], limits: dict[str, str] | None) -> None:
    tables = of_type("AWS::DynamoDB::Table", made(**given))

    assert [table.get("OnDemandThroughput") for table in tables.values()] == [limits] * 3


@pytest.mark.parametrize(
    ("given", "subscriber"),
    [
        ({"BudgetEmail": "a@example.com"}, {"SubscriptionType": "EMAIL", "Address": "a@example.com"}),
        ({"AlarmTopicArn": "arn:topic"}, {"SubscriptionType": "SNS", "Address": "arn:topic"}),
    ],
)
def test_a_budget_tells_somebody(given: dict[str, str], subscriber: dict[str, str]) -> None:
    budget = made(MonthlyBudget="250", **given)["Budget"]["Properties"]

    assert "Budget" not in made(**given)
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "250", "Unit": "USD"}
    assert [told["Subscribers"] for told in budget["NotificationsWithSubscribers"]] == [[subscriber]] * 2


@pytest.mark.parametrize(("choice", "enabled"), [({}, True), ({"TableEncryption": "OWNED"}, False)])
def test_tables_are_encrypted_under_the_key_that_one_chooses(choice: dict[str, str], enabled: bool) -> None:
    tables = of_type("AWS::DynamoDB::Table", made(**choice))

    assert [table["SSESpecification"] for table in tables.values()] == [{"SSEEnabled": enabled}] * 3


def test_no_log_level_turns_the_system_log_off() -> None:
    """Events are lines of level INFO: Lambda drops what is below the level of the function."""
    levels = DOCUMENT["Parameters"]["LogLevel"]["AllowedValues"]

    assert set(levels) <= {"TRACE", "DEBUG", "INFO"}
    for level in levels:
        for function in functions(made(LogLevel=level)).values():
            assert function["LoggingConfig"]["LogFormat"] == "JSON"
            assert function["LoggingConfig"]["ApplicationLogLevel"] == level
    for function in DOCUMENT["Resources"].values():
        if function["Type"] == "AWS::Lambda::Function":
            assert function["Properties"]["LoggingConfig"]["ApplicationLogLevel"] == {"Ref": "LogLevel"}


def test_lambdas_own_lines_are_off_unless_one_wants_them() -> None:
    def levels(**parameters: str) -> set[str]:
        return {function["LoggingConfig"]["SystemLogLevel"] for function in functions(made(**parameters)).values()}

    assert levels() == {"WARN"}
    assert levels(PlatformLogLevel="INFO") == {"INFO"}


def test_the_log_class_is_chosen_for_the_log_that_nothing_reads_by_machine() -> None:
    """Neither subscriptions nor metrics in log lines work in the cheaper class."""
    groups = of_type("AWS::Logs::LogGroup", made(AccessLogClass="INFREQUENT_ACCESS"))

    assert {name for name, group in groups.items() if "LogGroupClass" in group} == {"AccessLogs"}
    assert groups["AccessLogs"]["LogGroupClass"] == "INFREQUENT_ACCESS"


def test_tracing_brings_the_permission_to_trace() -> None:
    traced, plain = made(Tracing="Active"), made()

    assert {f["TracingConfig"]["Mode"] for f in functions(traced).values()} == {"Active"}
    assert {f["TracingConfig"]["Mode"] for f in functions(plain).values()} == {"PassThrough"}
    lambdas = {name: role for name, role in roles(traced).items() if name != "ScheduleRole"}
    assert {arn for role in lambdas.values() for arn in role["ManagedPolicyArns"]} == {
        "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
    }
    assert not [role for role in roles(plain).values() if role.get("ManagedPolicyArns")]


def test_no_inline_policy_is_larger_than_iam_takes() -> None:
    account, longest = "123456789012", "ap-southeast-17"
    arns = {f"Existing{table}TableArn": f"arn:aws:dynamodb:{longest}:{account}:table/{'t' * 100}" for table in TABLES}
    for role in roles(made(**arns)).values():
        assert len(json.dumps(role["Policies"], separators=(",", ":"))) < 10_240
    assert len(json.dumps(made()["Key"]["Properties"]["KeyPolicy"])) < 32_768
