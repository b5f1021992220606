"""``/api/v1/trustedOrigins``: sites whose scripts may sign people in here, and to which people may be sent."""

from typing import Any

import pytest
from authmint.storage.trusted_origins import serialized

from tests.management.admin import BASE_URL, Admin

ORIGINS = "/api/v1/trustedOrigins"
BOTH = [{"type": "CORS"}, {"type": "REDIRECT"}]


def made(admin: Admin, name: str = "shop", origin: str = "https://shop.example.com", **changes: Any) -> Any:
    answer = admin.post(ORIGINS, {"name": name, "origin": origin, "scopes": BOTH} | changes)
    assert answer.status == 200, answer.json
    return answer.json


def test_what_is_made_is_shown_in_full(admin: Admin) -> None:
    shown = made(admin)

    href = f"{BASE_URL}{ORIGINS}/{shown['id']}"
    assert shown["id"].startswith("tos")
    assert {key: shown[key] for key in ("name", "origin", "scopes", "status")} == {
        "name": "shop",
        "origin": "https://shop.example.com",
        "scopes": BOTH,
        "status": "ACTIVE",
    }
    assert shown["created"] == shown["lastUpdated"] == "2099-12-03T16:53:20.000Z"
    assert shown["createdBy"] == shown["lastUpdatedBy"] == admin.get("/api/v1/users/me").json["id"]
    assert shown["_links"] == {
        "self": {"href": href, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
        "deactivate": {"href": f"{href}/lifecycle/deactivate", "hints": {"allow": ["POST"]}},
    }
    assert admin.get(f"{ORIGINS}/{shown['id']}").json == shown


def test_the_life_of_one(admin: Admin) -> None:
    path = f"{ORIGINS}/{made(admin)['id']}"
    admin.clock.advance(seconds=5)

    off = admin.post(f"{path}/lifecycle/deactivate")
    on = admin.post(f"{path}/lifecycle/activate")
    moved = admin.put(path, {"name": "shop", "origin": "http://localhost:8080/", "scopes": BOTH[:1]})
    inactive = admin.put(path, moved.json | {"status": "INACTIVE"})
    gone = admin.delete(path)

    assert [answer.status for answer in (off, on, moved, inactive, gone)] == [200, 200, 200, 200, 204]
    assert (off.json["status"], on.json["status"], inactive.json["status"]) == ("INACTIVE", "ACTIVE", "INACTIVE")
    assert set(off.json["_links"]) == {"self", "activate"}
    assert (moved.json["origin"], moved.json["scopes"]) == ("http://localhost:8080/", BOTH[:1])
    assert moved.json["lastUpdated"] > moved.json["created"]
    missing = admin.get(path)
    assert (missing.status, missing.code) == (404, "E0000007")
    assert missing.json["errorSummary"].endswith("(TrustedOrigin)")
    verbs = [e.type.rpartition(".")[2] for e in admin.storage.events if e.type.startswith("security.trusted_origin")]
    assert verbs == ["create", "deactivate", "activate", "update", "update", "delete"]


def test_lists_are_searched_and_paged(admin: Admin) -> None:
    ids = [made(admin, name, f"https://{name}.example.com")["id"] for name in ("a", "b", "c")]
    admin.post(f"{ORIGINS}/{ids[1]}/lifecycle/deactivate")

    assert [one["id"] for one in admin.get(ORIGINS).json] == ids
    assert [one["id"] for one in admin.get(f"{ORIGINS}?q=B.EXAMPLE").json] == [ids[1]]
    assert [one["id"] for one in admin.get(f'{ORIGINS}?filter=status eq "ACTIVE"').json] == [ids[0], ids[2]]
    first = admin.get(f"{ORIGINS}?limit=2")
    second = admin.get(first.header("link")[1].partition(">")[0].removeprefix("<"))
    assert [one["id"] for one in (*first.json, *second.json)] == ids
    assert len(second.header("link")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"origin": ""},
        {"origin": "shop.example.com"},
        {"origin": "https://shop.example.com/path"},
        {"origin": "https://shop.example.com?q"},
        {"origin": "https://user@shop.example.com"},
        {"origin": "https://*.example.com"},
        {"origin": "javascript:alert(1)"},
        {"origin": "null"},
        {"scopes": []},
        {"scopes": [{"type": "IFRAME_EMBED"}]},
        {"scopes": [{"type": "CORS", "allowedOktaApps": ["OKTA_ENDUSER"]}]},
        {"status": "GONE"},
        {"origin": "HTTPS://taken.example.com:443/"},
        {"name": "taken"},
    ],
)
def test_what_cannot_be_trusted_is_refused(admin: Admin, body: dict[str, Any]) -> None:
    made(admin, "taken", "https://taken.example.com")
    good = {"name": "shop", "origin": "https://shop.example.com", "scopes": BOTH}

    answer = admin.post(ORIGINS, good | body)

    assert (answer.status, answer.code) == (400, "E0000001")
    assert len(admin.get(ORIGINS).json) == 1


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("https://A.example.com", "https://a.example.com"),
        ("https://a.example.com:443/", "https://a.example.com"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://a.example.com:x", None),
        ("https://", None),
        ("ftp://a.example.com", None),
    ],
)
def test_origins_are_compared_as_browsers_write_them(written: str, named: str | None) -> None:
    assert serialized(written) == named
