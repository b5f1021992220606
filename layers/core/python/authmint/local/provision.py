"""Creates what ``template.yaml`` creates: tables and keys. What is there already stays as it is."""

from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from .template import REGION

_TABLE_MEMBERS: Final = (
    "TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode", "StreamSpecification",
)  # fmt: skip


def client(service: str, endpoint: str) -> Any:
    """A client of the local backend, with credentials that mean nothing."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 3}),
    )


def create_table(dynamodb: Any, properties: Mapping[str, Any]) -> None:
    """Create one table of the template, with its TTL, unless it exists."""
    members = {name: properties[name] for name in _TABLE_MEMBERS if name in properties}
    if "StreamSpecification" in members:
        members["StreamSpecification"] = {"StreamEnabled": True, **members["StreamSpecification"]}
    try:
        dynamodb.create_table(**members)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
        if "StreamSpecification" in members:
            _stream(dynamodb, members)
        return
    if "TimeToLiveSpecification" in properties:
        dynamodb.update_time_to_live(
            TableName=properties["TableName"], TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )


def _stream(dynamodb: Any, wanted: Mapping[str, Any]) -> None:
    """Let a table that is there have the stream that it lacks."""
    if "LatestStreamArn" not in dynamodb.describe_table(TableName=wanted["TableName"])["Table"]:
        dynamodb.update_table(TableName=wanted["TableName"], StreamSpecification=wanted["StreamSpecification"])


def create_key(kms: Any, name: str) -> str:
    """ARN of the key behind the alias of that name; both are made unless they exist."""
    alias = f"alias/authmint-local-{name.lower()}"
    try:
        arn: str = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        arn = kms.create_key(Description=f"authmint {name}")["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName=alias, TargetKeyId=arn)
    return arn
