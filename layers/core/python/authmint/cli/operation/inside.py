"""A deployment as AWS shows it to whoever may read: what the template made, and whether somebody changed it since."""

import json
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Any, Final

from .findings import Finding, asked, verdict

FUNCTIONS: Final = (
    "discovery", "jwks", "status-list", "token", "authorize", "registration", "token-status", "management",
    "key-rotation", "audit-sink", "hooks", "backchannel-logout",
)  # fmt: skip
#: Functions whose lines hold events.
_LOGGED: Final = ("token", "authorize", "registration", "token-status")
#: Who uses the key, how and for what: as the template's key policy says.
_KEY_USES: Final = (
    ("token", "kms:Decrypt", "signing-key"),
    ("authorize", "kms:Decrypt", "signing-key"),
    ("status-list", "kms:Decrypt", "signing-key"),
    ("backchannel-logout", "kms:Decrypt", "signing-key"),
    ("management", "kms:GenerateDataKeyPairWithoutPlaintext", "signing-key"),
    ("key-rotation", "kms:GenerateDataKeyPairWithoutPlaintext", "signing-key"),
    ("management", "kms:Encrypt", "client-secret"),
    ("management", "kms:Decrypt", "client-secret"),
    ("token", "kms:Decrypt", "client-secret"),
    ("token-status", "kms:Decrypt", "client-secret"),
    ("authorize", "kms:Decrypt", "client-secret"),
    ("management", "kms:Encrypt", "factor-secret"),
    ("management", "kms:Decrypt", "factor-secret"),
    ("authorize", "kms:Encrypt", "factor-secret"),
    ("authorize", "kms:Decrypt", "factor-secret"),
    ("management", "kms:Encrypt", "idp-secret"),
    ("management", "kms:Decrypt", "idp-secret"),
    ("authorize", "kms:Decrypt", "idp-secret"),
    ("management", "kms:Encrypt", "hook-secret"),
    ("management", "kms:Decrypt", "hook-secret"),
    ("token", "kms:Decrypt", "hook-secret"),
    ("authorize", "kms:Decrypt", "hook-secret"),
    ("hooks", "kms:Decrypt", "hook-secret"),
)
#: Who else does where the parameter ``SignedAnswers`` says so.
_SIGNED_ANSWERS: Final = (("token-status", "kms:Decrypt", "signing-key"),)
_USING: Final = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:CreateGrant")
#: Seconds that a request takes, roughly, and that the account's executions have to last for.
_SECONDS_PER_REQUEST: Final = 0.1
#: API Gateway: requests per second of the account.
_GATEWAY_QUOTA: Final = "L-8A5B8E43"
_ALARMS: Final = 11


