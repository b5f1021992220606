"""The org: ``/api/v1/org``."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin

ORG = "/api/v1/org"


def test_the_org_has_the_recorded_members(admin: Admin) -> None:
    org = admin.get(ORG).json

    assert list(org) == [
        "id", "subdomain", "companyName", "status", "expiresAt", "created", "lastUpdated", "website", "phoneNumber",
        "endUserSupportHelpURL", "supportPhoneNumber", "address1", "address2", "city", "state", "country", "postalCode",
        "_links",
    ]  # fmt: skip
    assert org["id"] == admin.get("/.well-known/okta-organization").json["id"]
    assert (org["subdomain"], org["companyName"], org["status"]) == ("acme", "acme", "ACTIVE")
    assert (org["phoneNumber"], org["website"], org["expiresAt"]) == ("", None, None)
    for link in org["_links"].values():
        assert admin.get(link["href"]).status == 200


def test_a_partial_change_leaves_the_rest_and_a_whole_one_does_not(admin: Admin) -> None:
    first = admin.post(ORG, {"companyName": "Acme", "supportPhoneNumber": "1234567890", "city": "Bern"}).json
    second = admin.post(ORG, {**first, "supportPhoneNumber": "", "id": "other", "status": "INACTIVE"}).json
    third = admin.put(ORG, {"companyName": "Acme AG"}).json

    assert (first["companyName"], first["supportPhoneNumber"], first["city"]) == ("Acme", "1234567890", "Bern")
    assert second == first | {"supportPhoneNumber": ""}
    assert (third["companyName"], third["city"], third["supportPhoneNumber"]) == ("Acme AG", None, "")
    assert admin.get(ORG).json == third
    assert [event.type for event in admin.storage.events].count("org.settings.update") == 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"companyName": "x" * 256}, "E0000001"),
        ({"website": "javascript:alert(1)"}, "E0000001"),
        ({"endUserSupportHelpURL": "//evil.example"}, "E0000001"),
        ({"city": 5}, "E0000003"),
        ([], "E0000003"),
    ],
)
def test_what_is_no_org(admin: Admin, body: Any, code: str) -> None:
    before = admin.get(ORG).json

    assert admin.post(ORG, body).code == code
    assert admin.get(ORG).json == before


def test_whom_to_turn_to(admin: Admin) -> None:
    profile = {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}
    user = admin.post("/api/v1/users", {"profile": profile}).json

    contacts = admin.get(f"{ORG}/contacts").json
    empty = admin.get(f"{ORG}/contacts/BILLING").json
    changed = admin.put(f"{ORG}/contacts/BILLING", {"userId": user["id"]}).json

    assert contacts == [
        {"contactType": "BILLING", "_links": {"billing": {"href": f"{BASE_URL}{ORG}/contacts/billing"}}},
        {"contactType": "TECHNICAL", "_links": {"technical": {"href": f"{BASE_URL}{ORG}/contacts/technical"}}},
    ]
    assert empty == {"userId": None, "_links": {}}
    assert changed == {"userId": user["id"], "_links": {"user": {"href": f"{BASE_URL}/api/v1/users/{user['id']}"}}}
    assert admin.get(f"{ORG}/contacts/billing").json == changed
    assert admin.get(f"{ORG}/contacts/TECHNICAL").json == empty
    assert admin.put(f"{ORG}/contacts/BILLING", {"userId": "00uNone"}).code == "E0000007"
    assert admin.put(f"{ORG}/contacts/BILLING", {}).code == "E0000001"
    assert admin.get(f"{ORG}/contacts/OTHER").code == "E0000007"


def test_whether_pages_have_a_footer(admin: Admin) -> None:
    path = f"{ORG}/preferences"

    first = admin.get(path).json
    hidden = admin.post(f"{path}/hideEndUserFooter").json
    shown = admin.post(f"{path}/showEndUserFooter").json

    assert first == shown
    assert hidden == {
        "showEndUserFooter": False,
        "_links": {
            "showEndUserFooter": {"href": f"{BASE_URL}{path}/showEndUserFooter", "hints": {"allow": ["POST"]}},
        },
    }


def test_whether_people_may_delete_themselves_is_said_by_administrators(admin: Admin) -> None:
    path = "/api/v1/org/selfService"
    assert admin.get(path).json["accountDeletion"] == "DENY"

    assert admin.put(path, {"accountDeletion": "ALLOW"}).json["accountDeletion"] == "ALLOW"
    assert admin.get(path).json["accountDeletion"] == "ALLOW"
    refused = admin.put(path, {"accountDeletion": "MAYBE"})
    assert (refused.status, admin.get(path).json["accountDeletion"]) == (400, "ALLOW")
    assert admin.put(path, {}).json["accountDeletion"] == "DENY"
