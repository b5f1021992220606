"""docs/protocol.md §33.9: ``/api/v1/zones``."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin

PATH = "/api/v1/zones"
OFFICE = {
    "type": "IP",
    "name": "office",
    "gateways": [{"type": "CIDR", "value": "198.51.100.0/24"}],
    "proxies": [{"type": "RANGE", "value": "192.0.2.1"}],
}


def made(admin: Admin, **body: Any) -> Any:
    answer = admin.post(PATH, {**OFFICE, **body})
    assert answer.status == 200, answer.json
    return answer.json


def a_rule(admin: Admin, *zones: str) -> str:
    policy = admin.post("/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": "p"}).json["id"]
    conditions = {"network": {"connection": "ZONE", "include": list(zones)}}
    rule = admin.post(f"/api/v1/policies/{policy}/rules", {"name": "r", "conditions": conditions})
    assert rule.status == 200, rule.json
    return f"/api/v1/policies/{policy}/rules/{rule.json['id']}"


def test_the_systems_zones_are_there(admin: Admin) -> None:
    zones = admin.get(PATH).json

    assert [(zone["name"], zone["usage"], zone["system"], zone["gateways"]) for zone in zones] == [
        ("BlockedIpZone", "BLOCKLIST", True, None),
        ("DefaultExemptIpZone", "POLICY", True, None),
        ("LegacyIpZone", "POLICY", True, None),
    ]


def test_a_zone_of_addresses(admin: Admin) -> None:
    zone = made(admin, status="INACTIVE")

    assert zone | {"_links": {}, "created": "", "lastUpdated": "", "id": ""} == {
        "type": "IP",
        "id": "",
        "name": "office",
        "status": "ACTIVE",
        "usage": "POLICY",
        "created": "",
        "lastUpdated": "",
        "system": False,
        "gateways": [{"type": "CIDR", "value": "198.51.100.0/24"}],
        "proxies": [{"type": "RANGE", "value": "192.0.2.1-192.0.2.1"}],
        "_links": {},
    }
    assert list(zone["_links"]) == ["self", "deactivate"]
    assert admin.get(f"{PATH}/{zone['id']}").json == zone


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (
            {"type": "DYNAMIC", "locations": [{"country": "US"}, {"country": "AF", "region": "AF-BGL"}]},
            {
                "locations": [{"country": "US", "region": None}, {"country": "AF", "region": "AF-BGL"}],
                "proxyType": "",
            },
        ),
        (
            {"type": "DYNAMIC", "proxyType": "TorAnonymizer", "asns": ["64500"]},
            {"locations": None, "proxyType": "TorAnonymizer", "asns": ["64500"]},
        ),
        (
            {"type": "DYNAMIC_V2", "asns": {}, "locations": {"exclude": [{"country": "BE", "region": "BE-VAN"}]}},
            {
                "locations": {"include": [], "exclude": [{"country": "BE", "region": "BE-VAN"}]},
                "ipServiceCategories": {"include": [], "exclude": []},
                "asns": {"include": [], "exclude": []},
            },
        ),
    ],
)
def test_zones_of_places(admin: Admin, sent: Any, shown: Any) -> None:
    answer = admin.post(PATH, {"name": "there", **sent})

    assert answer.status == 200, answer.json
    assert {name: answer.json[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"gateways": [{"type": "CIDR", "value": "1.2.3.4/33"}]}, "gateways[0].value"),
        ({"gateways": [{"type": "RANGE", "value": "1.2.3.9-1.2.3.4"}]}, "gateways[0].value"),
        ({"gateways": [{"type": "CIDR", "value": f"10.0.{n}.0/24"} for n in range(151)]}, "gateways"),
        ({"name": ""}, "name"),
        ({"usage": "SOMETHING"}, "usage"),
        ({"type": "DYNAMIC", "locations": [{"country": "usa"}]}, "locations[0].country"),
        ({"type": "DYNAMIC", "locations": [{"country": "US", "region": "DE-BE"}]}, "locations[0].region"),
        ({"type": "DYNAMIC", "locations": [{"country": "US"}, {"country": "US", "region": "US-CA"}]}, "locations"),
        ({"type": "DYNAMIC", "asns": ["AS1"]}, "asns"),
        ({"type": "DYNAMIC", "proxyType": "All"}, "proxyType"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(admin: Admin, body: Any, field: str) -> None:
    answer = admin.post(PATH, {**OFFICE, **body})

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {field}"), answer.causes


def test_a_zone_is_replaced_but_for_type_and_status(admin: Admin) -> None:
    path = f"{PATH}/{made(admin)['id']}"

    answer = admin.put(path, {**OFFICE, "name": "works", "status": "INACTIVE", "usage": "BLOCKLIST"})
    other = admin.put(path, {**OFFICE, "type": "DYNAMIC"})

    assert (answer.json["name"], answer.json["status"], answer.json["usage"]) == ("works", "ACTIVE", "BLOCKLIST")
    assert other.json["errorSummary"] == "Api validation failed: type"
    events = [event.type for event in admin.storage.events if event.type.startswith("zone.")]
    assert events == ["zone.create", "zone.update", "zone.make_blacklist"]


def test_names_are_unique(admin: Admin) -> None:
    made(admin)

    assert admin.post(PATH, OFFICE).json["errorSummary"] == "Api validation failed: name"


def test_the_systems_zones_take_addresses_and_stay(admin: Admin) -> None:
    path = f"{PATH}/nzoAuthmintBlocked00"

    answer = admin.put(path, {**OFFICE, "name": "mine", "usage": "POLICY"})

    assert (answer.json["name"], answer.json["usage"]) == ("BlockedIpZone", "BLOCKLIST")
    assert answer.json["gateways"] == OFFICE["gateways"]
    admin.post(f"{path}/lifecycle/deactivate")
    assert admin.delete(path).code == "E0000111"
    assert len(admin.get(PATH).json) == 3


def test_the_lifecycle_answers_with_the_zone(admin: Admin) -> None:
    path = f"{PATH}/{made(admin)['id']}"

    statuses = [admin.post(f"{path}/lifecycle/{verb}").json["status"] for verb in ("deactivate", "deactivate")]

    assert statuses == ["INACTIVE", "INACTIVE"]
    assert admin.post(f"{path}/lifecycle/activate").json["status"] == "ACTIVE"


def test_only_an_inactive_zone_is_deleted(admin: Admin) -> None:
    path = f"{PATH}/{made(admin)['id']}"

    active = admin.delete(path)
    admin.post(f"{path}/lifecycle/deactivate")

    assert active.code == "E0000107"
    assert admin.delete(path).status == 204
    assert admin.get(path).json["errorSummary"].endswith("(NetworkZone)")


def test_the_only_zone_of_a_rule_stays_and_another_is_taken_out(admin: Admin) -> None:
    one, other = made(admin, name="one")["id"], made(admin, name="other")["id"]
    rule = a_rule(admin, one, other)
    for zone in (one, other):
        admin.post(f"{PATH}/{zone}/lifecycle/deactivate")

    first, second = admin.delete(f"{PATH}/{one}"), admin.delete(f"{PATH}/{other}")

    assert first.status == 204
    assert admin.get(rule).json["conditions"]["network"] == {"connection": "ZONE", "include": [other]}
    assert (second.code, second.causes) == (
        "E0000107",
        ["It is the only zone of the rule 'r' of the policy 'p'."],
    )
    assert [event.type for event in admin.storage.events].count("policy.rule.update") == 1


def test_lists_are_filtered_and_paged(admin: Admin) -> None:
    zone = made(admin)["id"]

    found = admin.get(f'{PATH}?filter=id eq "{zone}" or usage eq "BLOCKLIST"').json
    pages, path = [], f"{PATH}?limit=3"
    while path:
        answer = admin.get(path)
        pages.append([one["name"] for one in answer.json])
        links = [link for link in answer.header("link") if 'rel="next"' in link]
        path = links[0].partition(">")[0].removeprefix("<").removeprefix(BASE_URL) if links else ""

    assert [one["name"] for one in found] == ["BlockedIpZone", "office"]
    assert pages == [["BlockedIpZone", "DefaultExemptIpZone", "LegacyIpZone"], ["office"]]


def test_who_would_shut_themselves_out_is_told_first(admin: Admin) -> None:
    everybody = {"type": "DYNAMIC", "name": "everywhere", "usage": "BLOCKLIST"}

    refused = admin.post(PATH, everybody)
    confirmed = admin.post(f"{PATH}?confirm=true", everybody)

    assert refused.json["errorSummary"] == "Api validation failed: usage"
    assert "confirm=true" in refused.causes[0]
    assert confirmed.status == 200
