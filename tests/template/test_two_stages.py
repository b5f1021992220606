"""Two stages of one region, deployed from the translated template onto an emulator, each give tokens of their own."""

from typing import Any

import jwt
import requests
from authmint.local.provision import client
from authmint.local.template import load

from tests.functions.deployment import NEW_SERVER
from tests.support.repository import CHECKOUT
from tests.support.stages import EDGE_SECRET, GREEN_DOMAIN, STAGES, Stage, create, zone


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
    answer = stage.send(
        "POST",
        f"/oauth2/{server}/v1/token",
        data={"grant_type": "client_credentials", "scope": "a"},
        auth=(client_["client_id"], client_["client_secret"]),
    )
    assert answer.status_code == 200, answer.text
    keys = jwt.PyJWKSet(stage.send("GET", f"/oauth2/{server}/v1/keys").json()["keys"])
    token = answer.json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, ["ES256"], audience="api://s")
    return claims


def test_two_stages_of_one_region_give_tokens_each_and_know_nothing_of_each_other(stages: dict[str, Stage]) -> None:
    administrators = {name: stage.token for name, stage in stages.items()}

    issuers = {name: token_of(stage, administrators[name])["iss"] for name, stage in stages.items()}

    # The emulator's own domain follows the API's id.
    assert issuers["blue"].startswith(stages["blue"].outputs()["BaseUrl"].partition("us-east-1")[0])
    assert issuers["green"].startswith(f"https://{GREEN_DOMAIN}/oauth2/")
    for name, stage in stages.items():
        (other,) = set(STAGES) - {name}
        assert stage.admin(administrators[other], "GET", "/api/v1/authorizationServers").status_code == 401


def test_each_stage_rotates_its_own_keys_and_sends_its_own_mail(stages: dict[str, Stage]) -> None:
    scheduler = client("scheduler", stages["blue"].endpoint)

    found = {one["Name"]: one["Target"]["Arn"] for one in scheduler.list_schedules()["Schedules"]}

    assert {name.rpartition(":")[2] for name in found.values()} == {
        f"authmint-{stage}-{function}"
        for stage in stages
        for function in ("key-rotation", "mailer", "audit-sink", "management", "hooks", "backchannel-logout")
    }
    assert len(found) == 6 * len(stages)


def test_only_a_stage_that_has_a_sender_sends_mail(stages: dict[str, Stage]) -> None:
    endpoint = stages["blue"].endpoint
    listed = client("scheduler", endpoint).list_schedules()["Schedules"]
    streams = client("lambda", endpoint).list_event_source_mappings()["EventSourceMappings"]

    states = {one["Name"]: one["State"] for one in listed if one["Name"].endswith("-mailer")}
    assert states == {"authmint-blue-mailer": "DISABLED", "authmint-green-mailer": "ENABLED"}
    (stream,) = (one for one in streams if not one["FunctionArn"].endswith("-backchannel-logout"))
    assert stream["FunctionArn"].endswith("authmint-green-mailer")
    assert "/authmint-green-grants/stream/" in stream["EventSourceArn"]


def test_who_goes_around_the_edge_of_a_stage_is_refused(stages: dict[str, Stage]) -> None:
    path = "/.well-known/openid-configuration"

    around = requests.get(stages["green"].url + path, timeout=60)
    through = stages["green"].send("GET", path)

    assert (around.status_code, around.json()) == (403, {"message": "Forbidden"})
    assert through.status_code != 403
    assert requests.get(stages["blue"].url + path, timeout=60).status_code != 403


def test_the_edge_is_made_in_front_of_a_stage(stages: dict[str, Stage]) -> None:
    endpoint = stages["green"].endpoint
    origin = stages["green"].outputs()["OriginDomainName"]

    create(
        endpoint,
        "authmint-green-edge",
        load(CHECKOUT / "template-edge.yaml"),
        {
            "DomainName": GREEN_DOMAIN,
            "HostedZoneId": zone(endpoint),
            "OriginDomainName": origin,
            "EdgeSecret": EDGE_SECRET,
        },
    )

    (made,) = client("cloudfront", endpoint).list_distributions()["DistributionList"]["Items"]
    config = client("cloudfront", endpoint).get_distribution_config(Id=made["Id"])["DistributionConfig"]
    assert config["Aliases"]["Items"] == [GREEN_DOMAIN]
    (api,) = config["Origins"]["Items"]
    assert api["DomainName"] == origin
    assert {header["HeaderName"]: header["HeaderValue"] for header in api["CustomHeaders"]["Items"]} == {
        "x-authmint-edge": EDGE_SECRET
    }
