"""Nobody chooses the zone that counts: not by headers of proxies, not by headers of an edge that is not there."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.functions.deployment import Functions, form_event
from tests.functions.sign_ins import People, people_at
from tests.support.backend import Deployed
from tests.support.people import LOGIN, PASSWORD

HERE, ELSEWHERE = "203.0.113.5", "198.51.100.77"
SECRET = "s" * 32
RIGHT = {"username": LOGIN, "password": PASSWORD}


@pytest.fixture
def people(functions: Functions) -> People:
    server, _, _ = functions.ready()
    return people_at(functions, server)


def sign_in(people: People, address: str, functions: Any = None, **headers: str) -> tuple[int, Any]:
    """Maria, by the API, from an address."""
    event = people.event("POST", "/api/v1/authn", json.dumps(RIGHT), **{"content-type": "application/json", **headers})
    event["requestContext"]["http"] |= {"sourceIp": address}
    answer = (functions or people.functions).invoke("authorize", event)
    return int(answer["statusCode"]), json.loads(answer["body"])


def a_zone(people: People, **body: Any) -> str:
    zone: str = people.functions.admin("POST", "/api/v1/zones", {"name": "zone", **body})["id"]
    return zone


def a_rule(people: People, zone: str, *, exclude: bool) -> None:
    """Outside of the zone, or inside, nobody gets in."""
    policy = people.functions.admin("POST", "/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": "places"})["id"]
    network = {"connection": "ZONE", "exclude" if exclude else "include": [zone]}
    rule = {"name": "r", "conditions": {"network": network}, "actions": {"signon": {"access": "DENY"}}}
    made = people.functions.admin("POST", f"/api/v1/policies/{policy}/rules?confirm=true", rule)
    assert "id" in made, made


def gateways(*addresses: str) -> dict[str, Any]:
    return {"type": "IP", "gateways": [{"type": "RANGE", "value": one} for one in addresses]}


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded", "cloudfront-viewer-address"])
def test_a_blocked_zone_is_not_left_and_a_good_one_not_entered_by_a_header(people: People, header: str) -> None:
    a_zone(people, usage="BLOCKLIST", **gateways(ELSEWHERE))
    forged = {header: f"{HERE}:1" if header.startswith("cloud") else HERE}

    status, body = sign_in(people, ELSEWHERE, **forged)

    assert (status, body["errorCode"]) == (403, "E0000006")
    assert sign_in(people, HERE, **{header: ELSEWHERE})[0] == 200


def test_who_is_blocked_sees_a_page_that_says_so_and_nothing_is_read_of_anybody(people: People) -> None:
    a_zone(people, usage="BLOCKLIST", **gateways(ELSEWHERE))
    event = people.event("GET", "/signin")
    event["requestContext"]["http"] |= {"sourceIp": ELSEWHERE}
    before = len(people.functions.calls.made)

    answer = people.functions.http("authorize", event)

    assert answer["statusCode"] == 403
    assert "Access is not possible from here" in answer["body"]
    read = [str(parameters) for _, _, _, parameters in people.functions.calls.made[before:]]
    assert not [call for call in read if "USER#" in call or "LOGIN#" in call or "SESSION#" in call]


def test_an_address_of_a_zone_cannot_be_claimed(people: People) -> None:
    a_rule(people, a_zone(people, **gateways(HERE)), exclude=True)

    assert sign_in(people, HERE)[0] == 200
    assert sign_in(people, ELSEWHERE)[0] == 401
    assert sign_in(people, ELSEWHERE, **{"x-forwarded-for": HERE})[0] == 401


COUNTRY = {"type": "DYNAMIC", "locations": [{"country": "DE"}]}
FROM_GERMANY = {"cloudfront-viewer-country": "DE"}


@pytest.mark.parametrize("exclude", [True, False])
def test_without_an_edge_every_country_is_unknown_and_what_denies_by_it_denies_everybody(
    people: People, *, exclude: bool
) -> None:
    a_rule(people, a_zone(people, **COUNTRY), exclude=exclude)

    assert [sign_in(people, HERE, **headers)[0] for headers in ({}, FROM_GERMANY)] == [401, 401]


def test_the_edges_word_counts_where_it_is_known_by_its_secret(people: People, deployed: Deployed) -> None:
    a_rule(people, a_zone(people, **COUNTRY), exclude=True)
    settings = {"AUTHMINT_EDGE_SECRET": SECRET, "AUTHMINT_VIEWER_FACTS": "cloudfront"}
    behind = Functions(deployed, people.functions.calls, **settings)
    edge = {"x-authmint-edge": SECRET, "cloudfront-viewer-address": f"{HERE}:1"}

    assert sign_in(people, "130.176.0.1", behind, **edge, **FROM_GERMANY)[0] == 200
    assert sign_in(people, "130.176.0.1", behind, **edge, **{"cloudfront-viewer-country": "FR"})[0] == 401
    assert sign_in(people, "130.176.0.1", behind, **edge)[0] == 401
    event = people.event("POST", "/api/v1/authn", json.dumps(RIGHT), **FROM_GERMANY)
    assert behind.invoke("authorize", event)["statusCode"] == 403


def test_an_edge_without_the_parameter_is_not_believed_about_countries(people: People, deployed: Deployed) -> None:
    a_rule(people, a_zone(people, **COUNTRY), exclude=True)
    behind = Functions(deployed, people.functions.calls, AUTHMINT_EDGE_SECRET=SECRET)
    edge = {"x-authmint-edge": SECRET, "cloudfront-viewer-address": f"{HERE}:1"}

    assert sign_in(people, "130.176.0.1", behind, **edge, **FROM_GERMANY)[0] == 401


def test_a_client_that_was_told_a_password_is_no_way_around_a_blocked_zone(people: People) -> None:
    admin, base = people.functions.admin, f"/api/v1/authorizationServers/{people.server}/policies"
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["password"]},
        "scopes": {"include": ["*"]},
    }
    policy = admin("GET", base)[0]["id"]
    admin("POST", f"{base}/{policy}/rules", {"name": "passwords", "conditions": conditions})
    app = {
        "label": "told passwords",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "native", "grant_types": ["password"]}},
    }
    client = admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/00gAuthmintEveryone0", {})
    a_zone(people, usage="BLOCKLIST", **gateways(ELSEWHERE))

    def ask(address: str) -> tuple[int, Any]:
        form = urlencode({"grant_type": "password", "scope": "openid", **RIGHT})
        event = form_event("token", people.server, form, client["client_id"], client["client_secret"])
        event["requestContext"]["http"] |= {"sourceIp": address}
        answer = people.functions.http("token", event)
        return int(answer["statusCode"]), json.loads(answer["body"])

    assert ask(HERE)[0] == 200
    status, body = ask(ELSEWHERE)
    assert (status, body["error"]) == (400, "invalid_grant")
