"""Settings of a server that only this service has (docs/protocol.md §25.8)."""

from typing import Any

import pytest

from tests.management.admin import SERVERS, Admin

PROOFS = {
    "required": False,
    "nonceSeconds": 259_200,
    "algorithms": ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA", "Ed25519"],
}
OFF = {
    "profile": "NONE",
    "accessTokenProfile": "OKTA",
    "largeAccessTokens": False,
    "resourceIndicators": "OFF",
    "dpop": PROOFS,
    "par": {"lifetimeSeconds": 3_600},
    "userinfo": {"acrValues": [], "maxAgeSeconds": None},
    "tokenExchange": {"narrowOnly": False},
    "workloadIdentity": {"grant": False},
    "clientRegistration": {
        "metadataDocuments": "OFF",
        "origins": [],
        "dynamic": "OFF",
        "scopes": [],
        "privateSchemes": ["cursor", "vscode", "vscode-insiders", "windsurf", "zed"],
        "httpsRedirectHosts": [],
        "maxDynamicClients": 1_000,
        "unusedDays": 30,
        "maxAccessTokenMinutes": 60,
        "maxRefreshDays": 30,
    },
    "statusList": False,
}
ON = OFF | {
    "largeAccessTokens": True, "resourceIndicators": "ON", "accessTokenProfile": "RFC9068", "statusList": True
}  # fmt: skip


@pytest.fixture
def url(admin: Admin) -> str:
    return f"{SERVERS}/{admin.server()['id']}/security"


def events(admin: Admin) -> int:
    return [event.type for event in admin.storage.events].count("oauth2.as.updated")


def test_everything_is_off_until_it_is_asked_for(admin: Admin, url: str) -> None:
    assert admin.get(url).json == OFF
    for change in ({"largeAccessTokens": True}, {"resourceIndicators": "ON"}, ON):
        assert admin.put(url, change).json == OFF | change
        assert admin.get(url).json == OFF | change
    assert admin.put(url, ON).json == ON
    assert admin.put(url, {}).json == OFF
    assert admin.put(url, OFF).json == OFF
    assert events(admin) == 4


def test_who_replaces_the_server_leaves_them_alone(admin: Admin, url: str) -> None:
    admin.put(url, ON)
    server = admin.get(url.removesuffix("/security")).json

    assert ON.keys().isdisjoint(server)
    assert admin.put(url.removesuffix("/security"), server).status == 200
    assert admin.get(url).json == ON


@pytest.mark.parametrize(
    "body",
    [
        {"largeAccessToken": True},
        {"largeAccessTokens": True, "profile": "FAPI"},
        {"resourceIndicators": "on"},
        {"dpop": {"require": True}},
        {"dpop": {"nonceSeconds": 59}},
        {"dpop": {"nonceSeconds": 2_592_001}},
        {"dpop": {"nonceSeconds": "60"}},
        {"dpop": {"algorithms": []}},
        {"dpop": {"algorithms": ["HS256"]}},
        {"dpop": "required"},
        {"par": {"lifetimeSeconds": 59}},
        {"par": {"lifetimeSeconds": 3_601}},
        {"par": {"lifetimeSeconds": True}},
        {"par": {"lifetime": 60}},
        {"userinfo": {"acrValues": ["urn:mace:incommon:iap:silver"]}},
        {"userinfo": {"maxAgeSeconds": 0}},
        {"userinfo": {"max_age": 300}},
        {"tokenExchange": {"narrow": True}},
        {"tokenExchange": {"narrowOnly": "yes"}},
        {"workloadIdentity": {"grants": True}},
        {"statusList": "ON"},
    ],
)
def test_what_nobody_knows_or_cannot_be_is_refused(admin: Admin, url: str, body: dict[str, Any]) -> None:
    answer = admin.put(url, body)

    assert (answer.status, answer.code) in {(400, "E0000001"), (400, "E0000003")}
    assert admin.get(url).json == OFF


def test_what_is_said_of_proofs_is_kept_and_read_back(admin: Admin, url: str) -> None:
    asked = {"required": True, "nonceSeconds": 0, "algorithms": ["ES256", "EdDSA"]}

    assert admin.put(url, {"dpop": asked}).json == OFF | {"dpop": asked}
    assert admin.put(url, admin.get(url).json).json == OFF | {"dpop": asked}
    assert events(admin) == 1


def test_what_userinfo_asks_of_sign_ins_is_kept_and_read_back(admin: Admin, url: str) -> None:
    asked = {"userinfo": {"acrValues": ["phr", "urn:okta:loa:2fa:any"], "maxAgeSeconds": 300}}

    assert admin.put(url, asked).json == OFF | asked
    assert admin.put(url, admin.get(url).json).json == OFF | asked
    assert admin.put(url, {"userinfo": {"maxAgeSeconds": None}}).json == OFF


def test_how_long_pushed_requests_wait_is_kept_and_read_back(admin: Admin, url: str) -> None:
    asked = {"par": {"lifetimeSeconds": 60}}

    assert admin.put(url, asked).json == OFF | asked
    assert admin.put(url, admin.get(url).json).json == OFF | asked
    assert admin.put(url, {"par": {}}).json == OFF


def test_a_server_that_is_not_there_has_none(admin: Admin) -> None:
    assert admin.get(f"{SERVERS}/ausNone/security").code == "E0000007"
    assert admin.put(f"{SERVERS}/ausNone/security", {}).code == "E0000007"


def test_whether_exchanged_tokens_are_narrower_is_kept_and_read_back(admin: Admin, url: str) -> None:
    asked = {"tokenExchange": {"narrowOnly": True}}

    assert admin.put(url, asked).json == OFF | asked
    assert admin.get(url).json == OFF | asked