@dataclass(frozen=True)
class Inside:
    """One stage in one account and region.

    Attributes:
        client: Makes boto3's client of a service.
    """

    client: Callable[[str], Any]
    stage: str
    stack: str

    def findings(self) -> Iterator[Finding]:
        """Every check that needs credentials."""
        for what, check in (
            ("stack", self._stack),
            ("domain", self._domain),
            ("functions", self._functions),
            ("tables", self._tables),
            ("KMS key", self._key),
            ("events", self._events),
            ("schedule", self._schedule),
            ("alarms", self._alarms),
            ("dead letters", self._dead_letters),
            ("executions", self._executions),
            ("requests", self._requests),
        ):
            yield from asked(what, check)

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        return described

    @cached_property
    def _configurations(self) -> Mapping[str, Mapping[str, Any]]:
        lambda_ = self.client("lambda")
        return {
            name: lambda_.get_function_configuration(FunctionName=f"authmint-{self.stage}-{name}") for name in FUNCTIONS
        }

    def _variables(self, function: str = "management") -> Mapping[str, str]:
        variables: Mapping[str, str] = self._configurations[function]["Environment"]["Variables"]
        return variables

    def _parameter(self, name: str) -> str:
        found = {given["ParameterKey"]: given["ParameterValue"] for given in self._described["Parameters"]}
        return str(found.get(name, ""))

    def _stack(self) -> Iterator[Finding]:
        status = str(self._described["StackStatus"])
        good = status.endswith("_COMPLETE") and "ROLLBACK" not in status
        advice = "the last deployment did not go through: read the stack's events, then sam deploy again"
        yield verdict("stack", good, f"{self.stack}: {status}", advice)

    def _domain(self) -> Iterator[Finding]:
        """Of a stack that makes its domain itself."""
        name = self._parameter("DomainName")
        if not (name and self._parameter("HostedZoneId")):
            return
        gateway = self.client("apigatewayv2")
        (made,) = gateway.get_domain_name(DomainName=name)["DomainNameConfigurations"]
        found = self.client("acm").describe_certificate(CertificateArn=made["CertificateArn"])["Certificate"]
        advice = "look at the certificate in ACM: its validation record has to stay in the zone, else it expires"
        yield verdict("certificate", found["Status"] == "ISSUED", f"{name}: {found['Status']}", advice)
        resource = self.client("cloudformation").describe_stack_resource(StackName=self.stack, LogicalResourceId="Api")
        api_id = resource["StackResourceDetail"]["PhysicalResourceId"]
        closed = bool(gateway.get_api(ApiId=api_id).get("DisableExecuteApiEndpoint"))
        advice = "API Gateway's own host name answers beside the domain: sam deploy again"
        yield verdict("own host name", closed, "closed" if closed else "open", advice)

    def _functions(self) -> Iterator[Finding]:
        broken = {
            name: f"{found.get('State')}, update {found.get('LastUpdateStatus')}"
            for name, found in self._configurations.items()
            if "Failed" in {found.get("State"), found.get("LastUpdateStatus")}
        }
        yield verdict("functions", not broken, _listed(broken) or f"{len(FUNCTIONS)} there", "sam deploy again")
        # Lambda drops what is below the level, and events are lines of level INFO.
        deaf = {
            name: str(found["LoggingConfig"].get("ApplicationLogLevel"))
            for name, found in self._configurations.items()
            if found.get("LoggingConfig", {}).get("ApplicationLogLevel", "INFO") not in {"TRACE", "DEBUG", "INFO"}
        }
        advice = "the system log loses events: set the functions' application log level to INFO, or sam deploy again"
        yield verdict("log level", not deaf, _listed(deaf) or "lets events pass", advice)

    def _tables(self) -> Iterator[Finding]:
        dynamodb, variables = self.client("dynamodb"), self._variables()
        for kind in ("config", "grants", "events"):
            name = variables[f"AUTHMINT_{kind.upper()}_TABLE"]
            yield from asked(f"table {name}", partial(_table, dynamodb, name, kind))

    def _key(self) -> Iterator[Finding]:
        kms, key_id = self.client("kms"), self._variables()["AUTHMINT_KMS_KEY_ID"]
        key = kms.describe_key(KeyId=key_id)["KeyMetadata"]
        advice = "nothing is signed by keys that no instance has opened yet: enable it, or cancel its deletion, now"
        yield verdict("KMS key", key["KeyState"] == "Enabled", f"{key_id}: {key['KeyState']}", advice)
        grants = kms.list_grants(KeyId=key_id)["Grants"]
        seen = ", ".join(str(grant.get("GranteePrincipal")) for grant in grants)
        yield verdict("KMS grants", not grants, seen or "none", "somebody may use the key beside its policy: revoke it")
        statements = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])["Statement"]
        roles = {name: str(found["Role"]) for name, found in self._configurations.items()}
        uses = {*_KEY_USES, *(_SIGNED_ANSWERS if self._parameter("SignedAnswers") == "true" else ())}
        yield from _policy(statements, roles, uses)

    def _events(self) -> Iterator[Finding]:
        logs = self.client("logs")
        for name in _LOGGED:
            group = (
                self._configurations[name].get("LoggingConfig", {}).get("LogGroup", f"/authmint/{self.stage}/{name}")
            )
            filters = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
            good = any(found["destinationArn"].endswith(f"authmint-{self.stage}-audit-sink") for found in filters)
            advice = "nothing carries events into the system log: sam deploy again"
            yield verdict(f"events of {name}", good, f"{len(filters)} subscriptions of {group}", advice)

    def _schedule(self) -> Iterator[Finding]:
        found = self.client("scheduler").get_schedule(Name=f"authmint-{self.stage}-key-rotation")
        good = found["State"] == "ENABLED" and found["Target"]["Arn"].endswith(f"authmint-{self.stage}-key-rotation")
        seen = f"{found['State']}, {found['ScheduleExpression']}, {found['Target']['Arn']}"
        yield verdict("schedule", good, seen, "keys are not rotated: enable it, or sam deploy again")

    def _alarms(self) -> Iterator[Finding]:
        pages = self.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self.stack}-")
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        on = [str(alarm["AlarmName"]) for alarm in alarms if alarm["StateValue"] == "ALARM"]
        yield verdict("alarms", not on, ", ".join(on) or "none is on", "docs/operations.md, alarm by alarm")
        yield verdict("alarms there", len(alarms) >= _ALARMS, f"{len(alarms)} of {_ALARMS}", "sam deploy again")
        silent = [
            str(alarm["AlarmName"]) for alarm in alarms if not (alarm["ActionsEnabled"] and alarm["AlarmActions"])
        ]
        seen = f"{len(silent)} tell nobody" if silent else "each tells somebody"
        yield verdict("alarms told", not silent, seen, "set AlarmTopicArn")

    def _dead_letters(self) -> Iterator[Finding]:
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=f"authmint-{self.stage}-dead-letters")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        count = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
        advice = f"find out why it was given up, then authmint redrive --stage {self.stage}"
        yield verdict("dead letters", count == 0, f"{count} messages", advice)

    def _executions(self) -> Iterator[Finding]:
        limit = self.client("lambda").get_account_settings()["AccountLimit"]
        left, rate = int(limit["UnreservedConcurrentExecutions"]), float(self._parameter("ThrottleRate"))
        wanted = rate * _SECONDS_PER_REQUEST
        seen = f"{left} unreserved at once; ThrottleRate {rate:.0f} wants about {wanted:.0f}"
        yield verdict(
            "executions", left >= wanted, seen, "ask AWS for more concurrent executions, or lower ThrottleRate"
        )

    def _requests(self) -> Iterator[Finding]:
        quota = self.client("service-quotas").get_service_quota(ServiceCode="apigateway", QuotaCode=_GATEWAY_QUOTA)
        value, rate = float(quota["Quota"]["Value"]), float(self._parameter("ThrottleRate"))
        seen = f"{value:.0f} a second of the account; ThrottleRate is {rate:.0f} per route"
        yield verdict("requests", value >= rate, seen, "ask AWS for more requests per second, or lower ThrottleRate")


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {seen}" for name, seen in found.items())


