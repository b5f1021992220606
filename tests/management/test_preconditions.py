"""ETag and If-Match on objects of the management API."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from authmint.storage.errors import Conflict

from .admin import SERVERS, TOKEN, Admin, Answer

GROUPS = "/api/v1/groups"


def with_tag(admin: Admin, method: str, path: str, body: Any, tag: str) -> Answer:
    return admin.call(method, path, body, headers={"authorization": f"SSWS {TOKEN}", "if-match": tag})


def group(name: str) -> dict[str, Any]:
    return {"profile": {"name": name, "description": ""}}


def test_objects_have_a_tag_that_changes_with_them_and_lists_have_none() -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"

    (first,) = admin.get(path).header("etag")
    assert admin.get(path).header("etag") == [first]
    admin.put(path, group("b"))
    assert admin.get(path).header("etag") != [first]
    assert admin.get(GROUPS).header("etag") == []
    assert admin.get(f"{GROUPS}/nothing").header("etag") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_second_of_two_who_change_the_same_is_refused_and_nothing_is_changed(method: str) -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"
    (read,) = admin.get(path).header("etag")

    first = with_tag(admin, "PUT", path, group("first"), read)
    second = with_tag(admin, method, path, None if method == "DELETE" else group("second"), read)

    assert (first.status, second.status, second.code) == (200, 412, "E0000412")
    assert admin.get(path).json["profile"]["name"] == "first"
    (now,) = admin.get(path).header("etag")
    assert with_tag(admin, "PUT", path, group("second"), f'"other", {now}').status == 200


def test_who_sends_no_tag_or_any_is_answered_as_ever() -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"

    assert admin.put(path, group("b")).status == 200
    assert with_tag(admin, "PUT", path, group("c"), "*").status == 200
    assert with_tag(admin, "PUT", f"{GROUPS}/nothing", group("c"), '"x"').status == 404
    assert with_tag(admin, "POST", GROUPS, group("d"), '"x"').status == 412


def test_what_comes_first_while_a_change_is_being_written_is_seen_when_it_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"
    (read,) = admin.get(path).header("etag")
    groups = type(admin.storage.groups)
    save, others = groups.save, [group("between")]

    def late(*args: Any, **kwargs: Any) -> Any:
        if others:
            admin.put(path, others.pop())
            raise Conflict
        return save(*args, **kwargs)

    monkeypatch.setattr(groups, "save", late)
    answer = with_tag(admin, "PUT", path, group("late"), read)

    assert (answer.status, admin.get(path).json["profile"]["name"]) == (412, "between")


def object_of(admin: Admin, kind: str) -> tuple[str, Callable[[str], Any], Any, str]:
    """An object of a kind; what gives it another text; the store that it is read from, and by which method."""
    stored = admin.storage
    match kind:
        case "scope":
            path = f"{SERVERS}/{admin.server(name='s')['id']}/scopes"
            at = f"{path}/{admin.made(path, {'name': 'a'})['id']}"
            return at, lambda text: {"name": "a", "description": text}, stored.servers, "get"
        case "app":
            settings = {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"]}}
            made = admin.made(
                "/api/v1/apps",
                {"name": "oidc_client", "label": "a", "signOnMode": "OPENID_CONNECT", "settings": settings},
            )
            return f"/api/v1/apps/{made['id']}", lambda text: made | {"label": text}, stored.clients, "get"
        case "zone":
            range_ = {"type": "CIDR", "value": "192.0.2.0/24"}
            made = admin.made("/api/v1/zones", {"type": "IP", "name": "a", "gateways": [range_]})
            return f"/api/v1/zones/{made['id']}", lambda text: made | {"name": text}, stored.zones, "all"
        case "origin":
            body = {"name": "a", "origin": "https://a.example.com", "scopes": [{"type": "CORS"}]}
            made = admin.made("/api/v1/trustedOrigins", body)
            return (
                f"/api/v1/trustedOrigins/{made['id']}",
                lambda text: made | {"name": text},
                stored.trusted_origins,
                "get",
            )
        case "user":
            profile = {"login": "a@example.com", "email": "a@example.com", "firstName": "A", "lastName": "B"}
            made = admin.made("/api/v1/users", {"profile": profile})
            return (
                f"/api/v1/users/{made['id']}",
                lambda text: {"profile": profile | {"nickName": text}},
                stored.users,
                "get",
            )
        case _:
            return f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}", group, stored.groups, "get"


class Late:
    """Somebody else, who changes the same after so many readings of it."""

    def __init__(self, after: int, find: Callable[..., Any], change: Callable[[], Answer]) -> None:
        self.left = after
        self.find = find
        self.change = change
        self.came = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        seen = self.find(*args, **kwargs)
        self.left -= 1
        if self.left == 0:
            self.came = True
            assert self.change().status == 200
        return seen


@pytest.mark.parametrize("kind", ["scope", "app", "zone", "origin", "user", "group"])
def test_however_late_the_other_change_comes_it_is_not_overwritten(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    came = 0
    for after in range(1, 9):
        admin = Admin()
        path, named, store, method = object_of(admin, kind)
        (read,) = admin.get(path).header("etag")
        late = Late(after, getattr(store, method), partial(admin.put, path, named("between")))
        monkeypatch.setattr(store, method, late)

        answer = with_tag(admin, "PUT", path, named("mine"), read)

        came += late.came
        late.left = -1
        found = (answer.status, "between" in str(admin.get(path).json))
        assert found == ((412, True) if late.came else (200, False)), after
    assert came >= 2
