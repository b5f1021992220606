"""Two stages of one region, deployed from the translated template onto an emulator, each give tokens of their own."""

from typing import Any

import jwt
import requests
from authmint.local.provision import client

from tests.functions.deployment import NEW_SERVER
from tests.support.stages import STAGES, Stage


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
    administrators = {name: stage.token for name, stage in stages.items()}

    issuers = {name: token_of(stage, administrators[name])["iss"] for name, stage in stages.items()}

    for name, stage in stages.items():
        # The emulator's own domain follows the API's id.
        assert issuers[name].startswith(stage.outputs()["BaseUrl"].partition("us-east-1")[0])
        (other,) = set(STAGES) - {name}
        assert stage.admin(administrators[other], "GET", "/api/v1/authorizationServers").status_code == 401


def test_each_stage_rotates_its_own_keys(stages: dict[str, Stage]) -> None:
    scheduler = client("scheduler", stages["blue"].endpoint)

    found = {one["Name"]: one["Target"]["Arn"] for one in scheduler.list_schedules()["Schedules"]}

    assert {name.rpartition(":")[2] for name in found.values()} == {
        f"authmint-{stage}-key-rotation" for stage in stages
    }
    assert len(found) == len(stages)