def _table(dynamodb: Any, name: str, kind: str) -> Iterator[Finding]:
    what = f"table {name}"
    table = dynamodb.describe_table(TableName=name)["Table"]
    keys = {element["KeyType"]: element["AttributeName"] for element in table["KeySchema"]}
    good = table["TableStatus"] in {"ACTIVE", "UPDATING"} and keys == {"HASH": "pk", "RANGE": "sk"}
    yield verdict(
        what, good, f"{table['TableStatus']}, keys {_listed(keys)}", "it is another table: correct Existing…TableArn"
    )
    if kind == "config":
        indexes = {
            index["IndexName"]: str(index.get("IndexStatus")) for index in table.get("GlobalSecondaryIndexes", [])
        }
        good = indexes.get("rotation") in {"ACTIVE", "UPDATING", "None"}
        yield verdict(
            f"{what}, index",
            good,
            _listed(indexes) or "none",
            "keys are not rotated: add the index rotation of the template",
        )
    else:
        ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        good = ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"} and ttl.get("AttributeName") == "ttl"
        yield verdict(
            f"{what}, TTL",
            good,
            str(ttl.get("TimeToLiveStatus")),
            "the table only grows: enable TTL on the attribute ttl",
        )
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = str(backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus"))
    yield verdict(
        f"{what}, recovery", status == "ENABLED", status, "nothing can be restored: enable point-in-time recovery"
    )
    protected = bool(table.get("DeletionProtectionEnabled"))
    yield verdict(
        f"{what}, deletion", protected, "protected" if protected else "not protected", "enable deletion protection"
    )


def _policy(
    statements: list[Mapping[str, Any]], roles: Mapping[str, str], wanted: Set[tuple[str, str, str]]
) -> Iterator[Finding]:
    """Whether everybody who has to can use the key, for his purpose, and nobody else can."""
    allowed: set[tuple[str, str, str]] = set()
    strangers: list[str] = []
    known = {arn: name for name, arn in roles.items()}
    for statement in statements:
        for action in _USING:
            if statement["Effect"] != "Allow" or not any(
                fnmatchcase(action, one) for one in _many(statement["Action"])
            ):
                continue
            condition = statement.get("Condition", {})
            purposes = _many(condition.get("StringEquals", {}).get("kms:EncryptionContext:purpose", "anything"))
            principals = _many(condition.get("ArnEquals", {}).get("aws:PrincipalArn", str(statement.get("Principal"))))
            for principal in principals:
                uses = {(known.get(principal, principal), action, purpose) for purpose in purposes}
                allowed |= uses
                strangers += [f"{who}: {what} for {why}" for who, what, why in sorted(uses - wanted)]
    missing = [f"{who}: {what} for {why}" for who, what, why in sorted(wanted - allowed)]
    advice = "put the template's key policy back (sam deploy again), with the roles of this stage and region"
    yield verdict("KMS policy, ours", not missing, "; ".join(missing) or "as it has to be", advice)
    yield verdict("KMS policy, others", not strangers, "; ".join(strangers) or "nobody", advice)


def _many(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [str(value)]
