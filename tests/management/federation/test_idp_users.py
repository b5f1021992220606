"""docs/protocol.md §37.3: whom a provider knows."""

from dataclasses import replace

import pytest

from tests.management.admin import Admin
from tests.management.administrators.people import person
from tests.management.directory.users import made as a_user
from tests.management.federation.idps import PATH, made


@pytest.fixture
def admin() -> Admin:
    return Admin()


def test_somebody_is_linked_and_unlinked(admin: Admin) -> None:
    provider, user = made(admin)["id"], a_user(admin)["id"]
    path = f"{PATH}/{provider}/users/{user}"

    linked = admin.post(path, {"externalId": "abc"})

    assert (linked.status, linked.json["id"], linked.json["externalId"]) == (200, user, "abc")
    assert "profile" not in linked.json
    assert list(linked.json["_links"]) == ["self", "idp", "user"]
    assert admin.get(path).json == linked.json | {"profile": {}}
    assert admin.get(f"{PATH}/{provider}/users").json == [linked.json]
    assert [one["id"] for one in admin.get(f"/api/v1/users/{user}/idps").json] == [provider]
    assert admin.get(f"{path}/credentials/tokens").json == []
    assert admin.delete(path).status == 204
    for gone in (admin.get(path), admin.delete(path), admin.get(f"{path}/credentials/tokens")):
        assert (gone.status, gone.code) == (404, "E0000007")
    assert admin.get(f"/api/v1/users/{user}/idps").json == []
    assert [event.type for event in admin.storage.events if event.type.startswith("user.idp")] == [
        "user.idp.link.create",
        "user.idp.link.delete",
    ]


def test_lists_come_in_pages_and_with_people(admin: Admin) -> None:
    provider = made(admin)["id"]
    users = [a_user(admin, f"u{number}@example.com")["id"] for number in range(3)]
    for user in users:
        admin.made(f"{PATH}/{provider}/users/{user}", {"externalId": user})
    link = admin.storage.idp_links.get(provider, users[0])
    admin.storage.idp_links.update(replace(link, profile={"email": "a@b.example"}))

    first = admin.get(f"{PATH}/{provider}/users?limit=2&expand=user")
    (following,) = [link for link in first.header("link") if 'rel="next"' in link]
    second = admin.get(following.partition(">")[0].removeprefix("<"))

    assert [one["id"] for one in (*first.json, *second.json)] == users
    assert first.json[0]["profile"] == {"email": "a@b.example"}
    assert first.json[0]["_embedded"]["user"]["profile"]["login"] == "u0@example.com"


def test_what_cannot_be_linked(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, user = made(admin)["id"], a_user(admin)["id"]
    other = a_user(admin, "other@example.com")["id"]
    path = f"{PATH}/{provider}/users/{user}"
    assert admin.post(path, {}).causes == ["externalId: The field cannot be left blank"]
    assert admin.post(path, {"externalId": "x" * 513}).causes == ["externalId: The field is too long"]
    assert admin.post(f"{PATH}/{provider}/users/00uX", {"externalId": "a"}).code == "E0000007"
    assert admin.post(f"{PATH}/0oaX/users/{user}", {"externalId": "a"}).code == "E0000007"
    admin.made(path, {"externalId": "abc"})
    for again in (path, f"{PATH}/{provider}/users/{other}"):
        assert "already" in admin.post(again, {"externalId": "abc"}).causes[0]
    monkeypatch.setattr("authmint.management.federation.idp_users.MOST_LINKS", 1)
    second = made(admin, name="second")["id"]
    assert "at most 1" in admin.post(f"{PATH}/{second}/users/{user}", {"externalId": "abc"}).causes[0]


def test_links_go_with_the_provider_and_with_the_user(admin: Admin) -> None:
    first, second = made(admin)["id"], made(admin, name="second")["id"]
    user = a_user(admin)["id"]
    for provider in (first, second):
        admin.made(f"{PATH}/{provider}/users/{user}", {"externalId": "abc"})

    admin.delete(f"{PATH}/{first}")
    assert [one["id"] for one in admin.get(f"/api/v1/users/{user}/idps").json] == [second]

    for _ in range(2):
        admin.delete(f"/api/v1/users/{user}")
    assert admin.get(f"{PATH}/{second}/users").json == []


def test_nobody_links_who_is_above_them(admin: Admin) -> None:
    provider = made(admin)["id"]
    plain = a_user(admin)["id"]
    above = person(admin, "above", "SUPER_ADMIN")
    org, reader = person(admin, "org", "ORG_ADMIN"), person(admin, "reader", "READ_ONLY_ADMIN")

    assert org.status("POST", f"{PATH}/{provider}/users/{plain}", {"externalId": "a"}) == 200
    assert org.status("POST", f"{PATH}/{provider}/users/{above.id}", {"externalId": "b"}) == 403
    assert above.status("POST", f"{PATH}/{provider}/users/{above.id}", {"externalId": "b"}) == 200
    assert org.status("DELETE", f"{PATH}/{provider}/users/{above.id}") == 403
    assert reader.status("GET", f"{PATH}/{provider}/users") == 200
    assert reader.status("DELETE", f"{PATH}/{provider}/users/{plain}") == 403
