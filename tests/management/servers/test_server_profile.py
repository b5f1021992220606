"""Switching a security profile on: everything that is in its way is said at once (docs/protocol.md §30)."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Request
from authmint.storage.servers import server_named

from tests.management.admin import SERVERS, TOKEN, Admin
from tests.support.fakes import decoded

PROFILES = pytest.mark.parametrize("profile", ["FAPI2", "FAPI2_MESSAGE_SIGNING"])
STRONG = {"credentials": {"signing": {"alg": "ES256"}}}


@PROFILES
def test_a_server_that_signs_by_what_the_profile_takes_gets_it_and_loses_it(admin: Admin, profile: str) -> None:
    url = f"{SERVERS}/{admin.server(**STRONG)['id']}/security"

    assert admin.put(url, {"profile": profile}).json["profile"] == profile
    assert admin.put(url, admin.get(url).json).json["profile"] == profile
    assert admin.put(url, {}).json["profile"] == "NONE"
    assert [event.type for event in admin.storage.events].count("oauth2.as.updated") == 2


@PROFILES
def test_all_that_is_in_the_way_is_named_and_nothing_is_changed(admin: Admin, profile: str) -> None:
    server = admin.server()
    url = f"{SERVERS}/{server['id']}/security"
    known = admin.storage.servers.get(server["id"])

    answer = admin.put(url, {"profile": profile, "dpop": {"algorithms": ["RS256", "ES384"]}, "largeAccessTokens": True})

    assert (answer.status, answer.code) == (400, "E0000001")
    active, following, proofs = answer.causes
    assert known.active_key.kid in active
    assert "RS256" in active
    assert "credentials.signing.alg" in active
    assert "next key" in following
    assert proofs.startswith("dpop.algorithms: ")
    assert admin.storage.servers.get(server["id"]) == known


def test_weak_proofs_alone_are_in_the_way_too(admin: Admin) -> None:
    url = f"{SERVERS}/{admin.server(**STRONG)['id']}/security"

    refused = admin.put(url, {"profile": "FAPI2", "dpop": {"algorithms": ["RS256"]}})

    assert refused.json["errorSummary"] == "Api validation failed: dpop.algorithms"
    assert len(refused.causes) == 1
    assert admin.put(url, {"profile": "FAPI2", "dpop": {"algorithms": ["RS256", "PS256"]}}).status == 200


def test_a_weak_key_that_signs_no_more_is_not_in_the_way(admin: Admin) -> None:
    server = admin.server()
    path = f"{SERVERS}/{server['id']}"
    admin.put(path, server | STRONG)

    assert {key.status for key in admin.storage.servers.get(server["id"]).keys if key.algorithm == "RS256"} == {
        "EXPIRED"
    }
    assert admin.put(f"{path}/security", {"profile": "FAPI2"}).status == 200


@pytest.mark.parametrize(
    ("base_url", "status"),
    [
        ("https://acme.example.com", 200),
        ("http://acme.example.com", 400),
        ("http://127.0.0.1:8000", 200),
        ("http://localhost:8000", 200),
    ],
)
def test_the_deployment_is_reached_by_https_or_is_on_this_machine(admin: Admin, base_url: str, status: int) -> None:
    path = f"{SERVERS}/{admin.server(**STRONG)['id']}/security"

    answer = admin.api(
        Request("PUT", path, base_url, headers={"authorization": f"SSWS {TOKEN}"}, body=b'{"profile":"FAPI2"}')
    )

    assert answer.status == status
    if status == 400:
        assert "https" in decoded(answer.body)["errorCauses"][0]["errorSummary"]


@PROFILES
def test_with_a_profile_a_server_goes_on_signing_by_what_it_takes(admin: Admin, profile: str) -> None:
    server = admin.server(**STRONG)
    path = f"{SERVERS}/{server['id']}"
    admin.put(f"{path}/security", {"profile": profile})

    refused = admin.put(path, server | {"credentials": {"signing": {"alg": "RS256"}}})

    assert (refused.status, refused.code) == (400, "E0000001")
    assert refused.causes[0].startswith("credentials.signing.alg: ")
    assert admin.put(path, server | {"credentials": {"signing": {"alg": "PS256"}}}).status == 200
    assert admin.put(path, server | {"name": "renamed"}).status == 200
    assert admin.get(f"{path}/security").json["profile"] == profile


def test_a_change_that_comes_between_is_looked_at_too(admin: Admin) -> None:
    """What is in the way is judged by what is stored, not by what was read before."""
    server = admin.server(**STRONG)
    servers, path = admin.storage.servers, f"{SERVERS}/{server['id']}/security"
    save = servers.save
    weak: list[Any] = []

    def first_another(before: Any, after: Any, events: Any) -> None:
        if not weak:
            weak.append(True)
            known = servers.get(server_named(server["id"]))
            keys = tuple(replace(key, algorithm="RS256") for key in known.keys)
            save(known, replace(known, keys=keys), [])
        save(before, after, events)

    servers.save = first_another  # type: ignore[method-assign]

    assert admin.put(path, {"profile": "FAPI2"}).code == "E0000001"
