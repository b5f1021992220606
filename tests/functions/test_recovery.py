"""Tables come back from their backups and serve; a region is lost and another one takes over."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import jwt
import pytest
from authmint.cli.main import main
from authmint.cli.recovery.checking import check
from authmint.cli.recovery.restoring import RestoreFailed, Restoring
from authmint.dynamo.sharded import shard_of
from authmint.local.deployment import deployment
from authmint.local.provision import create_table
from authmint.local.template import read

from tests.functions.assertions import asserted
from tests.functions.deployment import Calls, Functions, form_event, load_event
from tests.functions.faults import ASK
from tests.functions.sign_ins import People, people_at
from tests.support.backend import Deployed, LocalAws

HMAC = {
    "client_name": "by assertion",
    "application_type": "service",
    "grant_types": ["client_credentials"],
    "token_endpoint_auth_method": "client_secret_jwt",
}
ISSUER = "https://acme.example.com"


class Lived:
    """A deployment that was in use."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.server, self.client, self.secret = functions.ready()
        self.robot = functions.admin("POST", "/oauth2/v1/clients", HMAC)
        self.people = people_at(functions, self.server, in_group=True)
        self.people.sign_in()
        self.given = self.people.redeem(self.people.code())
        self.code = self.people.code()
        self.assertion = asserted(
            form_event("token", self.server, ASK, "", ""), self.server, "token", self.robot, jti="used once"
        )
        assert functions.http("token", self.assertion)["statusCode"] == 200
        self.machine_token = self.minted(functions)

    def minted(self, functions: Functions) -> str:
        answer = functions.http("token", form_event("token", self.server, ASK, self.client, self.secret))
        assert answer["statusCode"] == 200, answer
        return str(json.loads(answer["body"])["access_token"])

    def keys(self, functions: Functions) -> jwt.PyJWKSet:
        event = load_event("jwks") | {"pathParameters": {"authServerId": self.server}}
        return jwt.PyJWKSet.from_json(functions.http("jwks", event)["body"])

    def verify(self, token: str, keys: jwt.PyJWKSet) -> None:
        kid = jwt.get_unverified_header(token)["kid"]
        claims = jwt.decode(token, keys[kid], algorithms=["ES256"], audience="api://s")
        assert claims["iss"] == f"{ISSUER}/oauth2/{self.server}"

    def introspected(self, functions: Functions, token: str) -> bool:
        event = form_event("introspect", self.server, f"token={token}", self.client, self.secret)
        return bool(json.loads(functions.http("token_status", event)["body"])["active"])

    def again(self, functions: Functions) -> dict[str, dict[str, Any]]:
        """Everything that was given once, once more."""
        people = People(functions, self.server, self.people.client, self.people.secret, self.people.user)
        return {
            "the code": people.redeem(self.code),
            "the refresh token": people.refresh(self.given["refresh_token"]),
            "the assertion": json.loads(functions.http("token", self.assertion)["body"]),
        }


@pytest.fixture
def lived(functions: Functions, unbraked: None) -> Lived:
    return Lived(functions)


def printed(capsys: pytest.CaptureFixture[str], lived: Lived, *options: str) -> Any:
    deployed = lived.functions.deployed
    named = [f"--{kind}-table={getattr(deployed, kind)}" for kind in ("config", "grants", "events")]
    capsys.readouterr()
    status = main(["restore", *named, *options])
    return status, json.loads(capsys.readouterr().out)


def restored(lived: Lived, report: Any) -> Functions:
    old = lived.functions.deployed
    names = report["tables"]
    since = str(report["deploy with"]["AssertionsSince"])
    new = Deployed(old.aws, names["config"], names["grants"], names["events"], old.key)
    return Functions(new, lived.functions.calls, AUTHMINT_ASSERTIONS_SINCE=since)


