"""Names that AWS wants to be unique, of two stages in two regions of one account, as SAM translates the template."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import product
from typing import Any

import pytest

from tests.support.translated import resources, translated

#: The longest stage that the template takes and a shorter one; two of AWS's longest region names.
STAGES = ("prod", "a123456789-12345")
REGIONS = ("eu-west-1", "ap-southeast-17")
#: What carries a name: where it stands, whether one account or one region may have it once, how long it may be.
NAMED: Mapping[str, tuple[str, str, int]] = {
    "AWS::Budgets::Budget": ("Budget.BudgetName", "account", 100),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "account", 255),
    "AWS::DynamoDB::Table": ("TableName", "region", 255),
    "AWS::Glue::Database": ("DatabaseInput.Name", "region", 255),
    "AWS::IAM::Role": ("RoleName", "account", 64),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName", "region", 64),
    "AWS::KMS::Alias": ("AliasName", "region", 256),
    "AWS::Lambda::Function": ("FunctionName", "region", 64),
    "AWS::Lambda::LayerVersion": ("LayerName", "region", 140),
    "AWS::Logs::LogGroup": ("LogGroupName", "region", 512),
    "AWS::SES::ConfigurationSet": ("Name", "region", 64),
    "AWS::SNS::Topic": ("TopicName", "region", 256),
    "AWS::SQS::Queue": ("QueueName", "region", 80),
    "AWS::Scheduler::Schedule": ("Name", "region", 64),
}
#: What has no name, or one that several may have, or is named by CloudFormation or by a parameter.
UNNAMED = {
    "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Stage", "AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet",
    "AWS::CloudWatch::Alarm", "AWS::Glue::Table", "AWS::IAM::Policy", "AWS::KMS::Key", "AWS::S3::Bucket",
    "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission",
    "AWS::Logs::SubscriptionFilter", "AWS::S3::BucketPolicy", "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy",
}  # fmt: skip
#: What makes every resource that the template knows.
EVERYTHING = {
    "ArchiveEvents": "true",
    "MonthlyBudget": "100",
    "BudgetEmail": "owner@example.com",
    "DomainName": "id.example.com",
    "HostedZoneId": "Z1",
    "HookFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:hook-*",
    "MailFrom": "no-reply@example.com",
    "MtlsDomainName": "mtls.id.example.com",
    "MtlsTruststoreUri": "s3://bucket/truststore.pem",
}

Documents = Mapping[str, Mapping[str, Any]]
DOCUMENTS: Documents = {stage: translated(stage) for stage in STAGES}


def at(properties: Mapping[str, Any], place: str) -> Any:
    """What stands at ``a.b``."""
    for member in place.split("."):
        properties = properties[member]
    return properties


def names(documents: Documents) -> Iterator[tuple[str, str, str, str]]:
    """Type, region, name and scope of everything that carries a name: scope and name together are to be unique."""
    for (stage, document), region in product(documents.items(), REGIONS):
        for resource in resources(document, EVERYTHING | {"Stage": stage}, region).values():
            if resource["Type"] in NAMED:
                member, scope, _ = NAMED[resource["Type"]]
                yield resource["Type"], region, at(resource["Properties"], member), scope


def twice(documents: Documents) -> list[Any]:
    """The names that collide."""
    counted = Counter(
        (kind, name, region if scope == "region" else None) for kind, region, name, scope in names(documents)
    )
    return [name for name, times in counted.items() if times > 1]


def test_every_resource_is_made_and_its_type_known_here() -> None:
    there = DOCUMENTS["prod"]["Resources"]

    assert resources(DOCUMENTS["prod"], EVERYTHING | {"Stage": "prod"}).keys() == there.keys()
    assert {resource["Type"] for resource in there.values()} == {*NAMED, *UNNAMED}


def test_two_stages_in_two_regions_of_one_account_share_no_name() -> None:
    assert twice(DOCUMENTS) == []


def test_no_name_is_too_long() -> None:
    assert [name for kind, _, name, _ in names(DOCUMENTS) if len(name) > NAMED[kind][2]] == []


NAMES = [(id_, *NAMED[r["Type"]][:2]) for id_, r in DOCUMENTS["prod"]["Resources"].items() if r["Type"] in NAMED]


def without(logical_id: str, member: str, part: str) -> Documents:
    """The documents where one name has lost its stage or its region."""
    found = {}
    for stage, document in DOCUMENTS.items():
        names_of_stage = resources(document, EVERYTHING | {"Stage": stage})
        # SAM puts the stage into the layer's id, so it is found by its type.
        kind = DOCUMENTS["prod"]["Resources"][logical_id]["Type"]
        ids = [logical_id] if kind != "AWS::Lambda::LayerVersion" else [i for i in names_of_stage if "CoreLayer" in i]
        changed = deepcopy({id_: document["Resources"][id_] for id_ in ids})
        for resource in changed.values():
            *outer, last = member.split(".")
            properties = at(resource["Properties"], ".".join(outer)) if outer else resource["Properties"]
            properties[last] = {"Fn::Sub": re.sub(part.replace("STAGE", stage), "", properties[last]["Fn::Sub"])}
        found[stage] = {**document, "Resources": {**document["Resources"], **changed}}
    return found


@pytest.mark.parametrize(("logical_id", "member", "scope"), NAMES)
def test_a_name_that_loses_its_stage_or_region_is_noticed(logical_id: str, member: str, scope: str) -> None:
    assert twice(without(logical_id, member, r"\$\{Stage\}|STAGE"))
    if scope == "account":
        assert twice(without(logical_id, member, r"\$\{AWS::Region\}"))


def test_the_key_is_opened_for_the_roles_that_are_made() -> None:
    for (stage, document), region in product(DOCUMENTS.items(), REGIONS):
        made = resources(document, EVERYTHING | {"Stage": stage}, region)
        roles = {r["Properties"]["RoleName"] for r in made.values() if r["Type"] == "AWS::IAM::Role"}
        statements = made["Key"]["Properties"]["KeyPolicy"]["Statement"]
        arns = [s.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", []) for s in statements]
        named = {arn.partition(":role/")[2] for listed in arns for arn in listed}

        assert named
        assert named <= roles