def test_what_was_restored_is_whole_and_serves_and_nothing_is_good_twice(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    status, report = printed(capsys, lived, "--suffix", "a")
    after = restored(lived, report)
    keys = lived.keys(after)

    assert (status, report["problems"]) == (0, [])
    assert report["records"]["AS"] == 3  # the org's, the default one, and ours
    assert {"CODE", "FAMILY", "SESSION"} <= report["not restored"].keys()
    lived.verify(lived.machine_token, keys)
    lived.verify(lived.minted(after), keys)
    assert lived.introspected(after, lived.machine_token)
    assert not lived.introspected(after, lived.given["access_token"])
    assert {what: answer.get("error") for what, answer in lived.again(after).items()} == {
        "the code": "invalid_grant",
        "the refresh token": "invalid_grant",
        "the assertion": "invalid_client",
    }
    people = People(after, lived.server, lived.people.client, lived.people.secret, lived.people.user)
    people.sign_in()
    assert "access_token" in people.redeem(people.code())


def test_practice_leaves_nothing_behind(lived: Lived, capsys: pytest.CaptureFixture[str]) -> None:
    status, report = printed(capsys, lived, "--check", "--suffix", "b")

    there = boto3.client("dynamodb").list_tables()["TableNames"]
    assert (status, report["problems"]) == (0, [])
    assert not set(report["tables"].values()) & set(there)


def test_a_restore_that_was_cut_off_goes_on(lived: Lived) -> None:
    deployed = lived.functions.deployed
    names = {kind: getattr(deployed, kind) for kind in ("config", "grants", "events")}
    dynamodb = boto3.client("dynamodb")
    restoring = Restoring(dynamodb, names, "c", lambda _: None)
    restoring._begin(names["config"], restoring.targets["config"], None)

    with pytest.raises(RestoreFailed, match="--resume"):
        restoring.restore()
    restoring.restore(datetime.now(UTC), resume=True)
    restoring.restore(resume=True)  # and once more changes nothing

    assert check(dynamodb, restoring.targets).problems == []


def test_tables_that_serve_are_never_taken_for_copies(lived: Lived, capsys: pytest.CaptureFixture[str]) -> None:
    _, report = printed(capsys, lived, "--suffix", "s")
    serving = restored(lived, report)
    people = People(serving, lived.server, lived.people.client, lived.people.secret, lived.people.user)
    people.sign_in()
    tokens = people.redeem(people.code())
    deployed = lived.functions.deployed
    named = [f"--{kind}-table={getattr(deployed, kind)}" for kind in ("config", "grants", "events")]

    assert main(["restore", *named, "--suffix", "s"]) == 2
    assert main(["restore", *named, "--suffix", "s", "--check"]) == 2
    assert main(["restore", *named, "--suffix", "s", "--check", "--resume"]) == 2

    assert "access_token" in people.refresh(tokens["refresh_token"])


def test_a_table_without_a_backup_is_named(functions: Functions) -> None:
    restoring = Restoring(boto3.client("dynamodb"), {"config": "no-such-table"}, "d")

    with pytest.raises(RestoreFailed, match="no-such-table"):
        restoring.restore()


DAMAGES: dict[str, tuple[Callable[[Any, Lived], None], str]] = {
    "an object of another version": (
        lambda table, lived: table.update_item(
            Key=_first(table, f"AS#{lived.server}", "RULE#"),
            UpdateExpression="SET rev = :r",
            ExpressionAttributeValues={":r": 99},
        ),
        "not of one version",
    ),
    "a lost record": (
        lambda table, lived: table.delete_item(Key={"pk": f"CLIENT#{lived.client}", "sk": "#"}),
        "leads to nothing",
    ),
    "a lost list entry": (
        lambda table, lived: table.delete_item(
            Key={"pk": shard_of("USERS", lived.people.user), "sk": lived.people.user}
        ),
        "is not in the list USERS",
    ),
    "half of a relation": (
        lambda table, lived: table.delete_item(Key=_first(table, f"USER#{lived.people.user}", "GROUP#")),
        "has no counterpart",
    ),
}


def _first(table: Any, pk: str, prefix: str) -> dict[str, str]:
    condition = boto3.dynamodb.conditions.Key("pk").eq(pk) & boto3.dynamodb.conditions.Key("sk").begins_with(prefix)
    item = table.query(KeyConditionExpression=condition)["Items"][0]
    return {"pk": item["pk"], "sk": item["sk"]}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_seen(lived: Lived, damage: str) -> None:
    work, told = DAMAGES[damage]
    deployed = lived.functions.deployed
    names = {kind: getattr(deployed, kind) for kind in ("config", "grants", "events")}

    work(boto3.resource("dynamodb").Table(deployed.config), lived)

    problems = check(boto3.client("dynamodb"), names).problems
    assert any(told in problem for problem in problems if problem.startswith("config")), problems


def test_another_region_takes_over(
    aws: LocalAws, calls: Calls, unbraked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of several regions, the config table copied all the while, the domain pointed over."""

    def region(name: str) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", name)

    home, away = "us-east-1", "eu-west-1"
    stage = f"r{time.time_ns()}"
    tables = read(deployment().template, parameters={"Stage": stage}).tables
    config, grants, events = (str(table["TableName"]) for table in tables)
    region(home)
    key = boto3.client("kms").create_key(MultiRegion=True)["KeyMetadata"]
    boto3.client("kms").replicate_key(KeyId=key["KeyId"], ReplicaRegion=away)
    for one in (home, away):
        region(one)
        for table in tables:
            create_table(boto3.client("dynamodb"), table)
    at_home = Deployed(aws, config, grants, events, key["Arn"])
    region(home)
    lived = Lived(Functions(at_home, calls))
    copied = [item for page in _pages(config) for item in page["Items"]]

    region(away)  # home is lost: nothing asks it again
    for item in copied:
        boto3.client("dynamodb").put_item(TableName=config, Item=item)
    elsewhere = Deployed(aws, config, grants, events, key["Arn"].replace(home, away))
    after = Functions(elsewhere, calls, AUTHMINT_ASSERTIONS_SINCE=str(int(time.time()) + 1))
    keys = lived.keys(after)

    lived.verify(lived.machine_token, keys)
    lived.verify(lived.minted(after), keys)
    assert lived.introspected(after, lived.machine_token)
    assert not lived.introspected(after, lived.given["access_token"])
    assert {what: "access_token" in answer for what, answer in lived.again(after).items()} == {
        "the code": False,
        "the refresh token": False,
        "the assertion": False,
    }
    people = People(after, lived.server, lived.people.client, lived.people.secret, lived.people.user)
    people.sign_in()
    assert "access_token" in people.redeem(people.code())
    # Why the parameter is there: what was used is not known here.
    forgetful = Functions(elsewhere, calls)
    assert "access_token" in json.loads(forgetful.http("token", lived.assertion)["body"])


def _pages(table: str) -> Any:
    return boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)
